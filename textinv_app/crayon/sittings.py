"""Sittings: a stage of training that can be stopped at any moment and taken up again."""

from __future__ import annotations

import dataclasses
import logging
import os
import time
from pathlib import Path
from typing import Any

import torch

log = logging.getLogger(__name__)


@dataclasses.dataclass
class Progress:
    """How far a stage has come, over all its sittings."""

    steps: int = 0
    pictures: int = 0
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True)
class Budget:
    """How long a stage may train, over all its sittings, and how often it is saved."""

    minutes: float
    max_steps: int | None = None
    checkpoint_seconds: float = 150.0


class Sitting:
    """Time budget, learning-rate schedule and checkpoints of one stage.

    The budget counts training seconds over all sittings, so a stage that was killed goes on with
    the schedule it had. Checkpoints are written to a temporary file and renamed.
    """

    def __init__(self, work: Path, stage: str, budget: Budget) -> None:
        """Open the stage in the work folder."""
        self.path = work / f"{stage}.pt"
        self.stage = stage
        self.progress = Progress()
        self._budget_seconds = budget.minutes * 60
        self._max_steps = budget.max_steps
        self._checkpoint_seconds = budget.checkpoint_seconds
        self._last = time.monotonic()
        self._last_save = self._last
        self._last_log = self._last
        self._losses: dict[str, float] = {}
        self._losses_count = 0

    def saved(self) -> dict[str, Any] | None:
        """Return the last checkpoint, or None; progress is taken from it."""
        if not self.path.exists():
            return None
        state: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
        self.progress = Progress(**state["progress"])
        log.info("%s: going on from step %d", self.stage, self.progress.steps)
        return state

    def share(self) -> float:
        """Return how much of the budget is spent, 0..1."""
        spent = self.progress.seconds / self._budget_seconds if self._budget_seconds else 0.0
        if self._max_steps is not None:
            spent = max(spent, self.progress.steps / self._max_steps)
        return min(1.0, spent)

    def rate(self, warm_up_steps: int, decay_share: float) -> float:
        """Return the learning-rate factor: warm-up, plateau, then linear down to a hundredth."""
        warm = min(1.0, (self.progress.steps + 1) / warm_up_steps)
        left = (1.0 - self.share()) / decay_share
        return max(0.01, min(warm, left, 1.0))

    def over(self) -> bool:
        """Return whether the budget is spent."""
        return self.share() >= 1.0

    def step_done(self, pictures: int, losses: dict[str, float], rate: float) -> None:
        """Count a step made at a rate; log the mean losses about every thirty seconds."""
        now = time.monotonic()
        self.progress.seconds += now - self._last
        self._last = now
        self.progress.steps += 1
        self.progress.pictures += pictures
        for name, value in losses.items():
            self._losses[name] = self._losses.get(name, 0.0) + value
        self._losses_count += 1
        if now - self._last_log > 30 or self.over():
            text = " ".join(f"{k} {v / self._losses_count:.4f}" for k, v in self._losses.items())
            log.info(
                "%s: step %d, %d pictures, %.1f min, rate %.2f: %s",
                *(self.stage, self.progress.steps, self.progress.pictures),
                *(self.progress.seconds / 60, rate, text),
            )
            self._losses, self._losses_count, self._last_log = {}, 0, now

    def save_is_due(self) -> bool:
        """Return whether a checkpoint should be written now."""
        return self.over() or time.monotonic() - self._last_save > self._checkpoint_seconds

    def save(self, state: dict[str, Any]) -> None:
        """Write a checkpoint with the progress, in one piece or not at all."""
        state = {**state, "progress": dataclasses.asdict(self.progress)}
        temporary = self.path.with_suffix(".pt.tmp")
        with temporary.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)
        self._last_save = time.monotonic()
        self._last = self._last_save


class Average:
    """An exponential moving average of a model's floating-point weights."""

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        """Start from the model as it is."""
        self.decay = decay
        self.weights = {k: v.detach().clone() for k, v in model.state_dict().items()}
        self._updates = 0

    @torch.no_grad()
    def update(self, model: torch.nn.Module) -> None:
        """Move the average towards the model; faster in the first steps."""
        self._updates += 1
        decay = min(self.decay, (1 + self._updates) / (10 + self._updates))
        for name, value in model.state_dict().items():
            mine = self.weights[name]
            if mine.is_floating_point():
                mine.lerp_(value, 1 - decay)
            else:
                mine.copy_(value)

    def state(self) -> dict[str, Any]:
        """Return what is needed to go on later."""
        return {"weights": self.weights, "updates": self._updates}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.weights = {k: v.to(self.weights[k].device) for k, v in state["weights"].items()}
        self._updates = state["updates"]
