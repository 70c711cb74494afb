"""A real Petname server in a process of its own, for the tests that talk to one."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

REPOSITORY = Path(__file__).resolve().parents[1]
START_TIMEOUT_SECONDS = 120
READY = re.compile(r"Petname is ready: (http://\S+)")
CANARY_TOKEN = "hf_CanaryCanaryCanaryCanary12345678"


def new_token() -> str:
    """Return an owner token as a browser would make it."""
    return secrets.token_hex(32)


def server_environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a test server: a free port, its own data, secrets to be kept."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PETNAME_")}
    given = {f"PETNAME_{name.upper()}": value for name, value in settings.items()}
    return (
        kept
        | {
            "PETNAME_DATA_DIR": str(data_dir),
            "PETNAME_ALLOW_ANY_DATA_DIR": "1",
            "PETNAME_PORT": "0",
            "PETNAME_MIN_FREE_BYTES": "0",
            # Its imports would take processor time from tests that train nothing.
            "PETNAME_WARM_IDLE_SECONDS": "0",
            "OMP_NUM_THREADS": "1",
            "OMP_WAIT_POLICY": "PASSIVE",
            "HF_HUB_OFFLINE": "1",
            "HF_TOKEN": CANARY_TOKEN,
            "PYTHONUNBUFFERED": "1",
        }
        | given
    )


@dataclass
class PetnameServer:
    """``python app.py`` on a free port; ``with PetnameServer(folder) as server:``."""

    data_dir: Path
    settings: dict[str, str] = field(default_factory=dict)
    url: str = ""
    """Address without the last slash; known once it has started."""
    process: subprocess.Popen[str] | None = None
    lines: list[str] = field(default_factory=list)
    """What the server wrote."""
    _answers: threading.Event = field(default_factory=threading.Event)

    def start(self) -> PetnameServer:
        """Start and wait until the page is served."""
        self._answers.clear()
        self.process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=REPOSITORY,
            env=server_environment(self.data_dir, **self.settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        if not self._answers.wait(START_TIMEOUT_SECONDS) or not self.url:
            self.kill()
            raise RuntimeError("The server did not start:\n" + "\n".join(self.lines))
        return self

    def _read(self, process: subprocess.Popen[str]) -> None:
        """Collect the server's lines until it is gone."""
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))
            found = READY.search(line)
            if found:
                self.url = found.group(1).rstrip("/")
                self._answers.set()
        self._answers.set()

    @property
    def pid(self) -> int:
        """Process id of the web process."""
        assert self.process is not None
        return self.process.pid

    def stop(self, timeout_seconds: float = 60) -> int:
        """Ask the server to stop and return its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_seconds)

    def kill(self) -> None:
        """Kill the web process; what it started lives on."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(60)

    def __enter__(self) -> PetnameServer:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop; a server that does not is killed."""
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Send a GET request."""
        return httpx.get(self.url + path, timeout=60, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Send a POST request."""
        return httpx.post(self.url + path, timeout=120, **options)

    def upload(self, token: str, files: list[Path], **query: str) -> httpx.Response:
        """Upload files as the page does."""
        parts = [
            ("files", (path.name, path.read_bytes(), "application/octet-stream")) for path in files
        ]
        return self.post(
            "/petname/upload",
            params=query,
            files=parts,
            headers={"X-Petname-Owner": token, "Origin": self.url},
        )

    def memory_bytes(self, what: str = "VmRSS") -> int:
        """Return the resident (``VmRSS``) or highest resident (``VmHWM``) memory; Linux only."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        line = next(line for line in text.splitlines() if line.startswith(what))
        return int(line.split()[1]) * 1024

    def wait_until_well(self, timeout_seconds: float = 30) -> None:
        """Wait until ``/healthz`` answers."""
        give_up = time.monotonic() + timeout_seconds
        while True:
            try:
                if self.get("/healthz").status_code == 200:
                    return
            except httpx.TransportError:
                if time.monotonic() > give_up:
                    raise
            time.sleep(0.2)
