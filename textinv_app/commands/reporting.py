"""What a command tells: JSON lines for programs, or sentences and a bar for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Reporter:
    """Writes to standard output what a command has to tell; warnings go to standard error."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._bar: Any = None

    @property
    def has_bar(self) -> bool:
        """Whether somebody watches: a bar is drawn in a terminal only."""
        return not self.as_json and sys.stderr.isatty()

    def record(self, record: dict[str, Any]) -> None:
        """Write one JSON object on a line; nothing for people."""
        if self.as_json:
            self._write(json.dumps(record))

    def say(self, sentence: str) -> None:
        """Write a line for people; nothing for programs."""
        if not self.as_json:
            self._write(sentence)

    def warn(self, sentence: str) -> None:
        """Write a remark to standard error."""
        with self._bar_aside():
            sys.stderr.write(f"{sentence}\n")
            sys.stderr.flush()

    def advance(self, done: float, total: float, label: str, detail: str = "") -> None:
        """Move the bar, where there is one."""
        if not self.has_bar:
            return
        if self._bar is None or self._bar.total != total:
            # Only for terminals, and it takes a moment to import.
            from tqdm import tqdm  # type: ignore[import-untyped]

            self.end_bar()
            shape = "{l_bar}{bar}| {n:.4g}/{total:.4g} [{elapsed}<{remaining}{postfix}]"
            self._bar = tqdm(total=total, bar_format=shape, leave=False)
        self._bar.set_description_str(label, refresh=False)
        self._bar.set_postfix_str(detail, refresh=False)
        self._bar.n = done
        self._bar.refresh()

    def end_bar(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _write(self, line: str) -> None:
        try:
            with self._bar_aside():
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read has gone (``| head``); what was begun is still finished.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    @contextmanager
    def _bar_aside(self) -> Iterator[None]:
        """Clear the bar's line while something is written, and draw it again below."""
        if self._bar is not None:
            self._bar.clear()
        yield
        if self._bar is not None:
            self._bar.refresh()
