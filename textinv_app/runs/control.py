"""What is wanted of a run: written by the library to ``control.json``, watched by the runner.

The trainer is given a ``ControlWatch`` and calls ``check`` at step edges, between phases and while
it draws previews. It raises instead of returning a flag, so that no caller can forget to look.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from textinv_app.runs.atomic import atomic_write_json

Wanted = Literal["run", "pause", "stop"]
_WANTED: tuple[Wanted, ...] = ("run", "pause", "stop")

LOOK_EVERY_SECONDS = 0.2


class StopRequested(Exception):
    """The run is to end now and keep its best so far."""


class PauseRequested(Exception):
    """The run is to save a checkpoint and leave the machine."""


class Superseded(Exception):
    """A later attempt owns the run directory; this one must leave without writing anything."""


@dataclass(frozen=True)
class Control:
    """What is wanted of a run, and which attempt it is said to."""

    wanted: Wanted = "run"
    attempt: int = 1


def read_control(path: Path) -> Control:
    """Return what is wanted, ``Control()`` where the file is missing; raises ``ValueError``."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Control()
    if not isinstance(data, dict) or data.get("wanted") not in _WANTED:
        raise ValueError(f"{path.name} does not say what is wanted")
    attempt = data.get("attempt")
    if not isinstance(attempt, int) or isinstance(attempt, bool):
        raise ValueError(f"{path.name} names no attempt")
    return Control(wanted=cast("Wanted", data["wanted"]), attempt=attempt)


def write_control(path: Path, control: Control) -> None:
    """Write what is wanted, atomically and durably; raises ``OSError``."""
    atomic_write_json(path, {"wanted": control.wanted, "attempt": control.attempt})


class ControlWatch:
    """Tells a running attempt when to stop or pause; cheap enough for every step.

    ``control.json`` is looked at no more than once in ``LOOK_EVERY_SECONDS`` and read only when it
    has changed. ``request_pause`` (called by a signal handler) counts at once.
    """

    def __init__(self, path: Path, attempt: int = 1) -> None:
        self._path = path
        self._attempt = attempt
        self._seen: tuple[int, int, int] | None = None
        self._control = Control(attempt=attempt)
        self._next_look = 0.0
        self._pause_flag = threading.Event()

    def request_pause(self) -> None:
        """Ask for a pause from inside the process, for instance from a signal handler."""
        self._pause_flag.set()

    def pause_on_termination(self) -> None:
        """Turn SIGTERM (and Ctrl+C) into a pause; must be called in the main thread."""
        for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
            number = getattr(signal, name, None)
            if number is not None:
                signal.signal(number, lambda *_: self.request_pause())

    def wanted(self) -> Wanted:
        """Return what is wanted now; raises ``Superseded`` when a later attempt was started.

        Stop wins over everything, also over a termination signal.
        """
        self._look()
        if self._control.attempt > self._attempt:
            raise Superseded(f"attempt {self._control.attempt} follows attempt {self._attempt}")
        if self._control.wanted == "stop":
            return "stop"
        if self._pause_flag.is_set():
            return "pause"
        return self._control.wanted

    def check(self) -> None:
        """Raise ``StopRequested``, ``PauseRequested`` or ``Superseded`` when that is wanted."""
        wanted = self.wanted()
        if wanted == "stop":
            raise StopRequested
        if wanted == "pause":
            raise PauseRequested

    def _look(self) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY_SECONDS
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return
        stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        if stamp != self._seen:
            self._control = read_control(self._path)
            self._seen = stamp
