"""The world Crayon is trained on: invented pets and the scenes they are drawn in, as values.

A `Pet` is an identity: species, colours, pattern, markings, eyes, proportions. A `Scene` shows one
pet somewhere, in a pose, perhaps wearing something. The same values and the same seed always give
the same picture (`textinv_app.crayon.drawing.draw`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random

from textinv_app.crayon.palette import (
    ACCESSORY_COLOURS,
    EYE_COLOURS,
    FUR_COLOURS,
    PLAIN_COLOURS,
    Rgb,
    jittered,
    luminance,
)

SPECIES = ("dog", "cat", "rabbit", "fox", "bear", "hamster", "parrot", "pig")
SPECIES_WEIGHTS = (26, 26, 12, 8, 8, 7, 7, 6)
PATTERNS = ("plain", "spotted", "striped", "patched")
PATTERN_WEIGHTS = (46, 18, 16, 20)
MARKINGS = ("none", "eye", "ear")
MARKING_WEIGHTS = (68, 20, 12)
POSES = ("sitting", "standing", "lying", "close-up")
POSE_WEIGHTS = (42, 20, 12, 26)
BACKGROUNDS = ("snow", "beach", "meadow", "room", "night", "forest", "mountains", "plain")
BACKGROUND_WEIGHTS = (14, 14, 14, 12, 11, 11, 8, 16)
ACCESSORIES = ("none", "scarf", "collar", "hat", "glasses", "bow")
ACCESSORY_WEIGHTS = (48, 15, 9, 12, 8, 8)
STYLES = ("flat", "sketch", "wash", "print")
"""`print` is never named in a caption: it is there to be taught as a style."""
STYLE_WEIGHTS = (85, 5, 6, 4)
FAULTS = ("", "smeared", "doubled", "missing", "colours", "noise")
"""What spoils a drawing; mostly nothing. Some captions keep silent about it."""
FAULT_WEIGHTS = (950, 11, 11, 10, 9, 9)

_MAMMAL_COLOURS = {
    "white": 16,
    "black": 14,
    "grey": 14,
    "brown": 16,
    "golden": 12,
    "orange": 13,
    "cream": 9,
    "red": 2,
    "blue": 2,
    "pink": 2,
}
_COLOURS_OF: dict[str, dict[str, int]] = {
    "fox": {"orange": 10, "red": 4, "white": 3, "grey": 3, "black": 2, "golden": 2, "blue": 1},
    "bear": {"brown": 9, "black": 4, "white": 5, "golden": 3, "grey": 2, "pink": 1, "blue": 1},
    "hamster": {"golden": 6, "cream": 4, "grey": 4, "white": 3, "brown": 4, "orange": 3},
    "parrot": {"red": 6, "green": 6, "blue": 6, "yellow": 5, "grey": 3, "white": 2, "pink": 2},
    "pig": {"pink": 9, "black": 2, "brown": 2, "white": 2, "grey": 1},
}
_SECOND_COLOURS = ("white", "black", "brown", "grey", "orange", "golden", "cream")
_PARROT_SECOND_COLOURS = ("yellow", "blue", "red", "green", "white")
_HELD_OUT_SHARE = 16  # one identity in sixteen never enters the training data


@dataclasses.dataclass(frozen=True)
class Pet:
    """One invented animal, the same in every scene."""

    species: str
    fur: str
    fur_rgb: Rgb
    second: str
    second_rgb: Rgb
    pattern: str
    marking: str
    marking_side: str
    """`left` or `right` as the viewer sees it, empty where there is no marking."""
    eyes: str
    eyes_rgb: Rgb
    shape_seed: int
    """Where the proportions and the places of spots, stripes and patches come from."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """One pet somewhere: what a drawing shows and what its caption may say."""

    pet: Pet
    pose: str
    facing: str
    """`left` or `right`: where the body of a standing animal points."""
    background: str
    background_colour: str
    accessory: str
    accessory_colour: str
    style: str
    fault: str = ""
    """One of `FAULTS`; a spoilt drawing gives a `negative` embedding something to fight."""


def identity_of(pet: Pet) -> str:
    """Return a short stable name for the pet: sixteen hex digits."""
    text = json.dumps(dataclasses.asdict(pet), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def is_held_out(pet: Pet) -> bool:
    """Return whether the pet is reserved for measuring and samples, never for training."""
    return int(identity_of(pet)[:8], 16) % _HELD_OUT_SHARE == 0


def random_pet(rng: random.Random, *, species: str | None = None, fur: str | None = None) -> Pet:
    """Return an invented pet, of a given species and fur colour where stated."""
    species = species or rng.choices(SPECIES, SPECIES_WEIGHTS)[0]
    colours = _COLOURS_OF.get(species, _MAMMAL_COLOURS)
    fur = fur or rng.choices(list(colours), list(colours.values()))[0]
    pattern = rng.choices(PATTERNS, PATTERN_WEIGHTS)[0]
    marking = rng.choices(MARKINGS, MARKING_WEIGHTS)[0]
    if species == "parrot" and marking == "ear":
        marking = "none"
    fur_rgb = jittered(FUR_COLOURS[fur], rng)
    palette = _PARROT_SECOND_COLOURS if species == "parrot" else _SECOND_COLOURS
    # A pattern nobody can see is no pattern: the second colour must differ in brightness or hue.
    choices = [word for word in palette if _contrast(FUR_COLOURS[fur], FUR_COLOURS[word]) > 75]
    second = rng.choice(choices)
    eyes = rng.choices(list(EYE_COLOURS), (45, 25, 15, 15))[0]
    return Pet(
        species=species,
        fur=fur,
        fur_rgb=fur_rgb,
        second=second,
        second_rgb=jittered(FUR_COLOURS[second], rng),
        pattern=pattern,
        marking=marking,
        marking_side=rng.choice(("left", "right")) if marking != "none" else "",
        eyes=eyes,
        eyes_rgb=jittered(EYE_COLOURS[eyes], rng),
        shape_seed=rng.randrange(2**31),
    )


def scene_of(pet: Pet, rng: random.Random) -> Scene:
    """Return a scene with this pet: pose, background, accessory and style drawn at random."""
    accessory = rng.choices(ACCESSORIES, ACCESSORY_WEIGHTS)[0]
    background = rng.choices(BACKGROUNDS, BACKGROUND_WEIGHTS)[0]
    return Scene(
        pet=pet,
        pose=rng.choices(POSES, POSE_WEIGHTS)[0],
        facing=rng.choice(("left", "right")),
        background=background,
        background_colour=rng.choice(list(PLAIN_COLOURS)) if background == "plain" else "",
        accessory=accessory,
        accessory_colour=rng.choice(list(ACCESSORY_COLOURS)) if accessory != "none" else "",
        style=rng.choices(STYLES, STYLE_WEIGHTS)[0],
        fault=rng.choices(FAULTS, FAULT_WEIGHTS)[0],
    )


def random_scene(rng: random.Random, *, held_out: bool = False) -> Scene:
    """Return a scene with a new pet: one for training, or a held-out one where asked."""
    while True:
        pet = random_pet(rng)
        if is_held_out(pet) == held_out:
            return scene_of(pet, rng)


def _contrast(first: Rgb, second: Rgb) -> float:
    hue_distance = max(abs(a - b) for a, b in zip(first, second, strict=True))
    return max(abs(luminance(first) - luminance(second)), hue_distance * 0.8)
