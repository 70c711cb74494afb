"""From stored photos to what others read: training pictures, thumbnails and square previews.

Only our own clean files are opened here (JPEG and PNG that the decoding child wrote).
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from textinv_app.domain.concept import SquareCrop
from textinv_app.domain.dataset import Dataset, DatasetPicture
from textinv_app.errors import StorageFailed
from textinv_app.photos.crop import clamp_square, suggest_square
from textinv_app.photos.quality import Measurements, measure
from textinv_app.runs.atomic import (
    atomic_write_bytes,
    atomic_write_text,
    publish_directory,
    temporary_beside,
)

THUMBNAIL_SIDE_PIXELS = 320
SQUARE_PREVIEW_SIDE_PIXELS = 512
_WEBP_QUALITY = 85
_STORED_FORMATS = ("JPEG", "PNG")


@dataclass(frozen=True)
class PhotoFacts:
    """What the library wants to know of a stored photo, from one decoding."""

    measurements: Measurements
    square: SquareCrop


def open_stored(path: Path) -> Image.Image:
    """Open one of our stored photos as RGB; raises ``StorageFailed`` when it cannot be read."""
    try:
        with Image.open(path, formats=_STORED_FORMATS) as image:
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise photo_damaged(path.name) from error


def photo_damaged(file_name: str) -> StorageFailed:
    """Return the error of a stored photo that can no longer be read."""
    return StorageFailed(
        "storage.photo_damaged",
        f"The stored photo {file_name} can no longer be read. Please remove it and send it again.",
        file_name=file_name,
    )


def examine(path: Path) -> PhotoFacts:
    """Measure a stored photo and suggest its square; raises ``StorageFailed``."""
    pixels = np.asarray(open_stored(path))
    return PhotoFacts(measure(pixels), suggest_square(pixels))


def square_picture(image: Image.Image, square: SquareCrop, side_pixels: int) -> Image.Image:
    """Cut the square out of a photo and resize it to ``side_pixels``; never squashed."""
    kept = clamp_square(square, image.width, image.height)
    box = (kept.left, kept.top, kept.left + kept.side, kept.top + kept.side)
    return image.resize((side_pixels, side_pixels), Image.Resampling.LANCZOS, box=box)


def prepare_dataset(
    photos: Sequence[tuple[Path, SquareCrop]],
    resolution_pixels: int,
    destination: Path,
    mirror_allowed: bool = False,
) -> Dataset:
    """Write square PNGs ``000.png`` ... and ``dataset.json`` into ``destination``, all or nothing.

    The stem of each photo's path is its photo id. Raises ``StorageFailed`` for an unreadable photo
    and ``OSError`` where ``destination`` holds something already or the disk is full.
    """
    prepared = temporary_beside(destination)
    prepared.mkdir(parents=True)
    try:
        pictures = []
        for index, (path, square) in enumerate(photos):
            picture = square_picture(open_stored(path), square, resolution_pixels)
            file_name = f"{index:03d}.png"
            picture.save(prepared / file_name, "PNG")
            pictures.append(DatasetPicture(file_name=file_name, photo_id=path.stem))
        dataset = Dataset(
            resolution_pixels=resolution_pixels,
            mirror_allowed=mirror_allowed,
            pictures=tuple(pictures),
        )
        atomic_write_text(prepared / "dataset.json", dataset.model_dump_json(indent=1))
        if destination.is_dir():
            destination.rmdir()  # Windows cannot rename over a folder, not even an empty one
        publish_directory(prepared, destination)
    except BaseException:
        shutil.rmtree(prepared, ignore_errors=True)
        raise
    return dataset


def read_dataset(folder: Path) -> Dataset:
    """Read ``dataset.json``; raises ``OSError`` or ``pydantic.ValidationError``."""
    return Dataset.model_validate_json((folder / "dataset.json").read_bytes())


def write_thumbnail(photo: Path, destination: Path) -> None:
    """Write a WebP of the whole photo, longest side 320 pixels; raises ``OSError``."""
    image = open_stored(photo)
    image.thumbnail((THUMBNAIL_SIDE_PIXELS,) * 2, Image.Resampling.LANCZOS)
    _write_webp(image, destination)


def write_square_preview(photo: Path, square: SquareCrop, destination: Path) -> None:
    """Write a WebP of the square the model will see, at most 512 pixels; raises ``OSError``."""
    side_pixels = min(SQUARE_PREVIEW_SIDE_PIXELS, square.side)
    _write_webp(square_picture(open_stored(photo), square, side_pixels), destination)


def _write_webp(image: Image.Image, destination: Path) -> None:
    encoded = io.BytesIO()
    image.save(encoded, "WEBP", quality=_WEBP_QUALITY)
    atomic_write_bytes(destination, encoded.getvalue())
