"""Outlines of heads and ears, in coordinates where the head has radius 1.

Ears are those on the viewer's right; the other one is the mirror image.
"""

from __future__ import annotations

import numpy as np

from textinv_app.crayon.brush import Points, ellipse, smooth
from textinv_app.crayon.coats import Shape


def round_head(shape: Shape) -> Points:
    """Return the outline of a round head."""
    del shape
    return smooth(
        [
            *((0, -0.94), (0.62, -0.78), (0.98, -0.1), (0.86, 0.5), (0.42, 0.88), (0, 0.94)),
            *((-0.42, 0.88), (-0.86, 0.5), (-0.98, -0.1), (-0.62, -0.78)),
        ]
    )


def wide_head(shape: Shape) -> Points:
    """Return the outline of a wide head."""
    del shape
    return smooth(
        [
            *((0, -0.82), (0.6, -0.7), (1.0, -0.02), (1.04, 0.42), (0.55, 0.82), (0, 0.88)),
            *((-0.55, 0.82), (-1.04, 0.42), (-1.0, -0.02), (-0.6, -0.7)),
        ]
    )


def chubby_head(shape: Shape) -> Points:
    """Return the outline of a head with full cheeks."""
    del shape
    return smooth(
        [
            *((0, -0.80), (0.6, -0.66), (0.98, -0.05), (1.2, 0.46), (0.72, 0.88), (0, 0.94)),
            *((-0.72, 0.88), (-1.2, 0.46), (-0.98, -0.05), (-0.6, -0.66)),
        ]
    )


def fox_head(shape: Shape) -> Points:
    """Return the outline of a fox's pointed head."""
    del shape
    return smooth(
        [
            *((0, -0.80), (0.6, -0.7), (0.98, -0.1), (1.22, 0.34), (0.62, 0.62), (0.2, 0.98)),
            *((0, 1.02), (-0.2, 0.98), (-0.62, 0.62), (-1.22, 0.34), (-0.98, -0.1), (-0.6, -0.7)),
        ]
    )


def slim_head(shape: Shape) -> Points:
    """Return the outline of a slim head."""
    del shape
    return smooth(
        [
            *((0, -0.90), (0.55, -0.72), (0.84, -0.05), (0.86, 0.48), (0.42, 0.88), (0, 0.92)),
            *((-0.42, 0.88), (-0.86, 0.48), (-0.84, -0.05), (-0.55, -0.72)),
        ]
    )


def floppy_ear(shape: Shape) -> Points:
    """Return the outline of a hanging ear."""
    low = 0.55 * shape.ear_length
    wide = 1.28 * (0.6 + 0.4 * shape.ear_width)
    return smooth(
        [
            *((0.46, -0.82), (0.86, -0.80), (wide, -0.1), (wide - 0.06, low), (0.98, low + 0.12)),
            *((0.80, low - 0.2), (0.78, -0.25)),
        ]
    )


def pointed(shape: Shape, tip: tuple[float, float], inset: float) -> Points:
    """Return the outline of a pointed ear with its tip at `tip`, drawn in by `inset`."""
    left, right = (0.22 + inset, -0.72 - inset * 0.3), (0.98 - inset, -0.28 - inset * 0.6)
    top = (tip[0], tip[1] * shape.ear_length + inset * 1.3)
    bow = ((left[0] + top[0]) / 2 - 0.03, (left[1] + top[1]) / 2 - 0.03)
    out = ((right[0] + top[0]) / 2 + 0.06, (right[1] + top[1]) / 2 - 0.03)
    return np.array([left, bow, top, out, right])


def cat_ear(shape: Shape) -> Points:
    """Return the outline of a cat's ear."""
    return pointed(shape, (0.84, -1.30), 0.0)


def cat_inner(shape: Shape) -> Points:
    """Return the outline of the inside of a cat's ear."""
    return pointed(shape, (0.80, -1.26), 0.13)


def pricked_ear(shape: Shape) -> Points:
    """Return the outline of a pricked dog's ear."""
    return pointed(shape, (0.74, -1.42), 0.0)


def pricked_inner(shape: Shape) -> Points:
    """Return the outline of the inside of a pricked ear."""
    return pointed(shape, (0.72, -1.38), 0.15)


def fox_ear(shape: Shape) -> Points:
    """Return the outline of a fox's ear."""
    return pointed(shape, (0.80, -1.52), 0.0)


def fox_inner(shape: Shape) -> Points:
    """Return the outline of the inside of a fox's ear."""
    return pointed(shape, (0.77, -1.36), 0.15)


def long_ear(shape: Shape) -> Points:
    """Return the outline of a rabbit's ear."""
    return ellipse((0.42, -1.32), (0.24 * shape.ear_width, 0.78 * shape.ear_length), -10)


def long_inner(shape: Shape) -> Points:
    """Return the outline of the inside of a rabbit's ear."""
    return ellipse((0.42, -1.28), (0.12 * shape.ear_width, 0.58 * shape.ear_length), -10)


def bear_ear(shape: Shape) -> Points:
    """Return the outline of a bear's ear."""
    return ellipse((0.70, -0.74), (0.34 * shape.ear_width, 0.34 * shape.ear_length))


def bear_inner(shape: Shape) -> Points:
    """Return the outline of the inside of a bear's ear."""
    return ellipse((0.70, -0.72), (0.19 * shape.ear_width, 0.19 * shape.ear_length))


def hamster_ear(shape: Shape) -> Points:
    """Return the outline of a hamster's ear."""
    return ellipse((0.70, -0.70), (0.25 * shape.ear_width, 0.30 * shape.ear_length), -25)


def hamster_inner(shape: Shape) -> Points:
    """Return the outline of the inside of a hamster's ear."""
    return ellipse((0.70, -0.68), (0.14 * shape.ear_width, 0.18 * shape.ear_length), -25)


def pig_ear(shape: Shape) -> Points:
    """Return the outline of a pig's ear."""
    out = 1.02 * (0.7 + 0.3 * shape.ear_width)
    return smooth(
        [(0.26, -0.86), (0.62, -1.12 * shape.ear_length), (out, -0.98), (out - 0.05, -0.38)]
    )


def no_ear(shape: Shape) -> Points:
    """Return no points, for animals without ears that show."""
    del shape
    return np.zeros((0, 2))
