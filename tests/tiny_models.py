"""Tiny base models with random weights and the true topology of each family, saved as folders."""

from __future__ import annotations

import functools
import json
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
from safetensors.torch import save_file
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from textinv_app.domain.concept import Family
from textinv_app.domain.specs import BaseModelRef

TINY_PIXELS = 64
WORDS = (
    *("a", "photo", "of", "picture", "drawing", "the", "my", "in", "style", "with", "on"),
    *("snow", "red", "scarf", "dog", "cat", "rabbit", "pet", "animal"),
)
START, END = "<|startoftext|>", "<|endoftext|>"


@functools.cache
def _byte_symbols() -> tuple[str, ...]:
    """Return the 256 symbols that stand for bytes in CLIP's and GPT-2's vocabularies."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return (*map(chr, printable), *(chr(256 + index) for index in range(len(others))))


@functools.cache
def tiny_vocabulary() -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return symbols and merges that spell any text and know ``WORDS`` whole."""
    merges: list[tuple[str, str]] = []
    whole: list[str] = []
    for word in WORDS:
        parts = [*word[:-1], f"{word[-1]}</w>"]
        while len(parts) > 1:
            if (parts[0], parts[1]) not in merges:
                merges.append((parts[0], parts[1]))
                whole.append(parts[0] + parts[1])
            parts = [parts[0] + parts[1], *parts[2:]]
    letters = _byte_symbols()
    symbols = dict.fromkeys([*letters, *(f"{letter}</w>" for letter in letters), *whole])
    return tuple(symbols), tuple(merges)


def tiny_tokenizer() -> CLIPTokenizer:
    """Return a CLIP tokenizer that spells any text and knows ``WORDS`` whole."""
    symbols, merges = tiny_vocabulary()
    return CLIPTokenizer(
        vocab={symbol: index for index, symbol in enumerate([*symbols, START, END])},
        merges=list(merges),
        bos_token=START,
        eos_token=END,
        unk_token=END,
        pad_token=END,
        model_max_length=77,
    )


def _text_config(width: int, **changes: Any) -> CLIPTextConfig:
    tokenizer = tiny_tokenizer()
    fields: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": width,
        "intermediate_size": width * 2,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "projection_dim": 32,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    return CLIPTextConfig(**(fields | changes))


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        sample_size=TINY_PIXELS,
        block_out_channels=(8, 8, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=4,
        latent_channels=4,
    )


def _unet(context_width: int, **changes: Any) -> UNet2DConditionModel:
    fields: dict[str, Any] = {
        "sample_size": TINY_PIXELS // 8,
        "block_out_channels": (16, 32),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "cross_attention_dim": context_width,
        "attention_head_dim": 4,
    }
    return UNet2DConditionModel(**(fields | changes))


def _scheduler(prediction_type: str = "epsilon") -> DDIMScheduler:
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type=prediction_type,
    )


def _single_encoder_pipeline(width: int, prediction_type: str) -> StableDiffusionPipeline:
    return StableDiffusionPipeline(
        vae=_vae(),
        text_encoder=CLIPTextModel(_text_config(width)),
        tokenizer=tiny_tokenizer(),
        unet=_unet(width),
        scheduler=_scheduler(prediction_type),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _two_encoder_pipeline() -> StableDiffusionXLPipeline:
    second = tiny_tokenizer()
    # SDXL's second tokenizer pads with "!", and its old configuration gives 2 as the end token.
    second.pad_token = "!"
    return StableDiffusionXLPipeline(
        vae=_vae(),
        text_encoder=CLIPTextModel(_text_config(32)),
        text_encoder_2=CLIPTextModelWithProjection(_text_config(48, eos_token_id=2)),
        tokenizer=tiny_tokenizer(),
        tokenizer_2=second,
        unet=_unet(
            32 + 48,
            block_out_channels=(16, 32, 32),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            layers_per_block=2,
            transformer_layers_per_block=(1, 1, 2),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=8 * 6 + 32,
        ),
        scheduler=_scheduler(),
    )


def tiny_pipeline(family: Family, seed: int = 0) -> Any:
    """Return a pipeline of a family's shape, the same random weights for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if family == "sdxl":
            pipeline = _two_encoder_pipeline()
        else:
            prediction_type = "epsilon" if family == "sd1" else "v_prediction"
            pipeline = _single_encoder_pipeline(32, prediction_type)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def save_tiny_model(folder: Path, family: Family = "crayon", seed: int = 0) -> BaseModelRef:
    """Save a tiny model as a diffusers folder and return how a run names it."""
    tiny_pipeline(family, seed).save_pretrained(folder)
    return BaseModelRef(model_id="custom", source=str(folder), family=family)


def save_tiny_clip(folder: Path) -> None:
    """Save a CLIP with its tokenizer, of the layout of the one that judges pictures."""
    tokenizer = tiny_tokenizer()
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    small |= {"num_attention_heads": 4}
    config = CLIPConfig(
        text_config=small
        | {
            "vocab_size": len(tokenizer),
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
        },
        vision_config=small | {"image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    for part in (CLIPModel(config), tokenizer):
        part.save_pretrained(folder)


def save_tiny_judge(folder: Path, seed: int = 0) -> None:
    """Put what measures likeness into a tiny model's folder, as Crayon has it."""
    shared_width = 16
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=32,
                intermediate_size=64,
                projection_dim=shared_width,
                num_hidden_layers=2,
                num_attention_heads=4,
                image_size=32,
                patch_size=8,
            )
        )
        projection = torch.randn(shared_width, 32) / 32**0.5
    encoder.save_pretrained(folder / "image_encoder")
    save_file({"weight": projection}, folder / "text_projection.safetensors")
    calibration = {"points": [[-1.0, 0.0], [1.0, 100.0]]}
    (folder / "likeness.json").write_text(json.dumps(calibration), encoding="utf-8")
