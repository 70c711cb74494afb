"""Disk space: what each owner uses, what is left, and when to say no."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from textinv_app.domain.views import StorageView
from textinv_app.errors import QuotaReached, StorageFailed
from textinv_app.library.config import MEGABYTE, LibraryConfig
from textinv_app.library.folders import DataFolder, folder_bytes
from textinv_app.library.removing import Tables


class SpaceKeeper:
    """Measures folders and refuses what does not fit."""

    def __init__(self, config: LibraryConfig, tables: Tables, data: DataFolder) -> None:
        self._config = config
        self._tables = tables
        self._data = data

    def view(self, owner: str) -> StorageView:
        """Return what an owner uses and what is left, in bytes."""
        concepts = self._tables.concepts.of_owner(owner)
        photos = _bytes(self._data.concept(concept.concept_id) for concept in concepts)
        runs = _bytes(self._data.run(run.run_id) for run in self._tables.runs.of_owner(owner))
        imports = _bytes(
            self._data.imported(artifact.artifact_id)
            for artifact in self._tables.artifacts.of_owner(owner)
            if artifact.imported
        )
        drawings = _bytes(
            self._data.drawing(drawing.drawing_id)
            for drawing in self._tables.drawings.of_owner(owner)
        )
        return StorageView(
            used_bytes=photos + runs + imports + drawings,
            quota_bytes=self._config.owner_quota_bytes,
            free_bytes=self.free_bytes(),
            photos_bytes=photos,
            results_bytes=runs + imports,
            drawings_bytes=drawings,
        )

    def free_bytes(self) -> int:
        """Return the bytes free on the disk of the data folder."""
        return shutil.disk_usage(self._data.root).free

    def refuse_if_full(self, owner: str, needed_bytes: int = 0) -> None:
        """Raise ``StorageFailed`` or ``QuotaReached`` when ``needed_bytes`` more do not fit."""
        free = self.free_bytes()
        if free - needed_bytes < self._config.min_free_bytes:
            needed = needed_bytes + self._config.min_free_bytes
            raise StorageFailed(
                "storage.low",
                f"The disk is nearly full: {free // MEGABYTE} MB are free and "
                f"{needed // MEGABYTE} MB are needed. Nothing is lost; free some space first.",
                free_mb=free // MEGABYTE,
                needed_mb=needed // MEGABYTE,
            )
        used = self.view(owner).used_bytes
        quota = self._config.owner_quota_bytes
        if used + needed_bytes > quota:
            raise QuotaReached(
                "quota.space",
                f"Your words use {used // MEGABYTE} MB of {quota // MEGABYTE} MB. "
                "Delete something you no longer need.",
                used_mb=used // MEGABYTE,
                quota_mb=quota // MEGABYTE,
            )


def _bytes(folders: Iterable[Path]) -> int:
    return sum(folder_bytes(folder) for folder in folders)
