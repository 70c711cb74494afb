"""The rules of kohya's scripts, which can go on training from a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from tests.conformance.layers import Layer, Shared
from tests.conformance.loading import Array, LoadedLora
from tests.conformance.rules.names import ENCODER_NAMES, Names, by_flat_name, read_lora


class Kohya:
    """What kohya's scripts are documented to make of a file."""

    def embedding(self, path: Path, family: Shared) -> Mapping[str, Array]:
        """Take ``clip_l`` and ``clip_g`` for SDXL, else the first tensor."""
        tensors = load_file(path)
        if family != "sdxl":
            return {"text_encoder": np.atleast_2d(next(iter(tensors.values())))}
        pair = ("clip_l", "clip_g")
        return {name: tensors[key] for name, key in zip(ENCODER_NAMES[family], pair, strict=True)}

    def prompt(self, path: Path, family: Shared, text: str) -> Mapping[str, Array]:
        """Find the file's name; further vectors have it with a number, without an underscore."""
        vectors = self.embedding(path, family)
        count = len(vectors["text_encoder"])
        words = [path.stem, *(f"{path.stem}{number}" for number in range(1, count))]
        if any(words.count(word) > 1 for word in words):
            raise AssertionError("two vectors have the same name")
        times = text.split().count(path.stem)
        return {name: np.concatenate([rows] * times) for name, rows in vectors.items() if times}

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Match diffusers' names for SD 1 and 2 and the original ones for SDXL."""
        return read_lora(path, _lora_names(family))

    def told(self, path: Path) -> Mapping[str, str]:
        """Return nothing."""
        return {}


@cache
def _lora_names(family: Shared) -> Names:
    def spellings(layer: Layer) -> Iterator[tuple[str, str]]:
        if layer.component == "unet":
            yield "lora_unet_", layer.original if family == "sdxl" else layer.path
        elif family != "sdxl":
            yield "lora_te_", layer.original
        else:
            yield "lora_te1_" if layer.component == "text_encoder" else "lora_te2_", layer.original

    return by_flat_name(family, spellings)
