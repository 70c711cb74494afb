"""Frozen weights kept in 8 bits and widened layer by layer while they compute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from diffusers.hooks.layerwise_casting import apply_layerwise_casting_hook
from torch import nn

STORAGE_TYPE = torch.float8_e4m3fn
_WHERE = ".attentions."
"""Transformer blocks hold almost all of the linear weights; what tells the time stays exact."""


def store_in_fp8(unet: nn.Module, compute_type: torch.dtype) -> int:
    """Keep the linear weights of a UNet's transformer blocks in 8 bits; return how many layers.

    A layer that is stored so already stays. Convolutions stay in ``compute_type``: their backward
    pass looks at the weight itself, which is narrow again by then, while that of a linear layer
    has kept the widened one. With gradient checkpointing only one block is wide at a time.
    """
    narrowed = 0
    for _, layer in linear_layers(unet):
        if layer.weight.dtype == STORAGE_TYPE:
            continue
        apply_layerwise_casting_hook(layer, STORAGE_TYPE, compute_type, non_blocking=False)
        narrowed += 1
    return narrowed


def linear_layers(unet: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield the linear layers that are stored in 8 bits, with their paths."""
    for path, module in unet.named_modules():
        if isinstance(module, nn.Linear) and _WHERE in f".{path}.":
            yield path, module
