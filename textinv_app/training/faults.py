"""Faults on purpose, for tests: a runner that dies, runs away or runs out of memory at a step.

``PETNAME_FAULT`` holds ``name:nth:action`` and counts only together with ``PETNAME_TESTING=1``.
Names are ``train.step`` and ``checkpoint.written``, where ``nth`` is the step, and
``encode.picture``, where it is the picture. Actions are ``kill9``, ``term``, ``nan``, ``oom`` and
``sleep``. Each fault happens once in a process.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass

import torch

SLEEP_SECONDS = 3600.0


@dataclass
class Faults:
    """The fault that is planned for this process, if any."""

    name: str = ""
    nth: int = -1
    action: str = ""

    def reach(self, name: str, number: int) -> None:
        """Let the planned fault happen when this is its place; else do nothing."""
        if not self._is_due(name, number) or self.action == "nan":
            return
        self.name = ""
        if self.action == "kill9":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.action == "term":
            os.kill(os.getpid(), signal.SIGTERM)
        elif self.action == "sleep":
            time.sleep(SLEEP_SECONDS)
        elif self.action == "oom":
            raise torch.OutOfMemoryError("planned by PETNAME_FAULT")

    def change_loss(self, number: int, loss: float) -> float:
        """Return ``loss``, or NaN when that is planned for this step."""
        if self._is_due("train.step", number) and self.action == "nan":
            self.name = ""
            return float("nan")
        return loss

    def _is_due(self, name: str, number: int) -> bool:
        return self.name == name and self.nth == number


def planned_faults(surroundings: Mapping[str, str] | None = None) -> Faults:
    """Return the fault that the environment plans; raises ``ValueError`` for a malformed one."""
    seen = os.environ if surroundings is None else surroundings
    text = seen.get("PETNAME_FAULT", "")
    if not text or seen.get("PETNAME_TESTING") != "1":
        return Faults()
    name, nth, action = text.split(":")
    return Faults(name, int(nth), action)
