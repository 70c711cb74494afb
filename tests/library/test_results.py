"""Finished and imported files: names, usage, storage, import of good and bad ones."""

from __future__ import annotations

import base64
import io
import json
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from library_world import World, byte_hits, scripted_executor
from PIL import Image, PngImagePlugin
from safetensors.numpy import save

from textinv_app.domain.compare import ChosenFile, CompareChoice, columns
from textinv_app.domain.drawing import DrawingRequest, WornArtifact
from textinv_app.domain.status import RunStatus
from textinv_app.errors import BadInput, FileRefused, NotFound, WordRefused
from textinv_app.formats.embedding import read_embedding, write_embedding
from textinv_app.formats.inspecting import inspect
from textinv_app.formats.metadata import FileFacts, build_metadata
from textinv_app.library.api import ConceptChange, DrawingOrder, ReceivedFile
from textinv_app.library.folders import folder_bytes

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


def test_the_same_file_twice_gets_another_word_where_it_ends_in_a_digit(world: World) -> None:
    """The digit at its end, which is forgiven, kept it from being seen as taken."""
    ids = [imported(world, "badhandv4.safetensors") for _ in range(2)]
    words = [world.service.artifact(world.owner, one).placeholder_token for one in ids]
    assert words[0] == "badhandv4"
    assert words[1] != words[0]


def foreign_lora(word: str = "") -> bytes:
    """Return a LoRA for Stable Diffusion 1.x as other programs write it."""
    layer = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
    return save(
        {
            f"{layer}.lora_down.weight": np.full((4, WIDTH_OF_SD1), 0.01, np.float32),
            f"{layer}.lora_up.weight": np.full((320, 4), 0.01, np.float32),
        },
        {"modelspec.trigger_phrase": word} if word else None,
    )


@pytest.mark.parametrize(
    ("word", "kept", "stem"),
    [
        ("sks dog", "sks dog", "sksdog"),
        ("ohwx man,\n red hair", "ohwx man, red hair", "ohwxmanredhair"),
        ("", "My-Cat", "my-cat"),
    ],
)
def test_a_lora_from_elsewhere_keeps_the_words_it_was_taught_with(
    world: World, word: str, kept: str, stem: str
) -> None:
    """They became the stem of its file, which is a word that it has never met."""
    views = [
        world.service.import_artifact(
            world.owner, received(world, "My-Cat.safetensors", foreign_lora(word))
        )
        for _ in range(2)
    ]
    assert [view.placeholder_token for view in views] == [kept, kept]
    assert views[0].file_name == f"{stem}.safetensors"
    assert views[1].file_name != views[0].file_name
    path = world.service.artifact_path(world.owner, views[0].artifact_id)
    assert inspect(path).trigger_word == kept
    for guide in world.service.usage(world.owner, views[0].artifact_id):
        assert kept in guide.copy_text
    lora_call = f"<lora:{stem}:1>"
    assert lora_call in world.service.usage(world.owner, views[0].artifact_id)[1].copy_text


def test_a_lora_that_names_no_word_goes_by_its_file(world: World) -> None:
    view = world.service.import_artifact(
        world.owner, received(world, "pytorch_lora_weights.safetensors", foreign_lora())
    )
    assert view.file_name == f"{view.placeholder_token}.safetensors"
    assert view.placeholder_token != "pytorch_lora_weights"


@pytest.mark.parametrize("first", ["embedding", "lora"])
def test_two_files_of_one_word_are_worn_together(world: World, tmp_path: Path, first: str) -> None:
    """The second one got a word that it had never met."""
    contents = {"embedding": foreign_embedding(tmp_path), "lora": foreign_lora("rexdog")}
    order = sorted(contents, key=lambda method: method != first)
    files = {
        method: world.service.import_artifact(
            world.owner, received(world, "rexdog.safetensors", contents[method])
        )
        for method in order
    }
    for view in files.values():
        assert (view.placeholder_token, view.file_name) == ("rexdog", "rexdog.safetensors")
    choice = CompareChoice(
        prompt="a rexdog in the snow",
        **{
            method: ChosenFile(
                worn=WornArtifact(
                    path=str(world.service.artifact_path(world.owner, view.artifact_id)),
                    method=view.method,
                    placeholder_token=view.placeholder_token,
                    kind=view.kind,
                )
            )
            for method, view in files.items()
        },
    )
    assert [(column.name, column.prompt) for column in columns(choice)] == [
        ("base", "a pet in the snow"),
        *((name, "a rexdog in the snow") for name in ("embedding", "lora", "both")),
    ]


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


def test_pets_and_files_from_elsewhere_never_share_a_word(world: World) -> None:
    concept_id = world.service.create_concept(world.owner).concept.concept_id
    change = ConceptChange(placeholder_token="rexdog")
    world.service.update_concept(world.owner, concept_id, change)
    assert world.bring_embedding("rexdog.safetensors").placeholder_token != "rexdog"
    assert world.bring_embedding("fluffcat.safetensors").placeholder_token == "fluffcat"
    change = ConceptChange(placeholder_token="fluffcat")
    with pytest.raises(WordRefused):
        world.service.update_concept(world.owner, concept_id, change)


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
    world.service.start_drawing(world.owner, DrawingOrder(model_id="crayon", prompt="a dog"))
    seen = world.service.storage(world.owner)
    on_disk = sum(
        path.stat().st_size
        for kind in ("concepts", "runs", "imports", "drawings")
        for path in (world.data_dir / kind).rglob("*")
        if path.is_file()
    )
    assert seen.used_bytes == on_disk
    assert seen.used_bytes == seen.photos_bytes + seen.results_bytes + seen.drawings_bytes
    assert min(seen.photos_bytes, seen.results_bytes, seen.drawings_bytes) > 0
    assert world.service.storage(world.stranger).used_bytes == 0


def test_a_folder_that_vanishes_while_it_is_measured_counts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("going", "staying"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "photo.png").write_bytes(b"12345")
    look_into = os.scandir

    def scandir(folder: str | Path) -> Iterator[os.DirEntry[str]]:
        if Path(folder).name == "going":
            (tmp_path / "going" / "photo.png").unlink()
            (tmp_path / "going").rmdir()
        return look_into(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert folder_bytes(tmp_path) == 5
    assert not (tmp_path / "going").exists()


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


def test_a_download_that_the_browser_numbered_keeps_its_word(world: World) -> None:
    view = world.service.artifact(world.owner, imported(world, "fluffy (1).safetensors"))
    assert view.placeholder_token == "fluffy"


def embedding_in_a_picture(name: str) -> bytes:
    """Return a PNG that carries an embedding as AUTOMATIC1111 writes it."""
    table = np.random.default_rng(1).normal(0, 0.02, (2, WIDTH_OF_SD1)).tolist()
    content = {"string_to_param": {"*": {"TORCHTENSOR": table}}, "name": name, "step": 100}
    info = PngImagePlugin.PngInfo()
    info.add_text("sd-ti-embedding", base64.b64encode(json.dumps(content).encode()).decode())
    stream = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 120, 60)).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def test_an_embedding_in_a_picture_becomes_a_file(world: World) -> None:
    file = received(world, "card (2).png", embedding_in_a_picture("fluffycat"))
    view = world.service.import_artifact(world.owner, file)
    assert (view.placeholder_token, view.file_name) == ("fluffycat", "fluffycat.safetensors")
    path = world.service.artifact_path(world.owner, view.artifact_id)
    assert inspect(path).metadata["ss_steps"] == "100"
    assert list((world.data_dir / "incoming").iterdir()) == []


class _Evil:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self.marker}'",)


def test_a_program_in_an_old_file_is_never_run(world: World, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    data = pickle.dumps({"string_to_param": {"*": _Evil(marker)}}, protocol=2)
    with pytest.raises(FileRefused) as caught:
        world.service.import_artifact(world.owner, received(world, "EasyNegative.pt", data))
    assert caught.value.code == "file.pickle_program"
    assert "system" in str(caught.value)
    assert not marker.exists()
    assert list((world.data_dir / "imports").iterdir()) == []


def test_a_file_whose_description_names_no_word_goes_by_its_name(world: World) -> None:
    """It went by the name of the upload in transit before, a row of random digits."""
    vectors = np.full((1, WIDTH_OF_SD1), 0.01, np.float32)
    data = save({"emb_params": vectors}, {"format": "pt"})
    view = world.service.import_artifact(world.owner, received(world, "fluffy.safetensors", data))
    assert view.placeholder_token == "fluffy"


def test_an_embedding_inside_a_lora_becomes_a_file_of_its_own(world: World) -> None:
    layer = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
    data = save(
        {
            f"{layer}.lora_down.weight": np.full((4, WIDTH_OF_SD1), 0.01, np.float32),
            f"{layer}.lora_up.weight": np.full((320, 4), 0.01, np.float32),
            "bundle_emb.fluffcat.string_to_param.*": np.full((2, WIDTH_OF_SD1), 0.01, np.float32),
            "bundle_emb.spoilt.clip_l": np.full((2, 333), 0.01, np.float32),
        }
    )
    lora = world.service.import_artifact(world.owner, received(world, "fluffcat.safetensors", data))
    assert (lora.method, lora.placeholder_token) == ("lora", "fluffcat")
    artifacts = world.service.list_artifacts(world.owner)
    assert [(one.method, one.placeholder_token) for one in artifacts] == [
        ("lora", "fluffcat"),
        ("embedding", "fluffcat"),
    ]


def test_of_many_embeddings_inside_a_lora_eight_become_files(world: World) -> None:
    vectors = np.full((2, WIDTH_OF_SD1), 0.01, np.float32)
    layer = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
    tensors = {
        f"{layer}.lora_down.weight": np.full((4, WIDTH_OF_SD1), 0.01, np.float32),
        f"{layer}.lora_up.weight": np.full((320, 4), 0.01, np.float32),
    }
    for letter in "abcdefghi":
        tensors[f"bundle_emb.fluffcat{letter}.string_to_param.*"] = vectors
    world.service.import_artifact(world.owner, received(world, "many.safetensors", save(tensors)))
    methods = [one.method for one in world.service.list_artifacts(world.owner)]
    assert methods == ["lora", *["embedding"] * 8]


def imported(world: World, name: str) -> str:
    """Import an embedding under a name and return its id."""
    file = received(world, name, foreign_embedding(world.root))
    return world.service.import_artifact(world.owner, file).artifact_id


def test_a_word_from_elsewhere_that_holds_another_is_changed_also_where_it_ends_with_a_digit(
    world: World,
) -> None:
    """The digit is forgiven, and nothing else was asked of such a word."""
    for name in ("EasyNegative.safetensors", "EasyNegativeV2.safetensors"):
        view = world.service.artifact(world.owner, imported(world, name))
        assert (view.name, view.kind) == (name.removesuffix(".safetensors"), "negative")
    assert "easynegative" not in view.placeholder_token
    assert view.file_name == f"{view.placeholder_token}.safetensors"


def test_a_well_known_name_makes_a_negative_embedding(world: World) -> None:
    for name, kind in (
        ("EasyNegative.safetensors", "negative"),
        ("bad-hands-5.safetensors", "negative"),
        ("badhandv4.safetensors", "negative"),
        ("verybadimagenegative_v1.3.safetensors", "negative"),
        ("unaestheticXLv31.safetensors", "negative"),
        ("Neg4All.safetensors", "negative"),
        ("negroni.safetensors", "subject"),
        ("badger.safetensors", "subject"),
    ):
        view = world.service.artifact(world.owner, imported(world, name))
        assert view.kind == kind, name


def test_a_person_says_which_prompt_an_embedding_belongs_to(world: World) -> None:
    artifact_id = imported(world, "fluffy.safetensors")
    path = world.service.artifact_path(world.owner, artifact_id)
    with pytest.raises(NotFound):
        world.service.use_as_negative(world.stranger, artifact_id, negative=True)
    for negative, kind in ((True, "negative"), (False, "subject"), (True, "negative")):
        view = world.service.use_as_negative(world.owner, artifact_id, negative=negative)
        assert (view.kind, view.size_bytes) == (kind, path.stat().st_size)
        found = inspect(path)
        assert found.is_negative == negative
        assert ("negative prompt" in found.metadata["modelspec.usage_hint"]) == negative
    # What was said is still so when the index has to be made again.
    world.service.close()
    (world.data_dir / "petname.db").write_bytes(b"damaged")
    world.crash()
    assert world.service.artifact(world.owner, artifact_id).kind == "negative"


def test_a_style_that_is_moved_there_and_back_is_a_style(world: World) -> None:
    """It came back as a subject."""
    told = FileFacts(
        placeholder_token="inkstyle", title="Ink", method="embedding", family="sd1", kind="style",
        base_model="sd15", resolution_pixels=512, steps=100, seed=1,
        created_at="2026-01-02T03:04:05Z",
    )  # fmt: skip
    path = world.root / "inkstyle.safetensors"
    vectors = {"text_encoder": np.full((1, WIDTH_OF_SD1), 0.01, np.float32)}
    write_embedding(path, vectors, build_metadata(told))
    file = received(world, path.name, path.read_bytes())
    artifact_id = world.service.import_artifact(world.owner, file).artifact_id
    written = world.service.artifact_path(world.owner, artifact_id)
    before = written.read_bytes()
    for negative, kind in ((True, "negative"), (False, "style")):
        view = world.service.use_as_negative(world.owner, artifact_id, negative=negative)
        assert view.kind == kind == inspect(written).metadata["petname.kind"]
    assert written.read_bytes() == before


def test_only_an_embedding_from_elsewhere_can_be_moved(world: World) -> None:
    run = world.start(world.concept().concept.concept_id)
    done = world.tick_until_status(run.run_id, RunStatus.DONE)
    with pytest.raises(BadInput) as caught:
        world.service.use_as_negative(world.owner, done.artifact_id, negative=True)
    assert caught.value.code == "artifact.not_switchable"


def test_a_negative_embedding_goes_into_the_negative_prompt_by_itself(world: World) -> None:
    vectors = {"text_encoder": np.full((1, 256), 0.01, np.float32)}
    path = world.root / "made.safetensors"
    write_embedding(path, vectors, {})
    ids = []
    for name in ("fluffycat.safetensors", "EasyNegative.safetensors"):
        file = received(world, name, path.read_bytes())
        ids.append(world.service.import_artifact(world.owner, file).artifact_id)
    order = DrawingOrder(
        model_id="crayon",
        prompt="a fluffycat in the snow",
        embedding_id=ids[0],
        negative_ids=(ids[1],),
        negative_prompt="blurry",
    )
    drawing = world.service.start_drawing(world.owner, order)
    request = DrawingRequest.model_validate_json(
        (world.data_dir / "drawings" / drawing.drawing_id / "request.json").read_bytes()
    )
    column = request.columns[1]
    assert (column.prompt, column.negative_prompt) == (
        "a fluffycat in the snow",
        "blurry, easynegative",
    )
    assert [worn.kind for worn in column.worn] == ["subject", "negative"]
