"""What tells Crayon's own kind of pictures from photos: how well it takes noise away from them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from textinv_app.crayon.dataset import SIZE_PIXELS, held_out_scene
from textinv_app.crayon.drawing import draw
from textinv_app.domain.specs import BaseModelRef
from textinv_app.drawing.redrawing import surprise
from textinv_app.models.loading import load
from textinv_app.models.shapes import FAMILIAR_FILE

DRAWINGS = 6
SHARE = 0.95
"""Of the held-out pets; photos that pass for drawings are worse than drawings that are redrawn."""
MARGIN = 1.05


def measure_familiar_loss(folder: Path, pets: int) -> float:
    """Return the loss below which the drawings of most held-out pets stay, with a margin."""
    model = load(BaseModelRef(model_id="crayon", source=str(folder), family="crayon"))
    losses = []
    for pet_index in range(pets):
        scenes = [held_out_scene(pet_index, number) for number in range(DRAWINGS)]
        pictures = [draw(scene, number, SIZE_PIXELS) for number, scene in enumerate(scenes)]
        losses.append(surprise(model, pictures, scenes[0].pet.species))
    return float(np.quantile(losses, SHARE)) * MARGIN


def write_familiar_loss(folder: Path, loss: float) -> None:
    """Write the file that makes the app redraw photos before Crayon learns from them."""
    told = {
        "about": (
            "Pictures with a higher loss than this are none of this model's own kind; it draws"
            " such pictures its own way before it learns from them. The drawings of"
            f" {SHARE:.0%} of held-out pets stay below, with a margin of {MARGIN - 1:.0%}."
        ),
        "loss": round(loss, 4),
    }
    (folder / FAMILIAR_FILE).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
