"""The files that every program is tried with: random numbers at full width, and trained ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tests.conformance.layers import FAMILIES, Layer, Shared, layers
from tests.conformance.loading import Array, Place, probe_change
from textinv_app.formats.embedding import write_embedding
from textinv_app.formats.families import TEXT_WIDTHS
from textinv_app.formats.lora import LoraModule, write_lora
from textinv_app.formats.metadata import FileFacts, build_metadata

WORD = "rexdog"
COUNTS = (1, 4, 8)
HALF_PRECISION = 2e-3
"""Relative error of a change whose two factors were rounded to float16."""


@dataclass(frozen=True)
class ExportedEmbedding:
    """An embedding as Petname wrote it, and the vectors it was given."""

    path: Path
    family: Shared
    vectors: Mapping[str, Array]

    @property
    def count(self) -> int:
        """Vectors of the word."""
        return len(self.vectors["text_encoder"])


@dataclass(frozen=True)
class ExportedLora:
    """A LoRA as Petname wrote it, and the modules it was given."""

    path: Path
    family: Shared
    modules: tuple[LoraModule, ...]
    tolerance: float = 1e-5
    """Relative error to be allowed; the random numbers fit float16 exactly."""

    @cached_property
    def expected(self) -> Mapping[Place, Array]:
        """What a program has to make of it."""
        return {
            (module.component, module.path): probe_change(
                module.down, module.up, module.alpha / module.rank
            )
            for module in self.modules
        }


@dataclass(frozen=True)
class Exported:
    """All files; the key of each is how tests name it."""

    embeddings: Mapping[str, ExportedEmbedding]
    loras: Mapping[str, ExportedLora]
    model: Path = Path()
    """Folder of the model of the real training."""


EMBEDDING_NAMES = (
    *(f"{family}-{count}-vectors" for family in FAMILIES for count in COUNTS),
    "sd1-trained",
)
LORA_NAMES = (
    *(f"{family}-as-trained-here" for family in FAMILIES),
    *(f"{family}-every-layer-alpha-1-of-rank-4" for family in FAMILIES),
    "sd1-trained",
)


def facts(family: Shared, **changes: Any) -> FileFacts:
    """Return what a file says about itself."""
    fields: dict[str, Any] = {
        "placeholder_token": WORD,
        "title": "Rex",
        "method": "embedding",
        "family": family,
        "kind": "subject",
        "base_model": {"sd1": "sd15", "sd2": "sd21", "sdxl": "sdxl"}[family],
        "resolution_pixels": 1024 if family == "sdxl" else 512,
        "steps": 300,
        "seed": 7,
        "created_at": "2026-01-02T03:04:05Z",
        "prediction_type": "v" if family == "sd2" else "epsilon",
        "num_photos": 6,
        "class_word": "dog",
        # What stands here is never decoded; its size is that of a usual one.
        "thumbnail_jpeg": bytes(20_000),
    }
    return FileFacts(**(fields | changes))


def write_random_files(folder: Path) -> Exported:
    """Write the files with random numbers, each into a folder of its own."""
    embeddings = {
        f"{family}-{count}-vectors": _random_embedding(folder, family, count)
        for family in FAMILIES
        for count in COUNTS
    }
    loras = {}
    for family in FAMILIES:
        trained = tuple(layer for layer in layers(family) if layer.trained)
        name = f"{family}-as-trained-here"
        loras[name] = _random_lora(folder / name, family, trained, alpha=4.0)
        name = f"{family}-every-layer-alpha-1-of-rank-4"
        loras[name] = _random_lora(folder / name, family, layers(family), alpha=1.0)
    return Exported(embeddings, loras)


def _random_embedding(folder: Path, family: Shared, count: int) -> ExportedEmbedding:
    generator = np.random.default_rng(count)
    names = ("text_encoder", "text_encoder_2")
    vectors: dict[str, Array] = {
        name: generator.normal(0, 0.02, (count, width)).astype(np.float32)
        for name, width in zip(names, TEXT_WIDTHS[family], strict=False)
    }
    path = _place(folder / f"{family}-{count}-vectors")
    write_embedding(path, vectors, build_metadata(facts(family, num_vectors=count)))
    return ExportedEmbedding(path, family, vectors)


def _random_lora(
    folder: Path, family: Shared, chosen: tuple[Layer, ...], alpha: float
) -> ExportedLora:
    modules = tuple(_random_modules(chosen, alpha))
    path = _place(folder)
    write_lora(path, family, modules, build_metadata(facts(family, method="lora", rank=4)))
    return ExportedLora(path, family, modules)


def _random_modules(chosen: tuple[Layer, ...], alpha: float) -> Iterator[LoraModule]:
    generator = np.random.default_rng(len(chosen))
    for layer in chosen:
        width_out, width_in, *kernel = layer.shape
        down = _random_half(generator, (4, width_in, *kernel))
        up = _random_half(generator, (width_out, 4, *(1 for _ in kernel)))
        yield LoraModule(layer.component, layer.path, down, up, alpha)


def _random_half(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return numbers that float16 holds exactly, also after a division by four."""
    return (generator.integers(-512, 513, shape) / 1024).astype(np.float32)


def _place(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder / f"{WORD}.safetensors"
