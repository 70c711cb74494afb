"""Who may queue how much: one unfinished run of a concept and method, so many of an owner."""

from __future__ import annotations

from textinv_app.domain.concept import TrainingMethod
from textinv_app.domain.status import RunStatus
from textinv_app.errors import BadInput, QuotaReached
from textinv_app.library.config import LibraryConfig
from textinv_app.library.removing import Tables


class QueueRules:
    """The limits of the queue; ask inside the transaction that queues."""

    def __init__(self, config: LibraryConfig, tables: Tables) -> None:
        self._config = config
        self._tables = tables

    def refuse_second(self, concept_id: str, method: TrainingMethod, but: str = "") -> None:
        """Raise ``BadInput`` where another run of concept and method is not over."""
        other = self._tables.runs.unfinished(concept_id, method)
        if other is None or other.run_id == but:
            return
        if other.status is RunStatus.PAUSED:
            raise BadInput(
                "training.paused_already",
                "A training of this is paused. Resume it, or stop it to begin anew.",
                method=method,
            )
        raise BadInput(
            "training.already",
            "This is being taught already. Wait until it is done, or stop it first.",
            method=method,
        )

    def refuse_full_queue(self, owner: str, num_more: int) -> None:
        """Raise ``QuotaReached`` where so many more runs would be too many."""
        limit = self._config.max_active_runs_per_owner
        if self._tables.runs.num_active(owner) + num_more > limit:
            raise QuotaReached(
                "quota.runs",
                f"At most {limit} of your trainings can wait or run at a time. Wait for one to "
                "end, or stop one.",
                limit=limit,
            )
        if self._tables.runs.num_active() + num_more > self._config.max_active_runs:
            raise QuotaReached(
                "quota.queue",
                "Very many people are waiting just now. Please try again later.",
                limit=self._config.max_active_runs,
            )
