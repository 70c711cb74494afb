"""What to do about a run that is on the machine: a pure decision from what can be seen of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textinv_app.domain.events import Outcome
from textinv_app.domain.status import RunStatus
from textinv_app.library.run_rows import RunRow

TERMINATE_AFTER_SECONDS = 5.0
KILL_AFTER_SECONDS = 15.0
LEAVE_AFTER_OUTCOME_SECONDS = 10.0
PAUSE_PATIENCE_SECONDS = 120.0
TRAINING_PATIENCE_SECONDS = 300.0
OTHER_PATIENCE_SECONDS = 3600.0
DOWNLOADING_PATIENCE_SECONDS = 24 * 3600.0
STEPS_OF_PATIENCE = 60
STOP_STEPS_OF_PATIENCE = 5


@dataclass(frozen=True)
class Sight:
    """What is seen of a run at one moment; durations are of the watcher's own monotonic clock."""

    run: RunRow
    alive: bool
    outcome: Outcome | None
    saved_step: int
    """Step of the newest checkpoint on disk; 0 for none."""
    phase: str = "starting"
    """Of this attempt."""
    seconds_per_step: float = 0.0
    silent_seconds: float = 0.0
    """Since the last new event."""
    asked_seconds: float = 0.0
    """Since stop was asked for or the outcome was seen, and not before this phase began."""


@dataclass(frozen=True)
class Decision:
    """What to do: leave it, signal the runner, or move the run to ``after``."""

    action: Literal["leave", "terminate", "kill", "move"]
    after: RunStatus | None = None
    idle_attempts: int = 0
    error_code: str = ""


def decide(sight: Sight, max_idle_attempts: int) -> Decision:
    """Decide about a run in state ``running``.

    Once the runner has left, its outcome counts; without one it was interrupted. While it lives, a
    stop that is not heeded is enforced, and a runner that has fallen silent is ended, which the
    next look takes for an interruption.
    """
    if sight.alive:
        return _decide_living(sight)
    if sight.outcome is not None:
        status = RunStatus(sight.outcome.status)
        return Decision("move", status)
    return _decide_interrupted(sight, max_idle_attempts)


def _decide_living(sight: Sight) -> Decision:
    if sight.outcome is not None:
        hangs = sight.asked_seconds > LEAVE_AFTER_OUTCOME_SECONDS
        return Decision("kill" if hangs else "leave")
    if sight.run.wanted == "stop" and not _is_saving(sight):
        slow = STOP_STEPS_OF_PATIENCE * sight.seconds_per_step
        if sight.asked_seconds > max(KILL_AFTER_SECONDS, slow):
            return Decision("kill")
        return Decision("terminate" if sight.asked_seconds > TERMINATE_AFTER_SECONDS else "leave")
    return Decision("kill" if sight.silent_seconds > _patience_seconds(sight) else "leave")


def _is_saving(sight: Sight) -> bool:
    """Tell whether the runner is about to do what the stop asks for: keep the best so far.

    It writes and tries the result, or loads the model to make one of the last checkpoint.
    """
    if sight.phase in {"exporting", "checking"}:
        return True
    return sight.phase != "training" and sight.saved_step > 0


def _patience_seconds(sight: Sight) -> float:
    if sight.phase == "downloading":
        # Nothing is heard until the whole model is there: 7 GB take a slow connection many hours,
        # and a file that is ended under way starts anew.
        return DOWNLOADING_PATIENCE_SECONDS
    if sight.phase != "training":
        return OTHER_PATIENCE_SECONDS
    by_step = STEPS_OF_PATIENCE * sight.seconds_per_step
    if sight.run.wanted == "pause":
        return max(PAUSE_PATIENCE_SECONDS, by_step)
    return max(TRAINING_PATIENCE_SECONDS, by_step)


def _decide_interrupted(sight: Sight, max_idle_attempts: int) -> Decision:
    got_further = sight.saved_step > sight.run.saved_step and sight.run.wanted != "stop"
    idle_attempts = 0 if got_further else sight.run.idle_attempts + 1
    if sight.run.wanted == "pause":
        return Decision("move", RunStatus.PAUSED)
    # Killed before it could save a result: with a checkpoint once more, to make one of that.
    if sight.run.wanted == "stop" and not sight.saved_step:
        return Decision("move", RunStatus.CANCELLED)
    if idle_attempts >= max_idle_attempts:
        return Decision("move", RunStatus.FAILED, idle_attempts, "training.gave_up")
    return Decision("move", RunStatus.QUEUED, idle_attempts)
