"""What a run or an import has left on disk: its outcome, its manifest, its row for the index."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

from textinv_app.domain.events import Failed, Outcome
from textinv_app.domain.manifest import ResultManifest
from textinv_app.library.artifact_rows import ArtifactRow
from textinv_app.library.folders import read_note
from textinv_app.library.run_rows import RunRow
from textinv_app.runs.atomic import atomic_write_text
from textinv_app.runs.layout import RunLayout

logger = logging.getLogger(__name__)


def read_outcome(path: Path) -> Outcome | None:
    """Return how a run ended; None where it has not, or where the file is damaged."""
    try:
        return Outcome.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        logger.error("%s is damaged and counts for nothing", path)
        return None


def write_outcome(run: RunRow, folder: Path, failed: Failed | None = None) -> None:
    """Note in its folder that the library itself has ended a run: failed so, else cancelled.

    Without it an index that is made again would let the run go on. Raises ``OSError``.
    """
    status: Literal["cancelled", "failed"] = "failed" if failed else "cancelled"
    outcome = Outcome(status=status, attempt=run.attempt, step=0, failed=failed)
    atomic_write_text(RunLayout(folder).outcome, outcome.model_dump_json(indent=1))


def read_manifest(folder: Path) -> ResultManifest | None:
    """Return the manifest in a result or import folder whose files are there at their size."""
    try:
        manifest = ResultManifest.model_validate_json((folder / "manifest.json").read_bytes())
        files = [manifest] if manifest.companion is None else [manifest, manifest.companion]
        sizes = [(folder / file.file_name).stat().st_size for file in files]
    except (FileNotFoundError, ValueError):
        return None
    return manifest if sizes == [file.size_bytes for file in files] else None


def shown_name(folder: Path, manifest: ResultManifest) -> str:
    """Return the name that the person gave the file of a folder, else that of its concept."""
    given = read_note(folder, "shown_name")
    return given or manifest.concept_name or manifest.placeholder_token or manifest.file_name


def artifact_of_run(run: RunRow, folder: Path, manifest: ResultManifest) -> ArtifactRow:
    """Return the row of a run's first or only file; it bears the id of its run."""
    return ArtifactRow(
        artifact_id=run.run_id,
        owner_id=run.owner_id,
        concept_id=run.concept_id,
        run_id=run.run_id,
        name=shown_name(folder, manifest),
        manifest=manifest,
        created_at=manifest.created_at,
    )
