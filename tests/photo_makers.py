"""Photos and files for tests: made here, or the real ones where they are at hand."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from textinv_app.formats.embedding import write_embedding

SHARED_PHOTOS = Path(__file__).resolve().parents[1] / "../shared/photos"


def drawn_photo(path: Path, seed: int = 0, side: int = 640) -> Path:
    """Write a sharp, bright, unmistakable picture and return its path."""
    dice = random.Random(seed)
    image = Image.new("RGB", (side, side + 120), tuple(dice.randrange(90, 256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(160):
        left, top = dice.randrange(side), dice.randrange(side)
        size = dice.randrange(10, 120)
        colour = tuple(dice.randrange(256) for _ in range(3))
        draw.ellipse((left, top, left + size, top + size), fill=colour, outline="black", width=3)
    image.save(path, quality=90)
    return path


def shared_photos(folder: str) -> list[Path]:
    """Return the real photos of a folder; skips the test where they are not at hand."""
    found = sorted(path for path in (SHARED_PHOTOS / folder).glob("*") if path.is_file())
    if not found:
        pytest.skip(f"the photos of {folder} are not at hand")
    return found


def write_small_embedding(path: Path, width: int = 768) -> Path:
    """Write an embedding and return its path; it fits Stable Diffusion 1.5, of width 256 Crayon."""
    write_embedding(path, {"text_encoder": np.full((1, width), 0.01, dtype=np.float32)}, {})
    return path
