"""LoRA: low-rank changes to the UNet's attention and feed-forward layers (arXiv 2106.09685)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from textinv_app.domain.concept import Family
from textinv_app.formats.lora import LoraModule, write_lora
from textinv_app.training.state import Weights
from textinv_app.training.text import Conditioning, encode, token_ids

ADAPTER = "petname"
TARGET_MODULES = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2")
"""Layers of the UNet that change, by the end of their path."""


class Lora:
    """Trains a LoRA of the UNet; the text encoders stay, so every prompt is encoded once."""

    weight_decay = 1e-2

    def __init__(
        self, model: Any, prompts: Sequence[str], rank: int, seed: int, family: Family
    ) -> None:
        """Add the layers to ``model.unet``; ``prompts`` are whole texts (``lora_prompt``)."""
        self._unet = model.unet
        self._rank = rank
        self._family = family
        with torch.random.fork_rng(devices=[]):
            # peft draws the first factors from the global generator.
            torch.manual_seed(seed)
            self._unet.add_adapter(
                LoraConfig(r=rank, lora_alpha=rank, target_modules=list(TARGET_MODULES)),
                adapter_name=ADAPTER,
            )
        self.parameters: dict[str, nn.Parameter] = {}
        for path, layer in _lora_layers(self._unet):
            for name, part in (("down", layer.lora_A), ("up", layer.lora_B)):
                part[ADAPTER].to(dtype=torch.float32)
                self.parameters[f"{path}.{name}"] = part[ADAPTER].weight
        self.num_prompts = len(prompts)
        self._conditioning = _encode_prompts(model, prompts)

    def condition(self, prompt_indices: Sequence[int]) -> Conditioning:
        """Return the encoded prompts; they carry no gradient."""
        return self._conditioning.select(prompt_indices)

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Switch the training layers off while inside."""
        self._unet.disable_adapters()
        try:
            yield
        finally:
            self._unet.set_adapter(ADAPTER)
            self._unet.enable_adapters()
            for parameter in self.parameters.values():
                parameter.requires_grad_(True)

    def after_step(self) -> None:
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


def _lora_layers(unet: nn.Module) -> Iterator[tuple[str, Any]]:
    for path, module in unet.named_modules():
        if isinstance(module, LoraLayer) and ADAPTER in module.lora_A:
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
