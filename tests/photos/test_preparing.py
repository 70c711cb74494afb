"""What the trainer and the page get to see of a stored photo."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from drawn_photos import draw_animal, mean_difference
from PIL import Image

from textinv_app.domain.concept import SquareCrop
from textinv_app.errors import StorageFailed
from textinv_app.photos import prepare
from textinv_app.photos.prepare import (
    examine,
    prepare_dataset,
    read_dataset,
    write_square_preview,
    write_thumbnail,
)
from textinv_app.runs.atomic import TEMPORARY_PREFIX


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "00ff.jpg"
    draw_animal(640, 480).save(path, quality=95)
    return path


def test_training_pictures_are_cut_not_squashed(photo: Path, tmp_path: Path) -> None:
    square = SquareCrop(left=100, top=40, side=400)
    folder = tmp_path / "run" / "dataset"
    folder.parent.mkdir()
    written = prepare_dataset([(photo, square), (photo, square)], 128, folder, mirror_allowed=True)
    assert sorted(path.name for path in folder.iterdir()) == ["000.png", "001.png", "dataset.json"]
    picture = Image.open(folder / "000.png")
    assert (picture.mode, picture.size, picture.info) == ("RGB", (128, 128), {})
    expected = Image.open(photo).crop((100, 40, 500, 440)).resize((128, 128), Image.LANCZOS)
    assert mean_difference(picture, expected) < 1
    assert read_dataset(folder) == written
    plain = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    assert plain["mirror_allowed"] is True
    assert plain["pictures"][1] == {"file_name": "001.png", "photo_id": "00ff"}


def test_a_square_that_leaves_the_photo_is_put_back(photo: Path, tmp_path: Path) -> None:
    prepare_dataset([(photo, SquareCrop(left=600, top=400, side=900))], 64, tmp_path / "dataset")
    assert Image.open(tmp_path / "dataset" / "000.png").size == (64, 64)


def test_a_damaged_photo_leaves_no_half_dataset(photo: Path, tmp_path: Path) -> None:
    square = SquareCrop(left=0, top=0, side=480)
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(photo.read_bytes()[:5000])
    (tmp_path / "dataset").mkdir()
    with pytest.raises(StorageFailed, match=r"damaged\.jpg"):
        prepare_dataset([(photo, square), (damaged, square)], 64, tmp_path / "dataset")
    assert list((tmp_path / "dataset").iterdir()) == []
    assert not list(tmp_path.glob(f"{TEMPORARY_PREFIX}*"))


def test_a_dataset_is_never_written_over(photo: Path, tmp_path: Path) -> None:
    square = SquareCrop(left=0, top=0, side=480)
    prepare_dataset([(photo, square)], 64, tmp_path / "dataset")
    before = (tmp_path / "dataset" / "000.png").read_bytes()
    with pytest.raises(OSError, match="dataset"):
        prepare_dataset([(photo, square)], 32, tmp_path / "dataset")
    assert (tmp_path / "dataset" / "000.png").read_bytes() == before
    assert not list(tmp_path.glob(f"{TEMPORARY_PREFIX}*"))


def test_thumbnail_keeps_the_shape_and_preview_is_square(photo: Path, tmp_path: Path) -> None:
    write_thumbnail(photo, tmp_path / "thumb.webp")
    write_square_preview(photo, SquareCrop(left=80, top=0, side=480), tmp_path / "square.webp")
    thumbnail, square = Image.open(tmp_path / "thumb.webp"), Image.open(tmp_path / "square.webp")
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (prepare.THUMBNAIL_SIDE_PIXELS, 240))
    assert (square.format, square.size) == ("WEBP", (480, 480))


def test_examine_suits_the_photo(photo: Path) -> None:
    facts = examine(photo)
    assert facts.square.side == 480
    assert facts.measurements.short_side_pixels == 480
    assert len(facts.measurements.fingerprint) == 512


def test_only_our_own_formats_are_opened(tmp_path: Path) -> None:
    path = tmp_path / "odd.jpg"
    Image.fromarray(np.zeros((80, 80, 3), dtype=np.uint8)).save(path, "GIF")
    with pytest.raises(StorageFailed):
        examine(path)
