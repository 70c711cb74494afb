"""Makes files for the tests of the formats room: raw safetensors bytes and tiny LoRAs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from textinv_app.domain.concept import Family
from textinv_app.formats.lora import LoraModule
from textinv_app.formats.metadata import FileFacts

SINGLE_FAMILIES: tuple[tuple[Family, int], ...] = (("crayon", 256), ("sd1", 768), ("sd2", 1024))


def raw_file(path: Path, header: Any, data: bytes = b"") -> Path:
    """Write a file with any header, sound or not (bytes are taken as they are)."""
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + data)
    return path


def entry(shape: list[int], start: int, end: int, dtype: str = "F32") -> dict[str, Any]:
    """Return the header entry of one tensor."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def save_with_library(
    path: Path, tensors: Mapping[str, np.ndarray], metadata: dict[str, str] | None = None
) -> Path:
    """Write a file as other programs do, with the published library."""
    from safetensors.numpy import save_file

    save_file(dict(tensors), path, metadata=metadata)
    return path


def random_vectors(family: Family, widths: tuple[int, ...], count: int) -> dict[str, np.ndarray]:
    """Return random vectors for a family, the same each time."""
    generator = np.random.default_rng(count)
    names = ("text_encoder", "text_encoder_2")
    return {
        name: generator.normal(0, 0.02, (count, width)).astype(np.float32)
        for name, width in zip(names, widths, strict=False)
    }


def lora_module(
    path: str, shapes: tuple[int, int, int], component: Any = "unet", alpha: float | None = None
) -> LoraModule:
    """Return a module of random half-precision numbers; ``shapes`` are in, rank and out."""
    width_in, rank, width_out = shapes
    generator = np.random.default_rng(len(path))
    down = generator.normal(0, 0.1, (rank, width_in)).astype(np.float16).astype(np.float32)
    up = generator.normal(0, 0.1, (width_out, rank)).astype(np.float16).astype(np.float32)
    return LoraModule(component, path, down, up, float(rank) if alpha is None else alpha)


def cross_attention_modules(width: int, rank: int = 4) -> list[LoraModule]:
    """Return modules of one attention layer, the width of its text telling the family."""
    block = "down_blocks.1.attentions.0.transformer_blocks.0"
    return [
        lora_module(f"{block}.attn1.to_q", (32, rank, 32)),
        lora_module(f"{block}.attn2.to_k", (width, rank, 32)),
        lora_module(f"{block}.attn2.to_out.0", (32, rank, 32)),
        lora_module(f"{block}.ff.net.0.proj", (32, rank, 64)),
    ]


def facts(**changes: Any) -> FileFacts:
    """Return facts for metadata, with ``changes``."""
    values: dict[str, Any] = {
        "placeholder_token": "rexdog",
        "title": "Rex",
        "method": "embedding",
        "family": "sd1",
        "kind": "subject",
        "base_model": "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "resolution_pixels": 512,
        "steps": 300,
        "seed": 7,
        "created_at": "2026-01-02T03:04:05Z",
        "num_photos": 6,
        "class_word": "dog",
    }
    return FileFacts(**(values | changes))
