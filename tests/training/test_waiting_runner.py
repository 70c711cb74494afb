"""The real runner, started ahead: the same numbers, exit codes and files as one started cold."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.training.conftest import RunOf
from textinv_app.domain.events import Outcome
from textinv_app.executors.local import LocalExecutor
from textinv_app.runner import ExitCode
from textinv_app.runs.event_log import read_events
from textinv_app.runs.layout import RunLayout

TIMEOUT_SECONDS = 180

pytestmark = pytest.mark.slow


@pytest.fixture
def executor(request: pytest.FixtureRequest) -> Iterator[LocalExecutor]:
    """An executor of real runners on one thread; ``param`` plans a fault for each."""
    environment = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    fault = getattr(request, "param", "")
    if fault:
        environment |= {"PETNAME_TESTING": "1", "PETNAME_FAULT": fault}
    made = LocalExecutor(environment=environment)
    yield made
    made.cool_down()


def launch(executor: LocalExecutor, layout: RunLayout, attempt: int = 1) -> int:
    """Launch an attempt, wait for its end and return the exit code."""
    executor.launch(layout.root, attempt)
    return executor._children[layout.root].wait(TIMEOUT_SECONDS)


@pytest.mark.parametrize("executor", ["train.step:6:term"], indirect=True)
def test_paused_in_a_warm_runner_and_finished_in_a_cold_one(
    executor: LocalExecutor, run_of: RunOf
) -> None:
    _, whole = run_of("whole")
    assert launch(LocalExecutor(environment={"OMP_NUM_THREADS": "1"}), whole) == ExitCode.DONE

    _, layout = run_of("paused")
    executor.warm_up(whole.spec)
    assert launch(executor, layout) == ExitCode.PAUSED
    assert not layout.outcome.exists()
    assert "loop imported" in layout.log.read_text(encoding="utf-8")
    assert launch(executor, layout, attempt=2) == ExitCode.DONE

    assert Outcome.model_validate_json(layout.outcome.read_bytes()).status == "done"
    first, second = (load_file(run.result / "rexdog.safetensors") for run in (whole, layout))
    assert list(first) == list(second)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    events, _ = read_events(layout.events)
    phases = [event.phase for event in events if event.type == "phase" and event.attempt == 1]
    assert phases[0] == "starting"
    assert list(dict.fromkeys(phases)) == [
        "starting",
        "loading_model",
        "preparing_photos",
        "training",
    ]


def test_killed_on_its_run_while_it_still_imports(executor: LocalExecutor, run_of: RunOf) -> None:
    _, layout = run_of("killed")
    executor.warm_up()
    executor.launch(layout.root, 1)
    child = executor._children[layout.root]
    assert executor.is_alive(layout.root)
    executor.kill(layout.root)
    assert child.wait(TIMEOUT_SECONDS) == -signal.SIGKILL
    assert not executor.is_alive(layout.root)
    assert not layout.outcome.exists()
