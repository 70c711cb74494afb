"""Verdicts a pet owner would agree with, on drawn pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from drawn_photos import draw_animal
from PIL import Image, ImageEnhance, ImageFilter

from textinv_app.photos.quality import Measurements, judge, measure, mirrored, similarity


def measured(image: Image.Image) -> Measurements:
    return measure(np.asarray(image.convert("RGB")))


ANIMAL = draw_animal(640, 480)
OTHERS = [("first.jpg", measured(ANIMAL).fingerprint)]


def test_a_good_photo_is_fine() -> None:
    assert judge(measured(ANIMAL)).name == "fine"


def test_each_fault_is_named() -> None:
    assert judge(measured(ANIMAL.resize((240, 180)))).name == "small"
    assert judge(measured(ImageEnhance.Brightness(ANIMAL).enhance(0.1))).name == "dark"
    assert judge(measured(ANIMAL.filter(ImageFilter.GaussianBlur(6)))).name == "blurred"


def test_a_blurred_background_does_not_make_a_photo_blurred() -> None:
    portrait = ANIMAL.filter(ImageFilter.GaussianBlur(6))
    box = (220, 140, 420, 340)
    portrait.paste(ANIMAL.crop(box), box)
    assert judge(measured(portrait)).name == "fine"


def spoilt_copy(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    smaller = ImageEnhance.Brightness(image.resize((320, 240))).enhance(0.8)
    smaller.save(buffer, "JPEG", quality=40)
    return Image.open(buffer)


def test_a_copy_is_known_at_another_size_brightness_and_quality() -> None:
    verdict = judge(measured(spoilt_copy(ANIMAL)), OTHERS)
    assert (verdict.name, verdict.other) == ("same_as", "first.jpg")


def test_a_mirrored_copy_is_known() -> None:
    copy = spoilt_copy(ANIMAL.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    verdict = judge(measured(copy), OTHERS)
    assert (verdict.name, verdict.other) == ("mirrored_copy_of", "first.jpg")


def test_another_photo_is_no_copy() -> None:
    other = draw_animal(480, 640, seed=5)
    assert judge(measured(other), OTHERS).name == "fine"
    assert judge(measured(ANIMAL.transpose(Image.Transpose.ROTATE_180)), OTHERS).name == "fine"


def test_fingerprints_mirror_without_the_picture() -> None:
    flipped = measured(ANIMAL.transpose(Image.Transpose.FLIP_LEFT_RIGHT)).fingerprint
    assert mirrored(measured(ANIMAL).fingerprint) == flipped
    assert mirrored(mirrored(flipped)) == flipped


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_can_be_measured(level: int) -> None:
    blank = measured(Image.new("RGB", (300, 200), (level,) * 3))
    assert similarity(blank.fingerprint, blank.fingerprint) == 1
    assert similarity(blank.fingerprint, measured(ANIMAL).fingerprint) == 0
    assert judge(blank).name in {"dark", "blurred"}


def test_very_long_pictures_can_be_measured() -> None:
    assert judge(measured(draw_animal(2048, 64))).name == "small"
