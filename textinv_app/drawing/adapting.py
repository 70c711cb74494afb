"""Wearing LoRAs: the change is added to the output of each layer while pictures are drawn.

The weights are never touched, so taking a LoRA off gives the base model back bit for bit, in any
number type, and several can be worn at once, each with its own strength. The sum is that of
arXiv 2106.09685: ``W x + strength * alpha / rank * up(down(x))``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from textinv_app.errors import FileRefused
from textinv_app.formats.lora import LoraFile, LoraModule
from textinv_app.models.loading import LoadedModel, text_model

logger = logging.getLogger("petname.drawing")


@dataclass(frozen=True)
class LayerChange:
    """What a LoRA adds to the output of one layer."""

    layer: nn.Module
    down: Tensor
    up: Tensor
    """``alpha / rank`` and the strength are multiplied in."""

    def added(self, layer_input: Tensor) -> Tensor:
        """Return what is added to the layer's output."""
        if self.down.ndim == 2:
            return functional.linear(functional.linear(layer_input, self.down), self.up)
        layer: Any = self.layer
        inner = functional.conv2d(
            layer_input,
            self.down,
            stride=layer.stride,
            padding=layer.padding,
            dilation=layer.dilation,
        )
        return functional.conv2d(inner, self.up)


def prepare_changes(
    model: LoadedModel, file: LoraFile, strength: float = 1.0
) -> tuple[LayerChange, ...]:
    """Match the modules of a LoRA file with the layers of a model.

    Strength 0 gives no changes at all. Raises ``FileRefused`` where no layer matches, or one has
    another size: the file was made for another kind of model.
    """
    changes, missing = [], []
    for module in file.modules:
        layer = _find_layer(model, module)
        if layer is None:
            missing.append(f"{module.component}.{module.path}")
        else:
            changes.append(_change(layer, module, strength, model.dtype))
    if not changes:
        raise FileRefused(
            "lora.nothing_adapted",
            "No part of this LoRA fits the chosen image model, so it would change nothing. Choose "
            "the model it was made for.",
        )
    if missing:
        logger.warning(
            "%d of %d layers of a LoRA have no counterpart, the first is %s",
            len(missing),
            len(file.modules),
            missing[0],
        )
    return tuple(changes) if strength else ()


@contextmanager
def wearing_changes(changes: Sequence[LayerChange]) -> Iterator[None]:
    """Add the changes to their layers' outputs while inside."""
    with ExitStack() as stack:
        for change in changes:
            handle = change.layer.register_forward_hook(_hook(change))
            stack.callback(handle.remove)
        yield


def _hook(change: LayerChange) -> Any:
    def add(_layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return output + change.added(inputs[0])

    return add


def _find_layer(model: LoadedModel, module: LoraModule) -> nn.Module | None:
    for root in _roots(model, module):
        try:
            layer = root.get_submodule(module.path)
        except AttributeError:
            continue
        if getattr(layer, "weight", None) is not None:
            return layer
    return None


def _roots(model: LoadedModel, module: LoraModule) -> tuple[nn.Module, ...]:
    """Return the modules in which the path of a LoRA's module may begin."""
    if module.component == "unet":
        return (model.unet,)
    index = 1 if module.component == "text_encoder_2" else 0
    if index >= len(model.text_encoders):
        return ()
    encoder = model.text_encoders[index]
    return (text_model(encoder), encoder)


def _change(
    layer: nn.Module, module: LoraModule, strength: float, dtype: torch.dtype
) -> LayerChange:
    """Return a module's change in the type that the layer computes in.

    The layer's weight may be stored in a narrower one.
    """
    weight = layer.weight
    if not isinstance(weight, Tensor):
        raise TypeError(f"{module.path} has no weight")
    down = torch.from_numpy(module.down).float()
    up = torch.from_numpy(module.up).float() * (strength * module.alpha / module.rank)
    if weight.ndim == 2:
        # A linear layer in one release of a model may be a 1x1 convolution in another.
        down, up = down.flatten(1), up.flatten(1)
        fits = (up.shape[0], down.shape[1]) == tuple(weight.shape)
    else:
        down = down if down.ndim == 4 else down[:, :, None, None]
        up = up if up.ndim == 4 else up[:, :, None, None]
        fits = (up.shape[0], *down.shape[1:]) == tuple(weight.shape)
    if not fits:
        raise FileRefused(
            "lora.other_size",
            "The layers of this LoRA have another size than those of the chosen image model. "
            "Choose the model it was made for.",
            layer=module.path,
        )
    return LayerChange(layer, down.to(weight.device, dtype), up.to(weight.device, dtype))
