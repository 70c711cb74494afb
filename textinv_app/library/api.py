"""What the page may ask of the library, as values and one protocol.

``owner`` is an owner id made by ``identify`` from the random token a browser keeps. Every method
checks on the server that the thing belongs to the owner and raises ``NotFound`` where it does not.
Every method may raise ``StorageFailed``. Nothing here takes longer than reading some files, but for
``add_photos`` and ``import_artifact``, which decode.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from textinv_app.domain.concept import ConceptKind, Family, SquareCrop, TrainingMethod
from textinv_app.domain.drawing import ColumnName
from textinv_app.domain.recipe import Recipe
from textinv_app.domain.specs import PresetName
from textinv_app.domain.views import (
    ArtifactView,
    ConceptView,
    DrawingView,
    ModelView,
    PublicationView,
    RunView,
    StorageView,
)


@dataclass(frozen=True)
class ReceivedFile:
    """A file that has just been received: where it lies and what its sender called it."""

    path: Path
    display_name: str


@dataclass(frozen=True)
class Refusal:
    """Why one file was not taken; ``code`` and ``details`` let the page say it in its language."""

    display_name: str
    code: str
    sentence: str
    details: dict[str, str | int | float]


@dataclass(frozen=True)
class PhotosAdded:
    """What became of received files: the concept as it is now and the refusals."""

    concept: ConceptView
    num_added: int
    refused: tuple[Refusal, ...]


@dataclass(frozen=True)
class ConceptChange:
    """Fields of a concept to change; None leaves a field as it is."""

    name: str | None = None
    kind: ConceptKind | None = None
    class_word: str | None = None
    placeholder_token: str | None = None
    """Checked by ``domain.words.check_word``; the empty string clears it."""
    mirror_allowed: bool | None = None


@dataclass(frozen=True)
class SampleView:
    """A drawn sample pet that comes with Petname."""

    sample_id: str
    name: str
    class_word: str
    picture_urls: tuple[str, ...]
    """Signed links to its first drawings."""


@dataclass(frozen=True)
class PresetView:
    """How long one preset takes here, for one method and model."""

    preset: PresetName
    method: TrainingMethod
    estimated_seconds: float
    max_steps: int


@dataclass(frozen=True)
class TrainingOrder:
    """What to train; one run is queued for each method."""

    concept_id: str
    methods: tuple[TrainingMethod, ...]
    model_id: str
    """``crayon``, ``sd15``, ``sd21``, ``sdxl``, or a hub id, folder or file for ``custom``."""
    preset: PresetName
    idempotency_key: str = ""
    """The same key twice (double click, two tabs) queues once."""
    seed: int | None = None
    like_id: str = ""
    """File that the training is to be like: its seed, and with its method and preset all else."""


@dataclass(frozen=True)
class DrawingOrder:
    """A comparison to draw. Columns follow from what is chosen."""

    model_id: str
    prompt: str
    """Holds the trigger word; for the base column the class word takes its place."""
    negative_prompt: str = ""
    embedding_id: str = ""
    """Artifact id; empty for none."""
    lora_id: str = ""
    negative_ids: tuple[str, ...] = ()
    """Negative embeddings; their words go into every trained column's negative prompt."""
    embedding_strength: float = 1.0
    lora_strength: float = 1.0
    seed: int = 0
    num_images: int = 1
    num_inference_steps: int = 20
    titles: Mapping[ColumnName, str] = field(default_factory=dict)
    """What stands above the columns where they are put into one picture."""


@dataclass(frozen=True)
class KitView:
    """A kit to download: a ZIP with everything for one program."""

    program: str
    """``comfyui``, ``a1111``, ``invokeai``, ``kohya`` or ``diffusers``."""
    title: str
    url: str
    """Signed link; the kit is made when it is followed."""
    holds_both: bool
    """Whether embedding and LoRA are in it."""
    is_file_alone: bool = False
    """Whether it is no kit but the file alone, in the program's own spelling."""


@dataclass(frozen=True)
class UsageText:
    """How to use a file in one program: short steps and the text to copy."""

    program: str
    """``comfyui``, ``a1111``, ``invokeai`` or ``diffusers``."""
    title: str
    step_codes: tuple[str, ...]
    """Codes of the words catalogues, in order."""
    copy_text: str
    details: dict[str, str]
    """Blanks of the sentences behind the codes."""


@dataclass(frozen=True)
class PublishFormView:
    """What the dialog for publishing a file begins with."""

    artifact_id: str
    """Of two files that were trained together the first: they are published together."""
    name: str
    """Shown name of the file."""
    repository: str
    """A name for the repository."""
    num_photos: int
    """Photos that could go along; 0 where there are none (any more)."""
    has_own_token: bool
    """Whether this computer's own login may be used: then no token need be typed."""
    family: Family
    """Which base models the file fits."""


@dataclass(frozen=True)
class PublishOrder:
    """A file to be published on the Hugging Face Hub."""

    artifact_id: str
    repository: str
    """``name`` or ``owner/name``."""
    private: bool = True
    with_photos: bool = False
    token: str = field(default="", repr=False)
    """Typed for this once; kept nowhere. Empty for this computer's own login."""


class Library(Protocol):
    """The one door of the library."""

    def identify(self, token: str) -> str:
        """Return the owner id of a browser's token; raises ``BadInput`` for a malformed token."""
        ...

    # Concepts
    def list_concepts(self, owner: str) -> tuple[ConceptView, ...]:
        """Return the owner's concepts, newest first."""
        ...

    def concept(self, owner: str, concept_id: str) -> ConceptView:
        """Return one concept."""
        ...

    def create_concept(self, owner: str, kind: ConceptKind = "subject") -> ConceptView:
        """Create an empty concept; raises ``QuotaReached``."""
        ...

    def update_concept(self, owner: str, concept_id: str, change: ConceptChange) -> ConceptView:
        """Change fields; raises ``WordRefused`` or ``BadInput`` and then changes nothing."""
        ...

    def suggest_word(self, owner: str, concept_id: str) -> str:
        """Suggest a free trigger word from the concept's name and class word."""
        ...

    def check_word(self, owner: str, concept_id: str, word: str) -> None:
        """Raise ``WordRefused`` where a concept could not have a trigger word; changes nothing."""
        ...

    def add_photos(self, owner: str, concept_id: str, files: Sequence[ReceivedFile]) -> PhotosAdded:
        """Decode and keep photos; one that is refused harms no other. The files are removed."""
        ...

    def remove_photo(self, owner: str, concept_id: str, photo_id: str) -> ConceptView:
        """Remove one photo, for good."""
        ...

    def move_square(
        self, owner: str, concept_id: str, photo_id: str, square: SquareCrop
    ) -> ConceptView:
        """Set the square of a photo that the model will see; it is clamped to the photo."""
        ...

    def list_samples(self) -> tuple[SampleView, ...]:
        """Return the sample pets."""
        ...

    def use_sample(self, owner: str, sample_id: str) -> ConceptView:
        """Make a concept of a sample pet, name, word and drawings filled in."""
        ...

    def delete_photos(self, owner: str, concept_id: str) -> ConceptView:
        """Delete all photos of a concept (training copies too) and keep its results."""
        ...

    def delete_concept(self, owner: str, concept_id: str) -> None:
        """Delete a concept with its photos, runs, results and drawings; stops its training."""
        ...

    # Training
    def list_models(self) -> tuple[ModelView, ...]:
        """Return the base models and whether this machine can train them."""
        ...

    def own_models_allowed(self) -> bool:
        """Tell whether people may name a model of their own beside them."""
        ...

    def list_presets(
        self, model_id: str, num_photos: int, like: Recipe | None = None
    ) -> tuple[PresetView, ...]:
        """Return what each preset takes here, for each method; what fits ``like``, as that says."""
        ...

    def start_training(self, owner: str, order: TrainingOrder) -> tuple[RunView, ...]:
        """Queue the runs; raises ``BadInput``, ``QuotaReached`` or ``ModelUnavailable``."""
        ...

    def list_runs(self, owner: str, concept_id: str = "") -> tuple[RunView, ...]:
        """Return runs, newest first; of one concept where given."""
        ...

    def run(self, owner: str, run_id: str) -> RunView:
        """Return one run."""
        ...

    def pause_run(self, owner: str, run_id: str) -> RunView:
        """Ask a run to checkpoint and leave the machine."""
        ...

    def resume_run(self, owner: str, run_id: str) -> RunView:
        """Queue a paused or failed run again; it goes on from its newest valid checkpoint."""
        ...

    def stop_run(self, owner: str, run_id: str) -> RunView:
        """Ask a run to end now and keep the best so far; a waiting one is cancelled."""
        ...

    def remove_run(self, owner: str, run_id: str) -> None:
        """Remove a run that was cancelled or failed; raises ``BadInput`` for any other."""
        ...

    # Results
    def list_artifacts(self, owner: str) -> tuple[ArtifactView, ...]:
        """Return finished and imported files, newest first."""
        ...

    def artifacts_version(self, owner: str) -> str:
        """Return a text that changes whenever a file comes or goes; much cheaper than the list."""
        ...

    def artifact(self, owner: str, artifact_id: str) -> ArtifactView:
        """Return one file."""
        ...

    def rename_artifact(self, owner: str, artifact_id: str, name: str) -> ArtifactView:
        """Change the shown name (the trigger word and file name stay)."""
        ...

    def delete_artifact(self, owner: str, artifact_id: str) -> None:
        """Delete a file with its run's folder, for good."""
        ...

    def import_artifact(self, owner: str, file: ReceivedFile) -> ArtifactView:
        """Take in a file from elsewhere, of any kind in use; raises ``FileRefused``."""
        ...

    def use_as_negative(self, owner: str, artifact_id: str, *, negative: bool) -> ArtifactView:
        """Say whether an embedding from elsewhere belongs into the negative prompt."""
        ...

    def artifact_path(self, owner: str, artifact_id: str) -> Path:
        """Return where the file lies (for the command line; the page uses ``download_url``)."""
        ...

    def usage(self, owner: str, artifact_id: str) -> tuple[UsageText, ...]:
        """Return how to use the file in each program."""
        ...

    def kits(self, owner: str, language: str) -> Mapping[str, tuple[KitView, ...]]:
        """Return the kits of all files by file id; ``language`` (``en``, ``fr``) is the guides'."""
        ...

    def recipe(self, owner: str, artifact_id: str) -> Recipe:
        """Return how a file was trained; raises ``FileRefused`` where it is damaged."""
        ...

    # Publications
    def publish_form(self, owner: str, artifact_id: str) -> PublishFormView:
        """Return what the dialog for publishing a file begins with."""
        ...

    def start_publishing(self, owner: str, order: PublishOrder) -> PublicationView:
        """Begin to publish a file; raises ``BadInput`` or ``QuotaReached``."""
        ...

    def list_publications(self, owner: str) -> tuple[PublicationView, ...]:
        """Return what is being published or has been and was not dismissed, newest first."""
        ...

    def answer_publication(self, owner: str, artifact_id: str, *, update: bool) -> None:
        """Say whether the files of a repository that exists already may be replaced."""
        ...

    def cancel_publication(self, owner: str, artifact_id: str) -> None:
        """End a publication; what it has begun is taken back."""
        ...

    def dismiss_publication(self, owner: str, artifact_id: str) -> None:
        """Show a publication that is over no more; what is on the Hub stays there."""
        ...

    # Drawings
    def start_drawing(self, owner: str, order: DrawingOrder) -> DrawingView:
        """Queue a comparison; raises ``BadInput`` or ``ModelUnavailable``."""
        ...

    def drawing(self, owner: str, drawing_id: str) -> DrawingView:
        """Return a comparison with the pictures drawn so far."""
        ...

    def latest_drawing(self, owner: str) -> DrawingView | None:
        """Return the owner's newest comparison, or None."""
        ...

    def cancel_drawing(self, owner: str, drawing_id: str) -> None:
        """End a comparison; the pictures drawn so far stay."""
        ...

    def storage(self, owner: str) -> StorageView:
        """Return disk space used and left, in bytes."""
        ...
