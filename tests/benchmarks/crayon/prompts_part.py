"""Whether pictures show what held-out captions ask for, read by the attribute reader.

Captions come from the world's own captioner, for scenes of held-out pets; only what a caption names
is counted. Beside it stand the class word alone ("a photo of a dog", the same seed) and the world's
own drawing of the scene: what the reader reads there is the best that can be read of any picture.
"""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

from tests.benchmarks.crayon.asked import ATTRIBUTES, asked_of
from tests.benchmarks.crayon.bench import Asked, Bench
from tests.benchmarks.crayon.records import Line
from tests.benchmarks.crayon.report import Row, percent, share
from tests.benchmarks.crayon.sheets import Layout, SheetRow, write_sheet
from textinv_app.crayon.captions import caption
from textinv_app.crayon.dataset import SIZE_PIXELS, held_out_scene
from textinv_app.crayon.drawing import draw
from textinv_app.crayon.world import Scene

PART = "prompts"
WANTED = {"species": 0.9, "fur": 0.9, "background": 0.9, "pattern": 0.8, "accessory": 0.8}
MOST_SPOILT = 0.1
NAMES = {
    "fur": "fur colour",
    "accessory_colour": "accessory's colour",
    "background_colour": "plain background's colour",
}
_FIRST_PET = 50_000
_FIRST_SEED = 5_000
_ON_SHEET = 36


@dataclasses.dataclass(frozen=True)
class Request:
    """One caption, what it asks for, and the seed it is drawn with."""

    scene: Scene
    caption: str
    asked: dict[str, str]
    seed: int


def request(index: int) -> Request:
    """Return held-out caption number `index`; it asks for a sound picture."""
    scene = dataclasses.replace(held_out_scene(_FIRST_PET + index, 0), fault="")
    text = caption(scene, random.Random(f"asked {index}"))
    return Request(scene, text, asked_of(scene, text), _FIRST_SEED + index)


def run(bench: Bench) -> list[Line]:
    """Draw and read each caption."""
    return [
        bench.records.get(PART, f"caption-{index:03}", lambda i=index: _measure(bench, i))
        for index in range(bench.options.captions)
    ]


def _measure(bench: Bench, index: int) -> Line:
    wanted = request(index)
    seeds = (wanted.seed,)
    alone = Asked(f"a photo of a {wanted.scene.pet.species}", seeds)
    pictures = [
        *bench.draw(Asked(wanted.caption, seeds)),
        *bench.draw(alone),
        draw(wanted.scene, wanted.seed, SIZE_PIXELS),
    ]
    bench.keep_pictures(PART, f"caption-{index:03}", pictures)
    readings = bench.reader.read(pictures)
    drawn, plain, truth = (
        {"agrees": reading.agrees(wanted.asked), "spoilt": reading.spoilt} for reading in readings
    )
    return {
        "caption": wanted.caption,
        "asked": wanted.asked,
        "read": readings[0].values,
        "drawn": drawn,
        "alone": plain,
        "truth": truth,
    }


def rows(lines: list[Line]) -> list[Row]:
    """Return one row for each attribute, and the spoilt ones."""
    found = []
    others = [name for line in lines for name in line["asked"] if name not in ATTRIBUTES]
    for name in (*ATTRIBUTES, *dict.fromkeys(others)):
        drawn, alone, truth = (_hits(lines, name, which) for which in ("drawn", "alone", "truth"))
        wanted = WANTED.get(name)
        found.append(
            Row(
                f"captions followed: {NAMES.get(name, name)}",
                "" if wanted is None else f"{100 * wanted:.0f} %",
                f"{percent(drawn)} (in the world's own drawings: {percent(truth)})",
                percent(alone),
                None if wanted is None else share(drawn) >= wanted,
            )
        )
    whole = [all(line["drawn"]["agrees"].values()) for line in lines if line["asked"]]
    found.append(Row("captions followed in all they ask", "", percent(whole)))
    spoilt, plain, truth = (
        [line[which]["spoilt"] for line in lines] for which in ("drawn", "alone", "truth")
    )
    told = f"{percent(spoilt)} (of the world's own sound drawings: {percent(truth)})"
    found.append(
        Row(
            "spoilt pictures among them",
            "at most 10 %",
            told,
            percent(plain),
            share(spoilt) <= MOST_SPOILT,
        )
    )
    return found


def sheets(bench: Bench, lines: list[Line], folder: Path) -> None:
    """Write the first captions: drawn, the class word alone, the world's own drawing."""
    shown = [
        SheetRow(line["caption"], bench.strip_path(PART, line["key"])) for line in lines[:_ON_SHEET]
    ]
    write_sheet(shown, folder / "captions.webp", Layout(3, 3))


def _hits(lines: list[Line], name: str, which: str) -> list[bool]:
    return [line[which]["agrees"][name] for line in lines if name in line["asked"]]
