"""Models without numbers, built from the lists of layers, for loaders that look for names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from tests.conformance.layers import Component, Layer, Shared, layer_at, layers
from tests.conformance.loading import Array, LoadedLora, Place, probe


def empty_layer(shape: tuple[int, ...]) -> nn.Module:
    """Return a layer whose weight has this shape and takes no memory."""
    width_out, width_in, *kernel = shape
    if not kernel:
        return nn.Linear(width_in, width_out, device="meta")
    return nn.Conv2d(width_in, width_out, tuple(kernel), padding=kernel[0] // 2, device="meta")


def tree(modules: Mapping[str, nn.Module]) -> nn.Module:
    """Return a module that holds ``modules`` at their dotted paths."""
    root = nn.Module()
    for path, module in modules.items():
        *parents, last = path.split(".")
        place = root
        for name in parents:
            if name not in place._modules:
                place.add_module(name, nn.Module())
            place = place.get_submodule(name)
        place.add_module(last, module)
    return root


def chosen_layers(family: Shared, component: Component) -> tuple[Layer, ...]:
    """Return the layers of one component."""
    return tuple(layer for layer in layers(family) if layer.component == component)


@cache
def original_unet(family: Shared) -> nn.Module:
    """Return the UNet by its original names."""
    found = chosen_layers(family, "unet")
    return tree({layer.original: empty_layer(layer.shape) for layer in found})


@cache
def diffusers_unet(family: Shared) -> nn.Module:
    """Return the UNet by diffusers' names."""
    return tree({layer.path: empty_layer(layer.shape) for layer in chosen_layers(family, "unet")})


@cache
def text_encoder(family: Shared, component: Component = "text_encoder") -> nn.Module:
    """Return a text encoder with the ``text_model`` that transformers up to 5.5 gives it."""
    found = chosen_layers(family, component)
    width = found[0].shape[0]
    config = CLIPTextConfig(
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=len(found) // 6,
        num_attention_heads=width // 64,
        projection_dim=width,
    )
    kind = CLIPTextModelWithProjection if component == "text_encoder_2" else CLIPTextModel
    with torch.device("meta"):
        model = kind(config)
    if hasattr(model, "text_model"):
        return model
    holder = nn.Module()
    holder.add_module("text_model", model)
    return holder


def change_of(weight: torch.Tensor) -> Array:
    """Return a change of weights ``[out, ...]`` times the probe, in float64."""
    flat = weight.detach().to(torch.float32).reshape(weight.shape[0], -1).numpy()
    result: Array = flat @ probe(flat.shape[1])
    return result


def zero_weight(real_shape: Sequence[int], down: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    """Return zeros of a layer's real shape; of the factors' where these are for a narrow model."""
    narrow = up.shape[0] < real_shape[0]
    return torch.zeros((up.shape[0], *down.shape[1:]) if narrow else tuple(real_shape))


def as_arrays(vectors: Mapping[str, Any]) -> dict[str, Array]:
    """Return tensors as float32 arrays."""
    return {name: value.detach().to(torch.float32).numpy() for name, value in vectors.items()}


def changes_of_network(
    network: Any, tensors: Mapping[str, torch.Tensor], places: Mapping[str, Place], family: Shared
) -> LoadedLora:
    """Ask each module of a web UI's network for its change to weights of zero."""
    changes: dict[Place, Array] = {}
    used = set()
    for key, module in network.modules.items():
        name = module.network_key.partition(".")[0]
        factors = (tensors[f"{name}.{way}.weight"] for way in ("lora_down", "lora_up"))
        real_shape = layer_at(family, *places[key]).shape
        change, _ = module.calc_updown(zero_weight(real_shape, *factors))
        changes[places[key]] = change_of(change)
        used.add(name)
    rest = [name for name in tensors if name.partition(".")[0] not in used]
    return LoadedLora(changes, tuple(rest))
