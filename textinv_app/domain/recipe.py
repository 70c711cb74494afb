"""How a file was trained, as it says itself: enough to train again like it."""

from __future__ import annotations

from textinv_app.domain.concept import ConceptKind, Family, Method, TrainingMethod, Value
from textinv_app.domain.presets import PresetRequest, settings_for
from textinv_app.domain.specs import (
    EmbeddingVariant,
    OptimizerName,
    PresetName,
    TrainingSettings,
)


class Recipe(Value):
    """The settings of one training, read from the metadata and the shape of its file."""

    method: Method
    family: Family
    placeholder_token: str
    """The trigger word."""
    kind: ConceptKind = "subject"
    class_word: str = ""
    """Empty where the file does not say."""
    base_model: str = ""
    """``crayon``, ``sd15``, ``sd21``, ``sdxl`` or a hub id; empty where the file does not say."""
    preset: PresetName = "balanced"
    seed: int | None = None
    max_steps: int | None = None
    """Set where it was not the preset's own number."""
    num_vectors: int | None = None
    """Vectors of an embedding; None for a LoRA."""
    rank: int | None = None
    """Rank of a LoRA; None for an embedding."""
    mirror: bool = False
    embedding_variant: EmbeddingVariant = "plain"
    optimizer: OptimizerName = "adamw"
    min_snr_gamma: float | None = None
    is_half: bool = False
    """Whether it is one of two files that were trained together."""
    is_complete: bool = False
    """Whether the file tells everything, as Petname's own do; else usual values fill the gaps."""

    @property
    def training(self) -> TrainingMethod:
        """What kind of training makes such a file."""
        return "pivotal" if self.is_half else self.method

    def fits(self, method: TrainingMethod, preset: PresetName) -> bool:
        """Tell whether its own numbers hold: its kind of training and its preset are asked for."""
        return (self.training, self.preset) == (method, preset)


def usual_steps(
    family: Family, method: TrainingMethod, preset: PresetName, kind: ConceptKind = "subject"
) -> int:
    """Return the number of steps a preset has of its own."""
    request = PresetRequest(family=family, method=method, kind=kind, preset=preset, num_photos=1)
    return settings_for(request).max_steps


def request_like(request: PresetRequest, recipe: Recipe) -> PresetRequest:
    """Return ``request`` with the steps and the way of training that a recipe names."""
    names = ("max_steps", "embedding_variant", "optimizer", "min_snr_gamma")
    return request.model_copy(update={name: getattr(recipe, name) for name in names})


def like_recipe(settings: TrainingSettings, recipe: Recipe) -> TrainingSettings:
    """Return ``settings`` with as many vectors, or the rank, that a recipe names."""
    changes: dict[str, int] = {}
    if recipe.num_vectors is not None:
        changes["num_vectors"] = recipe.num_vectors
    if recipe.rank is not None:
        changes["rank"] = recipe.rank
    return settings.model_copy(update=changes)
