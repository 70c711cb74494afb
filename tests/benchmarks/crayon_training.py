"""Trains sample pets on Crayon with the real runner and says how fast and how alike.

    python -m tests.benchmarks.crayon_training                       # Quick, both methods, all pets
    python -m tests.benchmarks.crayon_training --pets pip --methods lora --preset balanced
    python -m tests.benchmarks.crayon_training --set learning_rate=0.02 --set num_vectors=1

For each training one line: seconds from start to the first preview and to the end, steps a second,
validation loss and likeness at start and end, and for how many of ten seeds the trained word draws
the pet more alike than its class word does. ``--output`` keeps the files and a sheet of pictures
(first row the drawings, second the class word, third the trained word).
Five photos of each pet are trained on. Let nothing else run.

Last figures: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from textinv_app.domain.concept import Method
from textinv_app.domain.events import Finished, Outcome, PreviewSaved, StepDone
from textinv_app.domain.presets import PresetRequest, settings_for
from textinv_app.domain.prompts import preview_prompts
from textinv_app.domain.specs import BaseModelRef, PresetName, RunSpec
from textinv_app.runs.event_log import read_events
from textinv_app.runs.layout import RunLayout

ROOT = Path(__file__).resolve().parents[2]
NUM_PHOTOS = 5
NUM_SEEDS = 10


@dataclass(frozen=True)
class Job:
    """One training to measure."""

    pet: Path
    method: Method
    preset: PresetName
    model: Path
    changes: dict[str, Any]
    num_photos: int = NUM_PHOTOS

    def spec(self) -> RunSpec:
        """Return the specification of the run."""
        sample = json.loads((self.pet / "sample.json").read_text(encoding="utf-8"))
        request = PresetRequest(
            family="crayon", method=self.method, preset=self.preset, num_photos=self.num_photos
        )
        settings = settings_for(request).model_copy(update=self.changes)
        return RunSpec(
            run_id=f"{self.pet.name}-{self.method}",
            concept_id=self.pet.name,
            concept_name=sample["name"],
            kind="subject",
            class_word=sample["class_word"],
            placeholder_token=sample["word"],
            method=self.method,
            base_model=BaseModelRef(model_id="crayon", source=str(self.model), family="crayon"),
            preset=self.preset,
            settings=settings,
            preview_prompts=preview_prompts("subject"),
            created_at="2026-01-01T00:00:00+00:00",
        )

    def drawings(self) -> list[Path]:
        """Return the drawings that are trained on."""
        return sorted(self.pet.glob("*.webp"))[: self.num_photos]

    def save_photos(self, layout: RunLayout) -> None:
        """Write the drawings as a run's photos, at the size that is trained on."""
        layout.dataset.mkdir(parents=True)
        side = self.spec().settings.resolution_pixels
        for number, path in enumerate(self.drawings()):
            picture = Image.open(path).convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
            picture.save(layout.dataset / f"{number:03d}.png")


def train(job: Job, folder: Path) -> dict[str, Any]:
    """Run one training in a process of its own and return what was measured."""
    spec, layout = job.spec(), RunLayout(folder)
    job.save_photos(layout)
    layout.spec.write_text(spec.model_dump_json(), encoding="utf-8")
    started = time.monotonic()
    with layout.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "textinv_app.runner", str(folder)],
            cwd=ROOT,
            env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"},
            stdout=log,
            stderr=log,
        )
    first_preview = 0.0
    while process.poll() is None:
        time.sleep(0.05)
        if not first_preview and any(
            isinstance(event, PreviewSaved) for event in read_events(layout.events)[0]
        ):
            first_preview = time.monotonic() - started
    seconds = time.monotonic() - started
    if process.returncode != 0:
        raise SystemExit(layout.log.read_text(encoding="utf-8")[-3000:])
    outcome = Outcome.model_validate_json(layout.outcome.read_text(encoding="utf-8"))
    finished = outcome.finished
    assert isinstance(finished, Finished)
    steps = [event for event in read_events(layout.events)[0] if isinstance(event, StepDone)]
    return {
        "pet": job.pet.name,
        "method": job.method,
        "first_preview_seconds": round(first_preview, 1),
        "seconds": round(seconds, 1),
        "steps": finished.step,
        "best_step": finished.best_step,
        "stopped": finished.stopped_because,
        "seconds_per_step": steps[-1].seconds_per_step if steps else None,
        "loss": [finished.validation_loss_start, finished.validation_loss_end],
        "likeness": [finished.likeness_start, finished.likeness_end],
    }


def compare(job: Job, folder: Path, sheet: Path | None) -> dict[str, Any]:
    """Draw with the class word and the trained word from the same ten seeds and judge."""
    from textinv_app.drawing.artist import Artist, DrawingTask
    from textinv_app.drawing.likeness import likeness_judge
    from textinv_app.models.loading import load
    from textinv_app.training.wearing import plain_prompt, worn_artifact, worn_prompt

    spec = job.spec()
    model = load(spec.base_model)
    artist, judge = Artist(model), likeness_judge(model)
    photos = [Image.open(path).convert("RGB") for path in sorted(job.pet.glob("*.webp"))]
    artifact = worn_artifact(spec, folder / "result" / f"{spec.placeholder_token}.safetensors")
    rows = [photos[:NUM_SEEDS]]
    scores: list[list[float]] = []
    following: list[float] = []
    for worn in ([], [artifact]):
        artist.wear(worn)
        for template in spec.preview_prompts:
            pair = worn_prompt(spec, template) if worn else plain_prompt(spec, template)
            task = DrawingTask(
                prompt=pair.prompt,
                seeds=tuple(range(1000, 1000 + NUM_SEEDS)),
                num_inference_steps=spec.settings.final_inference_steps,
                guidance_scale=spec.settings.guidance_scale,
                resolution_pixels=spec.settings.resolution_pixels,
            )
            pictures = artist.draw(task)
            rows.append(pictures)
            if judge is not None and template == spec.preview_prompts[0]:
                scores.append(judge.likeness(pictures, photos))
            elif judge is not None:
                wanted = template.replace("{word}", spec.class_word)
                values = judge.prompt_following(pictures, wanted)
                following.append(round(sum(values) / len(values), 2))
    if sheet is not None:
        save_sheet(rows, sheet)
    if not scores:
        return {}
    wins = sum(after > before for before, after in zip(*scores, strict=True))
    means = [round(sum(values) / len(values), 1) for values in scores]
    return {
        "likeness_of_seeds": means,
        "more_alike": f"{wins}/{NUM_SEEDS}",
        "prompt_following": following,
    }


def save_sheet(rows: list[list[Image.Image]], path: Path) -> None:
    """Save pictures in rows, one below the other."""
    side = 128
    sheet = Image.new("RGB", (side * NUM_SEEDS, side * len(rows)), "white")
    for row, pictures in enumerate(rows):
        for column, picture in enumerate(pictures):
            sheet.paste(picture.resize((side, side)), (column * side, row * side))
    sheet.save(path)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pets", nargs="*", default=["biscuit", "minette", "pip"])
    parser.add_argument("--methods", nargs="*", default=["embedding", "lora"])
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--model", type=Path, default=ROOT / "assets/crayon")
    parser.add_argument("--num-photos", type=int, default=NUM_PHOTOS)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    changes = {
        name: json.loads(value) for name, value in (entry.split("=", 1) for entry in given.set)
    }
    for pet in given.pets:
        for method in given.methods:
            folder = Path(tempfile.mkdtemp(prefix="petname-benchmark-"))
            job = Job(
                ROOT / "assets/samples" / pet,
                method,
                given.preset,
                given.model,
                changes,
                given.num_photos,
            )
            measured = train(job, folder / "run")
            sheet = None
            if given.output is not None:
                given.output.mkdir(parents=True, exist_ok=True)
                sheet = given.output / f"{pet}-{method}.png"
            measured |= compare(job, folder / "run", sheet)
            print(json.dumps(measured), flush=True)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
