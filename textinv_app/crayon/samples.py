"""The sample pets: invented animals the model has never seen, for people without photos."""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path

from textinv_app.crayon.dataset import held_out_pet
from textinv_app.crayon.drawing import draw
from textinv_app.crayon.world import Pet, Scene, scene_of

SIZE_PIXELS = 512
_POSES = ("sitting", "close-up", "standing", "sitting", "lying", "close-up", "standing", "sitting")
_PLACES = ("meadow", "plain", "beach", "room", "snow", "forest", "mountains", "plain")


@dataclasses.dataclass(frozen=True)
class SamplePet:
    """A sample pet: what it is called and which held-out pet it is."""

    name: str
    class_word: str
    word: str
    held_out_index: int

    def pet(self) -> Pet:
        """Return the pet itself."""
        return held_out_pet(self.held_out_index)


SAMPLE_PETS = (
    SamplePet("Biscuit", "dog", "biscuitdog", 12789),
    SamplePet("Minette", "cat", "minettecat", 17808),
    SamplePet("Pip", "rabbit", "piprabbit", 841),
)


def sample_scenes(pet: Pet, name: str) -> list[Scene]:
    """Return the eight scenes of a sample pet: every pose, eight places, mostly unadorned."""
    rng = random.Random(f"sample {name}")
    scenes = []
    for index, (pose, place) in enumerate(zip(_POSES, _PLACES, strict=True)):
        scene = dataclasses.replace(
            scene_of(pet, rng),
            pose=pose,
            background=place,
            background_colour="",
            style="flat",
            fault="",
        )
        if place == "plain":
            scene = dataclasses.replace(scene, background_colour=rng.choice(("blue", "pink")))
        if index not in (3, 6):
            scene = dataclasses.replace(scene, accessory="none", accessory_colour="")
        scenes.append(scene)
    return scenes


def write_samples(folder: Path) -> None:
    """Draw the sample pets into `<folder>/<name>/01.webp .. 08.webp` with a `sample.json` each."""
    for sample in SAMPLE_PETS:
        pet = sample.pet()
        home = folder / sample.name.lower()
        home.mkdir(parents=True, exist_ok=True)
        for index, scene in enumerate(sample_scenes(pet, sample.name), start=1):
            picture = draw(scene, _seed(sample.name, index), SIZE_PIXELS)
            picture.save(home / f"{index:02}.webp", quality=90, method=6)
        facts = {
            "name": sample.name,
            "kind": "subject",
            "class_word": sample.class_word,
            "word": sample.word,
            "one_sided_markings": pet.marking != "none" or pet.pattern in ("spotted", "patched"),
            "description": describe(pet),
        }
        text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
        (home / "sample.json").write_text(text, encoding="utf-8")


def _seed(name: str, index: int) -> int:
    return random.Random(f"sample drawing {name} {index}").randrange(2**31)


def describe(pet: Pet) -> str:
    """Return the pet in a few words."""
    text = f"{pet.fur} {pet.species} with {pet.eyes} eyes"
    if pet.pattern != "plain":
        text = f"{pet.pattern} {pet.fur} and {pet.second} {pet.species} with {pet.eyes} eyes"
    if pet.marking == "eye":
        text += f" and a {pet.second} patch over one eye"
    if pet.marking == "ear":
        text += f" and one {pet.second} ear"
    return text
