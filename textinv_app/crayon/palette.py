"""Colours of the world: words for them, and the continuous shades behind the words."""

from __future__ import annotations

import colorsys
import random

Rgb = tuple[int, int, int]

FUR_COLOURS: dict[str, Rgb] = {
    "white": (244, 241, 236),
    "black": (48, 45, 52),
    "grey": (146, 149, 157),
    "brown": (126, 80, 48),
    "golden": (224, 172, 82),
    "orange": (236, 130, 52),
    "cream": (242, 217, 172),
    "red": (198, 62, 48),
    "blue": (74, 132, 208),
    "green": (94, 172, 84),
    "yellow": (246, 208, 62),
    "pink": (242, 160, 184),
}

ACCESSORY_COLOURS: dict[str, Rgb] = {
    "red": (216, 42, 48),
    "blue": (42, 92, 206),
    "green": (40, 148, 76),
    "yellow": (248, 206, 44),
    "pink": (244, 120, 172),
    "purple": (136, 70, 178),
}

EYE_COLOURS: dict[str, Rgb] = {
    "brown": (112, 66, 34),
    "blue": (70, 150, 230),
    "green": (92, 178, 82),
    "yellow": (238, 190, 50),
}

PLAIN_COLOURS: dict[str, Rgb] = {
    "blue": (150, 198, 238),
    "pink": (248, 196, 212),
    "yellow": (250, 228, 150),
    "green": (178, 220, 168),
    "purple": (206, 184, 232),
    "white": (248, 248, 248),
    "grey": (196, 198, 204),
}

INK: Rgb = (42, 34, 40)
WHITE: Rgb = (255, 255, 255)


def clamp(value: float) -> int:
    """Return the value as a channel of 0..255."""
    return max(0, min(255, round(value)))


def mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    """Return the colour that lies `share` (0..1) of the way from the first to the second."""
    return (
        clamp(first[0] + (second[0] - first[0]) * share),
        clamp(first[1] + (second[1] - first[1]) * share),
        clamp(first[2] + (second[2] - first[2]) * share),
    )


def darker(colour: Rgb, share: float) -> Rgb:
    """Return the colour shaded: towards a cool dark by `share` (0..1)."""
    return mix(colour, (38, 26, 54), share)


def lighter(colour: Rgb, share: float) -> Rgb:
    """Return the colour lit: towards a warm white by `share` (0..1)."""
    return mix(colour, (255, 250, 240), share)


def jittered(colour: Rgb, rng: random.Random, amount: float = 1.0) -> Rgb:
    """Return a near shade of the colour: hue, saturation and value moved a little."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in colour))
    hue = (hue + rng.gauss(0, 0.012) * amount) % 1.0
    saturation = max(0.0, min(1.0, saturation * (1 + rng.gauss(0, 0.10) * amount)))
    value = max(0.0, min(1.0, value * (1 + rng.gauss(0, 0.055) * amount)))
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return (clamp(red * 255), clamp(green * 255), clamp(blue * 255))


def luminance(colour: Rgb) -> float:
    """Return how bright the colour looks, 0..255."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
