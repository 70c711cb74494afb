"""The parent's side of the reading child: any file in, a safetensors file to read out.

Files of the old kind are programs, so they are opened in a process that can do nothing else
(``confinement``), and what it writes is checked with the same distrust as any safetensors file.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import textinv_app
from textinv_app.errors import Detail
from textinv_app.formats.foreign import limits
from textinv_app.formats.foreign.refusals import SENTENCES, refusal
from textinv_app.formats.sniffing import BEGINNING_BYTES, Container, container_of

_LOGGER = logging.getLogger(__name__)
_PACKAGE_PARENT = Path(textinv_app.__file__).resolve().parents[1]
_CHILD = "textinv_app.formats.foreign.child"
_LOGGED_BYTES = 4_000
_MAX_DETAIL_CHARACTERS = 100
_TIME_IS_UP = frozenset(
    -getattr(signal, name) for name in ("SIGALRM", "SIGXCPU") if hasattr(signal, name)
)


@dataclass(frozen=True)
class ChildReport:
    """How the reading child ended; ``code`` is empty when the new file is there."""

    code: str
    details: dict[str, Detail]
    peak_memory_bytes: int
    """The most memory it used; 0 where it died or the system does not tell."""
    seconds: float
    """Processor time it used, starting included; 0 where it died."""


@dataclass(frozen=True)
class Readable:
    """A safetensors file with the content of a file of any kind."""

    path: Path
    container: Container
    """What the content was kept in."""


@contextmanager
def as_safetensors(source: Path) -> Iterator[Readable]:
    """Give a safetensors file with the content of ``source``, which may be of any known kind.

    A safetensors file is given as it is. An old ``.pt``, ``.bin`` or ``.ckpt`` and a picture with
    an embedding inside are read in a confined child, and the new file is gone after the with-block.
    Which it is, its content tells and never its name. Raises ``FileRefused`` and ``OSError``.
    """
    with source.open("rb") as file:
        container = container_of(file.read(BEGINNING_BYTES), source.stat().st_size)
    if container == "safetensors":
        yield Readable(source, container)
        return
    with tempfile.TemporaryDirectory(prefix="petname-") as folder:
        destination = Path(folder) / "read.safetensors"
        report = ask_child(source, destination, container)
        if report.code:
            raise refusal(report.code, **report.details)
        yield Readable(destination, container)


def ask_child(source: Path, destination: Path, container: Container) -> ChildReport:
    """Have a file read by a confined child, which writes ``destination``.

    A bad file is an answer, not an error. Raises ``OSError`` where no child can be started.
    """
    limit = limits.MAX_PICTURE_BYTES if container == "picture" else limits.MAX_PICKLE_BYTES
    size_bytes = source.stat().st_size
    if size_bytes > limit:
        megabytes = {"size_mb": size_bytes // limits.MEGABYTE, "limit_mb": limit // limits.MEGABYTE}
        return ChildReport("file.old_too_large", dict(megabytes), 0, 0.0)
    with (
        source.open("rb") as source_file,
        destination.open("wb") as destination_file,
        tempfile.TemporaryFile() as complaints,
    ):
        process = subprocess.Popen(
            (sys.executable, "-B", "-m", _CHILD, container),
            stdin=source_file,
            stdout=destination_file,
            stderr=complaints,
            env=_environment(),
            cwd=_PACKAGE_PARENT,
        )
        return _report(_wait(process), complaints)


def _environment() -> dict[str, str]:
    """Return what the child needs to find its modules; nothing else of ours may reach it."""
    environment = {"PYTHONPATH": os.pathsep.join([str(_PACKAGE_PARENT), *filter(None, sys.path)])}
    environment |= {"PYTHONUTF8": "1", "MALLOC_ARENA_MAX": "1"}
    # More threads than one would take address space, and a namespace of its own takes one alone.
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    if "SYSTEMROOT" in os.environ:
        environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    return environment


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    """Return the child's exit status; None when it had to be ended."""
    try:
        return process.wait(timeout=limits.PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    finally:
        process.kill()
        process.wait()


def _report(status: int | None, complaints: BinaryIO) -> ChildReport:
    size_bytes = complaints.seek(0, os.SEEK_END)
    complaints.seek(max(0, size_bytes - _LOGGED_BYTES))
    last_words = complaints.read(_LOGGED_BYTES)
    if status is None or status in _TIME_IS_UP:
        limit: dict[str, Detail] = {"limit_seconds": limits.CHILD_SECONDS}
        return ChildReport("file.took_too_long", limit, 0, 0.0)
    verdict = _verdict(last_words) if status == 0 else None
    if verdict is None:
        _LOGGER.warning("reading child: %s: %s", status, last_words.decode("utf-8", "replace"))
        return ChildReport("file.reader_crashed", {}, 0, 0.0)
    peak, seconds = (_number(verdict.get(key)) for key in ("peak_memory_bytes", "seconds"))
    if verdict.get("ok") is True:
        return ChildReport("", {}, int(peak), seconds)
    code = verdict.get("code")
    if not isinstance(code, str) or code not in SENTENCES:
        return ChildReport("file.reader_crashed", {}, int(peak), seconds)
    return ChildReport(code, _details(verdict.get("details")), int(peak), seconds)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e15 else 0.0


def _verdict(last_words: bytes) -> dict[str, Any] | None:
    lines = last_words.splitlines()
    try:
        verdict = json.loads(lines[-1]) if lines else None
    except (ValueError, RecursionError):
        return None
    return verdict if isinstance(verdict, dict) else None


def _details(given: object) -> dict[str, Detail]:
    """Return the blanks of a sentence; a child that was taken over may have put in anything."""
    if not isinstance(given, dict):
        return {}
    details: dict[str, Detail] = {}
    for key, value in list(given.items())[:5]:
        if isinstance(value, str):
            readable = "".join(letter for letter in value if letter.isprintable())
            details[str(key)] = readable[:_MAX_DETAIL_CHARACTERS]
        elif isinstance(value, int | float):
            details[str(key)] = value
    return details
