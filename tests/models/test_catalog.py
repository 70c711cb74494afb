"""Which models are offered, what is found on disk, and what fits this machine."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import struct
from pathlib import Path

import pytest

from tests.tiny_models import save_tiny_judge, save_tiny_model
from textinv_app.domain.hub import is_hub_id
from textinv_app.errors import ModelUnavailable
from textinv_app.models.catalog import (
    availability,
    bytes_to_download,
    catalog,
    needs_download,
    resolve,
)
from textinv_app.models.hub import CLIP_DOWNLOAD_BYTES, CLIP_REPOSITORY, choose_files, is_cached
from textinv_app.models.machine import MachineFacts, largest_gpu, machine_facts, memory_bytes

GIGABYTE = 1_000_000_000


def _write_checkpoint(path: Path, shapes: dict[str, list[int]]) -> Path:
    """Write a safetensors file of zeros with these tensors."""
    header, offset = {}, 0
    for name, shape in shapes.items():
        size = 2
        for side in shape:
            size *= side
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    encoded = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + bytes(offset))
    return path


def test_the_catalogue_offers_the_built_in_model_first(tmp_path: Path) -> None:
    entries = catalog(tmp_path)
    assert [entry.model_id for entry in entries] == ["crayon", "sd15", "sd21", "sdxl"]
    for entry in entries[1:]:
        assert entry.download_bytes > GIGABYTE
        assert entry.licence
        assert re.fullmatch(r"[0-9a-f]{40}", entry.revision or "")
        assert resolve(entry.model_id, tmp_path) == entry.ref()
        assert resolve(entry.source, tmp_path) == entry.ref()


def test_crayon_is_available_only_where_its_files_are(tmp_path: Path) -> None:
    crayon = catalog(tmp_path)[0]
    machine = MachineFacts(memory_bytes=8 * GIGABYTE)
    assert availability(crayon, machine).reason == "model.missing"
    save_tiny_model(tmp_path / "crayon")
    assert availability(crayon, machine).available
    assert not needs_download(crayon)
    small = MachineFacts(memory_bytes=GIGABYTE // 2)
    assert availability(crayon, small).reason == "model.needs_memory"
    assert availability(crayon, MachineFacts(memory_bytes=0)).available


def test_hub_models_need_a_large_enough_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "not" / "yet"))
    sdxl = catalog(tmp_path)[3]
    assert needs_download(sdxl)
    assert bytes_to_download(sdxl) == sdxl.download_bytes + CLIP_DOWNLOAD_BYTES
    without = MachineFacts(memory_bytes=64 * GIGABYTE)
    assert availability(sdxl, without).reason == "model.needs_gpu"
    small = MachineFacts(memory_bytes=64 * GIGABYTE, gpu_memory_bytes=6 * GIGABYTE)
    assert availability(sdxl, small).reason == "model.needs_memory"
    large = MachineFacts(memory_bytes=64 * GIGABYTE, gpu_memory_bytes=80 * GIGABYTE)
    monkeypatch.setattr("textinv_app.models.catalog._free_bytes", lambda _folder: GIGABYTE)
    assert availability(sdxl, large).reason == "model.needs_disk"
    snapshot = tmp_path / "cache" / f"models--{sdxl.source.replace('/', '--')}" / "snapshots"
    weights = snapshot / str(sdxl.revision) / "unet" / "diffusion_pytorch_model.fp16.safetensors"
    weights.parent.mkdir(parents=True)
    weights.touch()
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    assert is_cached(sdxl.source, sdxl.revision)
    assert bytes_to_download(sdxl) == CLIP_DOWNLOAD_BYTES
    monkeypatch.setattr("textinv_app.models.catalog._free_bytes", lambda _folder: 2 * GIGABYTE)
    assert availability(sdxl, large).reason == "model.needs_disk", "CLIP comes with it"
    judge = tmp_path / "cache" / f"models--{CLIP_REPOSITORY.replace('/', '--')}" / "snapshots"
    (judge / "0123").mkdir(parents=True)
    (judge / "0123" / "model.safetensors").touch()
    assert bytes_to_download(sdxl) == 0
    assert availability(sdxl, large).available


def test_folders_are_told_apart_by_their_shape(tmp_path: Path) -> None:
    save_tiny_model(tmp_path / "like-crayon", "crayon")
    save_tiny_judge(tmp_path / "like-crayon")
    found = resolve(str(tmp_path / "like-crayon"), tmp_path)
    assert (found.family, found.model_id) == ("crayon", "custom")
    config_path = tmp_path / "other" / "unet" / "config.json"
    config_path.parent.mkdir(parents=True)
    (tmp_path / "other" / "model_index.json").write_text("{}", encoding="utf-8")
    for width, family in ((768, "sd1"), (1024, "sd2"), (256, "crayon"), (2048, "sdxl")):
        config_path.write_text(json.dumps({"cross_attention_dim": width}), encoding="utf-8")
        assert resolve(str(tmp_path / "other"), tmp_path).family == family


@pytest.mark.parametrize(
    "config",
    [
        {"cross_attention_dim": 768, "in_channels": 9},
        {"cross_attention_dim": 768, "in_channels": 8},
        {"cross_attention_dim": 2048, "in_channels": 9},
        None,
    ],
    ids=["inpainting", "from pictures", "SDXL inpainting", "FLUX"],
)
def test_folders_of_other_kinds_are_refused_with_two_encoders_too(
    config: dict[str, int] | None, tmp_path: Path
) -> None:
    """Whatever had a second text encoder was once taken for SDXL."""
    (tmp_path / "text_encoder_2").mkdir()
    (tmp_path / "model_index.json").write_text("{}", encoding="utf-8")
    if config is not None:
        (tmp_path / "unet").mkdir()
        (tmp_path / "unet" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelUnavailable) as refused:
        resolve(str(tmp_path), tmp_path)
    assert refused.value.code == "model.unknown_kind"


@pytest.mark.parametrize(
    ("width", "text", "family"),
    [
        (768, "cond_stage_model.transformer.text_model.embeddings.position_ids", "sd1"),
        (1024, "cond_stage_model.model.positional_embedding", "sd2"),
        (2048, "conditioner.embedders.1.model.positional_embedding", "sdxl"),
    ],
)
def test_single_files_are_told_apart_by_their_header(
    width: int, text: str, family: str, tmp_path: Path
) -> None:
    key = "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
    first = "model.diffusion_model.input_blocks.0.0.weight"
    shapes = {first: [8, 4, 3, 3], key: [8, width], text: [2]}
    path = _write_checkpoint(tmp_path / "one.safetensors", shapes)
    found = resolve(str(path), tmp_path)
    assert (found.family, found.source) == (family, str(path))
    inpainting = {**shapes, first: [8, 9, 3, 3]}
    path = _write_checkpoint(tmp_path / "inpainting.safetensors", inpainting)
    with pytest.raises(ModelUnavailable) as refused:
        resolve(str(path), tmp_path)
    assert refused.value.code == "model.unknown_kind"


def test_what_is_no_model_is_said_in_words(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    pickle = tmp_path / "model.ckpt"
    pickle.write_bytes(b"\x80\x02")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"nothing")
    lora = _write_checkpoint(tmp_path / "lora.safetensors", {"lora_unet_x.alpha": []})
    for name, code in (
        ("no-such-model", "model.unknown"),
        (str(tmp_path / "gone"), "model.unknown"),
        (str(empty), "model.not_a_model"),
        (str(pickle), "model.not_safetensors"),
        (str(damaged), "model.damaged"),
        (str(lora), "model.unknown_kind"),
    ):
        with pytest.raises(ModelUnavailable) as refused:
            resolve(name, tmp_path)
        assert refused.value.code == code
        assert refused.value.sentence.endswith(".")


def test_half_precision_files_are_fetched_and_nothing_that_is_not_used() -> None:
    names = [
        "README.md",
        "model_index.json",
        "v1-5-pruned.safetensors",
        "safety_checker/model.safetensors",
        "safety_checker/config.json",
        "scheduler/scheduler_config.json",
        "tokenizer/vocab.json",
        "tokenizer/merges.txt",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
        "text_encoder/model.fp16.safetensors",
        "text_encoder/pytorch_model.bin",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.non_ema.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.fp16.safetensors",
    ]
    chosen, variant = choose_files(names, "sd1")
    assert variant == "fp16"
    assert sorted(chosen) == sorted(
        name
        for name in names
        if ".fp16." in name or (name.endswith((".json", ".txt")) and "safety" not in name)
    )
    without_half = [name for name in names if ".fp16." not in name]
    chosen, variant = choose_files(without_half, "sd1")
    assert variant is None
    assert [name for name in chosen if name.endswith(".safetensors")] == [
        "text_encoder/model.safetensors",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    ]
    with pytest.raises(ModelUnavailable) as refused:
        choose_files([name for name in names if not name.startswith("unet/diff")], "sd1")
    assert refused.value.code == "model.no_safetensors"


@pytest.mark.parametrize(
    "name",
    ["../models", "./models", "/models", "models", "a/b/c", "-a/b", "home/anna/model", "home/a b"],
)
def test_a_folder_is_not_taken_for_a_name_on_the_hub(name: str) -> None:
    assert is_hub_id("anna/rexdog-v1.5")
    assert not is_hub_id(name)


def test_this_machine_is_described() -> None:
    facts = machine_facts()
    assert facts.num_cores >= 1
    assert 100_000_000 < memory_bytes() < 10**14


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give a machine with a graphics card, as its driver tells; return the card's name."""
    program = tmp_path / "driver" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 8192, NVIDIA GeForce RTX 3070\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return "NVIDIA GeForce RTX 3070"


@pytest.mark.skipif(os.name == "nt", reason="the driver's program is a shell script here")
@pytest.mark.parametrize(
    ("version", "reason"),
    [("2.13.0", ""), ("2.13.0+cu130", ""), ("2.13.0+cpu", "model.needs_cuda")],
)
def test_a_graphics_card_that_torch_was_not_built_for_is_not_counted_on(
    version: str, reason: str, card: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Stable Diffusion was offered with the times of a graphics card, and trained without it."""
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: version)
    monkeypatch.setattr("textinv_app.models.catalog._free_bytes", lambda _folder: 99 * GIGABYTE)
    facts = machine_facts()
    assert facts.gpu_name == card
    assert availability(catalog(tmp_path)[1], facts).reason == reason


@pytest.mark.skipif(os.name == "nt", reason="the driver's program is a shell script here")
@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_graphics_card_that_is_hidden_from_cuda_is_none(
    hidden: str, card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: "2.13.0")
    assert machine_facts().gpu_memory_bytes > 0
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    facts = machine_facts()
    assert (facts.gpu_name, facts.gpu_memory_bytes) == ("", 0)


def test_the_largest_gpu_counts() -> None:
    listing = "8192, NVIDIA GeForce RTX 3070\n81559, NVIDIA H100 80GB HBM3\n"
    assert largest_gpu(listing) == ("NVIDIA H100 80GB HBM3", 81559 * 1024 * 1024)
    assert largest_gpu("[N/A], broken\n") == ("", 0)
    assert largest_gpu("") == ("", 0)
