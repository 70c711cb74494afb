"""Names of LoRA layers: every layer of the real UNets and text encoders, there and back."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.loaders.lora_conversion_utils import (
    _convert_non_diffusers_lora_to_diffusers,
    _maybe_map_sgm_blocks_to_diffusers,
)
from diffusers.utils import convert_unet_state_dict_to_peft
from format_makers import lora_module

from textinv_app.formats.lora import kohya_name
from textinv_app.formats.lora_keys import understand_keys
from textinv_app.formats.module_names import flat_name, from_sgm, split_flat_name, to_sgm

# The published configurations, as far as they decide which layers there are.
_UNETS: dict[str, dict[str, Any]] = {
    "sd1": {"cross_attention_dim": 768, "block_out_channels": (320, 640, 1280, 1280)},
    "sd2": {
        "cross_attention_dim": 1024,
        "block_out_channels": (320, 640, 1280, 1280),
        "attention_head_dim": (5, 10, 20, 20),
        "use_linear_projection": True,
    },
    "sdxl": {
        "cross_attention_dim": 2048,
        "block_out_channels": (320, 640, 1280),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "transformer_layers_per_block": (1, 2, 10),
        "attention_head_dim": (5, 10, 20),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
}
_ENCODER_LAYERS = (
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.out_proj",
    "mlp.fc1",
    "mlp.fc2",
)


@cache
def _unet(family: str) -> UNet2DConditionModel:
    with torch.device("meta"):
        return UNet2DConditionModel(**_UNETS[family])


def _layers(family: str) -> list[str]:
    kinds = (torch.nn.Linear, torch.nn.Conv2d)
    return [name for name, module in _unet(family).named_modules() if isinstance(module, kinds)]


@pytest.mark.parametrize(("family", "count"), [("sd1", 280), ("sd2", 280), ("sdxl", 788)])
def test_every_layer_of_the_unets_has_a_name_that_leads_back(family: Any, count: int) -> None:
    layers = _layers(family)
    assert len(layers) > count
    names = [kohya_name(lora_module(path, (2, 1, 2)), family) for path in layers]
    assert len(set(names)) == len(layers)
    found = understand_keys(f"{name}.alpha" for name in names)
    assert [key.path for key in found.values()] == layers
    assert {key.component for key in found.values()} == {"unet"}


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_both_spellings_of_every_layer_lead_back(family: str) -> None:
    for path in _layers(family):
        assert split_flat_name(flat_name(path)) == path
        if family == "sdxl":
            sgm = to_sgm(path)
            assert sgm.startswith(("input_", "middle_", "output_", "out.", "time_embed", "label_"))
            assert split_flat_name(flat_name(sgm)) == sgm
            assert from_sgm(sgm) == path


def test_diffusers_understands_every_name_of_sdxl() -> None:
    """Its own conversion of all names gives back the layers that the LoRA was made for."""
    layers = [path for path in _layers("sdxl") if ".attentions." in path or ".resnets." in path]
    tensor, state = torch.zeros(1, 1), {}
    for path in layers:
        name = kohya_name(lora_module(path, (2, 1, 2)), "sdxl")
        state |= {f"{name}.lora_down.weight": tensor, f"{name}.lora_up.weight": tensor}
    mapped = _maybe_map_sgm_blocks_to_diffusers(state, _unet("sdxl").config)
    converted = _convert_non_diffusers_lora_to_diffusers(mapped)[0]
    converted = convert_unet_state_dict_to_peft(converted)
    found = {key.partition(".lora_A")[0] for key in converted if key.endswith(".lora_A.weight")}
    assert {name.removeprefix("unet.") for name in found} == set(layers)


@pytest.mark.parametrize(
    ("family", "component", "prefix", "count"),
    [
        ("sd1", "text_encoder", "lora_te_", 12),
        ("sd2", "text_encoder", "lora_te_", 23),
        ("crayon", "text_encoder", "lora_te_", 4),
        ("sdxl", "text_encoder", "lora_te1_", 12),
        ("sdxl", "text_encoder_2", "lora_te2_", 32),
    ],
)
@pytest.mark.parametrize("wrapper", ["", "text_model."])
def test_text_encoder_names_hold_text_model_whatever_transformers_calls_it(
    family: Any, component: Any, prefix: str, count: int, wrapper: str
) -> None:
    for index in range(count):
        for layer in _ENCODER_LAYERS:
            path = f"encoder.layers.{index}.{layer}"
            name = kohya_name(lora_module(wrapper + path, (2, 1, 2), component), family)
            assert name == f"{prefix}text_model_{path.replace('.', '_')}"
            key = understand_keys([f"{name}.alpha"])[f"{name}.alpha"]
            assert (key.component, key.path) == (component, path)


@pytest.mark.parametrize("name", ["", "down_blocks_", "down__blocks", "mystery_1", "to_q_xyz"])
def test_unknown_names_are_not_guessed(name: str) -> None:
    assert split_flat_name(name) is None


def test_a_layer_without_a_name_in_stabilitys_numbering_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="Stability"):
        to_sgm("mystery.layer")
    assert from_sgm("mystery.layer") is None
    assert from_sgm("input_blocks.0.1.proj_in") is None
