"""Textual inversion embeddings in the one form that every program accepts.

One tensor ``emb_params [n, d]`` for models with one text encoder, exactly ``clip_l [n, 768]`` and
``clip_g [n, 1280]`` for SDXL, all float32. Any further tensor makes some program refuse the file.
"""

from __future__ import annotations

import re
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

DIFFUSERS_FILE_NAMES = ("learned_embeds.safetensors", "learned_embeds_2.safetensors")
"""What diffusers looks for in a folder or repository: one file for each text encoder."""

_SINGLE_KEY = "emb_params"
_PAIR_KEYS = ("clip_l", "clip_g")
_STRING_TO_PARAM = re.compile(r"string_to_param[./]")
"""AUTOMATIC1111's dictionary, as those spell it who put it into safetensors."""
_XTI_LAYER = re.compile(r"(IN|MID|OUT)\d\d")
_KEYS_WITHOUT_MEANING = frozenset(
    {"emb_params", "emp_params", "clip_l", "clip_g", "clip_h", "embedding", "weight", "*", "tensor"}
)
_KEYS_OF_ENCODERS = {
    ("text_encoder",): (_SINGLE_KEY,),
    ("text_encoder", "text_encoder_2"): _PAIR_KEYS,
}


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
    arrays = _checked_arrays(vectors)
    keys = _KEYS_OF_ENCODERS[tuple(sorted(vectors))]
    write_safetensors(path, dict(zip(keys, arrays, strict=True)), metadata)


def _checked_arrays(vectors: Mapping[str, FloatArray]) -> list[FloatArray]:
    """Return the vectors as float32, by text encoder; raises ``ValueError``."""
    if tuple(sorted(vectors)) not in _KEYS_OF_ENCODERS:
        raise ValueError(f"unknown text encoders {sorted(vectors)}")
    arrays: list[FloatArray] = [
        np.asarray(vectors[name], dtype=np.float32) for name in sorted(vectors)
    ]
    counts = {array.shape[0] for array in arrays if array.ndim == 2}
    if any(array.ndim != 2 for array in arrays) or len(counts) != 1:
        raise ValueError("vectors must be 2-D and as many for each text encoder")
    if not 1 <= counts.pop() <= MAX_VECTORS:
        raise ValueError(f"an embedding has 1 to {MAX_VECTORS} vectors")
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("vectors must be finite")
    return arrays


def read_embedding(
    path: Path, known_widths: Mapping[Family, tuple[int, ...]] = TEXT_WIDTHS
) -> EmbeddingFile:
    """Read an embedding of any spelling: ours, diffusers', OneTrainer's, 1-D or 2-D.

    The family follows from the widths; where these are in no list of ``known_widths`` (models of
    unusual size), from the metadata. Raises ``FileRefused``.
    """
    return read_described_embedding(path, read_header(path), known_widths)


def read_described_embedding(
    path: Path, header: Header, known_widths: Mapping[Family, tuple[int, ...]] = TEXT_WIDTHS
) -> EmbeddingFile:
    """Read the embedding that ``header`` describes, which may be a part of the file's own.

    Raises ``FileRefused``.
    """
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


def is_canonical(header: Header) -> bool:
    """Tell whether an embedding is spelled as ``write_embedding`` spells it."""
    return tuple(sorted(header.tensors, reverse=True)) in _KEYS_OF_ENCODERS.values()


def looks_like_embedding(header: Header) -> bool:
    """Tell whether a file with this header is meant as an embedding, usable or not."""
    names = set(header.tensors)
    return (
        len(names) == 1
        or bool(names & {"clip_l", "clip_g", "emb_params", "emp_params"})
        or any(_STRING_TO_PARAM.match(name) or _XTI_LAYER.fullmatch(name) for name in names)
        or (bool(names) and all(name.startswith("<") for name in names))
    )


def name_inside(header: Header) -> str:
    """Return what an embedding file calls its word inside, as diffusers does; empty if nothing."""
    given = header.metadata.get("petname.inner_name", "")
    keys = tuple(header.tensors)
    if given or len(keys) != 1 or keys[0] in _KEYS_WITHOUT_MEANING:
        return given
    key = _STRING_TO_PARAM.sub("", keys[0]).strip("<>*. ")
    return key if key.isprintable() and len(key) <= 100 else ""


def _choose_keys(tensors: Mapping[str, TensorEntry]) -> tuple[str, ...]:
    if any(_XTI_LAYER.fullmatch(name) for name in tensors):
        raise FileRefused(
            "embedding.xti",
            "This is an XTI embedding, with its own vectors for each layer; only kohya's scripts "
            "can use it. Look for a plain textual inversion file.",
        )
    if any(name.startswith(("t5xxl", "t5_", "clip_t5")) for name in tensors):
        raise FileRefused(
            "embedding.other_model",
            "This embedding was made for another kind of model (such as Flux or Stable Diffusion "
            "3). Petname works with Crayon, Stable Diffusion 1.x, 2.x and XL.",
        )
    if set(_PAIR_KEYS) <= set(tensors):
        return _PAIR_KEYS
    for key in (_SINGLE_KEY, "emp_params"):
        if key in tensors:
            return (key,)
    if len(tensors) == 1:
        return tuple(tensors)
    words = [name for name in tensors if _STRING_TO_PARAM.match(name)]
    if len(words) == 1:
        return (words[0],)
    if words or all(name.startswith("<") for name in tensors):
        raise FileRefused(
            "embedding.several_words",
            f"This file holds {len(words or tensors)} words at once; Petname takes one from a "
            "file. Look for the words as files of their own.",
            words=len(words or tensors),
        )
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
    named = family_of_metadata(header.metadata)
    # The first half has the width of Stable Diffusion 1.x; only its metadata tell it apart.
    is_half = named == "sdxl" and len(widths) == 1
    for family, known in known_widths.items():
        if known == widths and not is_half:
            return family
    if is_half or widths == (TEXT_WIDTHS["sdxl"][1],):
        raise FileRefused(
            "embedding.half_of_sdxl",
            "This is one half of an SDXL embedding; the half for the other text encoder is "
            "missing. Look for a file that holds both, clip_l and clip_g.",
        )
    if named is not None and len(ENCODERS[named]) == len(widths):
        return named
    raise FileRefused(
        "embedding.unknown_width",
        f"This embedding has vectors of {' and '.join(map(str, widths))} numbers. Petname knows "
        "those for Crayon, Stable Diffusion 1.x, 2.x and XL.",
        width=widths[0],
    )
