"""The rules of AUTOMATIC1111 and of Forge, which took its embeddings and ComfyUI's LoRA names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from tests.conformance.layers import Layer, Shared
from tests.conformance.loading import Array, LoadedLora
from tests.conformance.rules.comfyui import ComfyUI
from tests.conformance.rules.names import (
    ENCODER_NAMES,
    ENCODER_WIDTHS,
    Names,
    by_flat_name,
    read_lora,
    read_metadata,
)
from tests.tiny_models import tiny_tokenizer


class A1111:
    """What AUTOMATIC1111 is documented to make of a file."""

    def embedding(self, path: Path, family: Shared) -> Mapping[str, Array]:
        """Take ``clip_g`` and ``clip_l``, else the one tensor; skip another total width."""
        tensors = load_file(path)
        if {"clip_g", "clip_l"} <= tensors.keys():
            parts = [tensors["clip_l"], tensors["clip_g"]]
        elif len(tensors) == 1:
            parts = [np.atleast_2d(*tensors.values())]
        else:
            raise AssertionError("embedding file has multiple terms in it")
        if sum(part.shape[-1] for part in parts) != sum(ENCODER_WIDTHS[family]):
            return {}
        return {
            name: part.astype(np.float32)
            for name, part in zip(ENCODER_NAMES[family], parts, strict=True)
        }

    def prompt(self, path: Path, family: Shared, text: str) -> Mapping[str, Array]:
        """Find the file's name among the tokens of a prompt, in any case."""
        tokenizer = tiny_tokenizer()
        tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
        word = tokenizer(path.stem, add_special_tokens=False)["input_ids"]
        if not word:
            raise AssertionError(f"{path.stem} is no token at all")
        times = sum(tokens[place : place + len(word)] == word for place in range(len(tokens)))
        vectors = self.embedding(path, family)
        return {name: np.concatenate([rows] * times) for name, rows in vectors.items() if times}

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Match names in diffusers' numbering for SD 1 and 2, in the original one for all."""
        return read_lora(path, _lora_names(family))

    def told(self, path: Path) -> Mapping[str, str]:
        """Return the version a LoRA is listed with, its name for prompts, and the hash shown."""
        metadata = read_metadata(path)
        return {
            "version": _version(metadata),
            "alias": metadata.get("ss_output_name", path.stem),
            "hash": metadata.get("sshs_model_hash", ""),
        }


class Forge(A1111):
    """What Forge is documented to make of a file."""

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Match as ComfyUI does."""
        return ComfyUI().lora(path, family)

    def told(self, path: Path) -> Mapping[str, str]:
        """Return the same as AUTOMATIC1111, with the architecture read as well."""
        told = dict(super().told(path))
        by_architecture = {
            "stable-diffusion-xl-v1-base/lora": "SDXL",
            "stable-diffusion-v1/lora": "SD1",
        }
        metadata = read_metadata(path)
        said = by_architecture.get(metadata.get("modelspec.architecture", ""))
        told["version"] = said or (told["version"] if told["version"] != "SD1" else "Unknown")
        return told


def _version(metadata: Mapping[str, str]) -> str:
    if metadata.get("ss_base_model_version", "").startswith("sdxl_"):
        return "SDXL"
    if metadata.get("ss_v2", "") == "True":
        return "SD2"
    return "SD1" if metadata else "Unknown"


@cache
def _lora_names(family: Shared) -> Names:
    def spellings(layer: Layer) -> Iterator[tuple[str, str]]:
        if layer.component == "unet":
            yield from (("lora_unet_", layer.original), ("lora_unet_", layer.path))
        else:
            yield _encoder_prefix(family)(layer), layer.original

    return by_flat_name(family, spellings)


def _encoder_prefix(family: Shared) -> Callable[[Layer], str]:
    if family != "sdxl":
        return lambda _: "lora_te_"
    return lambda layer: "lora_te1_" if layer.component == "text_encoder" else "lora_te2_"
