"""LoRA: low-rank changes to the UNet's attention and feed-forward layers (arXiv 2106.09685)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from textinv_app.domain.concept import Family
from textinv_app.domain.specs import TrainingSettings
from textinv_app.formats.lora import LoraModule, write_lora
from textinv_app.training.methods import Product
from textinv_app.training.optimizing import ParameterGroup
from textinv_app.training.sampling import generator_for
from textinv_app.training.state import Weights
from textinv_app.training.text import Conditioning, Indices, encode, token_ids

TARGET_MODULES = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2")
"""Layers of the UNet that change, by the end of their path."""
WEIGHT_DECAY = 1e-2


class LowRankChange:
    """What is added to the output of one linear layer: ``up(down(x))``, factors in float32.

    A forward hook: the layer and its weights stay as they are, in whatever type they are stored,
    and the factors are multiplied in the type of the layer's input.
    """

    def __init__(self, layer: nn.Linear, rank: int, generator: torch.Generator) -> None:
        bound = layer.in_features**-0.5
        down = (torch.rand(rank, layer.in_features, generator=generator) * 2 - 1) * bound
        device = layer.weight.device
        self.down = nn.Parameter(down.to(device))
        self.up = nn.Parameter(torch.zeros(layer.out_features, rank, device=device))
        self.is_on = True
        layer.register_forward_hook(self._add)

    def _add(self, _layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        if not self.is_on:
            return output
        given = inputs[0]
        inner = functional.linear(given, self.down.to(given.dtype))
        return output + functional.linear(inner, self.up.to(given.dtype))


class Lora:
    """Trains a LoRA of the UNet; the text encoders stay, so every prompt is encoded once."""

    def __init__(
        self, model: Any, prompts: Sequence[str], rank: int, seed: int, family: Family
    ) -> None:
        """Add the changes to ``model.unet``; ``prompts`` are whole texts (``lora_prompt``).

        Without prompts it can be trained only together with what encodes them (``pivotal``).
        """
        self._rank = rank
        self._family = family
        self._changes: list[LowRankChange] = []
        self.parameters: dict[str, nn.Parameter] = {}
        generator = generator_for(seed, "lora", rank)
        for path, layer in target_layers(model.unet):
            change = LowRankChange(layer, rank, generator)
            self._changes.append(change)
            self.parameters |= {f"{path}.down": change.down, f"{path}.up": change.up}
        self.num_prompts = len(prompts)
        self._conditioning = _encode_prompts(model, prompts) if prompts else None
        self.products = (Product("lora", tuple(self.parameters), self.write),)

    def groups(self, settings: TrainingSettings) -> tuple[ParameterGroup, ...]:
        """Return all factors as one group."""
        return (
            ParameterGroup(
                tuple(self.parameters.values()),
                settings.learning_rate,
                WEIGHT_DECAY,
                settings.optimizer,
            ),
        )

    def condition(self, prompt_indices: Indices) -> Conditioning:
        """Return the encoded prompts; they carry no gradient."""
        if self._conditioning is None:
            raise ValueError("this LoRA was made without prompts")
        return self._conditioning.select(prompt_indices)

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Switch the changes off while inside."""
        self._switch(False)
        try:
            yield
        finally:
            self._switch(True)

    def add_pull(self) -> None:
        """Do nothing: the factors may go anywhere."""

    def write(self, path: Path, weights: Weights, metadata: Mapping[str, str]) -> None:
        """Write the factors as a LoRA file; raises ``OSError``."""
        names = sorted({name.rsplit(".", 1)[0] for name in weights})
        modules = [
            LoraModule(
                component="unet",
                path=name,
                down=_array(weights[f"{name}.down"]),
                up=_array(weights[f"{name}.up"]),
                alpha=float(self._rank),
            )
            for name in names
        ]
        write_lora(path, self._family, modules, metadata)

    def _switch(self, is_on: bool) -> None:
        for change in self._changes:
            change.is_on = is_on


def target_layers(unet: nn.Module) -> Iterator[tuple[str, nn.Linear]]:
    """Yield the linear layers of a UNet that a LoRA changes, with their paths."""
    for path, module in unet.named_modules():
        if isinstance(module, nn.Linear) and f".{path}".endswith(
            tuple(f".{name}" for name in TARGET_MODULES)
        ):
            yield path, module


def _encode_prompts(model: Any, prompts: Sequence[str]) -> Conditioning:
    encoded_ids = []
    for tokenizer, encoder in zip(model.tokenizers, model.text_encoders, strict=True):
        device = next(encoder.parameters()).device
        ids = [token_ids(tokenizer, encoder, prompt, ()) for prompt in prompts]
        encoded_ids.append(torch.tensor(ids, device=device))
    with torch.no_grad():
        return encode(model.text_encoders, encoded_ids, len(encoded_ids) == 2)


def _array(tensor: Tensor) -> Any:
    return tensor.detach().cpu().float().numpy()
