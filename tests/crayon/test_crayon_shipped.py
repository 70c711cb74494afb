"""The shipped model: loads, stays small, measures likeness the right way round; the samples."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from safetensors.torch import load_file
from transformers import CLIPTokenizer, CLIPVisionModelWithProjection

from tests.photo_makers import shared_photos
from textinv_app.crayon.dataset import held_out_scene
from textinv_app.crayon.drawing import draw
from textinv_app.crayon.likeness import area_under_curve
from textinv_app.crayon.samples import SAMPLE_PETS
from textinv_app.domain.specs import BaseModelRef
from textinv_app.drawing.redrawing import familiar_loss, redraw, surprise
from textinv_app.models.loading import LoadedModel, load
from textinv_app.training.latents import load_photo

ASSETS = Path(__file__).resolve().parents[2] / "assets"
CRAYON = ASSETS / "crayon"

pytestmark = pytest.mark.skipif(
    not (CRAYON / "model_index.json").exists(), reason="the model is not built yet"
)


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    loaded = StableDiffusionPipeline.from_pretrained(str(CRAYON), dtype=torch.float32)
    loaded.set_progress_bar_config(disable=True)
    return loaded


@pytest.fixture(scope="module")
def image_encoder() -> CLIPVisionModelWithProjection:
    return CLIPVisionModelWithProjection.from_pretrained(
        str(CRAYON / "image_encoder"), dtype=torch.float32
    )


def _pixels(pictures: list[Image.Image]) -> torch.Tensor:
    stacked = np.stack([np.asarray(p.convert("RGB").resize((128, 128))) for p in pictures])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.no_grad()
def _embed(encoder: CLIPVisionModelWithProjection, pictures: list[Image.Image]) -> np.ndarray:
    embeds = encoder(pixel_values=_pixels(pictures)).image_embeds
    return torch.nn.functional.normalize(embeds, dim=-1).numpy()


def test_files_fit_a_repository_without_large_file_storage() -> None:
    sizes = {path: path.stat().st_size for path in CRAYON.rglob("*") if path.is_file()}
    assert max(sizes.values()) < 10_000_000
    assert sum(sizes.values()) <= 60_000_000


def test_weights_are_half_precision_in_the_files_and_load_as_asked() -> None:
    half = StableDiffusionPipeline.from_pretrained(str(CRAYON), dtype=torch.float16)
    assert half.unet.dtype == torch.float16
    for path in CRAYON.rglob("*.safetensors"):
        tensors = load_file(str(path))
        floating = [t for t in tensors.values() if t.is_floating_point()]
        assert all(t.dtype == torch.float16 for t in floating)
        assert all(bool(torch.isfinite(t).all()) for t in floating)


def test_the_model_cards_snippet_runs_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """It failed once: the text encoder loaded in half precision, the UNet in single."""
    card = (CRAYON / "README.md").read_text(encoding="utf-8")
    snippet = card.split("```python\n")[1].split("```")[0].replace("steps=20", "steps=2")
    monkeypatch.chdir(ASSETS.parent)
    names: dict[str, object] = {}
    exec(compile(snippet.replace("\npipeline(", "\npicture = pipeline("), "card", "exec"), names)
    assert names["picture"].size == (128, 128)


def test_any_text_tokenizes_and_the_usual_prompts_are_known_words() -> None:
    tokenizer = CLIPTokenizer.from_pretrained(str(CRAYON / "tokenizer"))
    prompt = "a photo of a golden dog with a red scarf in the snow"
    assert tokenizer.tokenize(prompt) == [f"{word}</w>" for word in prompt.split()]
    ids = tokenizer("größe 日本 🐶")["input_ids"]
    decoded = tokenizer.decode(ids, skip_special_tokens=True)
    assert decoded.replace(" ", "") == "größe日本🐶"


def test_a_colour_in_the_prompt_colours_the_picture(pipeline: StableDiffusionPipeline) -> None:
    def mean_channels(prompt: str) -> np.ndarray:
        generator = torch.Generator().manual_seed(4)
        picture = pipeline(
            prompt, num_inference_steps=12, guidance_scale=4.0, generator=generator
        ).images[0]
        return np.asarray(picture.resize((16, 16)), dtype=float)[6:12, 5:11].mean((0, 1))

    black = mean_channels("a drawing of a black cat on a pink background")
    white = mean_channels("a drawing of a white cat on a pink background")
    assert white.mean() > black.mean() + 60


def test_the_background_of_the_prompt_is_drawn(pipeline: StableDiffusionPipeline) -> None:
    def corner(prompt: str) -> np.ndarray:
        generator = torch.Generator().manual_seed(6)
        picture = pipeline(
            prompt, num_inference_steps=12, guidance_scale=4.0, generator=generator
        ).images[0]
        return np.asarray(picture, dtype=float)[:10].mean((0, 1))

    night = corner("a photo of a dog at night")
    snow = corner("a photo of a dog in the snow")
    assert snow.mean() > night.mean() + 50


def test_likeness_ranks_the_same_pet_above_other_species(
    image_encoder: CLIPVisionModelWithProjection,
) -> None:
    scenes = [[held_out_scene(index, which) for which in (10, 11)] for index in range(24)]
    first = _embed(image_encoder, [draw(pair[0], 1) for pair in scenes])
    second = _embed(image_encoder, [draw(pair[1], 2) for pair in scenes])
    cosines = first @ second.T
    same = np.diag(cosines)
    other = np.array(
        [
            cosines[i, j]
            for i in range(24)
            for j in range(24)
            if scenes[i][0].pet.species != scenes[j][1].pet.species
        ]
    )
    assert area_under_curve(same, other) > 0.9


def test_the_calibration_rises_from_other_species_to_the_same_pet() -> None:
    likeness = json.loads((CRAYON / "likeness.json").read_text(encoding="utf-8"))
    cosines = [cosine for cosine, _ in likeness["points"]]
    scores = [score for _, score in likeness["points"]]
    assert cosines == sorted(cosines)
    assert scores == sorted(scores)
    assert scores[0] == 0
    assert scores[-1] == 100
    areas = likeness["area_under_curve"]
    assert areas["same_pet_over_other_species"] > 0.95
    assert areas["same_pet_over_same_species_and_colour"] > 0.6


@pytest.fixture(scope="module")
def crayon() -> LoadedModel:
    return load(BaseModelRef(model_id="crayon", source=str(CRAYON), family="crayon"))


def test_drawn_pets_are_of_its_own_kind(crayon: LoadedModel) -> None:
    limit = familiar_loss(crayon)
    assert limit is not None
    surprises = []
    for index in range(100, 120):
        scenes = [held_out_scene(index, which) for which in range(6)]
        drawings = [draw(scene, which) for which, scene in enumerate(scenes)]
        surprises.append(surprise(crayon, drawings, scenes[0].pet.species))
    assert sum(one <= limit for one in surprises) >= 18
    for sample in SAMPLE_PETS:
        paths = sorted((ASSETS / "samples" / sample.name.lower()).glob("*.webp"))
        pictures = [load_photo(path, 128) for path in paths]
        assert surprise(crayon, pictures, sample.class_word) <= limit, sample.name


@pytest.mark.parametrize(
    ("pet", "class_word"),
    [("corgi", "dog"), ("orange-cat", "cat"), ("puppy", "dog"), ("white-dog", "dog")],
)
def test_photos_are_not_of_its_kind_and_its_drawings_of_them_are(
    crayon: LoadedModel, pet: str, class_word: str
) -> None:
    """Words taught from the photos themselves drew patches of their colours once."""
    photos = [load_photo(path, 128) for path in shared_photos(f"pets/{pet}")]
    limit = familiar_loss(crayon)
    assert limit is not None
    assert surprise(crayon, photos, class_word) > limit
    drawings = redraw(crayon, photos, class_word, 0, lambda _share: None)
    assert surprise(crayon, drawings, class_word) < limit
    for photo, drawing in zip(photos, drawings, strict=True):
        # What is left of a photo is its colours: the drawing is nearer to it than to its negative.
        wanted, found = (np.asarray(one.resize((8, 8)), float) for one in (photo, drawing))
        assert np.abs(found - wanted).mean() < np.abs(found - (255 - wanted)).mean()


@pytest.mark.parametrize("sample", SAMPLE_PETS, ids=lambda sample: sample.name)
def test_sample_pets_are_complete_and_small(sample) -> None:
    home = ASSETS / "samples" / sample.name.lower()
    facts = json.loads((home / "sample.json").read_text(encoding="utf-8"))
    assert facts["name"] == sample.name
    assert facts["class_word"] == sample.class_word
    assert facts["one_sided_markings"] == (sample.pet().marking != "none")
    pictures = sorted(home.glob("*.webp"))
    assert [path.name for path in pictures] == [f"{number:02}.webp" for number in range(1, 9)]
    for path in pictures:
        assert path.stat().st_size < 60_000
        with Image.open(path) as picture:
            assert picture.size == (512, 512)
