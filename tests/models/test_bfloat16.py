"""bfloat16 on a processor: only where it is the faster one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from textinv_app.models import bfloat16
from textinv_app.training.this_machine import this_machine


@pytest.fixture(autouse=True)
def measured_anew() -> Iterator[None]:
    bfloat16.multiplies_bfloat16_fast.cache_clear()
    yield
    bfloat16.multiplies_bfloat16_fast.cache_clear()


@pytest.mark.skipif(torch.cuda.is_available(), reason="a graphics card has its own rule")
@pytest.mark.parametrize(
    ("flags", "speed", "is_fast"),
    [
        ({"avx512_bf16": True}, 0.5, False),
        ({"avx512_bf16": True}, 1.05, False),
        ({"avx512_bf16": True}, 1.9, True),
        ({"amx_bf16": True}, 8.0, True),
        ({"avx512_f": True}, 1.9, False),
    ],
)
def test_bfloat16_is_taken_where_the_instructions_are_there_and_faster(
    monkeypatch: pytest.MonkeyPatch, flags: dict[str, bool], speed: float, is_fast: bool
) -> None:
    def seconds(matrix: torch.Tensor) -> float:
        return 1 / speed if matrix.dtype is torch.bfloat16 else 1.0

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags)
    monkeypatch.setattr(bfloat16, "_seconds", seconds)
    assert bfloat16.multiplies_bfloat16_fast() is is_fast
    assert this_machine().has_bf16 is is_fast


def test_products_in_both_number_types_are_really_timed() -> None:
    wide = torch.ones(64, 64)
    assert 0 < bfloat16._seconds(wide) < 1
    assert 0 < bfloat16._seconds(wide.bfloat16()) < 10
