"""Taking in a file from elsewhere: checked in full, then written anew in our own form."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from textinv_app.errors import FileRefused
from textinv_app.formats.embedding import read_embedding, write_embedding
from textinv_app.formats.families import CROSS_ATTENTION_WIDTHS, TEXT_WIDTHS
from textinv_app.formats.header import FloatArray
from textinv_app.formats.inspecting import Inspection, inspect
from textinv_app.formats.lora import LoraModule, write_lora
from textinv_app.formats.lora_reading import read_lora
from textinv_app.formats.metadata import ImportFacts, imported_metadata

MAX_EMBEDDING_BYTES = 64_000_000
MAX_LORA_BYTES = 1_000_000_000
MAX_ABSOLUTE_VALUE = 1_000.0
"""Vectors of CLIP's dictionary stay below 2; far larger numbers draw nothing but noise."""


def import_file(source: Path, destination: Path) -> Inspection:
    """Check a foreign file and write it to ``destination`` in the form every program accepts.

    The stem of ``destination`` is the word it will be used by. Embeddings may have 64 MB, LoRAs
    1 GB; the memory needed is about the size of the file. Returns what was written. Raises
    ``FileRefused`` with a plain sentence, in which case nothing was written, and ``OSError``.
    """
    _refuse_size(source, MAX_LORA_BYTES)
    found = inspect(source)
    _refuse_unusual_width(found)
    facts = ImportFacts(destination.stem, found.kind, found.family, found.rank)
    metadata = imported_metadata(found.metadata, facts)
    if found.kind == "embedding":
        _refuse_size(source, MAX_EMBEDDING_BYTES)
        metadata["modelspec.is_negative_embedding"] = "true" if found.is_negative else "false"
        vectors = read_embedding(source).vectors
        _refuse_empty(list(vectors.values()))
        _refuse_wild_values(list(vectors.values()))
        write_embedding(destination, vectors, metadata)
    else:
        modules = read_lora(source, dtype=np.float16).modules
        _refuse_empty([module.up for module in modules if module.down.any() and module.alpha != 0])
        _refuse_wild_values([array for module in modules for array in (module.up, module.down)])
        _refuse_wild_alphas(modules)
        write_lora(destination, found.family, modules, metadata)
    return inspect(destination)


def _refuse_size(source: Path, limit_bytes: int) -> None:
    size_bytes = source.stat().st_size
    if size_bytes > limit_bytes:
        raise FileRefused(
            "file.too_large",
            f"This file has {size_bytes // 1_000_000} MB; the limit is "
            f"{limit_bytes // 1_000_000} MB.",
            size_mb=size_bytes // 1_000_000,
            limit_mb=limit_bytes // 1_000_000,
        )


def _refuse_unusual_width(found: Inspection) -> None:
    """Refuse what names a family in its metadata but has not the width of its models."""
    usual = TEXT_WIDTHS[found.family]
    if found.kind == "lora":
        usual = (CROSS_ATTENTION_WIDTHS[found.family],)
    if found.widths and found.widths != usual:
        raise FileRefused(
            "file.unusual_width",
            f"This file says that it was made for {found.family_title}, but its numbers do not "
            "fit that model.",
            made_for=found.family_title,
        )


def _refuse_empty(arrays: list[FloatArray]) -> None:
    if not any(array.any() for array in arrays):
        raise FileRefused(
            "file.all_zero", "Every number in this file is zero: there is nothing in it."
        )


def _refuse_wild_values(arrays: list[FloatArray]) -> None:
    if any(float(np.abs(array).max()) > MAX_ABSOLUTE_VALUE for array in arrays):
        raise FileRefused(
            "file.wild_values",
            "Some numbers in this file are thousands of times too large: the training that made "
            "it went wrong. It would only draw noise.",
        )


def _refuse_wild_alphas(modules: tuple[LoraModule, ...]) -> None:
    """Refuse an alpha that would scale a change beyond what float16 holds."""
    for module in modules:
        scale = module.alpha / module.rank
        if not 0 <= scale * float(np.abs(module.up).max()) <= MAX_ABSOLUTE_VALUE:
            raise FileRefused(
                "lora.wild_alpha",
                "The strength written in this LoRA is far too large or below zero: the file is "
                "broken.",
                alpha=module.alpha,
            )
