"""The painter's process: started when there is something to draw, fed one drawing at a time.

It keeps its base model warm between drawings and exits by itself when it has been idle. A crash
costs nothing else: it is started again, and a drawing that kills it twice is given up. It gives way
to a training where memory is short.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import textinv_app
from textinv_app.domain.drawing import DrawingOutcome, DrawingProgress
from textinv_app.executors.environment import child_environment
from textinv_app.library.drawing_rows import DrawingRow, DrawingRows
from textinv_app.library.folders import DataFolder
from textinv_app.runs.atomic import atomic_write_text

logger = logging.getLogger(__name__)

MAX_DEATHS = 2
GOODBYE_SECONDS = 3.0
_PROGRAM_FOLDER = Path(textinv_app.__file__).parents[1]
PAINTER_COMMAND = (sys.executable, "-m", "textinv_app.drawing.painter")


class Painting:
    """Keeps one painter busy with the drawings that wait; ``tick`` looks once and never sleeps."""

    def __init__(
        self,
        drawings: DrawingRows,
        data: DataFolder,
        command: Sequence[str],
        environment: Mapping[str, str],
    ) -> None:
        self._drawings = drawings
        self._data = data
        self._command = tuple(command)
        self._environment = {**environment, "PYTHONPATH": str(_PROGRAM_FOLDER)}
        self._guard = threading.RLock()
        self._painter: subprocess.Popen[bytes] | None = None
        self._dying: list[subprocess.Popen[bytes]] = []
        """Painters that the kernel had not let go when they were ended."""
        self._given = ""
        """Id of the drawing that the painter has been given and has not finished."""
        self.may_draw: Callable[[], bool] = lambda: True
        """Asked before a painter is started: false while a training needs the memory."""

    def tick(self) -> None:
        """Notice what was finished and hand out what comes next; raises ``StorageFailed``."""
        with self._guard:
            self._dying = [painter for painter in self._dying if painter.poll() is None]
            while True:
                drawing = self._drawings.next_open()
                if drawing is None or not self._is_over(drawing):
                    break
            if drawing is None:
                self._reap()
                return
            if self._given == drawing.drawing_id and self._lives():
                return
            if self._given and self._lives():
                # The one it works on was removed or cancelled: nobody waits for it any more.
                self._end()
            if not self.gives_way():
                self._hand_out(drawing)
            elif drawing.status == "drawing":
                self._drawings.put_back(drawing.drawing_id)

    def gives_way(self) -> bool:
        """Tell whether drawings wait because a training needs the memory."""
        with self._guard:
            return not self._lives() and not self.may_draw()

    def cancel(self, drawing_id: str) -> None:
        """End a drawing; what was drawn of it stays. Raises ``OSError``."""
        folder = self._data.drawing(drawing_id)
        with self._guard:
            if self._given == drawing_id:
                self._end()
            outcome = read_drawing_outcome(folder)
            if outcome is None:
                outcome = DrawingOutcome(
                    status="done",
                    pictures=read_drawing_progress(folder).pictures,
                    error_code="drawing.cancelled",
                    error_sentence="You ended this drawing.",
                )
                _write_outcome(folder, outcome)
            self._drawings.end(
                drawing_id, outcome.status, outcome.error_code, outcome.error_sentence
            )

    def make_room(self) -> None:
        """End the painter for a training's sake; a drawing that it was at begins again later."""
        with self._guard:
            self._end()

    def close(self) -> None:
        """Let the painter go: it leaves when its input ends, or is ended."""
        with self._guard:
            if self._painter is not None and self._painter.stdin is not None:
                self._painter.stdin.close()
            self._end()

    def _is_over(self, drawing: DrawingRow) -> bool:
        """Note the end of a drawing that has an outcome, or that has killed the painter twice."""
        folder = self._data.drawing(drawing.drawing_id)
        outcome = read_drawing_outcome(folder)
        if outcome is None and self._given == drawing.drawing_id and not self._lives():
            self._given = ""
            deaths = self._drawings.count_death(drawing.drawing_id)
            logger.warning("the painter died over %s (%d)", drawing.drawing_id, deaths)
            if deaths >= MAX_DEATHS:
                outcome = DrawingOutcome(
                    status="failed",
                    error_code="drawing.crashed",
                    error_sentence="Drawing this failed twice. Try fewer pictures or another seed.",
                )
                _write_outcome(folder, outcome)
        if outcome is None:
            return False
        if self._given == drawing.drawing_id:
            self._given = ""
        self._drawings.end(
            drawing.drawing_id, outcome.status, outcome.error_code, outcome.error_sentence
        )
        return True

    def _hand_out(self, drawing: DrawingRow) -> None:
        try:
            if not self._lives():
                self._painter = self._start()
            if self._painter is None or self._painter.stdin is None:
                return
            folder = self._data.drawing(drawing.drawing_id)
            self._given = drawing.drawing_id
            self._drawings.begin(drawing.drawing_id)
            self._painter.stdin.write(f"{folder}\n".encode())
            self._painter.stdin.flush()
        except OSError as error:
            # It died between two drawings, for instance because it had been idle: begin again.
            logger.info("the painter could not be given a drawing: %s", error)
            self._end()

    def _start(self) -> subprocess.Popen[bytes]:
        with (self._data.root / "painter-log.txt").open("wb") as log:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=_PROGRAM_FOLDER,
                env=child_environment(os.environ, self._environment),
            )

    def _lives(self) -> bool:
        return self._painter is not None and self._painter.poll() is None

    def _reap(self) -> None:
        if self._painter is not None and self._painter.poll() is not None:
            self._close_input()
            self._painter = None

    def _end(self) -> None:
        self._given = ""
        if self._painter is None:
            return
        self._close_input()
        self._painter.kill()
        try:
            self._painter.wait(GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            logger.warning("the painter has been killed and is not gone yet")
            self._dying.append(self._painter)
        self._painter = None

    def _close_input(self) -> None:
        if self._painter is not None and self._painter.stdin is not None:
            try:
                self._painter.stdin.close()
            except BrokenPipeError:
                logger.debug("the painter had left already")


def read_drawing_outcome(folder: Path) -> DrawingOutcome | None:
    """Return how a drawing ended; None where it has not, or where the file is damaged."""
    try:
        return DrawingOutcome.model_validate_json((folder / "outcome.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def read_drawing_progress(folder: Path) -> DrawingProgress:
    """Return how far a drawing is; nothing done where that is not noted."""
    try:
        return DrawingProgress.model_validate_json((folder / "progress.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return DrawingProgress(fraction=0.0)


def _write_outcome(folder: Path, outcome: DrawingOutcome) -> None:
    """Note how a drawing ended without its painter, unless somebody has removed its folder."""
    if folder.is_dir():
        atomic_write_text(folder / "outcome.json", outcome.model_dump_json(indent=1))
