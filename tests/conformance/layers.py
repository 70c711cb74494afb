"""Layers of the real models in two spellings, counted out from how the models are built.

The UNets follow the code they were published with (latent diffusion, and generative-models for
SDXL): blocks are numbered through from input to output. diffusers numbers the same layers by level.
Nothing here comes from the code under test. Left out are the first and last convolution and the
layers of time and size, which kohya's scripts and Petname never change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

Component = Literal["unet", "text_encoder", "text_encoder_2"]
Shared = Literal["sd1", "sd2", "sdxl"]

FAMILIES: tuple[Shared, ...] = ("sd1", "sd2", "sdxl")
TIME_WIDTH = 1280
NARROW_WIDTHS = (32, 32, 64, 64)
"""Of the model that is really trained on: the names of sd1, levels a tenth as wide."""


@dataclass(frozen=True)
class Layer:
    """One layer with its weight; ``trained`` is whether a LoRA of Petname changes it."""

    component: Component
    path: str
    """Dotted, as in diffusers; in text encoders from ``encoder`` on."""
    original: str
    """Dotted, as in the original UNet, or as in the text encoder with its ``text_model``."""
    shape: tuple[int, ...]

    @property
    def trained(self) -> bool:
        """Whether Petname's own training changes this layer."""
        attention = (".to_q", ".to_k", ".to_v", ".to_out.0", ".ff.net.0.proj", ".ff.net.2")
        return self.component == "unet" and self.path.endswith(attention)


@dataclass(frozen=True)
class _Unet:
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    """Transformer blocks in an attention of each level; 0 is no attention."""
    context: int
    linear_projections: bool


@dataclass(frozen=True)
class _Encoder:
    component: Component
    num_layers: int
    width: int


_UNETS: dict[Shared, _Unet] = {
    "sd1": _Unet((320, 640, 1280, 1280), (1, 1, 1, 0), 768, False),
    "sd2": _Unet((320, 640, 1280, 1280), (1, 1, 1, 0), 1024, True),
    "sdxl": _Unet((320, 640, 1280), (0, 2, 10), 2048, True),
}
_ENCODERS: dict[Shared, tuple[_Encoder, ...]] = {
    "sd1": (_Encoder("text_encoder", 12, 768),),
    "sd2": (_Encoder("text_encoder", 23, 1024),),
    "sdxl": (_Encoder("text_encoder", 12, 768), _Encoder("text_encoder_2", 32, 1280)),
}


@cache
def layers(family: Shared) -> tuple[Layer, ...]:
    """Return the layers of a family's UNet and text encoders that LoRAs change."""
    unet = _UNETS[family]
    found = [*_down(unet), *_middle(unet), *_up(unet)]
    for encoder in _ENCODERS[family]:
        found += _encoder_layers(encoder)
    return tuple(found)


def layer_at(family: Shared, component: Component, path: str) -> Layer:
    """Return the layer at a diffusers path."""
    return _by_path(family)[component, path]


@cache
def _by_path(family: Shared) -> dict[tuple[Component, str], Layer]:
    return {(layer.component, layer.path): layer for layer in layers(family)}


def _down(unet: _Unet) -> Iterator[Layer]:
    number, before = 1, unet.widths[0]
    for level, (width, depth) in enumerate(zip(unet.widths, unet.depths, strict=True)):
        for index in range(2):
            ours, theirs = f"down_blocks.{level}", f"input_blocks.{number}"
            yield from _resnet(f"{ours}.resnets.{index}", f"{theirs}.0", before, width)
            if depth:
                place = (f"{ours}.attentions.{index}", f"{theirs}.1")
                yield from _attention(unet, place, width, depth)
            number, before = number + 1, width
        if level < len(unet.widths) - 1:
            place = (f"down_blocks.{level}.downsamplers.0.conv", f"input_blocks.{number}.0.op")
            yield Layer("unet", *place, (width, width, 3, 3))
            number += 1


def _middle(unet: _Unet) -> Iterator[Layer]:
    width = unet.widths[-1]
    depth = unet.depths[-1] or 1
    yield from _resnet("mid_block.resnets.0", "middle_block.0", width, width)
    yield from _attention(unet, ("mid_block.attentions.0", "middle_block.1"), width, depth)
    yield from _resnet("mid_block.resnets.1", "middle_block.2", width, width)


def _up(unet: _Unet) -> Iterator[Layer]:
    skipped = _skip_widths(unet)
    number, before = 0, unet.widths[-1]
    levels = list(reversed(list(zip(unet.widths, unet.depths, strict=True))))
    for level, (width, depth) in enumerate(levels):
        for index in range(3):
            ours, theirs = f"up_blocks.{level}", f"output_blocks.{number}"
            width_in = before + skipped.pop()
            yield from _resnet(f"{ours}.resnets.{index}", f"{theirs}.0", width_in, width)
            if depth:
                place = (f"{ours}.attentions.{index}", f"{theirs}.1")
                yield from _attention(unet, place, width, depth)
            number, before = number + 1, width
        if level < len(levels) - 1:
            last = f"output_blocks.{number - 1}.{2 if depth else 1}.conv"
            shape = (width, width, 3, 3)
            yield Layer("unet", f"up_blocks.{level}.upsamplers.0.conv", last, shape)


def _skip_widths(unet: _Unet) -> list[int]:
    """Return the widths that the way down keeps for the way up, in order."""
    widths = [unet.widths[0]]
    for level, width in enumerate(unet.widths):
        widths += [width, width]
        if level < len(unet.widths) - 1:
            widths.append(width)
    return widths


def _resnet(ours: str, theirs: str, width_in: int, width: int) -> Iterator[Layer]:
    yield Layer("unet", f"{ours}.conv1", f"{theirs}.in_layers.2", (width, width_in, 3, 3))
    yield Layer("unet", f"{ours}.time_emb_proj", f"{theirs}.emb_layers.1", (width, TIME_WIDTH))
    yield Layer("unet", f"{ours}.conv2", f"{theirs}.out_layers.3", (width, width, 3, 3))
    if width_in != width:
        shape = (width, width_in, 1, 1)
        yield Layer("unet", f"{ours}.conv_shortcut", f"{theirs}.skip_connection", shape)


def _attention(unet: _Unet, place: tuple[str, str], width: int, depth: int) -> Iterator[Layer]:
    ours, theirs = place
    projection = (width, width) if unet.linear_projections else (width, width, 1, 1)
    shapes = {"proj_in": projection, "proj_out": projection}
    for index in range(depth):
        block = f"transformer_blocks.{index}"
        for attention, read in (("attn1", width), ("attn2", unet.context)):
            shapes[f"{block}.{attention}.to_q"] = (width, width)
            shapes[f"{block}.{attention}.to_k"] = (width, read)
            shapes[f"{block}.{attention}.to_v"] = (width, read)
            shapes[f"{block}.{attention}.to_out.0"] = (width, width)
        shapes[f"{block}.ff.net.0.proj"] = (8 * width, width)
        shapes[f"{block}.ff.net.2"] = (width, 4 * width)
    for name, shape in shapes.items():
        yield Layer("unet", f"{ours}.{name}", f"{theirs}.{name}", shape)


def _encoder_layers(encoder: _Encoder) -> Iterator[Layer]:
    width = encoder.width
    shapes = {f"self_attn.{way}_proj": (width, width) for way in ("q", "k", "v", "out")}
    shapes |= {"mlp.fc1": (4 * width, width), "mlp.fc2": (width, 4 * width)}
    for index in range(encoder.num_layers):
        for name, shape in shapes.items():
            path = f"encoder.layers.{index}.{name}"
            yield Layer(encoder.component, path, f"text_model.{path}", shape)
