"""Starting, watching and ending couriers: one process for each publication."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import textinv_app
from textinv_app.executors.environment import child_environment
from textinv_app.publishing.layout import PublicationFolder
from textinv_app.runs.atomic import atomic_write_json
from textinv_app.runs.lock import is_locked, is_running, process_start_time, read_holder

COURIER_COMMAND = (sys.executable, "-m", "textinv_app.publishing.courier")
GRACE_SECONDS = 30.0
"""How long a courier may take to clear up after it was asked to end."""


class Dispatch:
    """Couriers have a session of their own, so that they outlive the web host and Ctrl+C."""

    def __init__(
        self, environment: Mapping[str, str], command: Sequence[str] = COURIER_COMMAND
    ) -> None:
        self._environment = dict(environment)
        self._command = tuple(command)
        self._children: dict[Path, subprocess.Popen[bytes]] = {}
        self._guard = threading.Lock()

    def start(self, folder: PublicationFolder, token: str) -> None:
        """Start a courier; the token goes through a pipe and is kept nowhere. Raises ``OSError``.

        It never stands in an argument, in the environment or in a file.
        """
        with folder.log.open("ab") as log:
            child = subprocess.Popen(
                [*self._command, str(folder.root)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=Path(textinv_app.__file__).parents[1],
                env=child_environment(os.environ, self._environment),
                **_own_session(),
            )
        with self._guard:
            self._children[folder.root] = child
        record = {"pid": child.pid, "start_time": process_start_time(child.pid)}
        atomic_write_json(folder.launch, record)
        if child.stdin is not None:
            with child.stdin as pipe:
                pipe.write(f"{token}\n".encode("ascii", "ignore"))

    def is_alive(self, folder: PublicationFolder) -> bool:
        """Tell whether a courier of this folder lives; also reaps one of ours that has ended."""
        with self._guard:
            child = self._children.get(folder.root)
            if child is not None and child.poll() is None:
                return True
            self._children.pop(folder.root, None)
        return is_locked(folder.lock) or _launched(folder) is not None

    def end(self, folder: PublicationFolder, *, at_once: bool = False) -> None:
        """Ask a courier to end in order, or end it ``at_once``; nothing happens without one."""
        with self._guard:
            child = self._children.get(folder.root)
        pids = {_launched(folder), _holder(folder)}
        if child is not None and child.poll() is None:
            pids.add(child.pid)
        for pid in pids - {None}:
            _signal(int(pid or 0), at_once=at_once)


def _signal(pid: int, *, at_once: bool) -> None:
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], check=False)
        return
    try:
        os.kill(pid, signal.SIGKILL if at_once else signal.SIGTERM)
    except ProcessLookupError:
        return


def _launched(folder: PublicationFolder) -> int | None:
    """Return the pid of the courier that was started, proven by its start time; else None."""
    try:
        record = json.loads(folder.launch.read_text(encoding="utf-8"))
        pid, start_time = int(record["pid"]), str(record["start_time"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return pid if is_running(pid, start_time) else None


def _holder(folder: PublicationFolder) -> int | None:
    holder = read_holder(folder.lock)
    if holder is None or not is_running(holder.pid, holder.start_time):
        return None
    return holder.pid


def _own_session() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
