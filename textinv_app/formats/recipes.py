"""From a file to how it was trained: its own metadata, and the shape of its tensors."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast, get_args

from textinv_app.domain.concept import ConceptKind, TrainingMethod
from textinv_app.domain.hub import USUAL_MODELS
from textinv_app.domain.recipe import Recipe, usual_steps
from textinv_app.domain.specs import PresetName
from textinv_app.formats.inspecting import Inspection, inspect_any
from textinv_app.formats.metadata import ImportFacts, clean_text, own_facts

_MAX_STEPS = 5000
_MAX_VECTORS = 8
_MAX_RANK = 128


def read_recipe(path: Path) -> Recipe:
    """Return how to train again like the file at ``path``.

    Reads what ``inspect_any`` reads. Files of Petname's own tell everything; of others what kohya's
    metadata and the tensors show. Raises ``FileRefused`` and ``OSError``.
    """
    return recipe_of(inspect_any(path))


def recipe_of(found: Inspection) -> Recipe:
    """Return how to train again like an inspected file; numbers out of range are left out."""
    facts = own_facts(
        found.metadata,
        ImportFacts(found.trigger_word, found.kind, found.family, found.rank, found.num_vectors),
    )
    if facts is None:
        return _recipe_of_foreign(found)
    preset = cast("PresetName", facts.preset or "balanced")
    steps = facts.max_steps or facts.steps
    method: TrainingMethod = "pivotal" if facts.companion else found.kind
    usual = usual_steps(found.family, method, preset, facts.kind)
    known = facts.base_model in USUAL_MODELS.values() or "/" in facts.base_model
    return Recipe(
        method=found.kind,
        family=found.family,
        placeholder_token=facts.placeholder_token,
        kind=facts.kind,
        class_word=facts.class_word,
        base_model=facts.base_model if known else "",
        preset=preset,
        seed=facts.seed % 2**32,
        max_steps=None if steps == usual else _within(steps, _MAX_STEPS),
        mirror=facts.mirror,
        embedding_variant=facts.embedding_variant,
        optimizer=facts.optimizer,
        min_snr_gamma=facts.min_snr_gamma,
        num_vectors=_within(found.num_vectors, _MAX_VECTORS),
        rank=_within(found.rank, _MAX_RANK),
        is_half=bool(facts.companion),
        is_complete=bool(facts.preset),
    )


def _recipe_of_foreign(found: Inspection) -> Recipe:
    kind = found.metadata.get("petname.kind", "")
    if kind not in get_args(ConceptKind):
        kind = "negative" if found.is_negative else "subject"
    seed = found.metadata.get("ss_seed", "")
    steps = found.metadata.get("ss_steps", "")
    return Recipe(
        method=found.kind,
        family=found.family,
        placeholder_token=clean_text(found.trigger_word, 100),
        kind=cast("ConceptKind", kind),
        seed=int(seed) % 2**32 if re.fullmatch(r"\d{1,20}", seed) else None,
        max_steps=_within(int(steps), _MAX_STEPS) if re.fullmatch(r"\d{1,9}", steps) else None,
        num_vectors=_within(found.num_vectors, _MAX_VECTORS),
        rank=_within(found.rank, _MAX_RANK),
    )


def _within(number: int, limit: int) -> int | None:
    """Return a number that training takes; None for 0 and for one over the limit."""
    return number if 1 <= number <= limit else None
