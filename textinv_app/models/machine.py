"""What this machine has: memory, cores, a GPU. Found without torch, for the web process."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_MEGABYTE = 1 << 20
_QUERY_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class MachineFacts:
    """What a base model has to fit into."""

    memory_bytes: int
    """Main memory, container limits included; 0 where it is not known."""
    gpu_memory_bytes: int = 0
    """Memory of the largest CUDA device; 0 without one, or where torch is a build without CUDA."""
    gpu_name: str = ""
    """Name of that device, whether or not torch can use it."""
    num_cores: int = 1


def machine_facts() -> MachineFacts:
    """Return what this machine has; takes up to some seconds where there is a GPU driver.

    A driver that is too old for torch is not noticed, nor the build of torch where its version does
    not name it, as on Windows: only a process that imports torch knows.
    """
    gpu_name, gpu_memory_bytes = _largest_gpu()
    if _torch_is_without_cuda():
        gpu_memory_bytes = 0
    return MachineFacts(
        memory_bytes=memory_bytes(),
        gpu_memory_bytes=gpu_memory_bytes,
        gpu_name=gpu_name,
        num_cores=_num_cores(),
    )


def memory_bytes() -> int:
    """Return the main memory this process may use, in bytes; 0 where it is not known."""
    if sys.platform == "win32":
        return _windows_memory_bytes()
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0
    limit = _container_limit(Path("/sys/fs/cgroup/memory.max"))
    return min(physical, limit) if limit else physical


def _container_limit(path: Path) -> int:
    """Read a control group's memory limit (``max`` or bytes); 0 where there is none."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return 0
    return int(text) if text.isdigit() else 0


def _windows_memory_bytes() -> int:
    """Ask ``GlobalMemoryStatusEx``; its structure is 64 bytes, the total at offset 8."""
    status = ctypes.create_string_buffer((64).to_bytes(4, "little"), 64)
    library = getattr(ctypes, "windll", None)
    if library is None or not library.kernel32.GlobalMemoryStatusEx(status):
        return 0
    return int.from_bytes(status.raw[8:16], "little")


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _largest_gpu() -> tuple[str, int]:
    """Return name and memory (bytes) of the largest NVIDIA GPU; empty and 0 without one."""
    program = shutil.which("nvidia-smi")
    # Whoever hides the cards from CUDA, to train on the processor, means us too.
    is_hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in {"", "-1"}
    if program is None or is_hidden:
        return "", 0
    try:
        answer = subprocess.run(
            [program, "--query-gpu=memory.total,name", "--format=csv,noheader,nounits"],
            capture_output=True,
            timeout=_QUERY_TIMEOUT_SECONDS,
            check=True,
            encoding="utf-8",
            errors="replace",
        )
    except (OSError, subprocess.SubprocessError):
        return "", 0
    return largest_gpu(answer.stdout)


def _torch_is_without_cuda() -> bool:
    """Tell whether the installed torch says by its version that it is built for processors alone.

    It is not imported, which would take seconds and hundreds of megabytes.
    """
    try:
        return importlib.metadata.version("torch").endswith("+cpu")
    except importlib.metadata.PackageNotFoundError:
        return False


def largest_gpu(listing: str) -> tuple[str, int]:
    """Read ``megabytes, name`` lines and return name and bytes of the largest; empty and 0."""
    found: list[tuple[int, str]] = []
    for line in listing.splitlines():
        size, _, name = line.partition(",")
        if size.strip().isdigit():
            found.append((int(size) * _MEGABYTE, name.strip()))
    largest_bytes, name = max(found, default=(0, ""))
    return name, largest_bytes
