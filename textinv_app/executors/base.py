"""What an executor must do: start the runner on a run directory, tell whether it lives, end it.

The run directory is the whole protocol, so an executor keeps nothing that a restart would lose: a
new one pointed at the same folder finds a living runner again. ``tests/contracts`` holds the test
class that every executor has to pass.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Executor(Protocol):
    """Places runners on a machine."""

    @property
    def num_slots(self) -> int:
        """How many runners may live at the same time."""
        ...

    def launch(self, run_dir: Path, attempt: int) -> None:
        """Start the runner as attempt ``attempt`` and return at once.

        The runner outlives the caller's process. Raises ``OSError`` when it cannot be started.
        """
        ...

    def is_alive(self, run_dir: Path) -> bool:
        """Tell whether a runner of this directory lives, from launch until it has left.

        True for a runner that another executor on the same folder launched.
        """
        ...

    def terminate(self, run_dir: Path) -> None:
        """Ask the runner to save its state and leave; returns at once, also without one."""
        ...

    def kill(self, run_dir: Path) -> None:
        """End the runner without asking; returns at once, also without one."""
        ...
