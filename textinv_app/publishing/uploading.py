"""The upload: one commit into a repository, or nothing at all.

The bytes of large files travel first and belong to nothing until the commit names them. A
repository that was made for this and did not get its commit is taken away again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from textinv_app.domain.publication import PublicationProgress, PublicationRequest, Stage
from textinv_app.errors import BadInput, PetnameError
from textinv_app.publishing.contents import CARD, OWN_FOLDERS, write_repository
from textinv_app.publishing.faults import bad_token, exists, forbidden, told

logger = logging.getLogger(__name__)

_MADE_BY_THE_HUB = frozenset({".gitattributes"})
"""What an empty repository holds."""


@dataclass(frozen=True)
class Published:
    """Where a file has been published."""

    repository: str
    url: str
    private: bool


@dataclass(frozen=True)
class Listener:
    """Whom an upload talks to."""

    progress: Callable[[PublicationProgress], None] = lambda _progress: None
    may_update: Callable[[str], bool] = lambda _repository: False
    """Asked with ``owner/name`` where a repository of that name already holds something."""


@dataclass(frozen=True)
class _Existing:
    """A repository that was there before."""

    private: bool
    head: str
    """Its newest commit."""
    files: frozenset[str]

    @property
    def is_empty(self) -> bool:
        return self.files <= _MADE_BY_THE_HUB


class Upload:
    """One publication; ``run`` does it, ``undo`` takes away what it had begun.

    ``folder`` is where the files are put together; it must not exist or be empty.
    """

    def __init__(
        self, request: PublicationRequest, token: str, folder: Path, listener: Listener
    ) -> None:
        self._request = request
        self._folder = folder
        self._listener = listener
        self._api = HfApi(token=token, library_name="petname")
        self._created = False
        self.repository = ""
        """``owner/name``, as soon as it is known."""

    def run(self) -> Published:
        """Publish and return where; raises ``BadInput``, ``PublishingFailed`` and ``OSError``.

        Whatever is raised, ``undo`` is the caller's to call.
        """
        self._tell("checking", 0)
        with told(self._request.repository):
            self.repository = self._full_name(self._api.whoami())
        with told(self.repository):
            existing = self._look()
        self._refuse_or_ask(existing)
        self._tell("preparing", 0)
        names = write_repository(self._request, self.repository, self._folder)
        with told(self.repository):
            if existing is None:
                self._create()
            additions = self._send(names)
            self._tell("finishing", 1)
            self._commit(additions, existing)
        return self.published()

    def published(self) -> Published:
        """Return where the file is, once it is there."""
        url = f"{self._api.endpoint}/{self.repository}"
        return Published(self.repository, url, self._request.private)

    def undo(self) -> Published | None:
        """Take away the repository that was made, unless its commit has arrived after all.

        Returns where the file is in that case, else None. Raises ``PublishingFailed`` or
        ``BadInput`` where an empty repository had to be left.
        """
        if not self._created:
            return None
        with told(self.repository):
            try:
                names = self._api.list_repo_files(self.repository)
            except RepositoryNotFoundError:
                return None
            if CARD in names:
                # The Hub had taken the commit and only its answer was lost.
                return self.published()
            self._api.delete_repo(self.repository, missing_ok=True)
        return None

    def _full_name(self, who: dict[str, Any]) -> str:
        """Return ``owner/name``; raises ``BadInput`` where the token cannot write there."""
        role = who.get("auth", {}).get("accessToken", {}).get("role", "")
        owner, slash, name = self._request.repository.rpartition("/")
        owner = owner if slash else str(who["name"])
        repository = f"{owner}/{name}"
        if role == "read":
            raise forbidden(repository)
        known = {str(who["name"]).lower(), *(str(o["name"]).lower() for o in who.get("orgs", ()))}
        if owner.lower() not in known:
            raise BadInput(
                "publish.other_owner",
                f"This token belongs to {who['name']}, who cannot publish under {owner}.",
                user=str(who["name"]),
                owner=owner,
            )
        return repository

    def _look(self) -> _Existing | None:
        """Return the repository of this name as it is; None where there is none."""
        try:
            info = self._api.model_info(self.repository)
        except RepositoryNotFoundError as error:
            if error.response.status_code == 401:
                raise bad_token() from error
            return None
        # A repository that was renamed answers to its old name too.
        self.repository = info.id
        files = frozenset(sibling.rfilename for sibling in info.siblings or ())
        return _Existing(bool(info.private), info.sha or "", files)

    def _refuse_or_ask(self, existing: _Existing | None) -> None:
        """Raise ``BadInput`` unless the files may go into a repository that is there already."""
        if existing is None:
            return
        if existing.private != self._request.private:
            code = "publish.is_private" if existing.private else "publish.is_public"
            now = "private" if existing.private else "public"
            raise BadInput(
                code,
                f"Your repository {self.repository} exists and is {now}. Choose {now}, or another "
                "name.",
                repository=self.repository,
            )
        if existing.is_empty or self._request.update_allowed:
            return
        self._tell("asking", 0)
        if not self._listener.may_update(self.repository):
            raise exists(self.repository)

    def _create(self) -> None:
        """Make the repository; from here on ``undo`` has something to do."""
        self._created = True
        try:
            self._api.create_repo(self.repository, private=self._request.private, exist_ok=False)
        except HfHubHTTPError:
            # The Hub said no: there is nothing of ours to take away.
            self._created = False
            raise

    def _send(self, names: Sequence[str]) -> list[CommitOperationAdd]:
        """Send the large files, one after the other, and return what the commit will add."""
        paths = {name: self._folder / name for name in names}
        total = sum(path.stat().st_size for path in paths.values())
        sent = 0
        additions = []
        for name, path in paths.items():
            self._tell("uploading", sent / total, name)
            addition = CommitOperationAdd(path_in_repo=name, path_or_fileobj=path)
            self._api.preupload_lfs_files(self.repository, [addition])
            additions.append(addition)
            sent += path.stat().st_size
        return additions

    def _commit(self, additions: list[CommitOperationAdd], existing: _Existing | None) -> None:
        """Make everything appear at once, and take away what an update leaves out."""
        kept = {addition.path_in_repo for addition in additions}
        old = existing.files if existing else frozenset()
        stale = sorted(name for name in old - kept if name.startswith(OWN_FOLDERS))
        self._api.create_commit(
            self.repository,
            [*additions, *(CommitOperationDelete(name, is_folder=False) for name in stale)],
            commit_message=f"Publish {self._request.manifest.file_name} with Petname",
            parent_commit=(existing.head or None) if existing else None,
        )

    def _tell(self, stage: Stage, fraction: float, file_name: str = "") -> None:
        self._listener.progress(
            PublicationProgress(
                stage=stage,
                fraction=min(1.0, fraction),
                file_name=file_name,
                repository=self.repository,
            )
        )


def publish(request: PublicationRequest, token: str, folder: Path, listener: Listener) -> Published:
    """Publish a file, or leave nothing behind on the Hub.

    Raises ``BadInput``, ``PublishingFailed`` and ``OSError``; where an empty repository could not
    be taken away again, the error's ``details`` hold ``leftover`` with its name.
    """
    upload = Upload(request, token, folder, listener)
    try:
        return upload.run()
    except BaseException as error:
        try:
            arrived = upload.undo()
        except PetnameError as left:
            logger.warning("an empty repository is left: %s", type(left).__name__)
            if isinstance(error, PetnameError):
                error.details["leftover"] = upload.repository
            raise error from left
        if arrived is not None:
            return arrived
        raise
