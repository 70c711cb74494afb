"""The style without a name, taught from eight drawings, and looked for in new pictures.

No caption of the training data ever named it, so the class word ("drawing") cannot ask for it.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import random
from pathlib import Path

from PIL import Image

from tests.benchmarks.crayon.bench import Asked, Bench
from tests.benchmarks.crayon.records import Line
from tests.benchmarks.crayon.report import Row, percent, share, title_of
from tests.benchmarks.crayon.sheets import Layout, SheetRow, write_sheet
from tests.benchmarks.crayon.teaching import Lesson, save_photos, teach
from textinv_app.crayon.dataset import held_out_pet
from textinv_app.crayon.drawing import draw
from textinv_app.crayon.world import SPECIES, scene_of
from textinv_app.domain.concept import Method
from textinv_app.domain.specs import PresetName

PART = "style"
STYLE = "print"
WORD, CLASS_WORD = "zuprintstyle", "drawing"
NUM_PHOTOS = 8
WANTED_AFTER, MOST_BEFORE = 0.7, 0.2
_PLACES = {
    "snow": "in the snow",
    "beach": "on the beach",
    "meadow": "in a meadow",
    "room": "in a living room",
    "night": "at night",
    "forest": "in the forest",
    "mountains": "in the mountains",
}
_FIRST_PET = 400_000
_FIRST_SEED = 3_000
_ON_SHEET = 8


def photos() -> list[Image.Image]:
    """Return drawings of eight held-out pets in the style."""
    drawn = []
    for index in range(NUM_PHOTOS):
        scene = scene_of(held_out_pet(_FIRST_PET + index), random.Random(f"style {index}"))
        drawn.append(draw(dataclasses.replace(scene, style=STYLE, fault=""), index, 512))
    return drawn


def prompts(count: int) -> list[tuple[str, str, str]]:
    """Return species, background and prompt of new pictures."""
    pairs = itertools.islice(
        zip(itertools.cycle(SPECIES), itertools.cycle(_PLACES.items()), strict=False), count
    )
    return [
        (species, background, f"a {species} {place} in the style of {{word}}")
        for species, (background, place) in pairs
    ]


def run(bench: Bench) -> list[Line]:
    """Measure the class word, then each method by each preset."""
    options = bench.options
    count = options.style_prompts
    taught = photos()
    bench.keep_pictures(PART, "taught", [picture.resize((128, 128)) for picture in taught])
    folder = save_photos(options.work / "photos" / "style", taught)
    lesson = Lesson("style", WORD, CLASS_WORD, folder, "style")
    measure = functools.partial(_measure, bench, lesson, None, f"alone-{count}")
    lines = [bench.records.get(PART, f"alone-{count}", measure)]
    for method, preset in itertools.product(options.methods, options.concept_presets):
        key = f"{method}-{options.pace(preset)}-{count}"
        measure = functools.partial(_measure, bench, lesson, (method, preset), key)
        lines.append(bench.records.get(PART, key, measure))
    return lines


def _measure(bench: Bench, lesson: Lesson, way: tuple[Method, PresetName] | None, key: str) -> Line:
    """Draw and read new pictures, with the word taught in this way or with the class word."""
    line: Line = {"way": "alone"}
    taught = None
    if way is not None:
        method, preset = way
        line = {"way": method, "preset": preset}
        taught, line["training"] = teach(bench, lesson, method, preset)
    wanted = prompts(bench.options.style_prompts)
    pictures = []
    for index, (_, _, prompt) in enumerate(wanted):
        asked = Asked(prompt, (_FIRST_SEED + index,))
        drawn = bench.draw_plain(asked, CLASS_WORD) if taught is None else bench.draw(asked, taught)
        pictures += drawn
    bench.keep_pictures(PART, key, pictures[:_ON_SHEET])
    readings = bench.reader.read(pictures)
    return line | {
        "style": [reading.values["style"] == STYLE for reading in readings],
        "species": [
            reading.values["species"] == species
            for reading, (species, _, _) in zip(readings, wanted, strict=True)
        ],
        "background": [
            reading.values["background"] == background
            for reading, (_, background, _) in zip(readings, wanted, strict=True)
        ],
        "spoilt": [reading.spoilt for reading in readings],
    }


def rows(lines: list[Line]) -> list[Row]:
    """Return the share of pictures in the style, and whether the rest is still followed."""
    alone = next(line for line in lines if line["way"] == "alone")
    found = []
    for line in lines:
        if line is alone:
            continue
        reached = share(line["style"]) >= WANTED_AFTER and share(alone["style"]) <= MOST_BEFORE
        subject = f"style ({_title(line)})"
        found.append(
            Row(
                f"{subject}: new pictures in the taught style",
                "70 %, at most 20 % before",
                percent(line["style"]),
                percent(alone["style"]),
                reached,
            )
        )
        for name in ("species", "background", "spoilt"):
            told = "spoilt pictures" if name == "spoilt" else f"{name} as asked"
            found.append(Row(f"{subject}: {told}", "", percent(line[name]), percent(alone[name])))
    return found


def sheets(bench: Bench, lines: list[Line], folder: Path) -> None:
    """Write what was taught, the class word's pictures and those of each method."""
    shown = [SheetRow("taught from", bench.strip_path(PART, "taught"))]
    for line in lines:
        shown.append(SheetRow(_title(line), bench.strip_path(PART, line["key"])))
    write_sheet(shown, folder / "style.webp", Layout(_ON_SHEET))


def _title(line: Line) -> str:
    way = title_of(line["way"])
    return f"{way}, {line['preset'].title()}" if "preset" in line else way
