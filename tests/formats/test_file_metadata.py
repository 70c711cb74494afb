"""What files say about themselves: enough for every program, nothing private, short enough."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from format_makers import cross_attention_modules, facts, lora_module

from textinv_app.domain.concept import Family
from textinv_app.formats.embedding import write_embedding
from textinv_app.formats.header import MAX_WRITTEN_HEADER_BYTES, read_header
from textinv_app.formats.lora import write_lora
from textinv_app.formats.metadata import MAX_THUMBNAIL_BYTES, build_metadata

FAMILIES: tuple[Family, ...] = get_args(Family)


def _a1111_detect_version(metadata: Mapping[str, str]) -> str:
    """AUTOMATIC1111's documented rule for which models a LoRA is listed with."""
    if metadata.get("ss_base_model_version", "").startswith("sdxl_"):
        return "sdxl"
    if metadata.get("ss_v2", "") == "True":
        return "sd2"
    return "sd1" if metadata else "unknown"


@pytest.mark.parametrize("prediction_type", ["epsilon", "v"])
@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_automatic1111_lists_a_lora_with_its_own_family(
    family: Family, prediction_type: str
) -> None:
    metadata = build_metadata(
        facts(method="lora", family=family, rank=8, prediction_type=prediction_type)
    )
    assert _a1111_detect_version(metadata) == family
    assert metadata["ss_output_name"] == "rexdog"
    assert float(metadata["ss_network_alpha"]) == int(metadata["ss_network_dim"]) == 8


@pytest.mark.parametrize(
    ("family", "prediction_type", "architecture", "version"),
    [
        ("crayon", "v", "petname-crayon-v1", "petname_crayon_v1"),
        ("sd1", "epsilon", "stable-diffusion-v1", "sd_v1"),
        ("sd2", "epsilon", "stable-diffusion-v2-512", "sd_v2"),
        ("sd2", "v", "stable-diffusion-v2-768-v", "sd_v2_v"),
        ("sdxl", "epsilon", "stable-diffusion-xl-v1-base", "sdxl_base_v1-0"),
    ],
)
def test_architectures_are_spelled_as_programs_compare_them(
    family: Family, prediction_type: str, architecture: str, version: str
) -> None:
    changes = {"family": family, "prediction_type": prediction_type}
    lora = build_metadata(facts(method="lora", **changes))
    embedding = build_metadata(facts(**changes))
    assert lora["modelspec.architecture"] == f"{architecture}/lora"
    assert embedding["modelspec.architecture"] == f"{architecture}/textual-inversion"
    assert lora["ss_base_model_version"] == version
    assert embedding["modelspec.prediction_type"] == prediction_type


def test_crayon_files_say_that_they_fit_crayon_only() -> None:
    hint = build_metadata(facts(family="crayon", base_model="crayon"))["modelspec.usage_hint"]
    assert "Crayon" in hint
    assert "no other" in hint


@pytest.mark.parametrize("method", ["embedding", "lora"])
@pytest.mark.parametrize("family", FAMILIES)
def test_required_keys_are_there_and_all_is_text(family: Family, method: str) -> None:
    metadata = build_metadata(facts(family=family, method=method))
    required = "architecture implementation title resolution date prediction_type trigger_phrase"
    required += " sai_model_spec usage_hint tags description hash_sha256"
    assert {f"modelspec.{key}" for key in required.split()} <= set(metadata)
    assert all(isinstance(value, str) for value in metadata.values())
    assert metadata["modelspec.trigger_phrase"] == "rexdog"
    assert metadata["modelspec.resolution"] == "512x512"
    assert metadata["ss_steps"] == "300"


def test_a_loras_hint_names_the_class_word_it_was_taught_with() -> None:
    hint = build_metadata(facts(method="lora"))["modelspec.usage_hint"]
    assert "write rexdog dog in the prompt" in hint
    for other in (facts(method="lora", kind="style"), facts(method="lora", companion="rexdog")):
        assert "rexdog dog" not in build_metadata(other)["modelspec.usage_hint"]


def test_negative_embeddings_say_so_and_others_say_not() -> None:
    negative = build_metadata(facts(kind="negative"))
    assert negative["modelspec.is_negative_embedding"] == "true"
    assert "negative prompt" in negative["modelspec.usage_hint"]
    assert build_metadata(facts())["modelspec.is_negative_embedding"] == "false"
    assert "modelspec.is_negative_embedding" not in build_metadata(facts(method="lora"))


@pytest.mark.parametrize(
    "base_model",
    ["/home/anna/models/secret.safetensors", "C:\\Users\\anna\\model", "../anna/m/x", "~/anna"],
)
def test_paths_and_names_of_people_are_not_written(base_model: str) -> None:
    for method in ("embedding", "lora"):
        metadata = build_metadata(
            facts(base_model=base_model, method=method, title="home/anna\\Rex\x00\x1b[31m")
        )
        assert metadata["petname.base_model"] == "custom"
        assert metadata["modelspec.title"].startswith("home anna Rex")
        text = "".join(metadata.values())
        assert "\\" not in text
        assert "secret" not in text
        assert "\x00" not in text
        assert "\x1b" not in text
        leaky = {"ss_dataset_dirs", "ss_sd_model_name", "ss_training_comment"}
        assert not leaky & set(metadata)


def test_broken_text_in_a_title_does_not_break_the_file(tmp_path: Path) -> None:
    metadata = build_metadata(facts(title="Rex \ud800 小 🐶"))
    write_embedding(tmp_path / "x", {"text_encoder": np.ones((1, 768))}, metadata)
    assert "小 🐶" in read_header(tmp_path / "x").metadata["modelspec.title"]


def test_hashes_are_of_the_tensors(tmp_path: Path) -> None:
    path = tmp_path / "rexdog.safetensors"
    write_lora(path, "sd1", cross_attention_modules(768), build_metadata(facts(method="lora")))
    metadata = read_header(path).metadata
    assert len(metadata["sshs_model_hash"]) == 64
    assert metadata["modelspec.hash_sha256"] == "0x" + metadata["sshs_model_hash"]


def test_the_largest_lora_of_all_keeps_its_header_below_the_limit(tmp_path: Path) -> None:
    """SDXL with every attention and feed-forward layer of UNet and both text encoders."""
    layers = "attn1.to_q attn1.to_k attn1.to_v attn1.to_out.0 attn2.to_q attn2.to_k attn2.to_v "
    layers += "attn2.to_out.0 ff.net.0.proj ff.net.2"
    places = [f"down_blocks.{b}.attentions.{j}" for b in (1, 2) for j in (0, 1)]
    places += [f"up_blocks.{b}.attentions.{j}" for b in (0, 1) for j in (0, 1, 2)]
    places.append("mid_block.attentions.0")
    depth = {"1": 2, "2": 10, "0": 10}
    modules = [
        lora_module(f"{place}.transformer_blocks.{index}.{layer}", (2048, 1, 8))
        for place in places
        for index in range(2 if place.startswith("up_blocks.1") else depth.get(place[12:13], 10))
        for layer in layers.split()
    ]
    for encoder, count in (("text_encoder", 12), ("text_encoder_2", 32)):
        for index in range(count):
            for layer in ("q_proj", "k_proj", "v_proj", "out_proj"):
                path = f"encoder.layers.{index}.self_attn.{layer}"
                modules.append(lora_module(path, (8, 1, 8), encoder))
    assert len(modules) > 800
    metadata = build_metadata(
        facts(method="lora", family="sdxl", thumbnail_jpeg=bytes(MAX_THUMBNAIL_BYTES))
    )
    path = tmp_path / "rexdog.safetensors"
    write_lora(path, "sdxl", modules, metadata)
    header = read_header(path)
    start = min(tensor.start for tensor in header.tensors.values())
    assert start <= MAX_WRITTEN_HEADER_BYTES


def test_a_thumbnail_is_a_picture_of_a_page_and_not_too_large() -> None:
    metadata = build_metadata(facts(thumbnail_jpeg=b"\xff\xd8\xff"))
    assert metadata["modelspec.thumbnail"] == "data:image/jpeg;base64,/9j/"
    with pytest.raises(ValueError, match="thumbnail"):
        build_metadata(facts(thumbnail_jpeg=bytes(MAX_THUMBNAIL_BYTES + 1)))
