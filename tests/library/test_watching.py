"""What is decided about a run on the machine, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from textinv_app.domain.events import Outcome
from textinv_app.domain.status import RunStatus, may_move
from textinv_app.library.run_rows import RunRow
from textinv_app.library.watching import Sight, decide

DONE = Outcome(status="done", attempt=1, step=9)
CANCELLED = Outcome(status="cancelled", attempt=1, step=0)


def row(**changes: Any) -> RunRow:
    values: dict[str, Any] = {
        "number": 1,
        "run_id": "r",
        "owner_id": "o",
        "concept_id": "c",
        "method": "lora",
        "status": RunStatus.RUNNING,
        "wanted": "run",
        "attempt": 1,
        "idle_attempts": 0,
        "saved_step": 0,
        "queue_number": 1,
        "start_number": 1,
        "artifact_id": "",
        "error_code": "",
        "error_sentence": "",
        "error_details": {},
        "created_at": "",
        "change_count": 0,
    }
    return RunRow(**{**values, **changes})


def sight(run: dict[str, Any], **seen: Any) -> Sight:
    values: dict[str, Any] = {"alive": True, "outcome": None, "saved_step": 0, "phase": "training"}
    return Sight(run=row(**run), **{**values, **seen})


@pytest.mark.parametrize(
    ("run", "seen", "action"),
    [
        ({}, {}, "leave"),
        ({}, {"silent_seconds": 290}, "leave"),
        ({}, {"silent_seconds": 310}, "kill"),
        ({}, {"silent_seconds": 310, "seconds_per_step": 30}, "leave"),
        ({}, {"silent_seconds": 310, "phase": "loading_model"}, "leave"),
        ({}, {"silent_seconds": 4000, "phase": "loading_model"}, "kill"),
        # A large model on a slow connection: ended after an hour, it could never be fetched.
        ({}, {"silent_seconds": 80_000, "phase": "downloading"}, "leave"),
        ({}, {"silent_seconds": 90_000, "phase": "downloading"}, "kill"),
        ({"wanted": "pause"}, {"silent_seconds": 130}, "kill"),
        ({"wanted": "pause"}, {"silent_seconds": 110}, "leave"),
        ({"wanted": "pause"}, {"silent_seconds": 130, "seconds_per_step": 30}, "leave"),
        ({"wanted": "stop"}, {"asked_seconds": 4}, "leave"),
        ({"wanted": "stop"}, {"asked_seconds": 6}, "terminate"),
        ({"wanted": "stop"}, {"asked_seconds": 16}, "kill"),
        ({"wanted": "stop"}, {"asked_seconds": 16, "seconds_per_step": 60}, "terminate"),
        ({"wanted": "stop"}, {"asked_seconds": 301, "seconds_per_step": 60}, "kill"),
        ({"wanted": "stop"}, {"asked_seconds": 60, "phase": "exporting"}, "leave"),
        ({"wanted": "stop"}, {"asked_seconds": 60, "phase": "checking"}, "leave"),
        # It loads the model to make a file of its checkpoint.
        ({"wanted": "stop"}, {"asked_seconds": 60, "phase": "loading_model"}, "kill"),
        (
            {"wanted": "stop"},
            {"asked_seconds": 60, "phase": "loading_model", "saved_step": 50},
            "leave",
        ),
        ({}, {"outcome": DONE, "asked_seconds": 5}, "leave"),
        ({}, {"outcome": DONE, "asked_seconds": 11}, "kill"),
    ],
)
def test_a_living_runner(run: dict[str, Any], seen: dict[str, Any], action: str) -> None:
    assert decide(sight(run, **seen), 3).action == action


@pytest.mark.parametrize(
    ("run", "seen", "after", "idle_attempts"),
    [
        ({}, {"outcome": DONE}, RunStatus.DONE, 0),
        ({"wanted": "pause"}, {"outcome": DONE}, RunStatus.DONE, 0),
        ({"wanted": "stop"}, {"outcome": CANCELLED}, RunStatus.CANCELLED, 0),
        ({}, {}, RunStatus.QUEUED, 1),
        ({"idle_attempts": 1}, {}, RunStatus.QUEUED, 2),
        ({"idle_attempts": 2}, {}, RunStatus.FAILED, 3),
        ({"idle_attempts": 2, "saved_step": 50}, {"saved_step": 100}, RunStatus.QUEUED, 0),
        ({"idle_attempts": 2, "saved_step": 50}, {"saved_step": 50}, RunStatus.FAILED, 3),
        ({"wanted": "pause", "idle_attempts": 2}, {}, RunStatus.PAUSED, 0),
        ({"wanted": "stop"}, {}, RunStatus.CANCELLED, 0),
        ({"wanted": "stop"}, {"saved_step": 50}, RunStatus.QUEUED, 1),
        # What it has learnt is kept for another try.
        ({"wanted": "stop", "idle_attempts": 2}, {"saved_step": 500}, RunStatus.FAILED, 3),
    ],
)
def test_a_runner_that_has_left(
    run: dict[str, Any], seen: dict[str, Any], after: RunStatus, idle_attempts: int
) -> None:
    decision = decide(sight(run, alive=False, **seen), 3)
    assert (decision.action, decision.after) == ("move", after)
    assert decision.idle_attempts == idle_attempts
    assert may_move(RunStatus.RUNNING, after)
