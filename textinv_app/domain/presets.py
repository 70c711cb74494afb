"""How careful a training is: full settings for each base-model family, method and preset.

A preset is a pure function, not a file: ``settings_for`` returns every number of a training, so
that a run's ``spec.json`` says all and a later change of a preset changes no run that was queued.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from statistics import median

from pydantic import Field

from textinv_app.domain.concept import ConceptKind, Family, TrainingMethod, Value
from textinv_app.domain.specs import (
    EmbeddingVariant,
    OptimizerName,
    PresetName,
    TrainingSettings,
)

PRESETS: tuple[PresetName, ...] = ("quick", "balanced", "careful")


class PresetRequest(Value):
    """What is known when a training is ordered."""

    family: Family
    method: TrainingMethod
    kind: ConceptKind = "subject"
    preset: PresetName = "balanced"
    num_photos: int = Field(ge=1)
    seed: int = Field(default=0, ge=0, lt=2**32)
    mirror: bool = False
    """Whether mirrored copies may be trained on too."""
    max_steps: int | None = Field(default=None, ge=1, le=5000)
    """Overrules the preset's number of steps; the other numbers stay."""
    embedding_variant: EmbeddingVariant = "plain"
    optimizer: OptimizerName = "adamw"
    """What trains a LoRA."""
    min_snr_gamma: float | None = Field(default=None, gt=0)


@dataclass(frozen=True)
class _Recipe:
    """The numbers in which presets differ."""

    max_steps: int
    batch_size: int
    learning_rate: float
    num_vectors: int = 1
    rank: int = 8
    lora_learning_rate: float | None = None


# Crayon: chosen by trial on drawn pets (``python -m tests.benchmarks.crayon_training``). Others:
# short budgets and high rates as in arXiv 2302.04841 (475 steps of batch 2 at 5e-3) and
# arXiv 2512.13672 (400 steps of batch 4 on SDXL).
_RECIPES: dict[tuple[Family, TrainingMethod], dict[PresetName, _Recipe]] = {
    ("crayon", "embedding"): {
        "quick": _Recipe(120, 4, 5e-3, num_vectors=2),
        "balanced": _Recipe(500, 4, 5e-3, num_vectors=2),
        "careful": _Recipe(1000, 8, 4e-3, num_vectors=4),
    },
    ("crayon", "lora"): {
        "quick": _Recipe(120, 4, 2e-3, rank=8),
        "balanced": _Recipe(400, 4, 1.5e-3, rank=8),
        "careful": _Recipe(800, 8, 1e-3, rank=16),
    },
    ("sd1", "embedding"): {
        "quick": _Recipe(300, 4, 5e-3, num_vectors=2),
        "balanced": _Recipe(600, 4, 5e-3, num_vectors=3),
        "careful": _Recipe(1200, 4, 4e-3, num_vectors=4),
    },
    ("sd1", "lora"): {
        "quick": _Recipe(300, 2, 3e-4, rank=8),
        "balanced": _Recipe(600, 2, 2e-4, rank=16),
        "careful": _Recipe(1200, 2, 1e-4, rank=16),
    },
    ("sd2", "embedding"): {
        "quick": _Recipe(300, 4, 5e-3, num_vectors=2),
        "balanced": _Recipe(600, 4, 5e-3, num_vectors=3),
        "careful": _Recipe(1200, 4, 4e-3, num_vectors=4),
    },
    ("sd2", "lora"): {
        "quick": _Recipe(300, 2, 3e-4, rank=8),
        "balanced": _Recipe(600, 2, 2e-4, rank=16),
        "careful": _Recipe(1200, 2, 1e-4, rank=16),
    },
    ("sdxl", "embedding"): {
        "quick": _Recipe(250, 4, 3e-3, num_vectors=2),
        "balanced": _Recipe(500, 4, 2e-3, num_vectors=3),
        "careful": _Recipe(1000, 4, 2e-3, num_vectors=4),
    },
    ("sdxl", "lora"): {
        "quick": _Recipe(300, 1, 2e-4, rank=8),
        "balanced": _Recipe(700, 1, 1e-4, rank=16),
        "careful": _Recipe(1500, 1, 1e-4, rank=16),
    },
}

# Pivotal tuning: rates as in the Hugging Face article on advanced SDXL training; measured on
# Crayon by Quick alone (``python -m tests.benchmarks.methods``).
_PIVOTAL: dict[Family, dict[PresetName, _Recipe]] = {
    "crayon": {
        "quick": _Recipe(200, 4, 5e-3, num_vectors=2, rank=8, lora_learning_rate=1e-3),
        "balanced": _Recipe(400, 4, 5e-3, num_vectors=2, rank=8, lora_learning_rate=1e-3),
        "careful": _Recipe(800, 8, 4e-3, num_vectors=4, rank=16, lora_learning_rate=7e-4),
    },
    "sd1": {
        "quick": _Recipe(300, 4, 2e-3, num_vectors=2, rank=8, lora_learning_rate=2e-4),
        "balanced": _Recipe(600, 4, 2e-3, num_vectors=2, rank=16, lora_learning_rate=1e-4),
        "careful": _Recipe(1200, 4, 1e-3, num_vectors=4, rank=16, lora_learning_rate=1e-4),
    },
    "sd2": {
        "quick": _Recipe(300, 4, 2e-3, num_vectors=2, rank=8, lora_learning_rate=2e-4),
        "balanced": _Recipe(600, 4, 2e-3, num_vectors=2, rank=16, lora_learning_rate=1e-4),
        "careful": _Recipe(1200, 4, 1e-3, num_vectors=4, rank=16, lora_learning_rate=1e-4),
    },
    "sdxl": {
        "quick": _Recipe(300, 2, 1e-3, num_vectors=2, rank=8, lora_learning_rate=2e-4),
        "balanced": _Recipe(600, 2, 1e-3, num_vectors=2, rank=16, lora_learning_rate=1e-4),
        "careful": _Recipe(1200, 2, 5e-4, num_vectors=4, rank=16, lora_learning_rate=1e-4),
    },
}
# A style is farther from what Crayon draws by itself than a pet is: at a pet's rate a LoRA brought
# it into half of the pictures (``python -m tests.benchmarks.crayon --part style``).
_CRAYON_STYLE_RATE_SHARE = 2.0
_CRAYON_STYLE_FEWEST_STEPS = 200
# What pictures should not look like is several things at once: with two vectors half of the spoilt
# pictures were left, with four a third (``python -m tests.benchmarks.crayon --part negative``).
_CRAYON_NEGATIVE_VECTORS = 4
# And they are learnt slowly: after 120 steps 56 of 100 were left, after 320 33 (the same command).
_CRAYON_NEGATIVE_FEWEST_STEPS = 320
# An angle a step instead of a distance: 0.01 for each of four pictures, as in arXiv 2512.13672.
_DIRECTIONAL_RATE = 4e-2
_PRODIGY_RATE = 1.0

_RESOLUTION_PIXELS: dict[Family, int] = {"crayon": 128, "sd1": 512, "sd2": 768, "sdxl": 1024}
_GUIDANCE_SCALE: dict[Family, float] = {"crayon": 4.0, "sd1": 7.0, "sd2": 7.0, "sdxl": 6.0}
_PREVIEW_INFERENCE_STEPS: dict[Family, int] = {"crayon": 6, "sd1": 20, "sd2": 20, "sdxl": 20}

# How often the result is looked at: a round of previews costs as much as some six steps of four
# pictures, and all looking is to stay below a tenth of a Balanced training
# (``python -m tests.benchmarks.time_shares``).
_ROUNDS: dict[PresetName, int] = {"quick": 4, "balanced": 4, "careful": 10}
_MOST_STEPS_BETWEEN_ROUNDS = 100


def settings_for(request: PresetRequest) -> TrainingSettings:
    """Return the full settings of a training; pure, the same for the same request."""
    recipe = _recipe(request)
    learning_rate, lora_learning_rate = recipe.learning_rate, recipe.lora_learning_rate
    if request.optimizer == "prodigy":
        # It finds the rate itself; what is given is a factor on that.
        lora_learning_rate = _PRODIGY_RATE if request.method == "pivotal" else None
        learning_rate = _PRODIGY_RATE if request.method == "lora" else learning_rate
    max_steps = request.max_steps or recipe.max_steps
    # Rounded up: else the last round but one would come just before the end.
    between_rounds = min(_MOST_STEPS_BETWEEN_ROUNDS, ceil(max_steps / _ROUNDS[request.preset]))
    # Twice between two rounds, so that what is judged is also measured and saved.
    interval = max(5, ceil(between_rounds / 2))
    return TrainingSettings(
        resolution_pixels=_RESOLUTION_PIXELS[request.family],
        max_steps=max_steps,
        batch_size=recipe.batch_size,
        learning_rate=learning_rate,
        warmup_steps=min(20, max_steps // 10),
        num_vectors=recipe.num_vectors,
        rank=recipe.rank,
        lora_learning_rate=lora_learning_rate,
        optimizer=request.optimizer,
        min_snr_gamma=request.min_snr_gamma,
        embedding_variant=request.embedding_variant,
        seed=request.seed,
        mirror=request.mirror,
        preview_every_steps=2 * interval,
        validate_every_steps=interval,
        checkpoint_every_steps=interval,
        preview_inference_steps=_PREVIEW_INFERENCE_STEPS[request.family],
        guidance_scale=_GUIDANCE_SCALE[request.family],
        # A person who gives a number of steps wants that number.
        stop_early=request.max_steps is None,
    )


def _recipe(request: PresetRequest) -> _Recipe:
    if request.method == "pivotal":
        recipe = _PIVOTAL[request.family][request.preset]
    else:
        recipe = _RECIPES[request.family, request.method][request.preset]
    if (request.family, request.method, request.kind) == ("crayon", "lora", "style"):
        rate = recipe.learning_rate * _CRAYON_STYLE_RATE_SHARE
        steps = max(recipe.max_steps, _CRAYON_STYLE_FEWEST_STEPS)
        return replace(recipe, learning_rate=rate, max_steps=steps)
    if (request.family, request.kind) == ("crayon", "negative"):
        vectors = max(recipe.num_vectors, _CRAYON_NEGATIVE_VECTORS)
        steps = max(recipe.max_steps, _CRAYON_NEGATIVE_FEWEST_STEPS)
        recipe = replace(recipe, num_vectors=vectors, max_steps=steps)
    if request.embedding_variant == "directional" and request.method != "lora":
        return replace(recipe, learning_rate=_DIRECTIONAL_RATE)
    return recipe


@dataclass(frozen=True)
class _Speed:
    """Seconds that parts of a training take."""

    start: float
    """Process start, imports, model load and the first previews."""
    photo: float
    """Encoding one photo, in each of its copies."""
    sample: float
    """One picture of one optimizer step."""
    preview: float
    """One round of previews, likeness included."""
    end: float
    """Export, loading again and the pictures of the result."""


# What was measured once is not told in earnest beyond these.
_FASTEST_PACE, _SLOWEST_PACE = 1 / 20, 20.0

# Crayon on 2 idle CPU cores without AVX512: measured by
# ``python -m tests.benchmarks.crayon_training``; with AVX512 it takes about half as long.
# The others on a data-centre GPU are estimates from counted operations; on a CPU they are scaled
# from 7 to 12 s a step measured with full-width random weights (``full_width`` beside it).
_SPEEDS: dict[tuple[Family, bool], _Speed] = {
    ("crayon", False): _Speed(start=9.0, photo=0.1, sample=0.08, preview=1.7, end=10.0),
    ("crayon", True): _Speed(start=9.0, photo=0.02, sample=0.004, preview=1.0, end=4.0),
    ("sd1", True): _Speed(start=25.0, photo=0.1, sample=0.03, preview=3.0, end=15.0),
    ("sd1", False): _Speed(start=90.0, photo=12.0, sample=11.0, preview=300.0, end=900.0),
    ("sd2", True): _Speed(start=30.0, photo=0.2, sample=0.08, preview=6.0, end=30.0),
    ("sd2", False): _Speed(start=120.0, photo=30.0, sample=32.0, preview=900.0, end=2700.0),
    ("sdxl", True): _Speed(start=45.0, photo=0.3, sample=0.2, preview=10.0, end=45.0),
    ("sdxl", False): _Speed(start=240.0, photo=60.0, sample=95.0, preview=2600.0, end=7800.0),
}


@dataclass(frozen=True)
class PastTraining:
    """A training that came to its end on this machine."""

    family: Family
    method: TrainingMethod
    settings: TrainingSettings
    num_steps: int
    """Optimizer steps that were made."""
    seconds: float
    """What they took, looking at the result included."""


def estimate_seconds(request: PresetRequest, has_gpu: bool, pace: float = 1.0) -> float:
    """Return about how long a training takes, in seconds, if it does not stop early.

    ``pace`` is how many times as long as usual trainings take on this machine (``pace_of``).
    """
    speed = _SPEEDS[request.family, has_gpu]
    settings = settings_for(request)
    learning = _learning_seconds(speed, settings, request.method, settings.max_steps)
    return pace * (speed.start + speed.photo * request.num_photos + learning + speed.end)


def pace_of(trainings: Sequence[PastTraining], has_gpu: bool) -> float:
    """Return how many times as long as usual trainings took here, the median; 1 for none."""
    paces = [
        one.seconds
        / _learning_seconds(
            _SPEEDS[one.family, has_gpu], one.settings, one.method, max(1, one.num_steps)
        )
        for one in trainings
    ]
    return min(_SLOWEST_PACE, max(_FASTEST_PACE, median(paces))) if paces else 1.0


def _learning_seconds(
    speed: _Speed, settings: TrainingSettings, method: TrainingMethod, num_steps: int
) -> float:
    num_rounds = 1 + ceil(num_steps / settings.preview_every_steps)
    # An embedding also runs the text encoder backwards.
    sample = speed.sample * (1.0 if method == "lora" else 1.1)
    return sample * settings.batch_size * num_steps + speed.preview * num_rounds
