"""Pause, resume and stop in every state, with real processes that obey and some that do not."""

from __future__ import annotations

import errno
import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from library_world import QUICK_STEPS, World, scripted_executor

from textinv_app.domain.status import RunStatus
from textinv_app.errors import BadInput, NotFound, QuotaReached
from textinv_app.executors.local import LocalExecutor

SEED = 7


def state_after(num_steps: int) -> bytes:
    """Return what a scripted training holds after so many steps."""
    state = hashlib.sha256(str(SEED).encode()).hexdigest()
    for _ in range(num_steps):
        state = hashlib.sha256(state.encode()).hexdigest()
    return state.encode()


def hurry(world: World, factor: float) -> None:
    """Let time pass faster for whoever waits for a runner."""
    clock = lambda: time.monotonic() * factor  # noqa: E731
    world.service._parts.supervisor.clock = clock
    world.service._parts.supervisor._followers._clock = clock


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A library whose runners take their time."""
    return make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.01"))


@pytest.fixture
def run_id(world: World) -> str:
    """A run that waits."""
    return world.start(world.concept().concept.concept_id).run_id


def result_of(world: World, run_id: str) -> bytes:
    """Return the content of the file that a run has made."""
    artifact_id = world.run(run_id).artifact_id
    return world.service.artifact_path(world.owner, artifact_id).read_bytes()


def test_a_waiting_run_is_paused_at_once_and_resumed(world: World, run_id: str) -> None:
    assert world.service.pause_run(world.owner, run_id).status is RunStatus.PAUSED
    world.service.tick()
    assert world.run(run_id).status is RunStatus.PAUSED
    assert world.service.resume_run(world.owner, run_id).status is RunStatus.QUEUED
    world.tick_until_step(run_id, 1)


def test_pause_gives_the_machine_back_and_resume_ends_the_same(world: World, run_id: str) -> None:
    world.tick_until_step(run_id, 12)
    pausing = world.service.pause_run(world.owner, run_id)
    assert (pausing.status, pausing.wanted) == (RunStatus.RUNNING, "pause")
    paused = world.tick_until_status(run_id, RunStatus.PAUSED)
    assert not world.executor.is_alive(world.run_dir(run_id))
    assert paused.step is not None
    world.service.resume_run(world.owner, run_id)
    world.tick_until_step(run_id, paused.step.step + 1)
    done = world.tick_until_status(run_id, RunStatus.DONE)
    assert done.attempts == 2
    assert result_of(world, run_id) == state_after(QUICK_STEPS)


def test_resume_while_it_is_still_pausing_goes_on(world: World, run_id: str) -> None:
    world.tick_until_step(run_id, 3)
    world.service.pause_run(world.owner, run_id)
    world.service.resume_run(world.owner, run_id)
    world.tick_until_status(run_id, RunStatus.DONE)
    assert result_of(world, run_id) == state_after(QUICK_STEPS)


def test_stop_of_a_waiting_run_cancels_it(world: World, run_id: str) -> None:
    assert world.service.stop_run(world.owner, run_id).status is RunStatus.CANCELLED
    world.service.tick()
    assert world.run(run_id).status is RunStatus.CANCELLED
    assert world.service.list_artifacts(world.owner) == ()


def test_stop_of_a_waiting_run_keeps_no_copies_of_its_photos(world: World, run_id: str) -> None:
    dataset = world.run_dir(run_id) / "dataset"
    assert dataset.is_dir()
    world.service.stop_run(world.owner, run_id)
    assert not dataset.exists()
    # Also one that an earlier Petname or a crash has left.
    dataset.mkdir()
    (dataset / "000.png").write_bytes(b"a photo")
    world.reopen()
    assert not dataset.exists()


def test_stop_of_a_living_run_keeps_what_it_has_learnt(world: World, run_id: str) -> None:
    world.tick_until_step(run_id, 12)
    world.service.stop_run(world.owner, run_id)
    done = world.tick_until_status(run_id, RunStatus.DONE)
    assert done.step is not None
    assert 12 <= done.step.step < QUICK_STEPS
    assert result_of(world, run_id) == state_after(done.step.step)


def test_stop_of_a_paused_run_keeps_what_it_has_learnt(world: World, run_id: str) -> None:
    world.tick_until_step(run_id, 12)
    world.service.pause_run(world.owner, run_id)
    paused = world.tick_until_status(run_id, RunStatus.PAUSED)
    assert paused.step is not None
    world.service.stop_run(world.owner, run_id)
    world.tick_until_status(run_id, RunStatus.DONE)
    assert result_of(world, run_id) == state_after(paused.step.step)


def test_a_stop_that_cannot_save_keeps_the_checkpoint_for_another_try(
    world: World, run_id: str
) -> None:
    """It was cancelled, its checkpoints removed, as if there had been nothing to keep."""
    world.tick_until_step(run_id, 12)
    world.service.pause_run(world.owner, run_id)
    paused = world.tick_until_status(run_id, RunStatus.PAUSED)
    assert paused.step is not None
    world.reopen(scripted_executor(SCRIPT_MISBEHAVE="die_at_start"))
    world.service.stop_run(world.owner, run_id)
    failed = world.tick_until_status(run_id, RunStatus.FAILED, RunStatus.CANCELLED)
    assert (failed.status, failed.error_code) == (RunStatus.FAILED, "training.gave_up")

    world.reopen(scripted_executor(SCRIPT_STEP_SECONDS="0.01"))
    world.service.resume_run(world.owner, run_id)
    world.tick_until_step(run_id, paused.step.step + 1)
    world.tick_until_status(run_id, RunStatus.DONE)
    assert result_of(world, run_id) == state_after(QUICK_STEPS)


def test_stop_wins_over_pause_and_resume(world: World, run_id: str) -> None:
    world.tick_until_step(run_id, 12)
    world.service.pause_run(world.owner, run_id)
    world.service.stop_run(world.owner, run_id)
    for button in (world.service.pause_run, world.service.resume_run):
        with pytest.raises(BadInput) as caught:
            button(world.owner, run_id)
        assert caught.value.code == "training.stopping"
    world.tick_until_status(run_id, RunStatus.DONE)


def test_stop_ends_a_runner_that_does_not_listen(make_world: Callable[..., World]) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_MISBEHAVE="deaf", SCRIPT_STEP_SECONDS="1"))
    run_id = world.start(world.concept().concept.concept_id).run_id
    world.tick_until_step(run_id, 1)
    hurry(world, 20)
    world.service.stop_run(world.owner, run_id)
    world.tick_until_status(run_id, RunStatus.CANCELLED)
    assert not world.executor.is_alive(world.run_dir(run_id))


def test_a_runner_that_has_fallen_silent_is_replaced(make_world: Callable[..., World]) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_MISBEHAVE="silent"))
    run_id = world.start(world.concept().concept.concept_id).run_id
    world.service.tick()
    hurry(world, 4000)
    world.tick_until(lambda: world.run(run_id).attempts == 2)


def test_a_run_that_gets_nowhere_is_given_up_with_a_reason(
    make_world: Callable[..., World],
) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_MISBEHAVE="die_at_start"))
    run_id = world.start(world.concept().concept.concept_id).run_id
    failed = world.tick_until_status(run_id, RunStatus.FAILED)
    assert failed.attempts == 3
    assert failed.error_code == "training.gave_up"
    assert "Try again" in failed.error_sentence

    world.reopen()
    world.service.resume_run(world.owner, run_id)
    again = world.tick_until_status(run_id, RunStatus.DONE)
    assert again.error_code == ""


def test_a_runner_that_cannot_be_started_is_told_at_once(make_world: Callable[..., World]) -> None:
    """It was said to have been interrupted several times, after a second and a half."""
    world = make_world(executor=LocalExecutor(command=("/nowhere/python",)))
    run_id = world.start(world.concept().concept.concept_id).run_id
    world.service.tick()
    failed = world.run(run_id)
    assert (failed.status, failed.error_code) == (RunStatus.FAILED, "run.storage")
    assert failed.attempts == 1

    world.reopen()
    world.service.resume_run(world.owner, run_id)
    world.tick_until_status(run_id, RunStatus.DONE)


def test_a_runner_that_a_full_disk_keeps_from_starting_gets_the_reserve(
    make_world: Callable[..., World],
) -> None:
    class OnFullDisk(LocalExecutor):
        """On a disk that has room once the reserve is given up."""

        def launch(self, run_dir: Path, attempt: int) -> None:
            if (run_dir.parents[1] / "reserve.bin").exists():
                raise OSError(errno.ENOSPC, "No space left on device")
            super().launch(run_dir, attempt)

    given = scripted_executor()
    world = make_world(executor=OnFullDisk(command=given._command, environment=given._environment))
    run_id = world.start(world.concept().concept.concept_id).run_id
    done = world.tick_until_status(run_id, RunStatus.DONE, RunStatus.FAILED)
    assert (done.status, done.attempts) == (RunStatus.DONE, 1)


def test_the_reason_of_a_failed_run_is_told_and_it_can_be_tried_again(
    make_world: Callable[..., World],
) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_MISBEHAVE="fail"))
    run_id = world.start(world.concept().concept.concept_id).run_id
    failed = world.tick_until_status(run_id, RunStatus.FAILED)
    assert failed.error_code == "run.out_of_memory"
    assert failed.error_details == {"mb": 1}

    world.reopen()
    world.service.resume_run(world.owner, run_id)
    world.tick_until_status(run_id, RunStatus.DONE)


def test_resume_waits_for_a_place_as_a_start_does(make_world: Callable[..., World]) -> None:
    world = make_world(max_active_runs_per_owner=1)
    first, second = (world.concept(name).concept.concept_id for name in ("Rex", "Mia"))
    paused = world.start(first).run_id
    world.service.pause_run(world.owner, paused)
    world.start(second)
    with pytest.raises(QuotaReached):
        world.service.resume_run(world.owner, paused)
    assert world.run(paused).status is RunStatus.PAUSED


def test_a_failed_run_is_not_tried_again_beside_the_one_that_follows_it(
    make_world: Callable[..., World],
) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_MISBEHAVE="fail"))
    concept_id = world.concept().concept.concept_id
    failed = world.start(concept_id).run_id
    world.tick_until_status(failed, RunStatus.FAILED)
    world.start(concept_id)
    with pytest.raises(BadInput) as caught:
        world.service.resume_run(world.owner, failed)
    assert caught.value.code == "training.already"
    assert world.run(failed).status is RunStatus.FAILED


def test_buttons_of_a_run_that_is_over_say_so(world: World, run_id: str) -> None:
    world.service.stop_run(world.owner, run_id)
    for button in (world.service.pause_run, world.service.resume_run):
        with pytest.raises(BadInput) as caught:
            button(world.owner, run_id)
        assert caught.value.code == "training.over"
    assert world.service.stop_run(world.owner, run_id).status is RunStatus.CANCELLED


def test_a_stranger_finds_no_button(world: World, run_id: str) -> None:
    for button in (
        world.service.run,
        world.service.pause_run,
        world.service.resume_run,
        world.service.stop_run,
    ):
        with pytest.raises(NotFound):
            button(world.stranger, run_id)
    assert world.run(run_id).status is RunStatus.QUEUED
    assert world.service.list_runs(world.stranger) == ()
