"""Files that programs are known to refuse or to use in part: the rules notice every one.

Each is something a library or another trainer writes; it shows what our own form avoids, and that
a suite that is green would not be for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.conformance.layers import Component, Layer, Shared, layers
from tests.conformance.loading import Array, Loader
from tests.conformance.rules.a1111 import A1111, Forge
from tests.conformance.rules.comfyui import ComfyUI
from tests.conformance.rules.invokeai import InvokeAI
from tests.conformance.rules.kohya import Kohya
from tests.conformance.rules.sdnext import SDNext

_ALL: tuple[Loader, ...] = (ComfyUI(), A1111(), Forge(), SDNext(), InvokeAI(), Kohya())


def _factors(layer: Layer, name: str, down: str, up: str) -> dict[str, Array]:
    width_out, width_in = layer.shape[:2]
    ones = np.ones((4, width_in), np.float16), np.ones((width_out, 4), np.float16)
    return {f"{name}.{down}.weight": ones[0], f"{name}.{up}.weight": ones[1]}


def _some(family: Shared, component: Component) -> list[Layer]:
    ends = (".attn2.to_k", ".q_proj")
    return [
        layer
        for layer in layers(family)
        if layer.component == component and layer.path.endswith(ends)
    ][:5]


def _saved(folder: Path, tensors: Mapping[str, Array]) -> Path:
    path = folder / "rexdog.safetensors"
    save_file(dict(tensors), path)
    return path


@pytest.mark.parametrize("loader", _ALL, ids=lambda loader: type(loader).__name__)
def test_loras_in_the_spelling_of_diffusers_change_nothing_at_all(
    loader: Loader, tmp_path: Path
) -> None:
    tensors: dict[str, Array] = {}
    for layer in _some("sd1", "unet"):
        tensors |= _factors(layer, f"unet.{layer.path}", "lora_A", "lora_B")
    assert loader.lora(_saved(tmp_path, tensors), "sd1").changes == {}


@pytest.mark.parametrize("loader", _ALL, ids=lambda loader: type(loader).__name__)
def test_text_encoders_without_their_text_model_are_left_over(
    loader: Loader, tmp_path: Path
) -> None:
    """diffusers' own exporter to kohya's spelling writes these under today's transformers."""
    tensors: dict[str, Array] = {}
    for layer in _some("sd1", "text_encoder"):
        name = "lora_te1_" + layer.path.replace(".", "_")
        tensors |= _factors(layer, name, "lora_down", "lora_up")
    loaded = loader.lora(_saved(tmp_path, tensors), "sd1")
    assert loaded.changes == {}
    assert set(loaded.left_over) == set(tensors)


def test_kohya_does_not_know_sdxl_in_the_numbering_of_diffusers(tmp_path: Path) -> None:
    tensors: dict[str, Array] = {}
    for layer in _some("sdxl", "unet"):
        name = "lora_unet_" + layer.path.replace(".", "_")
        tensors |= _factors(layer, name, "lora_down", "lora_up")
    path = _saved(tmp_path, tensors)
    assert len(ComfyUI().lora(path, "sdxl").changes) == 5
    assert Kohya().lora(path, "sdxl").changes == {}


def test_invokeai_refuses_sdxl_in_two_numberings_at_once(tmp_path: Path) -> None:
    first, second = _some("sdxl", "unet")[:2]
    names = [f"lora_unet_{first.path}", f"lora_unet_{second.original}"]
    tensors = {
        key: value
        for layer, name in zip((first, second), names, strict=True)
        for key, value in _factors(layer, name.replace(".", "_"), "lora_down", "lora_up").items()
    }
    with pytest.raises(AssertionError, match="partially"):
        InvokeAI().lora(_saved(tmp_path, tensors), "sdxl")


def test_an_embedding_under_two_names_suits_some_programs_only(tmp_path: Path) -> None:
    vectors = np.ones((4, 768), np.float32)
    path = _saved(tmp_path, {"emb_params": vectors, "<rexdog>": vectors})
    assert ComfyUI().embedding(path, "sd1")
    assert InvokeAI().embedding(path, "sd1")
    assert SDNext().embedding(path, "sd1") == {}
    with pytest.raises(AssertionError, match="multiple terms"):
        A1111().embedding(path, "sd1")


def test_invokeai_takes_an_embedding_in_diffusers_own_form_for_no_model(tmp_path: Path) -> None:
    path = _saved(tmp_path, {"<rexdog>": np.ones((4, 768), np.float32)})
    assert InvokeAI().told(path)["base"] == "unknown"
    assert A1111().embedding(path, "sd1")


def test_a_lora_with_some_metadata_but_no_version_is_hidden_by_automatic1111(
    tmp_path: Path,
) -> None:
    """Whatever it is for, it is listed with Stable Diffusion 1: the reason for our ss_ keys."""
    layer = _some("sdxl", "unet")[0]
    tensors = _factors(
        layer, "lora_unet_" + layer.original.replace(".", "_"), "lora_down", "lora_up"
    )
    path = tmp_path / "rexdog.safetensors"
    save_file(tensors, path, metadata={"format": "pt"})
    assert A1111().told(path)["version"] == "SD1"
