"""Coats: the colours of a pet's parts and the spots, stripes and patches on them."""

from __future__ import annotations

import dataclasses
import random

import numpy as np

from textinv_app.crayon.brush import Coat, Points, Spot, ellipse, smooth
from textinv_app.crayon.palette import Rgb, darker, lighter, luminance, mix
from textinv_app.crayon.world import Pet


@dataclasses.dataclass(frozen=True)
class Shape:
    """Proportions of one pet, each about 1; the same in all its drawings."""

    head_width: float
    head_height: float
    ear_length: float
    ear_width: float
    eye_size: float
    eye_spread: float
    muzzle: float
    body_width: float
    tail: float
    pricked_ears: bool

    @staticmethod
    def of(pet: Pet) -> Shape:
        """Return the proportions that belong to the pet."""
        rng = random.Random(pet.shape_seed)

        def around_one(spread: float) -> float:
            return max(1 - 2 * spread, min(1 + 2 * spread, rng.gauss(1, spread)))

        return Shape(
            head_width=around_one(0.05),
            head_height=around_one(0.04),
            ear_length=around_one(0.12),
            ear_width=around_one(0.10),
            eye_size=around_one(0.09),
            eye_spread=around_one(0.07),
            muzzle=around_one(0.09),
            body_width=around_one(0.08),
            tail=around_one(0.15),
            pricked_ears=rng.random() < 0.28,
        )


@dataclasses.dataclass(frozen=True)
class Coats:
    """The coats of one pet's parts, in the local coordinates of each part (radius about 1)."""

    head: Coat
    body: Coat
    limb: Coat
    ear_left: Coat
    ear_right: Coat
    tail: Coat
    muzzle: Rgb
    eye_patch: Rgb | None


def coats_of(pet: Pet) -> Coats:
    """Return the coats that belong to the pet, the same in all its drawings."""
    rng = random.Random(pet.shape_seed ^ 0x5EED)
    base, second = pet.fur_rgb, pet.second_rgb
    head_spots = _HEAD_PATTERNS[pet.pattern](rng, second)
    body_spots = _BODY_PATTERNS[pet.pattern](rng, second)
    muzzle = lighter(base, 0.62) if luminance(base) > 70 else mix(base, (150, 140, 142), 0.55)
    ears = {"left": base, "right": base}
    if pet.pattern == "patched":
        ears[rng.choice(("left", "right"))] = second
    if pet.marking == "ear":
        other = "right" if pet.marking_side == "left" else "left"
        ears[pet.marking_side], ears[other] = second, base
    limb = base
    tail = second if pet.pattern in ("patched", "striped") else base
    return Coats(
        head=Coat(base, head_spots),
        body=Coat(base, body_spots),
        limb=Coat(limb, _LIMB_PATTERNS[pet.pattern](rng, second), 0.16),
        ear_left=Coat(ears["left"], (), 0.12),
        ear_right=Coat(ears["right"], (), 0.12),
        tail=Coat(tail, (), 0.18),
        muzzle=muzzle,
        eye_patch=second if pet.marking == "eye" else None,
    )


def spread_over(points: Points, coat: Coat) -> Coat:
    """Return the coat with what is painted on it moved from about the origin onto a shape."""
    low, high = points.min(0), points.max(0)
    centre, half = (low + high) / 2, (high - low) / 2
    spots = tuple(Spot(spot.points * half + centre, spot.colour) for spot in coat.spots)
    return dataclasses.replace(coat, spots=spots)


def inner_ear(base: Rgb) -> Rgb:
    """Return the colour inside an ear of this fur."""
    return (
        mix(base, (240, 156, 160), 0.65) if luminance(base) > 70 else darker((196, 120, 130), 0.2)
    )


def _nothing(rng: random.Random, colour: Rgb) -> tuple[Spot, ...]:
    del rng, colour
    return ()


def _spots(rng: random.Random, colour: Rgb, places: list[tuple[float, float]]) -> tuple[Spot, ...]:
    made = []
    for x, y in places:
        radius = rng.uniform(0.16, 0.24)
        centre = (x + rng.uniform(-0.09, 0.09), y + rng.uniform(-0.09, 0.09))
        shape = ellipse(centre, (radius, radius * rng.uniform(0.75, 1.1)), rng.uniform(0, 90))
        made.append(Spot(shape, colour))
    return tuple(made)


def _head_spots(rng: random.Random, colour: Rgb) -> tuple[Spot, ...]:
    places = [(-0.35, -0.68), (0.3, -0.72), (0.78, -0.2), (-0.8, -0.05), (0.0, -0.45), (0.72, 0.35)]
    return _spots(rng, colour, rng.sample(places, 4))


def _body_spots(rng: random.Random, colour: Rgb) -> tuple[Spot, ...]:
    places = [
        *((-0.6, -0.4), (0.0, -0.55), (0.6, -0.35), (-0.75, 0.2), (-0.2, 0.0)),
        *((0.3, 0.15), (0.78, 0.25), (-0.45, 0.6), (0.15, 0.7), (0.55, 0.65)),
    ]
    return _spots(rng, colour, rng.sample(places, 8))


def _stripe(start: tuple[float, float], end: tuple[float, float], width: float) -> Points:
    first, last = np.array(start), np.array(end)
    along = last - first
    across = np.array([-along[1], along[0]]) / (np.hypot(*along) + 1e-9) * width
    middle = (first + last) / 2 + across * 0.3
    corners = [tuple(first), tuple(middle + across), tuple(last), tuple(middle - across)]
    return smooth([(float(x), float(y)) for x, y in corners])


def _head_stripes(rng: random.Random, colour: Rgb) -> tuple[Spot, ...]:
    made = []
    for x in (-0.42, 0.0, 0.42):
        end = (x * 0.62, -0.36 + rng.uniform(-0.06, 0.06))
        made.append(Spot(_stripe((x, -1.12), end, rng.uniform(0.11, 0.14)), colour))
    for y in (0.0, 0.4):
        for side in (-1, 1):
            shape = _stripe((side * 1.12, y), (side * 0.58, y + 0.06), rng.uniform(0.10, 0.13))
            made.append(Spot(shape, colour))
    return tuple(made)


def _body_stripes(rng: random.Random, colour: Rgb) -> tuple[Spot, ...]:
    # Few and broad: at the model's size, five narrow ones ran into each other.
    made = []
    for x in (-0.6, 0.0, 0.6):
        x += rng.uniform(-0.06, 0.06)
        reach = rng.uniform(0.45, 0.8)
        made.append(Spot(_stripe((x, -1.2), (x * 0.92, reach), rng.uniform(0.15, 0.19)), colour))
    return tuple(made)


def _limb_spots(rng: random.Random, colour: Rgb) -> tuple[Spot, ...]:
    made = []
    for x, y in ((-0.4, -0.45), (0.35, 0.0), (-0.3, 0.5)):
        centre = (x + rng.uniform(-0.15, 0.15), y + rng.uniform(-0.1, 0.1))
        made.append(Spot(ellipse(centre, (0.38, 0.22)), colour))
    return tuple(made)


def _limb_stripes(rng: random.Random, colour: Rgb) -> tuple[Spot, ...]:
    made = []
    for y in (-0.35, 0.4):
        y += rng.uniform(-0.06, 0.06)
        made.append(Spot(_stripe((-1.3, y), (1.3, y + 0.05), rng.uniform(0.16, 0.2)), colour))
    return tuple(made)


def _blob(rng: random.Random, centre: tuple[float, float], radius: float, colour: Rgb) -> Spot:
    corners = []
    for index in range(7):
        angle = index / 7 * 2 * np.pi
        reach = radius * rng.uniform(0.75, 1.2)
        place = (centre[0] + np.cos(angle) * reach, centre[1] + np.sin(angle) * reach)
        corners.append((float(place[0]), float(place[1])))
    return Spot(smooth(corners), colour)


def _head_patches(rng: random.Random, colour: Rgb) -> tuple[Spot, ...]:
    side = rng.choice((-1, 1))
    return (
        _blob(rng, (side * 0.55, -0.75), 0.52, colour),
        _blob(rng, (-side * 0.95, 0.35), 0.36, colour),
    )


def _body_patches(rng: random.Random, colour: Rgb) -> tuple[Spot, ...]:
    side = rng.choice((-1, 1))
    return (
        _blob(rng, (side * 0.65, -0.25), 0.62, colour),
        _blob(rng, (-side * 0.7, 0.5), 0.48, colour),
    )


_HEAD_PATTERNS = {
    "plain": _nothing,
    "spotted": _head_spots,
    "striped": _head_stripes,
    "patched": _head_patches,
}
_LIMB_PATTERNS = {
    "plain": _nothing,
    "spotted": _limb_spots,
    "striped": _limb_stripes,
    "patched": _nothing,
}
_BODY_PATTERNS = {
    "plain": _nothing,
    "spotted": _body_spots,
    "striped": _body_stripes,
    "patched": _body_patches,
}
