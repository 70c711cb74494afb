"""The learning rate at each step: a pure function, so that resuming needs no scheduler state."""

from __future__ import annotations

import math

from textinv_app.domain.specs import TrainingSettings


def learning_rate(settings: TrainingSettings, step: int, rate_factor: float = 1.0) -> float:
    """Return the rate of optimizer step ``step`` (counted from 0).

    It rises in a line over ``warmup_steps`` and falls to zero along half a cosine.
    """
    peak = settings.learning_rate * rate_factor
    if step < settings.warmup_steps:
        return peak * (step + 1) / (settings.warmup_steps + 1)
    whole = max(1, settings.max_steps - settings.warmup_steps)
    share = min(1.0, (step - settings.warmup_steps) / whole)
    return peak * 0.5 * (1 + math.cos(math.pi * share))
