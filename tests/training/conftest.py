"""Run directories with tiny models and drawn photos, ready to be trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.tiny_models import TINY_PIXELS, save_tiny_judge, save_tiny_model
from textinv_app.domain.concept import Family
from textinv_app.domain.prompts import preview_prompts
from textinv_app.domain.specs import BaseModelRef, RunSpec, TrainingSettings
from textinv_app.runs.layout import RunLayout

ModelOf = Callable[[Family], BaseModelRef]
RunOf = Callable[..., tuple[RunSpec, RunLayout]]


def drawn_photos(count: int) -> list[Image.Image]:
    """Return small drawings that share a white dog with a black patch and differ in the rest."""
    photos = []
    for number in range(count):
        picture = Image.new("RGB", (TINY_PIXELS, TINY_PIXELS), (40 * number, 160, 90))
        draw = ImageDraw.Draw(picture)
        draw.ellipse((10 + 2 * number, 12, 50, 56), fill=(245, 245, 240))
        draw.ellipse((18 + 2 * number, 18, 30, 30), fill=(20, 20, 20))
        photos.append(picture)
    return photos


@pytest.fixture(scope="session")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> ModelOf:
    """Return a function that gives the tiny model of a family, saved once."""
    saved: dict[str, BaseModelRef] = {}

    def model(family: Family) -> BaseModelRef:
        if family not in saved:
            folder = tmp_path_factory.mktemp("tiny") / family
            saved[family] = save_tiny_model(folder, family)
            if family == "crayon":
                save_tiny_judge(folder)
        return saved[family]

    return model


def tiny_settings(**changes: Any) -> TrainingSettings:
    """Return settings of a training that takes seconds."""
    fields: dict[str, Any] = {
        "resolution_pixels": TINY_PIXELS,
        "max_steps": 8,
        "batch_size": 2,
        "learning_rate": 1e-2,
        "warmup_steps": 2,
        "num_vectors": 2,
        "rank": 4,
        "seed": 7,
        "preview_every_steps": 4,
        "validate_every_steps": 2,
        "checkpoint_every_steps": 4,
        "preview_inference_steps": 2,
        "final_inference_steps": 2,
        "guidance_scale": 2.0,
        "stop_early": False,
    }
    return TrainingSettings(**(fields | changes))


@pytest.fixture
def run_of(tmp_path: Path, model_of: ModelOf) -> RunOf:
    """Return a function that makes a run directory with spec and dataset."""

    def run(
        name: str = "run",
        family: Family = "crayon",
        num_photos: int = 5,
        spec_changes: dict[str, Any] | None = None,
        **settings: Any,
    ) -> tuple[RunSpec, RunLayout]:
        changes = spec_changes or {}
        kind = changes.get("kind", "subject")
        fields: dict[str, Any] = {
            "run_id": name,
            "concept_id": "c1",
            "concept_name": "Rex",
            "kind": "subject",
            "class_word": "dog",
            "placeholder_token": "rexdog",
            "method": "embedding",
            "base_model": model_of(family),
            "preset": "quick",
            "settings": tiny_settings(**settings),
            "preview_prompts": preview_prompts(kind),
            "created_at": "2026-01-02T03:04:05+00:00",
        }
        spec = RunSpec(**(fields | changes))
        layout = RunLayout(tmp_path / name)
        layout.dataset.mkdir(parents=True)
        for number, photo in enumerate(drawn_photos(num_photos)):
            photo.save(layout.dataset / f"{number:03d}.png")
        layout.spec.write_text(spec.model_dump_json(), encoding="utf-8")
        return spec, layout

    return run
