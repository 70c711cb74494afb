"""Every kit of every family and kind: the right files under the right names, nothing private."""

from __future__ import annotations

import ast
import io
import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from kit_makers import (
    SECRET,
    SEED,
    WORD,
    files_of,
    json_of,
    make_order,
    make_part,
    notes_of,
    unzipped,
    vectors_of,
)
from PIL import Image

from textinv_app.domain.concept import ConceptKind, Family, Method
from textinv_app.errors import BadInput
from textinv_app.formats.embedding import read_embedding
from textinv_app.formats.lora_reading import read_lora
from textinv_app.kits.kit import make_kit
from textinv_app.kits.programs import PROGRAMS, programs_for

EXTRAS = f"{WORD}-extras"
SD_FAMILIES: tuple[Family, ...] = ("sd1", "sd2", "sdxl")


@pytest.mark.parametrize("kind", get_args(ConceptKind))
@pytest.mark.parametrize("family", get_args(Family))
def test_every_kit_is_whole_the_same_twice_and_tells_nothing_private(
    tmp_path: Path, family: Any, kind: Any
) -> None:
    parts = [make_part(tmp_path, family, method, kind) for method in get_args(Method)]
    language = "fr" if kind == "style" else "en"
    guide = f"{'START-HERE' if language == 'en' else 'A-LIRE'}-{WORD}.html"
    for program in programs_for(family):
        for chosen in ((parts[0],), (parts[1],), tuple(parts)):
            order = make_order(program, *chosen, language=language)
            first, second = (b"".join(make_kit(order).chunks()) for _ in range(2))
            assert first == second
            assert SECRET.encode() not in first
            assert str(tmp_path).encode() not in first
            files = unzipped(first)
            assert guide in files
            for name, data in files.items():
                check_file(name, data)


def check_file(name: str, data: bytes) -> None:
    """Check that a file of a kit has a safe name and is what its name says."""
    assert not name.startswith("/")
    assert ".." not in name
    assert name.isascii()
    if name.endswith(".json"):
        json.loads(data)
    if name.endswith(".py"):
        ast.parse(data)
    if name.endswith(".png"):
        with Image.open(io.BytesIO(data)) as picture:
            picture.verify()


@pytest.mark.parametrize("family", SD_FAMILIES)
def test_comfyui_finds_every_file_where_it_looks(tmp_path: Path, family: Any) -> None:
    parts = [make_part(tmp_path, family, method) for method in get_args(Method)]
    files = files_of("comfyui", *parts)
    assert set(files) == {
        f"START-HERE-{WORD}.html",
        f"models/embeddings/{WORD}.safetensors",
        f"models/embeddings/{WORD}.preview.png",
        f"models/loras/{WORD}.safetensors",
        f"models/loras/{WORD}.preview.png",
        *(f"user/default/workflows/{WORD}-{name}.json" for name in ("embedding", "lora", "both")),
        *(f"{EXTRAS}/api/{WORD}-{name}.json" for name in ("embedding", "lora", "both")),
        *(f"{EXTRAS}/self-test-{name}.png" for name in ("embedding", "lora")),
        *(f"{EXTRAS}/self-test-{name}.txt" for name in ("embedding", "lora")),
    }
    for part, folder in zip(parts, ("embeddings", "loras"), strict=True):
        assert files[f"models/{folder}/{WORD}.safetensors"] == part.path.read_bytes()


def test_automatic1111_gets_previews_that_it_does_not_take_for_embeddings(tmp_path: Path) -> None:
    parts = [make_part(tmp_path, "sdxl", method) for method in get_args(Method)]
    files = files_of("a1111", *parts)
    # Every other picture in that folder would be opened as an embedding.
    pictures = [name for name in files if name.startswith("embeddings/") and ".png" in name]
    assert pictures == [f"embeddings/{WORD}.preview.png"]
    assert f"models/Lora/{WORD}.preview.png" in files
    notes = json_of(files, f"models/Lora/{WORD}.json")
    assert notes["sd version"] == "SDXL"
    assert notes["activation text"] == f"{WORD} dog"
    assert notes["negative text"] == ""
    prompts = files[f"{EXTRAS}/prompts.txt"].decode()
    assert prompts.startswith(f"a photo of a {WORD}\nSteps: 20, Sampler: DPM++ 2M, Schedule type: ")
    assert f"a photo of a {WORD} dog <lora:{WORD}:1>" in prompts


def test_automatic1111_draws_the_self_test_with_petnames_noise_and_schedule(tmp_path: Path) -> None:
    """It took Karras and noise of the graphics card, as nothing else was written."""
    files = files_of("a1111", make_part(tmp_path, "sd1", "lora"))
    infotext = notes_of(files[f"{EXTRAS}/self-test-lora.png"])["parameters"]
    assert infotext.splitlines()[-1] == (
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Uniform, CFG scale: 7, "
        f"Seed: {SEED}, Size: 512x512, RNG: CPU"
    )
    assert "Schedule: Uniform\n" in files[f"{EXTRAS}/self-test-lora.txt"].decode()


def test_automatic1111_gets_a_negative_word_in_the_negative_prompt(tmp_path: Path) -> None:
    files = files_of("a1111", make_part(tmp_path, "sd1", "embedding", "negative"))
    infotext = notes_of(files[f"{EXTRAS}/self-test-embedding.png"])["parameters"]
    prompt, negative, settings = infotext.split("\n")
    assert (prompt, negative) == ("a photo of a cat", f"Negative prompt: {WORD}")
    assert settings.startswith("Steps: ")
    assert json_of(files, f"embeddings/{WORD}.json")["negative text"] == WORD


def test_invokeai_gets_sidecars_under_the_names_it_reads(tmp_path: Path) -> None:
    parts = [make_part(tmp_path, "sd1", method) for method in get_args(Method)]
    files = files_of("invokeai", *parts)
    for method in get_args(Method):
        place = f"{WORD}-invokeai/{method}/{WORD}"
        assert {f"{place}.safetensors", f"{place}.json", f"{place}.png"} <= set(files)
    notes = json_of(files, f"{WORD}-invokeai/lora/{WORD}.json")
    assert notes["activation text"] == f"{WORD} dog"
    assert notes["description"]
    assert f"a photo of a <{WORD}>" in files[f"{EXTRAS}/prompts.txt"].decode()


def test_kohya_gets_prompts_with_their_options_behind(tmp_path: Path) -> None:
    files = files_of("kohya", make_part(tmp_path, "sd2", "embedding", "negative"))
    line = files[f"{WORD}-kohya/prompts-embedding.txt"].decode().splitlines()[0]
    assert line == f"a photo of a cat --n {WORD} --w 512 --h 512 --d {SEED} --s 20 --l 7"
    assert f"{WORD}-kohya/embedding/{WORD}.safetensors" in files


@pytest.mark.parametrize("family", get_args(Family))
def test_diffusers_gets_its_own_spelling_exact_to_the_bit(tmp_path: Path, family: Any) -> None:
    from safetensors.numpy import load

    parts = [make_part(tmp_path, family, method) for method in get_args(Method)]
    files = files_of("diffusers", *parts)
    names = ("learned_embeds.safetensors", "learned_embeds_2.safetensors")
    for name, vectors in zip(names, vectors_of(family).values(), strict=False):
        (item,) = load(files[name]).items()
        assert item[0] == WORD
        assert np.array_equal(item[1], vectors)
    assert (names[1] in files) == (family == "sdxl")
    path = tmp_path / "lora.safetensors"
    path.write_bytes(files["pytorch_lora_weights.safetensors"])
    ours, theirs = read_lora(parts[1].path).modules, read_lora(path).modules
    for one, other in zip(ours, theirs, strict=True):
        assert one.path == other.path
        assert one.alpha == other.alpha
        assert np.array_equal(one.up, other.up)
        assert np.array_equal(one.down, other.down)


def test_files_from_elsewhere_have_kits_without_pictures_or_self_test(tmp_path: Path) -> None:
    part = make_part(tmp_path, "sd1", "embedding", pictures=(), drawn=(), class_word="")
    for program in PROGRAMS:
        files = files_of(program, part)
        assert not [name for name in files if name.endswith(".png")]
        assert "no self-test picture" in files[f"START-HERE-{WORD}.html"].decode()
        read_embedding(part.path)


@pytest.mark.parametrize("program", ["comfyui", "a1111", "invokeai", "kohya"])
def test_no_other_program_gets_a_kit_for_crayon(tmp_path: Path, program: Any) -> None:
    with pytest.raises(BadInput) as refused:
        make_kit(make_order(program, make_part(tmp_path, "crayon", "embedding")))
    assert refused.value.code == "kit.other_model"


def test_two_files_trained_together_are_only_ever_used_together(tmp_path: Path) -> None:
    parts = [make_part(tmp_path, "sd1", method) for method in get_args(Method)]
    files = files_of("comfyui", *parts, are_one=True)
    workflows = [name for name in files if name.startswith("user/")]
    assert workflows == [f"user/default/workflows/{WORD}-both.json"]
    kinds = {node["type"] for node in json_of(files, workflows[0])["nodes"]}
    assert "LoraLoader" in kinds
