"""Backgrounds of the world: sky, ground and a few things standing about."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
from PIL import Image

from textinv_app.crayon.brush import Brush, ellipse, smooth
from textinv_app.crayon.palette import (
    PLAIN_COLOURS,
    WHITE,
    Rgb,
    darker,
    jittered,
    lighter,
    mix,
)


def paint_backdrop(
    size_pixels: int, background: str, background_colour: str, rng: random.Random
) -> Image.Image:
    """Return an RGB picture of the background alone."""
    if background == "plain":
        colour = jittered(PLAIN_COLOURS[background_colour], rng, 0.6)
        return _gradient(size_pixels, lighter(colour, 0.25), darker(colour, 0.10))
    top, bottom, painter = _PAINTERS[background]
    image = _gradient(size_pixels, jittered(top, rng, 0.7), jittered(bottom, rng, 0.7))
    painter(Brush(image), rng)
    return image


def _gradient(size_pixels: int, top: Rgb, bottom: Rgb) -> Image.Image:
    share = np.linspace(0, 1, size_pixels)[:, None]
    column = np.array(top) * (1 - share) + np.array(bottom) * share
    pixels = np.repeat(column[:, None, :], size_pixels, axis=1)
    return Image.fromarray(pixels.astype(np.uint8))


def _ground(brush: Brush, horizon: float, colour: Rgb, rng: random.Random) -> None:
    lift = rng.uniform(-0.03, 0.03)
    brush.fill(
        np.array(
            [
                [-0.1, horizon + lift],
                [0.25, horizon - lift * 0.5],
                [0.5, horizon - lift],
                [0.8, horizon - lift * 0.3],
                [1.1, horizon + lift],
                [1.1, 1.1],
                [-0.1, 1.1],
            ]
        ),
        colour,
    )


def _cloud(brush: Brush, x: float, y: float, size: float, colour: Rgb) -> None:
    for dx, dy, radius in ((-1.0, 0.15, 0.6), (0.0, -0.1, 0.85), (0.95, 0.15, 0.6)):
        centre = (x + dx * size, y + dy * size)
        brush.fill(ellipse(centre, (size * radius * 1.2, size * radius * 0.75)), colour)


def _fir(brush: Brush, x: float, foot: float, height: float, colour: Rgb) -> None:
    brush.fill(
        np.array(
            [
                [x - height * 0.06, foot],
                [x + height * 0.06, foot],
                [x + height * 0.06, foot - height * 0.3],
                [x - height * 0.06, foot - height * 0.3],
            ]
        ),
        (104, 72, 48),
    )
    for level in range(3):
        base = foot - height * (0.18 + 0.24 * level)
        half = height * (0.34 - 0.08 * level)
        brush.fill(
            np.array([[x - half, base], [x + half, base], [x, base - height * 0.40]]),
            lighter(colour, 0.06 * level),
        )


def _snow(brush: Brush, rng: random.Random) -> None:
    horizon = rng.uniform(0.52, 0.66)
    for _ in range(rng.randint(1, 3)):
        x = rng.choice((rng.uniform(0.0, 0.25), rng.uniform(0.75, 1.0)))
        fir = jittered((92, 136, 128), rng)
        _fir(brush, x, horizon + 0.05, rng.uniform(0.25, 0.45), fir)
    _ground(brush, horizon, jittered((240, 246, 252), rng, 0.3), rng)
    drift = ellipse((rng.uniform(0, 1), 0.98), (rng.uniform(0.3, 0.6), 0.12))
    brush.veil(drift, (200, 216, 240), 0.55)
    for _ in range(26):
        centre = (rng.random(), rng.random() * 0.9)
        radius = rng.uniform(0.006, 0.014)
        brush.fill(ellipse(centre, (radius, radius)), WHITE)


def _beach(brush: Brush, rng: random.Random) -> None:
    horizon = rng.uniform(0.34, 0.46)
    sun = (rng.choice((rng.uniform(0.08, 0.28), rng.uniform(0.72, 0.92))), rng.uniform(0.1, 0.2))
    brush.fill(ellipse(sun, (0.075, 0.075)), (255, 236, 140))
    sea = jittered((44, 150, 196), rng)
    brush.fill(np.array([[0, horizon], [1, horizon], [1, 1.0], [0, 1.0]]), sea)
    for _ in range(5):
        x, y = rng.random(), rng.uniform(horizon + 0.02, horizon + 0.18)
        brush.stroke(np.array([[x, y], [x + rng.uniform(0.06, 0.14), y]]), lighter(sea, 0.45), 0.01)
    shore = horizon + rng.uniform(0.18, 0.24)
    _ground(brush, shore - 0.015, (236, 248, 250), rng)
    _ground(brush, shore + 0.015, jittered((244, 216, 158), rng, 0.5), rng)


def _meadow(brush: Brush, rng: random.Random) -> None:
    horizon = rng.uniform(0.50, 0.64)
    for _ in range(rng.randint(1, 2)):
        place = (rng.random(), rng.uniform(0.08, 0.24))
        _cloud(brush, *place, rng.uniform(0.07, 0.11), WHITE)
    grass = jittered((118, 186, 84), rng)
    hill = ellipse((rng.random(), horizon + 0.12), (0.5, 0.2))
    brush.fill(hill, lighter(darker(grass, 0.12), 0.1))
    _ground(brush, horizon, grass, rng)
    for _ in range(18):
        x, y = rng.random(), rng.uniform(horizon + 0.06, 0.98)
        blade = np.array([[x - 0.012, y], [x, y - 0.045], [x + 0.012, y]])
        brush.fill(blade, darker(grass, 0.22))
    petal = rng.choice(((255, 255, 255), (250, 214, 70), (240, 120, 150), (186, 130, 220)))
    for _ in range(9):
        x, y = rng.random(), rng.uniform(horizon + 0.05, 0.97)
        brush.fill(ellipse((x, y), (0.02, 0.018)), petal)
        brush.fill(ellipse((x, y), (0.008, 0.008)), (240, 170, 40))


def _room(brush: Brush, rng: random.Random) -> None:
    floor = rng.uniform(0.62, 0.70)
    wood = jittered((176, 124, 82), rng)
    frame = jittered((250, 244, 232), rng, 0.3)
    left = rng.choice((0.06, 0.64))
    window = np.array([[left, 0.1], [left + 0.3, 0.1], [left + 0.3, 0.42], [left, 0.42]])
    brush.fill(window, frame)
    pane = jittered((168, 214, 240), rng)
    for x in (left + 0.02, left + 0.16):
        for y in (0.12, 0.27):
            corners = [[x, y], [x + 0.12, y], [x + 0.12, y + 0.13], [x, y + 0.13]]
            brush.fill(np.array(corners), pane)
    brush.fill(np.array([[0, floor], [1, floor], [1, 1.0], [0, 1.0]]), wood)
    for y in (floor + 0.1, floor + 0.22):
        brush.stroke(np.array([[0.0, y], [1.0, y]]), darker(wood, 0.2), 0.008)
    skirting = np.array([[0, floor - 0.02], [1, floor - 0.02], [1, floor], [0, floor]])
    brush.fill(skirting, frame)
    rug = jittered(rng.choice(((196, 70, 70), (72, 110, 170), (150, 110, 170))), rng)
    brush.fill(ellipse((0.5, 0.92), (0.46, 0.12)), rug)
    brush.fill(ellipse((0.5, 0.92), (0.38, 0.085)), lighter(rug, 0.35))


def _night(brush: Brush, rng: random.Random) -> None:
    for _ in range(26):
        radius = rng.uniform(0.004, 0.011)
        centre = (rng.random(), rng.random() * 0.62)
        brush.fill(ellipse(centre, (radius, radius)), (255, 250, 214))
    moon = (rng.choice((rng.uniform(0.1, 0.26), rng.uniform(0.74, 0.9))), rng.uniform(0.11, 0.2))
    brush.fill(ellipse(moon, (0.085, 0.085)), (250, 240, 190))
    brush.fill(ellipse((moon[0] + 0.035, moon[1] - 0.02), (0.07, 0.07)), (44, 50, 104))
    horizon = rng.uniform(0.62, 0.72)
    _ground(brush, horizon, jittered((48, 62, 92), rng), rng)


def _forest(brush: Brush, rng: random.Random) -> None:
    far = jittered((96, 148, 108), rng)
    for place in range(7):
        x = place / 6 + rng.uniform(-0.05, 0.05)
        _fir(brush, x, 0.62, rng.uniform(0.35, 0.55), far)
    for x in (rng.uniform(-0.02, 0.12), rng.uniform(0.88, 1.02)):
        trunk = jittered((108, 74, 50), rng)
        width = rng.uniform(0.06, 0.09)
        corners = [[x - width, 0.8], [x - width * 0.7, 0], [x + width * 0.7, 0], [x + width, 0.8]]
        brush.fill(np.array(corners), trunk)
        crown = jittered((52, 108, 62), rng)
        brush.fill(ellipse((x, 0.02), (0.24, 0.14)), crown)
    _ground(brush, rng.uniform(0.60, 0.68), jittered((92, 112, 60), rng), rng)
    for _ in range(8):
        x, y = rng.random(), rng.uniform(0.72, 0.98)
        leaf = rng.choice(((206, 120, 48), (160, 90, 48), (212, 168, 60)))
        brush.fill(ellipse((x, y), (0.022, 0.012), rng.uniform(0, 180)), leaf)


def _mountains(brush: Brush, rng: random.Random) -> None:
    rock = jittered((128, 138, 168), rng)
    for index in range(3):
        x = index * 0.38 + rng.uniform(-0.05, 0.2)
        peak = rng.uniform(0.1, 0.26)
        half = rng.uniform(0.3, 0.4)
        shade = mix(rock, (176, 190, 216), 0.2 * index)
        brush.fill(np.array([[x - half, 0.66], [x, peak], [x + half, 0.66]]), shade)
        cap = (0.66 - peak) * 0.3
        inner = half * 0.3
        brush.fill(
            np.array(
                [
                    [x - inner, peak + cap],
                    [x, peak],
                    [x + inner, peak + cap],
                    [x + inner * 0.3, peak + cap * 0.75],
                    [x - inner * 0.2, peak + cap * 1.1],
                ]
            ),
            WHITE,
        )
    _ground(brush, 0.62, jittered((136, 164, 108), rng), rng)
    for _ in range(6):
        x, y = rng.random(), rng.uniform(0.68, 0.96)
        stone = [(x - 0.04, y), (x - 0.02, y - 0.03), (x + 0.03, y - 0.025), (x + 0.045, y)]
        brush.fill(smooth(stone), jittered((168, 166, 164), rng))


_PAINTERS: dict[str, tuple[Rgb, Rgb, Callable[[Brush, random.Random], None]]] = {
    "snow": ((176, 206, 236), (226, 238, 250), _snow),
    "beach": ((122, 196, 240), (214, 238, 250), _beach),
    "meadow": ((132, 196, 242), (222, 240, 250), _meadow),
    "room": ((238, 214, 184), (228, 196, 160), _room),
    "night": ((28, 32, 78), (66, 74, 134), _night),
    "forest": ((186, 214, 190), (150, 190, 150), _forest),
    "mountains": ((152, 192, 236), (236, 232, 224), _mountains),
}


def ground_shadow(brush: Brush, centre: tuple[float, float], radii: tuple[float, float]) -> None:
    """Draw the soft shadow a body casts on the ground."""
    for step in range(3):
        grow = 1.15 - 0.2 * step
        shape = ellipse(centre, (radii[0] * grow, radii[1] * grow))
        brush.veil(shape, (24, 18, 48), 0.10 + 0.02 * math.sqrt(step))
