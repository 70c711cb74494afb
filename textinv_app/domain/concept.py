"""What is taught: a concept, its photos and the squares the model will see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from textinv_app.errors import BadInput

ConceptKind = Literal["subject", "style", "negative"]
Method = Literal["embedding", "lora"]
"""What a file is."""
TrainingMethod = Literal["embedding", "lora", "pivotal"]
"""What a training makes: one file, or with ``pivotal`` both, trained together."""
Family = Literal["crayon", "sd1", "sd2", "sdxl"]
SMALL_FAMILIES: tuple[Family, ...] = ("crayon",)
"""Families whose layers are too small for several CPU threads to share one."""


def methods_of(kind: ConceptKind) -> tuple[TrainingMethod, ...]:
    """Return the trainings a kind can have: what pictures should not be like is an embedding.

    A LoRA changes every picture it is worn for; nothing in it says "not like this".
    """
    return ("embedding",) if kind == "negative" else ("embedding", "lora", "pivotal")


def check_methods(kind: ConceptKind, methods: Iterable[TrainingMethod]) -> None:
    """Raise ``BadInput`` where a kind cannot be taught by one of the methods."""
    if not set(methods) <= set(methods_of(kind)):
        raise BadInput(
            "training.negative_method",
            "What pictures should not look like can only be taught to an embedding. Choose that.",
        )


def usual_class_word(kind: ConceptKind) -> str:
    """Return what a kind is called until the person says it."""
    return {"subject": "pet", "style": "picture", "negative": "bad picture"}[kind]


class Value(BaseModel):
    """Base of every value of the domain: frozen, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SquareCrop(Value):
    """The square of a photo that the model sees, in pixels of the stored (upright) photo."""

    left: int = Field(ge=0)
    top: int = Field(ge=0)
    side: int = Field(ge=1)


class Photo(Value):
    """One stored photo of a concept; the file holds pixels only, no camera data."""

    photo_id: str
    display_name: str
    file_name: str
    width_pixels: int
    height_pixels: int
    crop: SquareCrop
    notes: tuple[str, ...] = ()
    """Codes of remarks made while decoding, for instance ``note.first_frame``."""
    verdict: str = "fine"
    """``fine``, ``small``, ``blurred``, ``dark``, ``same_as`` or ``mirrored_copy_of``."""
    verdict_other: str = ""
    """Display name of the other photo for ``same_as`` and ``mirrored_copy_of``."""


class Concept(Value):
    """A word being taught: its name, kind, trigger word and photos."""

    concept_id: str
    name: str
    """The name the person gave, shown only through escaping sinks."""
    kind: ConceptKind = "subject"
    class_word: str = "pet"
    """The ordinary word the new one starts from, for instance ``dog``."""
    placeholder_token: str = ""
    """The trigger word, checked; empty while the person has not chosen one."""
    mirror_allowed: bool = False
    """Whether mirrored copies may be trained on; false keeps one-sided markings true."""
    photos: tuple[Photo, ...] = ()
    created_at: str = ""
    """UTC, ISO 8601."""
