"""What a step of the UNet's training sees: which stored drawings, in which words, how weighed.

Early steps show as many different scenes as they can. Late ones show each drawing with its twin
(`contrasts`), worded alike and under the same noise, and the cells in which the two differ weigh
more: first the model learns what a dog is, then what a word changes about one.
"""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from textinv_app.crayon.captions import caption
from textinv_app.crayon.dataset import SETS

_SCENES = tuple(SETS.values())


@dataclasses.dataclass(frozen=True)
class Rows:
    """Which stored drawings a batch takes, one entry for each picture."""

    sets: npt.NDArray[np.int64]
    """0 for a drawing, 1 for a twin."""
    indices: npt.NDArray[np.int64]
    seeds: npt.NDArray[np.int64]
    """Of the words of each caption."""


def single_rows(rng: np.random.Generator, count: int, num_scenes: int) -> Rows:
    """Return a picture of each of some scenes at random, of `count` that are stored."""
    return Rows(
        rng.integers(0, len(_SCENES), num_scenes),
        rng.integers(0, count, num_scenes),
        rng.integers(0, 2**31, num_scenes),
    )


def paired_rows(rng: np.random.Generator, count: int, num_scenes: int) -> Rows:
    """Return drawings of some scenes at random, then their twins, of `count` that are stored."""
    indices, seeds = rng.integers(0, count, num_scenes), rng.integers(0, 2**31, num_scenes)
    # Twins are worded alike, apart from what differs.
    return Rows(np.repeat([0, 1], num_scenes), np.tile(indices, 2), np.tile(seeds, 2))


def captions(rows: Rows, first_scene: int, empty_share: float) -> list[str]:
    """Return the captions of some pictures, a share of them empty; the first stored scene's number.

    An empty caption stays empty for both of a drawing and its twin.
    """
    texts = []
    for which, index, seed in zip(rows.sets, rows.indices, rows.seeds, strict=True):
        words = random.Random(int(seed))
        silent = words.random() < empty_share
        scene_of_index = _SCENES[which]
        texts.append("" if silent else caption(scene_of_index(first_scene + int(index)), words))
    return texts


def stored_latents(latents: npt.NDArray[np.float16], rows: Rows) -> Tensor:
    """Return the latents of some pictures, `(batch, channels, 16, 16)` in float32.

    `latents` are those of `join_latents`, `(2, count, channels, 16, 16)`.
    """
    return torch.from_numpy(latents[rows.sets, rows.indices]).float()


def contrast(clean: Tensor, most: float) -> Tensor:
    """Return how much each cell counts, `(batch, 16, 16)` with a mean of 1 for each picture.

    `clean` are latents `(batch, channels, 16, 16)`, drawings first and then their twins; a cell in
    which twins are a standard deviation apart counts `1 + most` times as much as one they share.
    """
    first, second = clean.chunk(2)
    apart = (first - second).pow(2).mean(1).sqrt().clamp(max=1)
    counts = 1 + most * apart
    counts = counts / counts.mean((1, 2), keepdim=True)
    return counts.repeat(2, 1, 1)
