"""Textual inversion embeddings in the one form that every program accepts.

One tensor ``emb_params [n, d]`` for models with one text encoder, exactly ``clip_l [n, 768]`` and
``clip_g [n, 1280]`` for SDXL, all float32. Any further tensor makes some program refuse the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textinv_app.domain.concept import Family
from textinv_app.errors import FileRefused
from textinv_app.formats.families import ENCODERS, TEXT_WIDTHS, family_of_metadata
from textinv_app.formats.header import (
    FloatArray,
    Header,
    TensorEntry,
    read_header,
    read_tensors,
    write_safetensors,
)

MAX_VECTORS = 75
"""More do not fit between the start and the end token of a prompt of 77."""

_SINGLE_KEY = "emb_params"
_PAIR_KEYS = ("clip_l", "clip_g")


@dataclass(frozen=True)
class EmbeddingFile:
    """The content of an embedding file: float32 vectors ``[n, width]`` by text encoder.

    Keys of ``vectors`` are ``text_encoder`` and, for SDXL, ``text_encoder_2``.
    """

    family: Family
    vectors: Mapping[str, FloatArray]
    metadata: Mapping[str, str]

    @property
    def num_vectors(self) -> int:
        """Vectors of the word, the same for every text encoder."""
        return int(self.vectors["text_encoder"].shape[0])

    @property
    def widths(self) -> tuple[int, ...]:
        """Width of a vector for each text encoder."""
        return tuple(int(array.shape[1]) for array in self.vectors.values())


@dataclass(frozen=True)
class EmbeddingShape:
    """What the header of an embedding file tells before any number is read."""

    family: Family
    keys: tuple[str, ...]
    """Names of the tensors in the file, in the order of the text encoders."""
    num_vectors: int
    widths: tuple[int, ...]


def write_embedding(
    path: Path, vectors: Mapping[str, FloatArray], metadata: Mapping[str, str]
) -> None:
    """Write an embedding file, atomically and the same to the byte each time.

    ``vectors`` maps ``text_encoder`` (and ``text_encoder_2`` for SDXL) to ``[n, width]`` arrays of
    any float type, written as float32. Raises ``ValueError`` when a name, a shape or a value is
    wrong, and ``OSError``.
    """
    keys = {
        ("text_encoder",): (_SINGLE_KEY,),
        ("text_encoder", "text_encoder_2"): _PAIR_KEYS,
    }.get(tuple(sorted(vectors)))
    if keys is None:
        raise ValueError(f"unknown text encoders {sorted(vectors)}")
    arrays = [np.asarray(vectors[name], dtype=np.float32) for name in sorted(vectors)]
    counts = {array.shape[0] for array in arrays if array.ndim == 2}
    if any(array.ndim != 2 for array in arrays) or len(counts) != 1:
        raise ValueError("vectors must be 2-D and as many for each text encoder")
    if not 1 <= counts.pop() <= MAX_VECTORS:
        raise ValueError(f"an embedding has 1 to {MAX_VECTORS} vectors")
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("vectors must be finite")
    write_safetensors(path, dict(zip(keys, arrays, strict=True)), metadata)


def read_embedding(
    path: Path, known_widths: Mapping[Family, tuple[int, ...]] = TEXT_WIDTHS
) -> EmbeddingFile:
    """Read an embedding of any spelling: ours, diffusers', OneTrainer's, 1-D or 2-D.

    The family follows from the widths; where these are in no list of ``known_widths`` (models of
    unusual size), from the metadata. Raises ``FileRefused``.
    """
    header = read_header(path)
    shape = embedding_shape(header, known_widths)
    tensors = read_tensors(path, header, wanted=lambda name: name in shape.keys)
    vectors = {
        encoder: tensors[key].reshape(shape.num_vectors, width)
        for encoder, key, width in zip(
            ENCODERS[shape.family], shape.keys, shape.widths, strict=True
        )
    }
    return EmbeddingFile(shape.family, vectors, header.metadata)


def embedding_shape(
    header: Header, known_widths: Mapping[Family, tuple[int, ...]] = TEXT_WIDTHS
) -> EmbeddingShape:
    """Tell what kind of embedding a header describes, without reading any numbers.

    Raises ``FileRefused`` when it describes no embedding that Petname can use.
    """
    keys = _choose_keys(header.tensors)
    entries = [header.tensors[key] for key in keys]
    shapes = [_two_dimensions(entry) for entry in entries]
    if len({count for count, _ in shapes}) != 1:
        raise FileRefused(
            "embedding.uneven",
            "The two halves of this SDXL embedding have different lengths: the file is broken.",
        )
    num_vectors, widths = shapes[0][0], tuple(width for _, width in shapes)
    if not 1 <= num_vectors <= MAX_VECTORS:
        raise FileRefused(
            "embedding.too_long",
            f"This embedding has {num_vectors} vectors; a prompt has room for {MAX_VECTORS}.",
            vectors=num_vectors,
        )
    return EmbeddingShape(_family(widths, header, known_widths), keys, num_vectors, widths)


def looks_like_embedding(header: Header) -> bool:
    """Tell whether a file with this header is meant as an embedding, usable or not."""
    names = set(header.tensors)
    return bool(names & {"clip_l", "clip_g", "emb_params", "emp_params", "IN01"}) or (
        len(names) == 1
    )


def _choose_keys(tensors: Mapping[str, TensorEntry]) -> tuple[str, ...]:
    if "IN01" in tensors:
        raise FileRefused(
            "embedding.xti",
            "This is an XTI embedding, with its own vectors for each layer; only kohya's scripts "
            "can use it. Look for a plain textual inversion file.",
        )
    if set(_PAIR_KEYS) <= set(tensors):
        return _PAIR_KEYS
    for key in (_SINGLE_KEY, "emp_params"):
        if key in tensors:
            return (key,)
    if len(tensors) == 1:
        return tuple(tensors)
    raise FileRefused(
        "file.unknown_kind",
        "This file is neither an embedding nor a LoRA that Petname knows.",
        tensors=len(tensors),
    )


def _two_dimensions(entry: TensorEntry) -> tuple[int, int]:
    if len(entry.shape) == 1:
        return 1, entry.shape[0]
    if len(entry.shape) == 2:
        return entry.shape[0], entry.shape[1]
    raise FileRefused(
        "embedding.wrong_shape",
        "The table of numbers in this file does not have the shape of an embedding.",
        dimensions=len(entry.shape),
    )


def _family(
    widths: tuple[int, ...], header: Header, known_widths: Mapping[Family, tuple[int, ...]]
) -> Family:
    for family, known in known_widths.items():
        if known == widths:
            return family
    if widths == (TEXT_WIDTHS["sdxl"][1],):
        raise FileRefused(
            "embedding.half_of_sdxl",
            "This is one half of an SDXL embedding; the half for the other text encoder is "
            "missing. Look for a file that holds both, clip_l and clip_g.",
        )
    named = family_of_metadata(header.metadata)
    if named is not None and len(ENCODERS[named]) == len(widths):
        return named
    raise FileRefused(
        "embedding.unknown_width",
        f"This embedding has vectors of {' and '.join(map(str, widths))} numbers. Petname knows "
        "those for Crayon, Stable Diffusion 1.x, 2.x and XL.",
        width=widths[0],
    )
