"""Making the index again from the folders: after damage, and after an end that was none.

Every folder says what it is (``concept.json``, ``spec.json``, ``manifest.json``) and whose
(``owner.json``). What cannot be read is left where it is and only told in the log.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from textinv_app.domain.concept import Concept
from textinv_app.domain.drawing import DrawingOutcome, DrawingRequest
from textinv_app.domain.specs import RunSpec
from textinv_app.domain.status import RunStatus
from textinv_app.executors.base import Executor
from textinv_app.library.artifact_rows import ArtifactRow
from textinv_app.library.folders import DataFolder, is_marked_removed, mark_removed, read_owner
from textinv_app.library.removing import Tables
from textinv_app.library.results_on_disk import (
    artifact_of_run,
    read_manifest,
    read_outcome,
    shown_name,
    write_outcome,
)
from textinv_app.library.run_rows import NewRun, RunRow
from textinv_app.library.supervisor import newest_checkpoint_step
from textinv_app.runs.control import Wanted, read_control
from textinv_app.runs.layout import RunLayout

logger = logging.getLogger(__name__)


class Rebuilder:
    """Compares the folders with the index and adds what the index lacks."""

    def __init__(self, tables: Tables, data: DataFolder, executor: Executor) -> None:
        self._tables = tables
        self._data = data
        self._executor = executor

    def reconcile(self, index_was_lost: bool) -> None:
        """Bring the index in line with the folders.

        With an index that was lost every folder gets its row again. With one that is only behind,
        a folder without a row belongs to something that was never confirmed to anybody, and is
        marked as removed; concepts take the state of their file, which is written first.
        """
        self._each("concepts", lambda folder: self._concept(folder, index_was_lost))
        self._each("runs", lambda folder: self._run(folder, index_was_lost))
        self._each("imports", lambda folder: self._import(folder, index_was_lost))
        self._each("drawings", lambda folder: self._drawing(folder, index_was_lost))

    def _each(self, kind: str, take: Callable[[Path], None]) -> None:
        for folder in sorted(self._data.things(kind), key=_age):
            if is_marked_removed(folder):
                continue
            try:
                with self._tables.store.transaction():
                    take(folder)
            except (OSError, ValueError, sqlite3.IntegrityError) as error:
                logger.error("%s could not be taken into the index: %s", folder, error)

    def _owner(self, folder: Path) -> str:
        owner = read_owner(folder)
        if not owner:
            raise ValueError("it does not say whose it is")
        self._tables.owners.add(owner)
        return owner

    def _concept(self, folder: Path, index_was_lost: bool) -> None:
        known = folder.name in self._tables.concepts.owners()
        if not known and not index_was_lost:
            mark_removed(folder)
            return
        owner = self._owner(folder)
        concept = Concept.model_validate_json((folder / "concept.json").read_bytes())
        if self._tables.concepts.find(owner, concept.concept_id) != concept:
            self._tables.concepts.save(owner, concept)

    def _run(self, folder: Path, index_was_lost: bool) -> None:
        run = self._tables.runs.find(folder.name)
        if run is None and not index_was_lost:
            mark_removed(folder)
            return
        if run is None:
            run = self._add_run(folder)
        self._register_result(run, folder)

    def _add_run(self, folder: Path) -> RunRow:
        layout = RunLayout(folder)
        spec = RunSpec.model_validate_json(layout.spec.read_bytes())
        control = read_control(layout.control)
        outcome = read_outcome(layout.outcome)
        owner = self._owner(folder)
        if outcome is not None:
            status = RunStatus(outcome.status)
        elif self._executor.is_alive(folder):
            status = RunStatus.RUNNING
        else:
            status = _status_wanted(control.wanted)
        gives_way = not status.is_final and not self._goes_on(folder, spec)
        new = NewRun(
            run_id=spec.run_id,
            owner_id=owner,
            concept_id=spec.concept_id,
            method=spec.method,
            created_at=spec.created_at,
            status=RunStatus.CANCELLED if gives_way else status,
            wanted=control.wanted,
            attempt=control.attempt,
        )
        self._tables.runs.add(new)
        row = self._tables.runs.find(spec.run_id)
        if row is None:
            raise ValueError("it was not added")
        if gives_way:
            write_outcome(row, folder)
        if outcome is not None and outcome.failed is not None:
            failed = outcome.failed
            self._tables.runs.change(
                row,
                error_code=failed.code,
                error_sentence=failed.sentence,
                error_details=failed.details,
            )
        return row

    def _goes_on(self, folder: Path, spec: RunSpec) -> bool:
        """Tell whether an unfinished run goes on; another of its concept and method is cancelled.

        One of the two was over without its folder saying so: the one that lives goes on, else the
        one that has saved something, else the newer one, which comes later.
        """
        rival = self._tables.runs.unfinished(spec.concept_id, spec.method)
        if rival is None:
            return True
        rival_folder = self._data.run(rival.run_id)
        if self._claim(folder) < self._claim(rival_folder):
            return False
        self._tables.runs.move(rival, RunStatus.CANCELLED)
        write_outcome(rival, rival_folder)
        return True

    def _claim(self, folder: Path) -> tuple[bool, bool]:
        has_saved = newest_checkpoint_step(RunLayout(folder).checkpoints) > 0
        return self._executor.is_alive(folder), has_saved

    def _register_result(self, run: RunRow, folder: Path) -> None:
        if run.status is not RunStatus.DONE:
            return
        manifest = read_manifest(RunLayout(folder).result)
        if manifest is None:
            raise ValueError("its result is missing or damaged")
        self._tables.artifacts.add(artifact_of_run(run, folder, manifest))
        if not run.artifact_id:
            self._tables.runs.change(run, artifact_id=run.run_id)

    def _import(self, folder: Path, index_was_lost: bool) -> None:
        if folder.name in self._tables.artifacts.ids():
            return
        if not index_was_lost:
            mark_removed(folder)
            return
        manifest = read_manifest(folder)
        if manifest is None:
            raise ValueError("its file is missing or damaged")
        self._tables.artifacts.add(
            ArtifactRow(
                artifact_id=folder.name,
                owner_id=self._owner(folder),
                concept_id="",
                run_id="",
                name=shown_name(folder, manifest),
                manifest=manifest,
                created_at=manifest.created_at,
            )
        )

    def _drawing(self, folder: Path, index_was_lost: bool) -> None:
        if self._tables.drawings.find(folder.name) is not None:
            return
        if not index_was_lost:
            mark_removed(folder)
            return
        request = DrawingRequest.model_validate_json((folder / "request.json").read_bytes())
        # One of an earlier version has only what its columns were asked.
        prompt = request.prompt or request.columns[-1].prompt
        self._tables.drawings.add(self._owner(folder), folder.name, prompt)
        outcome = folder / "outcome.json"
        if outcome.exists():
            ended = DrawingOutcome.model_validate_json(outcome.read_bytes())
            self._tables.drawings.end(
                folder.name, ended.status, ended.error_code, ended.error_sentence
            )

    def forget_what_is_gone(self) -> None:
        """Forget what has lost its folder, for instance to somebody's tidying hands."""
        rows = self._tables.store.rows
        for row in rows("SELECT concept_id FROM concepts"):
            if not self._data.concept(row[0]).is_dir():
                self._tables.concepts.remove(row[0])
        for row in rows("SELECT run_id FROM runs"):
            if not self._data.run(row[0]).is_dir():
                self._tables.runs.remove(row[0])
        for row in rows("SELECT artifact_id, run_id FROM artifacts"):
            folder = self._data.run(row[1]) if row[1] else self._data.imported(row[0])
            if not folder.is_dir():
                self._tables.artifacts.remove(row[0])
        for row in rows("SELECT drawing_id FROM drawings"):
            if not self._data.drawing(row[0]).is_dir():
                self._tables.drawings.remove(row[0])


def _status_wanted(wanted: Wanted) -> RunStatus:
    """Return the state of a run that has not ended: it goes on, unless it was told to pause."""
    return RunStatus.PAUSED if wanted == "pause" else RunStatus.QUEUED


def _age(folder: Path) -> tuple[float, str]:
    """Sort key that brings back the order in which things came in, as well as it can be told."""
    marks = [folder / name for name in ("spec.json", "request.json", "owner.json")]
    times = [mark.stat().st_mtime for mark in marks if mark.exists()]
    return (times[0] if times else 0.0, folder.name)
