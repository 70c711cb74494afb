"""Names that programs give the layers of a model, and reading a LoRA by them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file

from tests.conformance.layers import Layer, Shared, layers
from tests.conformance.loading import Array, LoadedLora, Place, probe_change

ENCODER_NAMES: dict[Shared, tuple[str, ...]] = {
    "sd1": ("text_encoder",),
    "sd2": ("text_encoder",),
    "sdxl": ("text_encoder", "text_encoder_2"),
}
ENCODER_WIDTHS: dict[Shared, tuple[int, ...]] = {"sd1": (768,), "sd2": (1024,), "sdxl": (768, 1280)}

Names = Mapping[str, Layer]


def by_flat_name(
    family: Shared, spellings: Callable[[Layer], Iterable[tuple[str, str]]]
) -> dict[str, Layer]:
    """Return the layers by ``prefix`` plus path with ``_`` for ``.``; a layer may have several."""
    return {
        prefix + path.replace(".", "_"): layer
        for layer in layers(family)
        for prefix, path in spellings(layer)
    }


def read_lora(path: Path, names: Names) -> LoadedLora:
    """Read kohya's spelling: ``NAME.lora_down.weight``, ``.lora_up.weight`` and ``.alpha``.

    The strength is alpha over rank, or 1 without an alpha.
    """
    tensors = load_file(path)
    changes: dict[Place, Array] = {}
    used: set[str] = set()
    for name, layer in names.items():
        down, up = tensors.get(f"{name}.lora_down.weight"), tensors.get(f"{name}.lora_up.weight")
        if down is None or up is None:
            continue
        rank = down.shape[0]
        scale = float(tensors.get(f"{name}.alpha", np.float64(rank))) / rank
        _refuse_other_text_width(layer, down)
        changes[layer.component, layer.path] = probe_change(down, up, scale)
        used |= {f"{name}.{end}" for end in ("lora_down.weight", "lora_up.weight", "alpha")}
    return LoadedLora(changes, tuple(sorted(tensors.keys() - used)))


def _refuse_other_text_width(layer: Layer, down: Array) -> None:
    """Refuse a layer that reads text of another width; the trained file is narrow elsewhere."""
    if layer.path.endswith((".attn2.to_k", ".attn2.to_v")) and down.shape[1] != layer.shape[1]:
        raise AssertionError(f"{layer.path} reads {down.shape[1]} instead of {layer.shape[1]}")


def read_metadata(path: Path) -> dict[str, str]:
    """Return the metadata of a safetensors file."""
    with safe_open(path, "np") as file:
        return dict(file.metadata() or {})
