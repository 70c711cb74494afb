"""The parent's side of the decoding child: starts it, asks it, replaces it when it dies."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import textinv_app
from textinv_app.photos import limits

_LOGGER = logging.getLogger(__name__)
_PACKAGE_PARENT = Path(textinv_app.__file__).resolve().parents[1]
_CHILD_COMMAND = (sys.executable, "-m", "textinv_app.photos.decode_child")
_ENVIRONMENT_KEPT = ("SYSTEMROOT", "PATH", "LD_LIBRARY_PATH")
"""Nothing else of our environment reaches the child: it may hold tokens."""
_LOGGED_LINES = 20


@dataclass(frozen=True)
class Decoded:
    """A clean picture that the child has written."""

    path: Path
    width_pixels: int
    height_pixels: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class NotDecoded:
    """Why the child wrote nothing: a code of ``refusals``, ``storage.full`` or ``storage.files``.

    ``details`` are the blanks of its sentence.
    """

    code: str
    details: dict[str, str | int | float]


class Decoder:
    """One decoding child, started when first needed and ended by ``close`` or the with-block.

    Not for several threads at once. The child has ``seconds_per_photo`` for each file, in wall time
    and in processor time; a child that dies or is too slow is replaced at the next file.
    """

    def __init__(
        self,
        seconds_per_photo: float = limits.SECONDS_PER_PHOTO,
        command: Sequence[str] = _CHILD_COMMAND,
    ) -> None:
        self._seconds_per_photo = seconds_per_photo
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[bytes] = queue.Queue()
        self._complaints: deque[bytes] = deque(maxlen=_LOGGED_LINES)

    def __enter__(self) -> Decoder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        """Id of the living child, or None."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def decode(self, source: Path, destination: Path) -> Decoded | NotDecoded:
        """Decode ``source`` into ``destination`` plus ``.jpg`` or ``.png``.

        A bad file is an answer, not an error. Raises ``OSError`` where no child can be started.
        """
        request = {
            "source": str(source),
            "destination": str(destination),
            "seconds": max(1, round(self._seconds_per_photo)),
        }
        if self.process_id is None:
            self.close()
            self._start()
        line = self._ask(json.dumps(request).encode("ascii") + b"\n")
        if line is None:
            return self._gave_up("photo.took_too_long", limit_seconds=self._seconds_per_photo)
        answer = _parse(line)
        if answer is None:
            return self._gave_up("photo.crashed")
        if not answer.get("ok"):
            return NotDecoded(str(answer["code"]), dict(answer["details"]))
        path = destination.with_name(Path(str(answer["file_name"])).name)
        size = int(answer["width"]), int(answer["height"])
        return Decoded(path, *size, tuple(str(note) for note in answer["notes"]))

    def close(self) -> None:
        """End the child, at once; there is nothing in it worth keeping."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):  # unsent bytes of a dead child
                        pipe.close()
        self._process = None

    def _start(self) -> None:
        environment = {key: os.environ[key] for key in _ENVIRONMENT_KEPT if key in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join([str(_PACKAGE_PARENT), *filter(None, sys.path)])
        environment |= {"PYTHONUTF8": "1", "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=_PACKAGE_PARENT,
        )
        self._answers = queue.Queue()
        self._complaints = deque(maxlen=_LOGGED_LINES)
        # Threads, because pipes cannot be waited for with a timeout on Windows.
        for pipe, sink in (
            (self._process.stdout, self._answers.put),
            (self._process.stderr, self._complaints.append),
        ):
            threading.Thread(target=_read_lines, args=(pipe, sink), daemon=True).start()

    def _ask(self, request: bytes) -> bytes | None:
        """Send one line; return the answer, ``b""`` of a dead child, None when the time is up."""
        process = self._process
        if process is None or process.stdin is None:
            return b""
        try:
            process.stdin.write(request)
            process.stdin.flush()
            return self._answers.get(timeout=self._seconds_per_photo)
        except queue.Empty:
            return None
        except OSError:  # the child died before it could read
            return b""

    def _gave_up(self, code: str, **details: str | int | float) -> NotDecoded:
        if self._process is not None:
            self._process.kill()
            complaint = b"".join(self._complaints).decode("utf-8", errors="replace")
            _LOGGER.warning("decoding child %d: %s: %s", self._process.wait(), code, complaint)
        self.close()
        return NotDecoded(code, details)


def _read_lines(pipe: IO[bytes], sink: Callable[[bytes], None]) -> None:
    # ``close`` may shut the pipe under our hands; the child is gone then and so is the reason.
    with contextlib.suppress(OSError, ValueError):
        for line in pipe:
            sink(line)
    sink(b"")


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
