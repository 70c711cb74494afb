"""How fast a training goes, to tell how long it still takes."""

from __future__ import annotations

from textinv_app.domain.specs import TrainingSettings


class Pace:
    """Means of what was measured in this attempt; previews are counted apart from steps."""

    def __init__(self, settings: TrainingSettings) -> None:
        self._settings = settings
        self._step_seconds = 0.0
        self._num_steps = 0
        self._round_seconds = 0.0

    def add_step(self, seconds: float, num_steps: int = 1) -> None:
        """Take note of one step, or of several that took so long together."""
        self._step_seconds += seconds
        self._num_steps += num_steps

    def add_round(self, seconds: float) -> None:
        """Take note of one round of previews."""
        self._round_seconds = seconds

    @property
    def seconds_per_step(self) -> float:
        """Mean seconds of a step; 0 before the first."""
        return self._step_seconds / self._num_steps if self._num_steps else 0.0

    def remaining_seconds(self, step: int) -> float:
        """Return how long it takes from ``step`` to the end, with previews and the last check."""
        steps = max(0, self._settings.max_steps - step)
        # The check of the result at the end takes about as long as a round.
        rounds = -(-steps // self._settings.preview_every_steps) + 1
        return steps * self.seconds_per_step + rounds * self._round_seconds
