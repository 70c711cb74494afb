"""The number type the trainings compute in: bfloat16 where the processor multiplies it fast.

Without the instructions for it (AVX512_BF16 or AMX), bfloat16 convolutions are emulated and were
measured 60 times slower than float32 ones.
"""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager

import torch


@functools.cache
def compute_type() -> torch.dtype:
    """Return bfloat16 where this processor has instructions for it, float32 elsewhere."""
    flags = torch.cpu.get_capabilities()
    fast = flags.get("avx512_bf16") or flags.get("amx_bf16") or flags.get("amx")
    return torch.bfloat16 if fast else torch.float32


def narrowed() -> AbstractContextManager[object]:
    """Return a context in which matrices are multiplied in the compute type."""
    return torch.autocast("cpu", torch.bfloat16, enabled=compute_type() is torch.bfloat16)
