"""ComfyUI's rules: tensors are chosen by their keys, prompts weighed by brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from tests.conformance.layers import Layer, Shared
from tests.conformance.loading import Array, LoadedLora
from tests.conformance.rules.names import (
    ENCODER_NAMES,
    ENCODER_WIDTHS,
    Names,
    by_flat_name,
    read_lora,
)

_KEYS: dict[Shared, tuple[str, ...]] = {
    "sd1": ("clip_l",),
    "sd2": ("clip_h",),
    "sdxl": ("clip_l", "clip_g"),
}
_IDENTIFIER = "embedding:"


class ComfyUI:
    """What ComfyUI is documented to make of a file."""

    def embedding(self, path: Path, family: Shared) -> Mapping[str, Array]:
        """Take the tensor of the encoder's own key, else the first; other widths are ignored."""
        tensors = load_file(path)
        found = {}
        for name, key, width in zip(
            ENCODER_NAMES[family], _KEYS[family], ENCODER_WIDTHS[family], strict=True
        ):
            vectors = tensors.get(key, next(iter(tensors.values())))
            if vectors.shape[-1] == width:
                found[name] = np.atleast_2d(vectors)
        return found

    def prompt(self, path: Path, family: Shared, text: str) -> Mapping[str, Array]:
        """Find ``embedding:`` behind a space or at the start; return vectors and their weights."""
        parts = [
            (self.embedding(path.with_name(file), family), weight)
            for stem, weight in words_in(text)
            for file in (stem, f"{stem}.safetensors")
            if path.with_name(file).is_file()
        ]
        found: dict[str, Array] = {}
        for name in ENCODER_NAMES[family]:
            vectors = [(part[name], weight) for part, weight in parts if name in part]
            if vectors:
                found[name] = np.concatenate([rows for rows, _ in vectors])
                weights = [np.full(len(rows), weight) for rows, weight in vectors]
                found[f"{name}.weights"] = np.concatenate(weights)
        return found

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Match names in both numberings of the UNet and with every prefix of the encoders."""
        return read_lora(path, _lora_names(family))

    def told(self, path: Path) -> Mapping[str, str]:
        """Return nothing: files are chosen from a list by name."""
        return {}


@cache
def _lora_names(family: Shared) -> Names:
    def spellings(layer: Layer) -> Iterator[tuple[str, str]]:
        if layer.component == "unet":
            yield from (("lora_unet_", layer.path), ("lora_unet_", layer.original))
        elif layer.component == "text_encoder":
            yield from (("lora_te_", layer.original), ("lora_te1_", layer.original))
        else:
            yield "lora_te2_", layer.original

    return by_flat_name(family, spellings)


def words_in(text: str) -> Iterator[tuple[str, float]]:
    """Yield the names behind ``embedding:`` with their weights; a comma behind one is dropped."""
    for segment, weight in _weighted(text, 1.0):
        for match in re.finditer(rf"(?:^|[ \n]){_IDENTIFIER}(\S+)", segment):
            yield match.group(1).rstrip(","), weight


def _weighted(text: str, weight: float) -> Iterator[tuple[str, float]]:
    """Yield the text in pieces: brackets weigh 1.1 times as much, or what stands behind a colon."""
    for piece in _pieces(text):
        if not (piece.startswith("(") and piece.endswith(")")):
            yield piece, weight
            continue
        inner = piece[1:-1]
        head, colon, tail = inner.rpartition(":")
        number = _number(tail) if colon and head else None
        if number is None:
            yield from _weighted(inner, weight * 1.1)
        else:
            yield from _weighted(head, number)


def _pieces(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for index, character in enumerate(text):
        if character == "(":
            if depth == 0 and index > start:
                yield text[start:index]
                start = index
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                yield text[start : index + 1]
                start = index + 1
    if start < len(text):
        yield text[start:]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
