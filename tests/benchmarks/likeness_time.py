"""How long until a likeness: the reference at its README's settings against a preset of ours.

    python -m tests.benchmarks.training --reference examples --part likeness --output pets.jsonl

For each pet, which Crayon has never seen, both train on five drawings. Now and then the clock is
stopped, what has been learnt so far is written to a file and worn by another copy of Crayon, and
its pictures are compared with five further drawings, which neither has seen. Both are examined
alike.

The reference's clock begins with its first step. Ours begins when photos are prepared, and goes on
through validations, previews, judging and checkpoints, as a person has to wait for them. Loading
model and libraries counts for neither. Likeness is a mean of pictures and wavers, so the curves are
smoothed over three examinations, and "as good as the reference's best" means no more than
``TOLERANCE`` points below it, for the reference's own time as well. Ours is over once it is there.

With `--processes 2 --threads 1` two trainings run at a time, each on a core of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.benchmarks.cases import Case, script_for

NUM_PHOTOS = 5
NUM_HELD_OUT = 5
NUM_SEEDS = 8
NUM_HARD_SEEDS = 4
NUM_INFERENCE_STEPS = 10
"""Enough to tell how like a picture is; most of a sitting is spent on drawing."""
SMOOTHING = 3
TOLERANCE = 1.0
FIRST_PET = 60_000
PHOTO_PIXELS = 512
README_STEPS = {"embedding": (3000, 4), "lora": (500, 1)}
"""Optimizer steps and batches accumulated for each, of the reference's README."""


@dataclass(frozen=True)
class Sitting:
    """One side's training on one pet."""

    pet: int
    side: str
    method: str
    script: str
    preset: str
    steps: int
    """Optimizer steps; 0 is the preset's."""
    examine_every: int
    threads: int
    model: str
    work: str
    until: float = 0.0
    """Smoothed likeness at which it is over; 0: after its steps."""

    def case(self, photos: str) -> Case:
        """Return how it trains."""
        return Case(
            model=self.model,
            method="embedding" if self.method == "embedding" else "lora",
            script=self.script,
            photos=photos,
            steps=self.steps,
            threads=self.threads,
            work=self.work,
        )


@dataclass(frozen=True)
class Point:
    """What was seen at one examination."""

    seconds: float
    step: int
    likeness: float
    """0 to 100, mean over pictures, to drawings that were not trained on."""
    prompt_following: float


class Examiner:
    """Draws with what was learnt and judges the pictures."""

    def __init__(self, sitting: Sitting, folder: Path) -> None:
        from tests.benchmarks.models import model_ref
        from textinv_app.crayon.dataset import held_out_pet
        from textinv_app.drawing.artist import Artist
        from textinv_app.drawing.likeness import likeness_judge
        from textinv_app.models.loading import load

        self._sitting, self._folder = sitting, folder
        self.class_word = held_out_pet(FIRST_PET + sitting.pet).species
        model = load(model_ref(sitting.model, Path(sitting.work)))
        judge = likeness_judge(model)
        if judge is None:
            raise SystemExit(f"There is nothing that judges pictures of {sitting.model}.")
        self._artist, self._judge = Artist(model), judge
        self.photos = folder / "photos"
        self.photos.mkdir()
        drawings = _drawings(sitting.pet)
        for number, drawing in enumerate(drawings[:NUM_PHOTOS]):
            drawing.save(self.photos / f"{number}.png")
        self._held_out = drawings[NUM_PHOTOS:]

    def examine(self, weights: Mapping[str, Any], seconds: float, step: int) -> Point:
        """Return what pictures drawn with ``weights`` (``training.state.Weights``) are like."""
        from tests.benchmarks.product import WORD
        from textinv_app.domain.drawing import WornArtifact

        path = self._folder / "learnt.safetensors"
        _write(path, weights)
        method = "embedding" if self._sitting.method == "embedding" else "lora"
        worn = WornArtifact(path=str(path), method=method, placeholder_token=WORD, kind="subject")
        plain, hard = self._prompts()
        self._artist.wear([worn])
        alike = self._judge.likeness(self._draw(plain, NUM_SEEDS), self._held_out)
        asked = f"a {self.class_word} with a red scarf in the snow"
        follows = self._judge.prompt_following(self._draw(hard, NUM_HARD_SEEDS), asked)
        self._artist.undress()
        return Point(round(seconds, 3), step, round(_mean(alike), 3), round(_mean(follows), 3))

    def _prompts(self) -> tuple[str, str]:
        """Return the plain and the hard prompt as each side's README or page would have it."""
        from tests.benchmarks.product import WORD
        from tests.benchmarks.reference import INSTANCE_WORD, instance_prompt

        scarf = "with a red scarf in the snow"
        if self._sitting.method == "embedding":
            return f"a photo of a {WORD}", f"a {WORD} {scarf}"
        if self._sitting.side == "ours":
            return f"a photo of a {WORD} {self.class_word}", f"a {WORD} {self.class_word} {scarf}"
        return instance_prompt(self.class_word), f"a {INSTANCE_WORD} {self.class_word} {scarf}"

    def _draw(self, prompt: str, count: int) -> list[Any]:
        from textinv_app.drawing.artist import DrawingTask

        return self._artist.draw(
            DrawingTask(
                prompt=prompt,
                seeds=tuple(range(5000, 5000 + count)),
                num_inference_steps=NUM_INFERENCE_STEPS,
                resolution_pixels=self._artist.model.resolution_pixels,
            )
        )


def _drawings(pet: int) -> list[Any]:
    from textinv_app.crayon.dataset import held_out_scene
    from textinv_app.crayon.drawing import draw

    return [
        draw(
            held_out_scene(FIRST_PET + pet, number),
            random.Random(f"likeness {pet} {number}").randrange(2**31),
            PHOTO_PIXELS,
        )
        for number in range(NUM_PHOTOS + NUM_HELD_OUT)
    ]


def _write(path: Path, weights: Mapping[str, Any]) -> None:
    """Write weights as the file that the artist wears."""
    from textinv_app.formats.embedding import write_embedding
    from textinv_app.formats.lora import LoraModule, write_lora

    arrays = {name: value.detach().float().cpu().numpy() for name, value in weights.items()}
    if "text_encoder" in arrays:
        write_embedding(path, arrays, {})
        return
    layers = sorted({name.rsplit(".", 1)[0] for name in arrays})
    modules = []
    for layer in layers:
        down, up = arrays[f"{layer}.down"], arrays[f"{layer}.up"]
        modules.append(LoraModule("unet", layer, down, up, alpha=float(down.shape[0])))
    write_lora(path, "crayon", modules, {})


def sit_reference(sitting: Sitting, folder: Path) -> list[Point]:
    """Run the reference to its end and return its curve."""
    from tests.benchmarks.models import model_ref
    from tests.benchmarks.reference import Enough, arguments_for, run_script

    examiner = Examiner(sitting, folder)
    _, accumulation = README_STEPS[sitting.method]
    case = sitting.case(str(examiner.photos))
    model = model_ref(sitting.model, Path(sitting.work)).source
    arguments = arguments_for(
        # One more: the script is left before it saves anything.
        replace(case, steps=case.steps + 1),
        model,
        folder / "output",
        examiner.class_word,
        accumulation,
    )
    curve: list[Point] = []
    spent, resumed, seen_step = 0.0, time.perf_counter(), 0

    def begin() -> None:
        nonlocal resumed
        resumed = time.perf_counter()

    def after_step(variables: Mapping[str, Any]) -> None:
        nonlocal spent, seen_step
        spent += time.perf_counter() - resumed
        step = int(variables["global_step"])
        if step != seen_step and step % sitting.examine_every == 0:
            curve.append(examiner.examine(learnt_by_reference(variables), spent, step))
        seen_step = step
        if step >= sitting.steps:
            raise Enough
        begin()

    run_script(Path(sitting.script), arguments, after_step, begin)
    return curve


def learnt_by_reference(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the script has learnt so far, by the names that the product uses."""
    if "placeholder_token_ids" in variables:
        ids = variables["placeholder_token_ids"]
        matrix = variables["text_encoder"].get_input_embeddings().weight
        return {"text_encoder": matrix[min(ids) : max(ids) + 1]}
    from peft.utils import get_peft_model_state_dict

    names = {"lora_A.weight": "down", "lora_B.weight": "up"}
    learnt = {}
    for key, value in get_peft_model_state_dict(variables["unet"]).items():
        layer, _, part = key.partition(".lora_")
        learnt[f"{layer}.{names[f'lora_{part}']}"] = value
    return learnt


def sit_ours(sitting: Sitting, folder: Path) -> list[Point]:
    """Run the product's loop to its last step and return its curve."""
    from tests.benchmarks.product import make_run, spec_for
    from textinv_app.domain.presets import PresetRequest, settings_for
    from textinv_app.runs.control import ControlWatch
    from textinv_app.training.loop import train
    from textinv_app.training.state import decode_state

    examiner = Examiner(sitting, folder)
    case = sitting.case(str(examiner.photos))
    request = PresetRequest(
        family=case.family,
        method=case.method,
        preset=sitting.preset,  # type: ignore[arg-type]
        num_photos=NUM_PHOTOS,
        max_steps=sitting.steps or None,
    )
    settings = settings_for(request).model_copy(
        update={"checkpoint_every_steps": sitting.examine_every, "stop_early": False}
    )
    spec = spec_for(case, settings, examiner.class_word)
    layout = make_run(case, spec, folder / "run")
    curve: list[Point] = []
    spent, resumed = 0.0, None
    for event in train(spec, layout, ControlWatch(layout.control)):
        if resumed is not None:
            spent += time.perf_counter() - resumed
        phase = event.phase if event.type == "phase" else ""
        if phase == "exporting":
            break
        if event.type == "checkpoint" and event.step > 0:
            state = decode_state((layout.root / event.path).read_bytes())
            curve.append(examiner.examine(state.weights, spent, event.step))
            if sitting.until and smoothed(curve)[-1] >= sitting.until:
                break
        if resumed is not None or phase == "preparing_photos":
            resumed = time.perf_counter()
    return curve


def smoothed(curve: Sequence[Point]) -> list[float]:
    """Return the mean likeness of each examination and those just before it."""
    values = [point.likeness for point in curve]
    return [_mean(values[max(0, end - SMOOTHING) : end]) for end in range(1, len(values) + 1)]


def time_to(curve: Sequence[Point], wanted: float) -> Point | None:
    """Return the first examination whose smoothed likeness is ``wanted``; None without one."""
    for point, likeness in zip(curve, smoothed(curve), strict=True):
        if likeness >= wanted:
            return point
    return None


@dataclass(frozen=True)
class Race:
    """What both sides came to on one pet."""

    reference: list[Point]
    ours: list[Point]
    wanted: float
    """Smoothed likeness that counts as the reference's best."""

    @property
    def theirs(self) -> Point | None:
        """Where the reference had it."""
        return time_to(self.reference, self.wanted)

    @property
    def mine(self) -> Point | None:
        """Where ours had it; None where it never did."""
        return time_to(self.ours, self.wanted)

    @property
    def ratio(self) -> float:
        """How many times as long the reference took; 0 where ours never got there."""
        return self.theirs.seconds / self.mine.seconds if self.theirs and self.mine else 0.0

    def row(self, pet: int) -> str:
        """Return the line of the table."""
        theirs, mine = self.theirs, self.mine
        assert theirs is not None
        reached = f"{mine.seconds:.1f}" if mine else f"not in {self.ours[-1].seconds:.1f}"
        follows = f"{theirs.prompt_following:.1f} / {(mine or self.ours[-1]).prompt_following:.1f}"
        return (
            f"| {pet} | {self.wanted + TOLERANCE:.1f} | {theirs.seconds:.1f} | {reached} | "
            f"{self.ratio:.1f} | {follows} |"
        )


def compare_likeness(given: argparse.Namespace) -> None:
    """Train what has not been trained yet, and print a table of times."""
    from tests.benchmarks.training import Spread

    with ThreadPoolExecutor(given.processes) as pool:
        races = list(pool.map(lambda pet: _race(given, pet), range(given.pets)))
    print(
        "| pet | reference's best | reference, s | ours, s | reference / ours | "
        "follows prompts, reference / ours |\n| --- | --- | --- | --- | --- | --- |"
    )
    for pet, race in enumerate(races):
        print(race.row(pet), flush=True)
    print(f"\nMedian over {len(races)} pets: {Spread.of([race.ratio for race in races])}")


def _race(given: argparse.Namespace, pet: int) -> Race:
    """Train one pet by the reference, then by ours until it is as good."""
    reference = _curve(_sitting(given, pet, "reference"), given)
    wanted = max(smoothed(reference)) - TOLERANCE
    ours = _curve(replace(_sitting(given, pet, "ours"), until=wanted), given)
    return Race(reference, ours, wanted)


def _sitting(given: argparse.Namespace, pet: int, side: str) -> Sitting:
    readme_steps, _ = README_STEPS[given.method]
    model = given.models[0]
    if side == "reference":
        steps = given.reference_steps or readme_steps
        script = str(script_for(given.reference, "crayon", given.method).resolve())
        every = given.examine_every or max(1, readme_steps // 30)
    else:
        steps, script, every = given.our_steps, "", given.examine_ours_every
    return Sitting(
        pet=pet,
        side=side,
        method=given.method,
        script=script,
        preset=given.preset if side == "ours" else "",
        steps=steps,
        examine_every=every,
        threads=given.threads,
        model=model,
        work=str(given.work),
    )


def _curve(sitting: Sitting, given: argparse.Namespace) -> list[Point]:
    """Return a curve: from the file of earlier ones, or trained now and added to it.

    Several may be at it at a time: a curve is added by one write of a whole line.
    """
    from tests.benchmarks.training import run_apart

    key = asdict(sitting)
    path: Path | None = given.output
    if path is not None and path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            known = json.loads(line)
            if known["sitting"] == key:
                return [Point(**point) for point in known["curve"]]
    environment = sitting.case("").environment()
    curve = run_apart(["likeness_time", json.dumps(key)], environment)["curve"]
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"sitting": key, "curve": curve}) + "\n")
    return [Point(**point) for point in curve]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


SIDES = {"reference": sit_reference, "ours": sit_ours}


def main() -> None:
    """Make one sitting and print its curve as one line."""
    sitting = Sitting(**json.loads(sys.argv[1]))
    answer = os.dup(1)
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory(prefix="petname-benchmark-") as name:
        curve = SIDES[sitting.side](sitting, Path(name))
    text = json.dumps({"curve": [asdict(point) for point in curve]})
    os.write(answer, text.encode("utf-8") + b"\n")


if __name__ == "__main__":
    main()
