"""The learning rate at each step: a pure function, so that resuming needs no scheduler state."""

from __future__ import annotations

import math

from textinv_app.domain.specs import TrainingSettings


def rate_share(settings: TrainingSettings, step: int, rate_factor: float = 1.0) -> float:
    """Return which share of its peak a rate has at optimizer step ``step`` (counted from 0).

    It rises in a line over ``warmup_steps`` and falls to zero along half a cosine.
    """
    if step < settings.warmup_steps:
        return rate_factor * (step + 1) / (settings.warmup_steps + 1)
    whole = max(1, settings.max_steps - settings.warmup_steps)
    share = min(1.0, (step - settings.warmup_steps) / whole)
    return rate_factor * 0.5 * (1 + math.cos(math.pi * share))


def learning_rate(settings: TrainingSettings, step: int, rate_factor: float = 1.0) -> float:
    """Return the rate of optimizer step ``step`` for what is trained at ``learning_rate``."""
    return settings.learning_rate * rate_share(settings, step, rate_factor)
