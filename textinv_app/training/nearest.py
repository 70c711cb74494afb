"""What the word means so far: the words of the dictionary nearest to its vectors."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

END_OF_WORD = "</w>"
_READABLE = re.compile(r"[^\W\d_]{3,}", re.UNICODE)


class Dictionary:
    """The whole words of a tokenizer with their frozen vectors, made ready once."""

    def __init__(self, tokenizer: Any, matrix: nn.Embedding) -> None:
        tokens = tokenizer.convert_ids_to_tokens(list(range(matrix.num_embeddings)))
        known = [
            (number, token.removesuffix(END_OF_WORD))
            for number, token in enumerate(tokens)
            if token and token.endswith(END_OF_WORD)
        ]
        readable = [(number, word) for number, word in known if _READABLE.fullmatch(word)]
        self._words = [word for _, word in readable]
        numbers = torch.tensor([number for number, _ in readable], dtype=torch.long)
        rows = matrix.weight.detach()[numbers.to(matrix.weight.device)].float().cpu()
        self._directions = functional.normalize(rows, dim=-1)

    def nearest(self, vectors: Tensor, count: int = 5) -> list[tuple[str, float]]:
        """Return the words nearest to any of ``vectors`` (``[n, width]``) and their cosines.

        Nearest first, each word once; empty when the dictionary has no whole words.
        """
        if not self._words:
            return []
        cosines = functional.normalize(vectors.float(), dim=-1) @ self._directions.T
        best, places = cosines.max(dim=0).values.topk(min(count, len(self._words)))
        return [
            (self._words[place], round(float(cosine), 4))
            for cosine, place in zip(best.tolist(), places.tolist(), strict=True)
        ]
