"""The data folder: where each thing lies, whose it is, and how it is removed for good.

Every folder of a thing holds ``owner.json``, so that the index can be rebuilt, and is removed in
two moves: ``mark_removed`` puts the durable mark, from which point the thing is gone for everybody,
then ``remove_marked`` deletes the files, the mark last. A crash in between leaves a marked folder
that the sweeper finishes.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from textinv_app.errors import NotFound
from textinv_app.runs.atomic import atomic_write_json, fsync_directory

OWNER_FILE = "owner.json"
REMOVED_MARK = ".removed"
_IDENTIFIER = re.compile(r"[a-z0-9]{1,40}")


def new_identifier() -> str:
    """Return a random id, good as a folder name on every system."""
    return secrets.token_hex(12)


def now_text() -> str:
    """Return the time now as UTC, ISO 8601."""
    return text_of_time_before(timedelta())


def text_of_time_before(age: timedelta) -> str:
    """Return the time that lies ``age`` back, as ``now_text`` writes it."""
    return (datetime.now(UTC) - age).isoformat(timespec="milliseconds")


class DataFolder:
    """Paths inside the data folder; every id is checked before it becomes part of a path."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(self) -> None:
        """Create the folders, readable by this user alone; raises ``OSError``."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (*self.thing_folders, self.incoming):
            folder.mkdir(mode=0o700, exist_ok=True)

    @property
    def database(self) -> Path:
        """The SQLite index."""
        return self.root / "petname.db"

    @property
    def lock(self) -> Path:
        """Locked by the living web process."""
        return self.root / "petname.lock"

    @property
    def secret_key(self) -> Path:
        """Key of the signed links."""
        return self.root / "secret.key"

    @property
    def unclean_mark(self) -> Path:
        """Present while the library is open; found at a start, it tells of an unclean end."""
        return self.root / "open.mark"

    @property
    def rebuilding_mark(self) -> Path:
        """Present until a new index knows all folders; what it lacks till then is not rubbish."""
        return self.root / "rebuilding.mark"

    @property
    def reserve(self) -> Path:
        """Space given up when the disk is full, so that the index can still be written."""
        return self.root / "reserve.bin"

    def give_up_reserve(self) -> bool:
        """Free the reserve, which is made anew at the next start; false where there is none."""
        try:
            self.reserve.unlink()
        except FileNotFoundError:
            return False
        return True

    @property
    def incoming(self) -> Path:
        """Uploads in transit."""
        return self.root / "incoming"

    @property
    def thing_folders(self) -> tuple[Path, ...]:
        """Folders whose sub-folders each hold one thing that belongs to an owner."""
        return tuple(self.root / name for name in ("concepts", "runs", "imports", "drawings"))

    def concept(self, concept_id: str) -> Path:
        """Folder of a concept; raises ``NotFound`` for an impossible id."""
        return self._thing("concepts", concept_id)

    def photos(self, concept_id: str) -> Path:
        """Folder of a concept's photos; raises ``NotFound`` for an impossible id."""
        return self.concept(concept_id) / "photos"

    def run(self, run_id: str) -> Path:
        """Run directory; raises ``NotFound`` for an impossible id."""
        return self._thing("runs", run_id)

    def imported(self, artifact_id: str) -> Path:
        """Folder of an imported file; raises ``NotFound`` for an impossible id."""
        return self._thing("imports", artifact_id)

    def drawing(self, drawing_id: str) -> Path:
        """Folder of a drawing; raises ``NotFound`` for an impossible id."""
        return self._thing("drawings", drawing_id)

    def things(self, kind: str) -> Iterator[Path]:
        """Yield the folders of all things of a kind (``concepts``, ``runs``, ...), by id."""
        for folder in sorted((self.root / kind).iterdir()):
            if folder.is_dir() and _IDENTIFIER.fullmatch(folder.name):
                yield folder

    def _thing(self, kind: str, identifier: str) -> Path:
        if not _IDENTIFIER.fullmatch(identifier):
            raise not_found()
        return self.root / kind / identifier


def not_found() -> NotFound:
    """Return the one error for what does not exist and for what belongs to somebody else."""
    return NotFound("not_found", "This is not here any more. Reload the page to see what is.")


def write_owner(folder: Path, owner: str) -> None:
    """Note whose folder this is; raises ``OSError``."""
    atomic_write_json(folder / OWNER_FILE, {"owner_id": owner})


def write_shown_name(folder: Path, name: str) -> None:
    """Note what the person calls the file in a folder; raises ``OSError``."""
    note = {"owner_id": read_owner(folder), "shown_name": name}
    atomic_write_json(folder / OWNER_FILE, note)


def read_owner(folder: Path) -> str:
    """Return whose folder this is; empty where that is not noted."""
    return read_note(folder, "owner_id")


def read_note(folder: Path, name: str) -> str:
    """Return a field of the owner's file, ``owner_id`` or ``shown_name``; empty where not noted."""
    try:
        value = json.loads((folder / OWNER_FILE).read_text(encoding="utf-8")).get(name, "")
    except (FileNotFoundError, ValueError, AttributeError):
        return ""
    return value if isinstance(value, str) else ""


@contextmanager
def new_folders(folders: Sequence[Path]) -> Iterator[None]:
    """Remove these folders again where the block fails that makes them and their rows.

    Nobody would find them without a row, nor what of a person is in them.
    """
    try:
        yield
    except BaseException:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def mark_removed(folder: Path) -> None:
    """Mark a folder as removed, durably; a missing one needs no mark."""
    if folder.is_dir():
        (folder / REMOVED_MARK).touch()
        fsync_directory(folder)


def is_marked_removed(folder: Path) -> bool:
    """Tell whether the folder is on its way out."""
    return (folder / REMOVED_MARK).exists()


def remove_marked(folder: Path) -> None:
    """Delete a marked folder with all it holds, the mark last; raises ``OSError``."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.name == REMOVED_MARK:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    (folder / REMOVED_MARK).unlink(missing_ok=True)
    folder.rmdir()
    fsync_directory(folder.parent)


def folder_bytes(folder: Path) -> int:
    """Return the bytes of all files below a folder; what vanishes meanwhile counts nothing."""
    total = 0
    # Unlike a glob it passes over a folder that is renamed or removed under way.
    for inside, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(inside, name).stat().st_size
            except FileNotFoundError:
                continue
    return total
