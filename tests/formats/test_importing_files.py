"""Inspecting and importing: told by content, written anew, refused in plain sentences."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
from format_makers import (
    cross_attention_modules,
    entry,
    facts,
    raw_file,
    save_with_library,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from textinv_app.errors import FileRefused
from textinv_app.formats.embedding import read_embedding, write_embedding
from textinv_app.formats.importing import import_file
from textinv_app.formats.inspecting import inspect
from textinv_app.formats.lora import write_lora
from textinv_app.formats.lora_reading import read_lora
from textinv_app.formats.metadata import build_metadata

_VECTORS = np.random.default_rng(3).normal(0, 0.02, (4, 768)).astype(np.float16)


def test_inspect_tells_everything_about_our_embedding(tmp_path: Path) -> None:
    path = tmp_path / "rexdog.safetensors"
    vectors = {"text_encoder": np.ones((2, 768)), "text_encoder_2": np.ones((2, 1280))}
    metadata = build_metadata(facts(family="sdxl", kind="negative"))
    write_embedding(path, vectors, metadata)
    found = inspect(path)
    assert (found.kind, found.family) == ("embedding", "sdxl")
    assert (found.num_vectors, found.widths) == (2, (768, 1280))
    assert (found.rank, found.alpha, found.module_count) == (0, None, 0)
    assert found.trigger_word == "rexdog"
    assert found.is_negative
    assert found.size_bytes == path.stat().st_size
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.metadata["modelspec.title"] == "Rex"
    expected = "This is a negative embedding of 2 vectors, made for Stable Diffusion XL."
    assert found.sentence() == expected


def test_inspect_tells_everything_about_our_lora(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    write_lora(path, "sd2", cross_attention_modules(1024), build_metadata(facts(method="lora")))
    found = inspect(path)
    assert (found.kind, found.family, found.widths) == ("lora", "sd2", (1024,))
    assert (found.rank, found.alpha, found.module_count) == (4, 4.0, 4)
    assert (found.trigger_word, found.num_vectors, found.is_negative) == ("rexdog", 0, False)


def test_the_word_of_a_renamed_embedding_is_the_name_that_other_programs_know(
    tmp_path: Path,
) -> None:
    """It was the one inside, by which ComfyUI, AUTOMATIC1111, InvokeAI and kohya do not know it."""
    for stem, word in (
        ("rexcat", "rexcat"),
        ("rexcat (2)", "rexcat"),
        ("learned_embeds", "rexdog"),
        ("download (1)", "rexdog"),
    ):
        path = tmp_path / f"{stem}.safetensors"
        write_embedding(path, {"text_encoder": _VECTORS}, build_metadata(facts()))
        assert inspect(path).trigger_word == word
    # Of one in the spelling of diffusers the name of the file is not the word.
    spelled = tmp_path / "rexdog-diffusers.safetensors"
    save_with_library(spelled, {"rexdog": _VECTORS}, build_metadata(facts()))
    assert inspect(spelled).trigger_word == "rexdog"


def test_a_file_for_other_models_is_refused_in_words(tmp_path: Path) -> None:
    path = save_with_library(tmp_path / "x.safetensors", {"emb_params": _VECTORS})
    inspect(path).refuse_if_not_for("sd1")
    with pytest.raises(FileRefused) as caught:
        inspect(path).refuse_if_not_for("sdxl")
    assert str(caught.value) == (
        "This file was made for Stable Diffusion 1.x; the chosen model is Stable Diffusion XL. "
        "Choose a model it fits."
    )


def test_an_embedding_of_another_program_becomes_ours(tmp_path: Path) -> None:
    source = save_with_library(
        tmp_path / "EasyNegative.safetensors",
        {"<easy>": _VECTORS},
        {
            "format": "pt",
            "modelspec.title": "Easy\x00 one",
            "ss_dataset_dirs": '{"/home/anna/photos": 1}',
            "modelspec.author": "/home/anna",
        },
    )
    destination = tmp_path / "easynegative.safetensors"
    written = import_file(source, destination)
    assert (written.kind, written.family, written.num_vectors) == ("embedding", "sd1", 4)
    assert written.is_negative
    assert written.trigger_word == "easynegative"
    with safe_open(destination, "np") as file:
        assert list(file.keys()) == ["emb_params"]
        assert file.get_tensor("emb_params").dtype == np.float32
    read = read_embedding(destination).vectors["text_encoder"]
    assert np.array_equal(read, _VECTORS.astype(np.float32))
    assert "anna" not in "".join(written.metadata.values())
    assert written.metadata["modelspec.title"] == "Easy  one"


@pytest.mark.parametrize(
    "key", ["<floral>", "<colorado>", "<soft_light>", "floradog", "loracat", "lora_dog", "a_lokr_b"]
)
def test_a_word_that_holds_lora_is_no_lora(tmp_path: Path, key: str) -> None:
    source = save_with_library(tmp_path / "learned_embeds.safetensors", {key: _VECTORS})
    found = inspect(source)
    assert (found.kind, found.trigger_word) == ("embedding", key.strip("<>"))
    assert import_file(source, tmp_path / "mydog.safetensors").kind == "embedding"


def test_several_words_that_hold_lora_are_refused_as_words(tmp_path: Path) -> None:
    tensors = {"<floral>": _VECTORS, "<colorado>": _VECTORS}
    with pytest.raises(FileRefused) as caught:
        inspect(save_with_library(tmp_path / "x.safetensors", tensors))
    assert caught.value.code == "embedding.several_words"


def test_a_lora_of_another_program_becomes_ours(tmp_path: Path) -> None:
    modules = cross_attention_modules(2048)
    tensors = {}
    for module in modules:
        name = f"base_model.model.{module.path}"
        tensors |= {f"{name}.lora_A.weight": module.down, f"{name}.lora_B.weight": module.up}
    source = save_with_library(tmp_path / "adapter_model.safetensors", tensors)
    destination = tmp_path / "rexdog.safetensors"
    written = import_file(source, destination)
    assert (written.kind, written.family, written.module_count) == ("lora", "sdxl", 4)
    assert written.metadata["ss_output_name"] == "rexdog"
    assert written.metadata["ss_base_model_version"] == "sdxl_base_v1-0"
    with safe_open(destination, "np") as file:
        assert all(name.startswith("lora_unet_input_blocks_4_1_") for name in file.keys())  # noqa: SIM118
    ups = {module.path: module.up for module in read_lora(destination).modules}
    assert all(np.array_equal(ups[module.path], module.up) for module in modules)


def test_importing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    source = save_with_library(tmp_path / "x.safetensors", {"rex": _VECTORS})
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        import_file(source, tmp_path / folder / "rexdog.safetensors")
    contents = [(tmp_path / folder / "rexdog.safetensors").read_bytes() for folder in ("a", "b")]
    assert contents[0] == contents[1]
    again = tmp_path / "again" / "rexdog.safetensors"
    again.parent.mkdir()
    import_file(tmp_path / "a" / "rexdog.safetensors", again)
    assert again.read_bytes() == contents[0]


_ATTENTION = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"


@pytest.mark.parametrize(
    ("tensors", "metadata", "code"),
    [
        ({"rex": np.zeros((1, 768))}, None, "file.all_zero"),
        ({"rex": np.full((1, 768), 1e30)}, None, "file.wild_values"),
        (
            {"emb_params": np.ones((1, 32))},
            {"modelspec.architecture": "stable-diffusion-v1/textual-inversion"},
            "file.unusual_width",
        ),
        (
            {
                f"{_ATTENTION}.lora_down.weight": np.ones((4, 32)),
                f"{_ATTENTION}.lora_up.weight": np.ones((32, 4)),
            },
            {"ss_base_model_version": "sd_v1"},
            "file.unusual_width",
        ),
        (
            {
                f"{_ATTENTION}.lora_down.weight": np.ones((4, 768)),
                f"{_ATTENTION}.lora_up.weight": np.zeros((32, 4)),
            },
            None,
            "file.all_zero",
        ),
        (
            {
                f"{_ATTENTION}.lora_down.weight": np.ones((4, 768)),
                f"{_ATTENTION}.lora_up.weight": np.ones((32, 4)),
                f"{_ATTENTION}.alpha": np.float32(60_000),
            },
            None,
            "lora.wild_alpha",
        ),
        (
            {
                f"{_ATTENTION}.lora_down.weight": np.ones((4, 768)),
                f"{_ATTENTION}.lora_up.weight": np.ones((32, 4)),
                f"{_ATTENTION}.alpha": np.float32(-1),
            },
            None,
            "lora.wild_alpha",
        ),
        (
            {
                f"{_ATTENTION}.lora_down.weight": np.ones((4, 768)),
                f"{_ATTENTION}.lora_up.weight": np.full((32, 4), 1e6),
            },
            None,
            "file.not_finite",
        ),
    ],
)
def test_unusable_content_is_refused_and_leaves_nothing_behind(
    tmp_path: Path,
    tensors: dict[str, np.ndarray],
    metadata: dict[str, str] | None,
    code: str,
) -> None:
    arrays = {name: np.asarray(array) for name, array in tensors.items()}
    source = save_with_library(tmp_path / "x.safetensors", arrays, metadata)
    (tmp_path / "out").mkdir()
    with pytest.raises(FileRefused) as caught:
        import_file(source, tmp_path / "out" / "rexdog.safetensors")
    assert caught.value.code == code
    assert not list((tmp_path / "out").iterdir())


def _sparse_file(path: Path, header: dict[str, object], data_bytes: int) -> Path:
    """Write a file whose tensors are holes, so that it costs no disk."""
    raw_file(path, header)
    size_bytes = path.stat().st_size + data_bytes
    with path.open("r+b") as file:
        file.truncate(size_bytes)
    return path


def test_files_over_the_limits_are_refused(tmp_path: Path) -> None:
    destination = tmp_path / "out.safetensors"
    too_much = _sparse_file(tmp_path / "huge", {"x": entry([1], 0, 4)}, 1_000_000_000)
    with pytest.raises(FileRefused) as caught:
        import_file(too_much, destination)
    assert caught.value.code == "file.too_large"
    assert caught.value.details["limit_mb"] == 1_000
    model = {
        "model.diffusion_model.input_blocks.0.0.weight": entry([250_000_000], 0, 1_000_000_000),
        "first_stage_model.decoder.conv_in.bias": entry([1], 1_000_000_000, 1_000_000_004),
    }
    with pytest.raises(FileRefused) as caught:
        import_file(_sparse_file(tmp_path / "model", model, 1_000_000_004), destination)
    assert caught.value.code == "file.whole_model"
    vectors, rest = entry([1, 768], 0, 3_072), entry([16_000_000], 3_072, 64_003_072)
    padded = {"emb_params": vectors, "emb_params_out": rest}
    with pytest.raises(FileRefused) as caught:
        import_file(_sparse_file(tmp_path / "large", padded, 64_003_072), destination)
    assert caught.value.code == "file.too_large"
    assert caught.value.details["limit_mb"] == 64
    assert not destination.exists()


@given(places=st.lists(st.integers(0, 2_000), min_size=1, max_size=6), seed=st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_spoilt_files_are_read_or_refused_but_never_crash(places: list[int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rexdog.safetensors"
        metadata = {"lora_adapter_metadata": '{"unet.lora_alpha": 2}', "ss_v2": "True"}
        write_lora(path, "sd1", cross_attention_modules(768, rank=1), metadata)
        content = bytearray(path.read_bytes())
        for place in places:
            content[place] = int(generator.choice(list(b'0123456789{}[],:"\\x' + bytes([0, 255]))))
        path.write_bytes(content)
        with contextlib.suppress(FileRefused):
            inspect(path)
            import_file(path, Path(folder) / "out.safetensors")
