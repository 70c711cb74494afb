"""From weights to pictures by the way people will go: write the file, load it, draw with it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from textinv_app.domain.drawing import WornArtifact
from textinv_app.domain.prompts import base_prompt, lora_prompt, put_word
from textinv_app.domain.specs import RunSpec
from textinv_app.drawing.artist import Artist, DrawingTask
from textinv_app.formats.metadata import FileFacts, PredictionType
from textinv_app.runs.atomic import TEMPORARY_PREFIX


@dataclass(frozen=True)
class PromptPair:
    """What the model is asked for and what it is asked to avoid."""

    prompt: str
    negative_prompt: str = ""


def worn_prompt(spec: RunSpec, template: str) -> PromptPair:
    """Return a preview prompt for the trained word; a negative word goes where it belongs."""
    if spec.kind == "negative":
        return PromptPair(template, spec.placeholder_token)
    if spec.method == "lora":
        prompt = lora_prompt(template, spec.placeholder_token, spec.class_word, spec.kind)
    else:
        prompt = put_word(template, spec.placeholder_token)
    return PromptPair(prompt)


def plain_prompt(spec: RunSpec, template: str) -> PromptPair:
    """Return the same prompt for the untrained model: the class word, nothing to avoid."""
    return PromptPair(base_prompt(template, spec.placeholder_token, spec.class_word))


def worn_artifact(spec: RunSpec, path: Path) -> WornArtifact:
    """Return the file of a run as the artist wears it."""
    return WornArtifact(
        path=str(path),
        method=spec.method,
        placeholder_token=spec.placeholder_token,
        kind=spec.kind,
    )


def file_facts(
    spec: RunSpec, steps: int, num_photos: int, prediction_type: str, thumbnail: bytes = b""
) -> FileFacts:
    """Return what the file of a run says about itself."""
    kind: PredictionType = "v" if prediction_type == "v_prediction" else "epsilon"
    source = spec.base_model.source
    return FileFacts(
        placeholder_token=spec.placeholder_token,
        title=spec.concept_name or spec.placeholder_token,
        method=spec.method,
        family=spec.base_model.family,
        kind=spec.kind,
        base_model=source if spec.base_model.model_id == "custom" else spec.base_model.model_id,
        resolution_pixels=spec.settings.resolution_pixels,
        steps=steps,
        seed=spec.settings.seed,
        created_at=spec.created_at,
        prediction_type=kind,
        num_vectors=spec.settings.num_vectors,
        rank=spec.settings.rank if spec.method == "lora" else 0,
        num_photos=num_photos,
        class_word=spec.class_word,
        thumbnail_jpeg=thumbnail,
    )


@contextmanager
def temporary_folder(beside: Path) -> Iterator[Path]:
    """Give a folder in ``beside`` that is removed afterwards; sweepers know it by its prefix."""
    folder = beside / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Sheet:
    """Pictures to draw with one prompt: one for each seed."""

    prompts: PromptPair
    seeds: Sequence[int]


def draw_sheets(
    artist: Artist,
    spec: RunSpec,
    worn: Sequence[WornArtifact],
    sheets: Sequence[Sheet],
    check: Callable[[], None] = lambda: None,
) -> list[list[Image.Image]]:
    """Draw with ``worn`` and take it off again; ``check`` is called often and may raise."""
    artist.wear(worn)
    try:
        return [
            artist.draw(
                DrawingTask(
                    prompt=sheet.prompts.prompt,
                    negative_prompt=sheet.prompts.negative_prompt,
                    seeds=tuple(sheet.seeds),
                    num_inference_steps=spec.settings.preview_inference_steps,
                    guidance_scale=spec.settings.guidance_scale,
                    resolution_pixels=spec.settings.resolution_pixels,
                ),
                on_step=lambda *_: check(),
            )
            for sheet in sheets
        ]
    finally:
        artist.undress()
