"""The specification of one run: everything the trainer needs to know, and nothing else."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from textinv_app.domain.concept import ConceptKind, Family, TrainingMethod, Value

PresetName = Literal["quick", "balanced", "careful"]
EmbeddingVariant = Literal["plain", "directional", "cross"]
OptimizerName = Literal["adamw", "prodigy"]


class BaseModelRef(Value):
    """Where a base model comes from and what shape it has."""

    model_id: str
    """Id in the app: ``crayon``, ``sd15``, ``sd21``, ``sdxl`` or ``custom``."""
    source: str
    """Hub id, path of a diffusers folder, or path of a single ``.safetensors`` checkpoint."""
    family: Family
    revision: str | None = None
    """Commit of the hub repository; None for local files."""


class TrainingSettings(Value):
    """The numbers of one training; presets are functions that return a full one."""

    resolution_pixels: int = Field(ge=64, le=2048)
    """Side of the square training pictures."""
    max_steps: int = Field(ge=1, le=5000)
    """Optimizer steps after which the training ends in any case."""
    batch_size: int = Field(ge=1, le=64)
    """Pictures a step; more cost memory and time and rarely converge in fewer passes."""
    learning_rate: float = Field(gt=0, le=1)
    """Peak rate; with Prodigy a factor on the rate it finds, usually 1."""
    lora_learning_rate: float | None = Field(default=None, gt=0, le=1)
    """Peak rate of the LoRA where an embedding is trained with it (pivotal); None: the same."""
    warmup_steps: int = Field(default=20, ge=0)
    """Steps over which the rate rises from zero; a cosine to zero follows."""
    num_vectors: int = Field(default=1, ge=1, le=8)
    """Vectors of the new word (embedding only): more hold more detail and follow prompts less."""
    embedding_variant: EmbeddingVariant = "plain"
    """How an embedding is trained: freely (arXiv 2208.01618), by its direction alone
    (arXiv 2512.13672), or from the text encoder's own output (arXiv 2312.15905)."""
    rank: int = Field(default=8, ge=1, le=128)
    """Rank of the LoRA (LoRA only); ``alpha`` always equals it."""
    min_snr_gamma: float | None = Field(default=None, gt=0)
    """Min-SNR weighting (arXiv 2303.09556); None weighs all timesteps alike."""
    optimizer: OptimizerName = "adamw"
    """What trains a LoRA; Prodigy (arXiv 2306.06101) finds the rate itself, and is slower."""
    timesteps: Literal["stratified", "independent"] = "stratified"
    """Whether the timesteps of a step are spread over equal ranges or drawn one by one."""
    stop_rule: Literal["patience", "variance"] = "patience"
    """What counts as "the loss stands still": its best, or its variance (arXiv 2302.04841)."""
    compile_unet: bool = False
    """Whether ``torch.compile`` may be used on a GPU."""
    seed: int = 0
    mirror: bool = False
    """Whether mirrored copies are trained on too."""
    preview_every_steps: int = Field(default=50, ge=1)
    validate_every_steps: int = Field(default=25, ge=1)
    checkpoint_every_steps: int = Field(default=50, ge=1)
    preview_inference_steps: int = Field(default=20, ge=1, le=100)
    """Denoising steps of pictures that are drawn while training goes on."""
    final_inference_steps: int = Field(default=20, ge=1, le=100)
    """Denoising steps of the pictures that are drawn with the finished file."""
    guidance_scale: float = Field(default=4.0, ge=0)
    stop_early: bool = True
    """Whether the training may end before ``max_steps`` when it has stopped getting better."""
    mixed_precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"


class RunSpec(Value):
    """One training of one method on one concept; written once to ``spec.json``, never changed."""

    format_version: Literal[1] = 1
    run_id: str
    concept_id: str
    concept_name: str
    kind: ConceptKind
    class_word: str
    placeholder_token: str
    method: TrainingMethod
    base_model: BaseModelRef
    preset: PresetName
    settings: TrainingSettings
    preview_prompts: tuple[str, ...]
    """Prompts with ``{word}`` for the placeholder token: the first plain, the second hard."""
    created_at: str
    """UTC, ISO 8601."""
