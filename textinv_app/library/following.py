"""Following living and ended runs by their event logs, each byte read once."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from textinv_app.domain.events import (
    Event,
    Judged,
    NearestWords,
    Noticed,
    PhaseChanged,
    PlanChosen,
    PreviewSaved,
    Redrawn,
    StepDone,
    Validated,
)
from textinv_app.runs.event_log import EventReader
from textinv_app.runs.layout import RunLayout

MAX_FOLLOWED = 256
_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class RunProgress:
    """What the events of a run say, in the form that views need."""

    num_events: int = 0
    phase: PhaseChanged | None = None
    plan: PlanChosen | None = None
    step: StepDone | None = None
    validations: tuple[Validated, ...] = ()
    verdicts: tuple[Judged, ...] = ()
    nearest_words: NearestWords | None = None
    notices: tuple[Noticed, ...] = ()
    redrawn: Redrawn | None = None
    previews: tuple[PreviewSaved, ...] = ()
    silent_since: float = field(default=0.0, compare=False)
    """On the follower's own clock, in seconds: when the last new event was seen."""


class Followers:
    """Keeps a reader for each of the runs looked at last; safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._readers: OrderedDict[Path, tuple[EventReader, RunProgress]] = OrderedDict()

    def progress(self, run_dir: Path) -> RunProgress:
        """Return what the run's events say by now."""
        with self._guard:
            known = self._readers.pop(run_dir, None)
            if known is None:
                reader = EventReader(RunLayout(run_dir).events)
                progress = RunProgress(silent_since=self._clock())
            else:
                reader, progress = known
            if reader.refresh():
                progress = _progress(reader, self._clock())
            self._readers[run_dir] = (reader, progress)
            if len(self._readers) > MAX_FOLLOWED:
                self._readers.popitem(last=False)
            return progress

    def forget(self, run_dir: Path) -> None:
        """Stop following a run that is removed."""
        with self._guard:
            self._readers.pop(run_dir, None)

    def heard(self, run_dir: Path) -> None:
        """Begin the run's silence anew: a new attempt has just been launched."""
        with self._guard:
            known = self._readers.get(run_dir)
            if known is not None:
                reader, _ = known
                self._readers[run_dir] = (reader, _progress(reader, self._clock()))


def _progress(reader: EventReader, now: float) -> RunProgress:
    events = reader.events()
    words = [event for event in events if isinstance(event, NearestWords)]
    plans, redrawn = _of_type(events, PlanChosen), _of_type(events, Redrawn)
    return RunProgress(
        num_events=reader.num_read,
        phase=reader.last_phase,
        plan=plans[-1] if plans else None,
        step=reader.last_step,
        validations=_of_type(events, Validated),
        verdicts=_of_type(events, Judged),
        nearest_words=words[-1] if words else None,
        notices=_of_type(events, Noticed),
        redrawn=redrawn[-1] if redrawn else None,
        previews=_of_type(events, PreviewSaved),
        silent_since=now,
    )


def _of_type(events: list[Event], kind: type[_Kind]) -> tuple[_Kind, ...]:
    return tuple(event for event in events if isinstance(event, kind))
