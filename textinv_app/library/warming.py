"""Keeping a runner ready: started when a training is near, given back when it is in the way.

A runner that waits has its imports done, and perhaps the base model loaded that was trained on
last. It takes some hundred megabytes, so it is kept only where there is plenty of memory, and only
for a while after somebody did something that leads to a training.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from textinv_app.domain.specs import RunSpec
from textinv_app.domain.status import RunStatus
from textinv_app.executors.base import Executor
from textinv_app.library.config import LibraryConfig
from textinv_app.library.folders import DataFolder
from textinv_app.library.memory import available_memory_bytes
from textinv_app.library.run_rows import RunRows
from textinv_app.models.machine import memory_bytes
from textinv_app.runs.layout import RunLayout

logger = logging.getLogger(__name__)

RUNNER_BYTES = 1_000_000_000
"""What a waiting runner may take, a small base model included."""
LOADED_BYTES_PER_FILE_BYTE = 4
"""Half precision in the file, single in memory, and as much again while it is loaded."""
PAUSE_SECONDS = 30.0
"""Between two starts: a training that has just begun gets the machine to itself, and a runner that
keeps dying does not keep the machine busy."""


@dataclass(frozen=True)
class Outlook:
    """What is seen at one moment."""

    is_warm: bool
    num_running: int
    num_waiting: int
    quiet_seconds: float
    """Since somebody last did something that leads to a training."""
    since_start_seconds: float
    """Since a runner was last started ahead."""
    available_bytes: int
    """Memory that a new process could use now."""


@dataclass(frozen=True)
class WarmLimits:
    """How long and beside how much free memory a runner is kept."""

    idle_seconds: float
    """0 keeps none."""
    min_available_bytes: int


def decide_warmth(seen: Outlook, limits: WarmLimits) -> Literal["warm_up", "cool_down", "leave"]:
    """Decide about the runner that waits.

    While a training runs only a queue makes another one near: starting a runner takes seconds of
    processor time that the training would use.
    """
    if seen.is_warm:
        over = seen.quiet_seconds > limits.idle_seconds and not seen.num_running
        short = seen.available_bytes < limits.min_available_bytes
        return "cool_down" if over or short or not limits.idle_seconds else "leave"
    near = seen.num_waiting > 0 if seen.num_running else seen.quiet_seconds < limits.idle_seconds
    room = seen.available_bytes > limits.min_available_bytes + RUNNER_BYTES
    rested = seen.since_start_seconds > PAUSE_SECONDS
    return "warm_up" if near and room and rested and limits.idle_seconds else "leave"


class Warming:
    """Acts upon ``decide_warmth``; ``tick`` must be called by one thread at a time."""

    def __init__(
        self, config: LibraryConfig, runs: RunRows, data: DataFolder, executor: Executor
    ) -> None:
        self._limits = WarmLimits(config.warm_idle_seconds, config.warm_min_available_bytes)
        self._runs = runs
        self._data = data
        self._executor = executor
        self._busy_at = float("-inf")
        self._started_at = float("-inf")
        self.has_gpu: Callable[[], bool] = lambda: False
        """Whether there is a GPU: base models are loaded ahead for the processor only."""
        self.available_bytes: Callable[[], int] = _available_bytes
        self.clock: Callable[[], float] = time.monotonic

    def expect(self) -> None:
        """Note that somebody did something that leads to a training."""
        self._busy_at = self.clock()

    def tick(self) -> None:
        """Look once, start or end the waiting runner; raises ``StorageFailed``."""
        if not self._limits.idle_seconds:
            return
        num_running = len(self._runs.in_status(RunStatus.RUNNING))
        num_waiting = len(self._runs.in_status(RunStatus.QUEUED))
        if num_running or num_waiting:
            self.expect()
        now = self.clock()
        seen = Outlook(
            is_warm=self._executor.is_warm,
            num_running=num_running,
            num_waiting=num_waiting,
            quiet_seconds=now - self._busy_at,
            since_start_seconds=now - self._started_at,
            available_bytes=self.available_bytes(),
        )
        decision = decide_warmth(seen, self._limits)
        if decision == "cool_down":
            logger.info("the waiting runner is given back")
            self._executor.cool_down()
        elif decision == "warm_up":
            self._started_at = now
            try:
                self._executor.warm_up(self._like(seen.available_bytes))
            except OSError as error:
                logger.warning("no runner could be started ahead: %s", error)

    def close(self) -> None:
        """End the waiting runner."""
        self._executor.cool_down()

    def _like(self, available_bytes: int) -> Path | None:
        """Return the specification of the run whose base model to load ahead, if it fits."""
        run = self._runs.likely_next()
        if run is None or self.has_gpu():
            return None
        path = RunLayout(self._data.run(run.run_id)).spec
        try:
            source = Path(RunSpec.model_validate_json(path.read_bytes()).base_model.source)
        except (OSError, ValueError):
            return None
        needed = LOADED_BYTES_PER_FILE_BYTE * _file_bytes(source)
        spare = available_bytes - self._limits.min_available_bytes - RUNNER_BYTES
        return path if needed <= max(spare, RUNNER_BYTES // 2) else None


def _file_bytes(source: Path) -> int:
    """Return the bytes of a local model's weights."""
    paths = source.rglob("*.safetensors") if source.is_dir() else [source]
    return sum(path.stat().st_size for path in paths if path.is_file())


def _available_bytes() -> int:
    """Return the memory that is free; where the system does not say, half of all there is."""
    available = available_memory_bytes()
    return memory_bytes() // 2 if available is None else available
