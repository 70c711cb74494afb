"""Comparisons: ordering them and showing how far they are."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

from textinv_app.domain.compare import ChosenFile, CompareChoice, columns
from textinv_app.domain.drawing import (
    DrawingOutcome,
    DrawingRequest,
    DrawnPicture,
    WornArtifact,
)
from textinv_app.domain.specs import BaseModelRef
from textinv_app.domain.views import DrawingView, PictureView
from textinv_app.errors import BadInput, QuotaReached
from textinv_app.formats.families import FAMILY_TITLES
from textinv_app.library.api import DrawingOrder
from textinv_app.library.artifact_rows import ArtifactRow, id_of_companion
from textinv_app.library.base_models import BaseModels
from textinv_app.library.config import LibraryConfig
from textinv_app.library.drawing_requests import refuse_bad_order
from textinv_app.library.drawing_rows import DrawingRow
from textinv_app.library.folders import (
    DataFolder,
    new_folders,
    new_identifier,
    not_found,
    write_owner,
)
from textinv_app.library.links import LinkSigner
from textinv_app.library.painting import (
    Painting,
    read_drawing_outcome,
    read_drawing_progress,
)
from textinv_app.library.photo_files import square_name
from textinv_app.library.removing import Tables
from textinv_app.library.results import Results
from textinv_app.library.space import SpaceKeeper
from textinv_app.runs.atomic import atomic_write_text, publish_directory, temporary_beside
from textinv_app.runs.layout import RunLayout

logger = logging.getLogger(__name__)


class Drawings:
    """The comparisons of all owners; every method first finds the drawing among the owner's."""

    def __init__(
        self,
        config: LibraryConfig,
        tables: Tables,
        data: DataFolder,
        links: LinkSigner,
        base_models: BaseModels,
    ) -> None:
        self._config = config
        self._tables = tables
        self._data = data
        self._links = links
        self._base_models = base_models
        self._space = SpaceKeeper(config, tables, data)
        self._requests: dict[str, DrawingRequest | None] = {}
        self.give_way: Callable[[], bool] = lambda: False
        """Tells whether drawings wait for the end of a training."""

    def find(self, owner: str, drawing_id: str) -> DrawingRow:
        """Return an owner's drawing; raises ``NotFound``."""
        drawing = self._tables.drawings.find(drawing_id)
        if drawing is None or drawing.owner_id != owner:
            raise not_found()
        return drawing

    def start(self, owner: str, order: DrawingOrder, results: Results) -> DrawingRow:
        """Queue a comparison; raises ``BadInput``, ``NotFound``, ``QuotaReached``."""
        refuse_bad_order(order)
        if self._tables.drawings.num_open(owner) >= self._config.max_open_drawings_per_owner:
            raise QuotaReached(
                "quota.drawings",
                "Your earlier pictures are still being drawn. Wait for them, or end them first.",
            )
        self._space.refuse_if_full(owner)
        base_model = self._base_models.drawable(order.model_id)
        choice, reference_photos = self._chosen(owner, order, base_model, results)
        defaults = self._base_models.drawing_defaults(base_model)
        request = DrawingRequest(
            drawing_id=new_identifier(),
            base_model=base_model,
            columns=columns(choice),
            seed=order.seed,
            num_images=order.num_images,
            num_inference_steps=order.num_inference_steps,
            guidance_scale=defaults.guidance_scale,
            resolution_pixels=defaults.resolution_pixels,
            prompt=order.prompt.strip(),
            reference_photos=reference_photos,
            titles=dict(order.titles),
        )
        self._publish(owner, request)
        return self.find(owner, request.drawing_id)

    def view(self, drawing: DrawingRow) -> DrawingView:
        """Return the view of a drawing with the pictures drawn so far.

        Raises ``NotFound`` where its folder is gone or damaged.
        """
        folder = self._data.drawing(drawing.drawing_id)
        request = self._request(drawing.drawing_id)
        outcome = read_drawing_outcome(folder)
        fraction, pictures = _progress(folder, outcome)
        likeness: dict[str, float | None] = {
            column.name: _mean(pictures, column.name) for column in request.columns
        }
        done = drawing.status == "done"
        waits_for_training = drawing.status == "waiting" and self.give_way()
        grid = folder / "grid.webp"
        facts = (
            drawing.status,
            waits_for_training,
            drawing.error_code,
            fraction,
            len(pictures),
            grid.exists(),
            self._links.window(),
        )
        url = self._links.url
        return DrawingView(
            drawing_id=drawing.drawing_id,
            status=drawing.status,
            fraction=1.0 if done else fraction,
            prompt=drawing.prompt,
            seed=request.seed,
            columns=tuple(column.name for column in request.columns),
            pictures=tuple(
                PictureView(
                    column=picture.column,
                    index=picture.index,
                    url=url("drawing", drawing.drawing_id, picture.file_name),
                    likeness=picture.likeness,
                )
                for picture in pictures
            ),
            likeness=likeness,
            grid_url=url("drawing", drawing.drawing_id, grid.name) if grid.exists() else "",
            error_code=drawing.error_code,
            error_sentence=drawing.error_sentence,
            version=_digest(drawing.drawing_id, *facts),
            embedding_id=_worn_artifact(request, "embedding"),
            lora_id=_worn_artifact(request, "lora"),
            num_images=request.num_images,
            error_details=outcome.error_details if outcome else {},
            waits_for_training=waits_for_training,
        )

    def cancel(self, owner: str, drawing_id: str, painting: Painting) -> None:
        """End a drawing; what was drawn of it stays."""
        painting.cancel(self.find(owner, drawing_id).drawing_id)

    def _chosen(
        self, owner: str, order: DrawingOrder, base_model: BaseModelRef, results: Results
    ) -> tuple[CompareChoice, tuple[str, ...]]:
        """Return the chosen files, and the squares of the photos that they were taught from.

        One file of a pair brings the other along where nothing else was chosen in its place.
        """
        embedding_id, lora_id = self._completed(owner, order, results)
        negative_ids = list(dict.fromkeys(order.negative_ids))
        rows: dict[str, ArtifactRow] = {}
        for artifact_id in filter(None, (embedding_id, lora_id, *negative_ids)):
            rows[artifact_id] = results.find(owner, artifact_id)
            _refuse_other_family(rows[artifact_id], base_model)
        if embedding_id and rows[embedding_id].manifest.kind == "negative":
            negative_ids.insert(0, embedding_id)
            embedding_id = ""
        # Of a word that was taught twice only one file can be worn: the first, which is the newest.
        by_word = {rows[one].manifest.placeholder_token: one for one in reversed(negative_ids)}
        negative_ids = [one for one in negative_ids if one in by_word.values()]

        worn = [rows[key] for key in (embedding_id, lora_id) if key]
        taught = next((row for row in worn if _is_pet(row) and row.concept_id), None)
        pet_id = taught.concept_id if taught else ""

        def file(artifact_id: str, strength: float) -> ChosenFile:
            artifact = rows[artifact_id]
            return ChosenFile(
                worn=_worn(artifact, results.path(artifact), strength),
                class_word=artifact.manifest.class_word,
                other_pet=_is_pet(artifact) and artifact.concept_id != pet_id,
            )

        choice = CompareChoice(
            prompt=order.prompt,
            negative_prompt=order.negative_prompt,
            embedding=file(embedding_id, order.embedding_strength) if embedding_id else None,
            lora=file(lora_id, order.lora_strength) if lora_id else None,
            are_pair=bool(embedding_id and lora_id) and rows[embedding_id].companion_id == lora_id,
            negatives=tuple(file(negative_id, 1.0) for negative_id in negative_ids),
        )
        return choice, () if taught is None else self._references(owner, taught)

    def _completed(self, owner: str, order: DrawingOrder, results: Results) -> tuple[str, str]:
        """Return the ids of embedding and LoRA, the missing half of a pair filled in."""
        embedding_id, lora_id = order.embedding_id, order.lora_id
        if embedding_id and not lora_id:
            lora_id = results.find(owner, embedding_id).companion_id
        elif lora_id and not embedding_id:
            embedding_id = results.find(owner, lora_id).companion_id
        return embedding_id, lora_id

    def _references(self, owner: str, taught: ArtifactRow) -> tuple[str, ...]:
        """Return what likeness is measured against: what the file was taught from."""
        if taught.run_id:
            redrawn = RunLayout(self._data.run(taught.run_id).resolve()).redrawn
            if redrawn.is_dir():
                return tuple(str(path) for path in sorted(redrawn.glob("*.png")))
        return self._squares(owner, taught.concept_id)

    def _squares(self, owner: str, concept_id: str) -> tuple[str, ...]:
        concept = self._tables.concepts.find(owner, concept_id) if concept_id else None
        if concept is None or concept.kind != "subject":
            return ()
        folder = self._data.photos(concept_id).resolve()
        paths = [folder / square_name(photo.photo_id, photo.crop) for photo in concept.photos]
        return tuple(str(path) for path in paths if path.exists())

    def _publish(self, owner: str, request: DrawingRequest) -> None:
        final = self._data.drawing(request.drawing_id)
        prepared = temporary_beside(final)
        prepared.mkdir()
        try:
            write_owner(prepared, owner)
            atomic_write_text(prepared / "request.json", request.model_dump_json(indent=1))
            with new_folders([final]), self._tables.store.transaction():
                self._tables.owners.note(owner)
                self._tables.drawings.add(owner, request.drawing_id, request.prompt)
                publish_directory(prepared, final)
        finally:
            shutil.rmtree(prepared, ignore_errors=True)

    def _request(self, drawing_id: str) -> DrawingRequest:
        if drawing_id not in self._requests:
            if len(self._requests) > 100:
                self._requests.clear()
            self._requests[drawing_id] = _read_request(self._data.drawing(drawing_id))
        request = self._requests[drawing_id]
        if request is None:
            raise not_found()
        return request


def _read_request(folder: Path) -> DrawingRequest | None:
    try:
        return DrawingRequest.model_validate_json((folder / "request.json").read_bytes())
    except (FileNotFoundError, ValueError) as error:
        logger.error("drawing %s cannot be shown: %s", folder.name, error)
        return None


def _progress(
    folder: Path, outcome: DrawingOutcome | None
) -> tuple[float, tuple[DrawnPicture, ...]]:
    progress = read_drawing_progress(folder)
    if outcome is not None and len(outcome.pictures) >= len(progress.pictures):
        return 1.0, outcome.pictures
    return progress.fraction, progress.pictures


def _worn_artifact(request: DrawingRequest, method: str) -> str:
    """Return the id of the file of a method that the column named after it wears; or nothing.

    The file lies in ``runs/<id>/result/`` where it was taught, in ``imports/<id>/`` where it came
    from elsewhere. The second file of a run is not called after its word alone.
    """
    for column in request.columns:
        for worn in column.worn:
            named = column.name in {method, "both"}
            if named and worn.method == method and worn.kind != "negative":
                return _id_of(Path(worn.path), worn.placeholder_token)
    return ""


def _id_of(path: Path, word: str) -> str:
    if path.parent.name != "result":
        return path.parent.name
    run_id = path.parent.parent.name
    return run_id if path.stem == word else id_of_companion(run_id)


def _mean(pictures: tuple[DrawnPicture, ...], column: str) -> float | None:
    measured = [p.likeness for p in pictures if p.column == column and p.likeness is not None]
    return fmean(measured) if measured else None


def _digest(*facts: object) -> str:
    text = json.dumps(facts, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def _worn(artifact: ArtifactRow, path: Path, strength: float) -> WornArtifact:
    manifest = artifact.manifest
    return WornArtifact(
        path=str(path.resolve()),
        method=manifest.method,
        placeholder_token=manifest.placeholder_token,
        kind=manifest.kind,
        strength=strength,
    )


def _is_pet(artifact: ArtifactRow) -> bool:
    return artifact.manifest.kind == "subject"


def _refuse_other_family(artifact: ArtifactRow, base_model: BaseModelRef) -> None:
    if artifact.manifest.family != base_model.family:
        made_for, chosen = FAMILY_TITLES[artifact.manifest.family], FAMILY_TITLES[base_model.family]
        raise BadInput(
            "drawing.other_family",
            f"{artifact.name} was made for {made_for}; the chosen model is {chosen}. Choose a "
            "model it fits, or another file.",
            name=artifact.name,
            made_for=made_for,
            chosen=chosen,
        )
