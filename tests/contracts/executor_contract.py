"""What every executor must do, as tests; a subclass says which executor."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from textinv_app.domain.events import Outcome
from textinv_app.domain.specs import BaseModelRef, RunSpec, TrainingSettings
from textinv_app.executors.base import Executor
from textinv_app.runs.atomic import atomic_write_text
from textinv_app.runs.control import Control, write_control
from textinv_app.runs.event_log import read_events
from textinv_app.runs.layout import RunLayout
from textinv_app.runs.lock import is_locked, read_holder

PATIENCE_SECONDS = 60.0


def make_run(folder: Path, max_steps: int = 20) -> RunLayout:
    """Make a run directory that the scripted runner understands."""
    folder.mkdir(parents=True)
    spec = RunSpec(
        run_id="run1",
        concept_id="concept1",
        concept_name="Rex",
        kind="subject",
        class_word="dog",
        placeholder_token="rexdog",
        method="embedding",
        base_model=BaseModelRef(model_id="crayon", source="assets/crayon", family="crayon"),
        preset="quick",
        settings=TrainingSettings(
            resolution_pixels=128, max_steps=max_steps, batch_size=1, learning_rate=1e-3
        ),
        preview_prompts=("a {word}",),
        created_at="2026-01-01T00:00:00+00:00",
    )
    layout = RunLayout(folder)
    atomic_write_text(layout.spec, spec.model_dump_json())
    write_control(layout.control, Control("run", 1))
    return layout


def wait_until(reached: Callable[[], Any]) -> Any:
    """Wait until something is so."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        found = reached()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def reached_step(layout: RunLayout, step: int) -> bool:
    """Tell whether a run has come so far."""
    return any(getattr(event, "step", 0) >= step for event in read_events(layout.events)[0])


class ExecutorContract:
    """The contract; ``make_executor`` must start the scripted runner with an environment."""

    @pytest.fixture
    def make_executor(self) -> Callable[..., Executor]:
        """Return a maker of executors."""
        raise NotImplementedError

    @pytest.fixture
    def slow(self, make_executor: Callable[..., Executor]) -> Executor:
        """An executor whose runners take their time."""
        return make_executor(SCRIPT_STEP_SECONDS="0.05")

    def test_it_has_a_slot(self, make_executor: Callable[..., Executor]) -> None:
        assert make_executor().num_slots >= 1

    def test_a_run_that_was_never_launched_is_not_alive(
        self, make_executor: Callable[..., Executor], tmp_path: Path
    ) -> None:
        executor, layout = make_executor(), make_run(tmp_path / "run")
        assert not executor.is_alive(layout.root)
        executor.terminate(layout.root)
        executor.kill(layout.root)
        assert not executor.is_alive(layout.root)

    def test_it_is_alive_from_the_launch_until_its_outcome(
        self, make_executor: Callable[..., Executor], tmp_path: Path
    ) -> None:
        executor, layout = make_executor(), make_run(tmp_path / "run")
        executor.launch(layout.root, 1)
        assert executor.is_alive(layout.root)
        seen_dead_without_outcome = False
        while executor.is_alive(layout.root):
            time.sleep(0.01)
        seen_dead_without_outcome = not layout.outcome.exists()
        assert not seen_dead_without_outcome
        outcome = Outcome.model_validate_json(layout.outcome.read_bytes())
        assert (outcome.status, outcome.attempt) == ("done", 1)
        assert (layout.result / "manifest.json").exists()

    def test_the_control_file_reaches_the_runner(self, slow: Executor, tmp_path: Path) -> None:
        layout = make_run(tmp_path / "run", max_steps=5000)
        slow.launch(layout.root, 1)
        wait_until(lambda: reached_step(layout, 2))
        write_control(layout.control, Control("stop", 1))
        wait_until(lambda: not slow.is_alive(layout.root))
        assert layout.outcome.exists()

    def test_terminate_saves_and_leaves(self, slow: Executor, tmp_path: Path) -> None:
        layout = make_run(tmp_path / "run", max_steps=5000)
        slow.launch(layout.root, 1)
        wait_until(lambda: reached_step(layout, 2))
        slow.terminate(layout.root)
        wait_until(lambda: not slow.is_alive(layout.root))
        assert not layout.outcome.exists()
        assert list(layout.checkpoints.glob("step-*"))

    def test_kill_ends_one_that_does_not_listen(
        self, make_executor: Callable[..., Executor], tmp_path: Path
    ) -> None:
        executor = make_executor(SCRIPT_MISBEHAVE="deaf", SCRIPT_STEP_SECONDS="0.05")
        layout = make_run(tmp_path / "run", max_steps=5000)
        executor.launch(layout.root, 1)
        wait_until(lambda: reached_step(layout, 1))
        executor.terminate(layout.root)
        step = _last_step(layout)
        wait_until(lambda: _last_step(layout) > step)
        executor.kill(layout.root)
        wait_until(lambda: not executor.is_alive(layout.root))
        assert not is_locked(layout.lock)

    def test_kill_right_after_the_launch(self, slow: Executor, tmp_path: Path) -> None:
        layout = make_run(tmp_path / "run", max_steps=5000)
        slow.launch(layout.root, 1)
        slow.kill(layout.root)
        wait_until(lambda: not slow.is_alive(layout.root))
        assert not layout.outcome.exists()

    def test_a_new_executor_finds_a_living_runner_again(
        self, make_executor: Callable[..., Executor], slow: Executor, tmp_path: Path
    ) -> None:
        layout = make_run(tmp_path / "run", max_steps=5000)
        slow.launch(layout.root, 1)
        other = make_executor()
        assert other.is_alive(layout.root)
        wait_until(lambda: is_locked(layout.lock))
        assert other.is_alive(layout.root)
        other.kill(layout.root)
        wait_until(lambda: not other.is_alive(layout.root))
        assert not slow.is_alive(layout.root)

    def test_a_later_attempt_goes_on(
        self, make_executor: Callable[..., Executor], tmp_path: Path
    ) -> None:
        executor = make_executor(SCRIPT_STEP_SECONDS="0.02")
        layout = make_run(tmp_path / "run", max_steps=40)
        executor.launch(layout.root, 1)
        wait_until(lambda: reached_step(layout, 10))
        executor.kill(layout.root)
        wait_until(lambda: not executor.is_alive(layout.root))
        write_control(layout.control, Control("run", 2))
        executor.launch(layout.root, 2)
        wait_until(lambda: not executor.is_alive(layout.root))
        outcome = Outcome.model_validate_json(layout.outcome.read_bytes())
        assert (outcome.status, outcome.attempt, outcome.step) == ("done", 2, 40)

    def test_two_launches_leave_one_runner(self, slow: Executor, tmp_path: Path) -> None:
        layout = make_run(tmp_path / "run", max_steps=5000)
        slow.launch(layout.root, 1)
        first = wait_until(lambda: read_holder(layout.lock))
        assert is_locked(layout.lock)
        slow.launch(layout.root, 1)
        time.sleep(1.0)
        assert read_holder(layout.lock) == first
        slow.kill(layout.root)
        wait_until(lambda: not slow.is_alive(layout.root))


def _last_step(layout: RunLayout) -> int:
    return max((getattr(event, "step", 0) for event in read_events(layout.events)[0]), default=0)


@contextmanager
def no_new_zombies() -> Iterator[None]:
    """Fail if children of this process end meanwhile and are not reaped, other tests' apart."""
    before = _zombie_children()
    yield
    assert not _zombie_children() - before


def _zombie_children() -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rsplit(")", 1)[-1].split()
        except OSError:
            continue
        if fields[0] == "Z" and fields[1] == str(os.getpid()):
            found.add(int(stat.parent.name))
    return found
