"""How much memory this machine has left."""

from __future__ import annotations

from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CONTROL_GROUP = Path("/sys/fs/cgroup")


def available_memory_bytes(
    meminfo: Path = MEMINFO, control_group: Path = CONTROL_GROUP
) -> int | None:
    """Return the bytes that a new process could use now; None where the system does not say.

    The limit of a container (cgroup v2) counts where it is the tighter one.
    """
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            machine = int(line.split()[1]) * 1024
            container = _available_in_container(control_group)
            return machine if container is None else min(machine, container)
    return None


def _available_in_container(folder: Path) -> int | None:
    """Return what a container's limit leaves; None where there is none."""
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        facts = dict(
            line.split() for line in (folder / "memory.stat").read_text("ascii").splitlines()
        )
    except (OSError, ValueError):
        return None
    if not limit.isdigit():
        return None
    # Files that were read lately count as used, but make room at once.
    return max(0, int(limit) - used + int(facts.get("inactive_file", 0)))
