"""Runners as processes of this machine; the default everywhere.

A runner gets a session of its own, so that it survives the web process, a closed terminal and
Ctrl+C. Whether it lives is told by the lock it holds on its run directory. From the launch until it
holds that lock, ``launch.json`` (pid and start time) stands in, also for a web process that was
restarted in between.

One runner may be started ahead (``warm_up``); the next launch hands its run to it.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import textinv_app
from textinv_app.executors.environment import child_environment
from textinv_app.executors.waiting import WaitingRunner
from textinv_app.runs.atomic import atomic_write_json
from textinv_app.runs.handover import HandOver, send
from textinv_app.runs.layout import RunLayout
from textinv_app.runs.lock import is_locked, is_running, process_start_time, read_holder

logger = logging.getLogger(__name__)

LAUNCH_FILE = "launch.json"
_RUNNER_COMMAND = (sys.executable, "-m", "textinv_app.runner")


class LocalExecutor:
    """Starts runners with ``subprocess``; one slot, or one for each GPU index given."""

    def __init__(
        self,
        gpu_indices: Sequence[int] = (),
        command: Sequence[str] = _RUNNER_COMMAND,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._gpu_indices = tuple(gpu_indices)
        self._command = tuple(command)
        self._environment = dict(environment or {})
        self._children: dict[Path, subprocess.Popen[bytes]] = {}
        self._living: set[Path] = set()
        self._waiting = WaitingRunner()
        self._guard = threading.Lock()

    @property
    def num_slots(self) -> int:
        """How many runners may live at the same time."""
        return max(1, len(self._gpu_indices))

    @property
    def is_warm(self) -> bool:
        """Whether a runner that was started ahead waits for the next launch."""
        return self._waiting.is_there

    def warm_up(self, like: Path | None = None) -> None:
        """Start a runner ahead if none waits; raises ``OSError``.

        It ends by itself when this process does. With GPU indices ``like`` does not count: which
        GPU the next run gets is not known yet.
        """
        ahead = ["--wait"]
        if like is not None and not self._gpu_indices:
            ahead += ["--like", str(like)]
        self._waiting.start(lambda output: self._spawn(ahead, subprocess.PIPE, output))

    def cool_down(self) -> None:
        """End the runner that waits, if any."""
        self._waiting.end()

    def launch(self, run_dir: Path, attempt: int) -> None:
        """Start the runner as attempt ``attempt``, or hand the run to the one that waits.

        Raises ``OSError``.
        """
        gpu_index = self._free_gpu()
        added = {} if gpu_index is None else {"CUDA_VISIBLE_DEVICES": str(gpu_index)}
        with RunLayout(run_dir).log.open("ab") as log:
            if self._hand_over(HandOver(run_dir, attempt, added), gpu_index):
                return
            given = [str(run_dir), "--attempt", str(attempt)]
            child = self._spawn(given, subprocess.DEVNULL, log, added)
        self._note(run_dir, child, attempt, gpu_index)

    def _hand_over(self, order: HandOver, gpu_index: int | None) -> bool:
        """Give a run to the runner that waits; false where there is none, or where it is gone."""
        child = self._waiting.take()
        if child is None or child.stdin is None:
            return False
        try:
            # Before the order: if this process dies between the two, so does the one that waits.
            self._note(order.run_dir, child, order.attempt, gpu_index)
            with child.stdin as pipe:
                send(pipe, order)
        except OSError as error:
            logger.warning("the waiting runner could not be given a run: %s", error)
            child.kill()
            child.wait()
            return False
        return True

    def _spawn(
        self,
        arguments: Sequence[str],
        source: int,
        output: IO[bytes],
        added: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self._command, *arguments],
            stdin=source,
            stdout=output,
            stderr=output,
            cwd=Path(textinv_app.__file__).parents[1],
            env=child_environment(os.environ, {**self._environment, **(added or {})}),
            **_own_session(),
        )

    def _note(
        self, run_dir: Path, child: subprocess.Popen[bytes], attempt: int, gpu_index: int | None
    ) -> None:
        """Remember who runs a run, here and for a later executor on the same folder."""
        with self._guard:
            self._children[run_dir] = child
            self._living.add(run_dir)
        record = {
            "pid": child.pid,
            "start_time": process_start_time(child.pid),
            "attempt": attempt,
            "gpu_index": gpu_index,
        }
        atomic_write_json(run_dir / LAUNCH_FILE, record)

    def is_alive(self, run_dir: Path) -> bool:
        """Tell whether a runner of this directory lives; also reaps one of ours that has ended."""
        lives = (
            self._child_lives(run_dir)
            or is_locked(RunLayout(run_dir).lock)
            or self._launched_pid(run_dir) is not None
        )
        with self._guard:
            (self._living.add if lives else self._living.discard)(run_dir)
        return lives

    def terminate(self, run_dir: Path) -> None:
        """Send SIGTERM, which the runner takes as a pause; on Windows the control file must do."""
        if sys.platform != "win32":
            self._signal(run_dir, signal.SIGTERM)

    def kill(self, run_dir: Path) -> None:
        """End the runner and what it has started, without asking."""
        if sys.platform == "win32":
            for pid in self._pids(run_dir):
                subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], check=False)
        else:
            self._signal(run_dir, signal.SIGKILL)
        self._child_lives(run_dir)

    def _child_lives(self, run_dir: Path) -> bool:
        with self._guard:
            child = self._children.get(run_dir)
            if child is None:
                return False
            if child.poll() is None:
                return True
            del self._children[run_dir]
            return False

    def _pids(self, run_dir: Path) -> set[int]:
        """Return the pids of living runners of this directory, each proven by its start time."""
        pids = {self._launched_pid(run_dir)}
        with self._guard:
            child = self._children.get(run_dir)
            if child is not None and child.poll() is None:
                pids.add(child.pid)
        lock = RunLayout(run_dir).lock
        holder = read_holder(lock)
        if holder is not None and is_locked(lock) and is_running(holder.pid, holder.start_time):
            pids.add(holder.pid)
        return {pid for pid in pids if pid is not None}

    def _signal(self, run_dir: Path, number: int) -> None:
        if sys.platform == "win32":
            return
        for pid in self._pids(run_dir):
            try:
                # The runner leads its own session and group: what it started goes with it.
                leads_group = os.getpgid(pid) == pid
                os.killpg(pid, number) if leads_group else os.kill(pid, number)
            except ProcessLookupError:
                continue

    @staticmethod
    def _launched_pid(run_dir: Path) -> int | None:
        record = _read_launch(run_dir)
        pid, start_time = record.get("pid"), record.get("start_time")
        if isinstance(pid, int) and isinstance(start_time, str) and is_running(pid, start_time):
            return pid
        return None

    def _free_gpu(self) -> int | None:
        """Return a GPU index that no living runner was given; None without GPU indices."""
        with self._guard:
            folders = list(self._living)
        taken = {
            _read_launch(folder).get("gpu_index") for folder in folders if self.is_alive(folder)
        }
        free = [index for index in self._gpu_indices if index not in taken]
        return free[0] if free else next(iter(self._gpu_indices), None)


def _read_launch(run_dir: Path) -> dict[str, Any]:
    try:
        record = json.loads((run_dir / LAUNCH_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _own_session() -> dict[str, Any]:
    """Return the ``Popen`` arguments that detach a child from this process's session."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
