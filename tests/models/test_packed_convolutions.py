"""Packed convolutions: what the plain ones compute, forward and back."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from textinv_app.models.packed_convolutions import PackedConvolution, pack_convolutions

needs_packing = pytest.mark.skipif(
    not pack_convolutions(nn.Sequential(nn.Conv2d(2, 2, 3))), reason="no oneDNN on this processor"
)


@needs_packing
@pytest.mark.parametrize(("kernel", "padding"), [(3, 1), (1, 0), (3, 0), ((3, 5), (1, 2))])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_packed_convolution_computes_what_it_did(
    kernel: int | tuple[int, int], padding: int | tuple[int, int], batch: int
) -> None:
    torch.manual_seed(1)
    convolution = nn.Conv2d(24, 40, kernel, padding=padding).requires_grad_(False)
    given = torch.randn(batch, 24, 8, 12, requires_grad=True)
    pull = torch.randn_like(convolution(given))
    wanted = (convolution(given), *torch.autograd.grad((convolution(given) * pull).sum(), given))
    assert pack_convolutions(convolution) == 1
    # Packed for pictures of another size first.
    convolution(torch.randn(2, 24, 16, 16))
    found = (convolution(given), *torch.autograd.grad((convolution(given) * pull).sum(), given))
    for value, plain in zip(found, wanted, strict=True):
        torch.testing.assert_close(value, plain, rtol=1e-4, atol=1e-5)


@needs_packing
def test_a_convolution_is_packed_once_and_only_where_it_can_be() -> None:
    plain = nn.Conv2d(4, 4, 3, padding=1)
    others = [
        nn.Conv2d(4, 4, 3, stride=2),
        nn.Conv2d(4, 4, 3, groups=2),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"),
        nn.Conv2d(4, 4, 3, padding=1).to(torch.bfloat16),
    ]
    whole = nn.Sequential(plain, *others)
    assert pack_convolutions(whole) == 1
    packed = plain.forward
    assert isinstance(packed, PackedConvolution)
    assert pack_convolutions(whole) == 0
    assert plain.forward is packed
