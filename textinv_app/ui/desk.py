"""The desk where commands arrive: who asks, what is to be done, which parts to draw again.

The page is a list of parts, each an HTML component drawn from the library's views by a function.
A command is answered with the parts it changed; all others stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from textinv_app.domain.views import ArtifactView, ConceptView, ModelView
from textinv_app.errors import NotFound
from textinv_app.library.api import KitView, Library
from textinv_app.ui.commands import Command
from textinv_app.ui.markup import Html
from textinv_app.ui.words import Words


class Visit:
    """One request: the owner who asks and the pet that is open; what is read is kept for it.

    ``page`` is what the page shows and the library does not know: what is chosen on the train tab,
    how many files are shown, which guides are unfolded.
    """

    def __init__(
        self, library: Library, words: Words, owner: str, concept_id: str, page: Command
    ) -> None:
        self.library = library
        self.words = words
        self.owner = owner
        self.concept_id = concept_id
        self.page = page

    @cached_property
    def concept(self) -> ConceptView | None:
        """The open pet, or None where there is none (any more)."""
        if not self.concept_id:
            return None
        try:
            return self.library.concept(self.owner, self.concept_id)
        except NotFound:
            return None

    @cached_property
    def concepts(self) -> tuple[ConceptView, ...]:
        """All pets of the owner, newest first."""
        return self.library.list_concepts(self.owner)

    @cached_property
    def artifacts(self) -> tuple[ArtifactView, ...]:
        """All files of the owner, newest first."""
        return self.library.list_artifacts(self.owner)

    @cached_property
    def models(self) -> tuple[ModelView, ...]:
        """The image models there are, with what this machine can do with each."""
        return self.library.list_models()

    @cached_property
    def kits(self) -> Mapping[str, tuple[KitView, ...]]:
        """The kits of all files, by file; their guides are in the language of the page."""
        return self.library.kits(self.owner, self.words.language)

    def opened(self, concept_id: str) -> Visit:
        """Return a visit of the same owner with another pet open and nothing read yet."""
        return Visit(self.library, self.words, self.owner, concept_id, self.page)


@dataclass(frozen=True)
class Reply:
    """What became of a command."""

    concept_id: str
    """The pet that is open now."""
    parts: frozenset[str] = frozenset()
    """Names of the parts to draw again."""
    drawn: Mapping[str, Html] = field(default_factory=dict)
    """Parts the command has drawn itself."""
    message: str = ""
    message_kind: str = "good"


Verb = Callable[[Visit, Command], Reply]
Part = Callable[[Visit], Html]

UPLOAD_PARTS = frozenset(
    {"switcher", "samples", "photos", "form", "word_hint", "refusals", "next_step"}
)
TRAIN_PARTS = frozenset({"train_setup", "train_presets", "train_runs"})
COMPARE_PARTS = frozenset({"compare_setup", "compare_results"})
MANAGE_PARTS = frozenset({"manage_files", "publications", "manage_pets", "manage_storage"})
ALL_PARTS = UPLOAD_PARTS | TRAIN_PARTS | COMPARE_PARTS | MANAGE_PARTS
PICTURE_PARTS = frozenset(
    {
        "switcher",
        "samples",
        "photos",
        "train_runs",
        "compare_results",
        "manage_files",
        "manage_pets",
    }
)
"""Parts with signed links, drawn again before these expire."""
