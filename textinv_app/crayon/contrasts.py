"""Twins: a scene drawn once more with one thing changed, so that the words for it must count.

A pattern or a bow covers few cells of a picture, so a caption's word for it lowers the loss of
single drawings by little and is learnt last. Between twins it is all that differs.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

from textinv_app.crayon.palette import ACCESSORY_COLOURS
from textinv_app.crayon.world import ACCESSORIES, FAULTS, PATTERNS, STYLES, Scene, is_held_out

CONTRASTS = ("pattern", "accessory", "style", "fault")
CONTRAST_WEIGHTS = (46, 42, 6, 6)
"""With a tenth of the twins spoilt, one in five pictures of a plain prompt came out spoilt."""


def twin_of(scene: Scene, rng: random.Random) -> Scene:
    """Return the scene with another pattern, accessory, style or fault, the rest as it was.

    It never shows a held-out pet: a scene whose pet would become one gets another accessory.
    """
    contrast = rng.choices(CONTRASTS, CONTRAST_WEIGHTS)[0]
    if contrast == "pattern":
        pattern = _other(PATTERNS, scene.pet.pattern, rng)
        pet = dataclasses.replace(scene.pet, pattern=pattern)
        if not is_held_out(pet):
            return dataclasses.replace(scene, pet=pet)
    if contrast == "style":
        return dataclasses.replace(scene, style=_other(STYLES, scene.style, rng))
    if contrast == "fault":
        return dataclasses.replace(scene, fault="" if scene.fault else _other(FAULTS, "", rng))
    accessory = _other(ACCESSORIES, scene.accessory, rng)
    colour = scene.accessory_colour or rng.choice(list(ACCESSORY_COLOURS))
    return dataclasses.replace(
        scene, accessory=accessory, accessory_colour="" if accessory == "none" else colour
    )


def _other(values: Sequence[str], value: str, rng: random.Random) -> str:
    return rng.choice([one for one in values if one != value])
