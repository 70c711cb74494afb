"""Finished and imported files: names, usage, storage, import of good and bad ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from library_world import World, byte_hits, scripted_executor

from textinv_app.domain.status import RunStatus
from textinv_app.errors import BadInput, FileRefused, NotFound
from textinv_app.formats.embedding import read_embedding, write_embedding
from textinv_app.library.api import ReceivedFile

WIDTH_OF_SD1 = 768


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A library whose trainings are over in no time."""
    return make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.001"))


def received(world: World, name: str, data: bytes) -> ReceivedFile:
    """Put an upload into the incoming folder."""
    path = world.data_dir / "incoming" / "0123456789"
    path.write_bytes(data)
    return ReceivedFile(path, name)


def foreign_embedding(folder: Path, name: str = "someword") -> bytes:
    """Return an embedding as other programs write it: one key, no metadata."""
    from safetensors.numpy import save

    vectors = np.random.default_rng(1).normal(0, 0.02, (2, WIDTH_OF_SD1)).astype(np.float32)
    return save({"emb_params": vectors})


def test_an_import_is_written_anew_and_can_be_used(world: World, tmp_path: Path) -> None:
    file = received(world, "My_Old Cat.v2.safetensors", foreign_embedding(tmp_path))
    view = world.service.import_artifact(world.owner, file)
    assert view.imported
    assert (view.method, view.family, view.model_id) == ("embedding", "sd1", "sd15")
    assert view.name == "My Old Cat v2"
    assert view.placeholder_token == "my_oldcatv2"
    assert view.file_name == "my_oldcatv2.safetensors"
    path = world.service.artifact_path(world.owner, view.artifact_id)
    (vectors,) = read_embedding(path).vectors.values()
    assert vectors.shape == (2, WIDTH_OF_SD1)
    assert list((world.data_dir / "incoming").iterdir()) == []
    assert view in world.service.list_artifacts(world.owner)


def test_the_same_file_twice_gets_another_word(world: World, tmp_path: Path) -> None:
    words = [
        world.service.import_artifact(
            world.owner, received(world, "fluffy.safetensors", foreign_embedding(tmp_path))
        ).placeholder_token
        for _ in range(2)
    ]
    assert words[0] == "fluffy"
    assert words[1] != words[0]
    assert words[0] not in words[1] or words[1] not in words[0]


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x04evil pickle", b"\xff" * 100, b"\x08\0\0\0\0\0\0\0{}      "]
)
def test_what_is_no_such_file_is_refused_and_leaves_nothing(world: World, data: bytes) -> None:
    with pytest.raises(FileRefused):
        world.service.import_artifact(world.owner, received(world, "x.safetensors", data))
    assert list((world.data_dir / "incoming").iterdir()) == []
    assert list((world.data_dir / "imports").iterdir()) == []
    assert world.service.list_artifacts(world.owner) == ()


@pytest.mark.parametrize("name", ["../../evil.safetensors", "..", "con", "a\0b", "‮gpj.exe", ""])
def test_names_of_uploads_never_lead_outside(world: World, tmp_path: Path, name: str) -> None:
    view = world.service.import_artifact(
        world.owner, received(world, name, foreign_embedding(tmp_path))
    )
    path = world.service.artifact_path(world.owner, view.artifact_id)
    assert world.data_dir / "imports" / view.artifact_id == path.parent
    assert view.name.isprintable()
    assert list(world.root.rglob("evil*")) in ([], [path])


def test_a_deleted_import_is_gone(world: World, tmp_path: Path) -> None:
    view = world.service.import_artifact(
        world.owner, received(world, "fluffy.safetensors", foreign_embedding(tmp_path))
    )
    with pytest.raises(NotFound):
        world.service.delete_artifact(world.stranger, view.artifact_id)
    world.service.delete_artifact(world.owner, view.artifact_id)
    assert byte_hits(world.data_dir, b"fluffy") == []
    with pytest.raises(NotFound):
        world.service.artifact(world.owner, view.artifact_id)


def test_renaming_changes_the_shown_name_only(world: World) -> None:
    run = world.start(world.concept().concept.concept_id)
    done = world.tick_until_status(run.run_id, RunStatus.DONE)
    renamed = world.service.rename_artifact(world.owner, done.artifact_id, " Rex  in winter ")
    assert renamed.name == "Rex in winter"
    assert renamed.file_name == "rexdog.safetensors"
    with pytest.raises(BadInput):
        world.service.rename_artifact(world.owner, done.artifact_id, "<script>")
    with pytest.raises(NotFound):
        world.service.rename_artifact(world.stranger, done.artifact_id, "Mine")


def test_usage_names_the_file_for_every_program(world: World, tmp_path: Path) -> None:
    view = world.service.import_artifact(
        world.owner, received(world, "fluffy.safetensors", foreign_embedding(tmp_path))
    )
    guides = world.service.usage(world.owner, view.artifact_id)
    assert [guide.program for guide in guides] == ["comfyui", "a1111", "invokeai", "diffusers"]
    for guide in guides:
        assert "fluffy" in guide.copy_text
        assert guide.step_codes
        assert guide.details["file"] == "fluffy.safetensors"
    with pytest.raises(NotFound):
        world.service.usage(world.stranger, view.artifact_id)


def test_storage_adds_up(world: World, tmp_path: Path) -> None:
    assert world.service.storage(world.owner).used_bytes == 0
    world.reopen()
    run = world.start(world.concept().concept.concept_id)
    world.tick_until_status(run.run_id, RunStatus.DONE)
    world.service.import_artifact(
        world.owner, received(world, "fluffy.safetensors", foreign_embedding(tmp_path))
    )
    seen = world.service.storage(world.owner)
    on_disk = sum(
        path.stat().st_size
        for kind in ("concepts", "runs", "imports")
        for path in (world.data_dir / kind).rglob("*")
        if path.is_file()
    )
    assert seen.used_bytes == on_disk
    assert seen.used_bytes == seen.photos_bytes + seen.results_bytes + seen.drawings_bytes
    assert seen.photos_bytes > 0
    assert world.service.storage(world.stranger).used_bytes == 0


def test_a_result_that_is_missing_is_a_failure_with_a_reason(world: World) -> None:
    run_id = world.start(world.concept().concept.concept_id).run_id
    layout_outcome = world.run_dir(run_id) / "outcome.json"
    claimed = world.service._parts.tables.runs.claim_next()
    assert claimed is not None
    layout_outcome.write_text('{"status": "done", "attempt": 1, "step": 5}', encoding="utf-8")
    failed = world.tick_until_status(run_id, RunStatus.FAILED)
    assert failed.error_code == "training.result_missing"
    assert world.service.list_artifacts(world.owner) == ()
    world.service.resume_run(world.owner, run_id)
    world.tick_until_status(run_id, RunStatus.DONE)


def test_own_embeddings_can_be_imported_with_their_word(world: World, tmp_path: Path) -> None:
    path = tmp_path / "rexdog.safetensors"
    vectors = np.random.default_rng(1).normal(0, 0.02, (2, WIDTH_OF_SD1)).astype(np.float32)
    write_embedding(path, {"text_encoder": vectors}, {"modelspec.trigger_phrase": "rexdog"})
    view = world.service.import_artifact(
        world.owner, received(world, "download (3).safetensors", path.read_bytes())
    )
    assert view.placeholder_token == "rexdog"
