"""The table of runs: the queue and what the library knows about each run.

Moves between states go through ``move``, which names the state it expects: two threads that decide
at the same time cannot both win, and ``domain.status.may_move`` guards the graph.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any, cast

from textinv_app.domain.concept import TrainingMethod
from textinv_app.domain.status import RunStatus, may_move
from textinv_app.library.folders import not_found, now_text
from textinv_app.library.store import Row, Store
from textinv_app.runs.control import Wanted

UNFINISHED = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.PAUSED)


@dataclass(frozen=True)
class RunRow:
    """One run as the index has it."""

    number: int
    run_id: str
    owner_id: str
    concept_id: str
    method: TrainingMethod
    status: RunStatus
    wanted: Wanted
    attempt: int
    """Number of the newest attempt; 0 before the first."""
    idle_attempts: int
    """Interrupted attempts in a row that saved nothing new."""
    saved_step: int
    """Step of the newest checkpoint known; 0 for none."""
    queue_number: int
    start_number: int
    artifact_id: str
    error_code: str
    error_sentence: str
    error_details: dict[str, str | int | float]
    created_at: str
    change_count: int


@dataclass(frozen=True)
class NewRun:
    """A run to be queued."""

    run_id: str
    owner_id: str
    concept_id: str
    method: TrainingMethod
    created_at: str
    idempotency_key: str = ""
    status: RunStatus = RunStatus.QUEUED
    wanted: Wanted = "run"
    attempt: int = 0


_COLUMNS = ", ".join(field.name for field in fields(RunRow))

# Whoever has fewer runs on the machine comes first, then whoever was served longest ago, then
# whoever asked first. A stop of a waiting run only saves what there is: it goes ahead.
CLAIM_ORDER = """
    (wanted = 'stop') DESC,
    (SELECT COUNT(*) FROM runs AS own
      WHERE own.owner_id = runs.owner_id AND own.status = 'running'),
    (SELECT MAX(own.start_number) FROM runs AS own WHERE own.owner_id = runs.owner_id),
    queue_number
"""
_NEXT_QUEUE_NUMBER = "(SELECT COALESCE(MAX(queue_number), 0) + 1 FROM runs)"
_NEXT_START_NUMBER = "(SELECT COALESCE(MAX(start_number), 0) + 1 FROM runs)"


class RunRows:
    """Statements on the table of runs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, new: NewRun) -> None:
        """Add a run; ``sqlite3.IntegrityError`` where key or concept and method are taken."""
        self._store.write(
            "INSERT INTO runs (run_id, owner_id, concept_id, method, status, wanted, attempt, "
            "idempotency_key, created_at, changed_at, queue_number) "
            f"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {_NEXT_QUEUE_NUMBER})",
            (
                new.run_id,
                new.owner_id,
                new.concept_id,
                new.method,
                new.status.value,
                new.wanted,
                new.attempt,
                new.idempotency_key or None,
                new.created_at,
                now_text(),
            ),
        )

    def find(self, run_id: str) -> RunRow | None:
        """Return one run, or None."""
        row = self._store.row(f"SELECT {_COLUMNS} FROM runs WHERE run_id = ?", (run_id,))
        return _run_row(row) if row else None

    def owned(self, owner_id: str, run_id: str) -> RunRow:
        """Return an owner's run; raises ``NotFound``."""
        run = self.find(run_id)
        if run is None or run.owner_id != owner_id:
            raise not_found()
        return run

    def by_key(self, owner_id: str, idempotency_key: str) -> RunRow | None:
        """Return the run that was queued with this key, or None."""
        row = self._store.row(
            f"SELECT {_COLUMNS} FROM runs WHERE owner_id = ? AND idempotency_key = ?",
            (owner_id, idempotency_key),
        )
        return _run_row(row) if row else None

    def of_owner(self, owner_id: str, concept_id: str = "") -> list[RunRow]:
        """Return an owner's runs, newest first; of one concept where given."""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM runs WHERE owner_id = ? AND (? = '' OR concept_id = ?) "
            "ORDER BY number DESC",
            (owner_id, concept_id, concept_id),
        )
        return [_run_row(row) for row in rows]

    def of_concept(self, concept_id: str) -> list[RunRow]:
        """Return all runs of a concept."""
        rows = self._store.rows(f"SELECT {_COLUMNS} FROM runs WHERE concept_id = ?", (concept_id,))
        return [_run_row(row) for row in rows]

    def in_status(self, status: RunStatus) -> list[RunRow]:
        """Return the runs in a state, those that came first first."""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM runs WHERE status = ? ORDER BY queue_number", (status.value,)
        )
        return [_run_row(row) for row in rows]

    def unfinished(self, concept_id: str, method: TrainingMethod) -> RunRow | None:
        """Return the run of this concept and method that waits, runs or is paused, or None."""
        row = self._store.row(
            f"SELECT {_COLUMNS} FROM runs WHERE concept_id = ? AND method = ? "
            "AND status IN ('queued', 'running', 'paused')",
            (concept_id, method),
        )
        return _run_row(row) if row else None

    def num_active(self, owner_id: str = "") -> int:
        """Return how many runs wait or run; of one owner where given."""
        row = self._store.row(
            "SELECT COUNT(*) FROM runs WHERE status IN ('queued', 'running') "
            "AND (? = '' OR owner_id = ?)",
            (owner_id, owner_id),
        )
        return int(row[0]) if row else 0

    def claim_next(self) -> RunRow | None:
        """Take the next run of the queue, which runs from now on; None where none waits."""
        with self._store.transaction():
            row = self._store.row(
                f"SELECT run_id FROM runs WHERE status = 'queued' ORDER BY {CLAIM_ORDER} LIMIT 1"
            )
            if row is None:
                return None
            self._store.write(
                "UPDATE runs SET status = 'running', attempt = attempt + 1, "
                f"start_number = {_NEXT_START_NUMBER}, changed_at = ?, "
                "change_count = change_count + 1 WHERE run_id = ?",
                (now_text(), row["run_id"]),
            )
            return self.find(row["run_id"])

    def likely_next(self) -> RunRow | None:
        """Return the run that will be claimed next, else the one claimed last; None without runs.

        It tells what the next training will be like.
        """
        row = self._store.row(
            f"SELECT {_COLUMNS} FROM runs WHERE status = 'queued' ORDER BY {CLAIM_ORDER} LIMIT 1"
        ) or self._store.row(
            f"SELECT {_COLUMNS} FROM runs WHERE start_number > 0 ORDER BY start_number DESC LIMIT 1"
        )
        return _run_row(row) if row else None

    def queue_positions(self) -> dict[str, int]:
        """Return the place of each waiting run in the queue, 1 for the next one.

        Those of several owners take turns, as they will when they are claimed.
        """
        waiting = self._store.rows(
            f"SELECT run_id, owner_id FROM runs WHERE status = 'queued' ORDER BY {CLAIM_ORDER}"
        )
        turns: dict[str, int] = {}
        keyed = []
        for place, row in enumerate(waiting):
            turn = turns.get(row["owner_id"], 0)
            turns[row["owner_id"]] = turn + 1
            keyed.append((turn, place, row["run_id"]))
        return {run_id: place for place, (_, _, run_id) in enumerate(sorted(keyed), start=1)}

    def move(self, run: RunRow, after: RunStatus, **changes: Any) -> bool:
        """Move a run to another state, if it still stands as ``run`` has it; tells whether it did.

        ``changes`` are further columns. Raises ``ValueError`` for a move that the graph forbids and
        ``sqlite3.IntegrityError`` when another unfinished run of the concept and method is there.
        """
        if not may_move(run.status, after):
            raise ValueError(f"a run cannot go from {run.status.value} to {after.value}")
        if after is RunStatus.QUEUED and "queue_number" not in changes:
            numbered = f", queue_number = {_NEXT_QUEUE_NUMBER}"
        else:
            numbered = ""
        return self._update(run, {"status": after.value, **changes}, numbered)

    def change(self, run: RunRow, **changes: Any) -> bool:
        """Change columns of a run, if it is still in the state and attempt that ``run`` has."""
        return self._update(run, changes, "")

    def remove(self, run_id: str) -> None:
        """Remove a run from the index."""
        self._store.write("DELETE FROM runs WHERE run_id = ?", (run_id,))

    def _update(self, run: RunRow, changes: dict[str, Any], more: str) -> bool:
        values = {
            name: json.dumps(value) if isinstance(value, dict) else value
            for name, value in changes.items()
        }
        assignments = "".join(f", {name} = ?" for name in values)
        touched = self._store.write(
            f"UPDATE runs SET changed_at = ?, change_count = change_count + 1{assignments}{more} "
            "WHERE run_id = ? AND status = ? AND attempt = ? AND wanted = ?",
            (now_text(), *values.values(), run.run_id, run.status.value, run.attempt, run.wanted),
        )
        return touched == 1


def _run_row(row: Row) -> RunRow:
    values = dict(row)
    values["status"] = RunStatus(values["status"])
    values["method"] = cast("TrainingMethod", values["method"])
    values["error_details"] = json.loads(values["error_details"])
    return RunRow(**values)
