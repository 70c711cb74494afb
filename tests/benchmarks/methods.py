"""Which way of teaching is best: trains held-out pets on Crayon by each variant and judges them.

    python -m tests.benchmarks.methods --pets 8 --seeds 0 1 --output methods.jsonl
    python -m tests.benchmarks.methods --pets 4 --output methods.jsonl \\
        --variants embedding embedding:learning_rate=0.02 \\
                   embedding:embedding_variant=directional,learning_rate=0.04 \\
                   lora lora:optimizer=prodigy,learning_rate=1 pivotal

A variant is a method and changes of its preset's settings (``domain/specs.py``), as JSON. Each pet
is one that Crayon never saw; five drawings are trained on, likeness is measured against six others
of it and given in points, prompt following with four prompts that the training does not hold. Every
result is a line of the output file at once; called again, what is there already is not made again,
and only the table is printed from all of it. The last column counts in how many of the pairs (same
pet, same seed) a variant is more alike than the first one. Let nothing else run for the seconds.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from PIL import Image

from textinv_app.crayon.dataset import held_out_pet, held_out_scene
from textinv_app.crayon.drawing import draw
from textinv_app.domain.concept import TrainingMethod
from textinv_app.domain.events import Finished
from textinv_app.domain.presets import PRESETS, PresetRequest, settings_for
from textinv_app.domain.prompts import preview_prompts
from textinv_app.domain.specs import BaseModelRef, PresetName, RunSpec, TrainingSettings
from textinv_app.drawing.artist import Artist, DrawingTask
from textinv_app.drawing.likeness import LikenessJudge, likeness_judge
from textinv_app.models.loading import load
from textinv_app.runs.control import ControlWatch
from textinv_app.runs.layout import RunLayout
from textinv_app.training.loop import train
from textinv_app.training.wearing import WrittenFile, plain_prompt, worn_files, worn_prompt

ROOT = Path(__file__).resolve().parents[2]
WORD = "zwibble"
NUM_PHOTOS = 5
NUM_UNSEEN = 6
NUM_SEEDS = 6
PROMPTS = (
    "a {word} with a red scarf in the snow",
    "a {word} on the beach",
    "a {word} wearing a blue hat",
    "a drawing of a {word} at night",
)
USUAL_VARIANTS = (
    "embedding",
    "embedding:embedding_variant=directional,learning_rate=0.04",
    "embedding:embedding_variant=cross",
    "embedding:timesteps=independent",
    "embedding:stop_rule=variance",
    "lora",
    "lora:min_snr_gamma=5",
    "lora:optimizer=prodigy,learning_rate=1",
    "pivotal",
)


@dataclass(frozen=True)
class Variant:
    """A method and what differs from its preset."""

    name: str
    method: TrainingMethod
    changes: dict[str, Any]


@dataclass(frozen=True)
class Lesson:
    """One training to be judged."""

    variant: Variant
    preset: PresetName
    pet: int
    seed: int

    @property
    def key(self) -> dict[str, Any]:
        """What tells it from others in the output file."""
        return {
            "variant": self.variant.name,
            "preset": self.preset,
            "pet": self.pet,
            "seed": self.seed,
        }

    def spec(self, model: BaseModelRef) -> RunSpec:
        """Return the specification of the run."""
        request = PresetRequest(
            family="crayon",
            method=self.variant.method,
            preset=self.preset,
            num_photos=NUM_PHOTOS,
            seed=self.seed,
        )
        numbers = settings_for(request).model_dump() | self.variant.changes
        return RunSpec(
            run_id=f"pet-{self.pet}",
            concept_id=f"pet-{self.pet}",
            concept_name=f"Pet {self.pet}",
            kind="subject",
            class_word=held_out_pet(self.pet).species,
            placeholder_token=WORD,
            method=self.variant.method,
            base_model=model,
            preset=self.preset,
            settings=TrainingSettings.model_validate(numbers),
            preview_prompts=preview_prompts("subject"),
            created_at="2026-01-01T00:00:00+00:00",
        )


def parse_variant(text: str) -> Variant:
    """Read ``method`` or ``method:name=value,name=value``."""
    method, _, rest = text.partition(":")
    if method not in ("embedding", "lora", "pivotal"):
        raise SystemExit(f"{method} is no method")
    changes: dict[str, Any] = {}
    for entry in filter(None, rest.split(",")):
        name, _, value = entry.partition("=")
        try:
            changes[name] = json.loads(value)
        except ValueError:
            changes[name] = value
    return Variant(text, method, changes)  # type: ignore[arg-type]


def drawings(pet: int, first: int, count: int) -> list[Image.Image]:
    """Return drawings of a held-out pet, each another scene."""
    return [draw(held_out_scene(pet, scene), scene) for scene in range(first, first + count)]


def run_lesson(lesson: Lesson, ref: BaseModelRef) -> dict[str, Any]:
    """Train one pet, judge what came out, and return the numbers."""
    spec = lesson.spec(ref)
    with tempfile.TemporaryDirectory(prefix="petname-methods-") as temporary:
        layout = RunLayout(Path(temporary) / "run")
        layout.dataset.mkdir(parents=True)
        for number, photo in enumerate(drawings(lesson.pet, 0, NUM_PHOTOS)):
            photo.save(layout.dataset / f"{number:03d}.png")
        started = time.monotonic()
        last = None
        for event in train(spec, layout, ControlWatch(layout.control)):
            last = event
        assert isinstance(last, Finished)
        seconds = time.monotonic() - started
        files = [WrittenFile(_kind(spec), layout.root / last.artifact, {})]
        if last.companion:
            files.append(WrittenFile("lora", layout.root / last.companion, {}))
        judged = judge_files(lesson, spec, files)
    return {
        **lesson.key,
        **judged,
        "seconds": round(seconds, 1),
        "training_seconds": last.seconds,
        "steps": last.step,
        "best_step": last.best_step,
        "stopped": last.stopped_because,
        "validation_loss": [last.validation_loss_start, last.validation_loss_end],
    }


def _kind(spec: RunSpec) -> Any:
    return "lora" if spec.method == "lora" else "embedding"


def judge_files(lesson: Lesson, spec: RunSpec, files: Sequence[WrittenFile]) -> dict[str, Any]:
    """Draw with and without the files and return likeness and prompt following, means."""
    model = load(spec.base_model)
    artist, judge = Artist(model), likeness_judge(model)
    assert judge is not None
    unseen = drawings(lesson.pet, 100, NUM_UNSEEN)
    found: dict[str, Any] = {}
    for name, worn in (("base", []), ("taught", worn_files(spec, files))):
        artist.wear(worn)
        plain = _draw(artist, spec, spec.preview_prompts[0], bool(worn))
        found[f"{name}_likeness"] = round(fmean(judge.likeness(plain, unseen)), 2)
        found[f"{name}_following"] = round(_following(artist, judge, spec, bool(worn)), 3)
    return found


def _draw(artist: Artist, spec: RunSpec, template: str, worn: bool) -> list[Image.Image]:
    pair = worn_prompt(spec, template) if worn else plain_prompt(spec, template)
    return artist.draw(
        DrawingTask(
            prompt=pair.prompt,
            negative_prompt=pair.negative_prompt,
            seeds=tuple(range(5000, 5000 + NUM_SEEDS)),
            num_inference_steps=spec.settings.final_inference_steps,
            guidance_scale=spec.settings.guidance_scale,
            resolution_pixels=spec.settings.resolution_pixels,
        )
    )


def _following(artist: Artist, judge: LikenessJudge, spec: RunSpec, worn: bool) -> float:
    """Return how well the prompts are followed, with the class word in the new word's place."""
    scores: list[float] = []
    for template in PROMPTS:
        wanted = template.replace("{word}", spec.class_word)
        scores += judge.prompt_following(_draw(artist, spec, template, worn), wanted)
    return fmean(scores)


def read_results(path: Path) -> list[dict[str, Any]]:
    """Return what is in the output file; a line cut off by an end that was none is left out."""
    results = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            results.append(json.loads(line))
        except ValueError:
            continue
    return results


def missing_lessons(
    given: argparse.Namespace, results: Sequence[dict[str, Any]]
) -> Iterator[Lesson]:
    """Yield the trainings that are asked for and not there, pet by pet."""
    for pet in range(given.pets):
        for seed in given.seeds:
            for text in given.variants:
                lesson = Lesson(parse_variant(text), given.preset, pet, seed)
                if not any(lesson.key.items() <= result.items() for result in results):
                    yield lesson


def table(results: Sequence[dict[str, Any]], preset: str, asked: Sequence[str]) -> str:
    """Return the results of a preset as a Markdown table, a row for each variant.

    Those that were ``asked`` for come first, in that order: what is done first is chance.
    """
    mine = [result for result in results if result["preset"] == preset]
    there = dict.fromkeys(result["variant"] for result in mine)
    variants = [
        *(name for name in asked if name in there),
        *(name for name in there if name not in asked),
    ]
    lines = [
        "| variant | n | likeness (class word) | prompt following (class word) | seconds | "
        "steps, median | best step, median | more alike than the first |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in variants:
        rows = [result for result in mine if result["variant"] == name]
        mean = {key: fmean(row[key] for row in rows) for key in _MEANS}
        lines.append(
            f"| {name} | {len(rows)} | {mean['taught_likeness']:.1f} ({mean['base_likeness']:.1f}) "
            f"| {mean['taught_following']:.2f} ({mean['base_following']:.2f}) "
            f"| {mean['seconds']:.0f} | {median(row['steps'] for row in rows):.0f} "
            f"| {median(row['best_step'] for row in rows):.0f} "
            f"| {_wins(mine, name, variants[0])} |"
        )
    return "\n".join(lines)


_MEANS = ("taught_likeness", "base_likeness", "taught_following", "base_following", "seconds")


def _wins(results: Sequence[dict[str, Any]], name: str, first: str) -> str:
    scores = {(row["variant"], row["pet"], row["seed"]): row["taught_likeness"] for row in results}
    pairs = [
        (score, scores[first, pet, seed])
        for (variant, pet, seed), score in scores.items()
        if variant == name and (first, pet, seed) in scores
    ]
    return f"{sum(mine > other for mine, other in pairs)}/{len(pairs)}"


def end_with_the_parent() -> None:
    """Have this process end when the one that started it does, however that ends."""
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("this process was started by no other")

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    """Train what is missing and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pets", type=int, default=4, help="how many held-out pets")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--processes", type=int, default=1, help="trainings at a time")
    parser.add_argument("--threads", type=int, help="of each; usually its share of the cores")
    parser.add_argument("--variants", nargs="*", default=list(USUAL_VARIANTS))
    parser.add_argument("--preset", choices=PRESETS, default="quick")
    parser.add_argument("--model", type=Path, default=ROOT / "assets/crayon")
    parser.add_argument("--output", type=Path, default=Path("methods.jsonl"))
    parser.add_argument("--table-only", action="store_true")
    given = parser.parse_args()
    ref = BaseModelRef(model_id="crayon", source=str(given.model), family="crayon")
    lessons = [] if given.table_only else missing_lessons(given, read_results(given.output))
    # Before torch counts the cores, here and in the processes that are started.
    threads = given.threads or max(1, (os.cpu_count() or 1) // given.processes)
    os.environ["OMP_NUM_THREADS"] = str(threads)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        given.processes, mp_context=context, initializer=end_with_the_parent
    ) as pool:
        for done in as_completed([pool.submit(run_lesson, one, ref) for one in list(lessons)]):
            line = json.dumps(done.result())
            with given.output.open("a", encoding="utf-8") as output:
                output.write(f"{line}\n")
            print(line, flush=True)
    print(table(read_results(given.output), given.preset, given.variants))


if __name__ == "__main__":
    main()
