"""Plain verdicts on a decoded photo: small, blurred, dark, the same as another, mirrored copy.

Pure functions of arrays. The thresholds were set on 21 pet photos (four animals, indoors and out,
some with a blurred background, some in low light) and on spoilt copies of them; beside each
constant stand the nearest values seen on its two sides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""Shape (height, width, 3), RGB."""
Grey = npt.NDArray[np.float64]
"""Shape (height, width), 0 to 255."""

VerdictName = Literal["fine", "small", "blurred", "dark", "same_as", "mirrored_copy_of"]

SMALL_SIDE_PIXELS = 192
"""Side of the square below which a photo is small: a 512 pixel model would see it blown up 2.7
times."""
BLURRED_BELOW = 120.0
"""Good photos: 597 and more. Blurred by 1, 2, 3, 4 pixels in 512: medians 308, 77, 25, 12."""
DARK_BELOW = 48.0
"""Good photos, a ginger cat in deep shade among them: 107 and more. One underexposed photo: 17."""
SAME_ABOVE = 0.97
"""Different photos of one animal: 0.72 and less; different drawings of one: 0.954 and less. The
same photo shrunk, darkened and saved badly: 0.998 and more; trimmed by 1 % on each side: 0.98."""

_SHARPNESS_SIDE_PIXELS = 256
_BLOCKS = 8
_SHARPEST_BLOCKS = 6
_FINGERPRINT_SIDE = 16
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Measurements:
    """What is measured on one photo."""

    short_side_pixels: int
    sharpness: float
    """Variance of the Laplacian in the sharpest parts, in grey levels squared."""
    brightness: float
    """95th percentile of the grey levels, 0 to 255."""
    fingerprint: str
    """512 hex digits: grey levels of the photo shrunk to 16 by 16, row by row."""


@dataclass(frozen=True)
class Verdict:
    """One plain word about a photo; ``other`` names the other photo of a copy."""

    name: VerdictName
    other: str = ""


def measure(pixels: Pixels) -> Measurements:
    """Measure a photo of shape (height, width, 3); a few milliseconds for 2048 pixels."""
    height, width = pixels.shape[:2]
    grey = pixels @ _LUMA
    return Measurements(
        short_side_pixels=min(height, width),
        sharpness=sharpness(grey),
        brightness=float(np.percentile(grey, 95)),
        fingerprint=fingerprint(grey),
    )


def judge(
    measurements: Measurements,
    others: Iterable[tuple[str, str]] = (),
    square_side_pixels: int | None = None,
) -> Verdict:
    """Return the verdict on a photo; ``others`` are (display name, fingerprint) of earlier photos.

    The model sees a square of ``square_side_pixels``, or the largest there is. The photo's own
    faults come first: a blurred copy is better known as blurred.
    """
    if (square_side_pixels or measurements.short_side_pixels) < SMALL_SIDE_PIXELS:
        return Verdict("small")
    if measurements.brightness < DARK_BELOW:
        return Verdict("dark")
    if measurements.sharpness < BLURRED_BELOW:
        return Verdict("blurred")
    for other_name, other_fingerprint in others:
        if similarity(measurements.fingerprint, other_fingerprint) > SAME_ABOVE:
            return Verdict("same_as", other_name)
        if similarity(mirrored(measurements.fingerprint), other_fingerprint) > SAME_ABOVE:
            return Verdict("mirrored_copy_of", other_name)
    return Verdict("fine")


def shrink(image: Grey, height: int, width: int) -> Grey:
    """Shrink by averaging whole areas, exactly, also where sizes do not divide."""
    return _averaging(image.shape[0], height) @ image @ _averaging(image.shape[1], width).T


def _averaging(old: int, new: int) -> Grey:
    """Matrix of shape (new, old) whose rows average equal stretches of ``old`` pixels."""
    edges = np.linspace(0, old, new + 1)
    starts, ends = edges[:-1, None], edges[1:, None]
    positions = np.arange(old)[None, :]
    overlap = np.minimum(ends, positions + 1) - np.maximum(starts, positions)
    weights: Grey = np.clip(overlap, 0, 1)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def sharpness(grey: Grey) -> float:
    """Return the mean variance of the Laplacian in the six sharpest of 8 by 8 blocks.

    Taken at a shorter side of 256, so that photos of all sizes compare; the sharpest blocks, so
    that a blurred background does not count against the animal. Source: Pech-Pacheco et al. 2000,
    "Diatom autofocusing in brightfield microscopy".
    """
    height, width = grey.shape
    scale = min(1.0, _SHARPNESS_SIDE_PIXELS / min(height, width))
    small = shrink(grey, max(3, round(height * scale)), max(3, round(width * scale)))
    inner = small[1:-1, 1:-1]
    laplacian = small[1:-1, 2:] + small[1:-1, :-2] + small[2:, 1:-1] + small[:-2, 1:-1] - 4 * inner
    blocks = [
        float(block.var())
        for rows in np.array_split(laplacian, _BLOCKS, axis=0)
        for block in np.array_split(rows, _BLOCKS, axis=1)
        if block.size
    ]
    return float(np.mean(sorted(blocks)[-_SHARPEST_BLOCKS:]))


def fingerprint(grey: Grey) -> str:
    """Return the grey levels of the photo shrunk to 16 by 16 as 512 hex digits."""
    small = shrink(grey, _FINGERPRINT_SIDE, _FINGERPRINT_SIDE)
    return np.round(small).clip(0, 255).astype(np.uint8).tobytes().hex()


def mirrored(photo_fingerprint: str) -> str:
    """Return the fingerprint that the left-right mirrored photo has."""
    return _levels(photo_fingerprint)[:, ::-1].tobytes().hex()


def similarity(first: str, second: str) -> float:
    """Correlation of two fingerprints, -1 to 1; brightness and contrast do not matter to it."""
    a, b = (_levels(text).astype(np.float64) for text in (first, second))
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float((a * b).sum()) / norm if norm > 0 else float(first == second)


def _levels(photo_fingerprint: str) -> npt.NDArray[np.uint8]:
    levels = np.frombuffer(bytes.fromhex(photo_fingerprint), dtype=np.uint8)
    return levels.reshape(_FINGERPRINT_SIDE, _FINGERPRINT_SIDE)
