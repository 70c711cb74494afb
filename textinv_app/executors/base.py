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

    @property
    def is_warm(self) -> bool:
        """Whether a runner was started ahead and waits for the next launch."""
        ...

    def warm_up(self, like: Path | None = None) -> None:
        """Start a runner ahead, so that the next launch begins sooner; returns at once.

        ``like`` is the ``spec.json`` of a run whose base model the next one will probably use: that
        may be loaded ahead too. Does nothing where one waits already or where the engine has no
        such thing. Everything a launch promises holds the same for a launch that uses it. Raises
        ``OSError``.
        """
        ...

    def cool_down(self) -> None:
        """End the runner that waits, so that its memory is given back; also without one."""
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
