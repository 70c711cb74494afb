"""The states of a run and the moves between them."""

from __future__ import annotations

from enum import StrEnum


class RunStatus(StrEnum):
    """State of a run as the library keeps it."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    """Finished, or stopped by the person with the best result kept."""
    CANCELLED = "cancelled"
    """Stopped before there was any result to keep."""
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to the run by itself or by a button."""
        return self in {RunStatus.DONE, RunStatus.CANCELLED, RunStatus.FAILED}

    @property
    def is_active(self) -> bool:
        """Whether the run waits for the trainer or occupies it."""
        return self in {RunStatus.QUEUED, RunStatus.RUNNING}


_MOVES: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset(
        {RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.CANCELLED, RunStatus.DONE, RunStatus.FAILED}
    ),
    RunStatus.RUNNING: frozenset(
        {RunStatus.QUEUED, RunStatus.PAUSED, RunStatus.DONE, RunStatus.CANCELLED, RunStatus.FAILED}
    ),
    RunStatus.PAUSED: frozenset({RunStatus.QUEUED, RunStatus.DONE, RunStatus.CANCELLED}),
    RunStatus.DONE: frozenset(),
    RunStatus.CANCELLED: frozenset(),
    RunStatus.FAILED: frozenset({RunStatus.QUEUED}),
}


def may_move(before: RunStatus, after: RunStatus) -> bool:
    """Tell whether a run in state ``before`` may go to state ``after``.

    A failed run may be queued again (the "try again" button); it continues from its checkpoint.
    """
    return after in _MOVES[before]
