"""Files in the form each program wants: exact both ways, read by diffusers, nothing overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from format_makers import (
    cross_attention_modules,
    facts,
    lora_module,
    random_vectors,
    save_with_library,
)
from format_pipelines import draw_latents, tiny_pipeline

from textinv_app.errors import BadInput, FileRefused
from textinv_app.formats.converting import LORA_FILE_NAME, convert_file
from textinv_app.formats.embedding import DIFFUSERS_FILE_NAMES, read_embedding, write_embedding
from textinv_app.formats.families import TEXT_WIDTHS
from textinv_app.formats.header import read_header
from textinv_app.formats.lora import LoraModule, write_lora
from textinv_app.formats.lora_reading import read_lora
from textinv_app.formats.metadata import build_metadata

FAMILIES = ("crayon", "sd1", "sd2", "sdxl")
CANONICAL = ("comfyui", "a1111", "invokeai", "kohya")
JPEG = b"\xff\xd8\xff-a-small-picture"


def own_embedding(path: Path, family: Any, **changes: Any) -> Path:
    """Write an embedding as training does."""
    told = facts(family=family, num_vectors=3, preset="quick", max_steps=300, **changes)
    write_embedding(path, random_vectors(family, TEXT_WIDTHS[family], 3), build_metadata(told))
    return path


def own_lora(path: Path, family: Any, modules: list[LoraModule] | None = None) -> Path:
    """Write a LoRA as training does."""
    made = modules or cross_attention_modules(sum(TEXT_WIDTHS[family]))
    told = facts(
        family=family, method="lora", rank=max(module.rank for module in made), preset="careful",
        max_steps=800, mirror=True, thumbnail_jpeg=JPEG,
    )  # fmt: skip
    write_lora(path, family, made, build_metadata(told))
    return path


@pytest.mark.parametrize("family", FAMILIES)
def test_our_own_files_come_back_from_diffusers_to_the_byte(tmp_path: Path, family: Any) -> None:
    for name in ("embedding", "lora"):
        (tmp_path / name).mkdir()
    for source in (
        own_embedding(tmp_path / "embedding" / "rexdog.safetensors", family, thumbnail_jpeg=JPEG),
        own_lora(tmp_path / "lora" / "rexdog.safetensors", family),
    ):
        folder = tmp_path / f"diffusers-{source.parent.name}"
        first, *_ = convert_file(source, folder, "diffusers")
        assert first.name in (DIFFUSERS_FILE_NAMES[0], LORA_FILE_NAME)
        for target in CANONICAL:
            back = tmp_path / f"{target}-{source.parent.name}" / "rexdog.safetensors"
            assert convert_file(first, back, target) == (back,)  # type: ignore[arg-type]
            assert back.read_bytes() == source.read_bytes(), target


def test_the_key_of_an_embedding_for_diffusers_is_its_word(tmp_path: Path) -> None:
    source = own_embedding(tmp_path / "rexdog.safetensors", "sdxl")
    paths = convert_file(source, tmp_path / "other.safetensors", "diffusers")
    assert [path.name for path in paths] == ["other.safetensors", "other_2.safetensors"]
    for path in paths:
        assert list(read_header(path).tensors) == ["rexdog"]
        assert read_header(path).metadata["format"] == "pt"


def test_both_files_of_a_pair_are_converted_into_one_folder(tmp_path: Path) -> None:
    """The LoRA was called by the word, as the embedding is, and found its place taken."""
    embedding = own_embedding(tmp_path / "rexdog.safetensors", "sd1", companion="rexdog-lora")
    told = facts(method="lora", rank=4, companion="rexdog", file_stem="rexdog-lora")
    lora = tmp_path / "rexdog-lora.safetensors"
    write_lora(lora, "sd1", cross_attention_modules(768), build_metadata(told))
    (spelled,) = convert_file(lora, tmp_path / "diffusers", "diffusers")
    for source in (lora, spelled):
        folder = tmp_path / f"from-{source.stem}"
        paths = [*convert_file(embedding, folder, "a1111"), *convert_file(source, folder, "a1111")]
        assert [path.name for path in paths] == [embedding.name, lora.name]
        assert paths[1].read_bytes() == lora.read_bytes()


def test_half_an_sdxl_embedding_is_not_taken_for_one_of_stable_diffusion(tmp_path: Path) -> None:
    source = own_embedding(tmp_path / "rexdog.safetensors", "sdxl")
    first, second = convert_file(source, tmp_path / "halves", "diffusers")
    second.unlink()
    with pytest.raises(FileRefused) as refused:
        convert_file(first, tmp_path / "again.safetensors", "comfyui")
    assert refused.value.code == "embedding.half_of_sdxl"


def test_the_halves_that_the_script_of_diffusers_writes_are_one_embedding(tmp_path: Path) -> None:
    """The first half alone was taken for an embedding of Stable Diffusion 1.x."""
    vectors = random_vectors("sdxl", TEXT_WIDTHS["sdxl"], 2)
    for name, array in zip(DIFFUSERS_FILE_NAMES, vectors.values(), strict=True):
        save_with_library(tmp_path / name, {"<rexdog>": array}, {"format": "pt"})
    (path,) = convert_file(tmp_path / DIFFUSERS_FILE_NAMES[0], tmp_path / "out", "comfyui")
    whole = read_embedding(path)
    assert (path.name, whole.family) == ("rexdog.safetensors", "sdxl")
    assert all(np.array_equal(whole.vectors[name], array) for name, array in vectors.items())


def test_two_words_that_lie_side_by_side_are_not_joined(tmp_path: Path) -> None:
    sd1, second = random_vectors("sdxl", TEXT_WIDTHS["sdxl"], 2).values()
    save_with_library(tmp_path / "rex.safetensors", {"rexdog": sd1})
    save_with_library(tmp_path / "rex_2.safetensors", {"otherdog": second})
    (path,) = convert_file(tmp_path / "rex.safetensors", tmp_path / "out", "comfyui")
    assert read_embedding(path).family == "sd1"


def test_alpha_and_rank_survive_where_they_differ_from_layer_to_layer(tmp_path: Path) -> None:
    block = "down_blocks.1.attentions.0.transformer_blocks.0"
    modules = [
        lora_module(f"{block}.attn2.to_k", (768, 4, 32), alpha=2.0),
        lora_module(f"{block}.attn2.to_v", (768, 8, 32)),
        lora_module("encoder.layers.0.self_attn.q_proj", (768, 4, 768), "text_encoder"),
    ]
    source = own_lora(tmp_path / "rexdog.safetensors", "sd1", modules)
    (path,) = convert_file(source, tmp_path / "folder", "diffusers")
    assert (
        "text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight"
        in read_header(path).tensors
    )
    for one, other in zip(read_lora(source).modules, read_lora(path).modules, strict=True):
        assert (one.component, one.path, one.alpha) == (other.component, other.path, other.alpha)
        assert np.array_equal(one.up, other.up)
        assert np.array_equal(one.down, other.down)


def test_diffusers_draws_the_same_with_either_spelling(tmp_path: Path) -> None:
    import torch

    block = "down_blocks.1.attentions.0.transformer_blocks.0"
    attention = "encoder.layers.0.self_attn"
    modules = [
        lora_module(f"{block}.attn2.to_k", (768, 4, 16), alpha=2.0),
        lora_module(f"{block}.attn2.to_v", (768, 4, 16)),
        *[
            lora_module(f"{attention}.{name}_proj", (768, 4, 768), "text_encoder")
            for name in ("q", "k", "v", "out")
        ],
    ]
    source = own_lora(tmp_path / "rexdog.safetensors", "sd1", modules)
    (path,) = convert_file(source, tmp_path / "folder", "diffusers")
    drawn = []
    for weights in (source, path):
        pipeline = tiny_pipeline()
        pipeline.load_lora_weights(weights.parent, weight_name=weights.name)
        drawn.append(draw_latents(pipeline, "a photo of rexdog"))
    plain = draw_latents(tiny_pipeline(), "a photo of rexdog")
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], plain)


def test_layers_of_different_rank_keep_their_strength_in_diffusers(tmp_path: Path) -> None:
    # From kohya's spelling diffusers 0.42 takes one alpha for all and says so in a warning.
    block = "down_blocks.1.attentions.0.transformer_blocks.0"
    modules = [
        lora_module(f"{block}.attn2.to_k", (768, 4, 16)),
        lora_module(f"{block}.attn2.to_v", (768, 2, 16)),
    ]
    source = own_lora(tmp_path / "rexdog.safetensors", "sd1", modules)
    (path,) = convert_file(source, tmp_path / "folder", "diffusers")
    pipeline = tiny_pipeline()
    pipeline.load_lora_weights(path.parent, weight_name=path.name)
    scales = [
        scale
        for module in pipeline.unet.modules()
        for scale in getattr(module, "scaling", {}).values()
    ]
    assert scales == [1.0, 1.0]


def test_a_file_from_elsewhere_is_converted_and_its_secrets_are_left_behind(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    source = tmp_path / "fluffy.safetensors"
    vectors = random_vectors("sd1", (768,), 2)["text_encoder"]
    save_file({"emp_params": vectors}, source, metadata={"ss_dataset_dirs": "/home/somebody"})
    (path,) = convert_file(source, tmp_path / "out", "a1111")
    assert path.name == "fluffy.safetensors"
    assert np.array_equal(read_embedding(path).vectors["text_encoder"], vectors)
    assert b"somebody" not in path.read_bytes()


def test_nothing_is_overwritten_and_names_are_checked(tmp_path: Path) -> None:
    source = own_embedding(tmp_path / "rexdog.safetensors", "sd1")
    before = source.read_bytes()
    with pytest.raises(BadInput, match="is there already"):
        convert_file(source, source, "comfyui")
    with pytest.raises(BadInput, match=r"must end in \.safetensors"):
        convert_file(source, tmp_path / "out.pt", "comfyui")
    assert source.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["rexdog.safetensors"]
