"""The attribute reader's network: a small convolutional net with one head for each attribute.

A second branch looks at the middle layers again and marks where the animal's main coat is.
"""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textinv_app.crayon.palette import ACCESSORY_COLOURS, FUR_COLOURS, PLAIN_COLOURS
from textinv_app.crayon.world import ACCESSORIES, BACKGROUNDS, FAULTS, PATTERNS, SPECIES, STYLES

HEADS: dict[str, tuple[str, ...]] = {
    "species": SPECIES,
    "fur": tuple(FUR_COLOURS),
    "pattern": PATTERNS,
    "accessory": ACCESSORIES,
    "accessory_colour": tuple(ACCESSORY_COLOURS),
    "background": BACKGROUNDS,
    "background_colour": tuple(PLAIN_COLOURS),
    "style": STYLES,
    "fault": FAULTS,
}
"""Each attribute with the values it can have, in the order of the head's outputs."""


@dataclasses.dataclass(frozen=True)
class NetOptions:
    """Sizes of the network: channels after each halving of the picture."""

    widths: tuple[int, ...] = (16, 32, 64, 128)


class ReaderNet(nn.Module):
    """Maps pictures `(batch, 3, side, side)`, -1..1, to logits; sides of 64 and 128 both work."""

    def __init__(self, options: NetOptions) -> None:
        """Build an untrained network."""
        super().__init__()
        stem, *rest = options.widths
        self.stem = nn.Sequential(_convolution(3, stem, 2), _convolution(stem, stem))
        sizes = zip(options.widths, rest, strict=False)
        self.stages = nn.ModuleList(_Stage(narrow, wide) for narrow, wide in sizes)
        last = options.widths[-1]
        self.heads = nn.ModuleDict(
            {name: nn.Linear(2 * last, len(values)) for name, values in HEADS.items()}
        )
        self.coat_sides = nn.ModuleList(nn.Conv2d(width, 32, 1) for width in rest)
        self.coat = nn.Sequential(_convolution(32, 32), nn.Conv2d(32, 1, 1))

    def forward(self, pictures: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Return logits `(batch, values)` of each head, and of the coat `(batch, side/4, side/4)`.

        All four corners of a picture are seen at once: both the mean and the maximum of the last
        layer count, because a collar is small and a background is not.
        """
        hidden = self.stem(pictures)
        levels = []
        for stage in self.stages:
            hidden = stage(hidden)
            levels.append(hidden)
        pooled = torch.cat([hidden.mean((2, 3)), hidden.amax((2, 3))], dim=1)
        logits = {name: head(pooled) for name, head in self.heads.items()}
        size = levels[0].shape[-2:]
        joined = sum(
            F.interpolate(side(level), size, mode="bilinear", align_corners=False)
            for side, level in zip(self.coat_sides, levels, strict=True)
        )
        return logits, self.coat(joined)[:, 0]


class _Stage(nn.Module):
    """Halves the side, then refines with one residual block."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        self.down = _convolution(narrow, wide, 2)
        self.first = _convolution(wide, wide)
        self.second = nn.Sequential(
            nn.Conv2d(wide, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = self.down(hidden)
        return F.relu(hidden + self.second(self.first(hidden)))


def _convolution(narrow: int, wide: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(narrow, wide, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(wide),
        nn.ReLU(),
    )
