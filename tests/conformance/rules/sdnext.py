"""SD.Next's rules: every tensor of an embedding counts, LoRAs are brought to diffusers' names."""

from __future__ import annotations

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
    read_metadata,
)


class SDNext:
    """What SD.Next is documented to make of a file."""

    def embedding(self, path: Path, family: Shared) -> Mapping[str, Array]:
        """Match every tensor to an encoder by its width; one too many and the file is skipped."""
        tensors = load_file(path)
        widths = ENCODER_WIDTHS[family]
        if sorted(vectors.shape[-1] for vectors in tensors.values()) != sorted(widths):
            return {}
        by_width = {vectors.shape[-1]: vectors for vectors in tensors.values()}
        if any(vectors.ndim != 2 for vectors in tensors.values()):
            raise AssertionError("a vector without a row is taken for one word a number")
        return {
            name: by_width[width] for name, width in zip(ENCODER_NAMES[family], widths, strict=True)
        }

    def prompt(self, path: Path, family: Shared, text: str) -> Mapping[str, Array]:
        """Find the file's name as it is spelled; it is a word of the tokenizer, case and all."""
        times = text.count(path.stem)
        vectors = self.embedding(path, family)
        return {name: np.concatenate([rows] * times) for name, rows in vectors.items() if times}

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Match diffusers' names; for SDXL the original ones are translated first."""
        return read_lora(path, _lora_names(family))

    def told(self, path: Path) -> Mapping[str, str]:
        """Return the version it lists the LoRA with, and the name for prompts."""
        metadata = read_metadata(path)
        version = metadata.get("ss_base_model_version", "")
        known = {"sd_v1": "sd1", "sdxl": "xl"}
        found = next((said for start, said in known.items() if version.startswith(start)), None)
        if found is None:
            found = "sd2" if metadata.get("ss_v2") == "True" else ""
        return {"version": found, "alias": metadata.get("ss_output_name", path.stem)}


@cache
def _lora_names(family: Shared) -> Names:
    def spellings(layer: Layer) -> Iterator[tuple[str, str]]:
        if layer.component == "unet":
            yield from (("lora_unet_", layer.path), ("lora_unet_", layer.original))
        elif family != "sdxl":
            yield "lora_te_", layer.original
        else:
            yield "lora_te1_" if layer.component == "text_encoder" else "lora_te2_", layer.original

    return by_flat_name(family, spellings)
