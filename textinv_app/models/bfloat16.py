"""Whether the processor multiplies bfloat16 faster than float32."""

from __future__ import annotations

import functools
import time

import torch

_SIDE = 512
_TRIES = 5
_FASTER = 1.2
"""How many times as fast it has to be: below that the narrower numbers are not worth it."""


@functools.cache
def multiplies_bfloat16_fast() -> bool:
    """Tell whether products of matrices are clearly faster in bfloat16 on this processor.

    Without the instructions (AVX512_BF16 or AMX) they are emulated. Having them is not enough: with
    AVX512_BF16 alone some processors take half as long as in float32, others twice as long.
    Measured once a process, in some milliseconds.
    """
    flags = torch.cpu.get_capabilities()
    if not (flags.get("avx512_bf16") or flags.get("amx_bf16") or flags.get("amx")):
        return False
    wide = torch.ones(_SIDE, _SIDE)
    return _seconds(wide.bfloat16()) * _FASTER < _seconds(wide)


def _seconds(matrix: torch.Tensor) -> float:
    """Return the shortest of some products of a matrix with itself; the first one warms up."""
    taken = []
    for _ in range(1 + _TRIES):
        started = time.perf_counter()
        torch.mm(matrix, matrix)
        taken.append(time.perf_counter() - started)
    return min(taken[1:])
