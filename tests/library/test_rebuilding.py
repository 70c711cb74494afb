"""The index is damaged or gone: everything comes back from the folders."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from library_world import World, scripted_executor

from textinv_app.domain.status import RunStatus
from textinv_app.errors import NotFound, StorageFailed
from textinv_app.library import opening, rebuilding
from textinv_app.library import store as store_module
from textinv_app.library.api import DrawingOrder
from textinv_app.library.folders import read_owner
from textinv_app.library.store import Store, migration_steps


def damage(world: World, how: str) -> None:
    """Break the index as a disk or a hand might."""
    path = world.data_dir / "petname.db"
    data = bytearray(path.read_bytes())
    if how == "gone":
        path.unlink()
        return
    if how == "header":
        data[:100] = b"\0" * 100
    elif how == "middle":
        for index in range(4096, len(data), 7):
            data[index] ^= 0x5A
    elif how == "empty":
        data = bytearray()
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("how", ["gone", "header", "middle", "empty"])
def test_everything_comes_back(make_world: Callable[..., World], how: str) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.001"))
    rex = world.concept("Rex").concept.concept_id
    mia = world.concept("Mia").concept.concept_id
    bert = world.concept("Bo", owner=world.stranger).concept.concept_id
    done = world.start(rex).run_id
    world.tick_until_status(done, RunStatus.DONE)
    world.service.rename_artifact(world.owner, done, "My good dog")
    cancelled = world.start(rex).run_id
    world.service.stop_run(world.owner, cancelled)
    paused = world.start(mia).run_id
    world.service.pause_run(world.owner, paused)
    waiting = world.start(bert, owner=world.stranger).run_id
    drawing = world.service.start_drawing(
        world.owner, DrawingOrder(model_id="crayon", prompt="a rexdog", embedding_id=done)
    )
    concepts = world.service.list_concepts(world.owner)
    (artifact,) = world.service.list_artifacts(world.owner)

    world.service.close()
    damage(world, how)
    world.open()

    assert world.service.was_rebuilt
    again = world.service.list_concepts(world.owner)
    assert {view.concept for view in again} == {view.concept for view in concepts}
    (found,) = world.service.list_artifacts(world.owner)
    assert (found.artifact_id, found.name) == (artifact.artifact_id, "My good dog")
    assert world.service.artifact_path(world.owner, done).read_bytes()
    assert world.run(done).status is RunStatus.DONE
    assert world.run(cancelled).status is RunStatus.CANCELLED
    assert world.run(paused).status is RunStatus.PAUSED
    assert world.run(waiting, world.stranger).status is RunStatus.QUEUED
    assert world.service.drawing(world.owner, drawing.drawing_id).columns == ("base", "embedding")
    # Whose is whose has not changed.
    assert [v.concept.concept_id for v in world.service.list_concepts(world.stranger)] == [bert]
    assert world.service.list_artifacts(world.stranger) == ()
    world.tick_until(lambda: world.run(waiting, world.stranger).status is RunStatus.DONE)


def test_why_a_run_failed_comes_back_with_its_numbers(make_world: Callable[..., World]) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_MISBEHAVE="fail"))
    failed = world.start(world.concept("Rex").concept.concept_id).run_id
    world.tick_until_status(failed, RunStatus.FAILED)
    before = world.run(failed)
    assert before.error_details == {"mb": 1}
    world.service.close()
    damage(world, "gone")
    world.open()
    again = world.run(failed)
    assert (again.error_code, again.error_details) == (before.error_code, before.error_details)


def test_what_was_given_up_is_not_trained_again_unasked(make_world: Callable[..., World]) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_MISBEHAVE="die_at_start"))
    given_up = world.start(world.concept("Rex").concept.concept_id).run_id
    before = world.tick_until_status(given_up, RunStatus.FAILED)
    world.service.close()
    damage(world, "gone")
    world.open()
    world.service.tick()
    again = world.run(given_up)
    assert again.status is RunStatus.FAILED
    assert (again.error_code, again.error_sentence) == (before.error_code, before.error_sentence)
    assert again.error_code == "training.gave_up"
    world.service.resume_run(world.owner, given_up)
    world.tick_until_status(given_up, RunStatus.FAILED)


def test_a_comparison_that_was_ended_is_not_drawn_again(world: World) -> None:
    order = DrawingOrder(model_id="crayon", prompt="a dog, please WAIT", num_images=2)
    drawing_id = world.service.start_drawing(world.owner, order).drawing_id
    world.tick_until(lambda: world.service.drawing(world.owner, drawing_id).pictures)
    world.service.cancel_drawing(world.owner, drawing_id)
    before = world.service.drawing(world.owner, drawing_id)
    assert (before.status, before.error_code) == ("done", "drawing.cancelled")
    world.service.close()
    damage(world, "gone")
    world.open()
    world.service.tick()
    again = world.service.drawing(world.owner, drawing_id)
    assert (again.status, again.error_code) == ("done", "drawing.cancelled")
    assert len(again.pictures) == len(before.pictures) == 1


def test_what_was_written_for_a_comparison_comes_back_word_for_word(world: World) -> None:
    """It became what the last column was asked."""
    rex = world.start(world.concept("Rex").concept.concept_id, methods=("lora",)).run_id
    world.tick_until_status(rex, RunStatus.DONE)
    order = DrawingOrder(model_id="crayon", prompt="a rexdog in the snow", lora_id=rex)
    drawing_id = world.service.start_drawing(world.owner, order).drawing_id
    world.service.close()
    damage(world, "gone")
    world.open()
    assert world.service.drawing(world.owner, drawing_id).prompt == "a rexdog in the snow"


def test_what_was_killed_while_it_stopped_is_over_for_a_new_index_too(
    make_world: Callable[..., World],
) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_MISBEHAVE="deaf", SCRIPT_STEP_SECONDS="1"))
    run_id = world.start(world.concept("Rex").concept.concept_id).run_id
    world.tick_until_step(run_id, 1)
    world.service.stop_run(world.owner, run_id)
    world.executor.kill(world.run_dir(run_id))
    world.tick_until_status(run_id, RunStatus.CANCELLED)
    world.service.close()
    damage(world, "gone")
    world.open()
    assert world.run(run_id).status is RunStatus.CANCELLED


@pytest.mark.parametrize("state", ["running", "paused", "waiting"])
def test_a_run_that_ended_unsaid_takes_no_newer_one_along(
    make_world: Callable[..., World], state: str
) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.02"))
    rex = world.concept("Rex").concept.concept_id
    old = world.start(rex).run_id
    world.service.stop_run(world.owner, old)
    # As from a Petname that did not write down what it ended.
    (world.run_dir(old) / "outcome.json").unlink()
    new = world.start(rex).run_id
    if state != "waiting":
        world.tick_until_step(new, 12)
    if state == "paused":
        world.service.pause_run(world.owner, new)
        world.tick_until_status(new, RunStatus.PAUSED)
    before = world.run(new).status
    world.service.close()
    damage(world, "gone")
    world.open()
    assert world.run(old).status is RunStatus.CANCELLED
    assert world.run(new).status is before
    world.reopen(world.executor)
    assert world.run(old).status is RunStatus.CANCELLED
    if state == "paused":
        assert list((world.run_dir(new) / "checkpoints").iterdir())
        world.service.resume_run(world.owner, new)
    world.tick_until_status(new, RunStatus.DONE)


def paused_without_a_row(world: World) -> tuple[str, str]:
    """Return a concept and its paused run, which is over by the index and not by its folder."""
    rex = world.concept("Rex").concept.concept_id
    saved = world.start(rex).run_id
    world.tick_until_step(saved, 12)
    world.service.pause_run(world.owner, saved)
    world.tick_until_status(saved, RunStatus.PAUSED)
    world.service._parts.tables.runs.remove(saved)
    return rex, saved


def test_of_two_that_wait_the_one_that_has_saved_something_goes_on(
    make_world: Callable[..., World],
) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.02"))
    rex, saved = paused_without_a_row(world)
    empty = world.start(rex).run_id
    world.service.close()
    damage(world, "gone")
    world.open()
    assert world.run(saved).status is RunStatus.PAUSED
    assert list((world.run_dir(saved) / "checkpoints").iterdir())
    assert world.run(empty).status is RunStatus.CANCELLED
    # It is over for the next index too, when nothing stands in its way any more.
    world.service.resume_run(world.owner, saved)
    world.tick_until_status(saved, RunStatus.DONE)
    world.service.close()
    damage(world, "gone")
    world.open()
    assert world.run(empty).status is RunStatus.CANCELLED


def test_of_two_that_are_not_over_the_one_that_lives_goes_on(
    make_world: Callable[..., World],
) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.02"))
    rex, saved = paused_without_a_row(world)
    # Far from its first checkpoint.
    world.reopen(scripted_executor(SCRIPT_STEP_SECONDS="3"))
    living = world.start(rex).run_id
    world.tick_until_step(living, 1)
    world.service.close()
    damage(world, "gone")
    world.open()
    assert world.run(living).status is RunStatus.RUNNING
    assert world.run(saved).status is RunStatus.CANCELLED
    # Its folder says so now: when the other has ended, nothing else would.
    assert (world.run_dir(saved) / "outcome.json").exists()


def test_a_crash_while_the_index_is_made_again_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = {world.concept(name).concept.concept_id for name in ("Rex", "Mia")}
    world.service.close()
    damage(world, "gone")
    taken: list[Path] = []

    def die_at_the_second(folder: Path) -> str:
        taken.append(folder)
        if len(taken) == 2:
            raise KeyboardInterrupt
        return read_owner(folder)

    with monkeypatch.context() as patch:
        patch.setattr(rebuilding, "read_owner", die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            world.open()
    world.open()
    assert {v.concept.concept_id for v in world.service.list_concepts(world.owner)} == ids


def test_a_living_runner_is_adopted_though_the_index_is_gone(
    make_world: Callable[..., World],
) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.02"))
    run_id = world.start(world.concept().concept.concept_id).run_id
    world.tick_until_step(run_id, 5)
    world.service.close()
    damage(world, "gone")
    world.open()
    assert world.run(run_id).status is RunStatus.RUNNING
    done = world.tick_until_status(run_id, RunStatus.DONE)
    assert done.attempts == 1


def test_a_folder_that_cannot_be_read_does_not_hide_the_others(world: World) -> None:
    rex = world.concept("Rex").concept.concept_id
    mia = world.concept("Mia").concept.concept_id
    world.service.close()
    (world.data_dir / "concepts" / rex / "concept.json").write_text("{", encoding="utf-8")
    damage(world, "gone")
    world.open()
    assert [v.concept.concept_id for v in world.service.list_concepts(world.owner)] == [mia]
    # It is left where it is, for whoever can repair it.
    assert (world.data_dir / "concepts" / rex / "photos").is_dir()


def test_a_file_that_is_newer_than_the_index_wins_after_a_crash(world: World) -> None:
    concept = world.concept("Rex").concept
    path = world.data_dir / "concepts" / concept.concept_id / "concept.json"
    newer = concept.model_copy(update={"name": "Rex the Great"})
    path.write_text(newer.model_dump_json(), encoding="utf-8")
    world.crash()
    seen = world.service.concept(world.owner, concept.concept_id).concept
    assert seen.name == "Rex the Great"


@pytest.mark.parametrize("end", ["crash", "reopen"])
def test_a_folder_that_somebody_has_tidied_away_is_forgotten(world: World, end: str) -> None:
    concept_id = world.concept("Rex").concept.concept_id
    run_id = world.start(concept_id).run_id
    shutil.rmtree(world.run_dir(run_id))
    getattr(world, end)()
    assert world.service.list_runs(world.owner) == ()
    assert world.service._parts.tables.runs.find(run_id) is None


@pytest.mark.parametrize("how", ["folder gone", "spec damaged"])
def test_a_run_that_cannot_be_read_does_not_hide_the_others(world: World, how: str) -> None:
    bad = world.start(world.concept("Rex").concept.concept_id).run_id
    good = world.start(world.concept("Mia").concept.concept_id).run_id
    world.reopen()
    if how == "folder gone":
        shutil.rmtree(world.run_dir(bad))
    else:
        (world.run_dir(bad) / "spec.json").write_text("{", encoding="utf-8")
    assert [run.run_id for run in world.service.list_runs(world.owner)] == [good]
    with pytest.raises(NotFound):
        world.run(bad)
    # The next tick is not stopped by it either.
    world.tick_until(lambda: world.run(good).status is not RunStatus.QUEUED)


@pytest.mark.parametrize("how", ["folder gone", "request damaged"])
def test_a_drawing_that_cannot_be_read_does_not_hide_the_one_before(world: World, how: str) -> None:
    order = DrawingOrder(model_id="crayon", prompt="a dog")
    good, bad = (world.service.start_drawing(world.owner, order).drawing_id for _ in range(2))
    world.reopen()
    folder = world.data_dir / "drawings" / bad
    if how == "folder gone":
        shutil.rmtree(folder)
    else:
        (folder / "request.json").write_text("{", encoding="utf-8")
    newest = world.service.latest_drawing(world.owner)
    assert newest is not None
    assert newest.drawing_id == good


def test_an_index_that_another_program_has_locked_is_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    concept_id = world.concept("Rex").concept.concept_id
    world.service.close()
    monkeypatch.setattr(store_module, "BUSY_TIMEOUT_SECONDS", 0.1)
    path = world.data_dir / "petname.db"
    before = path.read_bytes()
    # A copy program or a virus scanner, for instance.
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageFailed) as caught:
        world.open()
    assert caught.value.code == "storage.files"
    other.close()
    assert path.read_bytes() == before
    world.open()
    assert not world.service.was_rebuilt
    assert world.service.concept(world.owner, concept_id).ready


@pytest.mark.skipif(os.name == "nt", reason="rights of Unix")
def test_the_data_folder_is_for_this_user_alone(world: World) -> None:
    folders = [world.data_dir, *(path for path in world.data_dir.iterdir() if path.is_dir())]
    assert [path.name for path in folders if path.stat().st_mode & 0o077] == []


def test_a_reserve_that_a_full_disk_has_cut_short_is_made_whole(world: World) -> None:
    reserve = world.data_dir / "reserve.bin"
    reserve.write_bytes(b"broken off")
    world.reopen()
    assert reserve.stat().st_size == opening.RESERVE_BYTES


def test_an_index_of_a_newer_petname_is_left_alone(world: World) -> None:
    world.service.close()
    store = Store(world.data_dir / "petname.db")
    store.rows(f"PRAGMA user_version = {len(migration_steps()) + 1}")
    store.close()
    before = (world.data_dir / "petname.db").read_bytes()
    with pytest.raises(StorageFailed) as caught:
        world.open()
    assert caught.value.code == "storage.newer"
    assert (world.data_dir / "petname.db").read_bytes() == before
    store = Store(world.data_dir / "petname.db")
    store.rows(f"PRAGMA user_version = {len(migration_steps())}")
    store.close()
    world.open()
