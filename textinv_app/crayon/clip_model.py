"""Crayon's CLIP: a small text tower, a small image tower, and the shared space between them."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

IMAGE_PIXELS = 128
IMAGE_MEAN = (0.5, 0.5, 0.5)
IMAGE_STD = (0.5, 0.5, 0.5)


@dataclasses.dataclass(frozen=True)
class ClipOptions:
    """Sizes of the two towers."""

    text_width: int = 256
    text_layers: int = 4
    text_heads: int = 4
    image_width: int = 192
    image_layers: int = 5
    image_heads: int = 3
    shared_width: int = 128


class CrayonClip(nn.Module):
    """Both towers with their projections into the shared space."""

    def __init__(self, tokenizer: CLIPTokenizer, options: ClipOptions) -> None:
        """Build untrained towers for the tokenizer's vocabulary."""
        super().__init__()
        self.text = new_text_encoder(tokenizer, options)
        self.image = new_image_encoder(options)
        self.text_projection = nn.Linear(options.text_width, options.shared_width, bias=False)
        self.text_scale = nn.Parameter(torch.tensor(2.6))
        self.pet_scale = nn.Parameter(torch.tensor(2.3))

    def embed_images(self, pixels: Tensor) -> Tensor:
        """Return unit vectors `(batch, shared_width)` of pictures `(batch, 3, 128, 128)`, -1..1."""
        return F.normalize(self.image(pixel_values=pixels).image_embeds.float(), dim=-1)

    def embed_texts(self, token_ids: Tensor) -> Tensor:
        """Return unit vectors `(batch, shared_width)` of token ids `(batch, length)`."""
        pooled = self.text(input_ids=token_ids).pooler_output
        return F.normalize(self.text_projection(pooled).float(), dim=-1)


def new_text_encoder(tokenizer: CLIPTokenizer, options: ClipOptions) -> CLIPTextModel:
    """Return an untrained text encoder of the standard class."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=options.text_width,
        intermediate_size=4 * options.text_width,
        projection_dim=options.shared_width,
        num_hidden_layers=options.text_layers,
        num_attention_heads=options.text_heads,
        max_position_embeddings=77,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


def new_image_encoder(options: ClipOptions) -> CLIPVisionModelWithProjection:
    """Return an untrained image encoder of the standard class, for 128-pixel pictures."""
    config = CLIPVisionConfig(
        hidden_size=options.image_width,
        intermediate_size=4 * options.image_width,
        projection_dim=options.shared_width,
        num_hidden_layers=options.image_layers,
        num_attention_heads=options.image_heads,
        image_size=IMAGE_PIXELS,
        patch_size=16,
    )
    return CLIPVisionModelWithProjection(config)


def token_ids(tokenizer: CLIPTokenizer, texts: list[str], length: int) -> Tensor:
    """Return padded token ids `(len(texts), length)`, int64; longer texts are cut."""
    encoded: Any = tokenizer(
        texts, padding="max_length", max_length=length, truncation=True, return_tensors="pt"
    )
    ids: Tensor = encoded["input_ids"]
    return ids
