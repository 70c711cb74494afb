"""Bodies of the animals: torso, legs and tail for each pose, in coordinates of the picture."""

from __future__ import annotations

import dataclasses

import numpy as np

from textinv_app.crayon.backdrops import ground_shadow
from textinv_app.crayon.brush import Brush, Coat, Points, ellipse, mirrored, smooth
from textinv_app.crayon.coats import Coats, Shape, spread_over
from textinv_app.crayon.palette import WHITE, darker, lighter
from textinv_app.crayon.world import Pet


@dataclasses.dataclass(frozen=True)
class HeadPlace:
    """Where the head sits: centre and radius as shares of the picture."""

    centre: tuple[float, float]
    radius: float


def draw_body(
    brush: Brush, pet: Pet, pose: str, facing: str, shape: Shape, coats: Coats
) -> HeadPlace:
    """Draw everything below the head and return where the head belongs."""
    if pose == "close-up":
        return _close_up(brush, shape, coats)
    if pet.species == "parrot":
        return _parrot(brush, pose, facing, shape, coats)
    if pose == "standing":
        return _standing(brush, pet, facing, shape, coats)
    if pose == "lying":
        return _lying(brush, pet, facing, shape, coats)
    return _sitting(brush, pet, facing, shape, coats)


def _belly(pet: Pet, coats: Coats) -> Coat:
    colour = WHITE if pet.species == "fox" else lighter(coats.limb.colour, 0.45)
    return Coat(colour, (), 0.0)


def _tail(brush: Brush, pet: Pet, shape: Shape, coats: Coats) -> None:
    """Draw a tail that starts at the origin and points right and up; length about 1."""
    reach = shape.tail
    if pet.species == "fox":
        plume = smooth(
            [(0, 0.1), (0.5, 0.22), (1.0, -0.2), (0.95 * reach, -0.95), (0.5, -0.5), (0.1, -0.3)]
        )
        brush.part(plume, Coat(coats.limb.colour, (), 0.2))
        tip = smooth([(0.98, -0.45), (0.95 * reach, -0.95), (0.62, -0.62), (0.78, -0.5)])
        brush.fill(tip, WHITE)
    elif pet.species == "cat":
        tail = smooth(
            [
                (0, 0.12),
                (0.6, 0.2),
                (0.98, -0.2),
                (0.9, -0.8 * reach),
                (1.1, -1.1 * reach),
                (0.86, -1.2 * reach),
                (0.68, -0.75 * reach),
                (0.74, -0.2),
                (0.45, -0.02),
                (0, -0.1),
            ]
        )
        brush.part(tail, coats.tail)
    elif pet.species == "dog":
        tail = smooth(
            [
                (0, 0.14),
                (0.5, 0.0),
                (0.85, -0.45 * reach),
                (0.78, -0.85 * reach),
                (0.58, -0.6 * reach),
                (0.3, -0.25),
                (0, -0.12),
            ]
        )
        brush.part(tail, coats.tail)
    elif pet.species == "rabbit":
        brush.part(
            ellipse((0.16, -0.05), (0.32, 0.30)), Coat(lighter(coats.limb.colour, 0.6), (), 0.15)
        )
    elif pet.species == "pig":
        turn = np.linspace(0, 11, 40)[:, None]
        curl = np.concatenate(
            [turn * 0.05 + 0.12 * np.sin(turn), -0.1 + 0.13 * np.cos(turn)], axis=1
        )
        brush.stroke(curl, darker(coats.limb.colour, 0.25), 0.09)
    elif pet.species == "bear":
        brush.part(ellipse((0.1, 0.0), (0.2, 0.2)), coats.limb)


def _limb(brush: Brush, points: Points, coat: Coat) -> None:
    brush.part(points, spread_over(points, coat))


def _feet(brush: Brush, places: list[float], y: float, radius: float, coats: Coats) -> None:
    for x in places:
        paw = ellipse((x, y), (radius * 1.1, radius * 0.78))
        brush.part(paw, Coat(lighter(coats.limb.colour, 0.16), (), 0.16))


def _sitting(brush: Brush, pet: Pet, facing: str, shape: Shape, coats: Coats) -> HeadPlace:
    side = 1 if facing == "left" else -1
    wide = 0.20 * shape.body_width * (1.18 if pet.species in ("bear", "hamster", "pig") else 1.0)
    ground_shadow(brush, (0.5, 0.905), (wide * 1.5, 0.05))
    _tail(brush.at((0.5 + side * wide * 0.75, 0.83), (side * 0.24, 0.24)), pet, shape, coats)
    for x in (0.5 - wide * 0.86, 0.5 + wide * 0.86):
        _limb(brush, ellipse((x, 0.82), (0.095, 0.09)), coats.limb)
    torso = smooth(
        [
            (0, -1),
            (0.62, -0.62),
            (1.0, 0.3),
            (0.84, 0.94),
            (0, 1.08),
            (-0.84, 0.94),
            (-1.0, 0.3),
            (-0.62, -0.62),
        ]
    )
    body = brush.at((0.5, 0.70), (wide, 0.20))
    body.part(torso, coats.body)
    body.veil(ellipse((0, 0.22), (0.50, 0.62)), _belly(pet, coats).colour, 0.85)
    for x in (0.5 - 0.07, 0.5 + 0.07):
        leg = smooth([(x - 0.042, 0.68), (x + 0.042, 0.68), (x + 0.048, 0.88), (x - 0.048, 0.88)])
        _limb(brush, leg, coats.limb)
    _feet(brush, [0.5 - 0.075, 0.5 + 0.075], 0.885, 0.055, coats)
    _feet(brush, [0.5 - wide * 1.02, 0.5 + wide * 1.02], 0.895, 0.055, coats)
    low = pet.species == "hamster"
    return HeadPlace((0.5, 0.46 if low else 0.41), 0.245 if low else 0.235)


def _standing(brush: Brush, pet: Pet, facing: str, shape: Shape, coats: Coats) -> HeadPlace:
    side = 1 if facing == "right" else -1
    frame = brush.at((0.5, 0), (side, 1))
    tall = 0.135 * shape.body_width * (1.2 if pet.species in ("bear", "pig", "hamster") else 1.0)
    ground_shadow(frame, (-0.03, 0.905), (0.34, 0.045))
    far = Coat(darker(coats.limb.colour, 0.28), coats.limb.spots, 0.1)
    for x in (-0.16, 0.16):
        _limb(frame, _leg(x), far)
    _tail(frame.at((-0.26, 0.60), (-0.22, 0.22)), pet, shape, coats)
    torso = smooth(
        [
            (-1.0, -0.1),
            (-0.7, -0.9),
            (0.2, -0.86),
            (0.95, -0.75),
            (1.02, 0.25),
            (0.5, 0.85),
            (-0.4, 0.9),
            (-0.95, 0.6),
        ]
    )
    body = frame.at((-0.02, 0.655), (0.28, tall))
    body.part(torso, coats.body)
    body.veil(ellipse((0.0, 0.72), (0.6, 0.22)), _belly(pet, coats).colour, 0.6)
    for x in (-0.22, 0.10):
        _limb(frame, _leg(x), coats.limb)
        _feet(frame, [x + 0.012], 0.885, 0.052, coats)
    return HeadPlace((0.5 + side * 0.19, 0.44), 0.205)


def _leg(x: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return smooth([(x - 0.052, 0.66), (x + 0.052, 0.66), (x + 0.046, 0.88), (x - 0.042, 0.88)])


def _lying(brush: Brush, pet: Pet, facing: str, shape: Shape, coats: Coats) -> HeadPlace:
    side = 1 if facing == "right" else -1
    frame = brush.at((0.5, 0), (side, 1))
    ground_shadow(frame, (-0.02, 0.90), (0.42, 0.05))
    _tail(frame.at((-0.34, 0.82), (-0.17, 0.17)), pet, shape, coats)
    torso = smooth(
        [
            (-1.0, 0.3),
            (-0.8, -0.55),
            (-0.1, -0.8),
            (0.7, -0.7),
            (1.0, 0.2),
            (0.85, 0.92),
            (0, 1.0),
            (-0.85, 0.95),
        ]
    )
    body = frame.at((-0.04, 0.765), (0.35, 0.135 * shape.body_width))
    body.part(torso, coats.body)
    _limb(frame, ellipse((-0.24, 0.83), (0.13, 0.085)), coats.limb)
    for x in (0.10, 0.30):
        paw = ellipse((x, 0.885), (0.095, 0.042))
        frame.part(paw, Coat(lighter(coats.limb.colour, 0.16), (), 0.16))
    return HeadPlace((0.5 + side * 0.16, 0.60), 0.215)


def _close_up(brush: Brush, shape: Shape, coats: Coats) -> HeadPlace:
    chest = brush.at((0.5, 1.06), (0.36 * shape.body_width, 0.30))
    chest.part(
        smooth([(0, -1), (0.7, -0.75), (1.05, 0.2), (0, 0.9), (-1.05, 0.2), (-0.7, -0.75)]),
        coats.body,
    )
    chest.veil(ellipse((0, -0.2), (0.45, 0.6)), lighter(coats.limb.colour, 0.45), 0.7)
    return HeadPlace((0.5, 0.56), 0.335)


def _parrot(brush: Brush, pose: str, facing: str, shape: Shape, coats: Coats) -> HeadPlace:
    side = 1 if facing == "right" else -1
    frame = brush.at((0.5, 0), (side, 1))
    low = 0.06 if pose == "lying" else 0.0
    ground_shadow(frame, (0, 0.905), (0.24, 0.04))
    feathers = coats.body.spots[0].colour if coats.body.spots else darker(coats.body.colour, 0.2)
    lean = 0.10 if pose == "standing" else 0.0
    tail = smooth([(-0.10, 0.74), (0.02, 0.80), (-0.10 - lean, 0.97), (-0.24 - lean * 2, 0.95)])
    frame.part(tail, Coat(feathers, (), 0.2))
    if pose != "lying":
        for x in (-0.06, 0.07):
            frame.stroke(np.array([[x, 0.83], [x, 0.90]]), (236, 156, 60), 0.028)
            frame.fill(ellipse((x + 0.01, 0.905), (0.045, 0.018)), (236, 156, 60))
    torso = smooth(
        [
            (0, -1.1),
            (0.75, -0.5),
            (0.95, 0.25),
            (0.5, 0.95),
            (0, 1.05),
            (-0.5, 0.95),
            (-0.95, 0.25),
            (-0.75, -0.5),
        ]
    )
    body = frame.at((0, 0.65 + low), (0.20 * shape.body_width, 0.21))
    body.part(torso, coats.body)
    body.veil(ellipse((0.05, 0.25), (0.5, 0.6)), lighter(coats.limb.colour, 0.45), 0.75)
    wing = smooth([(0.45, -0.55), (1.0, -0.2), (1.08, 0.35), (0.72, 0.95), (0.55, 0.3)])
    spread = Coat(darker(coats.body.colour, 0.10), (), 0.2)
    for points in (wing, mirrored(wing)):
        body.part(points, spread)
        brush_tip = points * np.array([0.35, 0.35])
        body.fill(brush_tip + points[20] * 0.62, feathers)
    return HeadPlace((0.5 + side * 0.02, 0.39 + low), 0.205)
