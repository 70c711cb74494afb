"""One runner that was started ahead and waits for a run; ``runs/handover.py`` is its protocol."""

from __future__ import annotations

import logging
import subprocess
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO

logger = logging.getLogger(__name__)

_TOLD_BYTES = 2000


@dataclass(frozen=True)
class _Waiting:
    process: subprocess.Popen[bytes]
    printed: IO[bytes]
    """Nameless file with what the process has printed."""

    def close(self) -> None:
        """Close this side's end of pipe and file."""
        if self.process.stdin is not None:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                logger.debug("the waiting runner had left already")
        self.printed.close()


class WaitingRunner:
    """Holds at most one waiting process; safe to use from several threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: _Waiting | None = None

    @property
    def is_there(self) -> bool:
        """Whether a process waits; one that has ended by itself is reaped and told of."""
        with self._guard:
            return self._look()

    def start(self, spawn: Callable[[IO[bytes]], subprocess.Popen[bytes]]) -> None:
        """Start a process if none waits; ``spawn`` is given the file that it is to print into.

        The process must have a pipe as its input. Raises ``OSError``.
        """
        with self._guard:
            if self._look():
                return
            with ExitStack() as undo:
                printed = undo.enter_context(tempfile.TemporaryFile())
                self._waiting = _Waiting(spawn(printed), printed)
                # It lives: its file stays open until it is given away or ended.
                undo.pop_all()

    def take(self) -> subprocess.Popen[bytes] | None:
        """Give the waiting process away, its input open; None where there is none."""
        with self._guard:
            if not self._look() or self._waiting is None:
                return None
            waiting, self._waiting = self._waiting, None
            waiting.printed.close()
            return waiting.process

    def end(self) -> None:
        """End the waiting process: it holds nothing that anybody would miss."""
        with self._guard:
            if self._waiting is None:
                return
            waiting, self._waiting = self._waiting, None
            waiting.process.kill()
            waiting.process.wait()
            waiting.close()

    def _look(self) -> bool:
        if self._waiting is None:
            return False
        code = self._waiting.process.poll()
        if code is None:
            return True
        logger.warning("the waiting runner has ended (%s): %s", code, _end_of(self._waiting))
        self._waiting.close()
        self._waiting = None
        return False


def _end_of(waiting: _Waiting) -> str:
    """Return the end of what a process has printed."""
    size = waiting.printed.seek(0, 2)
    waiting.printed.seek(max(0, size - _TOLD_BYTES))
    return waiting.printed.read().decode("utf-8", "replace").strip()
