"""Where Crayon's own trainings compute, and in which number type.

bfloat16 is taken where the hardware multiplies it fast: on a GPU, and on processors that are
faster with it (`models.bfloat16`). Where it is emulated convolutions were measured 60 times slower
than in float32.
"""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor
from torch import nn
from transformers import PreTrainedModel

from textinv_app.models.bfloat16 import multiplies_bfloat16_fast


@functools.cache
def training_device() -> torch.device:
    """Return the GPU where there is one (``CUDA_VISIBLE_DEVICES=`` hides it), else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@functools.cache
def compute_type(device_type: str) -> torch.dtype:
    """Return bfloat16 where a device (``cpu`` or ``cuda``) multiplies it fast, else float32."""
    if device_type == "cuda":
        return torch.bfloat16
    return torch.bfloat16 if multiplies_bfloat16_fast() else torch.float32


def narrowed(device: torch.device) -> AbstractContextManager[object]:
    """Return a context in which matrices are multiplied in the device's compute type."""
    is_narrow = compute_type(device.type) is torch.bfloat16
    return torch.autocast(device.type, torch.bfloat16, enabled=is_narrow)


def attend_plainly(model: nn.Module) -> None:
    """Have attention computed by products and a softmax where torch's own kernel is slow.

    That is on a processor in bfloat16: forward and back, the kernel takes five times as long there
    for pictures and captions of Crayon's size, a seventh of a step of the UNet. Works on parts of
    diffusers and of transformers; elsewhere, and for what is computed, nothing changes.
    """
    device = training_device().type
    if device != "cpu" or compute_type(device) is not torch.bfloat16:
        return
    for part in model.modules():
        if isinstance(part, Attention):
            part.set_processor(AttnProcessor())
        elif isinstance(part, PreTrainedModel):
            part.set_attn_implementation("eager")
