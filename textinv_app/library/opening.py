"""Opening the data folder: one process at a time, a sound index, and what a crash left undone."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass

from textinv_app.errors import StorageFailed
from textinv_app.executors.base import Executor
from textinv_app.library.config import MEGABYTE, LibraryConfig
from textinv_app.library.folders import DataFolder
from textinv_app.library.rebuilding import Rebuilder
from textinv_app.library.removing import Remover, Sweeper, Tables
from textinv_app.library.storage_errors import with_reserve
from textinv_app.library.store import IndexDamaged, Store
from textinv_app.runs.atomic import fsync_directory
from textinv_app.runs.file_systems import refuse_unsafe_folder
from textinv_app.runs.lock import AlreadyLocked, RunLock, read_holder

logger = logging.getLogger(__name__)

RESERVE_BYTES = 16 * MEGABYTE


class FolderInUse(StorageFailed):
    """Another living Petname has the data folder."""


@dataclass
class OpenFolder:
    """The data folder while this process has it."""

    data: DataFolder
    tables: Tables
    lock: RunLock
    was_rebuilt: bool
    """Whether the index had to be made again from the files."""

    def close(self) -> None:
        """Give the folder back, cleanly."""
        self.tables.store.close()
        self.data.unclean_mark.unlink(missing_ok=True)
        self.lock.release()


def open_folder(config: LibraryConfig, executor: Executor) -> OpenFolder:
    """Open the data folder; raises ``FolderInUse`` or another ``StorageFailed``.

    After an end that was none the index is checked, made again where it is damaged, and compared
    with the folders; removals that were interrupted are finished.
    """
    data = DataFolder(config.data_dir.resolve())
    refuse_unsafe_folder(data.root)
    try:
        data.create()
        lock = _take_lock(config, data)
        try:
            unclean = data.unclean_mark.exists()
            opened = with_reserve(data, lambda: _open(config, data, lock, executor, unclean))
            _make_reserve(data)
        except BaseException:
            lock.release()
            raise
    except OSError as error:
        raise StorageFailed(
            "storage.folder",
            f"The data folder {data.root} cannot be used: {error.strerror}. Choose another one "
            "with PETNAME_DATA_DIR.",
            folder=str(data.root),
        ) from error
    return opened


def _open(
    config: LibraryConfig, data: DataFolder, lock: RunLock, executor: Executor, unclean: bool
) -> OpenFolder:
    data.unclean_mark.touch()
    tables = _open_index(data)
    try:
        has_things = any(any(folder.iterdir()) for folder in data.thing_folders)
        was_rebuilt = data.rebuilding_mark.exists() and has_things
        opened = OpenFolder(data, tables, lock, was_rebuilt)
        _recover(config, opened, executor, unclean)
        data.rebuilding_mark.unlink(missing_ok=True)
    except BaseException:
        tables.store.close()
        raise
    return opened


def _take_lock(config: LibraryConfig, data: DataFolder) -> RunLock:
    lock = RunLock(data.lock, {"served_at": config.served_at})
    try:
        lock.acquire()
    except AlreadyLocked as error:
        holder = read_holder(data.lock)
        pid = holder.pid if holder else 0
        served_at = holder.details.get("served_at", "") if holder else ""
        raise FolderInUse(
            "storage.in_use",
            f"Petname is already running here (process {pid}{', ' + served_at if served_at else ''}"
            "). Use that one, or stop it first.",
            pid=pid,
            served_at=served_at,
        ) from error
    return lock


def _open_index(data: DataFolder) -> Tables:
    """Open the index, a new one where there is none or a damaged one.

    Only a damaged one is given up: one that is locked, or on a full or failing disk, is as good as
    ever when that is over. Raises ``StorageFailed`` for those.
    """
    try:
        store = _open_store(data)
    except IndexDamaged as error:
        logger.error("the index is damaged and is made again from the files: %s", error.__cause__)
        _discard_index(data)
        store = _open_store(data)
    return Tables.of(store)


def _open_store(data: DataFolder) -> Store:
    store = Store(data.database)
    try:
        if not store.is_sound():
            raise IndexDamaged
        if store.version() == 0:
            data.rebuilding_mark.touch()
            fsync_directory(data.root)
        store.migrate()
    except BaseException:
        store.close()
        raise
    return store


def _discard_index(data: DataFolder) -> None:
    """Remove a damaged index: a copy would keep what people have deleted since."""
    data.database.unlink(missing_ok=True)
    data.database.with_name(data.database.name + "-journal").unlink(missing_ok=True)


def _recover(config: LibraryConfig, opened: OpenFolder, executor: Executor, unclean: bool) -> None:
    data, tables = opened.data, opened.tables
    remover = Remover(tables, data, executor)
    rebuilder = Rebuilder(tables, data, executor)
    if unclean or opened.was_rebuilt:
        rebuilder.reconcile(index_was_lost=opened.was_rebuilt)
    rebuilder.forget_what_is_gone()
    remover.finish_marked()
    sweeper = Sweeper(tables, data, remover, config.keep_days, config.kept_drawings_per_owner)
    sweeper.sweep(everything=True)
    for concept_id, owner in tables.concepts.owners().items():
        concept = tables.concepts.find(owner, concept_id)
        if concept is not None and unclean:
            sweeper.remove_strays(concept)


def _make_reserve(data: DataFolder) -> None:
    """Keep some space that can be given up, so that a full disk still lets the index be written."""
    if data.reserve.exists() and data.reserve.stat().st_size == RESERVE_BYTES:
        return
    try:
        with data.reserve.open("wb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
            else:
                file.write(b"\0" * RESERVE_BYTES)
                file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        logger.warning("no reserve could be kept: %s", error)
        data.reserve.unlink(missing_ok=True)
