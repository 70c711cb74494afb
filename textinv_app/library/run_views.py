"""Runs as the page shows them: the index and the event log, made into one view."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from textinv_app.domain.events import PreviewSaved, Redrawn
from textinv_app.domain.specs import RunSpec
from textinv_app.domain.status import RunStatus
from textinv_app.domain.views import PreviewView, RunView
from textinv_app.library.folders import DataFolder, not_found
from textinv_app.library.following import Followers, RunProgress
from textinv_app.library.links import LinkSigner
from textinv_app.library.run_rows import RunRow
from textinv_app.runs.layout import RunLayout

logger = logging.getLogger(__name__)

# Where in the whole run each phase begins and ends.
_SHARES: Mapping[str, tuple[float, float]] = {
    "": (0.0, 0.0),
    "starting": (0.0, 0.01),
    "downloading": (0.01, 0.03),
    "loading_model": (0.03, 0.05),
    "preparing_photos": (0.05, 0.08),
    "training": (0.08, 0.9),
    "exporting": (0.9, 0.93),
    "checking": (0.93, 1.0),
}


@dataclass(frozen=True)
class _Cached:
    version: str
    view: RunView


class RunViews:
    """Makes views of runs and keeps the last one of each while nothing changes."""

    def __init__(self, data: DataFolder, followers: Followers, links: LinkSigner) -> None:
        self._data = data
        self._followers = followers
        self._links = links
        self._specs: dict[str, RunSpec | None] = {}
        self._views: dict[str, _Cached] = {}

    def view(self, run: RunRow, queue_position: int) -> RunView:
        """Return the view of a run; raises ``NotFound`` where its folder is gone or damaged."""
        progress = self._followers.progress(self._data.run(run.run_id))
        version = self._version(run, queue_position, progress)
        cached = self._views.get(run.run_id)
        if cached is not None and cached.version == version:
            return cached.view
        view = self._make(run, queue_position, progress, version)
        self._views[run.run_id] = _Cached(version, view)
        return view

    def spec(self, run_id: str) -> RunSpec:
        """Return the specification of a run; it never changes, so it is read once.

        Raises ``NotFound`` where it is gone or damaged.
        """
        if run_id not in self._specs:
            self._specs[run_id] = self._read_spec(run_id)
        spec = self._specs[run_id]
        if spec is None:
            raise not_found()
        return spec

    def _read_spec(self, run_id: str) -> RunSpec | None:
        try:
            return RunSpec.model_validate_json(RunLayout(self._data.run(run_id)).spec.read_bytes())
        except (FileNotFoundError, ValueError) as error:
            logger.error("run %s cannot be shown: %s", run_id, error)
            return None

    def forget(self, run_id: str) -> None:
        """Drop what is kept of a run that is removed."""
        self._followers.forget(self._data.run(run_id))
        self._specs.pop(run_id, None)
        self._views.pop(run_id, None)

    def _version(self, run: RunRow, queue_position: int, progress: RunProgress) -> str:
        # Links change with their window, so a view has to be drawn again then.
        window, has_redrawn = self._links.window(), self._redrawn_folder(run).is_dir()
        facts = (run.change_count, queue_position, progress.num_events, window, has_redrawn)
        text = ":".join(map(str, (run.run_id, *facts)))
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]

    def _make(
        self, run: RunRow, queue_position: int, progress: RunProgress, version: str
    ) -> RunView:
        spec = self.spec(run.run_id)
        running = run.status is RunStatus.RUNNING
        return RunView(
            run_id=run.run_id,
            concept_id=run.concept_id,
            concept_name=spec.concept_name,
            placeholder_token=spec.placeholder_token,
            kind=spec.kind,
            method=run.method,
            model_id=spec.base_model.model_id,
            preset=spec.preset,
            status=run.status,
            wanted=run.wanted,
            queue_position=queue_position,
            phase=progress.phase.phase if running and progress.phase else "",
            fraction=fraction_done(run.status, progress),
            step=progress.step,
            validations=progress.validations,
            verdicts=progress.verdicts,
            nearest_words=progress.nearest_words,
            notices=progress.notices,
            previews=tuple(self._preview(run, event) for event in progress.previews),
            redrawn=self._redrawn(run, progress.redrawn),
            attempts=run.attempt,
            error_code=run.error_code,
            error_sentence=run.error_sentence,
            error_details=run.error_details,
            artifact_id=run.artifact_id,
            version=version,
            plan=progress.plan,
        )

    def _redrawn(self, run: RunRow, event: Redrawn | None) -> tuple[str, ...]:
        if event is None or not self._redrawn_folder(run).is_dir():
            return ()
        names = [path.rsplit("/", 1)[-1] for path in event.paths]
        return tuple(self._links.url("redrawn", run.run_id, name) for name in names)

    def _redrawn_folder(self, run: RunRow) -> Path:
        """Return where the redrawn photos lie, until the photos are deleted."""
        return RunLayout(self._data.run(run.run_id)).redrawn

    def _preview(self, run: RunRow, event: PreviewSaved) -> PreviewView:
        file_name = event.path.rsplit("/", 1)[-1]
        return PreviewView(
            step=event.step,
            prompt_index=event.prompt_index,
            prompt=event.prompt,
            url=self._links.url("preview", run.run_id, file_name),
            likeness=event.likeness,
        )


def fraction_done(status: RunStatus, progress: RunProgress) -> float:
    """Return the share of a whole run that is done, 0 to 1."""
    if status is RunStatus.DONE:
        return 1.0
    if progress.phase is None:
        return 0.0
    start, end = _SHARES[progress.phase.phase]
    trained = _share_trained(progress)
    if progress.phase.phase == "training":
        return start + (end - start) * trained
    within = progress.phase.fraction or 0.0
    fraction = start + (end - start) * within
    # A resumed run loads its model again: the bar does not go back for that.
    training_start, training_end = _SHARES["training"]
    return max(
        fraction, training_start + (training_end - training_start) * trained if trained else 0
    )


def _share_trained(progress: RunProgress) -> float:
    if progress.step is None:
        return 0.0
    return min(1.0, progress.step.step / progress.step.max_steps)
