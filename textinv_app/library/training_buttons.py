"""The buttons of a training: pause, resume, stop.

Each changes the index under its rules, then the run's control file; the supervisor does the rest.
"""

from __future__ import annotations

from collections.abc import Callable

from textinv_app.domain.status import RunStatus
from textinv_app.errors import BadInput
from textinv_app.library.config import LibraryConfig
from textinv_app.library.folders import DataFolder, not_found
from textinv_app.library.queue_rules import QueueRules
from textinv_app.library.removing import Tables
from textinv_app.library.results_on_disk import write_outcome
from textinv_app.library.run_rows import RunRow
from textinv_app.library.supervisor import Supervisor, newest_checkpoint_step
from textinv_app.library.working_files import drop_working_files
from textinv_app.runs.layout import RunLayout


class TrainingButtons:
    """Moves runs of their owners; stop wins over everything."""

    def __init__(
        self, config: LibraryConfig, tables: Tables, data: DataFolder, supervisor: Supervisor
    ) -> None:
        self._tables = tables
        self._data = data
        self._supervisor = supervisor
        self._rules = QueueRules(config, tables)

    def pause(self, owner: str, run_id: str) -> RunRow:
        """Ask a run to leave the machine; one that waits is taken from the queue at once."""

        def change(run: RunRow) -> bool:
            if run.status is RunStatus.QUEUED and run.wanted != "stop":
                return self._tables.runs.move(run, RunStatus.PAUSED, wanted="pause")
            if run.status is RunStatus.RUNNING and run.wanted == "run":
                return self._tables.runs.change(run, wanted="pause")
            if run.wanted == "stop" and not run.status.is_final:
                raise _is_stopping()
            return _as_it_is(run, RunStatus.PAUSED, RunStatus.RUNNING)

        return self._press(owner, run_id, change)

    def resume(self, owner: str, run_id: str) -> RunRow:
        """Let a paused or failed run go on.

        Raises ``BadInput`` where another one is in its way, or its photos were deleted.
        """

        def change(run: RunRow) -> bool:
            if run.wanted == "stop" and not run.status.is_final:
                raise _is_stopping()
            if run.status is RunStatus.RUNNING and run.wanted == "pause":
                return self._tables.runs.change(run, wanted="run")
            if run.status not in {RunStatus.PAUSED, RunStatus.FAILED}:
                return _as_it_is(run, RunStatus.QUEUED, RunStatus.RUNNING)
            self._rules.refuse_full_queue(owner, 1)
            self._rules.refuse_second(run.concept_id, run.method, run.run_id)
            layout = RunLayout(self._data.run(run_id))
            if not layout.dataset.is_dir():
                raise BadInput(
                    "training.photos_gone",
                    "Photos of this training were deleted, so it cannot go on. Start a new one.",
                )
            layout.outcome.unlink(missing_ok=True)
            return self._tables.runs.move(
                run, RunStatus.QUEUED, wanted="run", idle_attempts=0, error_code="",
                error_sentence="", error_details={},
            )  # fmt: skip

        return self._press(owner, run_id, change)

    def stop(self, owner: str, run_id: str) -> RunRow:
        """Ask a run to end now; the best so far is kept, and where there is none it is cancelled.

        A run that waits or is paused is queued once more to make a file of its last checkpoint.
        """

        def change(run: RunRow) -> bool:
            if run.status.is_final or run.wanted == "stop":
                return True
            if run.status is RunStatus.RUNNING:
                return self._tables.runs.change(run, wanted="stop", idle_attempts=0)
            checkpoints = RunLayout(self._data.run(run_id)).checkpoints
            if not newest_checkpoint_step(checkpoints):
                cancelled = self._tables.runs.move(run, RunStatus.CANCELLED, wanted="stop")
                if cancelled:
                    write_outcome(run, self._data.run(run_id))
                return cancelled
            if run.status is RunStatus.QUEUED:
                return self._tables.runs.change(run, wanted="stop", idle_attempts=0)
            return self._tables.runs.move(run, RunStatus.QUEUED, wanted="stop", idle_attempts=0)

        stopped = self._press(owner, run_id, change)
        if stopped.status is RunStatus.CANCELLED:
            drop_working_files(self._data.run(run_id))
        return stopped

    def _press(self, owner: str, run_id: str, change: Callable[[RunRow], bool]) -> RunRow:
        """Apply a change to a run as it stands, while the supervisor is kept out."""
        with self._tables.store.transaction():
            run = self._tables.runs.owned(owner, run_id)
            if not change(run):
                raise not_found()
            pressed = self._tables.runs.owned(owner, run_id)
        self._supervisor.sync_control(run_id)
        return pressed


def _as_it_is(run: RunRow, *fine: RunStatus) -> bool:
    """Accept a button that asks for what is so already; raises ``BadInput`` when all is over."""
    if run.status in fine:
        return True
    raise BadInput("training.over", "This training is over. Start a new one.")


def _is_stopping() -> BadInput:
    return BadInput("training.stopping", "This training is being stopped; its best is kept.")
