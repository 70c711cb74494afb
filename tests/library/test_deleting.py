"""Deleting really deletes: a byte search finds nothing, also after a crash in the middle."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from library_world import World, byte_hits, draw_photo, scripted_executor

from tests.own_disk import lines_on_own_disk, needs_own_disk
from textinv_app.domain.events import Redrawn
from textinv_app.domain.status import RunStatus
from textinv_app.errors import BadInput, NotFound
from textinv_app.library import removing, training
from textinv_app.library.api import ConceptChange, DrawingOrder
from textinv_app.library.folders import mark_removed
from textinv_app.runs.event_log import EventLog
from textinv_app.runs.lock import read_holder

CANARY = "Zanahoria Canario"


def canaries(world: World, concept_id: str, run_id: str) -> list[bytes]:
    """Return bytes that only this concept's files and rows hold."""
    return [CANARY.encode(), concept_id.encode(), run_id.encode()]


def taught(world: World) -> tuple[str, str]:
    """Teach a concept to the end and draw with it; returns concept and run."""
    concept_id = world.concept().concept.concept_id
    world.service.update_concept(world.owner, concept_id, ConceptChange(name=CANARY))
    run = world.start(concept_id)
    done = world.tick_until_status(run.run_id, RunStatus.DONE)
    order = DrawingOrder(model_id="crayon", prompt="a rexdog", embedding_id=done.artifact_id)
    world.service.start_drawing(world.owner, order)
    return concept_id, run.run_id


def test_nothing_of_a_deleted_concept_is_found_again(world: World) -> None:
    concept_id, run_id = taught(world)
    for needle in canaries(world, concept_id, run_id):
        assert byte_hits(world.data_dir, needle)
    world.service.delete_concept(world.owner, concept_id)
    for needle in canaries(world, concept_id, run_id):
        assert byte_hits(world.data_dir, needle) == []
    assert not list((world.data_dir / "concepts").iterdir())
    assert not list((world.data_dir / "runs").iterdir())
    assert not list((world.data_dir / "drawings").iterdir())
    assert world.service.list_artifacts(world.owner) == ()
    assert world.service.latest_drawing(world.owner) is None
    assert world.service.storage(world.owner).used_bytes == 0
    for lookup in (world.service.concept, world.service.run):
        with pytest.raises(NotFound):
            lookup(world.owner, concept_id)


def test_deleting_while_it_is_taught_ends_the_runner(make_world: Callable[..., World]) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.05"))
    concept_id = world.concept().concept.concept_id
    run_id = world.start(concept_id).run_id
    world.tick_until_step(run_id, 2)
    world.service.delete_concept(world.owner, concept_id)
    world.tick_until(lambda: not world.run_dir(run_id).exists(), seconds=5)
    assert byte_hits(world.data_dir, run_id.encode()) == []
    # The machine is free for the next one.
    other = world.start(world.concept("Mia").concept.concept_id)
    world.tick_until_step(other.run_id, 1)


@pytest.mark.parametrize("files_left", ["all", "some"])
def test_a_deletion_that_a_crash_has_cut_short_is_finished(world: World, files_left: str) -> None:
    concept_id, run_id = taught(world)
    for folder in (world.run_dir(run_id), world.data_dir / "concepts" / concept_id):
        mark_removed(folder)
    if files_left == "some":
        (world.data_dir / "concepts" / concept_id / "concept.json").unlink()
        (world.run_dir(run_id) / "spec.json").unlink()
    world.crash()
    for needle in canaries(world, concept_id, run_id):
        left = byte_hits(world.data_dir, needle)
        # The drawing was made with it but has not been marked yet.
        assert [path for path in left if "drawings" not in path.parts] == []
    assert world.service.list_concepts(world.owner) == ()
    assert world.service.list_runs(world.owner) == ()


def test_a_runner_that_was_orphaned_by_a_crashed_deletion_is_ended(
    make_world: Callable[..., World],
) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.05"))
    concept_id = world.concept().concept.concept_id
    run_id = world.start(concept_id).run_id
    world.tick_until_step(run_id, 2)
    holder = read_holder(world.run_dir(run_id) / "runner.lock")
    assert holder is not None
    mark_removed(world.run_dir(run_id))
    world.crash()
    world.tick_until(lambda: not world.run_dir(run_id).exists(), seconds=10)
    with pytest.raises(ProcessLookupError):
        os.kill(_reaped(holder.pid), signal.SIG_DFL)


def _reaped(pid: int) -> int:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
    return pid


def test_deleting_the_photos_keeps_the_result(world: World) -> None:
    concept_id, run_id = taught(world)
    photos = world.service.concept(world.owner, concept_id).concept.photos
    left = world.service.delete_photos(world.owner, concept_id)
    assert left.photos == ()
    assert list((world.data_dir / "concepts" / concept_id / "photos").iterdir()) == []
    for photo in photos:
        assert byte_hits(world.data_dir, photo.photo_id.encode()) == []
    (artifact,) = world.service.list_artifacts(world.owner)
    assert world.service.artifact_path(world.owner, artifact.artifact_id).exists()
    assert artifact.run_id == run_id


def failed(make_world: Callable[..., World]) -> tuple[World, str, str]:
    """Let a training fail; returns the library, concept and run."""
    world = make_world(executor=scripted_executor(SCRIPT_MISBEHAVE="fail"))
    concept_id = world.concept().concept.concept_id
    run_id = world.start(concept_id).run_id
    world.tick_until_status(run_id, RunStatus.FAILED)
    return world, concept_id, run_id


def refused_to_go_on(world: World, run_id: str) -> str:
    """Press "Try again" and return the code of what is answered."""
    with pytest.raises(BadInput) as caught:
        world.service.resume_run(world.owner, run_id)
    assert world.run(run_id).status is RunStatus.FAILED
    return caught.value.code


def test_a_removed_photo_stays_in_no_failed_training_which_then_cannot_go_on(
    make_world: Callable[..., World],
) -> None:
    world, concept_id, run_id = failed(make_world)
    dataset = world.run_dir(run_id) / "dataset"
    world.service._parts.sweeper.sweep()
    assert dataset.is_dir()
    photo = world.service.concept(world.owner, concept_id).concept.photos[0]
    world.service.remove_photo(world.owner, concept_id, photo.photo_id)
    assert byte_hits(world.data_dir, photo.photo_id.encode()) == []
    assert not dataset.exists()
    assert refused_to_go_on(world, run_id) == "training.photos_gone"


def test_a_failed_training_can_be_removed_by_its_owner_alone(
    make_world: Callable[..., World],
) -> None:
    world, concept_id, run_id = failed(make_world)
    with pytest.raises(NotFound):
        world.service.remove_run(world.stranger, run_id)
    assert world.run(run_id).status is RunStatus.FAILED
    world.service.remove_run(world.owner, run_id)
    assert not world.run_dir(run_id).exists()
    world.reopen()
    assert world.service.list_runs(world.owner) == ()
    assert world.service.concept(world.owner, concept_id).ready
    with pytest.raises(NotFound):
        world.service.remove_run(world.owner, run_id)


def test_a_cancelled_training_can_be_removed(world: World) -> None:
    run_id = world.start(world.concept().concept.concept_id).run_id
    world.service.stop_run(world.owner, run_id)
    world.service.remove_run(world.owner, run_id)
    assert not world.run_dir(run_id).exists()
    assert world.service.list_runs(world.owner) == ()


def test_a_training_under_way_or_with_a_file_is_not_removed_as_one_that_came_to_nothing(
    world: World,
) -> None:
    run_id = world.start(world.concept().concept.concept_id).run_id
    for press in (lambda *_: None, world.service.pause_run, world.service.resume_run):
        press(world.owner, run_id)
        with pytest.raises(BadInput) as caught:
            world.service.remove_run(world.owner, run_id)
        assert caught.value.code == "training.has_more"
    world.tick_until_status(run_id, RunStatus.DONE)
    with pytest.raises(BadInput):
        world.service.remove_run(world.owner, run_id)
    (artifact,) = world.service.list_artifacts(world.owner)
    assert world.service.artifact_path(world.owner, artifact.artifact_id).exists()


def test_a_photo_removed_while_it_is_taught_goes_when_the_training_has_failed(
    make_world: Callable[..., World],
) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_MISBEHAVE="fail"))
    concept_id = world.concept(num_photos=4).concept.concept_id
    run_id = world.start(concept_id).run_id
    photo = world.service.concept(world.owner, concept_id).concept.photos[0]
    world.service.remove_photo(world.owner, concept_id, photo.photo_id)
    assert (world.run_dir(run_id) / "dataset").is_dir()
    world.tick_until_status(run_id, RunStatus.FAILED)
    world.service._parts.sweeper.sweep()
    assert byte_hits(world.data_dir, photo.photo_id.encode()) == []
    assert not (world.run_dir(run_id) / "dataset").exists()


def test_a_failed_training_without_its_photos_says_why_it_cannot_go_on(
    make_world: Callable[..., World],
) -> None:
    world, concept_id, run_id = failed(make_world)
    world.service.delete_photos(world.owner, concept_id)
    assert refused_to_go_on(world, run_id) == "training.photos_gone"


def test_deleting_the_photos_takes_their_redrawn_ones_and_comparisons_with_them_along(
    world: World,
) -> None:
    concept_id = world.concept().concept.concept_id
    run_id = world.start(concept_id).run_id
    world.tick_until_step(run_id, 1)
    redrawn = world.run_dir(run_id) / "redrawn"
    redrawn.mkdir()
    draw_photo(redrawn / "000.png", seed=5)
    done = world.tick_until_status(run_id, RunStatus.DONE)
    with EventLog(world.run_dir(run_id) / "events.jsonl") as log:
        log.append(Redrawn(paths=("redrawn/000.png",)))
    order = DrawingOrder(model_id="crayon", prompt="a rexdog", embedding_id=done.artifact_id)
    world.service.start_drawing(world.owner, order)
    before = world.run(run_id)
    assert before.redrawn
    world.service.delete_photos(world.owner, concept_id)
    assert not redrawn.exists()
    assert list((world.data_dir / "drawings").iterdir()) == []
    assert world.service.latest_drawing(world.owner) is None
    after = world.run(run_id)
    assert after.redrawn == ()
    assert after.version != before.version


def test_redrawn_photos_go_with_the_last_photo(world: World) -> None:
    concept_id, run_id = taught(world)
    redrawn = world.run_dir(run_id) / "redrawn"
    redrawn.mkdir()
    first, *others = world.service.concept(world.owner, concept_id).concept.photos
    for photo in others:
        world.service.remove_photo(world.owner, concept_id, photo.photo_id)
    assert redrawn.is_dir()
    world.service.remove_photo(world.owner, concept_id, first.photo_id)
    assert not redrawn.exists()


def test_photos_that_a_training_needs_are_not_deleted_under_it(world: World) -> None:
    concept_id = world.concept().concept.concept_id
    run_id = world.start(concept_id).run_id
    with pytest.raises(BadInput) as caught:
        world.service.delete_photos(world.owner, concept_id)
    assert caught.value.code == "photos.in_use"
    world.service.stop_run(world.owner, run_id)
    world.service.delete_photos(world.owner, concept_id)
    assert not (world.run_dir(run_id) / "dataset").exists()


@pytest.mark.parametrize("what", ["one", "all"])
def test_photos_deleted_while_a_training_is_prepared_are_not_taught(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """In another tab: the training was queued with copies of them."""
    view = world.concept(num_photos=4)
    concept_id = view.concept.concept_id
    really = training.prepare_dataset

    def prepare_dataset(*given: Any) -> Any:
        prepared = really(*given)
        if what == "one":
            world.service.remove_photo(world.owner, concept_id, view.photos[0].photo_id)
        else:
            world.service.delete_photos(world.owner, concept_id)
        return prepared

    with monkeypatch.context() as patch:
        patch.setattr(training, "prepare_dataset", prepare_dataset)
        with pytest.raises(BadInput) as caught:
            world.start(concept_id)
    assert caught.value.code == "training.photos_changed"
    assert world.service.list_runs(world.owner) == ()
    assert not list((world.data_dir / "runs").iterdir())
    if what == "one":
        world.start(concept_id)


def test_no_training_outlives_its_pet_that_is_deleted_as_it_is_started(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Queued between the look at the runs and their end, it trained unseen."""
    concept_id = world.concept().concept.concept_id
    really = removing.Remover._drawings_of
    said: list[object] = []

    def start() -> None:
        try:
            said.append(world.start(concept_id))
        except NotFound as error:
            said.append(error)

    starter = threading.Thread(target=start)

    def drawings_of(*given: Any) -> list[str]:
        starter.start()
        # Time enough to prepare; it has to wait for the end of the deletion then.
        starter.join(2.0)
        return really(*given)

    monkeypatch.setattr(removing.Remover, "_drawings_of", drawings_of)
    world.service.delete_concept(world.owner, concept_id)
    starter.join()
    assert [type(one) for one in said] == [NotFound]
    assert world.service.list_runs(world.owner) == ()
    assert not list((world.data_dir / "runs").iterdir())


def test_deleting_a_file_takes_its_run_along_and_leaves_the_concept(world: World) -> None:
    concept_id, run_id = taught(world)
    (artifact,) = world.service.list_artifacts(world.owner)
    with pytest.raises(NotFound):
        world.service.delete_artifact(world.stranger, artifact.artifact_id)
    world.service.delete_artifact(world.owner, artifact.artifact_id)
    assert not world.run_dir(run_id).exists()
    assert world.service.list_runs(world.owner) == ()
    assert world.service.concept(world.owner, concept_id).ready


def test_what_a_crash_left_behind_is_swept_at_the_start(world: World) -> None:
    concept_id = world.concept().concept.concept_id
    photos = world.data_dir / "concepts" / concept_id / "photos"
    rubbish = [
        world.data_dir / "incoming" / "half-an-upload",
        world.data_dir / "runs" / ".tmp-0123-half-a-run",
        world.data_dir / "concepts" / concept_id / ".tmp-0123-concept.json",
        photos / "0123456789abcdef.jpg",
        world.data_dir / "runs" / ("0" * 24),
    ]
    for path in rubbish:
        if path.suffix or "upload" in path.name:
            path.write_bytes(b"left behind")
        else:
            path.mkdir()
            (path / "photo.png").write_bytes(b"left behind")
    world.crash()
    assert [path for path in rubbish if path.exists()] == []
    assert byte_hits(world.data_dir, b"left behind") == []
    assert world.service.concept(world.owner, concept_id).ready


def test_an_upload_under_way_is_not_swept_away(world: World) -> None:
    upload = world.data_dir / "incoming" / "half-an-upload"
    upload.write_bytes(b"half of it")
    world.service._parts.sweeper.sweep()
    assert upload.exists()
    long_before = time.time() - removing.STALE_AFTER_SECONDS - 60
    os.utime(upload, (long_before, long_before))
    world.service._parts.sweeper.sweep()
    assert not upload.exists()


def test_what_a_living_runner_is_writing_is_not_swept_at_the_start(
    make_world: Callable[..., World],
) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.05"))
    run_id = world.start(world.concept().concept.concept_id).run_id
    world.tick_until_step(run_id, 2)
    # As the runner does when it exports: its result grows in a folder of that kind.
    half_done = world.run_dir(run_id) / ".tmp-0123456789abcdef"
    half_done.mkdir()
    (half_done / "rexdog.safetensors").write_bytes(b"half of it")
    world.crash()
    assert (half_done / "rexdog.safetensors").exists()
    world.executor.kill(world.run_dir(run_id))
    world.tick_until(lambda: not world.executor.is_alive(world.run_dir(run_id)))
    world.crash()
    assert not half_done.exists()


def test_rubbish_that_cannot_be_removed_does_not_keep_petname_from_starting(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    stubborn = world.data_dir / "incoming" / "half-an-upload"
    stubborn.mkdir()
    (stubborn / "photo.png").write_bytes(b"left behind")
    real = shutil.rmtree

    def rmtree(path: Path, *more: object, **options: bool) -> None:
        if path == stubborn:
            raise PermissionError(errno.EACCES, "held open by another program", str(path))
        real(path, *more, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "rmtree", rmtree)
        world.crash()
    assert "half-an-upload could not be swept away" in caplog.text
    world.crash()
    assert not stubborn.exists()


@needs_own_disk
@pytest.mark.parametrize(
    ("scene", "said"),
    [("delete", "()"), ("start", "()"), ("create", "storage.full True")],
)
def test_on_a_full_disk_things_can_be_deleted_and_petname_starts(
    tmp_path: Path, scene: str, said: str
) -> None:
    script = Path(__file__).with_name("full_disk.py")
    lines, errors = lines_on_own_disk(script, tmp_path, scene)
    assert lines == [said], errors


def test_unused_concepts_go_after_their_time(make_world: Callable[..., World]) -> None:
    world = make_world(keep_days=7)
    old = world.concept("Rex").concept.concept_id
    long_ago(world)
    new = world.concept("Mia", owner=world.stranger).concept.concept_id
    world.service._parts.sweeper.sweep()
    folders = {path.name for path in (world.data_dir / "concepts").iterdir()}
    assert folders == {new}
    assert old not in folders


def long_ago(world: World) -> None:
    """Let everything there is seem to be of long ago."""
    store = world.service._parts.tables.store
    store.write("UPDATE concepts SET changed_at = '2020-01-01'")
    store.write("UPDATE artifacts SET created_at = '2020-01-01'")
    store.write("UPDATE owners SET seen_at = '2020-01-01'")


def test_what_is_opened_every_day_is_kept_though_nothing_is_changed(
    make_world: Callable[..., World],
) -> None:
    world = make_world(keep_days=7)
    concept_id = world.concept("Rex").concept.concept_id
    file_id = world.bring_embedding().artifact_id
    long_ago(world)
    assert world.service.list_concepts(world.owner)
    world.service._parts.sweeper.sweep()
    assert world.service.concept(world.owner, concept_id).ready
    assert world.service.artifact(world.owner, file_id)


def test_looking_writes_at_most_once_an_hour(world: World) -> None:
    world.concept("Rex")
    store = world.service._parts.tables.store
    assert world.service.list_concepts(world.owner)
    before = store.rows("SELECT seen_at FROM owners")[0][0]
    assert world.service.list_artifacts(world.owner) == ()
    assert world.service.list_concepts(world.stranger) == ()
    assert [row[0] for row in store.rows("SELECT seen_at FROM owners")] == [before]
    long_ago(world)
    assert world.service.list_artifacts(world.owner) == ()
    assert store.rows("SELECT seen_at FROM owners")[0][0] >= before


def test_unused_files_from_elsewhere_go_after_their_time_too(
    make_world: Callable[..., World],
) -> None:
    world = make_world(keep_days=7)
    file_id = world.bring_embedding().artifact_id
    long_ago(world)
    # That the server broke down is no visit.
    world.crash()
    assert not (world.data_dir / "imports" / file_id).exists()
    assert world.service._parts.tables.owners._store.rows("SELECT 1 FROM owners") == []


def test_what_waits_to_be_taught_is_not_deleted_for_its_age(
    make_world: Callable[..., World],
) -> None:
    world = make_world(keep_days=7)
    concept_id = world.concept("Rex").concept.concept_id
    run_id = world.start(concept_id).run_id
    long_ago(world)
    world.service._parts.sweeper.sweep()
    assert world.run(run_id).status is RunStatus.QUEUED
    world.service.pause_run(world.owner, run_id)
    long_ago(world)
    world.service._parts.sweeper.sweep()
    assert not world.run_dir(run_id).exists()


def test_what_is_being_taught_is_not_deleted_for_its_age(make_world: Callable[..., World]) -> None:
    world = make_world(keep_days=7)
    run_id = world.start(world.concept().concept.concept_id).run_id
    world.service.tick()
    long_ago(world)
    world.service._parts.sweeper.sweep()
    assert world.run(run_id).status is RunStatus.RUNNING


def test_incoming_is_empty_after_everything(world: World, tmp_path: Path) -> None:
    taught(world)
    assert list((world.data_dir / "incoming").iterdir()) == []
    assert [p for p in world.data_dir.rglob(".tmp-*")] == []
