"""Heads of the animals: ears, face and eyes in coordinates where the head has radius 1."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from textinv_app.crayon.brush import Brush, Coat, Points, ellipse, mirrored, smooth
from textinv_app.crayon.coats import Coats, Shape, inner_ear
from textinv_app.crayon.head_shapes import (
    bear_ear,
    bear_inner,
    cat_ear,
    cat_inner,
    chubby_head,
    floppy_ear,
    fox_ear,
    fox_head,
    fox_inner,
    hamster_ear,
    hamster_inner,
    long_ear,
    long_inner,
    no_ear,
    pig_ear,
    pricked_ear,
    pricked_inner,
    round_head,
    slim_head,
    wide_head,
)
from textinv_app.crayon.palette import INK, WHITE, Rgb, darker, lighter, luminance, mix
from textinv_app.crayon.world import Pet

NOSE: Rgb = (52, 38, 44)
PINK: Rgb = (236, 128, 144)


@dataclasses.dataclass(frozen=True)
class HeadPlan:
    """What one species' head looks like."""

    outline: Callable[[Shape], Points]
    ears: Callable[[Shape], Points]
    """The ear on the viewer's right; the other one is its mirror image."""
    inner_ears: Callable[[Shape], Points] | None
    ears_in_front: bool
    eye: tuple[float, float, float, float]
    """Distance from the middle, height, half width, half height."""
    face: Callable[[Brush, Pet, Shape, Coats], None]


def draw_head(brush: Brush, pet: Pet, shape: Shape, coats: Coats, gaze: float) -> None:
    """Draw a head; `gaze` -1..1 moves the pupils left or right."""
    plan = plan_of(pet, shape)
    brush = brush.at((0, 0), (shape.head_width, shape.head_height))
    if not plan.ears_in_front:
        _draw_ears(brush, plan, pet, shape, coats)
    brush.part(plan.outline(shape), coats.head)
    if coats.eye_patch is not None:
        side = -1 if pet.marking_side == "left" else 1
        across, height = plan.eye[0] * shape.eye_spread, plan.eye[1]
        patch = ellipse((side * (across + 0.03), height), (0.37, 0.42), side * -15)
        brush.fill(patch, coats.eye_patch)
    plan.face(brush, pet, shape, coats)
    _draw_eyes(brush, plan, pet, shape, gaze)
    if plan.ears_in_front:
        _draw_ears(brush, plan, pet, shape, coats)


def plan_of(pet: Pet, shape: Shape) -> HeadPlan:
    """Return the plan of the pet's head; some dogs prick their ears."""
    plan = _PLANS[pet.species]
    if pet.species == "dog" and shape.pricked_ears:
        return dataclasses.replace(
            plan, ears=pricked_ear, inner_ears=pricked_inner, ears_in_front=False
        )
    return plan


def _draw_ears(brush: Brush, plan: HeadPlan, pet: Pet, shape: Shape, coats: Coats) -> None:
    right = plan.ears(shape)
    if len(right) == 0:
        return
    for points, coat, is_left in (
        (mirrored(right), coats.ear_left, True),
        (right, coats.ear_right, False),
    ):
        if plan.ears_in_front:
            coat = Coat(darker(coat.colour, 0.16), coat.spots, coat.shade)
        brush.part(points, coat)
        if plan.inner_ears is not None:
            inner = plan.inner_ears(shape)
            brush.fill(mirrored(inner) if is_left else inner, inner_ear(coat.colour))
    if pet.species == "fox":
        for side in (-1, 1):
            tip = np.array([[0.52, -1.12], [0.80, -1.52 * shape.ear_length], [0.93, -1.1]])
            brush.fill(tip * np.array([side, 1]), (64, 44, 44))


def _draw_eyes(brush: Brush, plan: HeadPlan, pet: Pet, shape: Shape, gaze: float) -> None:
    across, height, half_width, half_height = plan.eye
    across *= shape.eye_spread
    half_width *= shape.eye_size
    half_height *= shape.eye_size
    for side in (-1, 1):
        centre = (side * across, height)
        brush.fill(ellipse(centre, (half_width * 1.18, half_height * 1.15)), INK)
        brush.fill(ellipse(centre, (half_width, half_height)), pet.eyes_rgb)
        pupil = (centre[0] + gaze * half_width * 0.22, centre[1] + half_height * 0.05)
        narrow = 0.42 if pet.species in ("cat", "fox") else 0.62
        brush.fill(ellipse(pupil, (half_width * narrow, half_height * 0.74)), (20, 14, 22))
        light = (pupil[0] - half_width * 0.28, pupil[1] - half_height * 0.36)
        brush.fill(ellipse(light, (half_width * 0.32, half_height * 0.3)), WHITE)


def _mouth(brush: Brush, y: float, width: float, colour: Rgb = INK) -> None:
    for side in (-1, 1):
        curve = [[0, y], [side * width * 0.45, y + 0.10], [side * width, y + 0.04]]
        brush.stroke(np.array(curve), colour, 0.05)
    brush.stroke(np.array([[0, y - 0.14], [0, y]]), colour, 0.05)


def _whiskers(brush: Brush, y: float, base: Rgb) -> None:
    colour = WHITE if luminance(base) < 120 else darker(base, 0.5)
    for side in (-1, 1):
        for lift in (-0.08, 0.06):
            line = np.array([[side * 0.45, y + lift * 0.5], [side * 1.12, y + lift * 1.6]])
            brush.stroke(line, colour, 0.025)


def _blush(brush: Brush, across: float, height: float, radius: float) -> None:
    for side in (-1, 1):
        cheek = ellipse((side * across, height), (radius, radius * 0.7))
        brush.veil(cheek, (244, 120, 130), 0.38)


def _dog_face(brush: Brush, pet: Pet, shape: Shape, coats: Coats) -> None:
    del pet
    size = shape.muzzle
    brush.part(ellipse((0, 0.42), (0.50 * size, 0.40 * size)), Coat(coats.muzzle, (), 0.10), 0)
    tongue = smooth([(-0.13, 0.60), (0.13, 0.60), (0.11, 0.86), (0, 0.92), (-0.11, 0.86)])
    brush.fill(tongue, PINK)
    _mouth(brush, 0.55, 0.34)
    brush.fill(ellipse((0, 0.24), (0.22 * size, 0.155 * size)), NOSE)
    brush.fill(ellipse((-0.06, 0.19), (0.06, 0.035)), (150, 140, 150))


def _cat_face(brush: Brush, pet: Pet, shape: Shape, coats: Coats) -> None:
    for side in (-1, 1):
        pad = ellipse((side * 0.19, 0.46), (0.27 * shape.muzzle, 0.21 * shape.muzzle))
        brush.fill(pad, coats.muzzle)
    _whiskers(brush, 0.42, pet.fur_rgb)
    _mouth(brush, 0.48, 0.24)
    brush.fill(np.array([[-0.12, 0.25], [0.12, 0.25], [0.0, 0.38]]), PINK)


def _rabbit_face(brush: Brush, pet: Pet, shape: Shape, coats: Coats) -> None:
    for side in (-1, 1):
        pad = ellipse((side * 0.19, 0.48), (0.26 * shape.muzzle, 0.22 * shape.muzzle))
        brush.fill(pad, coats.muzzle)
    teeth = np.array([[-0.11, 0.58], [0.11, 0.58], [0.10, 0.80], [-0.10, 0.80]])
    brush.fill(teeth, WHITE)
    brush.stroke(np.array([[0, 0.58], [0, 0.80]]), (170, 160, 160), 0.03)
    _whiskers(brush, 0.44, pet.fur_rgb)
    _mouth(brush, 0.52, 0.22)
    brush.fill(ellipse((0, 0.32), (0.11, 0.08)), PINK)
    _blush(brush, 0.62, 0.38, 0.16)


def _fox_face(brush: Brush, pet: Pet, shape: Shape, coats: Coats) -> None:
    del coats
    cheek_colour = WHITE if luminance(pet.fur_rgb) < 200 else lighter(pet.fur_rgb, 0.5)
    cheek = smooth([(0, 0.22), (0.45, 0.26), (1.12, 0.32), (0.58, 0.58), (0.18, 0.93), (0, 0.97)])
    for points in (cheek, mirrored(cheek)):
        brush.fill(points, cheek_colour)
    _mouth(brush, 0.72, 0.16)
    brush.fill(ellipse((0, 0.60), (0.15 * shape.muzzle, 0.11 * shape.muzzle)), NOSE)


def _bear_face(brush: Brush, pet: Pet, shape: Shape, coats: Coats) -> None:
    del pet
    size = shape.muzzle
    brush.part(ellipse((0, 0.38), (0.42 * size, 0.36 * size)), Coat(coats.muzzle, (), 0.12), 0)
    _mouth(brush, 0.50, 0.20)
    brush.fill(ellipse((0, 0.24), (0.19 * size, 0.13 * size)), NOSE)


def _hamster_face(brush: Brush, pet: Pet, shape: Shape, coats: Coats) -> None:
    del pet
    for side in (-1, 1):
        cheek = ellipse((side * 0.58, 0.46), (0.46 * shape.muzzle, 0.38))
        brush.fill(cheek, coats.muzzle)
    brush.fill(ellipse((0, 0.45), (0.3, 0.32)), coats.muzzle)
    _mouth(brush, 0.44, 0.14)
    brush.fill(ellipse((0, 0.26), (0.09, 0.065)), PINK)
    _blush(brush, 0.68, 0.40, 0.18)


def _pig_face(brush: Brush, pet: Pet, shape: Shape, coats: Coats) -> None:
    del coats
    snout = mix(darker(pet.fur_rgb, 0.10), (238, 130, 150), 0.55)
    size = shape.muzzle
    _mouth(brush, 0.66, 0.26)
    brush.part(ellipse((0, 0.32), (0.40 * size, 0.28 * size)), Coat(snout, (), 0.14))
    for side in (-1, 1):
        brush.fill(ellipse((side * 0.14, 0.32), (0.07, 0.11)), darker(snout, 0.6))
    _blush(brush, 0.66, 0.34, 0.16)


def _parrot_face(brush: Brush, pet: Pet, shape: Shape, coats: Coats) -> None:
    del coats, shape
    for side in (-1, 1):
        brush.fill(ellipse((side * 0.42, -0.08), (0.36, 0.40)), lighter(pet.fur_rgb, 0.72))
    beak = smooth(
        [(0, -0.14), (0.28, 0.08), (0.25, 0.38), (0.04, 0.78), (-0.22, 0.42), (-0.28, 0.08)]
    )
    brush.part(
        beak, Coat((70, 66, 76) if pet.fur in ("grey", "green") else (246, 170, 50), (), 0.2)
    )
    tuft = smooth(
        [
            (-0.1, -0.85),
            (-0.28, -1.32),
            (-0.02, -1.12),
            (0.12, -1.45),
            (0.2, -1.1),
            (0.4, -1.2),
            (0.2, -0.82),
        ]
    )
    brush.part(tuft, Coat(pet.second_rgb, (), 0.1))


_PLANS: dict[str, HeadPlan] = {
    "dog": HeadPlan(round_head, floppy_ear, None, True, (0.40, -0.16, 0.17, 0.20), _dog_face),
    "cat": HeadPlan(wide_head, cat_ear, cat_inner, False, (0.46, -0.02, 0.23, 0.23), _cat_face),
    "rabbit": HeadPlan(
        slim_head, long_ear, long_inner, False, (0.44, -0.08, 0.18, 0.23), _rabbit_face
    ),
    "fox": HeadPlan(fox_head, fox_ear, fox_inner, False, (0.44, 0.0, 0.17, 0.19), _fox_face),
    "bear": HeadPlan(
        round_head, bear_ear, bear_inner, False, (0.38, -0.12, 0.13, 0.15), _bear_face
    ),
    "hamster": HeadPlan(
        chubby_head, hamster_ear, hamster_inner, False, (0.48, -0.06, 0.17, 0.20), _hamster_face
    ),
    "parrot": HeadPlan(round_head, no_ear, None, False, (0.44, -0.08, 0.17, 0.19), _parrot_face),
    "pig": HeadPlan(round_head, pig_ear, None, False, (0.44, -0.12, 0.14, 0.16), _pig_face),
}
