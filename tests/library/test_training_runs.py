"""Trainings from the order to the finished file, with real processes."""

from __future__ import annotations

import hashlib
import os
import random
import signal

from library_world import QUICK_STEPS, World

from textinv_app.domain.status import RunStatus
from textinv_app.runs.lock import read_holder

SEED = 7


def expected_state(num_steps: int) -> bytes:
    """Return what an undisturbed scripted training ends with."""
    state = hashlib.sha256(str(SEED).encode()).hexdigest()
    for _ in range(num_steps):
        state = hashlib.sha256(state.encode()).hexdigest()
    return state.encode()


def kill_runner(world: World, run_id: str) -> None:
    """End the runner of a run the hard way, as a power cut or the kernel would."""
    holder = read_holder(world.run_dir(run_id) / "runner.lock")
    assert holder is not None
    os.kill(holder.pid, signal.SIGKILL)


def test_a_training_ends_with_a_file_that_can_be_downloaded(world: World) -> None:
    concept = world.concept()
    before = world.service.artifacts_version(world.owner)
    strangers = world.service.artifacts_version(world.stranger)
    run = world.start(concept.concept.concept_id)
    assert run.status is RunStatus.QUEUED
    assert run.queue_position == 1

    done = world.tick_until_status(run.run_id, RunStatus.DONE)

    assert done.fraction == 1.0
    assert done.validations
    (artifact,) = world.service.list_artifacts(world.owner)
    assert world.service.artifacts_version(world.owner) != before
    assert world.service.artifacts_version(world.stranger) == strangers
    assert artifact.artifact_id == done.artifact_id
    assert artifact.placeholder_token == "rexdog"
    assert artifact.likeness == 60.0
    path = world.service.artifact_path(world.owner, artifact.artifact_id)
    assert path.read_bytes() == expected_state(QUICK_STEPS)
    # What only a further attempt would need is gone, the photos among it.
    assert not (world.run_dir(run.run_id) / "dataset").exists()
    assert not (world.run_dir(run.run_id) / "checkpoints").exists()


def test_a_killed_runner_goes_on_by_itself_and_ends_the_same(world: World) -> None:
    run = world.start(world.concept().concept.concept_id)
    dice = random.Random(11)
    for kill in range(3):
        world.tick_until_step(run.run_id, 20 + 25 * kill + dice.randrange(15))
        kill_runner(world, run.run_id)
    done = world.tick_until_status(run.run_id, RunStatus.DONE, RunStatus.FAILED)

    assert done.status is RunStatus.DONE
    assert done.attempts == 4
    path = world.service.artifact_path(world.owner, done.artifact_id)
    assert path.read_bytes() == expected_state(QUICK_STEPS)
    # Each step counts once, in order, though some were made twice.
    assert [point.step for point in done.validations] == list(range(1, QUICK_STEPS + 1))


def test_the_times_of_the_presets_follow_the_trainings_of_this_machine(world: World) -> None:
    def promised() -> list[float]:
        return [one.estimated_seconds for one in world.service.list_presets("crayon", 5)]

    before = promised()
    run = world.start(world.concept().concept.concept_id)
    world.tick_until_status(run.run_id, RunStatus.DONE)
    # The scripted runner says that it took a second.
    after = promised()
    assert all(now < then / 10 for now, then in zip(after, before, strict=True))
    world.service.delete_artifact(world.owner, world.run(run.run_id).artifact_id)
    assert promised() == before
