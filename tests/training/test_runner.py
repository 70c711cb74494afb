"""The runner as a real process: killed, terminated, fenced, and always with a reason."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.training.conftest import RunOf
from textinv_app.domain.concept import Method
from textinv_app.domain.events import Event, Failed, Finished, Outcome, Paused
from textinv_app.runner import ExitCode, main
from textinv_app.runs.control import Control, write_control
from textinv_app.runs.event_log import EventLog, read_events
from textinv_app.runs.layout import RunLayout
from textinv_app.runs.lock import RunLock

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 180

pytestmark = pytest.mark.slow


def start(layout: RunLayout, attempt: int = 1, fault: str = "") -> subprocess.Popen[bytes]:
    """Start a runner as an executor does."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    if fault:
        environment |= {"PETNAME_TESTING": "1", "PETNAME_FAULT": fault}
    with layout.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "textinv_app.runner", layout.root, "--attempt", str(attempt)],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )


def finish(layout: RunLayout, attempt: int = 1, fault: str = "") -> int:
    """Run a runner to its end and return its exit code."""
    return start(layout, attempt, fault).wait(TIMEOUT_SECONDS)


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """Put back what a runner in this process makes of the signals that pause it."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def run_here(layout: RunLayout, attempt: int = 1) -> int:
    """Run a runner in this process, where torch is loaded already, and return its exit code."""
    return main([str(layout.root), "--attempt", str(attempt)])


def events_of(layout: RunLayout) -> list[Event]:
    """Return all that was logged."""
    return read_events(layout.events)[0]


def outcome_of(layout: RunLayout) -> Outcome:
    """Return how the run ended."""
    return Outcome.model_validate_json(layout.outcome.read_text(encoding="utf-8"))


def wait_for(layout: RunLayout, kind: str) -> None:
    """Wait until an event of a kind is logged."""
    give_up = time.monotonic() + TIMEOUT_SECONDS
    while not any(event.type == kind for event in events_of(layout)):
        assert time.monotonic() < give_up, layout.log.read_text(encoding="utf-8")
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("method", "faults"),
    [
        ("embedding", ("checkpoint.written:4:kill9", "train.step:6:kill9")),
        ("lora", ("train.step:6:kill9",)),
    ],
)
def test_a_killed_run_ends_with_the_same_numbers(
    run_of: RunOf, method: Method, faults: tuple[str, ...]
) -> None:
    changes = {"method": method}
    _, whole = run_of("whole", spec_changes=changes)
    assert finish(whole) == ExitCode.DONE
    _, killed = run_of("killed", spec_changes=changes)
    for attempt, fault in enumerate(faults, start=1):
        assert finish(killed, attempt, fault) == -signal.SIGKILL
        assert not killed.outcome.exists()
    last = len(faults) + 1
    assert finish(killed, last) == ExitCode.DONE
    first, second = (load_file(layout.result / "rexdog.safetensors") for layout in (whole, killed))
    assert list(first) == list(second)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    resumed = [
        event.step
        for event in events_of(killed)
        if event.attempt == last and event.type == "validation"
    ]
    assert min(resumed) > 4
    assert outcome_of(killed).attempt == last


def test_what_killed_attempts_were_filling_is_removed_by_the_next(run_of: RunOf) -> None:
    _, layout = run_of(max_steps=2)
    half_done = layout.root / ".tmp-0123456789abcdef"
    half_done.mkdir()
    (half_done / "000.png").write_bytes(b"half a picture")
    being_written = layout.root / ".tmp-fedcba9876543210-control.json"
    being_written.write_bytes(b"{")
    with RunLock(layout.lock, {"attempt": "1"}):
        assert run_here(layout, attempt=2) == ExitCode.NOT_OURS
    assert half_done.is_dir()
    assert run_here(layout, attempt=2) == ExitCode.DONE
    assert not half_done.exists()
    assert being_written.exists()


def test_outcome_is_there_before_success_is_told(run_of: RunOf) -> None:
    _, layout = run_of()
    assert finish(layout) == ExitCode.DONE
    outcome, events = outcome_of(layout), events_of(layout)
    assert outcome.status == "done"
    assert isinstance(events[-1], Finished)
    assert outcome.finished is not None
    assert outcome.finished.artifact == events[-1].artifact
    assert all(event.at and event.attempt == 1 for event in events)
    assert (layout.root / outcome.finished.artifact).is_file()
    assert not layout.checkpoints.exists()


def test_a_finished_run_stays_finished_where_only_the_log_could_not_be_written(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = EventLog.append

    def append_on_a_full_disk(log: EventLog, event: Event) -> Event:
        if isinstance(event, Finished):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return append(log, event)

    monkeypatch.setattr(EventLog, "append", append_on_a_full_disk)
    _, layout = run_of()
    assert run_here(layout) == ExitCode.DONE
    assert outcome_of(layout).status == "done"


def test_a_termination_signal_saves_and_leaves(run_of: RunOf) -> None:
    _, layout = run_of(max_steps=4000, preview_every_steps=1000, checkpoint_every_steps=1000)
    process = start(layout)
    wait_for(layout, "step")
    process.terminate()
    assert process.wait(TIMEOUT_SECONDS) == ExitCode.PAUSED
    last = events_of(layout)[-1]
    assert isinstance(last, Paused)
    assert last.step > 0
    assert (layout.checkpoints / f"step-{last.step:06d}.ckpt").is_file()
    assert not layout.outcome.exists()


def test_pause_and_stop_by_the_control_file(run_of: RunOf) -> None:
    _, layout = run_of(max_steps=4000, preview_every_steps=1000, checkpoint_every_steps=1000)
    process = start(layout)
    wait_for(layout, "step")
    write_control(layout.control, Control("pause", 1))
    assert process.wait(TIMEOUT_SECONDS) == ExitCode.PAUSED
    paused_at = events_of(layout)[-1].step  # type: ignore[union-attr]
    write_control(layout.control, Control("run", 2))
    process = start(layout, 2)
    give_up = time.monotonic() + TIMEOUT_SECONDS
    while not any(e.type == "step" and e.attempt == 2 for e in events_of(layout)):
        assert time.monotonic() < give_up
        time.sleep(0.02)
    write_control(layout.control, Control("stop", 2))
    assert process.wait(TIMEOUT_SECONDS) == ExitCode.DONE
    outcome = outcome_of(layout)
    assert outcome.status == "done"
    assert outcome.finished is not None
    assert outcome.finished.stopped_because == "stopped_by_person"
    assert outcome.step > paused_at


def test_stopped_before_it_began_is_cancelled(run_of: RunOf) -> None:
    _, layout = run_of()
    write_control(layout.control, Control("stop", 1))
    assert run_here(layout) == ExitCode.DONE
    assert outcome_of(layout).status == "cancelled"


def test_an_older_attempt_leaves_without_a_trace(run_of: RunOf) -> None:
    _, layout = run_of()
    write_control(layout.control, Control("run", 3))
    assert run_here(layout, 2) == ExitCode.NOT_OURS
    assert events_of(layout) == []
    assert not layout.outcome.exists()


def test_a_second_runner_leaves_the_first_alone(run_of: RunOf) -> None:
    _, layout = run_of()
    with RunLock(layout.lock):
        assert finish(layout, 2) == ExitCode.NOT_OURS
    assert not layout.outcome.exists()


def test_a_model_that_is_not_there_is_a_reason(run_of: RunOf) -> None:
    missing = {"model_id": "custom", "source": "/nonexistent/model", "family": "sd1"}
    _, layout = run_of(spec_changes={"base_model": missing})
    assert run_here(layout) == ExitCode.FAILED
    outcome = outcome_of(layout)
    assert outcome.status == "failed"
    assert outcome.failed is not None
    assert outcome.failed.code.startswith("model.")
    assert outcome.failed.sentence.endswith(".")
    assert isinstance(events_of(layout)[-1], Failed)


def test_a_failed_run_can_be_tried_again_and_a_finished_one_not(run_of: RunOf) -> None:
    _, layout = run_of(num_photos=3, max_steps=2)
    photos = {path: path.read_bytes() for path in layout.dataset.iterdir()}
    for path in photos:
        path.unlink()
    assert run_here(layout, 1) == ExitCode.FAILED
    for path, data in photos.items():
        path.write_bytes(data)
    assert run_here(layout, 1) == ExitCode.NOT_OURS
    assert run_here(layout, 2) == ExitCode.DONE
    assert outcome_of(layout).status == "done"
    assert run_here(layout, 3) == ExitCode.NOT_OURS
    assert outcome_of(layout).attempt == 2


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    assert run_here(RunLayout(tmp_path)) == ExitCode.BAD_INPUT
