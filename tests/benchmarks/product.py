"""Our side of a comparison: the product's own session on the same model, photos and batch."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.cases import Case
from tests.benchmarks.models import model_ref
from textinv_app.domain.concept import SquareCrop
from textinv_app.domain.presets import PresetRequest, settings_for
from textinv_app.domain.prompts import preview_prompts
from textinv_app.domain.specs import RunSpec, TrainingSettings
from textinv_app.photos.crop import suggest_square
from textinv_app.photos.prepare import open_stored, prepare_dataset
from textinv_app.runs.control import ControlWatch
from textinv_app.runs.layout import RunLayout

WORD = "rexdog"


def spec_for(case: Case, settings: TrainingSettings, class_word: str = "dog") -> RunSpec:
    """Return the specification of a run on a case."""
    return RunSpec(
        run_id="benchmark",
        concept_id="benchmark",
        concept_name="Rex",
        kind="subject",
        class_word=class_word,
        placeholder_token=WORD,
        method=case.method,
        base_model=model_ref(case.model, Path(case.work)),
        preset="quick",
        settings=settings,
        preview_prompts=preview_prompts("subject"),
        created_at="2026-01-01T00:00:00+00:00",
    )


def same_work_settings(case: Case) -> TrainingSettings:
    """Return settings that give a step the reference's work: batch, size, one vector, rank 4."""
    request = PresetRequest(family=case.family, method=case.method, preset="quick", num_photos=5)
    return settings_for(request).model_copy(
        update={
            "resolution_pixels": case.resolution_pixels,
            "batch_size": case.batch,
            "num_vectors": 1,
            "rank": 4,
            "max_steps": 5000,
            "stop_early": False,
            "mixed_precision": case.dtype,
        }
    )


def make_run(case: Case, spec: RunSpec, folder: Path) -> RunLayout:
    """Write a run directory with the photos of the case, prepared as the library does."""
    layout = RunLayout(folder)
    folder.mkdir(parents=True, exist_ok=True)
    prepare_dataset(
        [(path, _square(path)) for path in sorted(Path(case.photos).iterdir())],
        spec.settings.resolution_pixels,
        layout.dataset,
    )
    layout.spec.write_text(spec.model_dump_json(), encoding="utf-8")
    return layout


def _square(path: Path) -> SquareCrop:
    import numpy as np

    return suggest_square(np.asarray(open_stored(path)))


@dataclass
class Product:
    """A session of the product that makes one step at a time."""

    session: Any
    seconds_once: float
    """What is done once and not in every step: photos cut and encoded."""

    @classmethod
    def prepare(cls, case: Case, folder: Path, settings: TrainingSettings | None = None) -> Product:
        """Make everything ready for the first step, by the product's own loop."""
        from textinv_app.training import loop

        spec = spec_for(case, settings or same_work_settings(case))
        started = time.perf_counter()
        layout = make_run(case, spec, folder)
        seconds = time.perf_counter() - started
        preparing = loop._prepare(spec, layout, ControlWatch(layout.control), None)
        encoding_since = None
        try:
            while True:
                event = next(preparing)
                if getattr(event, "phase", "") == "preparing_photos" and encoding_since is None:
                    encoding_since = time.perf_counter()
        except StopIteration as end:
            if encoding_since is not None:
                seconds += time.perf_counter() - encoding_since
            return cls(end.value, seconds)

    def step(self) -> None:
        """Make one step as the loop does."""
        for _ in self.session.step():
            continue
