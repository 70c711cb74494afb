"""Pictures to be drawn: the request the painter reads and the progress and outcome it writes.

A drawing directory holds ``request.json`` (``DrawingRequest``), ``progress.json``
(``DrawingProgress``), the pictures ``<column>-<index>.webp``, ``grid.webp``, and at the end
``outcome.json`` (``DrawingOutcome``), written last and atomically.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from textinv_app.domain.concept import ConceptKind, Method, Value
from textinv_app.domain.specs import BaseModelRef

ColumnName = Literal["base", "embedding", "lora", "both"]


class WornArtifact(Value):
    """One embedding or LoRA that the model wears while drawing."""

    path: str
    """Absolute path of the ``.safetensors`` file."""
    method: Method
    placeholder_token: str
    kind: ConceptKind
    strength: float = Field(default=1.0, ge=0, le=2)
    """Factor on the LoRA's change, or on the embedding's distance from its class word."""


class DrawingColumn(Value):
    """One column of a comparison: what is worn and what is asked for."""

    name: ColumnName
    prompt: str
    """The prompt as this column gets it (for ``base`` the class word stands for the new word)."""
    negative_prompt: str = ""
    worn: tuple[WornArtifact, ...] = ()
    measured: bool = True
    """Whether likeness is told: not where the column shows another pet than the photos."""


class DrawingRequest(Value):
    """Pictures of one base model: ``num_images`` for each column, the same seed along a row."""

    drawing_id: str
    base_model: BaseModelRef
    columns: tuple[DrawingColumn, ...]
    seed: int = Field(ge=0, lt=2**32)
    """Seed of the first row; row ``i`` uses ``seed + i``."""
    num_images: int = Field(default=1, ge=1, le=8)
    num_inference_steps: int = Field(default=20, ge=1, le=100)
    guidance_scale: float = Field(default=4.0, ge=0, le=20)
    resolution_pixels: int = Field(default=128, ge=64, le=2048)
    prompt: str = ""
    """As the person wrote it, for an index that is made anew; the columns have their own."""
    reference_photos: tuple[str, ...] = ()
    """Absolute paths of the concept's square photos, for the likeness; may be empty."""
    titles: dict[ColumnName, str] = Field(default_factory=dict)
    """What stands above the columns in ``grid.webp``, in the language of who ordered it."""


class DrawnPicture(Value):
    """One finished picture of a drawing."""

    column: ColumnName
    index: int
    file_name: str
    likeness: float | None = None
    """0 to 100, calibrated; None where no image encoder or photos are at hand."""


class DrawingProgress(Value):
    """How far a drawing is; rewritten atomically."""

    fraction: float
    pictures: tuple[DrawnPicture, ...] = ()


class DrawingOutcome(Value):
    """The end of a drawing."""

    status: Literal["done", "failed"]
    pictures: tuple[DrawnPicture, ...] = ()
    seconds: float = 0.0
    error_code: str = ""
    error_sentence: str = ""
    error_details: dict[str, str | int | float] = Field(default_factory=dict)
