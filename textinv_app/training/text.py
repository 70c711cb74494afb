"""Prompts to what the UNet reads, with the vectors of a new word put in at lookup.

The token matrix stays frozen and as large as it was: a placeholder is an id beyond its end, and
``PlaceholderLookup`` gives the trained float32 row for it. So the optimizer sees a few rows instead
of a whole vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from textinv_app.domain.prompts import WORD
from textinv_app.models.loading import text_model

Indices: TypeAlias = "Tensor | Sequence[int]"
"""Numbers of prompts or photos; a tensor on the device costs no copy."""


def index_tensor(indices: Indices, device: torch.device) -> Tensor:
    """Return indices as int64 on a device."""
    if isinstance(indices, Tensor):
        return indices.to(device)
    return torch.tensor(list(indices), dtype=torch.long, device=device)


@dataclass(frozen=True)
class Conditioning:
    """What the UNet reads beside the noisy latents."""

    hidden_states: Tensor
    """``[batch, tokens, width]``."""
    pooled: Tensor | None = None
    """``[batch, width]``, SDXL only."""

    def select(self, indices: Indices) -> Conditioning:
        """Return the rows of some prompts."""
        chosen = index_tensor(indices, self.hidden_states.device)
        pooled = None if self.pooled is None else self.pooled[chosen]
        return Conditioning(self.hidden_states[chosen], pooled)


class PlaceholderLookup(nn.Module):
    """The frozen token matrix, and behind its end the trained rows."""

    def __init__(self, frozen: nn.Embedding, rows: Tensor) -> None:
        """``rows`` is ``[num_vectors, width]`` float32; it is used, not copied."""
        super().__init__()
        self.frozen = frozen
        self.rows = rows
        self.num_known = frozen.num_embeddings

    def forward(self, input_ids: Tensor) -> Tensor:
        """Return embeddings ``[batch, tokens, width]`` in the frozen matrix's type."""
        is_new = input_ids >= self.num_known
        known = self.frozen(input_ids.clamp(max=self.num_known - 1))
        # A product with zeros and ones is exact, and its backward pass is the same every time and
        # waits for nothing, while that of a lookup may sort and count.
        numbers = torch.arange(self.rows.shape[0], device=input_ids.device) + self.num_known
        chosen = (input_ids[..., None] == numbers).to(self.rows.dtype)
        new = chosen @ self.rows
        return torch.where(is_new[..., None], new.to(known.dtype), known)


def token_matrix(text_encoder: Any) -> nn.Embedding:
    """Return a text encoder's frozen token matrix."""
    matrix: nn.Embedding = text_model(text_encoder).embeddings.token_embedding
    return matrix


@contextmanager
def wearing_rows(text_encoder: Any, rows: Tensor) -> Iterator[None]:
    """Let ids beyond the token matrix mean ``rows`` while inside; afterwards all is as before."""
    embeddings = text_model(text_encoder).embeddings
    frozen = embeddings.token_embedding
    embeddings.token_embedding = PlaceholderLookup(frozen, rows)
    try:
        yield
    finally:
        embeddings.token_embedding = frozen


def token_ids(
    tokenizer: Any, text_encoder: Any, template: str, placeholder_ids: Sequence[int]
) -> list[int]:
    """Return the ids of one prompt, as long as the encoder reads, placeholders put in.

    ``{word}`` in the template becomes ``placeholder_ids``; without it the template is plain text.
    What is too long is cut before the end token.
    """
    length = int(text_encoder.config.max_position_embeddings)
    pieces = template.split(WORD)
    ids: list[int] = []
    for number, piece in enumerate(pieces):
        if number:
            ids += placeholder_ids
        ids += tokenizer(piece, add_special_tokens=False)["input_ids"]
    ids = [tokenizer.bos_token_id, *ids[: length - 2], tokenizer.eos_token_id]
    return ids + [tokenizer.pad_token_id] * (length - len(ids))


def encode(
    text_encoders: Sequence[Any], ids: Sequence[Tensor], clip_skip_last: bool
) -> Conditioning:
    """Run the text encoders on ids ``[batch, tokens]``, one tensor for each encoder.

    ``clip_skip_last`` is SDXL's way: the last layer but one of both encoders side by side, and the
    second encoder's pooled text; otherwise the only encoder's final states.
    """
    if not clip_skip_last:
        return Conditioning(text_encoders[0](ids[0]).last_hidden_state)
    outputs = [
        encoder(tensor, output_hidden_states=True)
        for encoder, tensor in zip(text_encoders, ids, strict=True)
    ]
    hidden_states = torch.cat([output.hidden_states[-2] for output in outputs], dim=-1)
    return Conditioning(hidden_states, outputs[-1].text_embeds)
