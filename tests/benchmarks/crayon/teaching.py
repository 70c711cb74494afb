"""Teaching a word as a person does: `python -m textinv_app train` in a process of its own."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image

from tests.benchmarks.crayon.bench import Bench, Taught
from textinv_app.domain.concept import ConceptKind, Method
from textinv_app.domain.specs import PresetName

ROOT = Path(__file__).resolve().parents[3]


@dataclasses.dataclass(frozen=True)
class Lesson:
    """What is taught, apart from the method."""

    name: str
    word: str
    class_word: str
    photos: Path
    kind: ConceptKind = "subject"


def teach(
    bench: Bench, lesson: Lesson, method: Method, preset: PresetName
) -> tuple[Taught, dict[str, Any]]:
    """Teach the word and return the file with what was reported of the training.

    A training that has ended is not made again, one that was cut off goes on: the command's own
    doing. Raises `SystemExit` with what it wrote where it fails.
    """
    options = bench.options
    steps = [] if options.max_steps is None else ["--max-steps", str(options.max_steps)]
    model = bench.stamp.split("-")[0]
    output = options.work / "trainings" / model / f"{lesson.name}-{options.pace(preset)}"
    command = [sys.executable, "-m", "textinv_app", "train", "--json"]
    command += ["--photos", str(lesson.photos), "--word", lesson.word, "--kind", lesson.kind]
    command += ["--class-word", lesson.class_word, "--method", method, "--preset", preset]
    command += [*steps, "--output", str(output)]
    started = time.monotonic()
    finished = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PETNAME_ASSETS_DIR": str(options.assets)},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise SystemExit(f"teaching {lesson.name} failed: {finished.stderr or finished.stdout}")
    result = json.loads(finished.stdout.splitlines()[-1])
    run = result["runs"][0]
    told = {
        "steps": run["step"],
        "best_step": run["best_step"],
        "seconds": round(time.monotonic() - started, 1),
    }
    return Taught(Path(run["artifact"]), method, lesson.word, lesson.class_word), told


def save_photos(folder: Path, pictures: list[Image.Image]) -> Path:
    """Write pictures as the photos of a lesson; what is there already is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, picture in enumerate(pictures):
        path = folder / f"{index:02}.png"
        if not path.exists():
            picture.save(path)
    return folder
