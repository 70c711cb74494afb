"""What a caption asks for, read back from its words."""

from __future__ import annotations

import re

from textinv_app.crayon.captions import _PLACES as PLACES
from textinv_app.crayon.captions import SPECIES_WORDS
from textinv_app.crayon.world import Scene

_NOUNS = "|".join({word for words in SPECIES_WORDS.values() for word in words} | {"pet", "animal"})
_PATTERN_WORDS = {
    "spotted": "spotted|spots",
    "striped": "striped|stripes",
    "patched": "patched|patches",
}
_STYLE_WORDS = {"sketch": "sketch|pencil", "wash": "watercolou?r"}
ATTRIBUTES = ("species", "fur", "background", "pattern", "accessory")
"""Those that the table names; colours of accessories and the like are told beside it."""


def asked_of(scene: Scene, caption: str) -> dict[str, str]:
    """Return the attributes of the scene that its caption names, by head of the reader."""
    pet = scene.pet
    asked = {}
    if _says("|".join(SPECIES_WORDS[pet.species]), caption):
        asked["species"] = pet.species
    fur = "grey|gray" if pet.fur == "grey" else pet.fur
    # A sketch has no colour to follow.
    if scene.style != "sketch" and _says(rf"(?:{fur})(?: and \w+)? (?:{_NOUNS})", caption):
        asked["fur"] = pet.fur
    if pet.pattern in _PATTERN_WORDS and _says(_PATTERN_WORDS[pet.pattern], caption):
        asked["pattern"] = pet.pattern
    if scene.accessory != "none" and _says(scene.accessory, caption):
        asked["accessory"] = scene.accessory
        if scene.style != "sketch":
            asked["accessory_colour"] = scene.accessory_colour
    if _says("|".join(PLACES.get(scene.background, ("background",))), caption):
        asked["background"] = scene.background
        if scene.background == "plain" and scene.style != "sketch":
            asked["background_colour"] = scene.background_colour
    if scene.style in _STYLE_WORDS and _says(_STYLE_WORDS[scene.style], caption):
        asked["style"] = scene.style
    return asked


def _says(words: str, caption: str) -> bool:
    return re.search(rf"\b(?:{words})\b", caption) is not None
