"""The colour of an animal's coat in CIE Lab: measured on the picture, where the coat is.

Where the coat is, a learned map says (`tests.benchmarks.attribute_reader`): it marks the pixels
painted with the animal's main colour, not its muzzle, its belly, its spots or what it wears. The
colour is the median of those pixels, so a line, a shaded rim or a highlight does not move it. The
same instrument is used on both sides of every comparison, drawings of the world and drawings of the
model alike.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
from PIL import Image

Lab = tuple[float, float, float]
"""Lightness 0..100, then green to red and blue to yellow, about -100..100."""
Floats = npt.NDArray[np.float64]

_COAT_SHARE = 0.6
"""How sure the map must be of a pixel."""
_FEWEST_PIXELS = 0.004
"""Share of the picture below which the map found no coat at all."""
_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE_D65 = np.array([0.95047, 1.0, 1.08883])


@dataclasses.dataclass(frozen=True)
class Coat:
    """What was measured of a coat."""

    lab: Lab
    share: float
    """Share of the picture that it was measured on; 0 where no coat was found."""


def lab_of(rgb: npt.ArrayLike) -> Floats:
    """Return CIE Lab (D65) of sRGB colours 0..255; the last axis holds the channels."""
    unit = np.asarray(rgb, dtype=np.float64) / 255
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _TO_XYZ.T / _WHITE_D65
    curved = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    x, y, z = curved[..., 0], curved[..., 1], curved[..., 2]
    lab: Floats = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
    return lab


def distance(first: Lab, second: Lab) -> float:
    """Return how far apart two colours are: CIE 1976, about 2 is just noticeable."""
    return float(np.linalg.norm(np.subtract(first, second)))


def mean_of(colours: list[Lab]) -> Lab:
    """Return the mean colour."""
    return _as_lab(np.mean(colours, axis=0))


def measure_coat(picture: Image.Image, coat_map: npt.NDArray[np.float32]) -> Coat:
    """Return the coat's colour; `coat_map` is `(rows, columns)`, 0..1, over the whole picture.

    Where the map finds next to nothing, the middle of the picture stands in, with share 0.
    """
    lab = lab_of(np.asarray(picture.convert("RGB")))
    sure = Image.fromarray(coat_map.astype(np.float32)).resize(
        picture.size, Image.Resampling.BILINEAR
    )
    chosen = np.asarray(sure) > _COAT_SHARE
    share = float(chosen.mean())
    if share < _FEWEST_PIXELS:
        return Coat(colour_in(picture, (0.35, 0.35, 0.65, 0.65)), 0.0)
    return Coat(_as_lab(np.median(lab[chosen], axis=0)), share)


def colour_in(picture: Image.Image, box: tuple[float, float, float, float]) -> Lab:
    """Return the median colour inside a box: left, top, right, bottom as shares of the picture."""
    sides = (picture.width, picture.height, picture.width, picture.height)
    left, top, right, bottom = (round(share * side) for share, side in zip(box, sides, strict=True))
    pixels = np.asarray(picture.convert("RGB"))[top:bottom, left:right]
    return _as_lab(np.median(lab_of(pixels).reshape(-1, 3), axis=0))


def _as_lab(values: Floats) -> Lab:
    return (float(values[0]), float(values[1]), float(values[2]))
