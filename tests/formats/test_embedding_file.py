"""Embedding files: the one canonical form out, every spelling in, everything else refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from format_makers import SINGLE_FAMILIES, facts, random_vectors, save_with_library
from safetensors import safe_open

from textinv_app.domain.concept import Family
from textinv_app.errors import FileRefused
from textinv_app.formats.embedding import read_embedding, write_embedding
from textinv_app.formats.families import TEXT_WIDTHS
from textinv_app.formats.metadata import build_metadata

COUNTS = (1, 4, 8, 75)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize(("family", "width"), SINGLE_FAMILIES)
def test_models_with_one_text_encoder_get_exactly_one_2d_float32_tensor(
    tmp_path: Path, family: Family, width: int, count: int
) -> None:
    vectors = random_vectors(family, (width,), count)
    path = tmp_path / "rexdog.safetensors"
    write_embedding(path, vectors, build_metadata(facts(family=family, num_vectors=count)))
    with safe_open(path, "np") as file:
        assert list(file.keys()) == ["emb_params"]
        stored = file.get_tensor("emb_params")
    assert stored.dtype == np.float32
    assert stored.shape == (count, width)
    read = read_embedding(path)
    assert (read.family, read.num_vectors, read.widths) == (family, count, (width,))
    assert np.array_equal(read.vectors["text_encoder"], vectors["text_encoder"])


@pytest.mark.parametrize("count", COUNTS)
def test_sdxl_gets_exactly_clip_l_and_clip_g(tmp_path: Path, count: int) -> None:
    vectors = random_vectors("sdxl", TEXT_WIDTHS["sdxl"], count)
    path = tmp_path / "rexdog.safetensors"
    write_embedding(path, vectors, build_metadata(facts(family="sdxl", num_vectors=count)))
    with safe_open(path, "np") as file:
        assert set(file.keys()) == {"clip_l", "clip_g"}
        assert file.get_tensor("clip_l").shape == (count, 768)
        assert file.get_tensor("clip_g").shape == (count, 1280)
    read = read_embedding(path)
    assert read.family == "sdxl"
    assert all(np.array_equal(read.vectors[name], vectors[name]) for name in vectors)


def test_two_exports_are_identical_to_the_byte(tmp_path: Path) -> None:
    vectors = random_vectors("sdxl", (768, 1280), 4)
    for name in ("first", "second"):
        metadata = build_metadata(facts(family="sdxl", thumbnail_jpeg=b"\xff\xd8picture"))
        write_embedding(tmp_path / name, vectors, metadata)
        vectors = dict(reversed(vectors.items()))
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_model_of_unusual_width_is_known_by_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "rexdog.safetensors"
    for family, widths in (("sd1", (32,)), ("sd2", (48,)), ("sdxl", (32, 40))):
        vectors = random_vectors(family, widths, 2)  # type: ignore[arg-type]
        write_embedding(path, vectors, build_metadata(facts(family=family)))
        assert read_embedding(path).family == family


@pytest.mark.parametrize("key", ["emb_params", "emp_params", "<rex>", "string", "clip_l"])
@pytest.mark.parametrize("shape", [(768,), (3, 768)])
def test_single_tensors_of_any_name_are_read(
    tmp_path: Path, key: str, shape: tuple[int, ...]
) -> None:
    stored = np.random.default_rng(1).normal(size=shape).astype(np.float16)
    read = read_embedding(save_with_library(tmp_path / "x.safetensors", {key: stored}))
    assert read.family == "sd1"
    expected = stored.astype(np.float32).reshape(-1, 768)
    assert np.array_equal(read.vectors["text_encoder"], expected)


def test_extra_tensors_of_other_trainers_are_left_out(tmp_path: Path) -> None:
    pair = {"clip_l": np.ones((2, 768)), "clip_g": np.ones((2, 1280))}
    extra = {f"{name}_out": array for name, array in pair.items()}
    read = read_embedding(save_with_library(tmp_path / "x.safetensors", pair | extra))
    assert read.widths == (768, 1280)
    single = {"emp_params": np.ones((2, 768)), "emp_params_out": np.ones((2, 768))}
    assert read_embedding(save_with_library(tmp_path / "x.safetensors", single)).family == "sd1"


@pytest.mark.parametrize(
    ("tensors", "code"),
    [
        ({"emb_params": np.ones((1, 2, 768))}, "embedding.wrong_shape"),
        ({"emb_params": np.float32(1)}, "embedding.wrong_shape"),
        ({"emb_params": np.ones((76, 768))}, "embedding.too_long"),
        ({"emb_params": np.ones((0, 768))}, "embedding.too_long"),
        ({"clip_g": np.ones((1, 1280))}, "embedding.half_of_sdxl"),
        ({"emb_params": np.ones((1, 999))}, "embedding.unknown_width"),
        ({"clip_l": np.ones((1, 768)), "clip_g": np.ones((2, 1280))}, "embedding.uneven"),
        ({"IN01": np.ones(768), "OUT11": np.ones(768)}, "embedding.xti"),
        ({"one": np.ones(768), "two": np.ones(768)}, "file.unknown_kind"),
        ({"emb_params": np.full((1, 768), np.nan)}, "file.not_finite"),
        ({"emb_params": np.ones((1, 768), dtype=np.int8)}, "file.unknown_number_type"),
    ],
)
def test_what_no_program_could_use_is_refused(
    tmp_path: Path, tensors: dict[str, np.ndarray], code: str
) -> None:
    tensors = {name: np.asarray(array) for name, array in tensors.items()}
    with pytest.raises(FileRefused) as caught:
        read_embedding(save_with_library(tmp_path / "x.safetensors", tensors))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "vectors",
    [
        {"clip_l": np.ones((1, 768))},
        {"text_encoder_2": np.ones((1, 768))},
        {"text_encoder": np.ones(768)},
        {"text_encoder": np.ones((0, 768))},
        {"text_encoder": np.ones((76, 768))},
        {"text_encoder": np.full((1, 768), np.inf)},
        {"text_encoder": np.ones((1, 768)), "text_encoder_2": np.ones((2, 1280))},
    ],
)
def test_nothing_wrong_is_ever_written(tmp_path: Path, vectors: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match=r"."):
        write_embedding(tmp_path / "x.safetensors", vectors, {})
    assert not list(tmp_path.iterdir())
