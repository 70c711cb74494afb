"""Textual inversion: a few new rows for the text encoders' dictionaries (arXiv 2208.01618)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from textinv_app.formats.embedding import write_embedding
from textinv_app.training.state import Weights
from textinv_app.training.text import (
    Conditioning,
    encode,
    token_ids,
    token_matrix,
    wearing_rows,
)

NAMES = ("text_encoder", "text_encoder_2")


class TextualInversion:
    """Trains ``num_vectors`` rows for each text encoder; nothing else of the model changes."""

    weight_decay = 0.0

    def __init__(
        self,
        text_encoders: Sequence[Any],
        tokenizers: Sequence[Any],
        templates: Sequence[str],
        class_word: str,
        num_vectors: int,
    ) -> None:
        """Start the rows at ``class_word``; ``templates`` hold ``{word}``."""
        self._text_encoders = list(text_encoders)
        self._two_encoders = len(self._text_encoders) == 2
        self.parameters: dict[str, nn.Parameter] = {}
        self._ids: list[Tensor] = []
        for name, encoder, tokenizer in zip(NAMES, text_encoders, tokenizers, strict=False):
            matrix = token_matrix(encoder)
            rows = first_rows(matrix, tokenizer, class_word, num_vectors)
            self.parameters[name] = nn.Parameter(rows)
            placeholders = range(matrix.num_embeddings, matrix.num_embeddings + num_vectors)
            self._ids.append(
                torch.tensor(
                    [token_ids(tokenizer, encoder, text, placeholders) for text in templates],
                    device=matrix.weight.device,
                )
            )
        self.num_prompts = len(templates)

    def condition(self, prompt_indices: Sequence[int]) -> Conditioning:
        """Encode prompts with the rows put in; the gradient reaches the rows only."""
        chosen = torch.tensor(list(prompt_indices), device=self._ids[0].device)
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

    def after_step(self) -> None:
        """Do nothing: rows may go anywhere."""

    def write(self, path: Path, weights: Weights, metadata: Mapping[str, str]) -> None:
        """Write the rows as an embedding file; raises ``OSError``."""
        write_embedding(path, {name: rows.numpy() for name, rows in weights.items()}, metadata)


def first_rows(matrix: nn.Embedding, tokenizer: Any, class_word: str, num_vectors: int) -> Tensor:
    """Return the rows that a word starts from, float32 ``[num_vectors, width]``.

    A class word of no more tokens than there are rows is spelt out, its last token repeated, so
    that the untrained word draws what the class word does; a longer one is averaged.
    """
    ids = tokenizer(class_word, add_special_tokens=False)["input_ids"] or [tokenizer.eos_token_id]
    known = matrix.weight.detach()[torch.tensor(ids, device=matrix.weight.device)].float()
    if len(ids) > num_vectors:
        return known.mean(dim=0, keepdim=True).repeat(num_vectors, 1)
    return torch.cat([known, known[-1:].repeat(num_vectors - len(ids), 1)]).clone()
