"""The square that the model sees: suggested where the animal is, and kept inside the photo."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from textinv_app.domain.concept import SquareCrop
from textinv_app.photos.quality import Pixels, shrink

_MAP_SIDE_PIXELS = 64
_BORDER_SHARE = 0.08
_CENTRE_WIDTH = 0.35
"""Standard deviation of the centre bias, as a share of each side."""
_EDGE_WEIGHT = 0.35
_UPPER_CENTRE = 0.42
"""Height of the centre in upright photos: heads are above the middle more often than below."""
_NEARLY_BEST = 0.98
"""Upright photos take the highest of the squares that hold this share of the best one's subject: a
head cut off is a worse loss than paws."""

_Map = npt.NDArray[np.float64]


def suggest_square(pixels: Pixels) -> SquareCrop:
    """Return the largest square of a photo of shape (height, width, 3), placed over its subject.

    The subject is what differs in colour from the margins and has edges, with a bias to the centre.
    Deterministic; some milliseconds.
    """
    height, width = pixels.shape[:2]
    side = min(height, width)
    if height == width:
        return SquareCrop(left=0, top=0, side=side)
    saliency = saliency_map(pixels)
    along_width = width > height
    profile = saliency.sum(axis=0 if along_width else 1)
    length = max(height, width)
    start = _best_start(profile, length, side, prefer_first=not along_width)
    return SquareCrop(left=start if along_width else 0, top=0 if along_width else start, side=side)


def clamp_square(square: SquareCrop, width_pixels: int, height_pixels: int) -> SquareCrop:
    """Return the nearest square inside a photo, made smaller only where it does not fit."""
    side = max(1, min(square.side, width_pixels, height_pixels))
    return SquareCrop(
        left=min(max(square.left, 0), width_pixels - side),
        top=min(max(square.top, 0), height_pixels - side),
        side=side,
    )


def saliency_map(pixels: Pixels) -> _Map:
    """Return how likely each place belongs to the subject, shape (rows, columns), sum 1.

    The longer side has 64 cells. Colour distance to the margins is Mahalanobis, so that a busy
    margin counts for less; the margins are taken to be background, as in Wei et al. 2012,
    "Geodesic saliency using background priors".
    """
    height, width = pixels.shape[:2]
    scale = _MAP_SIDE_PIXELS / max(height, width)
    rows, columns = max(4, round(height * scale)), max(4, round(width * scale))
    small = np.stack(
        [shrink(pixels[:, :, channel].astype(np.float64), rows, columns) for channel in range(3)],
        axis=-1,
    )
    colours = _opponent_colours(small)
    distance = _distance_to_margins(colours)
    edges = np.hypot(*np.gradient(colours[:, :, 0]))
    combined = _scaled(distance) + _EDGE_WEIGHT * _scaled(edges)
    weighted: _Map = combined**2 * _centre_bias(rows, columns) + 1e-9
    weighted /= weighted.sum()
    return weighted


def _opponent_colours(rgb: _Map) -> _Map:
    red, green, blue = rgb[:, :, 0], rgb[:, :, 1], rgb[:, :, 2]
    lightness = (red + green + blue) / 3
    return np.stack([lightness, red - green, (red + green) / 2 - blue], axis=-1)


def _distance_to_margins(colours: _Map) -> _Map:
    """Smallest distance of each cell to the colours of the four margins, each on its own."""
    rows, columns = colours.shape[:2]
    deep, wide = max(1, round(rows * _BORDER_SHARE)), max(1, round(columns * _BORDER_SHARE))
    margins = (colours[:deep], colours[-deep:], colours[:, :wide], colours[:, -wide:])
    distances = []
    for margin in margins:
        cells = margin.reshape(-1, 3)
        covariance = np.cov(cells, rowvar=False) + 25.0 * np.eye(3)
        offset = colours - cells.mean(axis=0)
        squared = np.einsum("ijk,kl,ijl->ij", offset, np.linalg.inv(covariance), offset)
        distances.append(np.sqrt(squared))
    nearest: _Map = np.sort(np.stack(distances), axis=0)[:2].mean(axis=0)
    return nearest


def _scaled(values: _Map) -> _Map:
    top = float(np.percentile(values, 98))
    return np.clip(values / top, 0, 1) if top > 0 else np.zeros_like(values)


def _centre_bias(rows: int, columns: int) -> _Map:
    middle = _UPPER_CENTRE if rows > columns else 0.5
    y = (np.arange(rows) + 0.5) / rows - middle
    x = (np.arange(columns) + 0.5) / columns - 0.5
    bias: _Map = np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / (2 * _CENTRE_WIDTH**2))
    return bias


def _best_start(profile: _Map, length: int, side: int, prefer_first: bool) -> int:
    """Start of the window of ``side`` out of ``length`` pixels that holds most of the profile."""
    sums = np.concatenate([[0.0], np.cumsum(profile)])
    cells = np.linspace(0, length, len(profile) + 1)
    starts = np.arange(length - side + 1)
    inside = np.interp(starts + side, cells, sums) - np.interp(starts, cells, sums)
    if prefer_first:
        return int(starts[inside >= inside.max() * _NEARLY_BEST][0])
    # Among windows that hold nearly the same, the one whose middle is nearest to the subject's.
    good = starts[inside >= inside.max() * 0.995]
    centre = float((profile * (cells[:-1] + cells[1:]) / 2).sum() / profile.sum())
    return int(good[np.argmin(np.abs(good + side / 2 - centre))])
