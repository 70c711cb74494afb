"""Writing files so that a reader sees the old one or the new one, whole, even after a power cut.

A temporary file in the same folder is written and fsynced, renamed over the final name, and then
the folder is fsynced. Without the two fsyncs a power cut loses acknowledged files.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TEMPORARY_PREFIX = ".tmp-"


def fsync_directory(folder: Path) -> None:
    """Make renames inside ``folder`` durable; nothing happens on Windows."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def temporary_beside(path: Path) -> Path:
    """Return an unused temporary path in the folder of ``path``; sweepers know it by its prefix."""
    return path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}-{path.name}")


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically and durably, or raise ``OSError`` leaving nothing."""
    atomic_write_chunks(path, (data,))


def atomic_write_chunks(path: Path, chunks: Iterable[bytes]) -> None:
    """Write ``chunks`` one after the other, as ``atomic_write_bytes`` does with all at once."""
    temporary = temporary_beside(path)
    try:
        with temporary.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    fsync_directory(path.parent)


def atomic_write_text(path: Path, text: str) -> None:
    """Write UTF-8 ``text`` to ``path`` atomically and durably; raises ``OSError``."""
    atomic_write_bytes(path, text.encode("utf-8"))


def atomic_write_json(path: Path, value: Any) -> None:
    """Write ``value`` as JSON to ``path`` atomically and durably; raises ``OSError``."""
    atomic_write_text(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True))


def publish_directory(prepared: Path, final: Path) -> None:
    """Rename the fully written folder ``prepared`` to ``final``, durably.

    Every file inside is fsynced first. Raises ``OSError`` when ``final`` exists and is not empty.
    """
    for path in sorted(prepared.rglob("*")):
        if path.is_file():
            # For writing, though nothing is: Windows syncs through no handle that may only read.
            with path.open("r+b") as file:
                os.fsync(file.fileno())
        elif path.is_dir():
            fsync_directory(path)
    fsync_directory(prepared)
    prepared.replace(final)
    fsync_directory(final.parent)
