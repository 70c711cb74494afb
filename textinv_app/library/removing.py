"""Removing for good: things a person deletes, and what crashes and broken uploads leave behind."""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from textinv_app.domain.concept import Concept
from textinv_app.domain.status import RunStatus
from textinv_app.errors import BadInput
from textinv_app.executors.base import Executor
from textinv_app.library.artifact_rows import ArtifactRows
from textinv_app.library.concept_rows import ConceptRows, OwnerRows
from textinv_app.library.drawing_rows import DrawingRows
from textinv_app.library.folders import (
    DataFolder,
    is_marked_removed,
    mark_removed,
    remove_marked,
    text_of_time_before,
)
from textinv_app.library.run_rows import RunRow, RunRows
from textinv_app.library.store import Store
from textinv_app.library.working_files import (
    drop_photo_copies,
    drop_working_files,
    has_other_photos,
)
from textinv_app.runs.atomic import TEMPORARY_PREFIX
from textinv_app.runs.control import Control, write_control
from textinv_app.runs.layout import RunLayout

logger = logging.getLogger(__name__)

STALE_AFTER_SECONDS = 3600.0


@dataclass(frozen=True)
class Tables:
    """The tables of one store."""

    store: Store
    owners: OwnerRows
    concepts: ConceptRows
    runs: RunRows
    artifacts: ArtifactRows
    drawings: DrawingRows

    @classmethod
    def of(cls, store: Store) -> Tables:
        """Return the tables of a store."""
        return cls(
            store=store,
            owners=OwnerRows(store),
            concepts=ConceptRows(store),
            runs=RunRows(store),
            artifacts=ArtifactRows(store),
            drawings=DrawingRows(store),
        )


class Remover:
    """Removes things in an order that survives a crash: mark, rows, process, files.

    From the mark on the thing is gone for everybody. A folder in which a runner still lives, or
    that another program holds open, waits in ``pending`` and is tried again.
    """

    def __init__(self, tables: Tables, data: DataFolder, executor: Executor) -> None:
        self._tables = tables
        self._data = data
        self._executor = executor
        self._guard = threading.Lock()
        self._pending: set[Path] = set()

    @property
    def num_dying(self) -> int:
        """How many runners live on in folders that are being removed: each takes up a slot."""
        with self._guard:
            pending = list(self._pending)
        return sum(self.has_runner(folder) for folder in pending)

    def has_runner(self, folder: Path) -> bool:
        """Tell whether a living runner works in this folder of a thing."""
        is_run = folder.parent.name == "runs" and folder.is_dir()
        return is_run and self._executor.is_alive(folder)

    def remove_concept(self, owner: str, concept_id: str) -> None:
        """Remove a concept with its runs, results and drawings; raises ``OSError``."""
        # In one transaction: a run that is queued in between would be left, and train unseen.
        with self._tables.store.transaction():
            run_ids = [run.run_id for run in self._tables.runs.of_concept(concept_id)]
            drawings = self._drawings_of(owner, [concept_id, *run_ids])
            folders = [
                *(self._data.run(run_id) for run_id in run_ids),
                *(self._data.drawing(drawing_id) for drawing_id in drawings),
                self._data.concept(concept_id),
            ]
            self._take_out(folders)
        self._erase(folders)

    def remove_run(self, owner: str, run_id: str) -> None:
        """Remove a run with its result and the drawings made with it; raises ``OSError``."""
        self._remove(self._folders_of_run(owner, run_id))

    def remove_run_without_result(self, owner: str, run_id: str) -> None:
        """Remove a run that was cancelled or failed; raises ``BadInput`` for any other.

        Raises ``NotFound`` where it is nobody's or somebody else's, and ``OSError``.
        """
        # In one transaction: whoever presses "Try again" meanwhile keeps the run.
        with self._tables.store.transaction():
            run = self._tables.runs.owned(owner, run_id)
            if run.status not in {RunStatus.CANCELLED, RunStatus.FAILED}:
                raise BadInput(
                    "training.has_more",
                    "This training is not over, or has made a file. Stop it, or delete its file.",
                )
            folders = self._folders_of_run(owner, run_id)
            self._take_out(folders)
        self._erase(folders)

    def remove_import(self, owner: str, artifact_id: str) -> None:
        """Remove an imported file and the drawings made with it; raises ``OSError``."""
        drawings = self._drawings_of(owner, [artifact_id])
        self._remove(
            [
                *(self._data.drawing(drawing) for drawing in drawings),
                self._data.imported(artifact_id),
            ]
        )

    def remove_drawing(self, drawing_id: str) -> None:
        """Remove a drawing; raises ``OSError``."""
        self._remove([self._data.drawing(drawing_id)])

    def remove_photo_drawings(self, owner: str, concept_id: str) -> None:
        """Remove the drawings that were compared with a concept's photos; raises ``OSError``.

        Also those compared with the photos as the base model draws them, which lie in the runs.
        """
        runs = self._tables.runs.of_concept(concept_id)
        redrawn = [str(RunLayout(Path(run.run_id)).redrawn) for run in runs]
        # As JSON spells them: on Windows with two backslashes.
        spelt = [json.dumps(path)[1:-1] for path in redrawn]
        drawings = self._drawings_of(owner, [concept_id, *spelt])
        self._remove([self._data.drawing(drawing_id) for drawing_id in drawings])

    def tidy_run(self, run: RunRow) -> None:
        """Drop what a run that is over will never need again; raises ``OSError``.

        A failed one may be tried again, unless a photo of it has been removed since.
        """
        if not run.status.is_final:
            return
        folder = self._data.run(run.run_id)
        concept = self._tables.concepts.find(run.owner_id, run.concept_id)
        left = {photo.photo_id for photo in concept.photos} if concept else set()
        if not left or (run.status is RunStatus.FAILED and has_other_photos(folder, left)):
            drop_photo_copies(folder)
        elif run.status is not RunStatus.FAILED:
            drop_working_files(folder)

    def finish_pending(self) -> None:
        """Try again where a runner still lived; called at every tick."""
        with self._guard:
            pending = list(self._pending)
        for folder in pending:
            self._finish(folder)

    def finish_marked(self) -> None:
        """Finish every removal that a crash has interrupted; called at the start."""
        for kind in ("concepts", "runs", "imports", "drawings"):
            marked = [folder for folder in self._data.things(kind) if is_marked_removed(folder)]
            self._remove(marked)

    def _remove(self, folders: list[Path]) -> None:
        self._take_out(folders)
        self._erase(folders)

    def _take_out(self, folders: list[Path]) -> None:
        for folder in folders:
            mark_removed(folder)
        with self._tables.store.transaction():
            for folder in folders:
                self._remove_rows(folder)

    def _erase(self, folders: list[Path]) -> None:
        for folder in folders:
            self._finish(folder)

    def _remove_rows(self, folder: Path) -> None:
        kind, identifier = folder.parent.name, folder.name
        if kind == "concepts":
            self._tables.concepts.remove(identifier)
        elif kind == "runs":
            self._tables.artifacts.remove_of_run(identifier)
            self._tables.runs.remove(identifier)
        elif kind == "imports":
            self._tables.artifacts.remove(identifier)
        else:
            self._tables.drawings.remove(identifier)

    def _finish(self, folder: Path) -> None:
        """Delete the files once nothing writes there any more."""
        if self.has_runner(folder):
            self._end_runner(folder)
            if self._executor.is_alive(folder):
                with self._guard:
                    self._pending.add(folder)
                return
        try:
            remove_marked(folder)
        except OSError as error:
            # A file still held open (Windows) or being written: the next tick tries again.
            logger.warning("%s could not be removed yet: %s", folder, error)
            with self._guard:
                self._pending.add(folder)
            return
        with self._guard:
            self._pending.discard(folder)

    def _end_runner(self, folder: Path) -> None:
        """End a runner whose work nobody wants any more, and give it a moment to be gone."""
        try:
            write_control(RunLayout(folder).control, Control(wanted="stop", attempt=1 << 30))
        except OSError as error:
            # On a full disk it is ended all the same.
            logger.warning("%s could not be told to stop: %s", folder, error)
        self._executor.kill(folder)
        give_up = time.monotonic() + 1.0
        while self._executor.is_alive(folder) and time.monotonic() < give_up:
            time.sleep(0.02)

    def _folders_of_run(self, owner: str, run_id: str) -> list[Path]:
        drawings = self._drawings_of(owner, [run_id])
        return [*map(self._data.drawing, drawings), self._data.run(run_id)]

    def _drawings_of(self, owner: str, identifiers: list[str]) -> list[str]:
        """Return the owner's drawings whose request mentions one of the ids in a path."""
        found = []
        for drawing in self._tables.drawings.of_owner(owner):
            request = self._data.drawing(drawing.drawing_id) / "request.json"
            try:
                text = request.read_text(encoding="utf-8")
            except FileNotFoundError:
                text = ""
            if any(identifier in text for identifier in identifiers):
                found.append(drawing.drawing_id)
        return found


class Sweeper:
    """Clears away what is left behind: broken uploads, temporary files, what nobody uses."""

    def __init__(
        self, tables: Tables, data: DataFolder, remover: Remover, keep_days: int, kept_drawings: int
    ) -> None:
        self._tables = tables
        self._data = data
        self._remover = remover
        self._keep_days = keep_days
        self._kept_drawings = kept_drawings

    def sweep(self, everything: bool = False) -> None:
        """Remove uploads and temporary files older than an hour; at a start all of them.

        Also what runs that are over have no use for and, after ``keep_days``, the concepts and
        imported files of owners who did not come.
        What a living runner is writing stays, and what cannot be removed waits for the next time.
        """
        oldest = time.time() - STALE_AFTER_SECONDS
        for path in self._left_behind():
            try:
                is_old = everything or path.stat().st_mtime < oldest
                if is_old and not self._remover.has_runner(path.parent):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                logger.warning("%s could not be swept away: %s", path, error)
        self._tidy_runs()
        if self._keep_days:
            self._remove_unused(text_of_time_before(timedelta(days=self._keep_days)))
        self._tables.owners.remove_without_things()

    def _tidy_runs(self) -> None:
        for status in (RunStatus.DONE, RunStatus.CANCELLED, RunStatus.FAILED):
            for run in self._tables.runs.in_status(status):
                try:
                    self._remover.tidy_run(run)
                except OSError as error:
                    logger.warning("run %s could not be tidied: %s", run.run_id, error)

    def _remove_unused(self, moment: str) -> None:
        """Remove what its owner has not come for since ``moment``."""
        concepts = self._tables.concepts.unchanged_since(moment)
        imports = self._tables.artifacts.imported_before(moment)
        unused = [
            *((self._remover.remove_concept, *found) for found in concepts),
            *((self._remover.remove_import, *found) for found in imports),
        ]
        for remove, owner, identifier in unused:
            try:
                remove(owner, identifier)
            except OSError as error:
                logger.warning("%s could not be removed yet: %s", identifier, error)

    def trim_drawings(self, owner: str) -> None:
        """Remove an owner's drawings but the newest."""
        for drawing in self._tables.drawings.of_owner(owner)[self._kept_drawings :]:
            if drawing.status in {"done", "failed"}:
                self._remover.remove_drawing(drawing.drawing_id)

    def remove_strays(self, concept: Concept) -> None:
        """Remove files in a concept's photo folder that belong to none of its photos."""
        known = {photo.photo_id for photo in concept.photos}
        folder = self._data.photos(concept.concept_id)
        if not folder.is_dir():
            return
        for path in folder.iterdir():
            if path.name.split(".", 1)[0] not in known:
                path.unlink(missing_ok=True)

    def _left_behind(self) -> list[Path]:
        found = list(self._data.incoming.iterdir())
        found += self._data.root.glob(f"{TEMPORARY_PREFIX}*")
        for folder in self._data.thing_folders:
            found += folder.glob(f"{TEMPORARY_PREFIX}*")
            found += folder.glob(f"*/{TEMPORARY_PREFIX}*")
        return found
