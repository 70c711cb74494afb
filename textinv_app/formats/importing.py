"""Taking in a file from elsewhere: checked in full, then written anew in our own form."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from textinv_app.domain.concept import Family
from textinv_app.errors import FileRefused
from textinv_app.formats.bundles import read_bundled
from textinv_app.formats.embedding import (
    EmbeddingFile,
    looks_like_embedding,
    read_embedding,
    write_embedding,
)
from textinv_app.formats.families import CROSS_ATTENTION_WIDTHS, FAMILY_TITLES, TEXT_WIDTHS
from textinv_app.formats.foreign.converting import as_safetensors
from textinv_app.formats.header import FloatArray, read_header
from textinv_app.formats.inspecting import (
    Inspection,
    inspect,
    says_nothing,
    sounds_negative,
)
from textinv_app.formats.lora import LoraModule, write_lora
from textinv_app.formats.lora_reading import lora_shape, read_lora
from textinv_app.formats.metadata import ImportFacts, imported_metadata

MAX_EMBEDDING_BYTES = 64_000_000
MAX_LORA_BYTES = 1_000_000_000
MAX_ABSOLUTE_VALUE = 1_000.0
"""Vectors of CLIP's dictionary stay below 2; far larger numbers draw nothing but noise."""


def import_file(source: Path, destination: Path, name: str = "") -> Inspection:
    """Check a foreign file and write it to ``destination`` in the form every program accepts.

    The file may be safetensors, an old ``.pt`` or ``.bin``, or a picture with an embedding inside;
    the last two are read in a confined child. ``name`` is what it was called, without its ending,
    where that is not its name now. The stem of ``destination`` is the word of an embedding; a LoRA
    keeps the word it tells. Embeddings may have 64 MB, LoRAs 1 GB; the memory needed is about the
    size of the file. Returns what was written. Raises ``FileRefused`` with a plain sentence, in
    which case nothing was written, and ``OSError``.
    """
    with as_safetensors(source) as readable:
        return _import_readable(readable.path, destination, name or source.stem)


def import_bundled(source: Path, bundled_name: str, destination: Path) -> Inspection:
    """Check an embedding that came inside a LoRA file and write it to ``destination``.

    ``bundled_name`` is one of ``bundles.bundled_names``. Returns and raises as ``import_file``.
    """
    embedding = read_bundled(source, bundled_name)
    facts = ImportFacts(
        destination.stem,
        "embedding",
        embedding.family,
        num_vectors=embedding.num_vectors,
        is_negative=sounds_negative(bundled_name),
    )
    _write_imported_embedding(destination, embedding, facts)
    return inspect(destination)


def mark_negative(path: Path, is_negative: bool) -> Inspection:
    """Write an imported embedding anew, in place, as one for the negative prompt or for the prompt.

    Returns what was written. Raises ``FileRefused`` and ``OSError``.
    """
    embedding = read_embedding(path)
    facts = ImportFacts(
        path.stem,
        "embedding",
        embedding.family,
        num_vectors=embedding.num_vectors,
        is_negative=is_negative,
    )
    write_embedding(path, embedding.vectors, imported_metadata(embedding.metadata, facts))
    return inspect(path)


def _import_readable(source: Path, destination: Path, name: str) -> Inspection:
    if source.stat().st_size > MAX_LORA_BYTES:
        _refuse_by_name(source)
    _refuse_size(source, MAX_LORA_BYTES)
    found = inspect(source, name)
    _refuse_unusual_width(found)
    stem_is_word = found.kind == "embedding" or says_nothing(found.trigger_word)
    facts = ImportFacts(
        destination.stem if stem_is_word else found.trigger_word,
        found.kind,
        found.family,
        found.rank,
        num_vectors=found.num_vectors,
        is_negative=found.is_negative,
        file_stem=destination.stem,
    )
    if found.kind == "embedding":
        _refuse_size(source, MAX_EMBEDDING_BYTES)
        _write_imported_embedding(destination, read_embedding(source), facts)
    else:
        metadata = imported_metadata(found.metadata, facts)
        modules = read_lora(source, dtype=np.float16).modules
        _refuse_empty([module.up for module in modules if module.down.any() and module.alpha != 0])
        _refuse_wild_values([array for module in modules for array in (module.up, module.down)])
        _refuse_wild_alphas(modules)
        write_lora(destination, found.family, modules, metadata)
    return inspect(destination)


def _refuse_by_name(source: Path) -> None:
    """Refuse a whole model as what it is: that it is large is not what is wrong with it."""
    try:
        header = read_header(source)
        if not looks_like_embedding(header):
            lora_shape(header)
    except FileRefused as refused:
        if refused.code in {"file.whole_model", "file.other_kind"}:
            raise


def _write_imported_embedding(
    destination: Path, embedding: EmbeddingFile, facts: ImportFacts
) -> None:
    if embedding.widths != TEXT_WIDTHS[embedding.family]:
        raise _unusual_width(embedding.family)
    vectors = list(embedding.vectors.values())
    _refuse_empty(vectors)
    _refuse_wild_values(vectors)
    metadata = imported_metadata(embedding.metadata, facts)
    write_embedding(destination, embedding.vectors, metadata)


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
        raise _unusual_width(found.family)


def _unusual_width(family: Family) -> FileRefused:
    return FileRefused(
        "file.unusual_width",
        f"This file says that it was made for {FAMILY_TITLES[family]}, but its numbers do not fit "
        "that model.",
        made_for=FAMILY_TITLES[family],
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
