"""Convolutions of a frozen UNet on a CPU whose weights were brought into oneDNN's order once.

torch does that anew for every call, forward and backward, which for small pictures is a tenth of
the time (``python -m tests.benchmarks.threads``). The gradient of the input of a convolution with
stride 1 is itself a convolution, with the weights mirrored and their channels exchanged, so it is
prepared in the same way. Weights that are changed later are not noticed: they are frozen.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn


def pack_convolutions(unet: nn.Module) -> int:
    """Pack what can be packed and is not yet, where this machine can; return how many were."""
    count = 0
    for convolution in _convolutions(unet) if _can_pack() else ():
        # What the object has of its own is called in the place of its class's; hooks still run.
        convolution.forward = PackedConvolution(convolution)  # type: ignore[method-assign,assignment]
        count += 1
    return count


class PackedConvolution:
    """What a frozen convolution computes, float32, any number of pictures of any size."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        padding = [int(width) for width in convolution.padding]
        sides = convolution.kernel_size
        padding_back = [side - 1 - width for side, width in zip(sides, padding, strict=True)]
        self._forward = _OneWay(lambda: convolution.weight.detach(), convolution.bias, padding)
        self._backward = _OneWay(lambda: _mirrored(convolution.weight), None, padding_back)

    def __call__(self, given: Tensor) -> Tensor:
        """Return the convolution of ``[batch, channels, height, width]``."""
        if torch.is_grad_enabled() and given.requires_grad:
            output: Tensor = _Convolve.apply(given, self)  # type: ignore[no-untyped-call]
            return output
        return self.forward(given)

    def forward(self, given: Tensor) -> Tensor:
        """Return the output, without a gradient."""
        return self._forward.convolve(given)

    def backward(self, gradient: Tensor) -> Tensor:
        """Return the gradient of the input."""
        return self._backward.convolve(gradient.contiguous(memory_format=torch.channels_last))


class _OneWay:
    """A convolution with stride 1 whose weights are packed when they are needed first.

    They are brought into the order that is best for pictures of that size; others are computed
    rightly too. One picture alone has an order of its own, for each number of threads: with that of
    several it takes a third longer, and the other way round.
    """

    def __init__(
        self, weights: Callable[[], Tensor], bias: Tensor | None, padding: list[int]
    ) -> None:
        self._weights, self._bias, self._padding = weights, bias, padding
        self._packed: dict[tuple[bool, int], Tensor] = {}
        """By whether a picture is alone, and how many threads there are."""

    def convolve(self, given: Tensor) -> Tensor:
        """Return the convolution of ``[batch, channels, height, width]``."""
        use = len(given) == 1, torch.get_num_threads()
        if use not in self._packed:
            self._packed[use] = torch.ops.mkldnn._reorder_convolution_weight(
                self._weights(), self._padding, [1, 1], [1, 1], 1, list(given.shape)
            )
        output: Tensor = torch.ops.mkldnn._convolution_pointwise(
            given, self._packed[use], self._bias, self._padding, [1, 1], [1, 1], 1, "none", [], ""
        )
        return output


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, given: Tensor, packed: PackedConvolution) -> Tensor:
        ctx.packed = packed
        return packed.forward(given)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.packed.backward(gradient), None


def _mirrored(weights: Tensor) -> Tensor:
    """Return the weights of the way back: mirrored, input and output channels exchanged."""
    mirrored = weights.detach().flip(2, 3).transpose(0, 1)
    return mirrored.contiguous(memory_format=torch.channels_last)


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
