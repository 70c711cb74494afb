"""A runner that was started ahead keeps every promise of one that is started for its run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from executor_contract import ExecutorContract, make_run, no_new_zombies, wait_until
from test_local_executor_contract import REPOSITORY, RUNNER, local_executor

from textinv_app.domain.events import Outcome
from textinv_app.executors.base import Executor
from textinv_app.executors.local import LocalExecutor
from textinv_app.runs.layout import RunLayout
from textinv_app.runs.lock import is_locked, is_running, process_start_time, read_holder

HOST = """
import sys, time
sys.path[:0] = [{repository!r}, {contracts!r}]
from test_local_executor_contract import local_executor
executor = local_executor()
executor.warm_up()
print(executor._waiting._waiting.process.pid, flush=True)
time.sleep(600)
"""
# Waits without reading, its input closed; started for a run it is the scripted runner.
CLOSED = """
import os, runpy, sys, time
if "--wait" in sys.argv:
    os.close(0)
    print("closed", flush=True)
    time.sleep(600)
sys.argv[0] = {runner!r}
runpy.run_path({runner!r}, run_name="__main__")
"""


class AlwaysWarm(LocalExecutor):
    """Starts a runner ahead of every launch."""

    def launch(self, run_dir: Path, attempt: int) -> None:
        self.warm_up()
        super().launch(run_dir, attempt)
        assert not self.is_warm, "the run was not handed to the one that waited"


class TestWarmLocalExecutor(ExecutorContract):
    """The contract, with every run handed to a runner that waits."""

    @pytest.fixture
    def make_executor(self, tmp_path: Path) -> Iterator[Callable[..., Executor]]:
        """Make executors; their runners are ended when the test is over."""
        made: list[LocalExecutor] = []

        def make(**environment: str) -> Executor:
            command = (sys.executable, str(RUNNER))
            given = {"PYTHONPATH": str(REPOSITORY), **environment}
            made.append(AlwaysWarm(command=command, environment=given))
            return made[-1]

        yield make
        for executor in made:
            executor.kill(tmp_path / "run")
            executor.cool_down()


@pytest.fixture
def warm() -> Iterator[LocalExecutor]:
    """An executor whose runner waits already; what still waits is ended after the test."""
    executor = local_executor(SCRIPT_STEP_SECONDS="0.05")
    executor.warm_up()
    yield executor
    executor.cool_down()


def waiting_pid(executor: LocalExecutor) -> int:
    """Return the process that waits."""
    waiting = executor._waiting._waiting
    assert waiting is not None
    return waiting.process.pid


def is_over(executor: Executor, layout: RunLayout) -> bool:
    """Tell whether a run is done."""
    return not executor.is_alive(layout.root) and layout.outcome.exists()


def test_the_one_that_waits_becomes_the_runs_own(warm: LocalExecutor, tmp_path: Path) -> None:
    pid, layout = waiting_pid(warm), make_run(tmp_path / "run")
    warm.warm_up()
    assert waiting_pid(warm) == pid
    warm.launch(layout.root, 1)
    # The lock is held a moment before its holder has written itself in.
    holder = wait_until(lambda: read_holder(layout.lock))
    assert is_locked(layout.lock)
    assert (holder.pid, dict(holder.details)) == (pid, {"attempt": "1"})
    assert os.getsid(pid) == pid
    wait_until(lambda: is_over(warm, layout))
    assert not is_running(pid, holder.start_time), "one process, one run"
    assert not warm.is_warm


def test_killed_while_it_waits_and_the_next_launch_starts_cold(
    warm: LocalExecutor, tmp_path: Path
) -> None:
    with no_new_zombies():
        pid, layout = waiting_pid(warm), make_run(tmp_path / "run")
        start_time = process_start_time(pid)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_running(pid, start_time))
        warm.launch(layout.root, 1)
        wait_until(lambda: is_over(warm, layout))
        holder = read_holder(layout.lock)
        assert holder is not None
        assert holder.pid != pid


def test_one_that_no_longer_listens_is_passed_over(tmp_path: Path) -> None:
    with no_new_zombies():
        code = CLOSED.format(runner=str(RUNNER))
        executor = LocalExecutor(
            command=(sys.executable, "-c", code), environment={"PYTHONPATH": str(REPOSITORY)}
        )
        executor.warm_up()
        pid, layout = waiting_pid(executor), make_run(tmp_path / "run")
        printed = executor._waiting._waiting.printed  # type: ignore[union-attr]
        wait_until(lambda: os.pread(printed.fileno(), 10, 0))
        start_time = process_start_time(pid)
        executor.launch(layout.root, 1)
        assert not is_running(pid, start_time)
        wait_until(lambda: is_over(executor, layout))


def test_it_ends_itself_when_the_web_process_is_killed() -> None:
    code = HOST.format(repository=str(REPOSITORY), contracts=str(RUNNER.parent))
    host = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    pid = int(host.stdout.readline())
    start_time = process_start_time(pid)
    assert is_running(pid, start_time)
    host.kill()
    host.communicate()
    wait_until(lambda: not is_running(pid, start_time))


def test_two_launches_at_once_and_one_gets_it(tmp_path: Path) -> None:
    executor = local_executor(2, 5, SCRIPT_STEP_SECONDS="0.02")
    executor.warm_up()
    pid = waiting_pid(executor)
    layouts = [make_run(tmp_path / str(index)) for index in range(2)]
    barrier = threading.Barrier(2)

    def launch(layout: RunLayout) -> None:
        barrier.wait()
        executor.launch(layout.root, 1)

    threads = [threading.Thread(target=launch, args=(layout,)) for layout in layouts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for layout in layouts:
        wait_until(lambda run=layout: is_over(executor, run))
        outcome = Outcome.model_validate_json(layout.outcome.read_bytes())
        assert (outcome.status, outcome.step) == ("done", 20)
    holders = [read_holder(layout.lock) for layout in layouts]
    pids = [holder.pid for holder in holders if holder is not None]
    assert len(set(pids)) == 2
    assert pid in pids


def test_environment_folder_and_log_are_those_of_a_cold_start(tmp_path: Path) -> None:
    executor = local_executor(3)
    cold, hot = make_run(tmp_path / "cold"), make_run(tmp_path / "hot")
    executor.launch(cold.root, 1)
    wait_until(lambda: is_over(executor, cold))
    executor.warm_up()
    pid = waiting_pid(executor)
    executor.launch(hot.root, 1)
    wait_until(lambda: is_over(executor, hot))
    holder = read_holder(hot.lock)
    assert holder is not None
    assert holder.pid == pid
    assert surroundings(hot) == surroundings(cold)
    assert surroundings(hot)["environment"]["CUDA_VISIBLE_DEVICES"] == "3"
    # What was printed before the run was known is in its log, before all else.
    assert hot.log.read_text(encoding="utf-8").startswith("printed while waiting\nsurroundings:")


def surroundings(layout: RunLayout) -> dict[str, Any]:
    """Return what a scripted runner found itself in."""
    lines = layout.log.read_text(encoding="utf-8").splitlines()
    line = next(line for line in lines if line.startswith("surroundings: "))
    found: dict[str, Any] = json.loads(line.removeprefix("surroundings: "))
    return found


def test_cooling_down_leaves_nothing(warm: LocalExecutor, tmp_path: Path) -> None:
    with no_new_zombies():
        pid = waiting_pid(warm)
        start_time = process_start_time(pid)
        warm.cool_down()
        assert not is_running(pid, start_time)
        assert not warm.is_warm
    warm.cool_down()
    layout = make_run(tmp_path / "run")
    warm.launch(layout.root, 1)
    wait_until(lambda: is_over(warm, layout))
