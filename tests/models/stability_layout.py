"""A tiny Stable Diffusion as one checkpoint file, in the layout of Stability's own programs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextModel

from tests.tiny_models import tiny_pipeline
from textinv_app.domain.concept import Family
from textinv_app.formats.families import CROSS_ATTENTION_WIDTHS

_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
_VAE_ATTENTION = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}
_OPEN_CLIP = {
    "embeddings.position_embedding.weight": "positional_embedding",
    "embeddings.token_embedding": "token_embedding",
    "final_layer_norm": "ln_final",
    "encoder.layers": "transformer.resblocks",
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn": "attn",
}


def full_topology_pipeline(family: Family = "sd1") -> StableDiffusionPipeline:
    """Return a pipeline with the blocks of Stable Diffusion 1.x or 2.x and few channels."""
    tiny = tiny_pipeline(family)
    config = tiny.text_encoder.config
    config.hidden_size, config.intermediate_size = CROSS_ATTENTION_WIDTHS[family], 32
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        text_encoder = CLIPTextModel(config)
        unet = UNet2DConditionModel(
            sample_size=8,
            block_out_channels=(8, 8, 16, 16),
            layers_per_block=2,
            norm_num_groups=4,
            cross_attention_dim=CROSS_ATTENTION_WIDTHS[family],
            attention_head_dim=4,
            use_linear_projection=family == "sd2",
        )
        vae = AutoencoderKL(
            block_out_channels=(8, 8, 16, 16),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=2,
            norm_num_groups=4,
            latent_channels=4,
        )
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tiny.tokenizer,
        unet=unet,
        scheduler=tiny.scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def save_checkpoint(pipeline: Any, path: Path, marks: tuple[str, ...] = ()) -> None:
    """Write a pipeline of ``full_topology_pipeline`` as one file.

    ``marks`` are tensors without numbers, which tell by their names.
    """
    parts = [
        (pipeline.unet, _unet_key, "model.diffusion_model."),
        (pipeline.vae, _vae_key, "first_stage_model."),
    ]
    tensors = {mark: torch.empty(0) for mark in marks}
    if pipeline.unet.config.cross_attention_dim == CROSS_ATTENTION_WIDTHS["sd2"]:
        tensors |= _open_clip(pipeline.text_encoder)
    else:
        parts.append((pipeline.text_encoder, _text_key, "cond_stage_model.transformer."))
    for module, rename, prefix in parts:
        for key, tensor in module.state_dict().items():
            name = prefix + rename(key)
            is_vae_attention = ".attn_1." in name and tensor.ndim == 2
            tensors[name] = (tensor[:, :, None, None] if is_vae_attention else tensor).contiguous()
    save_file(tensors, path)


def _text_key(key: str) -> str:
    return key if key.startswith("text_model.") else f"text_model.{key}"


def _open_clip(text_encoder: Any) -> dict[str, torch.Tensor]:
    """Return a text encoder's weights as OpenCLIP names them, which Stable Diffusion 2.x reads."""
    named = {
        key.removeprefix("text_model."): tensor for key, tensor in text_encoder.state_dict().items()
    }
    for key in [key for key in named if ".q_proj." in key]:
        whole = [named.pop(key.replace(".q_proj.", f".{one}_proj.")) for one in "qkv"]
        named[key.replace(".q_proj.", ".in_proj_")] = torch.cat(whole)
    tensors = {}
    for key, tensor in named.items():
        for ours, theirs in _OPEN_CLIP.items():
            key = key.replace(ours, theirs)
        tensors[f"cond_stage_model.model.{key}"] = tensor.contiguous()
    return tensors


def _rename_first(key: str, names: dict[str, str]) -> str:
    for ours, theirs in names.items():
        if key.startswith(f"{ours}."):
            return theirs + key[len(ours) :]
    return key


def _unet_key(key: str) -> str:
    top = {
        "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2",
        "conv_in": "input_blocks.0.0",
        "conv_norm_out": "out.0",
        "conv_out": "out.2",
        "mid_block.resnets.0": "middle_block.0",
        "mid_block.attentions.0": "middle_block.1",
        "mid_block.resnets.1": "middle_block.2",
    }
    for ours, theirs in top.items():
        if key.startswith(f"{ours}."):
            return f"{theirs}.{_rename_first(key[len(ours) + 1 :], _RESNET)}"
    way, block, kind, layer, rest = _block(key)
    if kind == "downsamplers":
        return f"input_blocks.{3 * (block + 1)}.0.op.{rest.removeprefix('conv.')}"
    if kind == "upsamplers":
        place = 1 if block == 0 else 2
        return f"output_blocks.{3 * block + 2}.{place}.{rest}"
    place = 0 if kind == "resnets" else 1
    inner = _rename_first(rest, _RESNET) if kind == "resnets" else rest
    if way == "down":
        return f"input_blocks.{3 * block + layer + 1}.{place}.{inner}"
    return f"output_blocks.{3 * block + layer}.{place}.{inner}"


def _vae_key(key: str) -> str:
    if "." not in key or key.startswith(("quant_conv", "post_quant_conv")):
        return key
    half, inner = key.split(".", 1)
    middle = {
        "mid_block.resnets.0": "mid.block_1",
        "mid_block.attentions.0": "mid.attn_1",
        "mid_block.resnets.1": "mid.block_2",
        "conv_norm_out": "norm_out",
    }
    for ours, theirs in middle.items():
        if inner.startswith(f"{ours}."):
            rest = inner[len(ours) + 1 :]
            rest = _rename_first(rest, {**_VAE_ATTENTION, "conv_shortcut": "nin_shortcut"})
            return f"{half}.{theirs}.{rest}"
    if not inner.startswith(("down_blocks", "up_blocks")):
        return key
    way, block, kind, layer, rest = _block(inner)
    rest = _rename_first(rest, {"conv_shortcut": "nin_shortcut"})
    number = block if way == "down" else 3 - block
    if kind == "resnets":
        return f"{half}.{way}.{number}.block.{layer}.{rest}"
    return f"{half}.{way}.{number}.{way}sample.{rest}"


def _block(key: str) -> tuple[str, int, str, int, str]:
    found = re.fullmatch(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.+)", key)
    assert found is not None, key
    way, block, kind, layer, rest = found.groups()
    return way, int(block), kind, int(layer), rest
