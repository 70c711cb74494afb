"""A run handed to a runner that was started ahead, so that its imports are done by then.

Whoever starts a runner ahead gives it a pipe as standard input and a nameless file for its output.
One line of JSON on the pipe is the run; the end of the pipe without one means that nobody will ever
ask, for instance because the web process was killed. ``become`` turns the process into what a
runner started for that run would be: environment, log file, standard input.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from textinv_app.runs.layout import RunLayout

_INPUT, _OUTPUT, _ERRORS = 0, 1, 2
_COPY_BYTES = 1 << 16


@dataclass(frozen=True)
class HandOver:
    """One run for a waiting runner."""

    run_dir: Path
    attempt: int
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables to set beside those that the process has: what differs from run to run."""


def send(pipe: IO[bytes], order: HandOver) -> None:
    """Hand a run over; raises ``OSError`` when the runner is gone."""
    given = {
        "run_dir": str(order.run_dir),
        "attempt": order.attempt,
        "environment": dict(order.environment),
    }
    # Shorter than a pipe's buffer, so a runner that does not read cannot hold the caller up.
    pipe.write(json.dumps(given).encode("utf-8") + b"\n")
    pipe.flush()


def wait_for_run(pipe: IO[bytes]) -> HandOver | None:
    """Wait for a run; None when the other end is closed. Raises ``ValueError`` for a torn line."""
    line = pipe.readline()
    if not line:
        return None
    given = json.loads(line)
    return HandOver(Path(given["run_dir"]), int(given["attempt"]), given["environment"])


def become(order: HandOver) -> None:
    """Take on the run's environment and log; what was printed so far goes to the log's end.

    Raises ``OSError`` where the log cannot be written.
    """
    os.environ.update(order.environment)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    log = os.open(RunLayout(order.run_dir).log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    _copy_printed(log)
    os.dup2(log, _OUTPUT)
    os.dup2(log, _ERRORS)
    os.close(log)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _INPUT)
    os.close(nothing)


def _copy_printed(log: int) -> None:
    """Copy what was printed into the nameless file; a pipe or a terminal has shown it already."""
    if not stat.S_ISREG(os.fstat(_OUTPUT).st_mode):
        return
    os.lseek(_OUTPUT, 0, os.SEEK_SET)
    while data := os.read(_OUTPUT, _COPY_BYTES):
        os.write(log, data)
