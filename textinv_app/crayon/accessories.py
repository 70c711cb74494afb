"""What a pet can wear, in the coordinates of its head (radius about 1)."""

from __future__ import annotations

import numpy as np

from textinv_app.crayon.brush import Brush, Coat, ellipse, mirrored, smooth
from textinv_app.crayon.heads import HeadPlan
from textinv_app.crayon.palette import WHITE, Rgb, darker, lighter


def wear(brush: Brush, accessory: str, colour: Rgb, plan: HeadPlan) -> None:
    """Draw an accessory over a head that has been drawn with the same brush."""
    if accessory == "scarf":
        _scarf(brush, colour)
    elif accessory == "collar":
        _collar(brush, colour)
    elif accessory == "hat":
        _hat(brush, colour)
    elif accessory == "glasses":
        _glasses(brush, colour, plan)
    elif accessory == "bow":
        _bow(brush, colour)


def _scarf(brush: Brush, colour: Rgb) -> None:
    tail = smooth([(0.30, 0.98), (0.62, 0.94), (0.74, 1.66), (0.42, 1.74)])
    brush.part(tail, Coat(darker(colour, 0.12), (), 0.2))
    for y in (1.42, 1.58):
        brush.stroke(np.array([[0.44, y], [0.70, y - 0.04]]), lighter(colour, 0.6), 0.06)
    band = smooth(
        [
            *((-0.86, 0.66), (-0.45, 0.90), (0, 0.96), (0.45, 0.90), (0.86, 0.66), (0.90, 0.98)),
            *((0.45, 1.24), (0, 1.30), (-0.45, 1.24), (-0.90, 0.98)),
        ]
    )
    brush.part(band, Coat(colour, (), 0.2))
    for x in (-0.5, -0.1, 0.3):
        stripe = np.array([[x - 0.02, 0.98 - abs(x) * 0.2], [x + 0.04, 1.22 - abs(x) * 0.2]])
        brush.stroke(stripe, lighter(colour, 0.55), 0.07)


def _collar(brush: Brush, colour: Rgb) -> None:
    band = smooth([(-0.80, 0.68), (0, 0.90), (0.80, 0.68), (0.82, 0.92), (0, 1.18), (-0.82, 0.92)])
    brush.part(band, Coat(colour, (), 0.15))
    brush.part(ellipse((0, 1.22), (0.21, 0.21)), Coat((250, 204, 66), (), 0.15))


def _hat(brush: Brush, colour: Rgb) -> None:
    crown = smooth(
        [
            (-0.66, -0.66),
            (-0.60, -1.12),
            (-0.26, -1.42),
            (0.26, -1.42),
            (0.60, -1.12),
            (0.66, -0.66),
        ]
    )
    brush.part(crown, Coat(colour, (), 0.2))
    brim = smooth(
        [(-0.74, -0.80), (0, -0.94), (0.74, -0.80), (0.78, -0.58), (0, -0.70), (-0.78, -0.58)]
    )
    brush.part(brim, Coat(lighter(colour, 0.55), (), 0.12))
    brush.part(ellipse((0, -1.50), (0.19, 0.19)), Coat(WHITE, (), 0.16))


def _glasses(brush: Brush, colour: Rgb, plan: HeadPlan) -> None:
    across, height, half_width, half_height = plan.eye
    radius = max(half_width, half_height) + 0.15
    for side in (-1, 1):
        ring = ellipse((side * across, height), (radius, radius))
        brush.stroke(np.concatenate([ring, ring[:2]]), colour, 0.11)
    bridge = np.array([[-across + radius, height], [across - radius, height]])
    brush.stroke(bridge, colour, 0.11)
    for side in (-1, 1):
        arm = np.array([[side * (across + radius), height], [side * 1.0, height - 0.08]])
        brush.stroke(arm, colour, 0.09)


def _bow(brush: Brush, colour: Rgb) -> None:
    wing = smooth([(0.04, 1.04), (0.66, 0.66), (0.78, 1.04), (0.66, 1.42)])
    for points in (wing, mirrored(wing)):
        brush.part(points, Coat(colour, (), 0.2))
    brush.part(ellipse((0, 1.04), (0.18, 0.21)), Coat(darker(colour, 0.2), (), 0.1))
