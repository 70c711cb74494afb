"""Captions: what is said about a scene, in many wordings, sometimes everything, often less."""

from __future__ import annotations

import random

from textinv_app.crayon.world import Scene

SPECIES_WORDS: dict[str, tuple[str, ...]] = {
    "dog": ("dog", "dog", "dog", "puppy", "doggy"),
    "cat": ("cat", "cat", "cat", "kitten", "kitty"),
    "rabbit": ("rabbit", "rabbit", "bunny"),
    "fox": ("fox",),
    "bear": ("bear", "bear", "teddy"),
    "hamster": ("hamster",),
    "parrot": ("parrot", "parrot", "bird"),
    "pig": ("pig", "pig", "piglet"),
}
_PATTERN_NOUNS = {"spotted": "spots", "striped": "stripes", "patched": "patches"}
_PLACES: dict[str, tuple[str, ...]] = {
    "snow": ("in the snow", "in the snow", "in winter"),
    "beach": ("on the beach", "on the beach", "at the sea"),
    "meadow": ("in a meadow", "in the grass", "in the garden", "among flowers"),
    "room": ("in a living room", "at home", "on a rug", "in a room"),
    "night": ("at night", "at night", "under the stars", "under the moon"),
    "forest": ("in the forest", "in a forest", "in the woods"),
    "mountains": ("in the mountains", "in front of mountains"),
}
_OPENINGS = (
    *(("a photo of", 10), ("a picture of", 6), ("a drawing of", 6), ("an illustration of", 1)),
    *(("a portrait of", 1), ("a good photo of", 1), ("a bright photo of", 1), ("a painting of", 1)),
    *(("a cartoon of", 1), ("", 7)),
)
_CLOSE_OPENINGS = ("a close-up photo of", "a close-up of", "a cropped photo of", "a portrait of")
_SKETCH_OPENINGS = ("a pencil sketch of", "a sketch of", "a pencil drawing of")
_WASH_OPENINGS = ("a watercolour of", "a watercolour painting of", "a watercolor of")
_SPOILT_OPENINGS = ("a bad drawing of", "a blurry photo of", "an ugly picture of", "a bad photo of")
_SPOILT_NAMED_SHARE = 0.7
"""How often a spoilt drawing is called one; the rest keep silent. At 0.2 no prompt drew one."""
_DETERMINERS = (("a", 16), ("the", 2), ("my", 2), ("one", 1))

EXTRA_WORDS = (
    *("watercolour", "watercolor", "wash", "blurred", "broken", "smeared", "wrong"),
    *("style", "animal", "pet", "image", "blurry", "bad", "ugly", "cute", "small", "big", "little"),
    *(
        "two",
        "face",
        "head",
        "body",
        "tail",
        "ears",
        "nose",
        "fur",
        "colour",
        "color",
        "sky",
        "sun",
    ),
    *("tree", "trees", "water", "house", "sofa", "bed", "ball", "toy", "park", "street", "city"),
    *("is", "it", "its", "no", "not", "his", "her", "our", "your", "this", "that", "by", "to"),
    *("red", "blue", "green", "yellow", "purple", "pink", "white", "black", "grey", "gray"),
    *("happy", "sad", "sleeping", "running", "jumping", "playing", "looking", "eating", "walking"),
)
"""Words people type that no caption of the world uses; they get a token of their own as well."""


def caption(scene: Scene, rng: random.Random) -> str:
    """Return one true sentence about the scene; which facts it names is drawn at random."""
    opening = _opening(scene, rng)
    if rng.random() < 0.12:
        # As short as many people type.
        noun = _noun(scene, rng, with_colour=rng.random() < 0.5)
        return f"{opening} {noun}".strip()
    noun = _noun(scene, rng, with_colour=rng.random() < 0.88)
    parts = [f"{opening} {noun}".strip(), *_details(scene, rng)]
    return " ".join(part for part in parts if part)


def _opening(scene: Scene, rng: random.Random) -> str:
    if scene.fault and rng.random() < _SPOILT_NAMED_SHARE:
        return rng.choice(_SPOILT_OPENINGS)
    if scene.style == "wash" and rng.random() < 0.9:
        return rng.choice(_WASH_OPENINGS)
    if scene.style == "sketch" and rng.random() < 0.9:
        return rng.choice(_SKETCH_OPENINGS)
    if scene.pose == "close-up" and rng.random() < 0.45:
        return rng.choice(_CLOSE_OPENINGS)
    return _weighted(_OPENINGS, rng)


def _noun(scene: Scene, rng: random.Random, *, with_colour: bool) -> str:
    pet = scene.pet
    species = rng.choice(SPECIES_WORDS[pet.species])
    if rng.random() < 0.06:
        species = rng.choice(("pet", "pet", "animal"))
    words = [species]
    after = ""
    if with_colour:
        words.insert(0, _grey(pet.fur, rng))
        if pet.pattern != "plain" and rng.random() < 0.97:
            if rng.random() < 0.45:
                words.insert(0, pet.pattern)
                if rng.random() < 0.6:
                    words[1] = f"{_grey(pet.fur, rng)} and {_grey(pet.second, rng)}"
            else:
                after = f" with {_grey(pet.second, rng)} {_PATTERN_NOUNS[pet.pattern]}"
    elif pet.pattern != "plain" and rng.random() < 0.7:
        words.insert(0, pet.pattern)
    phrase = " ".join(words)
    determiner = _weighted(_DETERMINERS, rng)
    if determiner == "a" and phrase[0] in "aeiou":
        determiner = "an"
    return f"{determiner} {phrase}{after}"


def _details(scene: Scene, rng: random.Random) -> list[str]:
    pet = scene.pet
    details = []
    if pet.marking != "none" and rng.random() < 0.6:
        second = _grey(pet.second, rng)
        if pet.marking == "eye":
            details.append(f"with a {second} patch over one eye".replace("a orange", "an orange"))
        else:
            details.append(f"with one {second} ear")
    if rng.random() < 0.15:
        details.append(f"with {pet.eyes} eyes")
    if scene.accessory != "none" and rng.random() < 0.97:
        article = "" if scene.accessory == "glasses" else "a "
        details.append(
            f"{rng.choice(('with', 'with', 'wearing'))} {article}"
            f"{scene.accessory_colour} {scene.accessory}"
        )
    pose = {"sitting": "sitting", "standing": "standing", "lying": "lying"}.get(scene.pose, "")
    place = _place(scene, rng) if rng.random() < 0.8 else ""
    if rng.random() < 0.45:
        place = f"{pose} {place}".strip()
    details.append(place)
    if rng.random() < 0.12:
        rng.shuffle(details)
    return details


def _place(scene: Scene, rng: random.Random) -> str:
    if scene.background == "plain":
        return f"on a {_grey(scene.background_colour, rng)} background"
    return rng.choice(_PLACES[scene.background])


def _grey(word: str, rng: random.Random) -> str:
    return "gray" if word == "grey" and rng.random() < 0.2 else word


def _weighted(options: tuple[tuple[str, int], ...], rng: random.Random) -> str:
    return rng.choices([text for text, _ in options], [weight for _, weight in options])[0]
