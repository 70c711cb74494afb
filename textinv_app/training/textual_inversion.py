"""Textual inversion: a few new rows for the text encoders' dictionaries (arXiv 2208.01618).

Three variants share everything but where the rows start and how they move:

- **plain**: from the class word's rows, freely, by AdamW.
- **directional** (arXiv 2512.13672): the length of every row is the mean length of the dictionary's
  words, only the direction is learnt. Rows that grow long drown the other words of a prompt.
- **cross** (cross initialization, arXiv 2312.15905): from what the text encoder makes of the class
  word, which is nearer to where rows end up, with a pull back to there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from textinv_app.domain.specs import EmbeddingVariant, TrainingSettings
from textinv_app.formats.embedding import write_embedding
from textinv_app.models.loading import text_model
from textinv_app.training.methods import Product
from textinv_app.training.optimizing import ParameterGroup
from textinv_app.training.state import Weights
from textinv_app.training.text import (
    Conditioning,
    Indices,
    encode,
    index_tensor,
    token_ids,
    token_matrix,
    wearing_rows,
)

NAMES = ("text_encoder", "text_encoder_2")
DIRECTIONAL_PRIOR = 1e-4
CROSS_PULL = 1e-5
"""Both as in the papers."""


class TextualInversion:
    """Trains ``num_vectors`` rows for each text encoder; nothing else of the model changes."""

    def __init__(
        self,
        text_encoders: Sequence[Any],
        tokenizers: Sequence[Any],
        templates: Sequence[str],
        class_word: str,
        num_vectors: int,
        variant: EmbeddingVariant = "plain",
    ) -> None:
        """Start the rows at ``class_word``; ``templates`` hold ``{word}``."""
        self._text_encoders = list(text_encoders)
        self._two_encoders = len(self._text_encoders) == 2
        self._variant = variant
        self.parameters: dict[str, nn.Parameter] = {}
        self._ids: list[Tensor] = []
        for name, encoder, tokenizer in zip(NAMES, text_encoders, tokenizers, strict=False):
            matrix = token_matrix(encoder)
            rows = start_rows(encoder, tokenizer, class_word, num_vectors, variant)
            self.parameters[name] = nn.Parameter(rows)
            placeholders = range(matrix.num_embeddings, matrix.num_embeddings + num_vectors)
            self._ids.append(
                torch.tensor(
                    [token_ids(tokenizer, encoder, text, placeholders) for text in templates],
                    device=matrix.weight.device,
                )
            )
        self._starts = [rows.detach().clone() for rows in self.parameters.values()]
        self.num_prompts = len(templates)
        self.products = (Product("embedding", tuple(self.parameters), write_rows),)

    def groups(self, settings: TrainingSettings) -> tuple[ParameterGroup, ...]:
        """Return the rows as one group, without weight decay."""
        rows = tuple(self.parameters.values())
        if self._variant == "directional":
            return (
                ParameterGroup(
                    rows, settings.learning_rate, kind="sphere", prior=DIRECTIONAL_PRIOR
                ),
            )
        return (ParameterGroup(rows, settings.learning_rate),)

    def condition(self, prompt_indices: Indices) -> Conditioning:
        """Encode prompts with the rows put in; the gradient reaches the rows only."""
        chosen = index_tensor(prompt_indices, self._ids[0].device)
        with ExitStack() as stack:
            for encoder, rows in zip(self._text_encoders, self.parameters.values(), strict=True):
                stack.enter_context(wearing_rows(encoder, rows))
            return encode(
                self._text_encoders, [ids[chosen] for ids in self._ids], self._two_encoders
            )

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Do nothing: the rows are in the model only while ``condition`` runs."""
        yield

    def add_pull(self) -> None:
        """Pull rows of cross initialization back to their start; the others go anywhere."""
        if self._variant != "cross":
            return
        for rows, start in zip(self.parameters.values(), self._starts, strict=True):
            if rows.grad is not None:
                # The gradient of CROSS_PULL times the squared distance.
                rows.grad.add_(rows.detach() - start, alpha=2 * CROSS_PULL)


def write_rows(path: Path, weights: Weights, metadata: Mapping[str, str]) -> None:
    """Write rows as an embedding file; raises ``OSError``."""
    write_embedding(path, {name: rows.numpy() for name, rows in weights.items()}, metadata)


def start_rows(
    encoder: Any, tokenizer: Any, class_word: str, num_vectors: int, variant: EmbeddingVariant
) -> Tensor:
    """Return the rows that a word starts from, float32 ``[num_vectors, width]``.

    A class word of no more tokens than there are rows is spelt out, its last token repeated, so
    that the untrained word draws what the class word does; a longer one is averaged.
    """
    ids = tokenizer(class_word, add_special_tokens=False)["input_ids"] or [tokenizer.eos_token_id]
    matrix = token_matrix(encoder)
    known = matrix.weight.detach()[torch.tensor(ids, device=matrix.weight.device)].float()
    if variant == "cross":
        known = _encoded_word(encoder, tokenizer, ids)
    if len(ids) > num_vectors:
        rows = known.mean(dim=0, keepdim=True).repeat(num_vectors, 1)
    else:
        rows = torch.cat([known, known[-1:].repeat(num_vectors - len(ids), 1)])
    if variant == "directional":
        rows = functional.normalize(rows, dim=-1) * mean_length(matrix)
    return rows.clone()


def mean_length(matrix: nn.Embedding) -> float:
    """Return the mean length of a dictionary's rows."""
    return float(matrix.weight.detach().float().norm(dim=-1).mean())


def _encoded_word(encoder: Any, tokenizer: Any, ids: Sequence[int]) -> Tensor:
    """Return what the text encoder makes of a word that stands alone, ``[tokens, width]``."""
    length = int(text_model(encoder).embeddings.position_embedding.num_embeddings)
    whole = [tokenizer.bos_token_id, *ids[: length - 2], tokenizer.eos_token_id]
    whole += [tokenizer.pad_token_id] * (length - len(whole))
    device = token_matrix(encoder).weight.device
    with torch.no_grad():
        states: Tensor = encoder(torch.tensor([whole], device=device)).last_hidden_state
    return states[0, 1 : 1 + len(ids[: length - 2])].float()
