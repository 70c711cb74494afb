"""The SQLite file: opening, migrating, transactions. The tables' modules hold the statements.

One connection, guarded by a lock: only the web process opens the file and its queries take well
under a millisecond. ``journal_mode=TRUNCATE`` and ``synchronous=FULL`` because a commit that was
told to a person has to survive a power cut, and because WAL of SQLite before 3.51.3 can corrupt.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from textinv_app.errors import StorageFailed
from textinv_app.library.storage_errors import disk_full, files_unusable

logger = logging.getLogger(__name__)

BUSY_TIMEOUT_SECONDS = 10.0
Row = sqlite3.Row


class IndexDamaged(StorageFailed):
    """The file is no index, or a broken one; not merely out of reach at the moment."""

    def __init__(self) -> None:
        super().__init__(
            "storage.index",
            "The list of your words could not be read. Restart Petname; it will repair the list.",
        )


class Store:
    """An open index; every method may be called from any thread.

    Raises ``StorageFailed`` wherever SQLite fails, ``IndexDamaged`` where the file is to blame.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.RLock()
        self._depth = 0
        with _told():
            self._connection = _connect(path)

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._connection.close()

    def is_sound(self) -> bool:
        """Tell whether the file passes SQLite's quick check."""
        try:
            rows = self.rows("PRAGMA quick_check")
        except IndexDamaged:
            return False
        return [row[0] for row in rows] == ["ok"]

    def migrate(self, before_step: Callable[[int], None] | None = None) -> None:
        """Bring the tables up to date: each numbered step in a transaction, after a backup.

        ``before_step`` is told the version that a step begins from. Raises ``StorageFailed`` for a
        file of a newer Petname.
        """
        steps = migration_steps()
        version = self.version()
        if version > len(steps):
            raise StorageFailed(
                "storage.newer",
                "Your data was written by a newer Petname. Please update Petname to use it.",
            )
        backup = self._back_up(version) if 0 < version < len(steps) else None
        for number in range(version, len(steps)):
            if before_step is not None:
                before_step(number)
            with self.transaction():
                if self.version() > number:  # another process was faster
                    continue
                for statement in _statements(steps[number]):
                    self._run(statement)
                self._run(f"PRAGMA user_version = {number + 1}")
        if backup is not None and self.is_sound():
            # It would keep what people delete from now on.
            backup.unlink()

    def version(self) -> int:
        """Return the number of migration steps done."""
        return int(self.rows("PRAGMA user_version")[0][0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the write lock from the start, commit at the end, roll back on any exception.

        A transaction inside another is a part of it. Raises ``StorageFailed`` on a full disk.
        """
        with self._guard:
            if self._depth:
                yield
                return
            self._run("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._roll_back()
                raise
            else:
                try:
                    self._run("COMMIT")
                except BaseException:
                    self._roll_back()
                    raise
            finally:
                self._depth -= 1

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a reading statement and return all rows."""
        with self._guard, _told():
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        """Run a reading statement and return the first row, or None."""
        rows = self.rows(statement, values)
        return rows[0] if rows else None

    def write(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run a writing statement in a transaction and return the number of rows it touched.

        Raises ``sqlite3.IntegrityError`` where a unique index says no, else ``StorageFailed``.
        """
        with self.transaction():
            return self._run(statement, values).rowcount

    def _run(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        with _told():
            return self._connection.execute(statement, values)

    def _roll_back(self) -> None:
        # A full disk may have rolled back already.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _back_up(self, version: int) -> Path:
        target = self._path.with_name(f"{self._path.stem}-before-step-{version + 1}.db")
        target.unlink(missing_ok=True)
        self._run("VACUUM INTO ?", (str(target),))
        logger.info("index of version %d copied to %s before it is updated", version, target.name)
        return target


def migration_steps() -> list[str]:
    """Return the scripts of the numbered migration steps, in order."""
    folder = resources.files("textinv_app.library.migrations")
    scripts = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=str)
    return [script.read_text(encoding="utf-8") for script in scripts]


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    try:
        for pragma in (
            f"busy_timeout = {int(BUSY_TIMEOUT_SECONDS * 1000)}",
            "journal_mode = TRUNCATE",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _statements(script: str) -> Iterator[str]:
    """Split a script into its statements, so that they can run inside one transaction."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


@contextmanager
def _told() -> Iterator[None]:
    """Turn SQLite's errors into ``StorageFailed``; what a unique index refuses passes."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.Error as error:
        logger.error("the index could not be used: %s", error)
        raise _storage_failed(error) from error


def _storage_failed(error: sqlite3.Error) -> StorageFailed:
    # The lowest byte is the kind, the others say more of it (sqlite.org/rescode.html).
    kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if kind == sqlite3.SQLITE_FULL:
        return disk_full()
    if kind in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return IndexDamaged()
    return files_unusable()
