"""Procedural pictures with the statistics of photographs: occluding shapes over coloured noise.

After the dead-leaves model (Lee, Mumford, Huang 2001): shapes of all sizes covering one another
give edges like a photograph's; noise with a falling spectrum gives skin, fur and cloth.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter


def texture(seed: int, size_pixels: int = 128) -> npt.NDArray[np.uint8]:
    """Return one picture, `(size, size, 3)` uint8; the same seed gives the same picture."""
    rng = np.random.default_rng(seed)
    base = _coloured_noise(rng, size_pixels, rng.uniform(1.0, 2.2))
    image = Image.fromarray(base)
    for _ in range(int(rng.integers(0, 28))):
        _add_leaf(image, rng)
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.6))))
    pixels = np.asarray(image, dtype=np.float64)
    if rng.random() < 0.5:
        pixels = pixels + rng.normal(0, rng.uniform(1, 7), pixels.shape)
    return pixels.clip(0, 255).astype(np.uint8)


def _coloured_noise(
    rng: np.random.Generator, size_pixels: int, slope: float
) -> npt.NDArray[np.uint8]:
    frequencies = np.fft.fftfreq(size_pixels)[:, None] ** 2 + np.fft.rfftfreq(size_pixels) ** 2
    frequencies[0, 0] = 1.0
    shape = (3, size_pixels, frequencies.shape[1])
    spectrum = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    spectrum = spectrum / frequencies ** (slope / 2)
    spectrum[:, 0, 0] = 0
    planes = np.fft.irfft2(spectrum, s=(size_pixels, size_pixels))
    planes /= planes.std(axis=(1, 2), keepdims=True) + 1e-9
    # Brightness varies most in photographs, colour much less.
    light = planes[0] * rng.uniform(15, 60)
    hue = planes[1:] * rng.uniform(2, 18)
    centre = rng.uniform(40, 215, 3)
    channels = np.stack(
        [light + hue[0] + centre[0], light + centre[1], light + hue[1] + centre[2]], axis=-1
    )
    return channels.clip(0, 255).astype(np.uint8)


def _add_leaf(image: Image.Image, rng: np.random.Generator) -> None:
    size = image.width
    radius = size * 0.5 * float(rng.random()) ** 2.2 + 2
    centre = rng.uniform(-0.1, 1.1, 2) * size
    corners = int(rng.integers(3, 9))
    smooth = rng.random() < 0.5
    angles = np.sort(rng.uniform(0, 2 * np.pi, 24 if smooth else corners))
    reach = radius * (1.0 if smooth else rng.uniform(0.5, 1.2, len(angles)))
    squash = rng.uniform(0.4, 1.0)
    points = np.stack(
        [centre[0] + np.cos(angles) * reach, centre[1] + np.sin(angles) * reach * squash], axis=1
    )
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).polygon([tuple(p) for p in points.tolist()], fill=255)
    if rng.random() < 0.3:
        mask = mask.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 3))))
    if rng.random() < 0.5:
        leaf = Image.fromarray(_coloured_noise(rng, size, float(rng.uniform(1.0, 2.4))))
    else:
        leaf = Image.new("RGB", image.size, tuple(int(v) for v in rng.integers(0, 256, 3)))
    image.paste(leaf, (0, 0), mask)
