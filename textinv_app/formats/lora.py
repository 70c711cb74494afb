"""LoRA files: one neutral form, written in kohya's spelling.

kohya's is the one spelling that ComfyUI, AUTOMATIC1111, Forge, InvokeAI, SD.Next and diffusers all
load completely; from diffusers' own most of them load nothing and say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from textinv_app.domain.concept import Family
from textinv_app.formats.header import FloatArray, write_safetensors
from textinv_app.formats.module_names import flat_name, to_sgm

Component = Literal["unet", "text_encoder", "text_encoder_2"]

KOHYA_PREFIXES: tuple[tuple[str, Component], ...] = (
    ("lora_unet_", "unet"),
    ("lora_te1_", "text_encoder"),
    ("lora_te2_", "text_encoder_2"),
    ("lora_te_", "text_encoder"),
)
"""kohya's prefixes and the parts of a diffusers pipeline they stand for."""


@dataclass(frozen=True)
class LoraModule:
    """The change to one layer: ``up @ down * alpha / rank`` is added to its weight.

    ``down`` is ``[rank, in]`` (or ``[rank, in, h, w]`` for a convolution), ``up`` ``[out, rank]``
    (or ``[out, rank, 1, 1]``).
    """

    component: Component
    path: str
    """Dotted path inside the component in diffusers' naming; for text encoders from ``encoder``
    on, without the ``text_model`` that some releases of transformers put before it."""
    down: FloatArray
    up: FloatArray
    alpha: float

    @property
    def rank(self) -> int:
        """Rank of the change: rows of ``down``."""
        return int(self.down.shape[0])


@dataclass(frozen=True)
class LoraFile:
    """The content of a LoRA file."""

    family: Family
    modules: tuple[LoraModule, ...]
    metadata: Mapping[str, str]

    @property
    def rank(self) -> int:
        """The largest rank among the modules."""
        return max(module.rank for module in self.modules)


def kohya_name(module: LoraModule, family: Family) -> str:
    """Return the name of a module in a file for ``family``, without ``.lora_down.weight``.

    Raises ``ValueError`` for a UNet layer of SDXL that has no name in Stability's numbering.
    """
    if module.component == "unet":
        path = to_sgm(module.path) if family == "sdxl" else module.path
        return f"lora_unet_{flat_name(path)}"
    prefix = "lora_te_"
    if family == "sdxl":
        prefix = "lora_te1_" if module.component == "text_encoder" else "lora_te2_"
    path = module.path.removeprefix("text_model.")
    if path.startswith("encoder."):
        path = f"text_model.{path}"
    return prefix + flat_name(path)


def write_lora(
    path: Path, family: Family, modules: Sequence[LoraModule], metadata: Mapping[str, str]
) -> None:
    """Write a LoRA file in float16, atomically and the same to the byte each time.

    ``alpha / rank`` is multiplied into ``lora_up`` and ``alpha`` written as the rank, so that a
    program that ignores alpha draws with the same strength. Raises ``ValueError`` when there is no
    module, one comes twice, a shape is wrong or a value does not fit float16; and ``OSError``.
    """
    tensors: dict[str, FloatArray] = {}
    for module in modules:
        name = kohya_name(module, family)
        if f"{name}.alpha" in tensors:
            raise ValueError(f"{name} comes twice")
        _check_shapes(name, module)
        scale = module.alpha / module.rank
        up = module.up if scale == 1.0 else module.up.astype(np.float32) * np.float32(scale)
        tensors[f"{name}.lora_down.weight"] = _to_half(name, module.down)
        tensors[f"{name}.lora_up.weight"] = _to_half(name, up)
        tensors[f"{name}.alpha"] = np.array(module.rank, dtype=np.float16)
    if not tensors:
        raise ValueError("a LoRA without modules")
    write_safetensors(path, tensors, metadata)


def _check_shapes(name: str, module: LoraModule) -> None:
    down, up = module.down, module.up
    if down.ndim not in (2, 4) or up.ndim not in (2, 4) or not 1 <= down.shape[0] == up.shape[1]:
        raise ValueError(f"{name}: shapes {down.shape} and {up.shape} do not fit")
    if not np.isfinite(module.alpha):
        raise ValueError(f"{name}: alpha is not a number")


def _to_half(name: str, array: FloatArray) -> FloatArray:
    with np.errstate(over="ignore", invalid="ignore"):
        half = array.astype(np.float16, copy=False)
    if not np.isfinite(half).all():
        raise ValueError(f"{name}: a value does not fit float16")
    return half
