"""The append-only log of a run: one JSON line an event, written by one process, read by others.

A reader may come at any moment and after any death of the writer: a line counts only when its
newline is there, and a torn tail that a crash left is closed off by the next attempt.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from textinv_app.domain.events import (
    CheckpointSaved,
    Event,
    Failed,
    Finished,
    Judged,
    Paused,
    PhaseChanged,
    PreviewSaved,
    StepDone,
    parse_event,
)

# Events that others act upon or that name a file on disk: they must survive a power cut.
_DURABLE = (CheckpointSaved, PreviewSaved, Judged, Paused, Finished, Failed)


class EventLog:
    """Appends events; the only writer of the file is the runner that holds the run's lock."""

    def __init__(self, path: Path, attempt: int = 1) -> None:
        self._path = path
        self._attempt = attempt
        self._file = path.open("ab")
        self._close_torn_tail()

    def append(self, event: Event) -> Event:
        """Write one event, stamped with the attempt and the time, and return it as written.

        Flushed at once; fsynced where the event names a file or an end. Raises ``OSError``.
        """
        stamped = event.model_copy(
            update={
                "attempt": self._attempt,
                "at": event.at or datetime.now(UTC).isoformat(timespec="milliseconds"),
            }
        )
        # One write of a whole line: a reader sees a line with its newline or a torn tail.
        self._file.write(stamped.model_dump_json().encode("utf-8") + b"\n")
        self._file.flush()
        if isinstance(event, _DURABLE):
            os.fsync(self._file.fileno())
        return stamped

    def close(self) -> None:
        """Make everything durable and close the file."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def __enter__(self) -> EventLog:
        """Return the log itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the log."""
        self.close()

    def _close_torn_tail(self) -> None:
        with self._path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return
            file.seek(-1, os.SEEK_END)
            torn = file.read(1) != b"\n"
        if torn:
            self._file.write(b"\n")
            self._file.flush()


def read_events(path: Path, offset: int = 0) -> tuple[list[Event], int]:
    """Return the events behind ``offset`` (bytes) and the offset to go on from.

    A missing file holds no events. A line without its newline is left for the next call; a whole
    line that is no event (torn by a crash, or of a later version) is skipped.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    end = data.rfind(b"\n") + 1
    events: list[Event] = []
    for line in data[:end].splitlines():
        try:
            events.append(parse_event(line))
        except ValidationError:
            continue
    return events, offset + end


class EventReader:
    """Follows an event log and keeps one event for each step: the last one written wins.

    After a crash the steps behind the last checkpoint come again with a higher attempt; steps of
    an earlier attempt that lie beyond the first step a newer attempt speaks of are forgotten. Of
    ``StepDone`` and ``PhaseChanged`` only the newest is kept: the older ones say nothing more.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._by_step: dict[tuple[str, int, int], Event] = {}
        self._others: list[Event] = []
        self._stepped_attempt = 0
        self.last_step: StepDone | None = None
        """The newest word on how far the training is."""
        self.last_phase: PhaseChanged | None = None
        """The newest phase."""
        self.num_read = 0
        """Number of events read so far: changes whenever anything here changes."""

    def refresh(self) -> bool:
        """Read what was written since the last call; tells whether there was anything new."""
        events, self._offset = read_events(self._path, self._offset)
        for event in events:
            self._take(event)
        self.num_read += len(events)
        return bool(events)

    def events(self) -> list[Event]:
        """Return what counts: events without a step as written, then the others by step."""
        stepped = sorted(self._by_step.items(), key=lambda item: item[0][1:])
        return [*self._others, *(event for _, event in stepped)]

    def _take(self, event: Event) -> None:
        if isinstance(event, PhaseChanged):
            self.last_phase = event
            return
        step = getattr(event, "step", None)
        if step is None:
            self._others.append(event)
            return
        if event.attempt > self._stepped_attempt:
            self._stepped_attempt = event.attempt
            self._by_step = {key: old for key, old in self._by_step.items() if key[1] <= step}
        if isinstance(event, StepDone):
            self.last_step = event
            return
        slot = event.prompt_index if isinstance(event, PreviewSaved) else 0
        self._by_step[(event.type, step, slot)] = event
