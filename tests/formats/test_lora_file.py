"""LoRA files: kohya's names and nothing else out, every spelling in, relatives refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from format_makers import cross_attention_modules, facts, lora_module, save_with_library
from safetensors import safe_open

from textinv_app.domain.concept import Family
from textinv_app.errors import FileRefused
from textinv_app.formats.lora import LoraModule, write_lora
from textinv_app.formats.lora_reading import read_lora
from textinv_app.formats.metadata import build_metadata

WIDTHS: tuple[tuple[Family, int], ...] = (
    ("crayon", 256),
    ("sd1", 768),
    ("sd2", 1024),
    ("sdxl", 2048),
)
_LAYER = "encoder.layers.3.self_attn.q_proj"


def _encoder_modules(family: Family) -> list[LoraModule]:
    widths = {"crayon": 256, "sd1": 768, "sd2": 1024, "sdxl": 768}
    modules = [lora_module(_LAYER, (widths[family], 4, 8), "text_encoder")]
    if family == "sdxl":
        modules.append(lora_module(_LAYER, (1280, 4, 8), "text_encoder_2"))
    return modules


@pytest.mark.parametrize(("family", "width"), WIDTHS)
def test_round_trip_of_every_family_is_exact(tmp_path: Path, family: Family, width: int) -> None:
    modules = cross_attention_modules(width) + _encoder_modules(family)
    path = tmp_path / "rexdog.safetensors"
    write_lora(path, family, modules, build_metadata(facts(method="lora", family=family, rank=4)))
    read = read_lora(path)
    assert (read.family, read.rank) == (family, 4)
    found = {(module.component, module.path): module for module in read.modules}
    assert len(found) == len(modules)
    for module in modules:
        other = found[module.component, module.path]
        assert np.array_equal(other.down, module.down)
        assert np.array_equal(other.up, module.up)
        assert other.alpha == 4.0


@pytest.mark.parametrize(("family", "width"), WIDTHS)
def test_names_are_kohyas(tmp_path: Path, family: Family, width: int) -> None:
    path = tmp_path / "rexdog.safetensors"
    write_lora(path, family, cross_attention_modules(width) + _encoder_modules(family), {})
    with safe_open(path, "np") as file:
        names = set(file.keys())
        tensors = {name: file.get_tensor(name) for name in names}
    block = "input_blocks_4_1" if family == "sdxl" else "down_blocks_1_attentions_0"
    prefix = f"lora_unet_{block}_transformer_blocks_0"
    encoders = ["lora_te1_", "lora_te2_"] if family == "sdxl" else ["lora_te_"]
    layers = [
        *(f"{prefix}_{end}" for end in ("attn1_to_q", "attn2_to_k", "attn2_to_out_0")),
        f"{prefix}_ff_net_0_proj",
        *(f"{encoder}text_model_encoder_layers_3_self_attn_q_proj" for encoder in encoders),
    ]
    endings = ("lora_down.weight", "lora_up.weight", "alpha")
    assert names == {f"{layer}.{ending}" for layer in layers for ending in endings}
    for name, tensor in tensors.items():
        assert tensor.dtype == np.float16
        assert tensor.ndim == (0 if name.endswith(".alpha") else 2)


def test_two_exports_are_identical_to_the_byte(tmp_path: Path) -> None:
    modules = cross_attention_modules(768)
    metadata = build_metadata(facts(method="lora", rank=4))
    write_lora(tmp_path / "first", "sd1", modules, metadata)
    write_lora(tmp_path / "second", "sd1", modules[::-1], dict(reversed(metadata.items())))
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_alpha_is_folded_so_that_programs_without_it_draw_the_same(tmp_path: Path) -> None:
    module = lora_module("mid_block.attentions.0.proj_in", (32, 4, 32), alpha=2.0)
    write_lora(
        tmp_path / "x", "sd1", [module], {"modelspec.architecture": "stable-diffusion-v1/lora"}
    )
    read = read_lora(tmp_path / "x").modules[0]
    assert read.alpha == read.rank == 4
    assert np.array_equal(read.up @ read.down, module.up @ module.down * 0.5)


def test_convolutions_keep_four_dimensions(tmp_path: Path) -> None:
    down = np.ones((2, 8, 3, 3), dtype=np.float32)
    up = np.ones((8, 2, 1, 1), dtype=np.float32)
    module = LoraModule("unet", "down_blocks.0.resnets.1.conv1", down, up, 2.0)
    write_lora(tmp_path / "x", "sdxl", [module, *cross_attention_modules(2048)], {})
    with safe_open(tmp_path / "x", "np") as file:
        name = "lora_unet_input_blocks_2_0_in_layers_2.lora_down.weight"
        assert file.get_tensor(name).shape == (2, 8, 3, 3)
    paths = {module.path for module in read_lora(tmp_path / "x").modules}
    assert "down_blocks.0.resnets.1.conv1" in paths


def test_an_untrained_lora_can_be_written_and_read(tmp_path: Path) -> None:
    modules = [
        LoraModule(module.component, module.path, module.down, np.zeros_like(module.up), 4.0)
        for module in cross_attention_modules(768)
    ]
    write_lora(tmp_path / "x", "sd1", modules, {})
    assert len(read_lora(tmp_path / "x").modules) == len(modules)


Spelling = Callable[[LoraModule], dict[str, np.ndarray]]


def _peft(prefix: str, middle: str = "") -> Spelling:
    def spell(module: LoraModule) -> dict[str, np.ndarray]:
        path = f"{prefix}{module.path}"
        return {
            f"{path}.lora_A{middle}.weight": module.down,
            f"{path}.lora_B{middle}.weight": module.up,
        }

    return spell


def _diffusers_old(module: LoraModule) -> dict[str, np.ndarray]:
    path = f"unet.{module.path}"
    return {f"{path}.lora.down.weight": module.down, f"{path}.lora.up.weight": module.up}


def _diffusers_oldest(module: LoraModule) -> dict[str, np.ndarray]:
    if "attn" not in module.path:
        return _diffusers_old(module)
    attention, _, layer = module.path.removesuffix(".0").rpartition(".")
    path = f"unet.{attention}.processor.{layer}_lora"
    return {f"{path}.down.weight": module.down, f"{path}.up.weight": module.up}


def _kohya_diffusers_names(module: LoraModule) -> dict[str, np.ndarray]:
    name = "lora_unet_" + module.path.replace(".", "_")
    return {
        f"{name}.lora_down.weight": module.down,
        f"{name}.lora_up.weight": module.up,
        f"{name}.alpha": np.array(module.rank, dtype=np.int64),
    }


@pytest.mark.parametrize(
    "spell",
    [
        _peft("unet."),
        _peft(""),
        _peft("base_model.model."),
        _peft("base_model.model.", ".default"),
        _peft("unet.base_model.model.", ".default"),
        _diffusers_old,
        _diffusers_oldest,
        _kohya_diffusers_names,
    ],
)
@pytest.mark.parametrize(("family", "width"), WIDTHS)
def test_every_spelling_gives_the_same_modules(
    tmp_path: Path, spell: Spelling, family: Family, width: int
) -> None:
    modules = cross_attention_modules(width)
    tensors = {name: array for module in modules for name, array in spell(module).items()}
    read = read_lora(save_with_library(tmp_path / "x.safetensors", tensors))
    assert read.family == family
    found = {module.path: module for module in read.modules}
    assert set(found) == {module.path for module in modules}
    for module in modules:
        assert np.array_equal(found[module.path].up, module.up)
        assert np.array_equal(found[module.path].down, module.down)
        assert found[module.path].alpha == module.rank


@pytest.mark.parametrize("wrapper", ["", "text_model."])
def test_text_encoder_layers_are_read_with_and_without_their_wrapper(
    tmp_path: Path, wrapper: str
) -> None:
    module = lora_module(_LAYER, (768, 4, 768), "text_encoder")
    flat = f"{wrapper}{_LAYER}".replace(".", "_")
    dotted = f"text_encoder.{wrapper}{_LAYER}"
    for down, up in (
        (f"lora_te1_{flat}.lora_down.weight", f"lora_te1_{flat}.lora_up.weight"),
        (f"{dotted}.lora_linear_layer.down.weight", f"{dotted}.lora_linear_layer.up.weight"),
        (f"{dotted}.lora_A.weight", f"{dotted}.lora_B.weight"),
    ):
        path = save_with_library(tmp_path / "x.safetensors", {down: module.down, up: module.up})
        read = read_lora(path)
        assert read.family == "sd1"
        assert [(m.component, m.path) for m in read.modules] == [("text_encoder", _LAYER)]


def test_alpha_from_the_metadata_of_diffusers_is_used(tmp_path: Path) -> None:
    modules = cross_attention_modules(768)
    tensors = {k: v for module in modules for k, v in _peft("unet.")(module).items()}
    pattern = {modules[0].path: 1.0}
    stored = json.dumps({"unet.lora_alpha": 2.0, "unet.alpha_pattern": pattern})
    path = save_with_library(tmp_path / "x.safetensors", tensors, {"lora_adapter_metadata": stored})
    alphas = {module.path: module.alpha for module in read_lora(path).modules}
    assert alphas.pop(modules[0].path) == 1.0
    assert set(alphas.values()) == {2.0}


def _with_settings(tmp_path: Path, settings: dict[str, object]) -> Path:
    """Write a LoRA of rank 4 as diffusers does, with peft's settings."""
    tensors = {k: v for m in cross_attention_modules(768) for k, v in _peft("unet.")(m).items()}
    metadata = {"lora_adapter_metadata": json.dumps(settings)}
    return save_with_library(tmp_path / "x.safetensors", tensors, metadata)


def test_a_rank_stabilised_lora_keeps_its_strength(tmp_path: Path) -> None:
    """It was read at alpha / rank, half of its strength at rank 4."""
    settings = {"unet.lora_alpha": 2, "unet.use_rslora": True, "unet.alpha_pattern": {"to_q": 3}}
    path = _with_settings(tmp_path, settings)
    alphas = {module.path.rpartition(".")[2]: module.alpha for module in read_lora(path).modules}
    assert (alphas["to_q"], alphas["to_k"]) == (6.0, 4.0)


@pytest.mark.parametrize("pattern", [".*to_k", "(to_k|to_q)", "(x+x+)+y", "to_k$", ""])
def test_strengths_by_rules_are_refused_and_never_run(tmp_path: Path, pattern: str) -> None:
    path = _with_settings(tmp_path, {"unet.lora_alpha": 2, "unet.alpha_pattern": {pattern: 1}})
    with pytest.raises(FileRefused) as refused:
        read_lora(path)
    assert refused.value.code == "lora.strength_rules"


def test_an_alpha_of_hundreds_of_digits_counts_for_nothing(tmp_path: Path) -> None:
    path = _with_settings(tmp_path, {"unet.lora_alpha": 10**400})
    assert {module.alpha for module in read_lora(path).modules} == {4.0}


_NAME = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
_DOWN, _UP = np.ones((4, 768), dtype=np.float32), np.ones((32, 4), dtype=np.float32)
_WHOLE = {f"{_NAME}.lora_down.weight": _DOWN, f"{_NAME}.lora_up.weight": _UP}


@pytest.mark.parametrize(
    ("tensors", "code"),
    [
        (_WHOLE | {f"{_NAME}.dora_scale": _UP}, "lora.other_training"),
        ({f"{_NAME}.hada_w1_a": _UP, f"{_NAME}.hada_w1_b": _UP}, "lora.other_training"),
        ({f"{_NAME}.lokr_w1": _UP}, "lora.other_training"),
        (_WHOLE | {f"{_NAME}.lora_mid.weight": _UP}, "lora.other_training"),
        ({f"{_NAME}.diff": _UP}, "lora.other_training"),
        ({"lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight": _UP}, "lora.other_model"),
        ({"transformer.single.0.attn.to_q.lora_A.weight": _UP}, "lora.other_model"),
        ({f"{_NAME}.lora_down.weight": _DOWN}, "lora.incomplete"),
        (_WHOLE | {f"{_NAME}.lora_up.weight": np.ones((32, 5))}, "lora.incomplete"),
        (_WHOLE | {f"{_NAME}.alpha": np.ones(2)}, "lora.incomplete"),
        (_WHOLE | {"lora_unet_mystery_7.alpha": np.float32(1)}, "lora.unknown_layer"),
        (_WHOLE | {f"unet.{'x'}.lora_A.weight": _DOWN}, "lora.unknown_layer"),
        ({"bundle_emb.rex.clip_l": _UP}, "lora.unknown_layer"),
        ({"model.diffusion_model.out.2.weight": _UP, "b": _UP}, "file.whole_model"),
        ({"some": _UP, "thing": _UP}, "file.unknown_kind"),
        (_WHOLE | {f"{_NAME}.alpha": np.float32(np.nan)}, "file.not_finite"),
    ],
)
def test_what_is_no_plain_whole_lora_is_refused(
    tmp_path: Path, tensors: dict[str, np.ndarray], code: str
) -> None:
    tensors = {name: np.asarray(array) for name, array in tensors.items()}
    with pytest.raises(FileRefused) as caught:
        read_lora(save_with_library(tmp_path / "x.safetensors", tensors))
    assert caught.value.code == code


def test_an_embedding_bundled_into_a_lora_is_left_out(tmp_path: Path) -> None:
    tensors = _WHOLE | {"bundle_emb.rex.clip_l": np.ones((1, 768))}
    assert len(read_lora(save_with_library(tmp_path / "x.safetensors", tensors)).modules) == 1


def test_a_lora_that_tells_no_family_is_refused(tmp_path: Path) -> None:
    name = _NAME.replace("attn2_to_k", "attn1_to_q")
    tensors = {f"{name}.lora_down.weight": _DOWN, f"{name}.lora_up.weight": _UP}
    path = tmp_path / "x.safetensors"
    with pytest.raises(FileRefused) as caught:
        read_lora(save_with_library(path, tensors))
    assert caught.value.code == "lora.unknown_family"
    said = {"ss_base_model_version": "sdxl_base_v1-0", "ss_v2": "False"}
    assert read_lora(save_with_library(path, tensors, said)).family == "sdxl"


def test_nothing_wrong_is_ever_written(tmp_path: Path) -> None:
    module = cross_attention_modules(768)[0]
    huge = LoraModule("unet", module.path, module.down, module.up * 1e9, 4.0)
    uneven = LoraModule("unet", module.path, module.down, module.up[:, :3], 4.0)
    nan = LoraModule("unet", module.path, module.down, module.up, float("nan"))
    for modules in ([], [module, module], [huge], [uneven], [nan]):
        with pytest.raises(ValueError, match=r"."):
            write_lora(tmp_path / "x", "sd1", modules, {})
    assert not list(tmp_path.iterdir())
