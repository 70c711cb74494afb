"""What the page reads from the library: plain values, ready to be shown (after escaping).

Links (``url``) are signed and expire; they are made when the view is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from textinv_app.domain.concept import Concept, ConceptKind, Family, Method, TrainingMethod
from textinv_app.domain.events import (
    Judged,
    NearestWords,
    Noticed,
    PlanChosen,
    StepDone,
    Validated,
)
from textinv_app.domain.specs import PresetName
from textinv_app.domain.status import RunStatus


@dataclass(frozen=True)
class PhotoView:
    """One photo as the upload tab shows it."""

    photo_id: str
    display_name: str
    width_pixels: int
    height_pixels: int
    left: int
    top: int
    side: int
    """Square the model will see, in pixels of the stored photo."""
    photo_url: str
    square_url: str
    verdict: str
    verdict_other: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ConceptView:
    """A concept with its photos."""

    concept: Concept
    photos: tuple[PhotoView, ...]
    ready: bool
    """Whether training may start: enough photos and a checked trigger word."""
    missing: tuple[str, ...]
    """Codes of what is still missing, for instance ``missing.word``."""


@dataclass(frozen=True)
class PreviewView:
    """One preview picture of a run."""

    step: int
    prompt_index: int
    prompt: str
    url: str
    likeness: float | None


@dataclass(frozen=True)
class RunView:
    """Everything the train tab shows about one run."""

    run_id: str
    concept_id: str
    concept_name: str
    placeholder_token: str
    kind: ConceptKind
    method: TrainingMethod
    model_id: str
    preset: PresetName
    status: RunStatus
    wanted: str
    """What was last asked for: ``run``, ``pause`` or ``stop``."""
    queue_position: int
    """0 when it runs or is over, else 1 for the next one."""
    phase: str
    fraction: float
    """Share of the whole run done, 0 to 1."""
    step: StepDone | None
    validations: tuple[Validated, ...]
    verdicts: tuple[Judged, ...]
    nearest_words: NearestWords | None
    notices: tuple[Noticed, ...]
    previews: tuple[PreviewView, ...]
    attempts: int
    error_code: str
    error_sentence: str
    error_details: dict[str, str | int | float]
    artifact_id: str
    """Empty until there is a result."""
    version: str
    """Changes whenever anything above changes: an unchanged page need not be drawn again."""
    redrawn: tuple[str, ...] = ()
    """Addresses of the photos as the base model draws them, where it learns from those."""
    plan: PlanChosen | None = None
    """How the machine is used; None before the model is loaded."""


@dataclass(frozen=True)
class ModelView:
    """One base model as its card on the train tab."""

    model_id: str
    title: str
    family: Family
    source: str
    licence: str
    download_bytes: int
    """What is still to be fetched; 0 for nothing."""
    memory_bytes: int
    available: bool
    """Whether this machine can train it now."""
    reason: str
    """Code of why not, for instance ``model.needs_gpu``; empty when available."""


@dataclass(frozen=True)
class ArtifactView:
    """A finished or imported file."""

    artifact_id: str
    concept_id: str
    run_id: str
    """Empty for imported files."""
    name: str
    placeholder_token: str
    kind: ConceptKind
    method: Method
    family: Family
    model_id: str
    file_name: str
    size_bytes: int
    created_at: str
    training_seconds: float | None
    steps: int | None
    likeness: float | None
    """0 to 100, measured on the checked result; None where it was not measured."""
    download_url: str
    thumbnail_urls: tuple[str, ...]
    imported: bool
    companion_id: str = ""
    """The file that was trained together with this one; empty for none."""
    half_of: str = ""
    """Stem of such a file where it is not here; empty for none."""
    base_model: str = ""
    """What the base model is asked for by, see ``ResultManifest.base_model``."""


@dataclass(frozen=True)
class PictureView:
    """One picture of a drawing."""

    column: str
    """``base``, ``embedding``, ``lora`` or ``both``."""
    index: int
    """Row: number of the picture within its column; its seed is ``seed + index``."""
    url: str
    likeness: float | None


@dataclass(frozen=True)
class DrawingView:
    """A comparison being drawn or drawn."""

    drawing_id: str
    status: str
    """``waiting``, ``drawing``, ``done`` or ``failed``."""
    fraction: float
    prompt: str
    seed: int
    columns: tuple[str, ...]
    pictures: tuple[PictureView, ...]
    likeness: dict[str, float | None]
    """Mean likeness by column."""
    grid_url: str
    error_code: str
    error_sentence: str
    version: str
    embedding_id: str = ""
    """Artifact worn in the columns ``embedding`` and ``both``; empty for none."""
    lora_id: str = ""
    """Artifact worn in the columns ``lora`` and ``both``; empty for none."""
    num_images: int = 1
    """Pictures asked for in each column."""
    error_details: dict[str, str | int | float] = field(default_factory=dict)
    waits_for_training: bool = False
    """Whether it waits because a training needs the memory."""


@dataclass(frozen=True)
class PublicationView:
    """A file on its way to the Hugging Face Hub, or how that ended."""

    artifact_id: str
    attempt: str
    """Another one each time it is tried."""
    name: str
    """Shown name of the file."""
    repository: str
    """``owner/name``; the name alone while the owner is not known."""
    private: bool
    num_photos: int
    """Photos that go along."""
    status: str
    """``working``, ``asking``, ``done`` or ``failed``."""
    stage: str
    """``checking``, ``asking``, ``preparing``, ``uploading``, ``finishing`` or ``ending``."""
    fraction: float
    """Share of the bytes sent, 0 to 1."""
    file_name: str
    """The file being sent; empty between two."""
    url: str
    """Address of the repository's page; empty unless it is done."""
    leftover: bool
    """Whether an empty repository may be left there."""
    error_code: str
    error_sentence: str
    error_details: dict[str, str | int | float]

    @property
    def version(self) -> str:
        """Changes whenever anything that is shown changes."""
        how = f"{self.status}:{self.stage}:{self.fraction:.3f}:{self.file_name}:{self.error_code}"
        return f"{self.artifact_id}:{self.attempt}:{self.repository}:{how}"


@dataclass(frozen=True)
class StorageView:
    """Disk space used by one owner and left on the machine, in bytes."""

    used_bytes: int
    quota_bytes: int
    free_bytes: int
    photos_bytes: int
    results_bytes: int
    drawings_bytes: int
