"""What Crayon is measured with: captions read back, colours in CIE Lab, coats, kept figures."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.benchmarks.attribute_reader import AttributeReader
from tests.benchmarks.coat_colour import distance, lab_of, measure_coat
from tests.benchmarks.crayon.asked import asked_of
from tests.benchmarks.crayon.records import Line, Records, Share
from tests.benchmarks.crayon.report import Row, table
from tests.benchmarks.reader_data import UNKNOWN, coat_of, facts_of, labels_of, reader_scene
from tests.benchmarks.reader_net import HEADS, NetOptions, ReaderNet
from textinv_app.crayon.captions import caption
from textinv_app.crayon.dataset import held_out_scene
from textinv_app.crayon.drawing import draw
from textinv_app.crayon.world import Scene, is_held_out


def _scene(**changes: str) -> Scene:
    scene = held_out_scene(0, 0)
    pet = dataclasses.replace(
        scene.pet, species="dog", fur="white", second="black", pattern="spotted", marking="none"
    )
    plain = dataclasses.replace(
        scene,
        pet=pet,
        background="snow",
        background_colour="",
        accessory="scarf",
        accessory_colour="red",
        style="flat",
        fault="",
    )
    return dataclasses.replace(plain, **changes)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (
            "a photo of a spotted white and black puppy wearing a red scarf in winter",
            {
                "species": "dog",
                "fur": "white",
                "pattern": "spotted",
                "accessory": "scarf",
                "accessory_colour": "red",
                "background": "snow",
            },
        ),
        ("my white dog with black spots", {"species": "dog", "fur": "white", "pattern": "spotted"}),
        ("a pet", {}),
        ("a portrait of the dog", {"species": "dog"}),
    ],
)
def test_a_caption_asks_for_what_it_names_and_no_more(text: str, asked: dict[str, str]) -> None:
    assert asked_of(_scene(), text) == asked


def test_a_sketch_is_asked_for_as_a_sketch_and_for_no_colour() -> None:
    text = "a pencil sketch of a white dog on a pink background"
    scene = _scene(style="sketch", background="plain", background_colour="pink")
    assert asked_of(scene, text) == {"species": "dog", "background": "plain", "style": "sketch"}


def test_the_worlds_captions_name_most_of_what_they_show() -> None:
    """So that a new wording of the captions cannot silently empty the benchmark."""
    scenes = [dataclasses.replace(held_out_scene(index, 0), fault="") for index in range(300)]
    asked = [asked_of(scene, caption(scene, random.Random(i))) for i, scene in enumerate(scenes)]
    for name, fewest in (("species", 260), ("fur", 200), ("background", 180), ("accessory", 90)):
        assert sum(name in one for one in asked) > fewest


def test_lab_of_known_colours() -> None:
    colours = lab_of([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]])
    known = [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [32.30, 79.19, -107.86]]
    assert np.allclose(colours, known, atol=0.05)


def test_a_coat_is_measured_as_the_colour_it_was_painted_with() -> None:
    found = []
    for index in range(24):
        scene = dataclasses.replace(reader_scene(index), style="flat", fault="", background="room")
        coat_map = coat_of(scene, index).astype(np.float32) / 200
        coat = measure_coat(draw(scene, index), coat_map)
        assert coat.share > 0
        fur = lab_of(scene.pet.fur_rgb)
        found.append(distance(coat.lab, tuple(fur)))
    assert np.median(found) < 4
    assert max(found) < 12


def test_a_picture_without_a_coat_says_so() -> None:
    picture = Image.new("RGB", (128, 128), (200, 40, 40))
    coat = measure_coat(picture, np.zeros((32, 32), dtype=np.float32))
    assert coat.share == 0
    assert distance(coat.lab, tuple(lab_of((200, 40, 40)))) < 1


def test_the_reader_learns_only_what_can_be_seen() -> None:
    scene = dataclasses.replace(reader_scene(3), style="sketch", fault="")
    assert "fur" not in facts_of(scene)
    labels = dict(zip(HEADS, labels_of(scene), strict=True))
    assert labels["fur"] == UNKNOWN
    assert HEADS["species"][labels["species"]] == scene.pet.species


def test_the_reader_is_measured_on_pets_it_has_not_seen() -> None:
    assert not any(is_held_out(reader_scene(index).pet) for index in range(40))
    assert all(is_held_out(reader_scene(index, held_out=True).pet) for index in range(40))


def test_a_reading_names_a_value_of_every_attribute() -> None:
    reader = AttributeReader(ReaderNet(NetOptions((8, 8, 8, 8))).eval(), "untrained")
    readings = reader.read([draw(reader_scene(0), 0), Image.new("RGBA", (300, 200))])
    assert len(readings) == 2
    for reading in readings:
        assert all(reading.values[name] in values for name, values in HEADS.items())
    assert readings[0].agrees({"style": readings[0].values["style"]}) == {"style": True}


def test_figures_on_file_are_not_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "measurements.jsonl"
    asked = []

    def measure() -> dict[str, object]:
        asked.append(1)
        return {"value": len(asked)}

    assert Records(path, "old").get("vae", "drawings", measure)["value"] == 1
    with path.open("a", encoding="utf-8") as file:
        file.write('{"stamp": "new", "part": "va')  # cut off by a crash
    assert Records(path, "old").get("vae", "drawings", measure)["value"] == 1
    assert Records(path, "new").get("vae", "drawings", measure)["value"] == 2
    assert Records(path, "new").get("vae", "drawings", measure)["value"] == 2


def test_processes_side_by_side_measure_everything_once_and_a_pet_in_one_place(
    tmp_path: Path,
) -> None:
    path = tmp_path / "measurements.jsonl"
    places: dict[str, list[int]] = {}

    def run(number: int, of: int) -> list[Line]:
        records = Records(path, "stamp", Share(number, of))
        lines = []
        for pet in range(4):
            for way in ("alone", "lora"):

                def measure(key: str = f"{pet}-{way}") -> Line:
                    places.setdefault(key, []).append(number)
                    return {"value": key}

                lines.append(records.get("pets", f"{pet}-{way}", measure, together=str(pet)))
        return lines

    run(0, 2)
    run(1, 2)
    assert all(len(numbers) == 1 for numbers in places.values())
    assert all(places[f"{pet}-alone"] == places[f"{pet}-lora"] for pet in range(4))
    assert {number for numbers in places.values() for number in numbers} == {0, 1}
    assert [line["value"] for line in run(0, 1)] == sorted(places)
    assert all(len(numbers) == 1 for numbers in places.values())


def test_the_table_says_what_was_not_reached() -> None:
    rows = [Row("a", "1", "2", "3", True), Row("b", "1", "2", "3", False), Row("c", "", "2")]
    lines = table(rows).splitlines()
    assert [line.split("|")[5].strip() for line in lines[2:]] == ["reached", "**not reached**", ""]
