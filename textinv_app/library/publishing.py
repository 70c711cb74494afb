"""Publications: one for each file, in the file's own folder, done by a courier.

The folder tells everything; what is kept in memory is only which files have one. A publication goes
when its file goes.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from textinv_app.domain.publication import (
    PublicationAnswer,
    PublicationOutcome,
    PublicationProgress,
    PublicationRequest,
    PublishedPhoto,
)
from textinv_app.domain.views import PublicationView
from textinv_app.errors import BadInput, NotFound, QuotaReached
from textinv_app.library.api import PublishFormView, PublishOrder
from textinv_app.library.artifact_rows import ArtifactRow
from textinv_app.library.config import LibraryConfig
from textinv_app.library.folders import DataFolder, is_marked_removed, not_found, read_owner
from textinv_app.library.removing import Tables
from textinv_app.library.results import Results
from textinv_app.publishing.dispatch import GRACE_SECONDS, Dispatch
from textinv_app.publishing.layout import PublicationFolder
from textinv_app.publishing.names import check_repository_name, suggest_repository_name
from textinv_app.publishing.requests import Wishes, make_request
from textinv_app.publishing.tokens import check_token, own_token_present
from textinv_app.runs.atomic import atomic_write_text, publish_directory, temporary_beside

logger = logging.getLogger(__name__)

FOLDER_NAME = "publication"
MAX_WORKING = 4
"""Couriers of everybody at a time."""
MAX_WORKING_OF_OWNER = 2


def courier_environment(config: LibraryConfig) -> dict[str, str]:
    """Return what couriers get on top of the usual environment.

    Where strangers use the page, a courier has no way to the login of this computer: neither the
    variable nor the folder in which the Hub's client keeps it.
    """
    if config.own_hub_token_usable:
        return {}
    return {"HF_TOKEN": "", "HF_HOME": str(config.data_dir / "hub-client")}


PublicationStatus = Literal["working", "asking", "done", "failed"]


@dataclass
class _Known:
    """A publication that there is."""

    owner: str
    folder: PublicationFolder
    request: PublicationRequest
    outcome: PublicationOutcome | None = None
    """How it ended, once it has."""
    ended_at: float = 0.0
    """When it was asked to end, on the monotonic clock; 0 where it was not."""
    cleared: bool = False
    """Whether what it had sent is no longer kept here."""
    attempt: str = field(default_factory=lambda: secrets.token_hex(4))
    """Tells it from an earlier try with the same file, which may have ended in the same way."""


class Publishing:
    """Starts couriers, follows them and answers for the page; ``tick`` looks once, never sleeps."""

    def __init__(
        self,
        config: LibraryConfig,
        tables: Tables,
        data: DataFolder,
        results: Results,
        dispatch: Dispatch,
    ) -> None:
        self._config = config
        self._tables = tables
        self._data = data
        self._results = results
        self._dispatch = dispatch
        self._guard = threading.RLock()
        self._known: dict[str, _Known] = {}
        self._recover()

    def form(self, owner: str, artifact_id: str) -> PublishFormView:
        """Return what the dialog begins with; raises ``NotFound``."""
        artifact = self._file(owner, artifact_id)
        manifest = artifact.manifest
        word = manifest.placeholder_token or artifact.name
        method = manifest.method if manifest.companion is None else "pivotal"
        return PublishFormView(
            artifact_id=artifact.artifact_id,
            name=artifact.name,
            repository=suggest_repository_name(word, method),
            num_photos=len(self._photos(artifact)),
            has_own_token=self._config.own_hub_token_usable and own_token_present(),
            family=manifest.family,
        )

    def start(self, owner: str, order: PublishOrder) -> PublicationView:
        """Send a courier; raises ``BadInput``, ``QuotaReached``, ``NotFound`` and ``OSError``."""
        artifact = self._file(owner, order.artifact_id)
        repository = check_repository_name(order.repository)
        use_own = not order.token.strip() and self._own_token_usable()
        token = "" if use_own else check_token(order.token)
        request = make_request(
            self._results.path(artifact),
            artifact.manifest,
            Wishes(
                title=artifact.name,
                repository=repository,
                private=order.private,
                use_own_token=use_own,
            ),
            self._photos(artifact) if order.with_photos else (),
            self._config.assets_dir,
        )
        with self._guard:
            self._refuse_if_busy(owner, artifact.artifact_id)
            folder = self._make_folder(artifact, request)
            known = _Known(owner, folder, request)
            self._known[artifact.artifact_id] = known
            self._dispatch.start(folder, token)
            return self._view(artifact, known)

    def views(self, owner: str) -> tuple[PublicationView, ...]:
        """Return the publications of an owner, those that were begun last first."""
        with self._guard:
            mine = [(one, known) for one, known in self._known.items() if known.owner == owner]
        found = []
        for artifact_id, known in reversed(mine):
            try:
                artifact = self._results.find(owner, artifact_id)
            except NotFound:
                continue  # deleted a moment ago
            found.append(self._view(artifact, known))
        return tuple(found)

    def answer(self, owner: str, artifact_id: str, *, update: bool) -> None:
        """Answer the question whether files of an existing repository may be replaced."""
        known = self._find(owner, artifact_id)
        answer = PublicationAnswer(update=update)
        atomic_write_text(known.folder.answer_path, answer.model_dump_json())

    def cancel(self, owner: str, artifact_id: str) -> None:
        """Ask a courier to take back what it has begun, and end."""
        known = self._find(owner, artifact_id)
        with self._guard:
            if known.outcome is None:
                known.ended_at = known.ended_at or time.monotonic()
                self._dispatch.end(known.folder)

    def dismiss(self, owner: str, artifact_id: str) -> None:
        """Forget a publication that is over; what is on the Hub stays there."""
        known = self._find(owner, artifact_id)
        with self._guard:
            self._settle(known)
            if known.outcome is not None:
                del self._known[artifact_id]
                shutil.rmtree(known.folder.root, ignore_errors=True)

    def end_of(self, artifact_id: str) -> None:
        """Ask the courier of a file that is being deleted to take back what it has begun."""
        with self._guard:
            known = self._known.pop(artifact_id, None)
            if known is not None:
                self._dispatch.end(known.folder)

    def end_with_photos(self, artifact_id: str) -> None:
        """End the courier of a file whose photos are being deleted, if it has any of them."""
        with self._guard:
            known = self._known.get(artifact_id)
            if known is not None and known.outcome is None and known.request.photos:
                known.ended_at = known.ended_at or time.monotonic()
                self._dispatch.end(known.folder)

    def tick(self) -> None:
        """Notice what has ended, and end what nobody wants any more; raises ``OSError``."""
        with self._guard:
            for artifact_id, known in list(self._known.items()):
                thing = self._thing_folder(known.folder.root)
                if not known.folder.root.is_dir() or is_marked_removed(thing):
                    self.end_of(artifact_id)
                else:
                    self._settle(known)

    def _settle(self, known: _Known) -> None:
        """Take over how a publication ended, or say so where its courier was killed."""
        if known.outcome is None:
            # Alive first: a courier that ends between the two looks has left its outcome.
            alive = self._dispatch.is_alive(known.folder)
            known.outcome = known.folder.outcome()
            if known.outcome is None and alive:
                late = known.ended_at and time.monotonic() > known.ended_at + GRACE_SECONDS
                if late:
                    self._dispatch.end(known.folder, at_once=True)
                return
        if known.outcome is None:
            known.outcome = _outcome_of_killed(known)
            atomic_write_text(known.folder.outcome_path, known.outcome.model_dump_json(indent=1))
        if not known.cleared:
            shutil.rmtree(known.folder.files, ignore_errors=True)
            known.cleared = True

    def _refuse_if_busy(self, owner: str, artifact_id: str) -> None:
        for known in self._known.values():
            self._settle(known)
        working = {one: known for one, known in self._known.items() if known.outcome is None}
        if artifact_id in working:
            raise BadInput("publish.under_way", "This file is being published already.")
        mine = [known for known in working.values() if known.owner == owner]
        if len(mine) >= MAX_WORKING_OF_OWNER or len(working) >= MAX_WORKING:
            raise QuotaReached(
                "publish.busy",
                "Enough files are being published at the moment. Try again when one is done.",
            )

    def _make_folder(self, artifact: ArtifactRow, request: PublicationRequest) -> PublicationFolder:
        """Make the folder of a publication in place of an older one."""
        final = self._data_folder(artifact) / FOLDER_NAME
        prepared = temporary_beside(final)
        prepared.mkdir()
        atomic_write_text(
            PublicationFolder(prepared).request_path, request.model_dump_json(indent=1)
        )
        shutil.rmtree(final, ignore_errors=True)
        # Newest last, as the page expects.
        self._known.pop(artifact.artifact_id, None)
        publish_directory(prepared, final)
        return PublicationFolder(final)

    def _file(self, owner: str, artifact_id: str) -> ArtifactRow:
        """Return a file, of a pair the first: the two are published together."""
        artifact = self._results.find(owner, artifact_id)
        if artifact.run_id and artifact.run_id != artifact_id:
            return self._results.find(owner, artifact.run_id)
        return artifact

    def _own_token_usable(self) -> bool:
        return self._config.own_hub_token_usable and own_token_present()

    def _photos(self, artifact: ArtifactRow) -> tuple[PublishedPhoto, ...]:
        """Return the photos of the pet that a file was taught with; none where they are gone."""
        if artifact.imported:
            return ()
        concept = self._tables.concepts.find(artifact.owner_id, artifact.concept_id)
        if concept is None:
            return ()
        folder = self._data.photos(artifact.concept_id)
        return tuple(
            PublishedPhoto(path=str(folder / photo.file_name), square=photo.crop)
            for photo in concept.photos
        )

    def _find(self, owner: str, artifact_id: str) -> _Known:
        known = self._known.get(artifact_id)
        if known is None or known.owner != owner:
            raise not_found()
        return known

    def _data_folder(self, artifact: ArtifactRow) -> Path:
        if artifact.imported:
            return self._data.imported(artifact.artifact_id)
        return self._data.run(artifact.run_id)

    @staticmethod
    def _thing_folder(root: Path) -> Path:
        return root.parent

    def _recover(self) -> None:
        """Find the publications of an earlier start; couriers that still live go on."""
        for root in sorted(self._folders_on_disk(), key=_age):
            folder = PublicationFolder(root)
            request, owner = folder.request(), read_owner(self._thing_folder(root))
            if request is None or not owner:
                logger.error("%s is damaged and counts for nothing", root)
                continue
            known = _Known(owner, folder, request)
            self._known[self._thing_folder(root).name] = known
            self._settle(known)

    def _folders_on_disk(self) -> Iterator[Path]:
        for kind in ("runs", "imports"):
            for thing in self._data.things(kind):
                if (thing / FOLDER_NAME).is_dir() and not is_marked_removed(thing):
                    yield thing / FOLDER_NAME

    def _view(self, artifact: ArtifactRow, known: _Known) -> PublicationView:
        request, outcome = known.request, known.outcome or known.folder.outcome()
        progress = known.folder.progress() if outcome is None else None
        progress = progress or PublicationProgress(stage="checking", fraction=0)
        answered = progress.stage == "asking" and known.folder.answer() is not None
        status: PublicationStatus = "working"
        if outcome is not None:
            status = outcome.status
        elif progress.stage == "asking" and not answered and not known.ended_at:
            status = "asking"
        repository = progress.repository or (outcome.repository if outcome else "")
        return PublicationView(
            artifact_id=artifact.artifact_id,
            attempt=known.attempt,
            name=artifact.name,
            repository=repository or request.repository,
            private=request.private,
            num_photos=len(request.photos),
            status=status,
            stage="ending" if known.ended_at else progress.stage,
            fraction=progress.fraction,
            file_name=progress.file_name,
            url=outcome.url if outcome else "",
            leftover=bool(outcome and outcome.leftover),
            error_code=outcome.error_code if outcome else "",
            error_sentence=outcome.error_sentence if outcome else "",
            error_details=dict(outcome.error_details) if outcome else {},
        )


def _outcome_of_killed(known: _Known) -> PublicationOutcome:
    """Return how a publication ended whose courier left no word."""
    progress = known.folder.progress()
    stage = progress.stage if progress is not None else "checking"
    repository = progress.repository if progress is not None else ""
    code = "publish.cancelled" if known.ended_at else "publish.interrupted"
    sentence = "The upload was interrupted. Nothing was published; please try again."
    if known.ended_at:
        sentence = "You stopped it. Nothing was published."
    if stage == "finishing":
        code = "publish.unclear"
        sentence = (
            f"The upload was interrupted at its very end. Look at {repository} on the Hub whether "
            "it has arrived; if not, try again."
        )
    return PublicationOutcome(
        status="failed",
        repository=repository,
        error_code=code,
        error_sentence=sentence,
        error_details={"repository": repository},
        # It may have made the repository and got no further.
        leftover=stage == "uploading",
    )


def _age(folder: Path) -> float:
    return folder.stat().st_mtime
