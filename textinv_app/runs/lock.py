"""The lock a living runner holds: released by the kernel however the process dies.

The lock file also names its holder (pid, start time, and what the holder wants to say), because a
restarted library needs a pid to signal. A pid alone proves nothing: it may have been reused; the
start time tells the two apart. On Windows one byte far behind the text is locked, since a locked
byte can not be read there.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

PROBE_SECONDS = 0.5
_LOCKED_BYTE = 1 << 30


class AlreadyLocked(Exception):
    """Another living process holds the lock."""


@dataclass(frozen=True)
class LockHolder:
    """Who wrote itself into the lock file last."""

    pid: int
    start_time: str
    """Opaque; equal to ``process_start_time(pid)`` while this very process lives."""
    details: Mapping[str, str]


def process_start_time(pid: int) -> str:
    """Return a text that differs between two processes of the same pid; empty where not known.

    On Linux it is the boot's id and the start in clock ticks since the boot (proc(5), field 22).
    """
    fields = _process_fields(pid)
    if not fields:
        return ""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}:{fields[19]}"


def is_running(pid: int, start_time: str) -> bool:
    """Tell whether the very process that had this pid and start time runs; a zombie does not.

    False where start times are not known: then only a lock can tell.
    """
    fields = _process_fields(pid)
    return bool(fields) and fields[0] != "Z" and process_start_time(pid) == start_time


def _process_fields(pid: int) -> list[str]:
    """Return the fields of ``/proc/<pid>/stat`` from the third on; empty where there are none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return []
    # The command name, the second field, may hold spaces and brackets: count from behind it.
    return text.rsplit(")", 1)[-1].split()


class RunLock:
    """An exclusive lock on a file, held until ``release`` or the death of the process.

    ``with RunLock(path):`` raises ``AlreadyLocked`` at once when another process holds it.
    """

    def __init__(self, path: Path, details: Mapping[str, str] | None = None) -> None:
        self._path = path
        self._details = dict(details or {})
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock and write this process into the file; raises ``AlreadyLocked``.

        Tries for ``PROBE_SECONDS``, since ``is_locked`` takes the lock for a moment to find out.
        """
        # Not inheritable (PEP 446): a child that outlives us must not keep the lock.
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        give_up = time.monotonic() + PROBE_SECONDS
        while not _try_lock(descriptor):
            if time.monotonic() > give_up:
                os.close(descriptor)
                raise AlreadyLocked(str(self._path))
            time.sleep(0.01)
        self._descriptor = descriptor
        self.describe(self._details)

    def describe(self, details: Mapping[str, str]) -> None:
        """Rewrite what the file says about its holder, for instance the port that it serves."""
        if self._descriptor is None:
            raise RuntimeError("the lock is not held")
        pid = os.getpid()
        holder = {"pid": pid, "start_time": process_start_time(pid), "details": dict(details)}
        text = json.dumps(holder).encode("utf-8")
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, text)
        os.ftruncate(self._descriptor, len(text))

    def release(self) -> None:
        """Give the lock back; the file stays, so that nobody locks a removed one."""
        if self._descriptor is not None:
            _unlock(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> RunLock:
        """Take the lock; raises ``AlreadyLocked``."""
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back."""
        self.release()


def is_locked(path: Path) -> bool:
    """Tell whether a living process holds the lock; a missing file is not locked."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        if not _try_lock(descriptor):
            return True
        _unlock(descriptor)
        return False
    finally:
        os.close(descriptor)


def read_holder(path: Path) -> LockHolder | None:
    """Return who wrote itself into the lock file, living or not; None where it says nothing."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        details = {str(key): str(value) for key, value in data["details"].items()}
        return LockHolder(int(data["pid"]), str(data["start_time"]), details)
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
