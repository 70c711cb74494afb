"""What a finished file is: the self-describing ``manifest.json`` beside every artifact.

The trainer writes it into ``result/``; the library writes one into ``imports/<artifact_id>/`` for a
file from elsewhere. The index of the library can be rebuilt from these files alone.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from textinv_app.domain.concept import ConceptKind, Family, Method, Value
from textinv_app.domain.hub import is_hub_id


class ValidationPoint(Value):
    """The validation loss at one step."""

    step: int
    validation_loss: float


class DrawnFacts(Value):
    """How one picture of a result was drawn: all that is needed to draw it again.

    The sampler is always DPM-Solver++(2M) on noise made by the CPU (``drawing/artist.py``).
    """

    prompt: str
    """With the word in it, as the model got it."""
    negative_prompt: str = ""
    seed: int
    num_inference_steps: int
    guidance_scale: float
    resolution_pixels: int


class ResultManifest(Value):
    """One finished or imported ``.safetensors`` file; what was not measured is None."""

    format_version: Literal[1] = 1
    file_name: str
    """Name of the artifact in the same folder, for instance ``rexdog.safetensors``."""
    method: Method
    family: Family
    model_id: str
    """``crayon``, ``sd15``, ``sd21``, ``sdxl``, ``custom``; empty where an import does not say."""
    model_source: str = ""
    """Hub id, folder or file of the base model it was trained on; empty where it is not known."""
    placeholder_token: str
    """The trigger word; a LoRA from elsewhere that names none goes by the name of its file."""
    kind: ConceptKind = "subject"
    concept_name: str = ""
    class_word: str = ""
    steps: int | None = None
    """Optimizer steps done."""
    best_step: int | None = None
    """The step whose weights are in the file."""
    seconds: float | None = None
    """Seconds spent training, over all attempts."""
    likeness_start: float | None = None
    likeness_end: float | None = None
    """0 to 100, calibrated, of the untrained and of the exported word."""
    validation_loss_start: float | None = None
    validation_loss_end: float | None = None
    validation_losses: tuple[ValidationPoint, ...] = ()
    size_bytes: int = Field(ge=0)
    sha256: str
    """Hex digest of the artifact."""
    pictures: tuple[str, ...] = ()
    """Names of pictures in the same folder, the best first."""
    drawn: tuple[DrawnFacts, ...] = ()
    """How each of ``pictures`` was drawn, in their order; empty where that was not kept."""
    created_at: str
    """UTC, ISO 8601."""
    companion: ResultManifest | None = None
    """The second file of a pivotal training, in the same folder: each is little without the
    other."""
    half_of: str = ""
    """Stem of the file that this one was trained together with, where that has not come along."""

    @property
    def has_unnamed_model(self) -> bool:
        """Whether its base model was a person's own folder or file.

        That is not there on anybody else's machine, and its name is nobody's business.
        """
        is_told = bool(self.model_source) and self.model_id != "crayon"
        return is_told and not is_hub_id(self.model_source)

    @property
    def base_model(self) -> str:
        """What the base model is asked for by: its id, one's own by its hub id, folder or file.

        Empty where it is not known.
        """
        return self.model_source if self.model_id == "custom" else self.model_id
