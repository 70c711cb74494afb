"""The safetensors container: written the same to the byte each time, read with distrust.

The published library writes metadata in random order, so two saves of the same weights differ;
here everything is sorted. Layout: 8 bytes little-endian header length, a JSON header padded with
spaces to a multiple of 8, then the tensors without gaps
(https://github.com/huggingface/safetensors#format).
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from textinv_app.errors import FileRefused
from textinv_app.formats.sniffing import refuse_if_not_safetensors
from textinv_app.runs.atomic import fsync_directory, temporary_beside

FloatArray = NDArray[np.floating[Any]]

MAX_WRITTEN_HEADER_BYTES = 500_000
"""ComfyUI shows the metadata of headers up to 1 MB only; ours stay well below."""
MAX_READ_HEADER_BYTES = 1_000_000
MAX_READ_TENSORS = 5_000

HASH_KEYS = {"sshs_model_hash": "{}", "modelspec.hash_sha256": "0x{}"}
"""Metadata filled with the SHA-256 of the tensor region, and how each is spelled."""

_DTYPE_NAMES = {"float64": "F64", "float32": "F32", "float16": "F16"}
_DTYPE_BYTES = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2,
    "U16": 2, "I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
}  # fmt: skip
_READABLE = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4"}


@dataclass(frozen=True)
class TensorEntry:
    """Where one tensor lies: ``start`` and ``end`` are bytes from the beginning of the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def num_values(self) -> int:
        """Number of values in the tensor; 1 for a 0-d one."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Header:
    """The checked header of a file: metadata and tensors by name."""

    metadata: Mapping[str, str]
    tensors: Mapping[str, TensorEntry]
    size_bytes: int
    """Size of the whole file."""


def encode_safetensors(
    tensors: Mapping[str, FloatArray], metadata: Mapping[str, str]
) -> Iterator[bytes]:
    """Yield the bytes of a file with these tensors, the same for the same content.

    Tensors of wider values come first, so that each is aligned; then by name. The keys of
    ``HASH_KEYS`` are filled in where ``metadata`` holds them. Only one tensor at a time is copied.
    Raises ``ValueError`` for a dtype other than float16, float32 and float64, text that is not
    text, or a header over 500 KB; all before the first bytes.
    """
    for key, value in metadata.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ValueError(f"metadata must be text, {key!r} is not")
    names = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    entries: dict[str, dict[str, object]] = {}
    digest = hashlib.sha256()
    offset = 0
    for name in names:
        array = tensors[name]
        if array.dtype.name not in _DTYPE_NAMES:
            raise ValueError(f"{name}: cannot write {array.dtype.name}")
        digest.update(_little_endian(array))
        entries[name] = {
            "dtype": _DTYPE_NAMES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    hashes = {key: spelling.format(digest.hexdigest()) for key, spelling in HASH_KEYS.items()}
    yield _encode_header(entries, {k: hashes.get(k, value) for k, value in metadata.items()})
    for name in names:
        yield _little_endian(tensors[name])


def _little_endian(array: FloatArray) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes(order="C")


def _encode_header(entries: dict[str, dict[str, object]], metadata: Mapping[str, str]) -> bytes:
    content: dict[str, object] = {}
    if metadata:
        content["__metadata__"] = {key: metadata[key] for key in sorted(metadata)}
    content.update(entries)
    encoded = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    encoded += b" " * (-len(encoded) % 8)
    if len(encoded) > MAX_WRITTEN_HEADER_BYTES:
        raise ValueError(f"header of {len(encoded)} bytes is over {MAX_WRITTEN_HEADER_BYTES}")
    return len(encoded).to_bytes(8, "little") + encoded


def write_safetensors(
    path: Path, tensors: Mapping[str, FloatArray], metadata: Mapping[str, str]
) -> None:
    """Write a file atomically and durably, its bytes as of ``encode_safetensors``.

    Raises ``ValueError`` as ``encode_safetensors`` does, and ``OSError``.
    """
    temporary = temporary_beside(path)
    try:
        with temporary.open("wb") as file:
            for chunk in encode_safetensors(tensors, metadata):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, ValueError):
        temporary.unlink(missing_ok=True)
        raise
    fsync_directory(path.parent)


def read_header(path: Path) -> Header:
    """Read and check the header of a file that may be foreign or hostile.

    Raises ``FileRefused`` when it is no safetensors file (told by content, never by name), when
    the header is over 1 MB or names over 5,000 tensors, or when it does not describe the file
    exactly: names twice, places outside the file, overlaps, gaps, sizes that disagree.
    """
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        refuse_if_not_safetensors(file.read(512), size_bytes)
        file.seek(0)
        length = int.from_bytes(file.read(8), "little")
        if length > MAX_READ_HEADER_BYTES:
            raise FileRefused(
                "file.header_too_large",
                "This file describes itself at more length than any embedding or LoRA does, "
                "so it was not opened.",
                header_bytes=length,
            )
        if 8 + length > size_bytes:
            raise damaged("the file ends before its header does")
        content = _parse_json(file.read(length))
    metadata = _check_metadata(content.pop("__metadata__", {}))
    if len(content) > MAX_READ_TENSORS:
        raise FileRefused(
            "file.too_many_tensors",
            f"This file holds {len(content)} tables of numbers, more than any embedding or LoRA "
            "that Petname knows.",
            tensors=len(content),
        )
    entries = [_check_entry(name, value, 8 + length) for name, value in content.items()]
    _check_places(entries, 8 + length, size_bytes)
    return Header(metadata, {entry.name: entry for entry in entries}, size_bytes)


def damaged(reason: str) -> FileRefused:
    """Return the error for a file that is not whole; ``reason`` is for the log and experts."""
    return FileRefused(
        "file.damaged",
        f"This file is damaged or only half downloaded ({reason}). Download it again.",
        reason=reason,
    )


def _parse_json(encoded: bytes) -> dict[str, Any]:
    try:
        content = json.loads(encoded.decode("utf-8"), object_pairs_hook=_unique_pairs)
        # Halves of surrogate pairs pass as JSON but are no text.
        json.dumps(content, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise damaged("its header cannot be read") from error
    if not isinstance(content, dict):
        raise damaged("its header is no table of contents")
    return content


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise damaged("a name stands in its header twice")
    return content


def _check_metadata(metadata: Any) -> dict[str, str]:
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise damaged("its description is not text")
    return metadata


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _check_entry(name: str, value: Any, data_start: int) -> TensorEntry:
    fields = value if isinstance(value, dict) else {}
    dtype, shape, places = (fields.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str) or dtype not in _DTYPE_BYTES:
        raise damaged("a tensor has an unknown type of numbers")
    if not isinstance(shape, list) or len(shape) > 8 or not all(map(_is_size, shape)):
        raise damaged("a tensor has an impossible shape")
    if not isinstance(places, list) or len(places) != 2 or not all(map(_is_size, places)):
        raise damaged("a tensor has an impossible place")
    entry = TensorEntry(name, dtype, tuple(shape), data_start + places[0], data_start + places[1])
    if entry.num_values * _DTYPE_BYTES[dtype] != entry.end - entry.start:
        raise damaged("the size of a tensor disagrees with its shape")
    return entry


def _check_places(entries: list[TensorEntry], data_start: int, size_bytes: int) -> None:
    position = data_start
    for entry in sorted(entries, key=lambda entry: (entry.start, entry.end)):
        if entry.start < position:
            raise damaged("two tensors lie over each other")
        if entry.start > position:
            raise damaged("there is a gap between two tensors")
        position = entry.end
    if position > size_bytes:
        raise damaged("the file ends before its last tensor does")
    if position < size_bytes:
        raise damaged("there is something behind the last tensor")


def read_tensor(
    file: BinaryIO, entry: TensorEntry, dtype: type[np.floating[Any]] = np.float32
) -> FloatArray:
    """Read one tensor of an open file as ``dtype``; bfloat16 is widened exactly.

    Raises ``FileRefused`` when the numbers are of a type that is no float (or whole number), or
    when a value is NaN or infinite, also after the conversion to ``dtype``.
    """
    if entry.dtype not in _READABLE:
        raise FileRefused(
            "file.unknown_number_type",
            f"The numbers in this file are stored as {entry.dtype}, which Petname does not read. "
            "Look for a version saved as fp16 or fp32.",
            dtype=entry.dtype,
        )
    file.seek(entry.start)
    content = file.read(entry.end - entry.start)
    if len(content) != entry.end - entry.start:
        raise damaged("the file ends before its last tensor does")
    stored = np.frombuffer(content, dtype=_READABLE[entry.dtype])
    if entry.dtype == "BF16":
        # bfloat16 is the upper half of a float32.
        stored = (stored.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        array = stored.astype(dtype).reshape(entry.shape)
    if not np.isfinite(array).all():
        raise FileRefused(
            "file.not_finite",
            "Some numbers in this file are not numbers at all (NaN or infinite): the training "
            "that made it went wrong. It would only draw black or grey pictures.",
            tensor=entry.name,
        )
    return array


def read_tensors(
    path: Path,
    header: Header,
    wanted: Callable[[str], bool] | None = None,
    dtype: type[np.floating[Any]] = np.float32,
) -> dict[str, FloatArray]:
    """Read the tensors whose names are ``wanted`` (None: all); raises as ``read_tensor`` does."""
    with path.open("rb") as file:
        return {
            name: read_tensor(file, entry, dtype)
            for name, entry in header.tensors.items()
            if wanted is None or wanted(name)
        }
