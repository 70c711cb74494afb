"""Following one run to its end: the same runner and run directory as the web host uses."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from textinv_app.domain.events import CheckpointSaved, Event, Outcome, Paused
from textinv_app.errors import TrainingFailed
from textinv_app.executors.local import LocalExecutor
from textinv_app.runs.control import Control, Wanted, read_control, write_control
from textinv_app.runs.event_log import read_events
from textinv_app.runs.layout import RunLayout

LOOK_EVERY_SECONDS = 0.1
MAX_ATTEMPTS_WITHOUT_PROGRESS = 3


class _Terminated(Exception):
    """The command itself was asked to end."""


@dataclass
class _Progress:
    """What has been read of a run so far."""

    offset: int
    best_checkpoint: int = 0
    attempts_without_progress: int = 0
    paused: bool = False
    wanted: Wanted = "run"
    """What the person at the terminal wants."""


def follow_run(layout: RunLayout, on_event: Callable[[Event], None]) -> tuple[Outcome, bool]:
    """Start the runner (again, where it was interrupted); return how the run ended.

    The second value tells whether the person at the terminal has stopped it just now.

    ``on_event`` gets every new event. Ctrl+C asks for the best so far, a second one ends the run
    at once. A termination signal lets the run save its state and raises ``TrainingFailed``, as do
    three attempts that come no further.
    """
    executor = LocalExecutor()
    progress = _Progress(offset=layout.events.stat().st_size if layout.events.exists() else 0)
    outcome = _read_outcome(layout)
    if outcome is not None and outcome.status != "done":
        # As the page's "try again" does: go on from the newest checkpoint.
        layout.outcome.unlink()
        outcome = None
    with _termination_as_exception():
        while outcome is None:
            try:
                _look(layout, executor, progress, on_event)
                outcome = _read_outcome(layout)
            except KeyboardInterrupt:
                if progress.wanted == "stop":
                    executor.kill(layout.root)
                    raise
                progress.wanted = "stop"
                attempt = read_control(layout.control).attempt
                write_control(layout.control, Control(wanted="stop", attempt=attempt))
            except _Terminated:
                _leave(layout, executor)
    # The outcome is written before its event is: only a runner that has left has told all.
    _wait_until_gone(layout, executor)
    _relay(layout, progress, on_event)
    return outcome, progress.wanted == "stop"


def _look(
    layout: RunLayout,
    executor: LocalExecutor,
    progress: _Progress,
    on_event: Callable[[Event], None],
) -> None:
    """Relay what is new, and start the runner where none lives and nothing is decided."""
    # Alive first: a runner that ends between the two looks has left its outcome by the second.
    alive = executor.is_alive(layout.root)
    _relay(layout, progress, on_event)
    if alive:
        time.sleep(LOOK_EVERY_SECONDS)
        return
    if layout.outcome.exists():
        return
    if progress.paused:
        raise _paused()
    progress.attempts_without_progress += 1
    if progress.attempts_without_progress > MAX_ATTEMPTS_WITHOUT_PROGRESS:
        raise TrainingFailed(
            "run.keeps_dying",
            f"The training ended {MAX_ATTEMPTS_WITHOUT_PROGRESS} times without getting further. "
            f"{layout.log} says more.",
        )
    attempt = read_control(layout.control).attempt + 1 if layout.control.exists() else 1
    write_control(layout.control, Control(wanted=progress.wanted, attempt=attempt))
    executor.launch(layout.root, attempt)


def _relay(layout: RunLayout, progress: _Progress, on_event: Callable[[Event], None]) -> None:
    events, progress.offset = read_events(layout.events, progress.offset)
    for event in events:
        if isinstance(event, CheckpointSaved) and event.step > progress.best_checkpoint:
            progress.best_checkpoint = event.step
            progress.attempts_without_progress = 0
        progress.paused = isinstance(event, Paused)
        on_event(event)


def _leave(layout: RunLayout, executor: LocalExecutor) -> None:
    """Let the runner save its state, then raise."""
    # Asked again, the answer is the same: it is being saved.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    executor.terminate(layout.root)
    _wait_until_gone(layout, executor)
    raise _paused()


def _wait_until_gone(layout: RunLayout, executor: LocalExecutor) -> None:
    while executor.is_alive(layout.root):
        time.sleep(LOOK_EVERY_SECONDS)


def _paused() -> TrainingFailed:
    return TrainingFailed(
        "run.paused", "The training was interrupted; the same command continues it from here."
    )


def _read_outcome(layout: RunLayout) -> Outcome | None:
    try:
        return Outcome.model_validate_json(layout.outcome.read_bytes())
    except FileNotFoundError:
        return None


@contextmanager
def _termination_as_exception() -> Iterator[None]:
    """Turn SIGTERM into an exception while inside."""

    def terminate(*_: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
