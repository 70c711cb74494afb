"""The world: pictures repeat, identities hold, captions are true, held-out pets stay out."""

from __future__ import annotations

import dataclasses
import itertools
import random
import re

import numpy as np
import pytest

from textinv_app.crayon.captions import SPECIES_WORDS, caption
from textinv_app.crayon.contrasts import twin_of
from textinv_app.crayon.dataset import (
    SCENES_PER_PET,
    held_out_pet,
    training_pet,
    training_scene,
    training_twin,
)
from textinv_app.crayon.drawing import draw
from textinv_app.crayon.samples import SAMPLE_PETS
from textinv_app.crayon.world import (
    ACCESSORIES,
    BACKGROUNDS,
    FAULTS,
    PATTERNS,
    POSES,
    SPECIES,
    STYLES,
    Pet,
    Scene,
    identity_of,
    is_held_out,
    random_pet,
    random_scene,
    scene_of,
)


def test_same_scene_and_seed_give_the_same_picture() -> None:
    scene = random_scene(random.Random(5))
    first, again = draw(scene, 9), draw(scene, 9)
    other = draw(scene, 10)
    assert first.size == (128, 128)
    assert np.array_equal(np.asarray(first), np.asarray(again))
    assert not np.array_equal(np.asarray(first), np.asarray(other))


@pytest.mark.parametrize("species", SPECIES)
@pytest.mark.parametrize("pose", POSES)
def test_every_species_can_be_drawn_in_every_pose(species: str, pose: str) -> None:
    rng = random.Random(f"{species} {pose}")
    scene = dataclasses.replace(scene_of(random_pet(rng, species=species), rng), pose=pose)
    pixels = np.asarray(draw(scene, 1)).astype(int)
    empty = dataclasses.replace(scene, pet=random_pet(rng, species=species))
    assert pixels.std() > 10
    assert np.abs(pixels - np.asarray(draw(empty, 1)).astype(int)).max() > 30


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("accessory", ACCESSORIES)
def test_every_accessory_shows_before_every_background(background: str, accessory: str) -> None:
    rng = random.Random(f"{background} {accessory}")
    scene = dataclasses.replace(
        scene_of(random_pet(rng, species="dog"), rng),
        background=background,
        background_colour="pink" if background == "plain" else "",
        accessory=accessory,
        accessory_colour="blue" if accessory != "none" else "",
        style="flat",
    )
    bare = dataclasses.replace(scene, accessory="none", accessory_colour="")
    difference = np.abs(np.asarray(draw(scene, 3)).astype(int) - np.asarray(draw(bare, 3)))
    changed = (difference.max(-1) > 40).mean()
    assert (changed > 0.004) == (accessory != "none")


def test_a_large_picture_shows_the_same_as_a_small_one() -> None:
    scene = random_scene(random.Random(8))
    small = np.asarray(draw(scene, 2)).astype(float)
    large = np.asarray(draw(scene, 2, 512).resize((128, 128))).astype(float)
    assert np.abs(small - large).mean() < 8


def test_training_pets_are_never_held_out_and_samples_always_are() -> None:
    training = {identity_of(training_pet(index)) for index in range(600)}
    held_out = {identity_of(held_out_pet(index)) for index in range(60)}
    assert not any(is_held_out(training_pet(index)) for index in range(600))
    assert not training & held_out
    for sample in SAMPLE_PETS:
        pet = sample.pet()
        assert is_held_out(pet)
        assert pet.species == sample.class_word


def test_neighbouring_scenes_show_one_pet() -> None:
    pets = {identity_of(training_scene(index).pet) for index in range(3 * SCENES_PER_PET)}
    assert len(pets) == 3


def test_captions_name_only_what_the_scene_shows() -> None:
    rng = random.Random(3)
    all_species = {word for words in SPECIES_WORDS.values() for word in words}
    for index in range(1200):
        scene = training_scene(index)
        words = set(caption(scene, rng).replace("-", " ").split())
        assert not words & (all_species - set(SPECIES_WORDS[scene.pet.species]))
        for accessory in ACCESSORIES[1:]:
            if accessory in words:
                assert scene.accessory == accessory
                assert scene.accessory_colour in words
        if "snow" in words:
            assert scene.background == "snow"
        if "beach" in words:
            assert scene.background == "beach"


@pytest.mark.parametrize("style", STYLES[1:])
def test_every_style_changes_the_whole_picture(style: str) -> None:
    scene = dataclasses.replace(random_scene(random.Random(6)), style="flat", fault="")
    plain = np.asarray(draw(scene, 4)).astype(int)
    styled = np.asarray(draw(dataclasses.replace(scene, style=style), 4)).astype(int)
    assert (np.abs(plain - styled).max(-1) > 20).mean() > 0.4


@pytest.mark.parametrize("fault", FAULTS[1:])
def test_every_fault_is_plain_to_see_and_repeats(fault: str) -> None:
    scene = dataclasses.replace(random_scene(random.Random(6)), style="flat", fault="")
    sound = np.asarray(draw(scene, 4)).astype(int)
    broken = dataclasses.replace(scene, fault=fault)
    pixels = np.asarray(draw(broken, 4)).astype(int)
    assert (np.abs(sound - pixels).max(-1) > 25).mean() > 0.05
    assert np.array_equal(pixels, np.asarray(draw(broken, 4)))


def test_no_caption_names_the_style_that_is_there_to_be_taught() -> None:
    rng = random.Random(9)
    scene = dataclasses.replace(random_scene(random.Random(6)), style="print", fault="")
    other = dataclasses.replace(scene, style="wash")
    named = re.compile("print|ink|style|sketch|pencil|watercolou?r")
    assert not any(named.search(caption(scene, rng)) for _ in range(400))
    assert any(named.search(caption(other, rng)) for _ in range(400))


def test_most_captions_of_spoilt_drawings_say_so_but_not_all() -> None:
    rng = random.Random(9)
    scene = dataclasses.replace(random_scene(random.Random(6)), fault="smeared")
    spoken = [bool(re.search("bad|blurry|ugly", caption(scene, rng))) for _ in range(600)]
    assert 0.6 < sum(spoken) / len(spoken) < 0.8


def test_captions_of_one_scene_vary() -> None:
    scene = training_scene(4)
    assert len({caption(scene, random.Random(seed)) for seed in range(50)}) > 20


def test_the_prompts_people_are_shown_are_in_the_captions_wording() -> None:
    rng = random.Random(1)
    captions = [caption(training_scene(index), rng) for index in range(4000)]
    for wording in ("a photo of a", "a close-up photo of", "in the snow", "on the beach"):
        assert any(wording in text for text in captions)
    assert any(re.search(r"with a \w+ scarf in the snow", text) for text in captions)


def _changed(first: Scene, second: Scene) -> set[str]:
    return {
        name
        for one, other in ((first, second), (first.pet, second.pet))
        for name, value in dataclasses.asdict(one).items()
        if name != "pet" and value != getattr(other, name)
    }


def test_a_twin_differs_in_one_thing_and_shows_no_held_out_pet() -> None:
    kinds = set()
    for index in range(400):
        scene, twin = training_scene(index), training_twin(index)
        changed = _changed(scene, twin) - {"accessory_colour"}
        assert len(changed) == 1
        assert not is_held_out(twin.pet)
        assert (twin.accessory == "none") == (twin.accessory_colour == "")
        kinds |= changed
    assert kinds == {"pattern", "accessory", "style", "fault"}


def _with_other_patterns(pet: Pet) -> list[Pet]:
    return [
        dataclasses.replace(pet, pattern=pattern) for pattern in PATTERNS if pattern != pet.pattern
    ]


def test_a_pet_whose_twin_would_be_held_out_gets_another_accessory() -> None:
    scene = dataclasses.replace(random_scene(random.Random(6)), style="flat", fault="")
    pets = (dataclasses.replace(scene.pet, shape_seed=seed) for seed in itertools.count())
    pet = next(pet for pet in pets if all(map(is_held_out, _with_other_patterns(pet))))
    scene = dataclasses.replace(scene, pet=pet)
    twins = [twin_of(scene, random.Random(seed)) for seed in range(60)]
    assert all(twin.pet == pet for twin in twins)
    assert any(twin.accessory != scene.accessory for twin in twins)


def test_what_is_worn_changes_nothing_else_of_a_drawing() -> None:
    """A bow once used up chance that the light and the clouds came from."""
    scene = dataclasses.replace(
        random_scene(random.Random(6)),
        pose="sitting",
        background="meadow",
        background_colour="",
        style="flat",
        fault="",
        accessory="none",
        accessory_colour="",
    )
    worn = dataclasses.replace(scene, accessory="bow", accessory_colour="red")
    bare, dressed = (np.asarray(draw(one, 4)) for one in (scene, worn))
    changed = np.argwhere((bare != dressed).any(-1))
    assert len(changed)
    assert (changed.max(0) - changed.min(0)).max() < 64
