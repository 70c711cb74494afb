"""Pivotal tuning: an embedding and a LoRA trained together on the same photos.

The word's rows and the UNet's low-rank changes move in the same steps, with rates of their own, as
in the Hugging Face "advanced" DreamBooth script; the name is from arXiv 2106.05744. Two files come
out, and each is little without the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from textinv_app.domain.specs import TrainingSettings
from textinv_app.training.lora import Lora
from textinv_app.training.optimizing import ParameterGroup
from textinv_app.training.text import Conditioning, Indices
from textinv_app.training.textual_inversion import TextualInversion


class Pivotal:
    """Trains both; prompts hold the embedding's word alone."""

    def __init__(self, embedding: TextualInversion, lora: Lora) -> None:
        self._embedding = embedding
        self._lora = lora
        self.parameters: dict[str, nn.Parameter] = {**embedding.parameters, **lora.parameters}
        self.num_prompts = embedding.num_prompts
        self.products = (*embedding.products, *lora.products)

    def groups(self, settings: TrainingSettings) -> tuple[ParameterGroup, ...]:
        """Return the rows at ``learning_rate`` and the factors at ``lora_learning_rate``."""
        rate = settings.lora_learning_rate or settings.learning_rate
        of_lora = settings.model_copy(update={"learning_rate": rate})
        return (*self._embedding.groups(settings), *self._lora.groups(of_lora))

    def condition(self, prompt_indices: Indices) -> Conditioning:
        """Encode prompts with the rows put in."""
        return self._embedding.condition(prompt_indices)

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Take both off the model while inside."""
        with self._embedding.set_aside(), self._lora.set_aside():
            yield

    def add_pull(self) -> None:
        """Add what the embedding's variant asks for."""
        self._embedding.add_pull()
        self._lora.add_pull()
