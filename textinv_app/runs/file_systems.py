"""On what kind of file system the data folder lies: some lose locks and damage the index."""

from __future__ import annotations

import logging
from pathlib import Path

from textinv_app.errors import StorageFailed

logger = logging.getLogger(__name__)

MOUNTS = Path("/proc/mounts")

# File systems of other machines and of hosts of virtual machines: locks are missing there or lie,
# and SQLite has been seen damaged on them.
_UNSAFE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "glusterfs", "davfs"}
)


def file_system_of(folder: Path, mounts: str) -> str:
    """Return the type of the file system of an absolute folder; empty where it is not known.

    ``mounts`` is the text of ``/proc/mounts`` (proc(5)): the longest mount point wins, of two on
    one point the later.
    """
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = Path(_unescape(fields[1]))
        if point != folder and point not in folder.parents:
            continue
        if len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind


def is_unsafe(kind: str) -> bool:
    """Tell whether an index must not be kept on this type of file system."""
    return kind in _UNSAFE or kind.startswith("fuse.") or kind == "fuse"


def kind_of(folder: Path, mounts: Path = MOUNTS) -> str:
    """Return the type of the file system of ``folder`` on this machine; empty where not known."""
    try:
        return file_system_of(folder, mounts.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""


def refuse_unsafe_folder(folder: Path, mounts: Path = MOUNTS) -> None:
    """Raise ``StorageFailed`` when the data folder lies on a network or shared file system."""
    kind = kind_of(folder, mounts)
    if is_unsafe(kind):
        logger.error("%s lies on %s", folder, kind)
        raise StorageFailed(
            "storage.not_local",
            f"The data folder {folder} lies on a network or shared disk ({kind}), where lists get "
            "damaged. Choose a folder on a disk of this machine with PETNAME_DATA_DIR.",
            folder=str(folder),
            kind=kind,
        )


def _unescape(point: str) -> str:
    for code, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, letter)
    return point
