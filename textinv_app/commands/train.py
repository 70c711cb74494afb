"""``train``: photos to an embedding, a LoRA or both, without a page and without a database."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from textinv_app.commands.choosing import choose_model, output_folder
from textinv_app.commands.liking import fill_in
from textinv_app.commands.preparing import (
    Lesson,
    find_photos,
    make_spec,
    prepare_run,
    take_photos,
)
from textinv_app.commands.reporting import Reporter
from textinv_app.commands.running import follow_run
from textinv_app.domain.concept import TrainingMethod, check_methods
from textinv_app.domain.events import (
    Event,
    Finished,
    Judged,
    Noticed,
    PhaseChanged,
    PlanChosen,
    PreviewSaved,
    Redrawn,
    StepDone,
    Validated,
)
from textinv_app.domain.words import check_word
from textinv_app.errors import BadInput, TrainingFailed
from textinv_app.runs.atomic import TEMPORARY_PREFIX
from textinv_app.runs.layout import RunLayout
from textinv_app.ui.words import Words

_METHODS: dict[str, tuple[TrainingMethod, ...]] = {
    "embedding": ("embedding",),
    "lora": ("lora",),
    "both": ("embedding", "lora"),
    "pivotal": ("pivotal",),
}


@dataclass(frozen=True)
class Trained:
    """The end of one run."""

    method: TrainingMethod
    layout: RunLayout
    finished: Finished | None
    """None when it was stopped before there was anything to keep."""
    stopped: bool
    """Whether the person has just stopped it."""


def run_train(given: argparse.Namespace, reporter: Reporter) -> int:
    """Train what is asked for and report; returns the exit code.

    Raises ``BadInput`` before anything is stored, ``TrainingFailed``, ``StorageFailed``.
    """
    recipe = fill_in(given, reporter)
    check_word(given.word, (), given.class_word)
    check_methods(given.kind, _METHODS[given.method])
    lesson = Lesson(
        word=given.word,
        class_word=_class_word(given.class_word),
        name=given.name,
        kind=given.kind,
        preset=given.preset,
        base_model=choose_model(given.base_model),
        seed=given.seed,
        mirror=given.mirror,
        max_steps=given.max_steps,
        embedding_variant=given.embedding_variant,
        optimizer=given.optimizer,
        min_snr_gamma=given.min_snr_gamma,
        recipe=recipe,
    )
    files = find_photos(given.photos)
    output = output_folder(given.output)
    # Of its own: another training may take in the same photos for the same folder just now.
    with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=output) as folder:
        taken = take_photos(files, Path(folder))
        for remark in taken.remarks:
            reporter.warn(remark)
        specs = [make_spec(lesson, method, len(taken.photos)) for method in _METHODS[given.method]]
        layouts = [prepare_run(spec, taken, output) for spec in specs]
    trained = []
    for spec, layout in zip(specs, layouts, strict=True):
        reporter.say(f"Teaching {spec.placeholder_token} ({spec.method}) in {layout.root}")
        trained.append(_train_one(spec.method, layout, reporter))
        if trained[-1].stopped:
            break
    reporter.end_bar()
    if len(trained) < len(specs):
        reporter.warn("Stopped by you; the same command goes on with what is left.")
    return _report(trained, reporter)


def _class_word(text: str) -> str:
    word = text.strip()
    if not word:
        raise BadInput("class_word.empty", "The class word says what it is, for instance dog.")
    return word


def _train_one(method: TrainingMethod, layout: RunLayout, reporter: Reporter) -> Trained:
    outcome, stopped = follow_run(layout, _listener(method, layout, reporter))
    if outcome.failed is not None:
        raise TrainingFailed(outcome.failed.code, outcome.failed.sentence)
    return Trained(method, layout, outcome.finished, stopped)


def _listener(
    method: TrainingMethod, layout: RunLayout, reporter: Reporter
) -> Callable[[Event], None]:
    """Return what relays the events of a run."""

    def listen(event: Event) -> None:
        reporter.record({**event.model_dump(), "method": method, "run_dir": str(layout.root)})
        if isinstance(event, StepDone):
            detail = f"loss {event.loss:.4f}, {event.remaining_seconds:.0f} s left"
            reporter.advance(event.step, event.max_steps, method, detail)
        else:
            sentence = _sentence(event, layout)
            if sentence:
                reporter.say(sentence)

    return listen


def _sentence(event: Event, layout: RunLayout) -> str:
    """Return an event in words; empty for those that a person need not read."""
    if isinstance(event, PhaseChanged) and event.fraction is None:
        return f"  {event.phase.replace('_', ' ')} {event.detail}".rstrip()
    if isinstance(event, Judged):
        likeness = "" if event.likeness is None else f", likeness {event.likeness:.0f}"
        return f"  step {event.step}: {event.verdict.replace('_', ' ')}{likeness}"
    if isinstance(event, Validated):
        return f"  step {event.step}: validation loss {event.validation_loss:.4f}"
    if isinstance(event, PreviewSaved):
        return f"  step {event.step}: {layout.root / event.path}"
    if isinstance(event, PlanChosen):
        return f"  plan: {_plan(event)}"
    if isinstance(event, Redrawn):
        return f"  learns from its own drawings of the photos: {layout.redrawn}"
    if isinstance(event, Noticed):
        return f"  note: {Words('en').error(event.code, event.code, event.details)}"
    return ""


def _plan(event: PlanChosen) -> str:
    """Return how the machine is used, in a few words."""
    wishes = {
        "recomputing": event.gradient_checkpointing,
        "CUDA graph": event.cuda_graph,
        "compiled": event.compile_unet,
        "fp8 storage": event.fp8_storage,
        "VAE in tiles": event.tiled_vae,
    }
    parts = [
        f"{event.device} in {event.weights}",
        f"{event.pictures_at_a_time} at a time",
        *(name for name, wanted in wishes.items() if wanted),
        f"about {event.peak_bytes / 1e9:.1f} GB",
    ]
    return ", ".join(parts)


def _report(trained: list[Trained], reporter: Reporter) -> int:
    """Write the last line: where the files are and what was measured.

    Steps and seconds are sums over the runs, losses and likeness means; ``runs`` has each.
    """
    runs = [_run_record(one) for one in trained]
    finished = [one.finished for one in trained if one.finished is not None]
    paths = [[run["artifact"], run.get("companion", "")] for run in runs]
    artifacts = [path for pair in paths for path in pair if path]
    measured = (
        "validation_loss_start",
        "validation_loss_end",
        "likeness_start",
        "likeness_end",
    )
    reporter.record(
        {
            "type": "result",
            "artifacts": artifacts,
            "steps": sum(end.step for end in finished),
            "seconds": round(sum(end.seconds for end in finished), 3),
            **{name: _mean([getattr(end, name) for end in finished]) for name in measured},
            "runs": runs,
        }
    )
    for path in artifacts:
        reporter.say(f"Done: {path}")
    if not artifacts:
        reporter.warn("Stopped before there was anything to keep.")
        return 1
    return 0


def _run_record(trained: Trained) -> dict[str, Any]:
    finished = trained.finished
    if finished is None:
        return {"method": trained.method, "artifact": ""}
    return {
        **finished.model_dump(exclude={"type", "attempt", "at"}),
        "method": trained.method,
        "artifact": str(trained.layout.root / finished.artifact),
        "companion": str(trained.layout.root / finished.companion) if finished.companion else "",
    }


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
