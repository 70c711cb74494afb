"""Which base model it was: the hash of the file that is loaded; none where that is unclear."""

from __future__ import annotations

import hashlib
from pathlib import Path

from textinv_app.models.identity import base_model_sha256

_FULL, _HALF = "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_checkpoint_is_told_by_all_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"all of the model")
    assert base_model_sha256(str(path), None) == _sha256(b"all of the model")


def test_a_folder_is_told_by_the_unet_that_is_loaded_from_it(tmp_path: Path) -> None:
    unet = tmp_path / "unet"
    unet.mkdir()
    assert base_model_sha256(str(tmp_path), tmp_path) == ""
    (unet / _FULL).write_bytes(b"full")
    (unet / _HALF).write_bytes(b"half")
    assert base_model_sha256(str(tmp_path), tmp_path) == _sha256(b"full")
    # Of the hub's models half precision is fetched where there is one.
    assert base_model_sha256("someone/model", tmp_path) == _sha256(b"half")
    (unet / _FULL).unlink()
    assert base_model_sha256(str(tmp_path), tmp_path) == _sha256(b"half")


def test_files_of_the_hubs_cache_are_not_read_again(tmp_path: Path) -> None:
    digest = _sha256(b"what the hub calls this file by")
    blob, unet = tmp_path / digest, tmp_path / "unet"
    blob.write_bytes(b"anything")
    unet.mkdir()
    (unet / _FULL).symlink_to(blob)
    assert base_model_sha256("someone/model", tmp_path) == digest


def test_numbers_spread_over_several_files_have_no_hash(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "diffusion_pytorch_model-00001-of-00002.safetensors").write_bytes(b"1")
    assert base_model_sha256("someone/model", tmp_path) == ""
