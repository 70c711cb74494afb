"""What a finished file is: the self-describing ``manifest.json`` beside every artifact.

The trainer writes it into ``result/``; the library writes one into ``imports/<artifact_id>/`` for a
file from elsewhere. The index of the library can be rebuilt from these files alone.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from textinv_app.domain.concept import ConceptKind, Family, Method, Value


class ValidationPoint(Value):
    """The validation loss at one step."""

    step: int
    validation_loss: float


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
    """The trigger word; empty for an imported LoRA that names none."""
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
    created_at: str
    """UTC, ISO 8601."""
