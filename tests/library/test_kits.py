"""Kits by signed link: for the owner's files, singly or as a pair, and for nothing else."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from library_world import World, draw_photo, scripted_executor
from test_results import foreign_embedding, received

from textinv_app.domain.manifest import ResultManifest
from textinv_app.domain.status import RunStatus
from textinv_app.errors import NotFound
from textinv_app.formats.embedding import write_embedding
from textinv_app.formats.lora import LoraModule, write_lora
from textinv_app.library.api import TrainingOrder
from textinv_app.library.links import LinkedStream


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A library whose trainings are over in no time."""
    return make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.001"))


def token_of(url: str) -> str:
    """Return what stands behind ``/media/``."""
    return urlsplit(url).path.removeprefix("/media/")


def opened(world: World, url: str) -> tuple[str, dict[str, bytes]]:
    """Return the name of a kit and its files."""
    stream = world.service.resolve_link(token_of(url))
    assert isinstance(stream, LinkedStream)
    data = b"".join(stream.chunks())
    assert len(data) == stream.size_bytes
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return stream.download_name, {name: archive.read(name) for name in archive.namelist()}


def taught(world: World, *methods: str) -> list[str]:
    """Teach one pet by these methods, put real files in the results, and return their ids."""
    concept = world.concept().concept
    ids = []
    for method in methods:
        run = world.start(concept.concept_id, methods=(method,))
        done = world.tick_until_status(run.run_id, RunStatus.DONE)
        fill(world.run_dir(run.run_id) / "result", method)
        ids.append(done.artifact_id)
    return ids


def fill(folder: Path, method: str) -> None:
    """Put a real file and picture where the scripted runner has left bytes."""
    manifest = ResultManifest.model_validate_json((folder / "manifest.json").read_bytes())
    path = folder / manifest.file_name
    if method == "embedding":
        vectors = np.full((2, 256), 0.01, dtype=np.float32)
        write_embedding(path, {"text_encoder": vectors}, {})
    else:
        layer = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
        down, up = np.ones((2, 256), np.float16), np.ones((16, 2), np.float16)
        write_lora(path, "crayon", [LoraModule("unet", layer, down, up, 2.0)], {})
    draw_photo(folder / "picture-0.webp", 3)
    changed = manifest.model_copy(update={"size_bytes": path.stat().st_size})
    (folder / "manifest.json").write_text(changed.model_dump_json(), encoding="utf-8")


def test_a_pair_goes_into_one_kit_from_either_card(world: World) -> None:
    embedding_id, lora_id = taught(world, "embedding", "lora")
    kits = world.service.kits(world.owner, "fr")
    for artifact_id in (embedding_id, lora_id):
        kit, alone = kits[artifact_id]
        assert (kit.program, kit.holds_both, alone.is_file_alone) == ("diffusers", True, True)
        name, files = opened(world, kit.url)
        assert name == "rexdog-diffusers.zip"
        assert {"learned_embeds.safetensors", "pytorch_lora_weights.safetensors"} <= set(files)
        assert "A-LIRE-rexdog.html" in files
    stream = world.service.resolve_link(token_of(kits[lora_id][1].url))
    assert isinstance(stream, LinkedStream)
    assert stream.download_name == "rexdog-diffusers.safetensors"
    assert len(b"".join(stream.chunks())) == stream.size_bytes


def test_a_single_file_has_a_kit_of_its_own(world: World) -> None:
    (embedding_id,) = taught(world, "embedding")
    kit = world.service.kits(world.owner, "en")[embedding_id][0]
    assert not kit.holds_both
    _, files = opened(world, kit.url)
    assert "pytorch_lora_weights.safetensors" not in files
    assert "START-HERE-rexdog.html" in files


def test_an_imported_file_has_a_kit_for_every_program(world: World, tmp_path: Path) -> None:
    file = received(world, "fluffy.safetensors", foreign_embedding(tmp_path))
    view = world.service.import_artifact(world.owner, file)
    kits = world.service.kits(world.owner, "en")[view.artifact_id]
    programs = [kit.program for kit in kits if not kit.is_file_alone]
    assert programs == ["comfyui", "a1111", "invokeai", "kohya", "diffusers"]
    for kit in kits[:5]:
        name, files = opened(world, kit.url)
        assert name == f"fluffy-{kit.program}.zip"
        assert str(world.data_dir).encode() not in b"".join(files.values())


def test_kits_belong_to_their_owner_and_end_with_the_file(world: World) -> None:
    (embedding_id,) = taught(world, "embedding")
    assert world.service.kits(world.stranger, "en") == {}
    kit = world.service.kits(world.owner, "en")[embedding_id][0]
    world.service.delete_artifact(world.owner, embedding_id)
    with pytest.raises(NotFound):
        world.service.resolve_link(token_of(kit.url))


def test_even_a_signed_link_makes_no_strange_kit(world: World) -> None:
    (embedding_id,) = taught(world, "embedding")
    signed = world.service._parts.media._links.url
    for what in (
        *("", "comfyui", "photoshop.en", "diffusers.de", "...", "x"),
        *("comfyui.en", "diffusers.fr.nobody", "diffusers.en.../../secret"),
    ):
        with pytest.raises(NotFound):
            world.service.resolve_link(token_of(signed("kit", embedding_id, what)))


def test_training_like_a_file_takes_its_seed_and_size_and_way(world: World, tmp_path: Path) -> None:
    from textinv_app.domain.specs import RunSpec
    from textinv_app.formats.metadata import FileFacts, build_metadata

    facts = FileFacts(
        placeholder_token="minnie", title="Minnie", method="embedding", family="crayon",
        kind="subject", base_model="crayon", resolution_pixels=128, steps=90, seed=4242,
        created_at="2026-01-01", num_vectors=5, class_word="cat", preset="quick", max_steps=123,
        embedding_variant="directional", min_snr_gamma=5.0,
    )  # fmt: skip
    path = tmp_path / "minnie.safetensors"
    vectors = np.full((5, 256), 0.01, dtype=np.float32)
    write_embedding(path, {"text_encoder": vectors}, build_metadata(facts))
    view = world.service.import_artifact(
        world.owner, received(world, "minnie.safetensors", path.read_bytes())
    )
    recipe = world.service.recipe(world.owner, view.artifact_id)
    assert (recipe.seed, recipe.num_vectors, recipe.max_steps) == (4242, 5, 123)
    with pytest.raises(NotFound):
        world.service.recipe(world.stranger, view.artifact_id)

    concept = world.concept().concept
    order = TrainingOrder(
        concept.concept_id, ("embedding", "lora"), "crayon", "quick", like_id=view.artifact_id
    )
    runs = world.service.start_training(world.owner, order)
    specs = [
        RunSpec.model_validate_json((world.run_dir(run.run_id) / "spec.json").read_bytes())
        for run in runs
    ]
    embedding, lora = specs
    assert embedding.settings.seed == lora.settings.seed == 4242
    assert (embedding.settings.num_vectors, embedding.settings.max_steps) == (5, 123)
    assert embedding.settings.embedding_variant == "directional"
    assert (embedding.settings.min_snr_gamma, lora.settings.min_snr_gamma) == (5.0, None)
    assert lora.settings.max_steps != 123, "the file was no LoRA"
    promised = world.service.list_presets("crayon", 3, recipe)
    steps = {one.method: one.max_steps for one in promised if one.preset == "quick"}
    assert steps["embedding"] == 123
    assert steps["lora"] == lora.settings.max_steps
    assert embedding.placeholder_token == concept.placeholder_token
