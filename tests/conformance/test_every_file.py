"""What holds for every exported file, whatever program it goes to."""

from __future__ import annotations

import base64
import getpass
import hashlib
import json
import re
import socket
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from tests.conformance.exported import (
    EMBEDDING_NAMES,
    LORA_NAMES,
    WORD,
    Exported,
    ExportedLora,
    facts,
)
from tests.conformance.layers import layers
from tests.conformance.rules.names import read_metadata
from tests.conformance.trained import train_embedding
from textinv_app.domain.specs import BaseModelRef
from textinv_app.formats.embedding import write_embedding
from textinv_app.formats.importing import import_file
from textinv_app.formats.lora import write_lora
from textinv_app.formats.metadata import build_metadata

MAX_HEADER_BYTES = 500_000
_REQUIRED = {
    *("modelspec.sai_model_spec", "modelspec.architecture", "modelspec.implementation"),
    *("modelspec.title", "modelspec.resolution", "modelspec.date", "modelspec.description"),
    *("modelspec.prediction_type", "modelspec.trigger_phrase", "modelspec.usage_hint"),
    *("modelspec.tags", "modelspec.hash_sha256", "modelspec.thumbnail"),
    *("ss_steps", "ss_seed", "petname.base_model"),
}
_REQUIRED_OF_LORA = {
    *("ss_output_name", "ss_base_model_version", "ss_v2", "ss_network_module", "ss_network_dim"),
    *("ss_network_alpha", "ss_resolution", "ss_num_train_images", "ss_epoch", "sshs_model_hash"),
    "ss_tag_frequency",
}
_ARCHITECTURES = {
    "sd1": "stable-diffusion-v1",
    "sd2": "stable-diffusion-v2-768-v",
    "sdxl": "stable-diffusion-xl-v1-base",
}
ALL_NAMES = (
    *(("embeddings", name) for name in EMBEDDING_NAMES),
    *(("loras", name) for name in LORA_NAMES),
)


def _path(exported: Exported, place: tuple[str, str]) -> Path:
    kind, name = place
    path: Path = getattr(exported, kind)[name].path
    return path


def _header_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(int.from_bytes(file.read(8), "little"))


@pytest.mark.parametrize("name", EMBEDDING_NAMES)
def test_an_embedding_holds_its_vectors_and_nothing_else(name: str, exported: Exported) -> None:
    file = exported.embeddings[name]
    expected = {"clip_l", "clip_g"} if file.family == "sdxl" else {"emb_params"}
    with safe_open(file.path, "np") as opened:
        assert set(opened.keys()) == expected
        tensors = [opened.get_tensor(key) for key in opened.keys()]  # noqa: SIM118
    for tensor in tensors:
        assert tensor.dtype == np.float32
        assert tensor.ndim == 2
        assert len(tensor) == file.count
        assert np.isfinite(tensor).all()
        assert tensor.any(axis=1).all()


@pytest.mark.parametrize("name", LORA_NAMES)
def test_a_lora_holds_three_tensors_a_layer_and_nothing_else(name: str, exported: Exported) -> None:
    file = exported.loras[name]
    with safe_open(file.path, "np") as opened:
        tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    assert len(tensors) == 3 * len(file.modules)
    for key, tensor in tensors.items():
        name, _, part = key.partition(".")
        assert part in {"lora_down.weight", "lora_up.weight", "alpha"}
        assert tensor.dtype == np.float16
        assert tensor.ndim in ((0,) if part == "alpha" else (2, 4))
        assert np.isfinite(tensor).all()
        if part == "alpha":
            # Whoever ignores alpha has to draw with the same strength.
            assert tensor == tensors[f"{name}.lora_down.weight"].shape[0]


@pytest.mark.parametrize("name", LORA_NAMES)
def test_a_lora_keeps_to_one_numbering_and_names_text_encoders_as_all_expect(
    name: str, exported: Exported
) -> None:
    """Whatever transformers calls the parts of a text encoder at the moment."""
    file = exported.loras[name]
    with safe_open(file.path, "np") as opened:
        names = {key.partition(".")[0] for key in opened.keys()}  # noqa: SIM118
    original = re.compile(r"lora_unet_(input_blocks|middle_block|output_blocks)_")
    diffusers = re.compile(r"lora_unet_(down_blocks|mid_block|up_blocks)_")
    encoders = re.compile(r"lora_te[12]_text_model_encoder_layers_\d+_(self_attn|mlp)_")
    if file.family != "sdxl":
        encoders = re.compile(r"lora_te_text_model_encoder_layers_\d+_(self_attn|mlp)_")
    unet = original if file.family == "sdxl" else diffusers
    assert all(unet.match(name) or encoders.match(name) for name in names)
    with_encoders = "every-layer" in file.path.parent.name
    assert any(encoders.match(name) for name in names) == with_encoders


def test_the_files_with_every_layer_have_every_layer(exported: Exported) -> None:
    counts = {"sd1": 278 + 72, "sd2": 278 + 138, "sdxl": 788 + 72 + 192}
    for family, count in counts.items():
        file = exported.loras[f"{family}-every-layer-alpha-1-of-rank-4"]
        assert len(file.modules) == count == len(layers(file.family))


@pytest.mark.parametrize("place", ALL_NAMES, ids="-".join)
def test_the_header_is_short_and_all_text(place: tuple[str, str], exported: Exported) -> None:
    header = _header_of(_path(exported, place))
    assert len(header) < MAX_HEADER_BYTES
    # AUTOMATIC1111 takes a file that begins otherwise for no safetensors file.
    assert header.startswith(b'{"')
    metadata = json.loads(header)["__metadata__"]
    assert all(isinstance(value, str) for value in metadata.values())


@pytest.mark.parametrize("place", ALL_NAMES, ids="-".join)
def test_the_file_says_what_it_is_and_how_to_use_it(
    place: tuple[str, str], exported: Exported
) -> None:
    metadata = read_metadata(_path(exported, place))
    family = place[1].partition("-")[0]
    assert metadata.keys() >= _REQUIRED
    architecture = _ARCHITECTURES[family]
    assert metadata["modelspec.trigger_phrase"] == WORD
    assert WORD in metadata["modelspec.usage_hint"]
    assert "Fits Stable Diffusion" in metadata["modelspec.usage_hint"]
    assert metadata["ss_steps"].isdigit()
    assert metadata["ss_seed"] == "7"
    assert metadata["modelspec.thumbnail"].startswith("data:image/jpeg;base64,")
    if place[0] == "loras":
        assert metadata.keys() >= _REQUIRED_OF_LORA
        assert metadata["modelspec.architecture"] == f"{architecture}/lora"
        assert metadata["ss_output_name"] == WORD
        assert metadata["ss_network_dim"] == "4"
    else:
        assert metadata["modelspec.architecture"] == f"{architecture}/textual-inversion"
        assert metadata["modelspec.is_negative_embedding"] == "false"


@pytest.mark.parametrize("place", ALL_NAMES, ids="-".join)
def test_the_hashes_are_of_the_tensors(place: tuple[str, str], exported: Exported) -> None:
    path = _path(exported, place)
    content = path.read_bytes()
    digest = hashlib.sha256(content[8 + len(_header_of(path)) :]).hexdigest()
    metadata = read_metadata(path)
    assert metadata["modelspec.hash_sha256"] == f"0x{digest}"
    assert metadata.get("sshs_model_hash", digest) == digest


@pytest.mark.parametrize("place", ALL_NAMES, ids="-".join)
def test_nothing_private_is_in_the_file(place: tuple[str, str], exported: Exported) -> None:
    """No folder, photo, person or machine: the trained ones had all of these to tell."""
    path = _path(exported, place)
    text = _header_of(path).decode().lower()
    secrets = ["img_2041", "sofa", "run-of-rex", "concept-of-rex", "\\\\"]
    secrets += [part.lower() for part in exported.model.parent.parts if len(part) > 4]
    secrets += [
        name.lower()
        for name in (getpass.getuser(), socket.gethostname())
        if len(name) > 4 and name.lower() not in "petname model embedding training"
    ]
    metadata = _without_thumbnail(read_metadata(path))
    assert not [secret for secret in secrets if secret in text]
    slashed = {key for key, value in metadata.items() if "/" in value}
    assert slashed <= {"modelspec.architecture", "modelspec.implementation"}


def _without_thumbnail(metadata: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if key != "modelspec.thumbnail"}


def test_a_trained_file_shows_what_it_draws_and_names_its_base_model(exported: Exported) -> None:
    for file in (exported.embeddings["sd1-trained"], exported.loras["sd1-trained"]):
        metadata = read_metadata(file.path)
        jpeg = base64.b64decode(metadata["modelspec.thumbnail"].partition(",")[2])
        assert jpeg.startswith(b"\xff\xd8\xff")
        unet = exported.model / "unet" / "diffusion_pytorch_model.safetensors"
        expected = hashlib.sha256(unet.read_bytes()).hexdigest()
        assert metadata["petname.base_model_sha256"] == expected
        assert metadata["petname.base_model"] == "custom"


@pytest.mark.parametrize("name", [name for name in EMBEDDING_NAMES if "trained" not in name])
def test_an_embedding_is_written_the_same_again(
    name: str, exported: Exported, tmp_path: Path
) -> None:
    file, again = exported.embeddings[name], tmp_path / "again.safetensors"
    metadata = build_metadata(facts(file.family, num_vectors=file.count))
    turned = dict(reversed(list(file.vectors.items())))
    write_embedding(again, turned, dict(reversed(list(metadata.items()))))
    assert again.read_bytes() == file.path.read_bytes()


@pytest.mark.parametrize("name", [name for name in LORA_NAMES if "as-trained-here" in name])
def test_a_lora_is_written_the_same_again(name: str, exported: Exported, tmp_path: Path) -> None:
    file, again = exported.loras[name], tmp_path / "again.safetensors"
    metadata = build_metadata(facts(file.family, method="lora", rank=4))
    write_lora(again, file.family, file.modules[::-1], metadata)
    assert again.read_bytes() == file.path.read_bytes()


def test_the_same_training_makes_the_same_file_to_the_byte(
    exported: Exported, tmp_path: Path
) -> None:
    model = BaseModelRef(model_id="custom", source=str(exported.model), family="sd1")
    again = train_embedding(tmp_path / "elsewhere", model)
    assert again.path.read_bytes() == exported.embeddings["sd1-trained"].path.read_bytes()


def test_a_checkpoint_that_was_one_file_is_named_as_kohya_names_it() -> None:
    known = {"base_model_sha256": "a" * 64, "is_checkpoint": True}
    lora = build_metadata(facts("sd1", method="lora", rank=4, **known))
    assert lora["ss_new_sd_model_hash"] == "a" * 64
    embedding = build_metadata(facts("sd1", **known))
    assert embedding["petname.base_model_sha256"] == "a" * 64
    folder = build_metadata(facts("sd1", method="lora", base_model_sha256="a" * 64))
    assert "ss_new_sd_model_hash" not in folder


def test_a_negative_embedding_says_so(tmp_path: Path) -> None:
    path = tmp_path / f"{WORD}.safetensors"
    write_embedding(
        path, {"text_encoder": np.ones((1, 768))}, build_metadata(facts("sd1", kind="negative"))
    )
    metadata = read_metadata(path)
    assert metadata["modelspec.is_negative_embedding"] == "true"
    assert "negative prompt" in metadata["modelspec.usage_hint"]


def test_a_trained_lora_changes_the_layers_that_are_trained_and_no_other(
    exported: Exported,
) -> None:
    file: ExportedLora = exported.loras["sd1-trained"]
    expected = {layer.path for layer in layers("sd1") if layer.trained}
    assert {module.path for module in file.modules} == expected


@pytest.mark.parametrize("kind", ["embeddings", "loras"])
def test_a_trained_file_that_comes_back_is_written_the_same(
    kind: str, exported: Exported, tmp_path: Path
) -> None:
    """Whoever imports a file of Petname's own loses nothing, the base model's hash included."""
    path = _path(exported, (kind, "sd1-trained"))
    import_file(path, tmp_path / path.name)
    assert (tmp_path / path.name).read_bytes() == path.read_bytes()
