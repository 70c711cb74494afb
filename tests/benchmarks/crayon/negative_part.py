"""A word for what to avoid, taught from ten spoilt drawings and put into the negative prompt.

Two sets of prompts, the same seeds with and without the word:

- `captions`: held-out captions as in the part `prompts`. Few of their pictures are spoilt to begin
  with, so this set mostly tells whether what was asked for still comes;
- `bad`: prompts that call for a spoilt picture, in the words that some captions of spoilt drawings
  used ("a bad drawing of a dog on the beach"), where there is something to fight.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
from pathlib import Path

from PIL import Image

from tests.benchmarks.crayon.bench import Asked, Bench, Taught
from tests.benchmarks.crayon.prompts_part import request
from tests.benchmarks.crayon.records import Line
from tests.benchmarks.crayon.report import Row, percent, share
from tests.benchmarks.crayon.sheets import Layout, SheetRow, write_sheet
from tests.benchmarks.crayon.style_part import prompts as placed_prompts
from tests.benchmarks.crayon.teaching import Lesson, save_photos, teach
from textinv_app.crayon.dataset import held_out_pet
from textinv_app.crayon.drawing import draw
from textinv_app.crayon.world import FAULTS, scene_of
from textinv_app.domain.concept import usual_class_word
from textinv_app.domain.specs import PresetName

PART = "negative"
WORD, CLASS_WORD = "zubadpicture", usual_class_word("negative")
NUM_PHOTOS = 10
SETS = ("captions", "bad")
WANTED_SHARE = 0.5
MOST_LOST = 0.03
_BAD_OPENINGS = ("a bad drawing of", "a blurry photo of", "an ugly picture of", "a bad photo of")
_FIRST_PET = 500_000
_FIRST_SEED = 9_000
_ON_SHEET = 10


def photos() -> list[Image.Image]:
    """Return spoilt drawings of ten held-out pets, each fault as often as the others."""
    faults = [fault for fault in FAULTS if fault]
    drawn = []
    for index in range(NUM_PHOTOS):
        scene = scene_of(held_out_pet(_FIRST_PET + index), random.Random(f"bad {index}"))
        spoilt = dataclasses.replace(scene, style="flat", fault=faults[index % len(faults)])
        drawn.append(draw(spoilt, index, 512))
    return drawn


def run(bench: Bench) -> list[Line]:
    """Measure both sets by each preset, prompt by prompt, without the word and with it."""
    options = bench.options
    folder = save_photos(options.work / "photos" / "negative", photos())
    lesson = Lesson("negative", WORD, CLASS_WORD, folder, "negative")
    return [line for preset in options.concept_presets for line in _run(bench, lesson, preset)]


def _run(bench: Bench, lesson: Lesson, preset: PresetName) -> list[Line]:
    options = bench.options
    taught: Taught | None = None
    lines = []
    for name in SETS:
        for index in range(options.negative_prompts):
            key = f"{name}-{index:03}-{options.pace(preset)}"

            def measure(name: str = name, index: int = index, key: str = key) -> Line:
                nonlocal taught
                if taught is None:
                    taught, _ = teach(bench, lesson, "embedding", preset)
                return {"preset": preset} | _measure(bench, taught, name, index, key)

            lines.append(bench.records.get(PART, key, measure, together=preset))
    return lines


def wanted(name: str, index: int) -> tuple[str, dict[str, str]]:
    """Return prompt number `index` of a set and what it asks for."""
    if name == "captions":
        asked = request(index)
        return asked.caption, asked.asked
    species, background, prompt = placed_prompts(index + 1)[-1]
    place = prompt.removeprefix(f"a {species} ").removesuffix(" in the style of {word}")
    opening = _BAD_OPENINGS[index % len(_BAD_OPENINGS)]
    facts = {"species": species, "background": background}
    return f"{opening} a {species} {place}", facts


def _measure(bench: Bench, taught: Taught, name: str, index: int, key: str) -> Line:
    prompt, facts = wanted(name, index)
    asked = Asked(prompt, (_FIRST_SEED + index,))
    pictures = [*bench.draw(asked), *bench.draw(asked, taught)]
    bench.keep_pictures(PART, key, pictures)
    without, with_word = bench.reader.read(pictures)
    return {
        "set": name,
        "prompt": prompt,
        "spoilt": [without.spoilt, with_word.spoilt],
        "fault": [without.values["fault"], with_word.values["fault"]],
        "agrees": [list(one.agrees(facts).values()) for one in (without, with_word)],
    }


def rows(lines: list[Line]) -> list[Row]:
    """Return spoilt pictures and attributes, without the word in the last column but one."""
    found = []
    presets = list(dict.fromkeys(line["preset"] for line in lines))
    for preset, name in itertools.product(presets, SETS):
        subject = f"negative ({preset.title()}), set `{name}`"
        mine = [line for line in lines if (line["preset"], line["set"]) == (preset, name)]
        before, after = ([line["spoilt"][which] for line in mine] for which in (0, 1))
        reached = share(after) <= WANTED_SHARE * share(before) if any(before) else None
        found.append(
            Row(
                f"{subject}: spoilt pictures",
                "halved",
                percent(after),
                f"without it {percent(before)}",
                reached,
            )
        )
        kept, lost = ([hit for line in mine for hit in line["agrees"][which]] for which in (1, 0))
        found.append(
            Row(
                f"{subject}: attributes as asked",
                "at most 3 points worse",
                percent(kept),
                f"without it {percent(lost)}",
                share(kept) >= share(lost) - MOST_LOST,
            )
        )
    return found


def sheets(bench: Bench, lines: list[Line], folder: Path) -> None:
    """Write prompts whose picture was spoilt without the word: without it, with it.

    Of several presets those of the last one.
    """
    lines = [line for line in lines if line["preset"] == lines[-1]["preset"]]
    spoilt = [line for line in lines if line["spoilt"][0]] or lines
    shown = []
    for line in spoilt[: 3 * _ON_SHEET]:
        shown.append(SheetRow(line["prompt"], bench.strip_path(PART, line["key"])))
    write_sheet(shown, folder / "negative.webp", Layout(2, 3))
