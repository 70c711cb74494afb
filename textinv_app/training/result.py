"""The end of a run: export, load again, draw, publish; success is not told before that.

Everything is prepared in a temporary folder beside ``result/`` and appears by one rename.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image

from textinv_app.domain.events import Event, Finished, PhaseChanged
from textinv_app.domain.manifest import DrawnFacts, ResultManifest, ValidationPoint
from textinv_app.domain.specs import BaseModelRef, RunSpec
from textinv_app.errors import TrainingFailed
from textinv_app.formats.embedding import read_embedding
from textinv_app.formats.inspecting import sha256_of_file
from textinv_app.formats.lora_reading import read_lora
from textinv_app.formats.metadata import FileFacts
from textinv_app.models.identity import base_model_sha256
from textinv_app.runs.atomic import atomic_write_text, publish_directory
from textinv_app.training.pictures import save_picture, thumbnail_jpeg
from textinv_app.training.preview import preview_seeds
from textinv_app.training.session import Session
from textinv_app.training.state import Weights
from textinv_app.training.wearing import (
    Sheet,
    WrittenFile,
    draw_sheets,
    file_facts,
    plain_prompt,
    temporary_folder,
    worn_files,
    worn_prompt,
    write_files,
)

NUM_PICTURES = 4
NUM_PICTURES_WHEN_STOPPED = 2
"""A person who pressed Stop waits for the file."""
FLOAT16_ERROR = 1e-3
"""Relative error of float16, in which LoRAs are stored."""


@dataclass(frozen=True)
class _Check:
    """What drawing with the exported file showed."""

    pictures: list[Image.Image]
    """The best first; the last one has the hard prompt, unless the run was stopped."""
    drawn: list[DrawnFacts]
    """How each of them was drawn."""
    likeness_start: float | None
    """Of the untrained model's pictures, with the same seeds and the class word."""
    likeness_end: float | None


def publish_result(session: Session) -> Iterator[Event]:
    """Export the best weights, draw with the loaded file, publish ``result/``, yield ``Finished``.

    Raises ``TrainingFailed`` when the file does not do what it should, and ``OSError``.
    """
    equipment, layout = session.equipment, session.equipment.layout
    yield PhaseChanged(phase="exporting")
    weights, best_step = session.chosen()
    with temporary_folder(layout.root) as folder:
        thumbnail = _thumbnail(layout.previews / f"step-{best_step:06d}-0.webp")
        facts = file_facts(
            equipment.spec, best_step, len(equipment.photos), equipment.prediction_type, thumbnail
        )
        facts = _with_base_model(facts, equipment.spec.base_model, equipment.previewer.model_folder)
        files = write_files(equipment.method, equipment.spec, folder, weights, facts)
        for file in files:
            check_file(file.path, file.weights)
        yield PhaseChanged(phase="checking")
        checked = _draw_with(session, files)
        names = [f"picture-{number}.webp" for number in range(len(checked.pictures))]
        for name, picture in zip(names, checked.pictures, strict=True):
            save_picture(picture, folder / name)
        manifest = _manifest_of_all(session, files, best_step, checked, names)
        atomic_write_text(folder / "manifest.json", manifest.model_dump_json(indent=1))
        # Left by an attempt that died between publishing and telling.
        shutil.rmtree(layout.result, ignore_errors=True)
        publish_directory(folder, layout.result)
    yield _finished(session, manifest)


def _with_base_model(facts: FileFacts, base_model: BaseModelRef, folder: Path | None) -> FileFacts:
    digest = base_model_sha256(base_model.source, folder)
    return replace(facts, base_model_sha256=digest, is_checkpoint=folder is None)


def check_file(path: Path, weights: Weights) -> None:
    """Read an exported file again and compare; raises ``TrainingFailed`` when it differs."""
    if "text_encoder" in weights:
        written: Mapping[str, np.ndarray] = read_embedding(path).vectors
        tolerance = 0.0
    else:
        written = {}
        for module in read_lora(path).modules:
            written |= {f"{module.path}.down": module.down, f"{module.path}.up": module.up}
        tolerance = FLOAT16_ERROR
    same = set(written) == set(weights) and all(
        np.allclose(written[name], value.numpy(), rtol=tolerance, atol=tolerance * 1e-3)
        for name, value in weights.items()
    )
    if not same:
        raise _unusable()


def _draw_with(session: Session, files: Sequence[WrittenFile]) -> _Check:
    """Draw with the exported files and, for comparison, with the untrained model."""
    equipment = session.equipment
    spec, previewer = equipment.spec, equipment.previewer
    stopped = session.trainer.progress.finished_because == "stopped_by_person"
    seeds = preview_seeds(spec, NUM_PICTURES_WHEN_STOPPED if stopped else NUM_PICTURES)
    templates = spec.preview_prompts[:1] if stopped else spec.preview_prompts[:2]
    num_steps = spec.settings.final_inference_steps
    sheets = [
        Sheet(worn_prompt(spec, template), seeds if number == 0 else seeds[:1], num_steps)
        for number, template in enumerate(templates)
    ]
    worn = worn_files(spec, files)
    with equipment.method.set_aside():
        drawn = draw_sheets(previewer.artist, spec, worn, sheets)
        plain = Sheet(plain_prompt(spec, templates[0]), seeds, num_steps)
        base = draw_sheets(previewer.artist, spec, [], [plain])[0]
    if any(_is_blank(picture) for sheet in drawn for picture in sheet):
        raise _unusable()
    scores = previewer.likeness(drawn[0])
    order = list(range(len(drawn[0])))
    if scores is not None:
        order.sort(key=lambda index: -scores[index])
    return _Check(
        pictures=[drawn[0][index] for index in order] + [sheet[0] for sheet in drawn[1:]],
        drawn=[_drawn_facts(spec, sheets[0], sheets[0].seeds[index]) for index in order]
        + [_drawn_facts(spec, sheet, sheet.seeds[0]) for sheet in sheets[1:]],
        likeness_start=_mean(previewer.likeness(base)),
        likeness_end=_mean(scores),
    )


def _drawn_facts(spec: RunSpec, sheet: Sheet, seed: int) -> DrawnFacts:
    return DrawnFacts(
        prompt=sheet.prompts.prompt,
        negative_prompt=sheet.prompts.negative_prompt,
        seed=seed,
        num_inference_steps=sheet.num_inference_steps,
        guidance_scale=spec.settings.guidance_scale,
        resolution_pixels=spec.settings.resolution_pixels,
    )


def _manifest_of_all(
    session: Session,
    files: Sequence[WrittenFile],
    best_step: int,
    checked: _Check,
    names: list[str],
) -> ResultManifest:
    """Return the manifest of the first file, with that of the second in it."""
    told = {"pictures": tuple(names), "drawn": tuple(checked.drawn)}
    first, *others = [
        _manifest(session, file, best_step, checked).model_copy(update=told) for file in files
    ]
    return first.model_copy(update={"companion": others[0] if others else None})


def _manifest(
    session: Session, file: WrittenFile, best_step: int, checked: _Check
) -> ResultManifest:
    spec, progress = session.equipment.spec, session.trainer.progress
    losses = dict(progress.validations)
    return ResultManifest(
        file_name=file.path.name,
        method=file.kind,
        family=spec.base_model.family,
        model_id=spec.base_model.model_id,
        model_source=spec.base_model.source,
        placeholder_token=spec.placeholder_token,
        kind=spec.kind,
        concept_name=spec.concept_name,
        class_word=spec.class_word,
        steps=progress.step,
        best_step=best_step,
        seconds=round(progress.elapsed_seconds, 3),
        likeness_start=checked.likeness_start,
        likeness_end=checked.likeness_end,
        validation_loss_start=losses.get(0),
        validation_loss_end=losses.get(best_step, next(reversed(losses.values()), None)),
        validation_losses=tuple(
            ValidationPoint(step=step, validation_loss=loss) for step, loss in progress.validations
        ),
        size_bytes=file.path.stat().st_size,
        sha256=sha256_of_file(file.path),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _finished(session: Session, manifest: ResultManifest) -> Finished:
    folder, companion = session.equipment.layout.result.name, manifest.companion
    return Finished(
        step=session.trainer.step,
        best_step=cast("int", manifest.best_step),
        artifact=f"{folder}/{manifest.file_name}",
        companion=f"{folder}/{companion.file_name}" if companion else "",
        seconds=cast("float", manifest.seconds),
        stopped_because=session.trainer.progress.finished_because or "max_steps",
        validation_loss_start=manifest.validation_loss_start,
        validation_loss_end=manifest.validation_loss_end,
        likeness_start=manifest.likeness_start,
        likeness_end=manifest.likeness_end,
    )


def _thumbnail(preview: Path) -> bytes:
    if not preview.is_file():
        return b""
    with Image.open(preview) as picture:
        return thumbnail_jpeg(picture)


def _is_blank(picture: Image.Image) -> bool:
    """Tell whether a picture has one colour only, as a model draws that computes nonsense."""
    return len(picture.convert("RGB").getcolors(picture.width * picture.height) or ()) == 1


def _mean(scores: list[float] | None) -> float | None:
    return round(sum(scores) / len(scores), 2) if scores else None


def _unusable() -> TrainingFailed:
    return TrainingFailed(
        "run.result_unusable",
        "The finished file does not work when it is loaded again. Please start the training once "
        "more; if that does not help, try another preset.",
    )
