"""Files ready to be sent: a name, a size, and the bytes, made only when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from textinv_app.formats.header import FloatArray, encode_safetensors

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class ReadyFile:
    """One file to be written or sent."""

    name: str
    """Relative, with ``/`` between folders."""
    size_bytes: int
    chunks: Callable[[], Iterator[bytes]]
    """Gives the bytes, from the beginning at each call; raises ``OSError``."""

    def read(self) -> bytes:
        """Return all bytes at once; raises ``OSError``."""
        return b"".join(self.chunks())


def ready_bytes(name: str, data: bytes) -> ReadyFile:
    """Return a file with this content."""
    return ReadyFile(name, len(data), lambda: iter((data,)))


def ready_text(name: str, text: str) -> ReadyFile:
    """Return a file with this text in UTF-8."""
    return ready_bytes(name, text.encode("utf-8"))


def ready_copy(name: str, path: Path) -> ReadyFile:
    """Return a copy of the file at ``path``; raises ``OSError`` where it is not there."""

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    return ReadyFile(name, path.stat().st_size, chunks)


def ready_tensors(
    name: str, tensors: Mapping[str, FloatArray], metadata: Mapping[str, str]
) -> ReadyFile:
    """Return a safetensors file; its tensors stay in memory. Raises as ``encode_safetensors``."""
    encoded = encode_safetensors(tensors, metadata)
    header = next(encoded)
    size_bytes = len(header) + sum(array.nbytes for array in tensors.values())
    first: list[Iterator[bytes]] = [chain((header,), encoded)]

    def chunks() -> Iterator[bytes]:
        # The header took a pass over all numbers for its hash; it is used at the first call.
        return first.pop() if first else encode_safetensors(tensors, metadata)

    return ReadyFile(name, size_bytes, chunks)
