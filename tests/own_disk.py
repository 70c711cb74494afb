"""Runs a script that mounts a small disk, in a mount namespace of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import REPOSITORY

needs_own_disk = pytest.mark.skipif(
    shutil.which("unshare") is None, reason="mounts a disk as on Linux"
)


def lines_on_own_disk(script: Path, root: Path, *arguments: str) -> tuple[list[str], str]:
    """Return the lines that ``script ROOT ARGUMENTS`` prints, and what it says beside them.

    Skips the test where the script prints ``no disk``, or no namespace can be had.
    """
    finished = subprocess.run(
        ["unshare", "-rm", sys.executable, str(script), str(root), *arguments],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "no disk" in finished.stdout or "unshare" in finished.stderr:
        pytest.skip("no disk can be mounted here")
    return finished.stdout.splitlines(), finished.stderr
