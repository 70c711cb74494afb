"""What the reading child can no longer do once its doors are shut."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")


def confined(body: str, seconds: int = 10) -> subprocess.CompletedProcess[str]:
    """Run lines of Python in a process of their own, after it has been confined."""
    program = (
        "import os, socket, sys, subprocess\n"
        "from textinv_app.formats.foreign import confinement, limits\n"
        f"limits.CHILD_SECONDS = {seconds}\n"
        "peak = confinement.PeakMemory()\n"
        "confinement.confine(peak.descriptor)\n"
        f"{body}"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(REPOSITORY), "OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )


@pytest.mark.parametrize(
    "deed",
    [
        "open('/etc/passwd')",
        "open('{folder}/new', 'w')",
        "os.pipe()",
        "os.listdir('/')",
        "socket.socket()",
        "socket.create_connection(('127.0.0.1', 9))",
        "subprocess.run(['/bin/true'])",
    ],
)
def test_it_can_reach_no_file_no_network_and_no_program(tmp_path: Path, deed: str) -> None:
    body = f"try:\n    {deed.format(folder=tmp_path)}\nexcept OSError:\n    print('refused')\n"
    ended = confined(body)
    assert ended.stdout == "refused\n", ended.stderr
    assert not list(tmp_path.iterdir())


def test_it_gets_no_more_memory_than_allowed() -> None:
    body = "try:\n    bytearray(700_000_000)\nexcept MemoryError:\n    print('refused')\n"
    assert confined(body).stdout == "refused\n"


def test_its_peak_memory_is_its_own_and_not_that_of_its_parent() -> None:
    hoard = bytearray(300_000_000)
    ended = confined("print(peak.read())")
    assert 10_000_000 < int(ended.stdout) < 200_000_000
    assert len(hoard) == 300_000_000


@pytest.mark.parametrize("deed", ["while True: pass", "import time; time.sleep(60)"])
def test_it_is_ended_by_the_kernel_when_its_time_is_up(deed: str) -> None:
    """Busy or asleep: nobody outside has to watch."""
    ended = confined(deed, seconds=1)
    assert ended.returncode in (-signal.SIGALRM, -signal.SIGXCPU), ended.stderr
