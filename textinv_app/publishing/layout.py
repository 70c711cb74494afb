"""The names inside the folder of a publication: the protocol between the library and the courier.

::

    request.json      what to publish; never changes, holds no token
    progress.json     how far it is
    answer.json       what the person says to a question
    files/            what is sent, put together here; removed at the end
    outcome.json      how it ended; written last, atomically
    courier.lock      locked by the living courier
    launch.json       which process was started, until it holds the lock
    log.txt           what the courier printed
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from textinv_app.domain.concept import Value
from textinv_app.domain.publication import (
    PublicationAnswer,
    PublicationOutcome,
    PublicationProgress,
    PublicationRequest,
)

_AnyValue = TypeVar("_AnyValue", bound=Value)


@dataclass(frozen=True)
class PublicationFolder:
    """Paths of one publication, and its values as they are now."""

    root: Path

    @property
    def request_path(self) -> Path:
        """What to publish, JSON of ``PublicationRequest``."""
        return self.root / "request.json"

    @property
    def progress_path(self) -> Path:
        """How far it is, JSON of ``PublicationProgress``."""
        return self.root / "progress.json"

    @property
    def answer_path(self) -> Path:
        """What the person says, JSON of ``PublicationAnswer``."""
        return self.root / "answer.json"

    @property
    def outcome_path(self) -> Path:
        """How it ended, JSON of ``PublicationOutcome``."""
        return self.root / "outcome.json"

    @property
    def files(self) -> Path:
        """What is sent."""
        return self.root / "files"

    @property
    def lock(self) -> Path:
        """File locked by the living courier."""
        return self.root / "courier.lock"

    @property
    def launch(self) -> Path:
        """Process id and start time of the courier."""
        return self.root / "launch.json"

    @property
    def log(self) -> Path:
        """What the courier printed."""
        return self.root / "log.txt"

    def request(self) -> PublicationRequest | None:
        """Return what to publish; None where the file is missing or damaged."""
        return _read(self.request_path, PublicationRequest)

    def progress(self) -> PublicationProgress | None:
        """Return how far it is; None before the first word."""
        return _read(self.progress_path, PublicationProgress)

    def answer(self) -> PublicationAnswer | None:
        """Return what the person said; None while nothing was said."""
        return _read(self.answer_path, PublicationAnswer)

    def outcome(self) -> PublicationOutcome | None:
        """Return how it ended; None while it has not."""
        return _read(self.outcome_path, PublicationOutcome)


def _read(path: Path, kind: type[_AnyValue]) -> _AnyValue | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
