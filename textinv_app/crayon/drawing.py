"""Draws a scene: the same scene and the same seed always give the same picture."""

from __future__ import annotations

import random

from PIL import Image

from textinv_app.crayon.accessories import wear
from textinv_app.crayon.backdrops import paint_backdrop
from textinv_app.crayon.bodies import draw_body
from textinv_app.crayon.brush import Brush
from textinv_app.crayon.coats import Shape, coats_of
from textinv_app.crayon.finishes import lit, spoilt, styled
from textinv_app.crayon.heads import draw_head, plan_of
from textinv_app.crayon.palette import ACCESSORY_COLOURS, jittered
from textinv_app.crayon.world import Scene

_SUPERSAMPLING = 2


def draw(scene: Scene, seed: int, size_pixels: int = 128) -> Image.Image:
    """Return the RGB drawing of a scene, `size_pixels` square.

    The seed moves what the scene leaves open: exact place, size and tilt, light, clouds, flowers.
    """
    rng = random.Random(seed)
    canvas = paint_backdrop(
        size_pixels * _SUPERSAMPLING, scene.background, scene.background_colour, rng
    )
    _draw_animal(Brush(canvas), scene, rng, seed)
    picture = canvas.resize((size_pixels, size_pixels), Image.Resampling.LANCZOS)
    if scene.background == "night":
        picture = _tinted(picture, (0.86, 0.88, 1.0))
    else:
        warmth = rng.uniform(-0.025, 0.025)
        picture = _tinted(picture, (1 + warmth, 1.0, 1 - warmth))
    picture = styled(lit(picture, rng), scene.style, rng)
    return spoilt(picture, scene.fault, rng)


def _draw_animal(brush: Brush, scene: Scene, rng: random.Random, seed: int) -> None:
    pet = scene.pet
    shape, coats = Shape.of(pet), coats_of(pet)
    # A rabbit is drawn smaller, so that its ears stay inside the picture.
    usual = {"hamster": 0.88, "bear": 1.06, "rabbit": 0.86}.get(pet.species, 1.0)
    size = usual * rng.uniform(0.94, 1.06)
    foot = (0.5 + rng.uniform(-0.06, 0.06), 0.92 + rng.uniform(-0.02, 0.03))
    # Scaled about the feet, so that small animals still stand on the ground.
    if scene.pose == "close-up":
        size = rng.uniform(0.92, 1.06) * (0.84 if pet.species == "rabbit" else 1.0)
    frame = brush.at((foot[0] - 0.5 * size, foot[1] - 0.92 * size), size)
    place = draw_body(frame, pet, scene.pose, scene.facing, shape, coats)
    tilt = max(-11.0, min(11.0, rng.gauss(0, 4.5)))
    head = frame.at(place.centre, place.radius, tilt)
    gaze = rng.uniform(-1, 1)
    if scene.fault == "doubled":
        side = -1 if scene.facing == "left" else 1
        beside = (place.centre[0] + side * place.radius * 1.1, place.centre[1] + 0.03)
        draw_head(frame.at(beside, place.radius * 0.95, -tilt - side * 9), pet, shape, coats, gaze)
    draw_head(head, pet, shape, coats, gaze)
    if scene.accessory != "none":
        # Its own chance: what is worn changes nothing else of the drawing.
        worn = random.Random(f"{seed} worn")
        colour = jittered(ACCESSORY_COLOURS[scene.accessory_colour], worn, 0.6)
        wear(head, scene.accessory, colour, plan_of(pet, shape))


def _tinted(picture: Image.Image, factors: tuple[float, float, float]) -> Image.Image:
    table = [min(255, round(level * factor)) for factor in factors for level in range(256)]
    return picture.point(table)
