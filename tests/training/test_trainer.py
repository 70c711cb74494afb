"""Steps of both methods on tiny models: they learn, and nothing else of the model changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL import Image, ImageOps

from tests.tiny_models import tiny_pipeline
from tests.training.conftest import drawn_photos, tiny_settings
from textinv_app.domain.concept import Family, TrainingMethod
from textinv_app.domain.prompts import training_templates
from textinv_app.domain.specs import TrainingSettings
from textinv_app.models.photo_latents import encode_photo, scaled_for_unet
from textinv_app.training.latents import LatentCache, with_mirrored
from textinv_app.training.lora import Lora
from textinv_app.training.losses import noise_schedule
from textinv_app.training.methods import Method
from textinv_app.training.pivotal import Pivotal
from textinv_app.training.plan import Plan
from textinv_app.training.state import decode_state, encode_state
from textinv_app.training.textual_inversion import TextualInversion
from textinv_app.training.trainer import NUMBER_TYPES, Materials, RanAway, Trainer, split_photos

PLAN = Plan("cpu", "fp32", 4)


class TinyModel:
    """A tiny pipeline as the trainer wants it: parts by name, frozen."""

    def __init__(self, family: Family) -> None:
        pipeline = tiny_pipeline(family)
        self.unet, self.vae, self.scheduler = pipeline.unet, pipeline.vae, pipeline.scheduler
        self.text_encoders = [pipeline.text_encoder]
        self.tokenizers = [pipeline.tokenizer]
        if family == "sdxl":
            self.text_encoders.append(pipeline.text_encoder_2)
            self.tokenizers.append(pipeline.tokenizer_2)
        for module in (self.unet, self.vae, *self.text_encoders):
            module.requires_grad_(False).eval()

    def frozen(self) -> dict[str, torch.Tensor]:
        """Return a copy of every weight that must not change."""
        modules = {"unet": self.unet, "vae": self.vae}
        modules |= {f"text_{number}": encoder for number, encoder in enumerate(self.text_encoders)}
        return {
            f"{part}.{name}": value.clone()
            for part, module in modules.items()
            for name, value in module.state_dict().items()
        }


def teaching_of(
    method: TrainingMethod, model: TinyModel, family: Family, numbers: TrainingSettings
) -> Method:
    """Return a method on a model, at its start."""
    templates = training_templates("subject")
    embedding = TextualInversion(
        model.text_encoders,
        model.tokenizers,
        templates,
        "dog",
        numbers.num_vectors,
        numbers.embedding_variant,
    )
    if method == "embedding":
        return embedding
    prompts = [template.replace("{word}", "rexdog dog") for template in templates]
    if method == "pivotal":
        return Pivotal(embedding, Lora(model, [], numbers.rank, numbers.seed, family))
    return Lora(model, prompts, numbers.rank, numbers.seed, family)


def cached(model: TinyModel, pictures: list[Image.Image]) -> LatentCache:
    encoded = [encode_photo(model.vae, picture) for picture in pictures]
    return LatentCache(*scaled_for_unet(model.vae, encoded))


def trainer_of(
    method: TrainingMethod, family: Family = "crayon", plan: Plan = PLAN, **settings: Any
) -> tuple[Trainer, TinyModel]:
    """Return a trainer at step 0 on five drawn photos."""
    model = TinyModel(family)
    for module in (model.unet, *model.text_encoders):
        module.to(NUMBER_TYPES[plan.weights])
    numbers = tiny_settings(**({"batch_size": 4, "max_steps": 40} | settings))
    teaching = teaching_of(method, model, family, numbers)
    cache = cached(model, drawn_photos(5))
    photos, held_out = split_photos(cache, 5, numbers.seed)
    materials = Materials(
        unet=model.unet,
        method=teaching,
        schedule=noise_schedule(model.scheduler, plan.device),
        photos=photos,
        held_out=held_out,
        settings=numbers,
        has_time_ids=family == "sdxl",
    )
    return Trainer(materials, plan), model


@pytest.mark.parametrize(
    ("method", "family", "changes"),
    [
        ("embedding", "sd1", {}),
        ("embedding", "sd2", {}),
        ("embedding", "sdxl", {}),
        ("embedding", "sd1", {"embedding_variant": "directional"}),
        ("embedding", "sdxl", {"embedding_variant": "cross"}),
        ("lora", "sd1", {}),
        ("lora", "sd2", {"min_snr_gamma": 5.0}),
        ("lora", "sdxl", {}),
        ("lora", "sd1", {"optimizer": "prodigy", "learning_rate": 1.0}),
        ("pivotal", "sd1", {"lora_learning_rate": 1e-2}),
    ],
)
def test_the_validation_loss_falls(
    method: TrainingMethod, family: Family, changes: dict[str, Any]
) -> None:
    # A random UNet hardly listens to its text; only large steps show within seconds.
    rate, num_steps = (1e-2, 16) if method == "lora" else (0.3, 24)
    settings = {"learning_rate": rate, "max_steps": num_steps + 8} | changes
    trainer, _ = trainer_of(method, family, **settings)
    before = trainer.validation_loss()
    for _ in range(num_steps):
        trainer.make_step()
    assert trainer.validation_loss() < before


@pytest.mark.parametrize("method", ["embedding", "lora", "pivotal"])
def test_nothing_else_of_the_model_changes(method: TrainingMethod) -> None:
    trainer, model = trainer_of(method)
    before, weights = model.frozen(), trainer.weights()
    for _ in range(3):
        trainer.make_step()
    after = model.frozen()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert any(not torch.equal(trainer.weights()[name], weights[name]) for name in weights)


@pytest.mark.parametrize("method", ["embedding", "lora", "pivotal"])
def test_a_restored_training_goes_on_bit_for_bit(method: TrainingMethod) -> None:
    undisturbed, _ = trainer_of(method)
    losses = [undisturbed.make_step() for _ in range(6)]
    first, _ = trainer_of(method)
    for _ in range(3):
        first.make_step()
    data = encode_state(first.state())
    second, _ = trainer_of(method)
    second.restore(decode_state(data))
    assert [second.make_step() for _ in range(3)] == losses[3:]
    wanted, got = undisturbed.state(), second.state()
    assert all(torch.equal(got.weights[name], wanted.weights[name]) for name in wanted.weights)
    assert all(torch.equal(got.optimizer[key], wanted.optimizer[key]) for key in wanted.optimizer)


@pytest.mark.parametrize("method", ["embedding", "lora", "pivotal"])
@pytest.mark.parametrize(
    ("changes", "sizes", "recomputes"),
    [
        ({"micro_batch_size": 1}, [1, 1, 1, 1], False),
        ({"gradient_checkpointing": True}, [4], True),
    ],
)
def test_a_smaller_plan_makes_the_same_step(
    method: TrainingMethod, changes: dict[str, Any], sizes: list[int], recomputes: bool
) -> None:
    whole, _ = trainer_of(method)
    small, model = trainer_of(method, plan=replace(PLAN, **changes))
    computed: list[int] = []
    model.unet.register_forward_pre_hook(lambda _, given: computed.append(len(given[0])))
    assert small.make_step() == pytest.approx(whole.make_step(), rel=1e-5)
    assert computed == sizes
    assert model.unet.is_gradient_checkpointing == recomputes
    for name, value in whole.weights().items():
        assert torch.allclose(small.weights()[name], value, atol=1e-3)


def test_bfloat16_weights_learn_too() -> None:
    plan = replace(PLAN, weights="bf16")
    trainer, _ = trainer_of("lora", plan=plan, learning_rate=3e-2, max_steps=12, batch_size=2)
    before = trainer.validation_loss()
    for _ in range(12):
        trainer.make_step()
    assert trainer.validation_loss() < before
    assert all(value.dtype == torch.float32 for value in trainer.weights().values())


def test_a_loss_that_is_no_number_changes_nothing() -> None:
    trainer, _ = trainer_of("embedding")
    before = trainer.weights()
    with pytest.raises(RanAway):
        trainer.make_step(lambda loss: loss * float("inf"))
    assert trainer.step == 0
    assert all(torch.equal(trainer.weights()[name], value) for name, value in before.items())


def test_the_held_out_photo_is_not_trained_on() -> None:
    model = TinyModel("crayon")
    pictures = with_mirrored(drawn_photos(5))
    cache = cached(model, pictures)
    training, held_out = split_photos(cache, 5, seed=7)
    assert (len(training), len(held_out)) == (8, 1)
    hidden = [index for index in range(5) if torch.equal(cache.mean[index], held_out.mean[0])]
    for index in (*hidden, *(number + 5 for number in hidden)):
        assert not any(torch.equal(cache.mean[index], kept) for kept in training.mean)


def test_few_photos_are_all_used_for_both() -> None:
    model = TinyModel("crayon")
    pictures = with_mirrored(drawn_photos(3))
    cache = cached(model, pictures)
    training, held_out = split_photos(cache, 3, seed=7)
    assert (len(training), len(held_out)) == (6, 3)


def test_mirrored_photos_are_mirrored() -> None:
    photo = drawn_photos(1)[0]
    mirrored = with_mirrored([photo])[1]
    assert mirrored.tobytes() == ImageOps.mirror(photo).tobytes()
    assert mirrored.tobytes() != photo.tobytes()
