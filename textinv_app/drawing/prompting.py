"""Prompts to what the UNet reads, with the vectors of worn words put in at lookup.

A worn word is found in a prompt whole and in any case, and its place is taken by ids beyond the end
of the tokenizer's vocabulary, one for each vector. Tokenizer and token matrix stay as they are, so
words can not clash with each other or with the dictionary, and nothing has to be undone.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from textinv_app.domain.prompts import find_word
from textinv_app.models.loading import LoadedModel, text_model

logger = logging.getLogger("petname.drawing")


@dataclass(frozen=True)
class WornWord:
    """A word with vectors of its own."""

    placeholder_token: str
    rows: tuple[Tensor, ...]
    """``[num_vectors, width]`` float32, one for each text encoder."""

    @property
    def num_vectors(self) -> int:
        """Vectors of the word, the same for every text encoder."""
        return int(self.rows[0].shape[0])


@dataclass(frozen=True)
class Conditioning:
    """What the UNet reads beside the noisy latents, for some prompts."""

    hidden_states: Tensor
    """``[prompts, tokens, width]``."""
    pooled: Tensor | None = None
    """``[prompts, width]``, SDXL only."""


class WornLookup(nn.Module):
    """A token matrix with the rows of worn words behind its end."""

    def __init__(self, known: nn.Embedding, rows: Tensor) -> None:
        """``rows`` is ``[num_rows, width]``."""
        super().__init__()
        self.known = known
        self.rows = rows.to(device=known.weight.device, dtype=known.weight.dtype)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Return embeddings ``[batch, tokens, width]`` of ids ``[batch, tokens]``."""
        num_known = self.known.num_embeddings
        is_worn = input_ids >= num_known
        known = self.known(input_ids.clamp(max=num_known - 1))
        worn = self.rows[(input_ids - num_known).clamp(min=0)]
        return torch.where(is_worn[..., None], worn, known)


def split_prompt(prompt: str, words: Sequence[WornWord]) -> list[str | int]:
    """Split a prompt at its worn words; each is given as its index in ``words``."""
    if not words:
        return [prompt]
    choices = "|".join(f"({find_word(word.placeholder_token).pattern})" for word in words)
    pieces: list[str | int] = []
    end = 0
    for match in re.finditer(choices, prompt, re.IGNORECASE):
        pieces += [prompt[end : match.start()], (match.lastindex or 1) - 1]
        end = match.end()
    return [*pieces, prompt[end:]]


def encode_prompts(
    model: LoadedModel, prompts: Sequence[str], words: Sequence[WornWord]
) -> Conditioning:
    """Run the text encoders on prompts; a prompt that is too long is cut at its end.

    SDXL's way is the last layer but one of both encoders side by side and the second encoder's
    pooled text, the others' the final states of the only encoder.
    """
    outputs = []
    for index, (tokenizer, encoder) in enumerate(
        zip(model.tokenizers, model.text_encoders, strict=True)
    ):
        ids = [_token_ids(tokenizer, encoder, prompt, words) for prompt in prompts]
        with _wearing(encoder, [word.rows[index] for word in words]), torch.no_grad():
            tensor = torch.tensor(ids, dtype=torch.long, device=encoder.device)
            outputs.append(encoder(tensor, output_hidden_states=model.family == "sdxl"))
    if model.family != "sdxl":
        return Conditioning(outputs[0].last_hidden_state)
    hidden_states = torch.cat([output.hidden_states[-2] for output in outputs], dim=-1)
    return Conditioning(hidden_states, outputs[-1].text_embeds)


def mean_embedding(model: LoadedModel, index: int, text: str) -> Tensor | None:
    """Return the mean token embedding ``[width]`` (float32) of a text; None where it has no token.

    ``index`` is that of the text encoder.
    """
    ids = model.tokenizers[index](text, add_special_tokens=False)["input_ids"]
    if not ids:
        return None
    weight: Tensor = text_model(model.text_encoders[index]).embeddings.token_embedding.weight
    return weight[torch.tensor(ids, device=weight.device)].detach().float().mean(dim=0).cpu()


def _token_ids(tokenizer: Any, encoder: Any, prompt: str, words: Sequence[WornWord]) -> list[int]:
    """Return the ids of a prompt with start and end, as many as the encoder reads."""
    length = int(encoder.config.max_position_embeddings)
    matrix = text_model(encoder).embeddings.token_embedding
    first_ids = [int(matrix.num_embeddings)]
    for word in words:
        first_ids.append(first_ids[-1] + word.num_vectors)
    ids: list[int] = []
    for piece in split_prompt(prompt, words):
        if isinstance(piece, int):
            ids += range(first_ids[piece], first_ids[piece + 1])
        elif piece.strip():
            # Not the tokenizer's own limit: it would warn, and count pieces instead of prompts.
            ids += tokenizer(piece, add_special_tokens=False, truncation=False)["input_ids"]
    if len(ids) > length - 2:
        logger.warning("a prompt of %d tokens was cut to %d", len(ids), length - 2)
    ids = [tokenizer.bos_token_id, *ids[: length - 2], tokenizer.eos_token_id]
    return ids + [tokenizer.pad_token_id] * (length - len(ids))


@contextmanager
def _wearing(encoder: Any, rows: Sequence[Tensor]) -> Iterator[None]:
    """Let ids beyond the token matrix mean ``rows`` while inside; afterwards all is as before."""
    if not rows:
        yield
        return
    embeddings = text_model(encoder).embeddings
    known = embeddings.token_embedding
    embeddings.token_embedding = WornLookup(known, torch.cat(list(rows)))
    try:
        yield
    finally:
        embeddings.token_embedding = known
