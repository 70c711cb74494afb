"""Publishing a file: what is asked for, how far it is and how it ended.

A publication is a folder: ``request.json`` (never changes, holds no token), ``progress.json``,
``answer.json`` (only where something was asked) and, last, ``outcome.json``.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from textinv_app.domain.concept import SquareCrop, Value
from textinv_app.domain.manifest import ResultManifest

Stage = Literal["checking", "asking", "preparing", "uploading", "finishing"]


class PublishedPicture(Value):
    """A picture drawn with the file, for the gallery of its page."""

    path: str
    prompt: str = ""
    """What it was asked for with; empty where that is not known."""


class PublishedPhoto(Value):
    """A photo that goes along, cut to the square that the model sees."""

    path: str
    """A stored photo: pixels only already."""
    square: SquareCrop


class PublicationRequest(Value):
    """One file to be published, with everything that goes along."""

    format_version: Literal[1] = 1
    artifact_path: str
    """The canonical ``.safetensors`` file; its companion, if any, lies in the same folder."""
    manifest: ResultManifest
    title: str
    """What the person calls it."""
    base_model: str = ""
    """Hub id of the model it was taught on; empty where it has none or it is not known."""
    licence: str = ""
    """Licence of that model by the id the Hub gives it; empty where it is not known."""
    repository: str
    """``name`` or ``owner/name``."""
    private: bool = True
    update_allowed: bool = False
    """Whether the files may go into a repository that already holds something."""
    use_own_token: bool = False
    """Use the token of this computer; else one comes over standard input."""
    pictures: tuple[PublishedPicture, ...] = ()
    photos: tuple[PublishedPhoto, ...] = ()
    """Photos to be published too; empty unless the person has asked for it."""

    @property
    def files(self) -> tuple[ResultManifest, ...]:
        """The files to publish: one, or both of a pair, the embedding first."""
        companion = self.manifest.companion
        both = (self.manifest,) if companion is None else (self.manifest, companion)
        return tuple(sorted(both, key=lambda file: file.method))


class PublicationProgress(Value):
    """How far a publication is."""

    stage: Stage
    fraction: float = Field(ge=0, le=1)
    """Share of the bytes that have arrived."""
    file_name: str = ""
    """The file being sent."""
    repository: str = ""
    """``owner/name``, as soon as it is known."""


class PublicationAnswer(Value):
    """What a person says to the question of a publication."""

    update: bool
    """Whether the files may go into the repository that exists already."""


class PublicationOutcome(Value):
    """How a publication ended."""

    status: Literal["done", "failed"]
    repository: str = ""
    """``owner/name``; empty where it was never known."""
    url: str = ""
    """Address of its page; empty unless it is done."""
    private: bool = True
    num_photos: int = 0
    """How many photos went along."""
    error_code: str = ""
    error_sentence: str = ""
    error_details: dict[str, str | int | float] = Field(default_factory=dict)
    leftover: bool = False
    """Whether an empty repository could not be taken away again."""
