"""The two files of a pivotal training: found, shown, worn, renamed and deleted together."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from library_world import World, scripted_executor
from test_kits import opened
from test_results import received

from textinv_app.domain.concept import Method
from textinv_app.domain.drawing import DrawingRequest
from textinv_app.domain.hub import HUB_IDS
from textinv_app.domain.manifest import ResultManifest
from textinv_app.domain.status import RunStatus
from textinv_app.domain.views import ArtifactView
from textinv_app.formats.embedding import write_embedding
from textinv_app.formats.lora import write_lora
from textinv_app.formats.metadata import build_metadata
from textinv_app.library.api import DrawingOrder
from textinv_app.library.results_on_disk import read_manifest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "formats"))
from format_makers import cross_attention_modules, facts, random_vectors


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A library whose trainings are over in no time."""
    return make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.001"))


def taught(world: World) -> tuple[ArtifactView, ArtifactView]:
    """Teach a word both at once and return its embedding and its LoRA."""
    concept_id = world.concept().concept.concept_id
    run = world.start(concept_id, methods=("pivotal",))
    assert run.method == "pivotal"
    world.tick_until_status(run.run_id, RunStatus.DONE)
    files = {one.method: one for one in world.service.list_artifacts(world.owner)}
    assert set(files) == {"embedding", "lora"}
    return files["embedding"], files["lora"]


def drawn_columns(world: World, **chosen: str) -> DrawingRequest:
    """Order a comparison and return what the painter is asked for."""
    order = DrawingOrder(model_id="crayon", prompt="a {word} in the snow", **chosen)  # type: ignore[arg-type]
    drawing = world.service.start_drawing(world.owner, order)
    request = world.data_dir / "drawings" / drawing.drawing_id / "request.json"
    return DrawingRequest.model_validate_json(request.read_bytes())


def test_both_files_are_there_and_name_each_other(world: World) -> None:
    embedding, lora = taught(world)
    assert embedding.companion_id == lora.artifact_id
    assert lora.companion_id == embedding.artifact_id
    assert embedding.placeholder_token == lora.placeholder_token
    assert lora.file_name == f"{lora.placeholder_token}-lora.safetensors"
    for one in (embedding, lora):
        path = world.service.artifact_path(world.owner, one.artifact_id)
        assert path.is_file()
        assert one.thumbnail_urls


def test_links_of_both_lead_to_their_files(world: World) -> None:
    for one in taught(world):
        token = one.download_url.removeprefix("/media/").split("/")[0]
        linked = world.service.resolve_link(token)
        assert linked.path.name == linked.download_name == one.file_name


@pytest.mark.parametrize("chosen", ["embedding", "lora", "both"])
def test_one_of_a_pair_is_worn_with_the_other(world: World, chosen: str) -> None:
    embedding, lora = taught(world)
    ids = {}
    if chosen in {"embedding", "both"}:
        ids["embedding_id"] = embedding.artifact_id
    if chosen in {"lora", "both"}:
        ids["lora_id"] = lora.artifact_id
    request = drawn_columns(world, **ids)
    assert [column.name for column in request.columns] == ["base", "both"]
    together = request.columns[1]
    assert [worn.method for worn in together.worn] == ["embedding", "lora"]
    # The LoRA has met the word as the embedding's vectors: no class word behind it.
    assert together.prompt == f"a {embedding.placeholder_token} in the snow"
    assert request.columns[0].prompt == "a dog in the snow"
    view = world.service.latest_drawing(world.owner)
    assert view is not None
    assert (view.embedding_id, view.lora_id) == (embedding.artifact_id, lora.artifact_id)


def test_a_file_of_another_training_may_be_worn_with_half_a_pair(world: World) -> None:
    embedding, _ = taught(world)
    run = world.start(embedding.concept_id, methods=("lora",))
    world.tick_until_status(run.run_id, RunStatus.DONE)
    other = world.run(run.run_id).artifact_id
    request = drawn_columns(world, embedding_id=embedding.artifact_id, lora_id=other)
    assert [column.name for column in request.columns] == ["base", "embedding", "lora", "both"]


def test_the_usage_of_a_pairs_lora_names_no_class_word(world: World) -> None:
    _, lora = taught(world)
    for guide in world.service.usage(world.owner, lora.artifact_id):
        assert f"{lora.placeholder_token} dog" not in guide.copy_text
    run = world.start(lora.concept_id, methods=("lora",))
    alone = world.tick_until_status(run.run_id, RunStatus.DONE).artifact_id
    # Crayon's own files have text to copy for diffusers alone.
    (text,) = filter(None, (one.copy_text for one in world.service.usage(world.owner, alone)))
    assert f"{lora.placeholder_token} dog" in text


def test_how_to_use_one_of_a_pair_loads_both(world: World) -> None:
    """The program of each half loaded that half alone."""
    files = taught(world)
    for one in files:
        (text,) = filter(
            None, (u.copy_text for u in world.service.usage(world.owner, one.artifact_id))
        )
        assert all(file.file_name in text for file in files)


def test_a_pair_is_renamed_and_deleted_as_one(world: World) -> None:
    embedding, lora = taught(world)
    world.service.rename_artifact(world.owner, lora.artifact_id, "Rex at the lake")
    names = {one.name for one in world.service.list_artifacts(world.owner)}
    assert names == {"Rex at the lake"}
    world.service.delete_artifact(world.owner, embedding.artifact_id)
    assert world.service.list_artifacts(world.owner) == ()
    assert not world.run_dir(embedding.run_id).exists()


def test_a_pair_survives_the_loss_of_the_index(world: World) -> None:
    before = taught(world)
    world.service.close()
    world.service._parts.folder.lock.release()
    (world.data_dir / "petname.db").unlink()
    world.open()
    after = {one.artifact_id for one in world.service.list_artifacts(world.owner)}
    assert after == {one.artifact_id for one in before}


def half(world: World, method: Method, **changes: str) -> ArtifactView:
    """Import one file of a pair that was taught elsewhere with Petname."""
    stems = {"embedding": "rexdog", "lora": "rexdog-lora"}
    other = stems["lora" if method == "embedding" else "embedding"]
    told = {"class_word": "dog", "companion": other, "file_stem": stems[method], **changes}
    path = world.root / f"{stems[method]}.safetensors"
    metadata = build_metadata(facts(method=method, rank=4, **told))
    if method == "embedding":
        write_embedding(path, random_vectors("sd1", (768,), 2), metadata)
    else:
        write_lora(path, "sd1", cross_attention_modules(768), metadata)
    file = received(world, path.name, path.read_bytes())
    return world.service.import_artifact(world.owner, file)


def manifest_of(world: World, view: ArtifactView) -> ResultManifest:
    """Return what is known of a file."""
    return world.service._parts.results.find(world.owner, view.artifact_id).manifest


def test_half_a_pair_that_is_imported_stays_half_a_pair(world: World) -> None:
    """The LoRA took the embedding's name, and its kit asked for a class word it has never met."""
    embedding, lora = half(world, "embedding"), half(world, "lora")
    assert (embedding.file_name, embedding.half_of) == ("rexdog.safetensors", "rexdog-lora")
    assert (lora.file_name, lora.half_of) == ("rexdog-lora.safetensors", "rexdog")
    assert lora.placeholder_token == "rexdog"
    for kit in world.service.kits(world.owner, "en")[lora.artifact_id]:
        if not kit.is_file_alone:
            _, files = opened(world, kit.url)
            guide = files["START-HERE-rexdog-lora.html"].decode()
            assert "trained together with <code>rexdog.safetensors</code>" in guide
            assert "rexdog dog" not in guide
    assert manifest_of(world, lora).class_word == ""
    for one in (embedding, lora):
        texts = {u.program: u.copy_text for u in world.service.usage(world.owner, one.artifact_id)}
        assert texts["a1111"] == "a photo of rexdog in the snow <lora:rexdog-lora:1>"


def test_an_import_still_names_the_base_model_it_was_taught_on(world: World) -> None:
    """The model was read from a file that is published, and left out of one that is imported."""
    for named, source in (
        ("sd15", HUB_IDS["sd1"]),
        ("somebody/fine-model", "somebody/fine-model"),
        ("/home/anna/model.safetensors", "custom"),
    ):
        view = half(world, "lora", base_model=named, companion="")
        manifest = manifest_of(world, view)
        assert manifest.model_source == source
        assert manifest.has_unnamed_model == (source == "custom")
        assert manifest.class_word == "dog"


def test_half_a_pair_on_disk_is_no_result(world: World) -> None:
    embedding, lora = taught(world)
    result = world.run_dir(embedding.run_id) / "result"
    assert read_manifest(result) is not None
    (result / lora.file_name).unlink()
    assert read_manifest(result) is None
