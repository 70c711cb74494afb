"""A run directory for the command line: photos in, specification out, or an old one taken up."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from textinv_app.domain.concept import ConceptKind, TrainingMethod
from textinv_app.domain.presets import PresetRequest, settings_for
from textinv_app.domain.prompts import preview_prompts
from textinv_app.domain.recipe import Recipe, like_recipe
from textinv_app.domain.specs import (
    BaseModelRef,
    EmbeddingVariant,
    OptimizerName,
    PresetName,
    RunSpec,
)
from textinv_app.errors import BadInput
from textinv_app.photos.intake import DecodedPhoto, take_in_all
from textinv_app.photos.prepare import PhotoFacts, examine, prepare_dataset
from textinv_app.photos.quality import judge
from textinv_app.runs.atomic import atomic_write_json, atomic_write_text
from textinv_app.runs.layout import RunLayout

SOURCE_FILE = "source.json"
_VERDICTS = {
    "small": "is small; a larger one teaches more",
    "blurred": "is blurred; a sharp one teaches more",
    "dark": "is dark; a brighter one teaches more",
    "same_as": "shows the same as {other}",
    "mirrored_copy_of": "is a mirrored copy of {other}",
}


@dataclass(frozen=True)
class Lesson:
    """What is to be taught, as given on the command line."""

    word: str
    class_word: str
    name: str
    kind: ConceptKind
    preset: PresetName
    base_model: BaseModelRef
    seed: int
    mirror: bool
    max_steps: int | None
    embedding_variant: EmbeddingVariant = "plain"
    optimizer: OptimizerName = "adamw"
    min_snr_gamma: float | None = None
    recipe: Recipe | None = None
    """How a file was trained that this training is to be like; for its method alone."""


@dataclass(frozen=True)
class TakenPhotos:
    """Clean photos, and what is to be said about them."""

    photos: tuple[tuple[DecodedPhoto, PhotoFacts], ...]
    remarks: tuple[str, ...]
    fingerprint: str
    """SHA-256 over the files that were given."""


def find_photos(folder: Path) -> list[Path]:
    """Return the files of a folder by name, hidden ones left out; raises ``BadInput``."""
    if not folder.is_dir():
        raise BadInput("photos.no_folder", f"There is no folder {folder} with photos.")
    files = sorted(
        path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")
    )
    if not files:
        raise BadInput("photos.empty", f"The folder {folder} holds no photos.")
    return files


def take_photos(files: Sequence[Path], folder: Path) -> TakenPhotos:
    """Decode the photos into ``folder``, which is the caller's alone.

    Raises ``BadInput`` where none can be used, and ``StorageFailed``.
    """
    fingerprint = _fingerprint(files)
    report = take_in_all([(path, path.name) for path in files], folder)
    remarks = [f"{refused.details.get('name', 'A file')}: {refused}" for refused in report.refused]
    if not report.accepted:
        raise BadInput(
            "photos.none_usable", " ".join(["None of the photos can be used.", *remarks])
        )
    photos: list[tuple[DecodedPhoto, PhotoFacts]] = []
    seen: list[tuple[str, str]] = []
    for photo in report.accepted:
        facts = examine(photo.path)
        verdict = judge(facts.measurements, seen)
        if verdict.name in _VERDICTS:
            sentence = _VERDICTS[verdict.name].format(other=verdict.other)
            remarks.append(f"{photo.display_name} {sentence}.")
        seen.append((photo.display_name, facts.measurements.fingerprint))
        photos.append((photo, facts))
    return TakenPhotos(tuple(photos), tuple(remarks), fingerprint)


def make_spec(lesson: Lesson, method: TrainingMethod, num_photos: int) -> RunSpec:
    """Return the specification of one run."""
    settings = settings_for(
        PresetRequest(
            family=lesson.base_model.family,
            method=method,
            kind=lesson.kind,
            preset=lesson.preset,
            num_photos=num_photos,
            seed=lesson.seed,
            mirror=lesson.mirror,
            max_steps=lesson.max_steps,
            embedding_variant=lesson.embedding_variant,
            optimizer=lesson.optimizer,
            min_snr_gamma=lesson.min_snr_gamma,
        )
    )
    if lesson.recipe is not None and lesson.recipe.training == method:
        settings = like_recipe(settings, lesson.recipe)
    return RunSpec(
        run_id=f"{lesson.word}-{method}",
        concept_id="command-line",
        concept_name=lesson.name or lesson.word,
        kind=lesson.kind,
        class_word=lesson.class_word,
        placeholder_token=lesson.word,
        method=method,
        base_model=lesson.base_model,
        preset=lesson.preset,
        settings=settings,
        preview_prompts=preview_prompts(lesson.kind),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def prepare_run(spec: RunSpec, taken: TakenPhotos, output: Path) -> RunLayout:
    """Make a run directory in ``output``, or take up one of the same specification and photos.

    Raises ``BadInput`` where the folder holds another run, ``StorageFailed`` and ``OSError``.
    """
    layout = RunLayout(output / spec.run_id)
    if layout.spec.exists():
        if not _is_same(layout, spec, taken):
            raise BadInput(
                "output.other_run",
                f"{layout.root} holds another training. Choose another --output, or remove it.",
            )
        return layout
    layout.root.mkdir(exist_ok=True)
    shutil.rmtree(layout.dataset, ignore_errors=True)
    squares = [(photo.path, facts.square) for photo, facts in taken.photos]
    side = spec.settings.resolution_pixels
    prepare_dataset(squares, side, layout.dataset, mirror_allowed=spec.settings.mirror)
    atomic_write_json(layout.root / SOURCE_FILE, {"photos_sha256": taken.fingerprint})
    # Written last: its presence means that all is there.
    atomic_write_text(layout.spec, spec.model_dump_json(indent=1))
    return layout


def _is_same(layout: RunLayout, spec: RunSpec, taken: TakenPhotos) -> bool:
    try:
        old = RunSpec.model_validate_json(layout.spec.read_bytes())
        source = json.loads((layout.root / SOURCE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError):
        return False
    same_spec = old.model_copy(update={"created_at": spec.created_at}) == spec
    return same_spec and source == {"photos_sha256": taken.fingerprint}


def _fingerprint(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode("utf-8", "surrogateescape") + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
