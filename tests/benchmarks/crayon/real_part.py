"""The four real pets, taught from their photos with the product's own trainer.

Likeness is the product's judge's, to the photos themselves. The coat's true colour is that of a
patch of fur marked by hand in each photo (the coloured coat, not the white bib). A picture's coat
is measured where the attribute reader sees it, and where it sees none in the middle of the picture.
"""

from __future__ import annotations

import functools
from pathlib import Path
from statistics import fmean

from PIL import Image

from tests.benchmarks.coat_colour import colour_in, mean_of
from tests.benchmarks.crayon.bench import Asked, Bench, coat_distances
from tests.benchmarks.crayon.pets_part import PLAIN, SCARF
from tests.benchmarks.crayon.records import Line
from tests.benchmarks.crayon.report import Row, title_of
from tests.benchmarks.crayon.sheets import Layout, SheetRow, write_sheet
from tests.benchmarks.crayon.teaching import Lesson, teach
from tests.benchmarks.crayon.vae_part import open_square

PART = "real"
Box = tuple[float, float, float, float]

CLASS_WORDS = {"corgi": "dog", "orange-cat": "cat", "puppy": "dog", "white-dog": "dog"}
COATS: dict[str, dict[str, Box]] = {
    "corgi": {
        "00.jpg": (0.72, 0.45, 0.83, 0.62),
        "01.jpg": (0.68, 0.60, 0.82, 0.76),
        "02.jpg": (0.68, 0.60, 0.95, 0.85),
        "03.jpg": (0.62, 0.62, 0.86, 0.85),
        "04.jpg": (0.68, 0.18, 0.78, 0.45),
    },
    "orange-cat": {
        "00.jpg": (0.35, 0.53, 0.55, 0.68),
        "01.jpg": (0.24, 0.48, 0.40, 0.72),
        "02.jpg": (0.33, 0.45, 0.45, 0.68),
        "03.jpg": (0.61, 0.46, 0.73, 0.70),
        "04.jpg": (0.30, 0.18, 0.65, 0.33),
    },
    "puppy": {
        "00.jpg": (0.21, 0.27, 0.28, 0.38),
        "01.jpg": (0.53, 0.20, 0.63, 0.30),
        "02.jpg": (0.38, 0.10, 0.53, 0.18),
        "03.jpg": (0.41, 0.21, 0.48, 0.30),
        "04.jpg": (0.34, 0.12, 0.47, 0.20),
    },
    "white-dog": {
        "00.jpg": (0.50, 0.50, 0.85, 0.70),
        "01.jpg": (0.20, 0.45, 0.40, 0.58),
        "02.jpg": (0.65, 0.43, 0.95, 0.58),
        "03.jpg": (0.25, 0.40, 0.52, 0.53),
        "04.jpg": (0.46, 0.62, 0.57, 0.68),
        "05.jpg": (0.27, 0.05, 0.62, 0.20),
    },
}
"""Left, top, right and bottom of a patch of coat, as shares of the photo, marked by hand."""
_FIRST_SEED = 1_000


def run(bench: Bench) -> list[Line]:
    """Measure every pet whose photos are there."""
    lines = []
    options = bench.options
    for pet in CLASS_WORDS:
        if not (options.photos / "pets" / pet).is_dir():
            lines.append({"pet": pet, "missing": f"no photos in {options.photos}/pets/{pet}"})
            continue
        for way in ("alone", *options.methods):
            pace = "" if way == "alone" else f"-{options.pace(options.preset)}"
            key = f"{pet}-{way}{pace}-{options.seeds}"
            measure = functools.partial(_measure, bench, pet, way, key)
            lines.append(bench.records.get(PART, key, measure, together=pet))
    return lines


def _measure(bench: Bench, pet: str, way: str, key: str) -> Line:
    folder = bench.options.photos / "pets" / pet
    line: Line = {"pet": pet, "way": way}
    class_word = CLASS_WORDS[pet]
    word = f"zu{pet.replace('-', '')}pet"
    seeds = tuple(range(_FIRST_SEED, _FIRST_SEED + bench.options.seeds))
    if way in ("embedding", "lora"):
        lesson = Lesson(f"real-{pet}", word, class_word, folder)
        taught, line["training"] = teach(bench, lesson, way, bench.options.preset)
        pictures, scarves = (bench.draw(Asked(prompt, seeds), taught) for prompt in (PLAIN, SCARF))
    else:
        pictures, scarves = (
            bench.draw_plain(Asked(prompt, seeds), class_word) for prompt in (PLAIN, SCARF)
        )
    paths = [folder / name for name in COATS[pet]]
    photos = [open_square(path) for path in paths]
    true_coats = [colour_in(Image.open(path), COATS[pet][path.name]) for path in paths]
    bench.keep_pictures(PART, key, pictures)
    bench.keep_pictures(PART, f"{key}-scarf", scarves)
    bench.keep_pictures(PART, f"{pet}-photos", photos)
    readings = bench.reader.read(pictures)
    return line | {
        "likeness": [round(value, 1) for value in bench.judge.likeness(pictures, photos)],
        "coat_distance": coat_distances(readings, mean_of(true_coats)),
        "coat_found": [reading.coat.share > 0 for reading in readings],
        "scarf": [reading.values["accessory"] == "scarf" for reading in bench.reader.read(scarves)],
    }


def rows(lines: list[Line]) -> list[Row]:
    """Return likeness and coat of each pet and method beside the class word's."""
    found = [
        Row(f"{line['pet']}", "", f"skipped: {line['missing']}")
        for line in lines
        if "missing" in line
    ]
    measured = [line for line in lines if "missing" not in line]
    alone = {line["pet"]: line for line in measured if line["way"] == "alone"}
    for line in measured:
        if line["way"] == "alone":
            continue
        before = alone[line["pet"]]
        for name, title, is_better in (
            ("likeness", "likeness to the photos", lambda new, old: new > old),
            ("coat_distance", "distance of the coat's colour, CIE Lab", lambda new, old: new < old),
        ):
            new, old = fmean(line[name]), fmean(before[name])
            found.append(
                Row(
                    f"{line['pet']} ({title_of(line['way'])}): {title}",
                    "nearer than the class word's",
                    f"{new:.1f}",
                    f"{old:.1f}",
                    is_better(new, old),
                )
            )
    return found


def sheets(bench: Bench, lines: list[Line], folder: Path) -> None:
    """Write each pet's photos, the class word's pictures and those of each method."""
    shown = []
    for line in lines:
        if "missing" in line:
            continue
        if line["way"] == "alone":
            shown.append(SheetRow(line["pet"], bench.strip_path(PART, f"{line['pet']}-photos")))
        label = title_of(line["way"])
        shown.append(SheetRow(label, bench.strip_path(PART, line["key"])))
        scarf = bench.strip_path(PART, f"{line['key']}-scarf")
        shown.append(SheetRow(f"{label}, with a red scarf in the snow", scarf))
    write_sheet(shown, folder / "real-pets.webp", Layout(bench.options.seeds))
