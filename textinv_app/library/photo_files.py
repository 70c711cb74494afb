"""The files of a concept's photos: the clean photo, its thumbnail, its square, its measurements.

All files of a photo begin with its id and a dot, so that none is forgotten when it is removed.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from PIL import Image

from textinv_app.domain.concept import Photo, SquareCrop
from textinv_app.errors import StorageFailed
from textinv_app.library.folders import DataFolder
from textinv_app.photos.intake import DecodedPhoto
from textinv_app.photos.prepare import (
    examine,
    photo_damaged,
    write_square_preview,
    write_thumbnail,
)
from textinv_app.photos.quality import Measurements, judge
from textinv_app.runs.atomic import atomic_write_json, fsync_directory

logger = logging.getLogger(__name__)


class PhotoFiles:
    """Keeps, derives and removes the files of photos."""

    def __init__(self, data: DataFolder) -> None:
        self._data = data

    def keep(self, concept_id: str, decoded: DecodedPhoto) -> Photo:
        """Move a clean photo into the concept and derive its small pictures; raises ``OSError``."""
        folder = self._data.photos(concept_id)
        folder.mkdir(exist_ok=True)
        photo_id, final = decoded.path.stem, folder / decoded.path.name
        decoded.path.replace(final)
        fsync_directory(folder)
        facts = examine(final)
        atomic_write_json(folder / f"{photo_id}.measured.json", asdict(facts.measurements))
        photo = Photo(
            photo_id=photo_id,
            display_name=decoded.display_name,
            file_name=final.name,
            width_pixels=decoded.width_pixels,
            height_pixels=decoded.height_pixels,
            crop=facts.square,
            notes=decoded.notes,
        )
        write_thumbnail(final, folder / thumbnail_name(photo))
        self.write_square(concept_id, photo)
        return photo

    def keep_own(self, concept_id: str, picture: Path) -> Photo:
        """Copy a picture that came with the program into the concept; raises ``OSError``."""
        folder = self._data.photos(concept_id)
        folder.mkdir(exist_ok=True)
        copy = folder / f"{secrets.token_hex(8)}.png"
        with Image.open(picture, formats=("WEBP", "PNG")) as image:
            image.convert("RGB").save(copy, "PNG")
            return self.keep(concept_id, DecodedPhoto(picture.stem, copy, *image.size))

    def write_square(self, concept_id: str, photo: Photo) -> None:
        """Write the small picture of the square that the model will see.

        Raises ``OSError``, and ``StorageFailed`` for a photo that can no longer be read.
        """
        folder = self._data.photos(concept_id)
        small = folder / square_name(photo.photo_id, photo.crop)
        with by_shown_names([photo]):
            write_square_preview(folder / photo.file_name, photo.crop, small)

    def remove_old_squares(self, concept_id: str, photo: Photo) -> None:
        """Remove the small pictures of squares that the photo had before."""
        folder = self._data.photos(concept_id)
        for path in folder.glob(f"{photo.photo_id}.square-*"):
            if path.name != square_name(photo.photo_id, photo.crop):
                path.unlink(missing_ok=True)

    def remove(self, concept_id: str, photo_id: str) -> None:
        """Remove all files of one photo."""
        folder = self._data.photos(concept_id)
        for path in folder.glob(f"{photo_id}.*"):
            path.unlink(missing_ok=True)
        fsync_directory(folder)

    def remove_all(self, concept_id: str) -> None:
        """Remove all files of all photos of a concept."""
        folder = self._data.photos(concept_id)
        for path in folder.iterdir():
            path.unlink(missing_ok=True)
        fsync_directory(folder)

    def judge_all(self, concept_id: str, photos: Sequence[Photo]) -> tuple[Photo, ...]:
        """Return the photos with their verdicts, each beside those that came before it.

        One that can no longer be read keeps its verdict, and stands beside none.
        """
        judged: list[Photo] = []
        earlier: list[tuple[str, str]] = []
        for photo in photos:
            measured = self._measurements(concept_id, photo)
            if measured is None:
                judged.append(photo)
                continue
            verdict = judge(measured, earlier, photo.crop.side)
            judged.append(
                photo.model_copy(update={"verdict": verdict.name, "verdict_other": verdict.other})
            )
            earlier.append((photo.display_name, measured.fingerprint))
        return tuple(judged)

    def _measurements(self, concept_id: str, photo: Photo) -> Measurements | None:
        path = self._data.photos(concept_id) / f"{photo.photo_id}.measured.json"
        try:
            return Measurements(**json.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            pass  # Of an older Petname, or damaged: measured again.
        try:
            facts = examine(self._data.photos(concept_id) / photo.file_name)
        except StorageFailed as error:
            logger.warning("a photo is not judged: %s", error)
            return None
        atomic_write_json(path, asdict(facts.measurements))
        return facts.measurements


@contextmanager
def by_shown_names(photos: Sequence[Photo]) -> Iterator[None]:
    """Let a stored photo that can no longer be read go by the name that the page shows."""
    try:
        yield
    except StorageFailed as error:
        for photo in photos:
            if photo.file_name == error.details.get("file_name"):
                raise photo_damaged(photo.display_name) from error
        raise


def thumbnail_name(photo: Photo) -> str:
    """Return the name of a photo's thumbnail."""
    return f"{photo.photo_id}.thumb.webp"


def square_name(photo_id: str, crop: SquareCrop) -> str:
    """Return the name of the small picture of a square; another square has another name."""
    return f"{photo_id}.square-{crop.left}-{crop.top}-{crop.side}.webp"
