"""Training again like a file: what it says of itself, checked, and nothing else believed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from format_makers import cross_attention_modules, facts, random_vectors, save_with_library

from textinv_app.domain.presets import PresetRequest, settings_for
from textinv_app.domain.recipe import like_recipe, request_like, usual_steps
from textinv_app.formats.embedding import write_embedding
from textinv_app.formats.lora import write_lora
from textinv_app.formats.metadata import ImportFacts, build_metadata, imported_metadata
from textinv_app.formats.recipes import read_recipe


def own_file(path: Path, **changes: Any) -> Path:
    """Write an embedding of Petname's own with changed facts."""
    told = facts(num_vectors=3, **({"preset": "quick", "max_steps": 300} | changes))
    write_embedding(path, random_vectors("sd1", (768,), 3), build_metadata(told))
    return path


def test_a_file_of_ours_tells_all_that_its_training_needs(tmp_path: Path) -> None:
    path = own_file(tmp_path / "rexdog.safetensors", seed=4711, mirror=True, kind="style")
    recipe = read_recipe(path)
    assert recipe.is_complete
    assert recipe.placeholder_token == "rexdog"
    assert (recipe.kind, recipe.class_word) == ("style", "dog")
    assert recipe.base_model == "stable-diffusion-v1-5/stable-diffusion-v1-5"
    assert (recipe.preset, recipe.seed, recipe.num_vectors) == ("quick", 4711, 3)
    assert recipe.mirror
    assert recipe.max_steps is None, "300 is the preset's own number"


def test_a_style_with_the_presets_own_steps_may_end_by_itself_again(tmp_path: Path) -> None:
    """A style has steps of its own; compared with a pet's they would count as a person's wish."""
    steps = usual_steps("crayon", "lora", "quick", "style")
    told = facts(
        method="lora", family="crayon", base_model="crayon", kind="style", rank=8, preset="quick",
        steps=steps, max_steps=steps,
    )  # fmt: skip
    path = tmp_path / "rexstyle.safetensors"
    write_lora(path, "crayon", cross_attention_modules(256, 8), build_metadata(told))
    recipe = read_recipe(path)
    assert (recipe.family, recipe.kind, recipe.max_steps) == ("crayon", "style", None)


def test_the_same_settings_come_out_as_went_in(tmp_path: Path) -> None:
    asked = PresetRequest(
        family="sd1", method="lora", preset="careful", num_photos=5, seed=9, max_steps=77,
        optimizer="prodigy", min_snr_gamma=5.5,
    )  # fmt: skip
    settings = settings_for(asked).model_copy(update={"rank": 7})
    told = facts(
        method="lora", rank=settings.rank, steps=50, seed=9, preset="careful",
        max_steps=settings.max_steps, optimizer="prodigy", min_snr_gamma=5.5,
    )  # fmt: skip
    path = tmp_path / "rexdog.safetensors"
    write_lora(path, "sd1", cross_attention_modules(768, settings.rank), build_metadata(told))
    recipe = read_recipe(path)
    assert recipe.max_steps == 77
    again = PresetRequest(
        family=recipe.family, method=recipe.method, preset=recipe.preset, num_photos=5,
        seed=recipe.seed or 0,
    )  # fmt: skip
    assert like_recipe(settings_for(request_like(again, recipe)), recipe) == settings


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"embedding_variant": "directional"}, "petname.embedding_variant"),
        ({"optimizer": "prodigy"}, "petname.optimizer"),
        ({"min_snr_gamma": 5.0}, "petname.min_snr_gamma"),
    ],
)
def test_a_setting_of_the_command_line_is_in_the_file_where_it_is_not_the_usual_one(
    tmp_path: Path, changes: dict[str, Any], key: str
) -> None:
    assert key not in build_metadata(facts(preset="quick"))
    told = build_metadata(facts(preset="quick", **changes))
    recipe = read_recipe(own_file(tmp_path / "rexdog.safetensors", **changes))
    assert {name: getattr(recipe, name) for name in changes} == changes
    found = ImportFacts("rexdog", "embedding", "sd1")
    assert imported_metadata(told, found) == told
    strange = imported_metadata(told | {key: "-1e999"}, found)
    assert key not in strange


def test_half_of_a_pair_is_trained_again_as_a_pair(tmp_path: Path) -> None:
    steps = usual_steps("sd1", "pivotal", "quick")
    path = own_file(tmp_path / "rexdog.safetensors", companion="rexdog-lora", max_steps=steps)
    recipe = read_recipe(path)
    assert recipe.training == "pivotal"
    assert recipe.fits("pivotal", "quick")
    assert not recipe.fits("embedding", "quick")
    assert recipe.max_steps is None


def test_a_foreign_lora_tells_what_kohya_wrote(tmp_path: Path) -> None:
    path = tmp_path / "fluffy.safetensors"
    metadata = {"ss_seed": "1026396903", "ss_steps": "1600", "ss_network_dim": "4"}
    write_lora(path, "sd1", cross_attention_modules(768, 4), metadata)
    recipe = read_recipe(path)
    assert not recipe.is_complete
    assert (recipe.seed, recipe.max_steps, recipe.rank) == (1026396903, 1600, 4)
    assert recipe.base_model == ""


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"ss_seed": "-1", "ss_steps": "many"},
        {"ss_seed": "None", "ss_steps": "0"},
        {"ss_seed": "9" * 15, "ss_steps": "9" * 8},
        {"petname.kind": "evil", "petname.base_model": "/home/somebody/model"},
    ],
)
def test_strange_numbers_are_left_out(tmp_path: Path, metadata: dict[str, str]) -> None:
    path = tmp_path / "fluffy.safetensors"
    vectors = random_vectors("sd1", (768,), 12)["text_encoder"]
    save_with_library(path, {"emb_params": vectors}, metadata or None)
    recipe = read_recipe(path)
    assert recipe.seed is None or 0 <= recipe.seed < 2**32
    assert recipe.max_steps is None
    assert recipe.num_vectors is None, "12 are more than training takes"
    assert recipe.base_model == ""


def test_metadata_that_the_tensors_belie_are_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "rexdog.safetensors"
    told = build_metadata(facts(family="sd2", preset="quick", max_steps=1))
    write_embedding(path, random_vectors("sd1", (768,), 2), told)
    recipe = read_recipe(path)
    assert recipe.family == "sd1"
    assert not recipe.is_complete
