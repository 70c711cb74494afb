"""The suggested square holds the animal, and no square ever leaves its photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_photos import draw_animal
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from textinv_app.domain.concept import SquareCrop
from textinv_app.photos.crop import clamp_square, suggest_square


def meadow_with_ball(width: int, height: int, centre: tuple[int, int], radius: int) -> np.ndarray:
    noise = np.random.default_rng(3).integers(-25, 25, size=(height, width, 3))
    meadow = Image.fromarray((np.array([70, 130, 60]) + noise).clip(0, 255).astype(np.uint8))
    x, y = centre
    box = (x - radius, y - radius, x + radius, y + radius)
    ImageDraw.Draw(meadow).ellipse(box, fill=(210, 140, 60))
    return np.asarray(meadow)


@pytest.mark.parametrize("x", [110, 260, 450, 640, 790])
def test_wide_photo_follows_the_subject(x: int) -> None:
    square = suggest_square(meadow_with_ball(900, 200, (x, 100), 60))
    assert square.side == 200
    assert square.left <= x - 60
    assert x + 60 <= square.left + square.side


@pytest.mark.parametrize("y", [100, 300, 480])
def test_tall_photo_follows_the_subject(y: int) -> None:
    square = suggest_square(meadow_with_ball(300, 600, (150, y), 60))
    assert square.side == 300
    assert square.top <= y - 60
    # Upright photos lean upwards, for the sake of heads; a sliver may go below.
    assert y + 60 - 6 <= square.top + square.side


def test_an_upright_photo_without_a_subject_leans_upwards() -> None:
    square = suggest_square(np.full((600, 300, 3), 128, np.uint8))
    assert square.side == 300
    # With its centre of interest in the middle it would begin at 103.
    assert square.top < 80


def test_square_photo_is_kept_whole() -> None:
    square = suggest_square(np.asarray(draw_animal(200, 200)))
    assert square == SquareCrop(left=0, top=0, side=200)


def test_suggestion_is_the_same_each_time() -> None:
    pixels = np.asarray(draw_animal(640, 300))
    assert suggest_square(pixels) == suggest_square(pixels.copy())


@pytest.mark.parametrize("size", [(64, 2048), (2048, 64), (100, 101)])
@pytest.mark.parametrize("level", [0, 255])
def test_blank_and_long_pictures_give_a_square_inside(size: tuple[int, int], level: int) -> None:
    width, height = size
    square = suggest_square(np.full((height, width, 3), level, dtype=np.uint8))
    assert square == clamp_square(square, width, height)
    assert square.side == min(size)


@given(
    left=st.integers(0, 5000),
    top=st.integers(0, 5000),
    side=st.integers(1, 5000),
    width=st.integers(1, 3000),
    height=st.integers(1, 3000),
)
@settings(max_examples=300, deadline=None)
def test_clamped_squares_lie_inside(
    left: int, top: int, side: int, width: int, height: int
) -> None:
    wanted = SquareCrop(left=left, top=top, side=side)
    square = clamp_square(wanted, width, height)
    assert square.left + square.side <= width
    assert square.top + square.side <= height
    assert square.side == min(side, width, height)
    assert clamp_square(square, width, height) == square


def test_the_dog_on_the_beach_stays_in_the_square(shared_photos: Path) -> None:
    image = Image.open(shared_photos / "pets" / "white-dog" / "04.jpg").convert("RGB")
    wide = image.crop((0, 300, 900, 750))  # the dog stands at 400 to 520 from the left
    square = suggest_square(np.asarray(wide))
    assert square.left < 390
    assert square.left + square.side > 530
