"""Convolutions of a frozen UNet on a CPU whose weights were brought into oneDNN's order once.

torch does that anew for every call, forward and backward, which for small pictures is a tenth of
the time (``python -m tests.benchmarks.threads``). The gradient of the input of a convolution with
stride 1 is itself a convolution, with the weights mirrored and their channels exchanged, so it is
prepared in the same way. Weights that are changed later are not noticed: they are frozen.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

_Use: TypeAlias = tuple[bool, int]
"""Whether a picture is alone, and how many threads there are."""


def pack_convolutions(unet: nn.Module) -> int:
    """Pack what can be packed and is not yet, where this machine can; return how many were."""
    count = 0
    for convolution in _convolutions(unet) if _can_pack() else ():
        # What the object has of its own is called in the place of its class's; hooks still run.
        convolution.forward = PackedConvolution(convolution)  # type: ignore[method-assign,assignment]
        count += 1
    return count


class PackedConvolution:
    """What a frozen convolution computes, float32, any number of pictures of any size.

    The weights are packed when they are needed first, in the order that is best for pictures of
    that size; others are computed rightly too. One picture alone has an order of its own, for each
    number of threads: with that of several it takes a third longer, and the other way round.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        self._convolution = convolution
        self._padding = [int(width) for width in convolution.padding]
        sides = convolution.kernel_size
        self._padding_back = [
            side - 1 - width for side, width in zip(sides, self._padding, strict=True)
        ]
        self._weights: dict[_Use, Tensor] = {}
        self._weights_back: dict[_Use, Tensor] = {}

    def __call__(self, given: Tensor) -> Tensor:
        """Return the convolution of ``[batch, channels, height, width]``."""
        if torch.is_grad_enabled() and given.requires_grad:
            output: Tensor = _Convolve.apply(given, self)  # type: ignore[no-untyped-call]
            return output
        return self.forward(given)

    def forward(self, given: Tensor) -> Tensor:
        """Return the output, without a gradient."""
        use = _use_for(given)
        if use not in self._weights:
            weights = self._convolution.weight.detach()
            self._weights[use] = _packed(weights, self._padding, given.shape)
        return _convolve(given, self._weights[use], self._convolution.bias, self._padding)

    def backward(self, gradient: Tensor) -> Tensor:
        """Return the gradient of the input."""
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        use = _use_for(gradient)
        if use not in self._weights_back:
            mirrored = self._convolution.weight.detach().flip(2, 3).transpose(0, 1)
            mirrored = mirrored.contiguous(memory_format=torch.channels_last)
            self._weights_back[use] = _packed(mirrored, self._padding_back, gradient.shape)
        return _convolve(gradient, self._weights_back[use], None, self._padding_back)


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, given: Tensor, packed: PackedConvolution) -> Tensor:
        ctx.packed = packed
        return packed.forward(given)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.packed.backward(gradient), None


def _use_for(pictures: Tensor) -> _Use:
    return len(pictures) == 1, torch.get_num_threads()


def _convolutions(unet: nn.Module) -> Iterator[nn.Conv2d]:
    for module in unet.modules():
        if (
            isinstance(module, nn.Conv2d)
            and "forward" not in vars(module)
            and module.weight.dtype == torch.float32
            and not isinstance(module.padding, str)
            and module.padding_mode == "zeros"
            and (module.stride, module.dilation, module.groups) == ((1, 1), (1, 1), 1)
            # What is added around the gradient may not be less than nothing.
            and max(module.padding) < min(module.kernel_size)
        ):
            yield module


def _can_pack() -> bool:
    """Tell whether torch has oneDNN here; tried on Intel's and AMD's processors only."""
    has_one_dnn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return has_one_dnn and platform.machine() in ("x86_64", "AMD64")


def _packed(weights: Tensor, padding: list[int], shape: torch.Size) -> Tensor:
    packed: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
        weights, padding, [1, 1], [1, 1], 1, list(shape)
    )
    return packed


def _convolve(given: Tensor, packed: Tensor, bias: Tensor | None, padding: list[int]) -> Tensor:
    output: Tensor = torch.ops.mkldnn._convolution_pointwise(
        given, packed, bias, padding, [1, 1], [1, 1], 1, "none", [], ""
    )
    return output
