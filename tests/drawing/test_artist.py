"""What the artist draws: seeds, what is worn, strengths, and the base model given back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline
from PIL import Image

from tests.drawing.conftest import LoadedOf, RefOf, make_embedding, make_lora
from textinv_app.domain.concept import Family
from textinv_app.domain.drawing import WornArtifact
from textinv_app.drawing.artist import Artist, DrawingTask
from textinv_app.errors import FileRefused
from textinv_app.formats.lora import LoraModule, write_lora
from textinv_app.models.loading import LoadedModel, load
from textinv_app.training.narrow_storage import STORAGE_TYPE, linear_layers, store_in_fp8

FAMILIES: tuple[Family, ...] = ("crayon", "sd1", "sd2", "sdxl")


def _pixels(picture: Image.Image) -> npt.NDArray[np.int64]:
    return np.asarray(picture).astype(np.int64)


def _task(prompt: str = "a photo of a rexdog", **changes: Any) -> DrawingTask:
    fields: dict[str, Any] = {"num_inference_steps": 3, "resolution_pixels": 64, "seeds": (5,)}
    return DrawingTask(prompt=prompt, **(fields | changes))


def _draw(artist: Artist, worn: list[WornArtifact], task: DrawingTask) -> npt.NDArray[np.int64]:
    artist.wear(worn)
    try:
        return _pixels(artist.draw(task)[0])
    finally:
        artist.undress()


def _weights(model: LoadedModel) -> dict[str, bytes]:
    return {
        f"{number}.{name}": tensor.numpy().tobytes()
        for number, part in enumerate((model.unet, model.vae, *model.text_encoders))
        for name, tensor in part.state_dict().items()
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_wearing_changes_pictures_and_undressing_gives_the_base_back(
    family: Family, loaded: LoadedOf, tmp_path: Path
) -> None:
    model = loaded(family)
    artist = Artist(model)
    before, weights = _draw(artist, [], _task()), _weights(model)
    embedding = make_embedding(tmp_path, model)
    lora = make_lora(tmp_path, model, with_text_encoders=True)
    with_embedding = _draw(artist, [embedding], _task())
    with_lora = _draw(artist, [lora], _task())
    with_both = _draw(artist, [embedding, lora], _task())
    drawn = [before, with_embedding, with_lora, with_both]
    for number, one in enumerate(drawn):
        assert all(np.abs(one - other).max() > 3 for other in drawn[number + 1 :])
    assert np.array_equal(_draw(artist, [], _task()), before)
    assert _weights(model) == weights


def test_a_seed_gives_the_same_picture_whatever_is_drawn_with_it(loaded: LoadedOf) -> None:
    artist = Artist(loaded("crayon"))
    together = artist.draw(_task(seeds=(1, 2, 3)))
    alone = artist.draw(_task(seeds=(2,)))
    assert np.abs(_pixels(together[1]) - _pixels(alone[0])).max() <= 1  # rounding of a batch
    assert np.abs(_pixels(together[1]) - _pixels(together[0])).max() > 3


@pytest.mark.parametrize("family", ["crayon", "sdxl"])
def test_prompts_drawn_together_give_the_pictures_they_give_alone(
    family: Family, loaded: LoadedOf
) -> None:
    artist = Artist(loaded(family))
    tasks = [_task(prompt="a dog", seeds=(1, 2)), _task(prompt="two red cars", seeds=(2,))]
    together = [[_pixels(one) for one in some] for some in artist.draw_together(tasks)]
    assert [len(pictures) for pictures in together] == [2, 1]
    for task, pictures in zip(tasks, together, strict=True):
        for picture, alone in zip(pictures, artist.draw(task), strict=True):
            assert np.abs(picture - _pixels(alone)).max() <= 1  # rounding of a batch
    assert np.abs(together[0][1] - together[1][0]).max() > 3  # one seed, two prompts


def test_prompts_of_unlike_sizes_are_not_drawn_together(loaded: LoadedOf) -> None:
    with pytest.raises(ValueError, match="one size"):
        Artist(loaded("sd1")).draw_together([_task(), _task(guidance_scale=1.0)])


def test_many_pictures_are_drawn_in_portions(
    loaded: LoadedOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textinv_app.drawing.artist._PIXELS_AT_A_TIME", {"cpu": 2 * 64 * 64})
    fractions: list[float] = []
    pictures = Artist(loaded("crayon")).draw(_task(seeds=(1, 2, 3)), fractions.append)
    assert len(pictures) == 3
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


@pytest.mark.parametrize("family", ["crayon", "sdxl"])
def test_upper_case_in_the_prompt_uses_all_vectors(
    family: Family, loaded: LoadedOf, tmp_path: Path
) -> None:
    artist = Artist(loaded(family))
    worn = [make_embedding(tmp_path, loaded(family), num_vectors=4)]
    small = _draw(artist, worn, _task("a photo of a rexdog on snow"))
    for spelling in ("REXDOG", "Rexdog"):
        assert np.array_equal(_draw(artist, worn, _task(f"a photo of a {spelling} on snow")), small)
    inside = _draw(artist, worn, _task("a photo of a myrexdogs on snow"))
    bare = _draw(artist, [], _task("a photo of a myrexdogs on snow"))
    assert np.array_equal(inside, bare)


def test_a_word_that_begins_another_word_does_not_disturb_it(
    loaded: LoadedOf, tmp_path: Path
) -> None:
    model = loaded("crayon")
    artist = Artist(model)
    short = make_embedding(tmp_path, model, "rexdog", num_vectors=3, seed=1)
    longer = make_embedding(tmp_path, model, "rexdog2", num_vectors=2, seed=2)
    alone = _draw(artist, [longer], _task("a photo of a rexdog2"))
    for worn in ([short, longer], [longer, short]):
        assert np.array_equal(_draw(artist, worn, _task("a photo of a rexdog2")), alone)


@pytest.mark.parametrize("family", ["crayon", "sdxl"])
def test_a_negative_embedding_in_the_negative_prompt_changes_the_picture(
    family: Family, loaded: LoadedOf, tmp_path: Path
) -> None:
    artist = Artist(loaded(family))
    worn = [make_embedding(tmp_path, loaded(family), "badpics", kind="negative")]
    task = _task("a dog", negative_prompt="snow, badpics")
    assert np.abs(_draw(artist, worn, task) - _draw(artist, [], task)).max() > 3


def test_lora_strength_scales_from_nothing_to_more(loaded: LoadedOf, tmp_path: Path) -> None:
    model = loaded("crayon")
    artist = Artist(model)
    base = _draw(artist, [], _task())
    lora = make_lora(tmp_path, model)
    none, half, whole = (
        _draw(artist, [lora.model_copy(update={"strength": strength})], _task())
        for strength in (0.0, 0.5, 1.0)
    )
    assert np.array_equal(none, base)
    assert np.abs(half - base).mean() > 0
    assert np.abs(half - whole).max() > 3


def test_a_lora_is_worn_by_a_model_whose_weights_are_kept_in_8_bits(
    ref_of: RefOf, tmp_path: Path
) -> None:
    narrow, wide = load(ref_of("sdxl")), load(ref_of("sdxl"))
    store_in_fp8(narrow.unet, torch.float32)
    for _, layer in linear_layers(wide.unet):
        for parameter in layer.parameters():
            parameter.data = parameter.data.to(STORAGE_TYPE).float()
    lora = make_lora(tmp_path, narrow)
    drawn = _draw(Artist(narrow), [lora], _task())
    assert np.abs(drawn - _draw(Artist(wide), [lora], _task())).max() <= 1
    assert np.abs(drawn - _draw(Artist(narrow), [], _task())).max() > 3


def test_embedding_strength_moves_from_the_class_word(loaded: LoadedOf, tmp_path: Path) -> None:
    model = loaded("crayon")
    artist = Artist(model)
    worn = make_embedding(tmp_path, model, num_vectors=1, class_word="dog")
    none = _draw(artist, [worn.model_copy(update={"strength": 0.0})], _task("a rexdog"))
    dog = _draw(artist, [], _task("a dog"))
    assert np.abs(none - dog).max() <= 1
    whole = _draw(artist, [worn], _task("a rexdog"))
    half = _draw(artist, [worn.model_copy(update={"strength": 0.5})], _task("a rexdog"))
    assert np.abs(half - dog).max() > 1
    assert np.abs(half - whole).max() > 1


def test_a_lora_draws_as_diffusers_draws_it(
    loaded: LoadedOf, ref_of: RefOf, tmp_path: Path
) -> None:
    model = loaded("crayon")
    lora = make_lora(tmp_path, model)
    ours = _draw(Artist(model), [lora], _task("a dog", guidance_scale=3.0))
    pipeline = StableDiffusionPipeline.from_pretrained(ref_of("crayon").source, safety_checker=None)
    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    path = Path(lora.path)
    pipeline.load_lora_weights(path.parent, weight_name=path.name)
    theirs = pipeline(
        "a dog",
        height=64,
        width=64,
        num_inference_steps=3,
        guidance_scale=3.0,
        generator=torch.Generator().manual_seed(5),
    ).images[0]
    assert np.abs(ours - _pixels(theirs)).max() <= 2


def test_a_long_prompt_is_cut_and_still_draws(loaded: LoadedOf, tmp_path: Path) -> None:
    model = loaded("crayon")
    artist = Artist(model)
    worn = [make_embedding(tmp_path, model, num_vectors=8)]
    long_prompt = "a rexdog on snow " + "with a red scarf " * 60
    drawn = _draw(artist, worn, _task(long_prompt))
    assert np.array_equal(drawn, _draw(artist, worn, _task(long_prompt + "dog cat")))


def test_breaking_off_leaves_the_model_as_it_was(loaded: LoadedOf, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(_fraction: float) -> None:
        raise Enough

    model = loaded("crayon")
    artist = Artist(model)
    base = _draw(artist, [], _task())
    artist.wear([make_lora(tmp_path, model), make_embedding(tmp_path, model)])
    with pytest.raises(Enough):
        artist.draw(_task(), stop)
    artist.undress()
    assert np.array_equal(_draw(artist, [], _task()), base)


def test_after_memory_ran_out_in_the_vae_pictures_are_drawn_fewer_at_a_time(
    ref_of: RefOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SDXL's VAE was left in fp32 then, and neither the next try nor any later picture worked."""
    model = load(ref_of("sdxl"), torch.float16)
    decode, sizes = model.vae.decode, []

    def decode_little(latents: torch.Tensor, *given: Any, **named: Any) -> Any:
        sizes.append(len(latents))
        if len(latents) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return decode(latents, *given, **named)

    monkeypatch.setattr(model.vae, "decode", decode_little)
    task = DrawingTask("a dog", seeds=(1, 2), num_inference_steps=1, resolution_pixels=64)
    assert len(Artist(model).draw(task)) == 2
    assert sizes == [2, 1, 1]
    assert model.vae.dtype == torch.float16


def test_a_file_for_another_model_is_refused_and_nothing_is_worn(
    loaded: LoadedOf, tmp_path: Path
) -> None:
    crayon, sdxl = loaded("crayon"), loaded("sdxl")
    artist = Artist(crayon)
    base = _draw(artist, [], _task())
    (tmp_path / "xl").mkdir()
    foreign = make_embedding(tmp_path / "xl", sdxl)
    artist.wear([make_embedding(tmp_path, crayon)])
    with pytest.raises(FileRefused, match="Stable Diffusion XL"):
        artist.wear([foreign])
    assert np.array_equal(_pixels(artist.draw(_task())[0]), base)


def test_a_lora_of_which_nothing_fits_is_a_failure(loaded: LoadedOf, tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    module = LoraModule(
        "unet",
        "down_blocks.3.attentions.7.transformer_blocks.0.attn1.to_q",
        np.ones((2, 16), np.float32),
        np.ones((16, 2), np.float32),
        2.0,
    )
    write_lora(path, "sd1", [module], {"modelspec.architecture": "stable-diffusion-v1/lora"})
    worn = WornArtifact(path=str(path), method="lora", placeholder_token="x", kind="subject")
    with pytest.raises(FileRefused) as refused:
        Artist(loaded("sd1")).wear([worn])
    assert refused.value.code == "lora.nothing_adapted"


def test_two_artists_on_models_loaded_apart_draw_the_same(loaded: LoadedOf, ref_of: RefOf) -> None:
    again = load(ref_of("sd2"))
    assert np.array_equal(
        _draw(Artist(again), [], _task()), _draw(Artist(loaded("sd2")), [], _task())
    )
