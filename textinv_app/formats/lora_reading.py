"""Reading LoRA files of every spelling into the neutral form."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from textinv_app.domain.concept import Family
from textinv_app.errors import FileRefused
from textinv_app.formats.families import CROSS_ATTENTION_WIDTHS, TEXT_WIDTHS, family_of_metadata
from textinv_app.formats.header import FloatArray, Header, TensorEntry, read_header, read_tensors
from textinv_app.formats.lora import Component, LoraFile, LoraModule
from textinv_app.formats.lora_keys import Role, understand_keys

MAX_RANK = 1024


@dataclass(frozen=True)
class LoraLayer:
    """One layer of a LoRA file as its header shows it: which tensors belong to it."""

    component: Component
    path: str
    tensors: Mapping[Role, TensorEntry]
    rank: int
    given_alpha: float | None
    """Alpha from the metadata, for files that keep it there alone; None where there is none."""


@dataclass(frozen=True)
class LoraShape:
    """What the header of a LoRA file tells before any number is read."""

    family: Family
    layers: tuple[LoraLayer, ...]
    cross_attention_width: int | None
    """Width of what the cross attention reads; None when the LoRA leaves that alone."""

    @property
    def rank(self) -> int:
        """The largest rank among the layers."""
        return max(layer.rank for layer in self.layers)


def read_lora(path: Path, dtype: type[np.floating[Any]] = np.float32) -> LoraFile:
    """Read a LoRA file of any known spelling, its tensors as ``dtype``.

    Raises ``FileRefused`` when it is no safetensors file, no plain LoRA, or not whole.
    """
    header = read_header(path)
    shape = lora_shape(header)
    wanted = {entry.name for layer in shape.layers for entry in layer.tensors.values()}
    tensors = read_tensors(path, header, wanted=lambda name: name in wanted, dtype=dtype)
    modules = tuple(_module(layer, tensors) for layer in shape.layers)
    return LoraFile(shape.family, modules, header.metadata)


def lora_shape(header: Header) -> LoraShape:
    """Tell what LoRA a header describes, without reading any numbers.

    The family follows from the widths of the layers, else from the metadata. Raises
    ``FileRefused`` when it is no LoRA that Petname can use.
    """
    keys = understand_keys(header.tensors)
    grouped: dict[tuple[Component, str], dict[Role, TensorEntry]] = {}
    for name, key in keys.items():
        layer = grouped.setdefault((key.component, key.path), {})
        if key.role in layer:
            raise _incomplete(name)
        layer[key.role] = header.tensors[name]
    alphas = _metadata_alphas(header.metadata)
    layers = tuple(
        _layer(component, path, entries, alphas)
        for (component, path), entries in sorted(grouped.items())
    )
    width = _cross_attention_width(layers)
    return LoraShape(_family(layers, width, header.metadata), layers, width)


def _incomplete(name: str) -> FileRefused:
    return FileRefused(
        "lora.incomplete",
        "This LoRA is not whole: the parts of one layer do not fit together. Download it again.",
        layer=name[:200],
    )


def _layer(
    component: Component,
    path: str,
    entries: Mapping[Role, TensorEntry],
    alphas: Mapping[str, Any],
) -> LoraLayer:
    if "down" not in entries or "up" not in entries:
        raise _incomplete(path)
    down, up = entries["down"].shape, entries["up"].shape
    if len(down) not in (2, 4) or len(up) not in (2, 4) or not 1 <= down[0] == up[1] <= MAX_RANK:
        raise _incomplete(path)
    if min(*down, *up) < 1 or ("alpha" in entries and entries["alpha"].num_values != 1):
        raise _incomplete(path)
    given = None if "alpha" in entries else _given_alpha(component, path, down[0], alphas)
    return LoraLayer(component, path, entries, down[0], given)


def _metadata_alphas(metadata: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what diffusers stores about its adapters; empty when it is absent or unreadable."""
    try:
        stored = json.loads(metadata.get("lora_adapter_metadata", "{}"))
    except (ValueError, RecursionError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _given_alpha(
    component: Component, path: str, rank: int, settings: Mapping[str, Any]
) -> float | None:
    """Return the alpha that peft's settings give a layer, as a factor with ``1 / rank``."""
    value = settings.get(f"{component}.lora_alpha")
    pattern = settings.get(f"{component}.alpha_pattern")
    if isinstance(pattern, dict):
        value = next((own for key, own in pattern.items() if _ends_in(path, key)), value)
    alpha = _finite(value)
    if alpha is None or settings.get(f"{component}.use_rslora") is not True:
        return alpha
    # Such a LoRA is scaled by alpha / sqrt(rank).
    return alpha * math.sqrt(rank)


def _ends_in(path: str, key: str) -> bool:
    """Tell whether peft's ``key`` names the layer at ``path``: whole, or by its last parts.

    peft takes the key for a regular expression; a stranger's are not run. Raises ``FileRefused``
    for one that is more than a name.
    """
    if not re.fullmatch(r"[\w.-]+", key):
        raise FileRefused(
            "lora.strength_rules",
            "The strengths of this LoRA's layers are written as rules that Petname does not "
            "follow; it would draw too strong or too weak. Look for the file in kohya's form.",
        )
    # As files spell it; releases of transformers without the wrapper leave it out.
    whole = f"text_model.{path}" if path.startswith("encoder.") else path
    return f".{whole}".endswith(f".{key}")


def _finite(value: object) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _module(layer: LoraLayer, tensors: Mapping[str, FloatArray]) -> LoraModule:
    alpha = float(layer.rank) if layer.given_alpha is None else layer.given_alpha
    if "alpha" in layer.tensors:
        alpha = float(tensors[layer.tensors["alpha"].name].reshape(()))
    down = tensors[layer.tensors["down"].name]
    up = tensors[layer.tensors["up"].name]
    return LoraModule(layer.component, layer.path, down, up, alpha)


def _cross_attention_width(layers: tuple[LoraLayer, ...]) -> int | None:
    widths = {
        layer.tensors["down"].shape[1]
        for layer in layers
        if layer.component == "unet" and layer.path.endswith((".attn2.to_k", ".attn2.to_v"))
    }
    if len(widths) > 1:
        raise _incomplete("attn2")
    return widths.pop() if widths else None


def _family(
    layers: tuple[LoraLayer, ...], cross_width: int | None, metadata: Mapping[str, str]
) -> Family:
    if cross_width is not None:
        for family, width in CROSS_ATTENTION_WIDTHS.items():
            if width == cross_width:
                return family
    named = family_of_metadata(metadata)
    if named is not None:
        return named
    guessed = _family_of_encoders(layers) if cross_width is None else None
    if guessed is not None:
        return guessed
    raise FileRefused(
        "lora.unknown_family",
        "Petname cannot tell which image model this LoRA was made for. It knows those for Crayon, "
        "Stable Diffusion 1.x, 2.x and XL.",
    )


def _family_of_encoders(layers: tuple[LoraLayer, ...]) -> Family | None:
    if any(layer.component == "text_encoder_2" for layer in layers):
        return "sdxl"
    widths = {
        layer.tensors["down"].shape[1]
        for layer in layers
        if layer.component == "text_encoder" and layer.path.endswith("self_attn.q_proj")
    }
    for family, known in TEXT_WIDTHS.items():
        if widths == {known[0]}:
            return family
    return None
