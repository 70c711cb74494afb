"""A text encoder of which only the table of words is there, for loaders that write into it."""

from __future__ import annotations

import math

import torch
from torch import nn


class Table(nn.Module):
    """Stands for a text encoder of one width."""

    dtype = torch.float32

    def __init__(self, width: int) -> None:
        super().__init__()
        self.table = nn.Embedding(1, width)
        self.device = torch.device("cpu")

    def get_input_embeddings(self) -> nn.Embedding:
        """Return the table."""
        return self.table

    def resize_token_embeddings(
        self, count: int | None = None, pad_to_multiple_of: int = 1
    ) -> nn.Embedding:
        """Make the table longer or shorter, as transformers does."""
        before = self.table.weight.detach()
        count = len(before) if count is None else count
        count = math.ceil(count / pad_to_multiple_of) * pad_to_multiple_of
        self.table = nn.Embedding(count, before.shape[1])
        kept = min(count, len(before))
        self.table.weight.data[:kept] = before[:kept]
        return self.table
