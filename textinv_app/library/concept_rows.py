"""The tables of owners and concepts."""

from __future__ import annotations

from datetime import timedelta

from textinv_app.domain.concept import Concept
from textinv_app.library.folders import now_text, text_of_time_before
from textinv_app.library.store import Store

_SEEN_AGAIN_AFTER = timedelta(hours=1)


class OwnerRows:
    """Statements on the table of owners."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, owner_id: str) -> None:
        """Make sure that the owner is known, and note that they were here."""
        self._insert(owner_id, "UPDATE SET seen_at = excluded.seen_at")

    def add(self, owner_id: str) -> None:
        """Make sure that the owner is known; one who is has not been here for that."""
        self._insert(owner_id, "NOTHING")

    def _insert(self, owner_id: str, where_known: str) -> None:
        now = now_text()
        self._store.write(
            "INSERT INTO owners (owner_id, created_at, seen_at) VALUES (?, ?, ?) "
            f"ON CONFLICT (owner_id) DO {where_known}",
            (owner_id, now, now),
        )

    def see(self, owner_id: str) -> None:
        """Note that a known owner was here; at most once an hour, so that looking seldom writes."""
        seen_long_ago = self._store.row(
            "SELECT 1 FROM owners WHERE owner_id = ? AND seen_at < ?",
            (owner_id, text_of_time_before(_SEEN_AGAIN_AFTER)),
        )
        if seen_long_ago:
            self.note(owner_id)

    def remove_without_things(self) -> int:
        """Forget the owners who have nothing here any more; returns how many."""
        return self._store.write(
            "DELETE FROM owners WHERE owner_id NOT IN (SELECT owner_id FROM concepts UNION "
            "SELECT owner_id FROM runs UNION SELECT owner_id FROM artifacts UNION "
            "SELECT owner_id FROM drawings)"
        )


class ConceptRows:
    """Statements on the table of concepts; the body is the JSON of ``Concept``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, owner_id: str, concept: Concept) -> None:
        """Add a concept or replace its body; the owner of a concept never changes."""
        self._store.write(
            "INSERT INTO concepts (concept_id, owner_id, body, changed_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (concept_id) DO UPDATE SET body = excluded.body, "
            "changed_at = excluded.changed_at",
            (concept.concept_id, owner_id, concept.model_dump_json(), now_text()),
        )

    def find(self, owner_id: str, concept_id: str) -> Concept | None:
        """Return an owner's concept, or None."""
        row = self._store.row(
            "SELECT body FROM concepts WHERE concept_id = ? AND owner_id = ?",
            (concept_id, owner_id),
        )
        return Concept.model_validate_json(row["body"]) if row else None

    def of_owner(self, owner_id: str) -> list[Concept]:
        """Return an owner's concepts, newest first."""
        rows = self._store.rows(
            "SELECT body FROM concepts WHERE owner_id = ? ORDER BY number DESC", (owner_id,)
        )
        return [Concept.model_validate_json(row["body"]) for row in rows]

    def num_of_owner(self, owner_id: str) -> int:
        """Return how many concepts an owner has."""
        row = self._store.row("SELECT COUNT(*) FROM concepts WHERE owner_id = ?", (owner_id,))
        return int(row[0]) if row else 0

    def unchanged_since(self, moment: str) -> list[tuple[str, str]]:
        """Return (owner, concept) where neither concept nor owner was touched since ``moment``.

        Those that are being taught, or wait for it, are not among them.
        """
        rows = self._store.rows(
            "SELECT c.owner_id, c.concept_id FROM concepts AS c JOIN owners AS o USING (owner_id) "
            "WHERE c.changed_at < ? AND o.seen_at < ? AND c.concept_id NOT IN "
            "(SELECT concept_id FROM runs WHERE status IN ('queued', 'running'))",
            (moment, moment),
        )
        return [(row["owner_id"], row["concept_id"]) for row in rows]

    def owners(self) -> dict[str, str]:
        """Return the owner of every concept, by concept id."""
        rows = self._store.rows("SELECT concept_id, owner_id FROM concepts")
        return {row["concept_id"]: row["owner_id"] for row in rows}

    def remove(self, concept_id: str) -> None:
        """Remove a concept from the index."""
        self._store.write("DELETE FROM concepts WHERE concept_id = ?", (concept_id,))
