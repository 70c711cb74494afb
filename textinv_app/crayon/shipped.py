"""The exported model as a start: a later sitting goes on from the weights that were shipped.

Checkpoints of a build are large and stay on the machine that made them; the model folder travels
with the project. So a build can begin from that folder, on any machine, and make it better.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionModelWithProjection

from textinv_app.crayon.clip_model import CrayonClip


def load_vae(folder: Path, vae: AutoencoderKL) -> None:
    """Give the autoencoder the shipped weights."""
    shipped = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32)
    vae.load_state_dict(shipped.state_dict())


def latent_scaling(folder: Path) -> float:
    """Return the factor that brings the shipped autoencoder's latents to a deviation of 1."""
    config = json.loads((folder / "vae" / "config.json").read_text(encoding="utf-8"))
    return float(config["scaling_factor"])


def load_unet(folder: Path, unet: UNet2DConditionModel) -> None:
    """Give the UNet the shipped weights."""
    shipped = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32)
    unet.load_state_dict(shipped.state_dict())


def load_text(folder: Path, text: CLIPTextModel, tokenizer: CLIPTokenizer) -> None:
    """Give the text encoder the shipped weights, each token its own row.

    Tokens are matched by spelling, because a grown vocabulary numbers them anew; a token the
    shipped one lacks keeps its fresh row.
    """
    shipped = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
    known = CLIPTokenizer.from_pretrained(folder / "tokenizer").get_vocab()
    weights: dict[str, Tensor] = dict(shipped.state_dict())
    name = _embedding_name(text)
    rows = text.state_dict()[name].clone()
    for token, index in tokenizer.get_vocab().items():
        if token in known:
            rows[index] = weights[name][known[token]]
    weights[name] = rows
    text.load_state_dict(weights)


def load_towers(folder: Path, clip: CrayonClip, tokenizer: CLIPTokenizer) -> None:
    """Give both towers and the text projection the shipped weights."""
    load_text(folder, clip.text, tokenizer)
    image = CLIPVisionModelWithProjection.from_pretrained(
        folder / "image_encoder", dtype=torch.float32
    )
    clip.image.load_state_dict(image.state_dict())
    projection = load_file(folder / "text_projection.safetensors")["text_projection.weight"]
    clip.text_projection.weight.data.copy_(projection.float())
    # Where the scales end up when trained from nothing; the folder does not hold them.
    clip.text_scale.data.fill_(3.5)
    clip.pet_scale.data.fill_(3.0)


def _embedding_name(text: nn.Module) -> str:
    return next(name for name in text.state_dict() if name.endswith("token_embedding.weight"))
