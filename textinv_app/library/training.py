"""Orders of trainings: checked, prepared and queued.

A run directory is published inside the transaction that adds its row: neither is ever there
without the other, but for a folder that a crash left and that nobody was told of.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from textinv_app.domain.concept import Concept, TrainingMethod, check_methods
from textinv_app.domain.presets import PresetRequest, settings_for
from textinv_app.domain.prompts import preview_prompts
from textinv_app.domain.recipe import Recipe, like_recipe, request_like
from textinv_app.domain.specs import BaseModelRef, RunSpec
from textinv_app.errors import BadInput
from textinv_app.library.api import TrainingOrder
from textinv_app.library.base_models import BaseModels
from textinv_app.library.concept_views import MIN_PHOTOS, missing_for_training
from textinv_app.library.config import MEGABYTE, LibraryConfig
from textinv_app.library.folders import (
    DataFolder,
    new_folders,
    new_identifier,
    not_found,
    now_text,
    write_owner,
)
from textinv_app.library.photo_files import by_shown_names
from textinv_app.library.queue_rules import QueueRules
from textinv_app.library.removing import Tables
from textinv_app.library.run_rows import NewRun, RunRow
from textinv_app.library.space import SpaceKeeper
from textinv_app.library.working_files import has_other_photos
from textinv_app.photos.prepare import prepare_dataset
from textinv_app.runs.atomic import atomic_write_text, publish_directory, temporary_beside
from textinv_app.runs.control import Control, write_control
from textinv_app.runs.layout import RunLayout

MAX_KEY_CHARACTERS = 100
_MISSING_SENTENCES = {
    "missing.photos": f"Add at least {MIN_PHOTOS} photos first; 5 to 10 are best.",
    "missing.name": "Give it a name first.",
    "missing.word": "Choose a trigger word first.",
}
# Two checkpoints with optimizer state, the result and its pictures, by what the files weigh.
_NEEDED_BYTES: dict[tuple[str, TrainingMethod], int] = {
    ("crayon", "embedding"): 20 * MEGABYTE,
    ("crayon", "lora"): 60 * MEGABYTE,
    ("sd1", "lora"): 400 * MEGABYTE,
    ("sd2", "lora"): 400 * MEGABYTE,
    ("sdxl", "lora"): 1500 * MEGABYTE,
    ("crayon", "pivotal"): 80 * MEGABYTE,
    ("sd1", "pivotal"): 420 * MEGABYTE,
    ("sd2", "pivotal"): 420 * MEGABYTE,
    ("sdxl", "pivotal"): 1520 * MEGABYTE,
}
_OTHER_NEEDED_BYTES = 60 * MEGABYTE


@dataclass(frozen=True)
class _Prepared:
    """A run directory that is written but not yet in its place."""

    spec: RunSpec
    folder: Path
    idempotency_key: str


@dataclass(frozen=True)
class _Course:
    """What one run of an order teaches, on what and like what."""

    method: TrainingMethod
    base_model: BaseModelRef
    recipe: Recipe | None


class Training:
    """Queues runs."""

    def __init__(
        self,
        config: LibraryConfig,
        tables: Tables,
        data: DataFolder,
        base_models: BaseModels,
    ) -> None:
        self._tables = tables
        self._data = data
        self._base_models = base_models
        self._rules = QueueRules(config, tables)
        self._space = SpaceKeeper(config, tables, data)

    def find(self, owner: str, run_id: str) -> RunRow:
        """Return an owner's run; raises ``NotFound``."""
        return self._tables.runs.owned(owner, run_id)

    def start(
        self, owner: str, concept: Concept, order: TrainingOrder, recipe: Recipe | None = None
    ) -> list[RunRow]:
        """Queue a run for each method of the order; the same key again returns the same runs.

        ``recipe`` is how the file was trained that the order is to be like.
        Raises ``BadInput``, ``QuotaReached``, ``ModelUnavailable`` or ``StorageFailed``, and then
        queues none.
        """
        methods = _methods(order)
        already = self._queued_before(owner, order, methods)
        if already is not None:
            return already
        self._refuse(owner, concept, order, methods)
        base_model = self._base_models.available(order.model_id)
        needed = sum(
            _NEEDED_BYTES.get((base_model.family, method), _OTHER_NEEDED_BYTES)
            for method in methods
        )
        self._space.refuse_if_full(owner, needed)
        prepared: list[_Prepared] = []
        try:
            for method in methods:
                course = _Course(method, base_model, recipe)
                prepared.append(self._prepare(owner, concept, order, course))
            return self._queue(owner, order, methods, prepared)
        except sqlite3.IntegrityError as error:
            # The key belongs to an earlier order that was for something else.
            raise _out_of_order() from error
        finally:
            for run in prepared:
                shutil.rmtree(run.folder, ignore_errors=True)

    def _queued_before(
        self, owner: str, order: TrainingOrder, methods: list[TrainingMethod]
    ) -> list[RunRow] | None:
        if not order.idempotency_key:
            return None
        runs = [self._tables.runs.by_key(owner, _key(order, method)) for method in methods]
        found = [run for run in runs if run is not None]
        return found if len(found) == len(methods) else None

    def _refuse(
        self, owner: str, concept: Concept, order: TrainingOrder, methods: list[TrainingMethod]
    ) -> None:
        """Raise where the order cannot be taken; the same is asked again when it is queued."""
        for code in missing_for_training(concept):
            raise BadInput(code, _MISSING_SENTENCES[code])
        check_methods(concept.kind, methods)
        if len(order.idempotency_key) > MAX_KEY_CHARACTERS:
            raise _out_of_order()
        if order.seed is not None and not 0 <= order.seed < 2**32:
            raise BadInput("training.seed", "The seed must be a number from 0 to 4294967295.")
        for method in methods:
            self._rules.refuse_second(concept.concept_id, method)
        self._rules.refuse_full_queue(owner, len(methods))

    def _prepare(
        self,
        owner: str,
        concept: Concept,
        order: TrainingOrder,
        course: _Course,
    ) -> _Prepared:
        """Write a run directory beside its place; raises ``OSError`` and leaves nothing."""
        spec = _spec(concept, order, course)
        folder = temporary_beside(self._data.run(spec.run_id))
        folder.mkdir()
        try:
            layout = RunLayout(folder)
            write_owner(folder, owner)
            atomic_write_text(layout.spec, spec.model_dump_json(indent=1))
            write_control(layout.control, Control(wanted="run", attempt=0))
            photos = self._data.photos(concept.concept_id)
            with by_shown_names(concept.photos):
                prepare_dataset(
                    [(photos / photo.file_name, photo.crop) for photo in concept.photos],
                    spec.settings.resolution_pixels,
                    layout.dataset,
                    concept.mirror_allowed,
                )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return _Prepared(spec, folder, _key(order, course.method))

    def _queue(
        self,
        owner: str,
        order: TrainingOrder,
        methods: list[TrainingMethod],
        prepared: list[_Prepared],
    ) -> list[RunRow]:
        folders = [self._data.run(run.spec.run_id) for run in prepared]
        # The folders outside: the transaction may fail at its very end.
        with new_folders(folders), self._tables.store.transaction():
            # Asked again, now that nobody else can write: another tab may have been faster.
            already = self._queued_before(owner, order, methods)
            if already is not None:
                return already
            concept = self._tables.concepts.find(owner, order.concept_id)
            if concept is None:
                raise not_found()
            left = {photo.photo_id for photo in concept.photos}
            if any(has_other_photos(run.folder, left) for run in prepared):
                raise BadInput(
                    "training.photos_changed",
                    "A photo was deleted meanwhile. Look at the photos, then start again.",
                )
            self._rules.refuse_full_queue(owner, len(methods))
            for method in methods:
                self._rules.refuse_second(order.concept_id, method)
            self._tables.owners.note(owner)
            for run, folder in zip(prepared, folders, strict=True):
                self._tables.runs.add(
                    NewRun(
                        run_id=run.spec.run_id,
                        owner_id=owner,
                        concept_id=run.spec.concept_id,
                        method=run.spec.method,
                        created_at=run.spec.created_at,
                        idempotency_key=run.idempotency_key,
                    )
                )
                publish_directory(run.folder, folder)
            return [self.find(owner, run.spec.run_id) for run in prepared]


def _methods(order: TrainingOrder) -> list[TrainingMethod]:
    methods = list(dict.fromkeys(order.methods))
    if not methods or not set(methods) <= {"embedding", "lora", "pivotal"}:
        raise BadInput("training.methods", "Choose what to make: an embedding, a LoRA or both.")
    return methods


def _key(order: TrainingOrder, method: TrainingMethod) -> str:
    return f"{order.idempotency_key}:{order.concept_id}:{method}" if order.idempotency_key else ""


def _spec(concept: Concept, order: TrainingOrder, course: _Course) -> RunSpec:
    recipe, base_model = course.recipe, course.base_model
    like = recipe if recipe is not None and recipe.fits(course.method, order.preset) else None
    request = PresetRequest(
        family=base_model.family,
        method=course.method,
        kind=concept.kind,
        preset=order.preset,
        num_photos=len(concept.photos),
        seed=_seed(order, recipe),
        mirror=concept.mirror_allowed,
    )
    if like is None:
        settings = settings_for(request)
    else:
        settings = like_recipe(settings_for(request_like(request, like)), like)
    return RunSpec(
        run_id=new_identifier(),
        concept_id=concept.concept_id,
        concept_name=concept.name,
        kind=concept.kind,
        class_word=concept.class_word,
        placeholder_token=concept.placeholder_token,
        method=course.method,
        base_model=base_model,
        preset=order.preset,
        settings=settings,
        preview_prompts=preview_prompts(concept.kind),
        created_at=now_text(),
    )


def _seed(order: TrainingOrder, recipe: Recipe | None) -> int:
    if order.seed is not None:
        return order.seed
    if recipe is not None and recipe.seed is not None:
        return recipe.seed
    return secrets.randbits(32)


def _out_of_order() -> BadInput:
    return BadInput("training.key", "This page is out of order. Please reload it.")
