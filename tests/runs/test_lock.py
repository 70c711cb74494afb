"""The lock of a living process, and who holds it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from textinv_app.runs.lock import (
    AlreadyLocked,
    RunLock,
    is_locked,
    is_running,
    process_start_time,
    read_holder,
)

HOLD = """
import sys, time
from pathlib import Path
from textinv_app.runs.lock import RunLock
with RunLock(Path(sys.argv[1]), {"attempt": "4"}):
    print("held", flush=True)
    time.sleep(600)
"""
REPOSITORY = Path(__file__).resolve().parents[2]


def hold_in_process(path: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_a_lock_lasts_until_kill_and_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "runner.lock"
    child = hold_in_process(path)
    try:
        assert is_locked(path)
        with pytest.raises(AlreadyLocked):
            RunLock(path).acquire()
        holder = read_holder(path)
        assert holder is not None
        assert holder.pid == child.pid
        assert holder.details == {"attempt": "4"}
        assert is_running(holder.pid, holder.start_time)
    finally:
        child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    # A zombie now: it is there, but it holds nothing and runs no more.
    assert not is_locked(path)
    assert not is_running(holder.pid, holder.start_time)
    child.wait()
    assert not is_running(holder.pid, holder.start_time)
    with RunLock(path):
        assert is_locked(path)
    assert not is_locked(path)


def test_a_child_of_the_holder_does_not_keep_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "runner.lock"
    lock = RunLock(path)
    lock.acquire()
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        lock.release()
        assert not is_locked(path)
    finally:
        child.kill()
        child.wait()


def test_another_process_with_the_same_pid_is_told_apart() -> None:
    pid = os.getpid()
    assert is_running(pid, process_start_time(pid))
    assert not is_running(pid, "another-boot:12345")
    assert not is_running(pid, "")


def test_a_missing_or_damaged_file_tells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runner.lock"
    assert not is_locked(path)
    assert read_holder(path) is None
    for text in ("", "{}", "[1]", '{"pid": "x"}', '{"pid": 1, "start_time": "a", "details": 3}'):
        path.write_text(text, encoding="utf-8")
        assert read_holder(path) is None


def test_what_the_holder_says_can_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "petname.lock"
    with RunLock(path, {"served_at": "a rather long address"}) as lock:
        lock.describe({"served_at": "short"})
        holder = read_holder(path)
        assert holder is not None
        assert holder.details == {"served_at": "short"}
    with pytest.raises(RuntimeError):
        lock.describe({})
