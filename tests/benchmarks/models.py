"""Base models to compare with, by name: Crayon, tiny ones, and full sizes with random weights.

Speed and memory do not depend on what the weights are, so no download is needed: the sizes of
Stable Diffusion 1.5, 2.1 and XL are built from their configurations, weights drawn at random and
kept in 16 bits on disk. Their tokenizer has as many entries as CLIP's, because what an optimizer
over the whole token matrix costs depends on that number.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from tests.benchmarks.cases import FAMILIES, ROOT, WORK
from tests.benchmarks.full_width import ENCODERS, UNETS
from tests.tiny_models import END, START, save_tiny_model, tiny_vocabulary
from textinv_app.domain.specs import BaseModelRef

NUM_TOKENS = 49_408
_SCHEDULER = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def model_ref(name: str, work: Path = WORK) -> BaseModelRef:
    """Return a model of ``cases.FAMILIES`` as a diffusers folder, built where it is not there."""
    family = FAMILIES[name]
    if name == "crayon":
        folder = ROOT / "assets" / "crayon"
        return BaseModelRef(model_id="crayon", source=str(folder), family="crayon")
    folder = work / "models" / name
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        if name.startswith("tiny"):
            save_tiny_model(folder, family)
        else:
            _save_random(folder, family)
        (folder / "complete").touch()
    return BaseModelRef(model_id="custom", source=str(folder), family=family)


def _save_random(folder: Path, family: str) -> None:
    """Save a model of full width, one part at a time: SDXL in single precision is 14 GB."""
    torch.manual_seed(0)
    names = ("", "_2") if family == "sdxl" else ("",)
    for name, sizes in zip(names, ENCODERS[family], strict=True):
        full_tokenizer(pad_with_mark=name == "_2").save_pretrained(folder / f"tokenizer{name}")
        _save_encoder(folder / f"text_encoder{name}", sizes, projects=name == "_2")
    _in_16_bits(UNet2DConditionModel, **UNETS[family]).save_pretrained(folder / "unet")
    _in_16_bits(AutoencoderKL, **_vae_config(family)).save_pretrained(folder / "vae")
    prediction_type = "v_prediction" if family == "sd2" else "epsilon"
    DDIMScheduler(prediction_type=prediction_type, **_SCHEDULER).save_pretrained(
        folder / "scheduler"
    )


def full_tokenizer(pad_with_mark: bool = False) -> CLIPTokenizer:
    """Return a CLIP tokenizer of ``NUM_TOKENS`` entries; most of them no text ever becomes."""
    symbols, merges = tiny_vocabulary()
    unused = [f"<unused-{number}>" for number in range(NUM_TOKENS - 2 - len(symbols))]
    return CLIPTokenizer(
        vocab={symbol: index for index, symbol in enumerate([*symbols, *unused, START, END])},
        merges=list(merges),
        bos_token=START,
        eos_token=END,
        unk_token=END,
        pad_token="!" if pad_with_mark else END,
        model_max_length=77,
    )


def _save_encoder(folder: Path, sizes: tuple[int, int, int, int], projects: bool) -> None:
    width, layers, heads, projection = sizes
    config = CLIPTextConfig(
        vocab_size=NUM_TOKENS,
        hidden_size=width,
        intermediate_size=width * 4,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        projection_dim=projection,
        bos_token_id=NUM_TOKENS - 2,
        eos_token_id=NUM_TOKENS - 1,
        pad_token_id=NUM_TOKENS - 1,
    )
    kind = CLIPTextModelWithProjection if projects else CLIPTextModel
    _in_16_bits(kind, config).save_pretrained(folder)
    # Whoever names no type gets single precision, as with the published models.
    path = folder / "config.json"
    text = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(text | {"dtype": "float32"}), encoding="utf-8")


def _in_16_bits(kind: Any, *arguments: Any, **options: Any) -> Any:
    torch.set_default_dtype(torch.bfloat16)
    try:
        return kind(*arguments, **options)
    finally:
        torch.set_default_dtype(torch.float32)


def _vae_config(family: str) -> dict[str, Any]:
    return {
        "block_out_channels": (128, 256, 512, 512),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "layers_per_block": 2,
        "latent_channels": 4,
        "sample_size": 1024 if family == "sdxl" else 512,
        "scaling_factor": 0.13025 if family == "sdxl" else 0.18215,
    }
