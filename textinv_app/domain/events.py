"""What happens in a run, one JSON line each in ``events.jsonl``.

Events carry numbers, codes and paths relative to the run directory; never pictures or tensors.
``attempt`` and ``step`` identify an event: after a crash the steps behind the last checkpoint come
again, and a reader keeps the last one of each step.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from textinv_app.domain.concept import Value

Phase = Literal[
    "starting",
    "downloading",
    "loading_model",
    "preparing_photos",
    "training",
    "exporting",
    "checking",
]
VerdictCode = Literal["too_early", "getting_close", "this_is_it", "copying_photos", "not_improving"]


class EventBase(Value):
    """Fields of every event."""

    attempt: int = 1
    at: str = ""
    """UTC, ISO 8601; filled in by the writer."""


class PhaseChanged(EventBase):
    """The run entered a phase; ``fraction`` is the share of this phase done where it is known."""

    type: Literal["phase"] = "phase"
    phase: Phase
    fraction: float | None = None
    detail: str = ""


class PlanChosen(EventBase):
    """How the machine is used from here on; comes again when a smaller plan is taken."""

    type: Literal["plan"] = "plan"
    device: str
    weights: Literal["fp32", "bf16", "fp16"]
    pictures_at_a_time: int
    gradient_checkpointing: bool
    cuda_graph: bool
    compile_unet: bool
    fp8_storage: bool
    tiled_vae: bool
    num_threads: int
    side_by_side: bool = False
    """Whether each CPU thread has pictures of its own."""
    peak_bytes: int
    """Counted memory of a step."""


class Redrawn(EventBase):
    """The base model, which cannot draw photos, has drawn them its own way and learns from that."""

    type: Literal["redrawn"] = "redrawn"
    paths: tuple[str, ...]
    """Of the drawings, in the order of the photos."""


class StepDone(EventBase):
    """Training has reached ``step``; written at most about twice a second."""

    type: Literal["step"] = "step"
    step: int
    max_steps: int
    loss: float
    seconds_per_step: float
    elapsed_seconds: float
    """Seconds spent training, over all attempts."""
    remaining_seconds: float


class Validated(EventBase):
    """The loss on fixed photos, noise and timesteps: comparable between steps."""

    type: Literal["validation"] = "validation"
    step: int
    validation_loss: float


class PreviewSaved(EventBase):
    """A preview picture was drawn through the same export and load path as the download."""

    type: Literal["preview"] = "preview"
    step: int
    prompt_index: int
    prompt: str
    path: str
    likeness: float | None = None
    """0 to 100, calibrated; None where no image encoder fits."""


class Judged(EventBase):
    """How like the photos the pictures are at ``step``, in numbers and as a verdict code."""

    type: Literal["verdict"] = "verdict"
    step: int
    verdict: VerdictCode
    likeness: float | None = None
    """0 to 100: mean calibrated similarity of the previews to the photos; None where no image
    encoder fits, which leaves a verdict only on a negative word."""
    prompt_following: float | None = None
    is_best: bool = False


class NearestWords(EventBase):
    """The dictionary words nearest to the new word's vectors (cosine), nearest first."""

    type: Literal["nearest_words"] = "nearest_words"
    step: int
    words: tuple[str, ...]
    similarities: tuple[float, ...]


class CheckpointSaved(EventBase):
    """The whole state at ``step`` is on disk; a later attempt can continue from here."""

    type: Literal["checkpoint"] = "checkpoint"
    step: int
    path: str


class Noticed(EventBase):
    """Something the person should know, as a code of the words catalogues with its blanks."""

    type: Literal["notice"] = "notice"
    code: str
    details: dict[str, str | int | float] = Field(default_factory=dict)


class Paused(EventBase):
    """The run was checkpointed and left the machine; it goes on when it is resumed."""

    type: Literal["paused"] = "paused"
    step: int


class Finished(EventBase):
    """The result is in ``result/``, was loaded again and was drawn with."""

    type: Literal["finished"] = "finished"
    step: int
    best_step: int
    artifact: str
    companion: str = ""
    """The second file of a pivotal training; empty for the others."""
    seconds: float
    stopped_because: Literal["max_steps", "not_improving", "stopped_by_person"]
    validation_loss_start: float | None = None
    validation_loss_end: float | None = None
    likeness_start: float | None = None
    likeness_end: float | None = None


class Failed(EventBase):
    """The run ended without a result."""

    type: Literal["failed"] = "failed"
    code: str
    sentence: str
    details: dict[str, str | int | float] = Field(default_factory=dict)


Event = Annotated[
    PhaseChanged
    | PlanChosen
    | Redrawn
    | StepDone
    | Validated
    | PreviewSaved
    | Judged
    | NearestWords
    | CheckpointSaved
    | Noticed
    | Paused
    | Finished
    | Failed,
    Field(discriminator="type"),
]

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


def parse_event(line: str | bytes) -> Event:
    """Read a line of ``events.jsonl``; raises ``pydantic.ValidationError`` for anything else."""
    return _ADAPTER.validate_json(line)


class Outcome(Value):
    """The end of a run, written last and atomically to ``outcome.json``."""

    status: Literal["done", "cancelled", "failed"]
    attempt: int
    step: int
    finished: Finished | None = None
    failed: Failed | None = None
