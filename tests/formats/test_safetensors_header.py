"""The container: the same bytes each time, readable by the library, and hostile ones refused."""

from __future__ import annotations

import hashlib
import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from format_makers import entry, raw_file
from safetensors import safe_open

from textinv_app.errors import FileRefused
from textinv_app.formats.header import (
    encode_safetensors,
    read_header,
    read_tensors,
    write_safetensors,
)


def _tensors() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    return {
        "b": generator.normal(size=(3, 5)).astype(np.float16),
        "a": generator.normal(size=(2, 3)).astype(np.float32),
        "d": np.full((2, 1), 4.0, dtype=np.float16),
        "c": generator.normal(size=(7,)).astype(np.float64),
    }


def test_same_content_gives_the_same_bytes_in_any_order() -> None:
    metadata = {"z": "1", "a": "é 小 🐶", "sshs_model_hash": ""}
    first = b"".join(encode_safetensors(_tensors(), metadata))
    turned = dict(reversed(_tensors().items())), dict(reversed(metadata.items()))
    assert first == b"".join(encode_safetensors(*turned))


def test_the_library_reads_back_exactly_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    write_safetensors(path, _tensors(), {"title": "é 小 🐶"})
    with safe_open(path, "np") as file:
        assert file.metadata() == {"title": "é 小 🐶"}
        assert set(file.keys()) == set(_tensors())
        for name, array in _tensors().items():
            loaded = file.get_tensor(name)
            assert loaded.dtype == array.dtype
            assert loaded.shape == array.shape
            assert np.array_equal(loaded, array)
    assert not list(tmp_path.glob(".tmp-*"))


def test_every_tensor_is_aligned_and_the_hash_is_of_the_tensors(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    write_safetensors(path, _tensors(), {"sshs_model_hash": "", "modelspec.hash_sha256": ""})
    header = read_header(path)
    sizes = {"F64": 8, "F32": 4, "F16": 2}
    assert all(tensor.start % sizes[tensor.dtype] == 0 for tensor in header.tensors.values())
    start = min(tensor.start for tensor in header.tensors.values())
    assert start % 8 == 0
    digest = hashlib.sha256(path.read_bytes()[start:]).hexdigest()
    assert header.metadata["sshs_model_hash"] == digest
    assert header.metadata["modelspec.hash_sha256"] == f"0x{digest}"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_reads_every_float_type_as_float32(tmp_path: Path, dtype: str) -> None:
    import torch
    from safetensors.torch import save_file

    stored = torch.randn(4, 6, generator=torch.manual_seed(0)).to(getattr(torch, dtype))
    path = tmp_path / "file.safetensors"
    save_file({"x": stored}, path)
    read = read_tensors(path, read_header(path))["x"]
    assert read.dtype == np.float32
    assert np.array_equal(read, stored.to(torch.float32).numpy())


@pytest.mark.parametrize(
    ("tensors", "metadata", "message"),
    [
        (_tensors(), {"steps": 3}, "must be text"),
        (_tensors(), {"long": "x" * 500_001}, "header of"),
        ({"x": np.zeros(3, dtype=np.int64)}, {}, "cannot write"),
    ],
)
def test_what_cannot_be_written_leaves_the_old_file_as_it_was(
    tmp_path: Path, tensors: Any, metadata: Any, message: str
) -> None:
    path = tmp_path / "file.safetensors"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match=message):
        write_safetensors(path, tensors, metadata)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


class _Payload:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (open, ("/tmp/never-opened-by-petname",))


def _torch_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(_Payload(), protocol=2))
    return buffer.getvalue()


def _plain_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("rexdog.safetensors", b"x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"\x10\x00", "file.not_safetensors"),
        (b"hello, I am an embedding", "file.not_safetensors"),
        (pickle.dumps(_Payload(), protocol=2), "file.pickle"),
        (pickle.dumps(_Payload(), protocol=4), "file.pickle"),
        (_torch_zip(), "file.pickle"),
        (_plain_zip(), "file.archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "file.picture_here"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "file.other_picture"),
        (b"<!DOCTYPE html><html>", "file.page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "file.page"),
    ],
)
def test_other_files_are_refused_by_content_whatever_their_name(
    tmp_path: Path, content: bytes, code: str
) -> None:
    path = tmp_path / "rexdog.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileRefused) as caught:
        read_header(path)
    assert caught.value.code == code


def test_a_header_whose_length_looks_like_a_pickle_is_still_read(tmp_path: Path) -> None:
    header = b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.ljust(640)
    path = raw_file(tmp_path / "x.safetensors", header, bytes(4))
    assert path.read_bytes()[:2] == b"\x80\x02"
    assert read_header(path).tensors["x"].shape == (1,)


_ONE = entry([2], 0, 8)


@pytest.mark.parametrize(
    ("header", "data"),
    [
        ({"a": _ONE, "b": entry([2], 4, 12)}, bytes(12)),
        ({"a": _ONE, "b": _ONE}, bytes(8)),
        ({"a": _ONE, "b": entry([2], 12, 20)}, bytes(20)),
        ({"a": _ONE}, bytes(7)),
        ({"a": _ONE}, bytes(9)),
        ({"a": entry([3], 0, 8)}, bytes(8)),
        ({"a": entry([2], 8, 0)}, bytes(8)),
        ({"a": entry([2], -8, 0)}, bytes(8)),
        ({"a": entry([2**62, 2**62], 0, 8)}, bytes(8)),
        ({"a": entry([1] * 9, 0, 4)}, bytes(4)),
        ({"a": entry([True], 0, 4)}, bytes(4)),  # type: ignore[list-item]
        ({"a": entry([1], 0, 4, "COMPLEX")}, bytes(4)),
        ({"a": {"dtype": ["F32"], "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
        ({"a": "F32"}, bytes(4)),
        ({"a": {}}, bytes(4)),
        ({"__metadata__": {"steps": 3}, "a": _ONE}, bytes(8)),
        ({"__metadata__": "text", "a": _ONE}, bytes(8)),
        (b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32"}}', bytes(8)),
        (b'{"a":' + b"[" * 100_000, b""),
        (b'{"a":{"dtype":"F32","shape":[' + b"9" * 6_000 + b'],"data_offsets":[0,8]}}', bytes(8)),
        (b'{"\xff":1}', b""),
        (b'{"__metadata__":{"title":"\\ud800"}}', b""),
        (b"{broken", b""),
    ],
)
def test_headers_that_do_not_describe_the_file_are_refused(
    tmp_path: Path, header: Any, data: bytes
) -> None:
    path = raw_file(tmp_path / "evil.safetensors", header, data)
    with pytest.raises(FileRefused) as caught:
        read_header(path)
    assert caught.value.code == "file.damaged"


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = b"".join(encode_safetensors(_tensors(), {"title": "Rex"}))
    path = tmp_path / "cut.safetensors"
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(FileRefused):
            read_header(path)


def test_huge_headers_and_too_many_tensors_are_refused_without_reading_them(tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    path.write_bytes((50_000_000).to_bytes(8, "little") + b"{")
    with pytest.raises(FileRefused) as caught:
        read_header(path)
    assert caught.value.code == "file.header_too_large"
    many = {f"t{index}": entry([0], 0, 0) for index in range(5_001)}
    with pytest.raises(FileRefused) as caught:
        read_header(raw_file(path, many))
    assert caught.value.code == "file.too_many_tensors"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "file.safetensors"
    write_safetensors(path, {"x": np.array([1.0, value], dtype=np.float32)}, {})
    with pytest.raises(FileRefused) as caught:
        read_tensors(path, read_header(path))
    assert caught.value.code == "file.not_finite"
