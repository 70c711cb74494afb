"""Taking away from this process all it does not need: memory, time, files, network, children.

What a system cannot take away is left, and the rest still holds: the limits are POSIX's, the
namespaces and Landlock are Linux's, and Windows has none of them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from typing import BinaryIO

from textinv_app.formats.foreign import limits

if sys.platform != "win32":
    # Now, because nothing can be imported any more once the doors are shut.
    import resource

_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_SIGKILL = 9
_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF = 444, 446
"""Numbers of the system calls, the same on every processor."""
_LANDLOCK_ALL_FILE_ACCESS = (1 << 13) - 1
"""Everything the first version of Landlock knows: execute, read, write, remove, make."""
_MAX_STRAY_DESCRIPTORS = 256


class PeakMemory:
    """The most memory this process has used, read from a file that is opened before the doors shut.

    ``ru_maxrss`` will not do: on Linux it also counts what the parent had when it forked.
    """

    def __init__(self) -> None:
        self._status: BinaryIO | None = None
        with contextlib.suppress(OSError):
            self._status = open("/proc/self/status", "rb", buffering=0)  # noqa: PTH123, SIM115

    @property
    def descriptor(self) -> int | None:
        """The open file, which must stay so; None where there is no such file."""
        return None if self._status is None else self._status.fileno()

    def read(self) -> int:
        """Return the peak in bytes; 0 where the system does not tell."""
        if self._status is not None:
            self._status.seek(0)
            for line in self._status.read().splitlines():
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
        if sys.platform == "win32":
            return 0
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used if sys.platform == "darwin" else used * 1024


def confine(kept_descriptor: int | None) -> None:
    """Shut every door of this process but standard input, output and error, for good.

    ``kept_descriptor`` may stay open as well. All modules must have been imported before.
    """
    if sys.platform == "win32":
        return
    highest = _close_other_files(kept_descriptor)
    if sys.platform == "linux":
        _leave_the_system()
    _limit_resources(highest)


def _close_other_files(kept: int | None) -> int:
    """Close all files but the standard ones and ``kept``; return the highest that is open."""
    for descriptor in range(3, _MAX_STRAY_DESCRIPTORS):
        if descriptor != kept:
            with contextlib.suppress(OSError):
                os.close(descriptor)
    return max(2, kept or 0)


def _leave_the_system() -> None:
    """Give up privileges, the network and the file system; each where the kernel allows it."""
    library = ctypes.CDLL(None)
    library.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # A user namespace of its own also takes away what root may do, such as raising limits again.
    if library.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC) != 0:
        library.unshare(_CLONE_NEWUSER)
    handled = ctypes.c_uint64(_LANDLOCK_ALL_FILE_ACCESS)
    ruleset = library.syscall(_LANDLOCK_CREATE_RULESET, ctypes.byref(handled), 8, 0)
    if ruleset >= 0:
        # Rules that allow nothing: no path can be opened, run, made or removed any more.
        library.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)


def _limit_resources(highest_descriptor: int) -> None:
    if sys.platform == "win32":
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + limits.CHILD_SECONDS
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, limits.MAX_OUTPUT_BYTES),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_NPROC, 0),
        # No number is left for another file or socket.
        (resource.RLIMIT_NOFILE, highest_descriptor + 1),
        (resource.RLIMIT_AS, limits.CHILD_MEMORY_BYTES),
    ):
        # macOS knows the limit of the address space but refuses to set it.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, limit))
    # Nobody handles the signal, so it ends the process.
    signal.setitimer(signal.ITIMER_REAL, limits.CHILD_SECONDS)
