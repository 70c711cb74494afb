"""InvokeAI's rules: files are told by widths, prompts name embeddings in angle brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from tests.conformance.layers import Layer, Shared
from tests.conformance.loading import Array, LoadedLora
from tests.conformance.rules.names import ENCODER_NAMES, Names, by_flat_name, read_lora

_TRIGGER = re.compile(r"<([a-zA-Z0-9., _-]+)>")
_BASES = {768: "sd-1", 1024: "sd-2", 1280: "sdxl", 2048: "sdxl"}
_BASE_OF: dict[Shared, str] = {"sd1": "sd-1", "sd2": "sd-2", "sdxl": "sdxl"}


class InvokeAI:
    """What InvokeAI is documented to make of a file."""

    def embedding(self, path: Path, family: Shared) -> Mapping[str, Array]:
        """Take ``emb_params``, or ``clip_g`` with ``clip_l``, for models of the base told."""
        tensors = load_file(path)
        if self.told(path)["base"] != _BASE_OF[family]:
            return {}
        if "emb_params" in tensors:
            return {"text_encoder": tensors["emb_params"]}
        pair = ("clip_l", "clip_g")
        return {name: tensors[key] for name, key in zip(ENCODER_NAMES[family], pair, strict=True)}

    def prompt(self, path: Path, family: Shared, text: str) -> Mapping[str, Array]:
        """Find the file's name in angle brackets."""
        times = triggers_in(text).count(path.stem)
        vectors = self.embedding(path, family)
        return {name: np.concatenate([rows] * times) for name, rows in vectors.items() if times}

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Match diffusers' names; SDXL in the original numbering is translated whole or refused."""
        names = load_file(path).keys()
        if family == "sdxl":
            _refuse_what_sdxl_does_not_know(names)
        return read_lora(path, _lora_names(family))

    def told(self, path: Path) -> Mapping[str, str]:
        """Return the base model it installs the file for; ``unknown`` is refused."""
        tensors = load_file(path)
        if any(name.startswith(("lora_unet_", "lora_te")) for name in tensors):
            return {"base": _BASES.get(_token_vector_length(tensors), "unknown")}
        for key in ("emb_params", "clip_g"):
            if key in tensors:
                return {"base": _BASES.get(tensors[key].shape[-1], "unknown")}
        return {"base": _BASES.get(next(iter(tensors.values())).shape[0], "unknown")}


def triggers_in(text: str) -> list[str]:
    """Return what stands between angle brackets, if InvokeAI allows all of it in a name."""
    return _TRIGGER.findall(text)


def _token_vector_length(tensors: Mapping[str, Array]) -> int:
    """Return the width of what the cross attention reads, from it or from the text encoders."""
    downs = {name: array.shape[1] for name, array in tensors.items() if "lora_down" in name}
    for name, width in downs.items():
        if name.startswith("lora_unet_") and ("_attn2_to_k." in name or "_attn2_to_v." in name):
            return width
    widths = {name.split("_")[1]: width for name, width in downs.items() if "_self_attn_" in name}
    return widths.get("te", sum(widths.values()))


def _refuse_what_sdxl_does_not_know(names: Iterator[str] | set[str]) -> None:
    unet = [name for name in names if name.startswith("lora_unet_")]
    others = [
        name for name in names if not name.startswith(("lora_unet_", "lora_te1_", "lora_te2_"))
    ]
    if others:
        raise AssertionError(f"Unrecognized SDXL LoRA key prefix: {others[0]}")
    starts = ("lora_unet_input_blocks", "lora_unet_middle_block", "lora_unet_output_blocks")
    if len({name.startswith(starts) for name in unet}) > 1:
        raise AssertionError("the SDXL LoRA could only be partially converted")


@cache
def _lora_names(family: Shared) -> Names:
    def spellings(layer: Layer) -> Iterator[tuple[str, str]]:
        if layer.component == "unet":
            yield "lora_unet_", layer.path
            if family == "sdxl":
                yield "lora_unet_", layer.original
        elif family != "sdxl":
            yield "lora_te_", layer.original
        else:
            yield "lora_te1_" if layer.component == "text_encoder" else "lora_te2_", layer.original

    return by_flat_name(family, spellings)
