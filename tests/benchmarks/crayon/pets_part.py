"""Held-out invented pets, each taught from six drawings with the product's own trainer.

Measured on pictures of one plain prompt ("a photo of a {word}"), the same seeds for the class word,
the embedding and the LoRA:

- likeness, by the product's judge, to eight *other* drawings of the pet, none of which was taught;
- the coat's colour: CIE Lab distance of the main coat, measured where the attribute reader sees it
  (`tests.benchmarks.coat_colour`), from the mean of the same measurement on those other drawings.
  What those drawings' own coats are off their mean is told beside it: nothing can do better.

Then each place of the world is asked for once, to see whether new prompts are still followed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median

from PIL import Image

from tests.benchmarks.coat_colour import mean_of
from tests.benchmarks.crayon.bench import Asked, Bench, Taught, coat_distances
from tests.benchmarks.crayon.records import Line
from tests.benchmarks.crayon.report import Row, percent, share, title_of
from tests.benchmarks.crayon.sheets import Layout, SheetRow, write_sheet
from tests.benchmarks.crayon.teaching import Lesson, save_photos, teach
from textinv_app.crayon.dataset import held_out_pet
from textinv_app.crayon.drawing import draw
from textinv_app.crayon.samples import describe, sample_scenes
from textinv_app.crayon.world import Pet

PART = "pets"
NUM_PHOTOS = 6
PLAIN = "a photo of a {word}"
PLACES = {
    "snow": "a {word} in the snow",
    "beach": "a {word} on the beach",
    "meadow": "a {word} in a meadow",
    "room": "a {word} in a living room",
    "night": "a {word} at night",
    "forest": "a {word} in the forest",
    "mountains": "a {word} in the mountains",
}
SCARF = "a {word} with a red scarf in the snow"
WANTED_PETS = 0.95
WANTED_COLOUR_RATIO = 0.5
WANTED_BACKGROUNDS = 0.8
_FIRST_PET = 300_000
_PHOTO_PIXELS = 512
_FIRST_SEED = 1_000


@dataclasses.dataclass(frozen=True)
class Subject:
    """One pet of the benchmark."""

    index: int

    @property
    def name(self) -> str:
        """A name for files."""
        return f"pet-{self.index:02}"

    @property
    def pet(self) -> Pet:
        """The pet itself."""
        return held_out_pet(_FIRST_PET + self.index)

    @property
    def word(self) -> str:
        """The word it is taught as."""
        letters = f"{chr(97 + self.index // 26)}{chr(97 + self.index % 26)}"
        return f"zu{letters}{self.pet.species}"

    def photos(self) -> list[Image.Image]:
        """Return the drawings it is taught from."""
        scenes = sample_scenes(self.pet, self.name)[:NUM_PHOTOS]
        return [
            draw(scene, 100 * self.index + place, _PHOTO_PIXELS)
            for place, scene in enumerate(scenes)
        ]

    def others(self) -> list[Image.Image]:
        """Return eight drawings that are compared with and never taught."""
        scenes = sample_scenes(self.pet, f"{self.name} again")
        return [draw(scene, 100 * self.index + 50 + place) for place, scene in enumerate(scenes)]


def run(bench: Bench) -> list[Line]:
    """Measure every pet: the class word, then each method."""
    lines = []
    for index in range(bench.options.pets):
        subject = Subject(index)
        for way in ("alone", *bench.options.methods):
            lines.append(
                bench.records.get(
                    PART,
                    _key(bench, subject, way),
                    lambda s=subject, w=way: _measure(bench, s, w),
                    together=subject.name,
                )
            )
    return lines


def _key(bench: Bench, subject: Subject, way: str) -> str:
    options = bench.options
    pace = "" if way == "alone" else f"-{options.pace(options.preset)}"
    return f"{subject.name}-{way}{pace}-{options.seeds}"


def _measure(bench: Bench, subject: Subject, way: str) -> Line:
    key = _key(bench, subject, way)
    line: Line = {"pet": subject.name, "way": way, "about": describe(subject.pet)}
    taught: Taught | None = None
    if way in ("embedding", "lora"):
        photos = bench.options.work / "photos" / subject.name
        save_photos(photos, subject.photos())
        lesson = Lesson(subject.name, subject.word, subject.pet.species, photos)
        taught, line["training"] = teach(bench, lesson, way, bench.options.preset)

    def pictures_of(prompt: str, seeds: Sequence[int]) -> list[Image.Image]:
        asked = Asked(prompt, tuple(seeds))
        if taught is None:
            return bench.draw_plain(asked, subject.pet.species)
        return bench.draw(asked, taught)

    others = subject.others()
    truth = bench.reader.read(others)
    true_coat = mean_of([reading.coat.lab for reading in truth])
    pictures = pictures_of(PLAIN, range(_FIRST_SEED, _FIRST_SEED + bench.options.seeds))
    bench.keep_pictures(PART, key, pictures)
    bench.keep_pictures(PART, f"{subject.name}-true", others)
    readings = bench.reader.read(pictures)
    places = [pictures_of(prompt, (_FIRST_SEED,))[0] for prompt in (*PLACES.values(), SCARF)]
    bench.keep_pictures(PART, f"{key}-places", places)
    seen = bench.reader.read(places)
    return line | {
        "likeness": [round(value, 1) for value in bench.judge.likeness(pictures, others)],
        "coat_distance": coat_distances(readings, true_coat),
        "true_coat_distance": coat_distances(truth, true_coat),
        "species": [reading.values["species"] == subject.pet.species for reading in readings],
        "spoilt": [reading.spoilt for reading in readings],
        "places": [
            reading.values["background"] == place
            for place, reading in zip(PLACES, seen, strict=False)
        ],
        "scarf": seen[-1].values["accessory"] == "scarf",
    }


def rows(lines: list[Line]) -> list[Row]:
    """Return likeness, fur colour and prompt following of each method beside the class word's."""
    ways = {line["way"]: {} for line in lines}
    for line in lines:
        ways[line["way"]][line["pet"]] = line
    alone = ways.pop("alone")
    found = []
    for way, taught in ways.items():
        found += _likeness_rows(way, taught, alone, ways)
        found += _colour_rows(way, taught, alone)
        found += _prompt_rows(way, taught, alone)
    return found


def _likeness_rows(
    way: str, taught: dict[str, Line], alone: dict[str, Line], ways: dict[str, dict[str, Line]]
) -> list[Row]:
    means = {pet: fmean(line["likeness"]) for pet, line in taught.items()}
    before = {pet: fmean(alone[pet]["likeness"]) for pet in taught}
    better = [means[pet] > before[pet] for pet in taught]
    needed = WANTED_PETS * len(better)
    found = [
        Row(
            f"{title_of(way)}: pets whose likeness is above the class word's",
            "19 of 20",
            f"{sum(better)} of {len(better)} (median likeness {median(means.values()):.0f})",
            f"median likeness {median(before.values()):.0f}",
            sum(better) >= needed,
        )
    ]
    if way == "lora" and "embedding" in ways:
        embedded = ways["embedding"]
        gains = [means[pet] - fmean(embedded[pet]["likeness"]) for pet in taught if pet in embedded]
        found.append(
            Row(
                "LoRA: likeness beside the embedding's, median",
                "at least the same",
                f"{median(gains):+.1f}",
                "",
                median(gains) >= 0,
            )
        )
    return found


def _colour_rows(way: str, taught: dict[str, Line], alone: dict[str, Line]) -> list[Row]:
    after = {pet: fmean(line["coat_distance"]) for pet, line in taught.items()}
    before = {pet: fmean(alone[pet]["coat_distance"]) for pet in taught}
    ratios = [after[pet] / before[pet] for pet in taught]
    least = median(fmean(line["true_coat_distance"]) for line in taught.values())
    told = f"{100 * median(ratios):.0f} % (CIE Lab {median(after.values()):.1f}"
    return [
        Row(
            f"{title_of(way)}: distance of the fur colour beside the class word's, median",
            "halved",
            f"{told}; among the pet's own drawings {least:.1f})",
            f"CIE Lab {median(before.values()):.1f}",
            median(ratios) <= WANTED_COLOUR_RATIO,
        )
    ]


def _prompt_rows(way: str, taught: dict[str, Line], alone: dict[str, Line]) -> list[Row]:
    def gathered(lines: dict[str, Line], name: str) -> list[bool]:
        values = [lines[pet][name] for pet in taught]
        return [one for value in values for one in (value if isinstance(value, list) else [value])]

    places, before = gathered(taught, "places"), gathered(alone, "places")
    asked_for = way == "lora"
    return [
        Row(
            f"{title_of(way)}: background as asked in new prompts",
            "80 %" if asked_for else "",
            percent(places),
            percent(before),
            share(places) >= WANTED_BACKGROUNDS if asked_for else None,
        ),
        Row(
            f"{title_of(way)}: red scarf as asked",
            "",
            percent(gathered(taught, "scarf")),
            percent(gathered(alone, "scarf")),
        ),
        Row(
            f"{title_of(way)}: spoilt pictures",
            "",
            percent(gathered(taught, "spoilt")),
            percent(gathered(alone, "spoilt")),
        ),
        Row(
            f"{title_of(way)}: seconds from command to file, median",
            "",
            f"{median(line['training']['seconds'] for line in taught.values()):.0f} s",
        ),
    ]


def sheets(bench: Bench, lines: list[Line], folder: Path) -> None:
    """Write for each pet its own drawings, the class word's pictures and those of each method."""
    plain, places = [], []
    methods = len(bench.options.methods)
    for line in lines:
        name, way = line["pet"], line["way"]
        if way == "alone":
            plain.append(SheetRow(line["about"], bench.strip_path(PART, f"{name}-true")))
        label = title_of(way)
        plain.append(SheetRow(label, bench.strip_path(PART, line["key"])))
        places.append(SheetRow(f"{name} {label}", bench.strip_path(PART, f"{line['key']}-places")))
    write_sheet(plain, folder / "pets.webp", Layout(4, 3, 2 + methods))
    write_sheet(places, folder / "pets-places.webp", Layout(8, 2, 1 + methods))
