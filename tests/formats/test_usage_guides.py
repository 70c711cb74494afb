"""How to use a file elsewhere: what is shown to copy is right, and the Python program runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from format_makers import cross_attention_modules, random_vectors
from format_pipelines import save_pipeline, tiny_pipeline, tiny_xl_pipeline
from PIL import Image

from textinv_app.domain.concept import ConceptKind, Family, Method
from textinv_app.formats.embedding import write_embedding
from textinv_app.formats.families import TEXT_WIDTHS
from textinv_app.formats.lora import write_lora
from textinv_app.formats.usage import PROGRAM_TITLES, UsedFile, diffusers_program, usage_guides


def _guides(**values: Any) -> dict[str, Any]:
    used = UsedFile(**({"placeholder_token": "rexdog", "kind": "subject"} | values))
    return {guide.program: guide for guide in usage_guides(used)}


def test_the_text_to_copy_is_what_each_program_reads() -> None:
    embedding = _guides(method="embedding", family="sd1")
    assert embedding["comfyui"].copyable == "a photo of embedding:rexdog in the snow"
    assert embedding["comfyui"].details["folder"] == "models/embeddings"
    assert embedding["a1111"].copyable == "a photo of rexdog in the snow"
    assert embedding["a1111"].details["folder"] == "embeddings"
    assert embedding["invokeai"].copyable == "a photo of <rexdog> in the snow"
    lora = _guides(method="lora", family="sdxl", strength=0.8)
    assert lora["a1111"].copyable == "a photo of rexdog in the snow <lora:rexdog:0.8>"
    assert lora["comfyui"].copyable == "a photo of rexdog in the snow"
    assert lora["comfyui"].details["folder"] == "models/loras"


def test_a_loras_word_is_shown_with_its_class_word_behind_as_in_training() -> None:
    lora = _guides(method="lora", family="sd1", class_word="dog")
    assert lora["a1111"].copyable == "a photo of rexdog dog in the snow <lora:rexdog:1>"
    assert lora["comfyui"].copyable == "a photo of rexdog dog in the snow"
    assert 'pipe("a photo of rexdog dog in the snow")' in lora["diffusers"].copyable
    style = _guides(method="lora", family="sd1", kind="style", class_word="dog")
    assert style["comfyui"].copyable == "a cat in the style of rexdog"
    embedding = _guides(method="embedding", family="sd1", class_word="dog")
    assert embedding["comfyui"].copyable == "a photo of embedding:rexdog in the snow"


@pytest.mark.parametrize("method", get_args(Method))
def test_how_to_use_half_a_pair_brings_in_the_other_half(method: Any) -> None:
    """Each half was explained alone: the LoRA with a plain word, the embedding without the LoRA."""
    stems = {"embedding": "rexdog", "lora": "rexdog-lora"}
    other = "lora" if method == "embedding" else "embedding"
    guides = _guides(method=method, family="sd1", stem=stems[method], companion=stems[other])
    copied = {name: guide.copyable for name, guide in guides.items()}
    assert copied["comfyui"] == "a photo of embedding:rexdog in the snow"
    assert copied["a1111"] == "a photo of rexdog in the snow <lora:rexdog-lora:1>"
    assert copied["invokeai"] == "a photo of <rexdog> in the snow"
    assert 'load_textual_inversion("rexdog.safetensors", token="rexdog")' in copied["diffusers"]
    assert 'weight_name="rexdog-lora.safetensors"' in copied["diffusers"]
    for name, guide in guides.items():
        assert guide.details["companion"] == f"{stems[other]}.safetensors"
        has_folder = name in ("comfyui", "a1111")
        assert f"usage.companion{'_folder' if has_folder else ''}" in guide.step_codes
    folders = {"embedding": "models/embeddings", "lora": "models/loras"}
    assert guides["comfyui"].details["companion_folder"] == folders[other]
    assert guides["comfyui"].step_codes[-1] == "usage.comfyui.lora_prompt"
    assert guides["comfyui"].details["lora"] == "rexdog-lora.safetensors"


def test_negative_embeddings_go_into_the_negative_prompt() -> None:
    guides = _guides(method="embedding", family="sd1", kind="negative")
    assert guides["comfyui"].copyable == "embedding:rexdog"
    assert guides["a1111"].step_codes[-1] == "usage.a1111.embedding_negative_prompt"
    assert 'negative_prompt="rexdog"' in guides["diffusers"].copyable


def test_crayons_files_are_said_to_fit_diffusers_only() -> None:
    guides = _guides(method="embedding", family="crayon")
    assert [name for name, guide in guides.items() if guide.usable] == ["diffusers"]
    assert guides["comfyui"].step_codes == ("usage.crayon_only",)
    assert guides["comfyui"].copyable == ""


@pytest.mark.parametrize("kind", get_args(ConceptKind))
@pytest.mark.parametrize("method", get_args(Method))
@pytest.mark.parametrize("family", get_args(Family))
def test_every_file_has_a_guide_for_every_program(family: Any, method: Any, kind: Any) -> None:
    guides = _guides(method=method, family=family, kind=kind)
    assert set(guides) == {program for program, _ in PROGRAM_TITLES}
    compile(guides["diffusers"].copyable, "copied.py", "exec")
    assert all(guide.step_codes for guide in guides.values())


@pytest.mark.parametrize(
    ("method", "family", "kind"),
    [
        ("embedding", "sd1", "subject"),
        ("embedding", "sd2", "negative"),
        ("embedding", "sdxl", "subject"),
        ("lora", "sd1", "style"),
        ("lora", "sdxl", "subject"),
    ],
)
def test_the_python_program_runs_as_it_is_and_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: Any, family: Any, kind: Any
) -> None:
    widths = TEXT_WIDTHS[family]
    pipeline = tiny_xl_pipeline() if family == "sdxl" else tiny_pipeline(widths[0])
    folder = save_pipeline(pipeline, tmp_path / "model")
    path = tmp_path / "rexdog.safetensors"
    if method == "embedding":
        write_embedding(path, random_vectors(family, widths, 2), {})
    else:
        modules = [m for m in cross_attention_modules(sum(widths)) if "attn2.to_k" in m.path]
        narrow = [_narrowed(module) for module in modules]
        write_lora(path, family, narrow, {})
    used = UsedFile("rexdog", method, family, kind, base_model=str(folder), strength=0.8)
    monkeypatch.chdir(tmp_path)
    program = diffusers_program(used).replace(").images[0]", ", num_inference_steps=2).images[0]")
    exec(compile(program, "copied.py", "exec"), {})
    assert os.fspath(folder) in program
    with Image.open(tmp_path / "rexdog.png") as picture:
        assert np.asarray(picture).std() > 0


def _narrowed(module: Any) -> Any:
    from dataclasses import replace

    return replace(module, up=module.up[:16])
