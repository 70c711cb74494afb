"""Tiny diffusers pipelines with random weights, of the true topology, to load files into."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_:.,"


def tiny_tokenizer() -> CLIPTokenizer:
    """Return a tokenizer that spells everything, as CLIP's does with what it does not know."""
    symbols = ["<|startoftext|>", "<|endoftext|>", *_LETTERS, *(f"{c}</w>" for c in _LETTERS)]
    return CLIPTokenizer(
        vocab={symbol: index for index, symbol in enumerate(symbols)},
        merges=[],
        pad_token="<|endoftext|>",
        model_max_length=77,
    )


def _text_config(width: int, projection: int = 32) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tiny_tokenizer()),
        hidden_size=width,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        projection_dim=projection,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )


def _tiny_vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
        latent_channels=4,
    )


def _tiny_unet(context_width: int, **changes: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(8, 16, 16),
        norm_num_groups=4,
        layers_per_block=2,
        cross_attention_dim=context_width,
        attention_head_dim=4,
        **changes,
    )


def tiny_pipeline(width: int = 768, seed: int = 0) -> StableDiffusionPipeline:
    """Return a pipeline of one text encoder of the given width, the same weights each time."""
    torch.manual_seed(seed)
    unet = _tiny_unet(
        width,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    )
    pipeline = StableDiffusionPipeline(
        vae=_tiny_vae(),
        text_encoder=CLIPTextModel(_text_config(width)),
        tokenizer=tiny_tokenizer(),
        unet=unet,
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def tiny_xl_pipeline(seed: int = 0) -> StableDiffusionXLPipeline:
    """Return a pipeline laid out as SDXL, with its two text widths."""
    torch.manual_seed(seed)
    unet = _tiny_unet(
        768 + 1280,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 3),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=8 * 6 + 32,
    )
    pipeline = StableDiffusionXLPipeline(
        vae=_tiny_vae(),
        text_encoder=CLIPTextModel(_text_config(768)),
        text_encoder_2=CLIPTextModelWithProjection(_text_config(1280)),
        tokenizer=tiny_tokenizer(),
        tokenizer_2=tiny_tokenizer(),
        unet=unet,
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1),
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw_latents(pipeline: Any, prompt: str, **options: Any) -> torch.Tensor:
    """Return latents ``[1, 4, 16, 16]`` after two steps, from fixed noise."""
    with torch.no_grad():
        output = pipeline(
            prompt,
            num_inference_steps=2,
            height=32,
            width=32,
            generator=torch.manual_seed(1),
            output_type="latent",
            **options,
        )
    return output.images


def save_pipeline(pipeline: Any, folder: Path) -> Path:
    """Save a pipeline as the folder that ``from_pretrained`` opens."""
    pipeline.save_pretrained(folder)
    return folder
