"""The table of finished and imported files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from textinv_app.domain.manifest import ResultManifest
from textinv_app.library.store import Row, Store


@dataclass(frozen=True)
class ArtifactRow:
    """One file as the index has it."""

    artifact_id: str
    owner_id: str
    concept_id: str
    """Empty for imported files."""
    run_id: str
    """Empty for imported files."""
    name: str
    """The shown name, which the person may change."""
    manifest: ResultManifest
    created_at: str

    @property
    def companion_id(self) -> str:
        """Id of the file that was trained together with this one; empty for none."""
        if self.manifest.companion is not None:
            return id_of_companion(self.run_id)
        is_second = self.run_id and self.artifact_id == id_of_companion(self.run_id)
        return self.run_id if is_second else ""

    @property
    def imported(self) -> bool:
        """Whether the file came from elsewhere."""
        return not self.run_id


def id_of_companion(run_id: str) -> str:
    """Return the id of a run's second file; the first bears the id of the run."""
    return hashlib.sha256(f"{run_id}/companion".encode("ascii")).hexdigest()[:24]


class ArtifactRows:
    """Statements on the table of artifacts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, artifact: ArtifactRow) -> None:
        """Add a file and its companion; adding the result of the same run again changes nothing."""
        with self._store.transaction():
            self._add(artifact)
            companion = artifact.manifest.companion
            if companion is not None:
                second = id_of_companion(artifact.run_id)
                self._add(replace(artifact, artifact_id=second, manifest=companion))

    def _add(self, artifact: ArtifactRow) -> None:
        self._store.write(
            "INSERT INTO artifacts "
            "(artifact_id, owner_id, concept_id, run_id, name, manifest, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                artifact.artifact_id,
                artifact.owner_id,
                artifact.concept_id,
                artifact.run_id,
                artifact.name,
                artifact.manifest.model_dump_json(),
                artifact.created_at,
            ),
        )

    def find(self, owner_id: str, artifact_id: str) -> ArtifactRow | None:
        """Return an owner's file, or None."""
        row = self._store.row(
            "SELECT * FROM artifacts WHERE artifact_id = ? AND owner_id = ?",
            (artifact_id, owner_id),
        )
        return _artifact_row(row) if row else None

    def of_owner(self, owner_id: str) -> list[ArtifactRow]:
        """Return an owner's files, newest first."""
        rows = self._store.rows(
            "SELECT * FROM artifacts WHERE owner_id = ? ORDER BY number DESC", (owner_id,)
        )
        return [_artifact_row(row) for row in rows]

    def newest_trained(self, count: int) -> list[ArtifactRow]:
        """Return what was trained last, by anybody, newest first; of a pair the first file."""
        rows = self._store.rows(
            "SELECT * FROM artifacts WHERE artifact_id = run_id ORDER BY number DESC LIMIT ?",
            (count,),
        )
        return [_artifact_row(row) for row in rows]

    def imported_before(self, moment: str) -> list[tuple[str, str]]:
        """Return (owner, file) of imported files whose owner was not here since ``moment``."""
        rows = self._store.rows(
            "SELECT a.owner_id, a.artifact_id FROM artifacts AS a "
            "JOIN owners AS o USING (owner_id) "
            "WHERE a.run_id = '' AND a.created_at < ? AND o.seen_at < ?",
            (moment, moment),
        )
        return [(row["owner_id"], row["artifact_id"]) for row in rows]

    def version(self, owner_id: str) -> str:
        """Return a text that changes whenever a file of an owner comes or goes."""
        row = self._store.row(
            "SELECT COUNT(*), MAX(number) FROM artifacts WHERE owner_id = ?", (owner_id,)
        )
        return f"{row[0]}:{row[1]}" if row else ""

    def remove_of_run(self, run_id: str) -> None:
        """Remove the files of a run from the index."""
        self._store.write("DELETE FROM artifacts WHERE run_id = ?", (run_id,))

    def ids(self) -> set[str]:
        """Return the ids of all files."""
        return {row["artifact_id"] for row in self._store.rows("SELECT artifact_id FROM artifacts")}

    def rename(self, artifact_id: str, name: str) -> None:
        """Change the shown name."""
        self._store.write(
            "UPDATE artifacts SET name = ? WHERE artifact_id = ?", (name, artifact_id)
        )

    def change_manifest(self, artifact_id: str, manifest: ResultManifest) -> None:
        """Change what is known of a file."""
        self._store.write(
            "UPDATE artifacts SET manifest = ? WHERE artifact_id = ?",
            (manifest.model_dump_json(), artifact_id),
        )

    def remove(self, artifact_id: str) -> None:
        """Remove a file from the index."""
        self._store.write("DELETE FROM artifacts WHERE artifact_id = ?", (artifact_id,))


def _artifact_row(row: Row) -> ArtifactRow:
    return ArtifactRow(
        artifact_id=row["artifact_id"],
        owner_id=row["owner_id"],
        concept_id=row["concept_id"],
        run_id=row["run_id"],
        name=row["name"],
        manifest=ResultManifest.model_validate_json(row["manifest"]),
        created_at=row["created_at"],
    )
