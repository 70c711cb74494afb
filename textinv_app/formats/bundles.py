"""Embeddings that travel inside a LoRA file, as OneTrainer and others bundle them.

Their keys are ``bundle_emb.NAME.clip_l`` (and ``clip_g``) or ``bundle_emb.NAME.string_to_param.*``.
diffusers refuses such a file whole, so the two are kept apart (``Lora/networks.py`` of
AUTOMATIC1111 tells how they are read there).
"""

from __future__ import annotations

from pathlib import Path

from textinv_app.formats.embedding import EmbeddingFile, read_described_embedding
from textinv_app.formats.header import Header, TensorEntry, read_header

_PREFIX = "bundle_emb."


def bundled_names(header: Header) -> tuple[str, ...]:
    """Return the names of the embeddings bundled into a LoRA file, sorted."""
    return tuple(sorted(_bundles(header)))


def read_bundled(path: Path, name: str) -> EmbeddingFile:
    """Read one bundled embedding by its name; raises ``FileRefused`` and ``KeyError``."""
    header = read_header(path)
    part = Header({}, _bundles(header)[name], header.size_bytes)
    return read_described_embedding(path, part)


def _bundles(header: Header) -> dict[str, dict[str, TensorEntry]]:
    bundles: dict[str, dict[str, TensorEntry]] = {}
    for key, entry in header.tensors.items():
        if key.startswith(_PREFIX):
            name, _, rest = key.removeprefix(_PREFIX).partition(".")
            bundles.setdefault(name, {})[rest] = entry
    return bundles
