"""From weights to pictures by the way people will go: write the file, load it, draw with it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from textinv_app.domain.concept import Method as FileKind
from textinv_app.domain.drawing import WornArtifact
from textinv_app.domain.prompts import base_prompt, lora_prompt, put_word
from textinv_app.domain.specs import RunSpec
from textinv_app.drawing.artist import Artist, DrawingTask
from textinv_app.formats.metadata import FileFacts, PredictionType, build_metadata
from textinv_app.runs.atomic import TEMPORARY_PREFIX
from textinv_app.training.methods import Method
from textinv_app.training.state import Weights


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


def worn_artifact(spec: RunSpec, path: Path, kind: FileKind | None = None) -> WornArtifact:
    """Return a file of a run as the artist wears it; ``kind`` is that of the run's only file."""
    if kind is None:
        kind = "lora" if spec.method == "lora" else "embedding"
    return WornArtifact(
        path=str(path),
        method=kind,
        placeholder_token=spec.placeholder_token,
        kind=spec.kind,
    )


@dataclass(frozen=True)
class WrittenFile:
    """One file of a training, written."""

    kind: FileKind
    path: Path
    weights: Weights
    """What is in it."""


def write_files(
    method: Method, spec: RunSpec, folder: Path, weights: Weights, facts: FileFacts
) -> tuple[WrittenFile, ...]:
    """Write all files of a training into ``folder``; raises ``OSError``.

    The first bears the word's name, by which programs know an embedding; a LoRA that belongs to it
    is called ``<word>-lora``.
    """
    word = spec.placeholder_token
    stems = [word, f"{word}-lora"][: len(method.products)]
    written = []
    for number, (product, stem) in enumerate(zip(method.products, stems, strict=True)):
        others = stems[:number] + stems[number + 1 :]
        own = replace(
            facts,
            method=product.kind,
            rank=spec.settings.rank if product.kind == "lora" else 0,
            file_stem=stem,
            companion=others[0] if others else "",
        )
        file = WrittenFile(product.kind, folder / f"{stem}.safetensors", product.select(weights))
        product.write(file.path, file.weights, build_metadata(own))
        written.append(file)
    return tuple(written)


def worn_files(spec: RunSpec, files: Sequence[WrittenFile]) -> list[WornArtifact]:
    """Return the files of a training as the artist wears them, all at once."""
    return [worn_artifact(spec, file.path, file.kind) for file in files]


def file_facts(
    spec: RunSpec, steps: int, num_photos: int, prediction_type: str, thumbnail: bytes = b""
) -> FileFacts:
    """Return what the files of a run say about themselves, but for what differs between them."""
    kind: PredictionType = "v" if prediction_type == "v_prediction" else "epsilon"
    source = spec.base_model.source
    return FileFacts(
        placeholder_token=spec.placeholder_token,
        title=spec.concept_name or spec.placeholder_token,
        method="lora" if spec.method == "lora" else "embedding",
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
        preset=spec.preset,
        max_steps=spec.settings.max_steps,
        mirror=spec.settings.mirror,
        embedding_variant="plain" if spec.method == "lora" else spec.settings.embedding_variant,
        optimizer="adamw" if spec.method == "embedding" else spec.settings.optimizer,
        min_snr_gamma=spec.settings.min_snr_gamma,
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
    num_inference_steps: int


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
        tasks = [
            DrawingTask(
                prompt=sheet.prompts.prompt,
                negative_prompt=sheet.prompts.negative_prompt,
                seeds=tuple(sheet.seeds),
                num_inference_steps=sheet.num_inference_steps,
                guidance_scale=spec.settings.guidance_scale,
                resolution_pixels=spec.settings.resolution_pixels,
            )
            for sheet in sheets
        ]
        return artist.draw_together(tasks, on_step=lambda *_: check())
    finally:
        artist.undress()
