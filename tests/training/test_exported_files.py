"""What was trained is what other programs and the previews load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.tiny_models import tiny_pipeline
from tests.training.conftest import ModelOf, RunOf
from textinv_app.domain.concept import Family, TrainingMethod
from textinv_app.drawing.adapting import prepare_changes, wearing_changes
from textinv_app.drawing.prompting import WornWord, encode_prompts
from textinv_app.errors import TrainingFailed
from textinv_app.formats.lora_reading import read_lora
from textinv_app.models.loading import LoadedModel, load
from textinv_app.runs.control import ControlWatch
from textinv_app.training.loop import train
from textinv_app.training.lora import Lora
from textinv_app.training.methods import snapshot
from textinv_app.training.result import check_file
from textinv_app.training.state import load_newest
from textinv_app.training.textual_inversion import TextualInversion
from textinv_app.training.wearing import file_facts

METADATA = {
    "sd1": {"modelspec.architecture": "stable-diffusion-v1/lora"},
    "sdxl": {"modelspec.architecture": "stable-diffusion-xl-v1-base/lora"},
}


def predict(unet: Any, model: LoadedModel) -> torch.Tensor:
    """Return what a UNet answers to fixed inputs."""
    generator = torch.Generator().manual_seed(3)
    width = sum(int(encoder.config.hidden_size) for encoder in model.text_encoders)
    added = None
    if model.family == "sdxl":
        added = {
            "text_embeds": torch.randn(1, 32, generator=generator),
            "time_ids": torch.tensor([[64, 64, 0, 0, 64, 64]]),
        }
    with torch.no_grad():
        answer: torch.Tensor = unet(
            torch.randn(1, 4, 8, 8, generator=generator),
            torch.tensor([400]),
            encoder_hidden_states=torch.randn(1, 77, width, generator=generator),
            added_cond_kwargs=added,
        ).sample
    return answer


def trained_lora(model: LoadedModel) -> Lora:
    """Return a LoRA whose factors are some random numbers."""
    lora = Lora(model, ["a photo of a rexdog dog"], 4, 0, model.family)
    generator = torch.Generator().manual_seed(5)
    for parameter in lora.parameters.values():
        parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return lora


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("embedding", ("cross", "adamw", 5.0)),
        ("lora", ("plain", "prodigy", 5.0)),
        ("pivotal", ("cross", "prodigy", 5.0)),
    ],
)
def test_a_file_tells_what_it_was_trained_with_and_nothing_that_did_not_count(
    run_of: RunOf, method: TrainingMethod, told: tuple[str, str, float]
) -> None:
    spec, _ = run_of(
        spec_changes={"method": method},
        embedding_variant="cross",
        optimizer="prodigy",
        min_snr_gamma=5.0,
    )
    facts = file_facts(spec, 1, 5, "epsilon")
    assert (facts.embedding_variant, facts.optimizer, facts.min_snr_gamma) == told


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_a_lora_changes_diffusers_and_previews_as_it_did_in_training(
    family: Family, model_of: ModelOf, tmp_path: Path
) -> None:
    model = load(model_of(family))
    untrained = predict(model.unet, model)
    lora = trained_lora(model)
    in_training = predict(model.unet, model)
    path = tmp_path / "rexdog.safetensors"
    lora.write(path, snapshot(lora), METADATA[family])
    with lora.set_aside():
        assert torch.equal(predict(model.unet, model), untrained)
        with wearing_changes(prepare_changes(model, read_lora(path))):
            in_preview = predict(model.unet, model)
    assert torch.equal(predict(model.unet, model), in_training)
    pipeline = tiny_pipeline(family)
    pipeline.load_lora_weights(load_file(path))
    in_diffusers = predict(pipeline.unet, model)
    size = float((in_training - untrained).abs().max())
    assert size > 0.01
    for answer in (in_preview, in_diffusers):
        assert float((answer - in_training).abs().max()) < 0.01 * size


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_a_prompt_is_read_in_previews_as_it_was_in_training(
    family: Family, model_of: ModelOf
) -> None:
    model = load(model_of(family))
    templates = ["a photo of a {word}", "{word}, with a red scarf in the snow"]
    method = TextualInversion(model.text_encoders, model.tokenizers, templates, "cat", 3)
    for rows in method.parameters.values():
        rows.data.add_(torch.randn(rows.shape, generator=torch.Generator().manual_seed(2)))
    with torch.no_grad():
        trained = method.condition([0, 1])
    word = WornWord("rexdog", tuple(rows.detach() for rows in method.parameters.values()))
    prompts = [template.replace("{word}", "rexdog") for template in templates]
    drawn = encode_prompts(model, prompts, [word])
    assert torch.equal(drawn.hidden_states, trained.hidden_states)
    if family == "sdxl":
        assert trained.pooled is not None
        assert drawn.pooled is not None
        assert torch.equal(drawn.pooled, trained.pooled)


def test_the_published_embedding_holds_the_best_rows(run_of: RunOf) -> None:
    spec, layout = run_of(family="sd1", max_steps=4)
    for _ in train(spec, layout, ControlWatch(layout.control)):
        pass
    state, _ = load_newest(layout.checkpoints)
    assert state is not None
    vectors = load_file(layout.result / "rexdog.safetensors")["emb_params"]
    assert torch.equal(vectors, state.best_weights["text_encoder"])
    pipeline = tiny_pipeline("sd1")
    pipeline.load_textual_inversion(vectors, token="rexdog")
    rows = [pipeline.tokenizer.convert_tokens_to_ids(name) for name in ("rexdog", "rexdog_1")]
    loaded = pipeline.text_encoder.get_input_embeddings().weight[rows]
    assert torch.equal(loaded, vectors)


def test_a_file_that_holds_something_else_is_noticed(model_of: ModelOf, tmp_path: Path) -> None:
    model = load(model_of("sd1"))
    lora = trained_lora(model)
    weights = snapshot(lora)
    path = tmp_path / "rexdog.safetensors"
    lora.write(path, weights, METADATA["sd1"])
    check_file(path, weights)
    changed = {name: value.clone() for name, value in weights.items()}
    next(iter(changed.values()))[0, 0] += 1
    with pytest.raises(TrainingFailed) as caught:
        check_file(path, changed)
    assert caught.value.code == "run.result_unusable"
