"""The local executor keeps the contract, and what is its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from executor_contract import ExecutorContract, make_run, no_new_zombies, wait_until

from textinv_app.executors.base import Executor
from textinv_app.executors.environment import child_environment
from textinv_app.executors.local import LocalExecutor
from textinv_app.runs.lock import is_locked, read_holder

RUNNER = Path(__file__).with_name("scripted_runner.py")
REPOSITORY = Path(__file__).resolve().parents[2]


def local_executor(*gpu_indices: int, **environment: str) -> LocalExecutor:
    """Return a local executor that starts the scripted runner."""
    return LocalExecutor(
        gpu_indices=gpu_indices,
        command=(sys.executable, str(RUNNER)),
        environment={"PYTHONPATH": str(REPOSITORY), **environment},
    )


class TestLocalExecutor(ExecutorContract):
    """The contract."""

    @pytest.fixture
    def make_executor(self, tmp_path: Path) -> Iterator[Callable[..., Executor]]:
        """Make local executors; their runners are ended when the test is over."""
        made: list[LocalExecutor] = []

        def make(**environment: str) -> Executor:
            made.append(local_executor(**environment))
            return made[-1]

        yield make
        for executor in made:
            executor.kill(tmp_path / "run")


def test_no_zombies_are_left(tmp_path: Path) -> None:
    with no_new_zombies():
        executor = local_executor(SCRIPT_MISBEHAVE="die_at_start")
        layouts = [make_run(tmp_path / str(index)) for index in range(3)]
        for layout in layouts:
            executor.launch(layout.root, 1)
        wait_until(lambda: not any([executor.is_alive(layout.root) for layout in layouts]))


def test_the_runner_has_a_session_of_its_own_and_says_who_it_is(tmp_path: Path) -> None:
    executor = local_executor(SCRIPT_STEP_SECONDS="0.05")
    layout = make_run(tmp_path / "run", max_steps=5000)
    executor.launch(layout.root, 1)
    try:
        wait_until(lambda: is_locked(layout.lock))
        holder = wait_until(lambda: read_holder(layout.lock))
        assert holder is not None
        assert os.getsid(holder.pid) == holder.pid
        assert holder.details == {"attempt": "1"}
    finally:
        executor.kill(layout.root)
        wait_until(lambda: not executor.is_alive(layout.root))


def test_what_the_runner_prints_is_kept(tmp_path: Path) -> None:
    executor = LocalExecutor(command=(sys.executable, "-c", "print('hello from the runner')"))
    layout = make_run(tmp_path / "run")
    executor.launch(layout.root, 1)
    wait_until(lambda: not executor.is_alive(layout.root))
    assert "hello from the runner" in layout.log.read_text(encoding="utf-8")


def test_secrets_of_the_server_do_not_reach_the_runner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PETNAME_PASSPHRASE", "canary-one")
    monkeypatch.setenv("DATABASE_URL", "canary-two")
    monkeypatch.setenv("HF_HOME", "/models")
    command = (sys.executable, "-c", "import os; print(sorted(os.environ.items()))")
    executor = LocalExecutor(command=command)
    layout = make_run(tmp_path / "run")
    executor.launch(layout.root, 1)
    wait_until(lambda: not executor.is_alive(layout.root))
    seen = layout.log.read_text(encoding="utf-8")
    assert "canary" not in seen
    assert "/models" in seen
    assert "PATH" in seen


def test_each_gpu_is_a_slot_and_none_is_given_twice(tmp_path: Path) -> None:
    executor = local_executor(2, 5, SCRIPT_STEP_SECONDS="0.05")
    assert executor.num_slots == 2
    layouts = [make_run(tmp_path / str(index), max_steps=5000) for index in range(2)]
    try:
        for layout in layouts:
            executor.launch(layout.root, 1)
        devices = [_visible_devices(executor, layout.root) for layout in layouts]
        assert sorted(devices) == ["2", "5"]
    finally:
        for layout in layouts:
            executor.kill(layout.root)


def _visible_devices(executor: LocalExecutor, run_dir: Path) -> str:
    (pid,) = executor._pids(run_dir)
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    found = [entry for entry in variables if entry.startswith(b"CUDA_VISIBLE_DEVICES=")]
    return found[0].split(b"=", 1)[1].decode()


def test_the_list_of_variables_is_a_list_of_what_is_let_through() -> None:
    surroundings = {"PATH": "/bin", "SECRET": "x", "HF_TOKEN": "t", "PETNAME_PORT": "1"}
    passed = child_environment(surroundings, {"EXTRA": "1"})
    assert passed == {
        "PATH": "/bin",
        "HF_TOKEN": "t",
        "EXTRA": "1",
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
    }
