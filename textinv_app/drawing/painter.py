"""The painter: a process that draws what it is told to and keeps its base model warm.

``python -m textinv_app.drawing.painter`` reads paths of drawing directories from standard input,
one a line, and works on them in turn (``domain/drawing.py`` says what lies in one). It leaves at
the end of its input, or when nothing has come for a while, so that the memory is given back.
"""

from __future__ import annotations

import argparse
import logging
import queue
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TextIO

from pydantic import ValidationError

from textinv_app.domain.drawing import DrawingOutcome, DrawingRequest
from textinv_app.domain.specs import BaseModelRef
from textinv_app.errors import Detail, PetnameError
from textinv_app.runs.process import prepare_heavy_process

if TYPE_CHECKING:
    from textinv_app.drawing.artist import Artist
    from textinv_app.drawing.likeness import LikenessJudge

logger = logging.getLogger("petname.painter")

IDLE_SECONDS = 600.0


@dataclass(frozen=True)
class _Studio:
    """A base model at hand, with who draws with it and who judges."""

    ref: BaseModelRef
    artist: Artist
    judge: LikenessJudge | None


class Painter:
    """Draws one drawing after the other."""

    def __init__(self) -> None:
        self._studio: _Studio | None = None

    def paint(self, folder: Path) -> None:
        """Work on one drawing directory and write its outcome last.

        Raises nothing but ``OSError`` where not even the outcome can be written.
        """
        # Takes seconds to import: a painter that is started ahead must not wait for it.
        from textinv_app.drawing.commission import Commission, read_request, write_outcome

        if (folder / "outcome.json").exists():
            logger.info("%s is over already", folder.name)
            return
        started = time.monotonic()
        try:
            request = read_request(folder)
        except (OSError, ValidationError) as error:
            logger.error("no drawing can be made in %s: %s", folder, error)
            if folder.is_dir():
                write_outcome(folder, _failure("drawing.unreadable", _UNREADABLE))
            return
        commission = Commission(folder, request)
        outcome = DrawingOutcome(status="done")
        try:
            commission.note(0, 0.0, always=True)
            studio = self._open_studio(request)
            commission.draw(studio.artist, studio.judge)
        except PetnameError as error:
            logger.warning("%s ended early: %s", folder.name, error.sentence)
            outcome = _failure(error.code, error.sentence, error.details)
        except OSError as error:
            logger.exception("a file could not be read or written")
            outcome = _failure("drawing.storage", f"{_STORAGE} ({error.strerror or error})")
        except Exception:
            # The one place that must not let anything pass: a drawing never ends without a reason.
            logger.exception("the drawing broke down")
            outcome = _failure("drawing.crashed", _CRASHED)
        seconds = round(time.monotonic() - started, 3)
        finished = {"pictures": commission.pictures, "seconds": seconds}
        write_outcome(folder, outcome.model_copy(update=finished))

    def _open_studio(self, request: DrawingRequest) -> _Studio:
        """Return the studio of a base model, which replaces the one that was open."""
        if self._studio is not None and self._studio.ref == request.base_model:
            return self._studio
        from textinv_app.drawing.artist import Artist
        from textinv_app.drawing.likeness import likeness_judge
        from textinv_app.models.loading import best_device, drawing_dtype, load

        # Both models at once may be more than the machine holds.
        self._studio = None
        device = best_device()
        model = load(request.base_model, drawing_dtype(device), device)
        self._studio = _Studio(request.base_model, Artist(model), likeness_judge(model))
        return self._studio


_UNREADABLE = "This drawing cannot be made: what to draw cannot be read. Please ask for it again."
_STORAGE = "A picture could not be stored. Check that the disk has free space, then draw again."
_CRASHED = "Drawing met a problem that Petname does not know. Try again, or try another prompt."


def _failure(
    code: str, sentence: str, details: Mapping[str, Detail] = MappingProxyType({})
) -> DrawingOutcome:
    return DrawingOutcome(
        status="failed", error_code=code, error_sentence=sentence, error_details=dict(details)
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Paint until the input ends or nothing has come for a while; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="textinv_app.drawing.painter",
        description="Draw what the drawing directories named on standard input ask for.",
    )
    parser.add_argument(
        "--idle-seconds",
        type=float,
        default=IDLE_SECONDS,
        help="leave when nothing has come for so long (default: %(default)s)",
    )
    given = parser.parse_args(arguments)
    prepare_heavy_process()
    painter = Painter()
    for folder in _orders(sys.stdin, given.idle_seconds):
        painter.paint(folder)
    return 0


def _orders(source: TextIO, idle_seconds: float) -> Iterator[Path]:
    """Give the drawing directories as they come; ends with the input or after idleness."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in source:
            if line.strip():
                lines.put(line.rstrip("\r\n"))
        lines.put("")

    # A thread, because a read from a pipe cannot be given a time limit on every system.
    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=idle_seconds)
        except queue.Empty:
            logger.info("idle for %.0f s: leaving", idle_seconds)
            return
        if not line:
            return
        yield Path(line)


if __name__ == "__main__":
    sys.exit(main())
