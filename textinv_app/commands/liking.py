"""``train --like FILE``: what is not typed comes from the file, else from the usual values."""

from __future__ import annotations

import argparse
from typing import Any

from textinv_app.commands.reporting import Reporter
from textinv_app.domain.hub import USUAL_MODELS
from textinv_app.domain.recipe import Recipe
from textinv_app.errors import BadInput
from textinv_app.formats.recipes import read_recipe

_USUAL: dict[str, Any] = {
    "kind": "subject",
    "method": "embedding",
    "base_model": "crayon",
    "preset": "balanced",
    "seed": 0,
    "mirror": False,
    "embedding_variant": "plain",
    "optimizer": "adamw",
    "min_snr_gamma": None,
}


def fill_in(given: argparse.Namespace, reporter: Reporter) -> Recipe | None:
    """Fill in what was not typed; return the recipe of ``--like``, or None without it.

    Raises ``BadInput`` where the file is missing, no file of the kind, or a word is still missing.
    """
    recipe = None if given.like is None else _read(given)
    told = {} if recipe is None else _told(recipe)
    if recipe is not None and given.preset not in (None, recipe.preset):
        told.pop("max_steps", None)  # Another preset brings its own number.
    for name in (*_USUAL, "word", "class_word", "max_steps"):
        if getattr(given, name) is None:
            setattr(given, name, told.get(name, _USUAL.get(name)))
    if recipe is not None:
        reporter.say(f"Training again like {given.like}: {_sentence(given, recipe)}")
        if not recipe.is_complete:
            reporter.warn("The file does not tell everything; usual values fill the gaps.")
    for name in ("word", "class_word"):
        if getattr(given, name) is None:
            option = "--" + name.replace("_", "-")
            raise BadInput("command.wrong", f"{option} is needed (train --help tells more).")
    return recipe


def _read(given: argparse.Namespace) -> Recipe:
    try:
        return read_recipe(given.like)
    except OSError as error:
        sentence = f"The file {given.like} cannot be read ({error.strerror})."
        raise BadInput("file.missing", sentence) from error


def _told(recipe: Recipe) -> dict[str, Any]:
    """Return what the file tells, by the names of the options."""
    told = {
        "word": recipe.placeholder_token,
        "class_word": recipe.class_word,
        "kind": recipe.kind,
        "method": recipe.training,
        "base_model": recipe.base_model or USUAL_MODELS[recipe.family],
        "preset": recipe.preset,
        "seed": recipe.seed,
        "max_steps": recipe.max_steps,
        "mirror": recipe.mirror,
        "embedding_variant": recipe.embedding_variant,
        "optimizer": recipe.optimizer,
        "min_snr_gamma": recipe.min_snr_gamma,
    }
    return {name: value for name, value in told.items() if value not in (None, "")}


def _sentence(given: argparse.Namespace, recipe: Recipe) -> str:
    size = f"rank {recipe.rank}" if recipe.rank else f"{recipe.num_vectors} vectors"
    steps = f", {given.max_steps} steps" if given.max_steps else ""
    return f"{given.method}, {given.preset}{steps}, seed {given.seed}, {size}."
