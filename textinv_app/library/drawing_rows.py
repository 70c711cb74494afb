"""The table of drawings: the painter's queue."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, cast

from textinv_app.library.folders import now_text
from textinv_app.library.store import Row, Store

DrawingStatus = Literal["waiting", "drawing", "done", "failed"]


@dataclass(frozen=True)
class DrawingRow:
    """One drawing as the index has it."""

    drawing_id: str
    owner_id: str
    status: DrawingStatus
    prompt: str
    """As the person wrote it."""
    num_deaths: int
    """How often the painter died over it."""
    error_code: str
    error_sentence: str
    created_at: str


_COLUMNS = ", ".join(field.name for field in fields(DrawingRow))


class DrawingRows:
    """Statements on the table of drawings."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, owner_id: str, drawing_id: str, prompt: str) -> None:
        """Add a drawing that waits for the painter."""
        self._store.write(
            "INSERT INTO drawings (drawing_id, owner_id, status, prompt, created_at) "
            "VALUES (?, ?, 'waiting', ?, ?)",
            (drawing_id, owner_id, prompt, now_text()),
        )

    def find(self, drawing_id: str) -> DrawingRow | None:
        """Return one drawing, or None."""
        row = self._store.row(
            f"SELECT {_COLUMNS} FROM drawings WHERE drawing_id = ?", (drawing_id,)
        )
        return _drawing_row(row) if row else None

    def of_owner(self, owner_id: str) -> list[DrawingRow]:
        """Return an owner's drawings, newest first."""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM drawings WHERE owner_id = ? ORDER BY number DESC", (owner_id,)
        )
        return [_drawing_row(row) for row in rows]

    def next_open(self) -> DrawingRow | None:
        """Return the drawing to draw now: the one begun, else the next that waits, in turns.

        Of those who wait, the owner with the fewest finished drawings among the last hundred
        comes first.
        """
        row = self._store.row(
            f"SELECT {_COLUMNS} FROM drawings WHERE status IN ('waiting', 'drawing') "
            "ORDER BY (status = 'drawing') DESC, (SELECT COUNT(*) FROM drawings AS own "
            "WHERE own.owner_id = drawings.owner_id AND own.status IN ('done', 'failed') "
            "AND own.number > (SELECT MAX(number) - 100 FROM drawings)), number LIMIT 1"
        )
        return _drawing_row(row) if row else None

    def num_open(self, owner_id: str) -> int:
        """Return how many drawings of an owner are waiting or being drawn."""
        row = self._store.row(
            "SELECT COUNT(*) FROM drawings WHERE owner_id = ? AND status IN ('waiting', 'drawing')",
            (owner_id,),
        )
        return int(row[0]) if row else 0

    def begin(self, drawing_id: str) -> None:
        """Note that the painter has been given the drawing."""
        self._store.write(
            "UPDATE drawings SET status = 'drawing' WHERE drawing_id = ? AND status = 'waiting'",
            (drawing_id,),
        )

    def put_back(self, drawing_id: str) -> None:
        """Note that a drawing that was begun waits for the painter once more."""
        self._store.write(
            "UPDATE drawings SET status = 'waiting' WHERE drawing_id = ? AND status = 'drawing'",
            (drawing_id,),
        )

    def end(
        self, drawing_id: str, status: DrawingStatus, error_code: str = "", error_sentence: str = ""
    ) -> None:
        """Note that a drawing is over; one that is over already stays as it is."""
        self._store.write(
            "UPDATE drawings SET status = ?, error_code = ?, error_sentence = ? "
            "WHERE drawing_id = ? AND status IN ('waiting', 'drawing')",
            (status, error_code, error_sentence, drawing_id),
        )

    def count_death(self, drawing_id: str) -> int:
        """Note that the painter died over a drawing; returns how often that has happened."""
        with self._store.transaction():
            self._store.write(
                "UPDATE drawings SET num_deaths = num_deaths + 1 WHERE drawing_id = ?",
                (drawing_id,),
            )
            row = self._store.row(
                "SELECT num_deaths FROM drawings WHERE drawing_id = ?", (drawing_id,)
            )
            return int(row[0]) if row else 0

    def remove(self, drawing_id: str) -> None:
        """Remove a drawing from the index."""
        self._store.write("DELETE FROM drawings WHERE drawing_id = ?", (drawing_id,))


def _drawing_row(row: Row) -> DrawingRow:
    values = dict(row)
    values["status"] = cast("DrawingStatus", values["status"])
    return DrawingRow(**values)
