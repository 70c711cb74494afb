"""The throw-away process that reads strangers' old files and pictures.

Started as ``python -m textinv_app.formats.foreign.child pickle|picture`` with the file as standard
input and an empty file as standard output, where it writes the same numbers as ``.safetensors``.
The last line of standard error is its verdict, one JSON object::

    {"ok": true, "peak_memory_bytes": 41000000, "seconds": 0.2}
    {"ok": false, "code": "file.pickle_program", "details": {"name": "posix.system"}, ...}

It needs no other file and no network, so it has none (``confinement``); memory and time are limited
by the kernel. An error that no reader is known to raise is a bug: it ends the process, and the
parent refuses that one file.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any, BinaryIO

from textinv_app.errors import FileRefused
from textinv_app.formats.foreign import limits
from textinv_app.formats.foreign.confinement import PeakMemory, confine
from textinv_app.formats.foreign.containers import read_container
from textinv_app.formats.foreign.gathering import Gathered, gather
from textinv_app.formats.foreign.refusals import refusal
from textinv_app.formats.header import encode_safetensors

Reader = Callable[[bytes], object]


def choose_reader(kind: str) -> tuple[Reader, int]:
    """Return the reader of a kind of file and its largest size in bytes; imports what it needs."""
    if kind == "picture":
        from textinv_app.formats.foreign.pictures import prepare_pictures, read_picture

        prepare_pictures()
        return read_picture, limits.MAX_PICTURE_BYTES
    return read_container, limits.MAX_PICKLE_BYTES


def answer(kind: str, source: BinaryIO, destination: BinaryIO, reading: tuple[Reader, int]) -> Any:
    """Read one file, write it anew and return the verdict."""
    read, limit_bytes = reading
    try:
        data = source.read(limit_bytes + 1)
        if len(data) > limit_bytes:
            raise refusal("file.damaged", reason="it grew while it was read")
        found = gather(read(data))
        _write(destination, found, _metadata(kind, found))
    except FileRefused as refused:
        return {"ok": False, "code": refused.code, "details": refused.details}
    except MemoryError:
        return {"ok": False, "code": "file.too_much_memory", "details": {}}
    return {"ok": True}


def _write(destination: BinaryIO, found: Gathered, metadata: dict[str, str]) -> None:
    try:
        for chunk in encode_safetensors(found.tensors, metadata):
            destination.write(chunk)
    except ValueError as error:
        # So many long names that the new file would have no room for them.
        raise refusal("file.unknown_kind") from error
    destination.flush()


def _metadata(kind: str, found: Gathered) -> dict[str, str]:
    metadata = {}
    name = found.name.strip()
    if name.isprintable() and 0 < len(name) <= 100:
        metadata["petname.inner_name"] = name
        # The programs that read these go by the name inside a picture, and by the file's otherwise.
        if kind == "picture":
            metadata["modelspec.trigger_phrase"] = name
    if found.steps is not None:
        metadata["ss_steps"] = str(found.steps)
    return metadata


def main() -> None:
    """Read the file on standard input and say what became of it."""
    kind = sys.argv[1]
    reading = choose_reader(kind)
    peak = PeakMemory()
    confine(peak.descriptor)
    verdict = answer(kind, sys.stdin.buffer, sys.stdout.buffer, reading)
    verdict["peak_memory_bytes"] = peak.read()
    verdict["seconds"] = round(time.process_time(), 3)
    sys.stderr.write("\n" + json.dumps(verdict) + "\n")


if __name__ == "__main__":
    main()
