"""ZIP archives that are the same to the byte each time and can be sent while they are made.

Members are stored, not packed: models and pictures do not get smaller, and the size is known
before the first byte, so that a browser can show how far a download is.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence

from textinv_app.formats.encoding import ReadyFile

_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that the format knows."""
_UNIX = 3
_LOCAL_HEADER_BYTES = 30
_DESCRIPTOR_BYTES = 16
_ENTRY_BYTES = 46
_END_BYTES = 22


class _Sink:
    """What is written, to be taken away piece by piece; it cannot be gone back in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Take a piece."""
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def take(self) -> bytes:
        """Give away what has come in since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def zip_chunks(files: Sequence[ReadyFile]) -> Iterator[bytes]:
    """Yield the bytes of an archive of these files, by name; raises ``OSError``."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        for file in sorted(files, key=lambda one: one.name):
            entry = zipfile.ZipInfo(file.name, _TIME)
            # Else it would say which system it was made on.
            entry.create_system = _UNIX
            entry.external_attr = 0o644 << 16
            entry.file_size = file.size_bytes
            with archive.open(entry, "w") as member:
                for chunk in file.chunks():
                    member.write(chunk)
                    yield sink.take()
    yield sink.take()


def zip_size_bytes(files: Sequence[ReadyFile]) -> int:
    """Return the size of the archive that ``zip_chunks`` makes; for less than 4 GB."""
    names = sum(len(file.name.encode("utf-8")) for file in files)
    overhead = _LOCAL_HEADER_BYTES + _DESCRIPTOR_BYTES + _ENTRY_BYTES
    content = sum(file.size_bytes for file in files)
    return content + overhead * len(files) + 2 * names + _END_BYTES
