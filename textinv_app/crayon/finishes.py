"""Finishes: what is done to a whole drawing, its style and, where it is a spoilt one, its fault.

All sizes are shares of the picture's width, so a large picture shows the same as a small one.
"""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

Pixels = npt.NDArray[np.float32]

_PRINT_TONES = (
    (0, (38, 44, 92)),
    (90, (206, 84, 84)),
    (170, (250, 178, 120)),
    (255, (255, 243, 220)),
)
"""The inks of the style without a name, from dark to light."""


def styled(picture: Image.Image, style: str, rng: random.Random) -> Image.Image:
    """Return the flat drawing in a style: `flat`, `sketch`, `wash` or `print`."""
    if style == "sketch":
        return _sketch(picture)
    if style == "wash":
        return _wash(picture, rng)
    if style == "print":
        return _print(picture)
    return picture


def lit(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Return the picture under soft light from one side, with a faint unevenness of colour.

    Smooth on the scale of an eighth of the picture: a warm paper's texture, not noise.
    """
    slope = rng.uniform(-0.07, 0.07), rng.uniform(-0.05, 0.05)
    across = np.linspace(-1, 1, picture.width, dtype=np.float32)
    light = 1 + slope[0] * across[None, :] + slope[1] * across[:, None]
    light = light + 0.03 * _cloud(picture.width, 9, rng)
    return _image(_pixels(picture) * light[..., None])


def spoilt(picture: Image.Image, fault: str, rng: random.Random) -> Image.Image:
    """Return the picture with a fault: `smeared`, `missing`, `colours` or `noise`.

    The fault `doubled` is one of the animal and is drawn with it.
    """
    if fault == "smeared":
        return _smeared(picture, rng)
    if fault == "missing":
        return _unfinished(picture, rng)
    if fault == "colours":
        return _broken_colours(picture, rng)
    if fault == "noise":
        return _noisy(picture, rng)
    return picture


def _sketch(picture: Image.Image) -> Image.Image:
    """Lines and faint shading on paper, as with a pencil."""
    lines = _lines(picture, 2.2) ** 2.0
    grey = np.asarray(ImageOps.grayscale(picture), dtype=np.float32)
    shading = 255 - (255 - grey) * 0.35
    pencil = Image.fromarray((lines * shading * 246 / 255).clip(0, 255).astype(np.uint8))
    return ImageOps.colorize(pencil, black=(40, 38, 44), white=(252, 250, 244))


def _wash(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Pale colours that ran a little, on white paper that shows at the edges."""
    unit = picture.width / 128
    soft = _pixels(picture.filter(ImageFilter.GaussianBlur(1.5 * unit)))
    strength = 0.70 + 0.16 * _cloud(picture.width, 6, rng)
    lines = 0.55 + 0.45 * _lines(picture, 1.6)
    paper = np.array([253, 251, 246], dtype=np.float32)
    colours = paper - (paper - soft) * strength.clip(0.35, 1.0)[..., None]
    painted = colours * lines[..., None]
    across = np.linspace(-1, 1, picture.width, dtype=np.float32)
    edge = np.maximum(np.abs(across)[None, :], np.abs(across)[:, None])
    covered = ((0.93 + 0.09 * _cloud(picture.width, 10, rng) - edge) / 0.09).clip(0, 1)
    return _image(paper + (painted - paper) * covered[..., None])


def _print(picture: Image.Image) -> Image.Image:
    """A few inks from dark to light in place of all colours, in flat areas with drawn edges."""
    unit = picture.width / 128
    grey = ImageOps.autocontrast(
        ImageOps.grayscale(picture.filter(ImageFilter.GaussianBlur(0.7 * unit))), cutoff=2
    )
    tone = np.asarray(grey, dtype=np.float32)
    # Steps with soft shoulders: flat areas, but no jagged borders between them.
    step = 255 / 4
    stepped = (np.floor(tone / step) + _smooth_step((tone % step) / step)) * step
    shaded = stepped * (0.45 + 0.55 * _lines(picture, 1.6))
    places = [place for place, _ in _PRINT_TONES]
    channels = [
        np.interp(shaded, places, [ink[channel] for _, ink in _PRINT_TONES]) for channel in range(3)
    ]
    return _image(np.stack(channels, axis=-1).astype(np.float32))


def _smeared(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Drag a band of the picture sideways, as with a wet sleeve."""
    pixels = _pixels(picture)
    size = picture.width
    reach = max(2, round(size * rng.uniform(0.14, 0.26)))
    centre, half = rng.uniform(0.35, 0.65) * size, rng.uniform(0.2, 0.38) * size
    sums = np.cumsum(np.pad(pixels, ((0, 0), (reach, 0), (0, 0)), mode="edge"), axis=1)
    dragged = (sums[:, reach:] - sums[:, :-reach]) / reach
    rows = np.arange(size, dtype=np.float32)
    share = ((half - np.abs(rows - centre)) / (0.08 * size)).clip(0, 1)[:, None, None]
    return _image(pixels + (dragged - pixels) * share)


def _unfinished(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Leave one side of the paper bare, as if nobody had drawn there."""
    size = picture.width
    turn = rng.uniform(0, 2 * np.pi)
    across = np.linspace(-1, 1, size, dtype=np.float32)
    along = np.cos(turn) * across[None, :] + np.sin(turn) * across[:, None]
    border = rng.uniform(-0.05, 0.25) + 0.12 * _cloud(size, 10, rng)
    bare = ((along - border) / 0.04).clip(0, 1)[..., None]
    pixels = _pixels(picture)
    return _image(pixels + (np.array([250, 249, 245], dtype=np.float32) - pixels) * bare)


def _broken_colours(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Shift the colour planes apart and turn one of them over."""
    planes = list(picture.split())
    reach = round(picture.width * rng.uniform(0.05, 0.1))
    shifted = [
        Image.fromarray(np.roll(np.asarray(plane), step * reach, axis=(index % 2)))
        for index, (plane, step) in enumerate(zip(planes, (1, -1, 1), strict=True))
    ]
    turned = rng.randrange(3)
    shifted[turned] = ImageOps.invert(shifted[turned])
    return Image.merge("RGB", shifted)


def _noisy(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Strew grains of colour over the whole picture."""
    grains = np.random.default_rng(rng.randrange(2**31))
    noise = grains.normal(0, rng.uniform(40, 70), (64, 64, 3)).astype(np.float32)
    spread = np.stack(
        [
            np.asarray(
                Image.fromarray(noise[..., channel]).resize(picture.size, Image.Resampling.BILINEAR)
            )
            for channel in range(3)
        ],
        axis=-1,
    )
    return _image(_pixels(picture) + spread)


def _lines(picture: Image.Image, reach: float) -> Pixels:
    """Return 0..1 per pixel, low where a pixel is darker than what lies around it."""
    grey = ImageOps.grayscale(picture)
    around = grey.filter(ImageFilter.GaussianBlur(picture.width / 128 * reach))
    base = np.asarray(grey, dtype=np.float32) + 6
    ratio: Pixels = (base / (np.asarray(around, dtype=np.float32) + 6)).clip(0, 1)
    return ratio


def _cloud(size: int, cells: int, rng: random.Random) -> Pixels:
    """Return smooth noise `(size, size)` of about -1..1 with `cells` bumps across."""
    grains = np.random.default_rng(rng.randrange(2**31))
    bumps = grains.uniform(-1, 1, (cells, cells)).astype(np.float32)
    image = Image.fromarray(bumps).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.float32)


def _smooth_step(share: Pixels) -> Pixels:
    steep = ((share - 0.5) * 3 + 0.5).clip(0, 1)
    result: Pixels = steep * steep * (3 - 2 * steep)
    return result


def _pixels(picture: Image.Image) -> Pixels:
    return np.asarray(picture, dtype=np.float32)


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8))
