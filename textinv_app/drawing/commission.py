"""One drawing from its request to its outcome, in its own directory."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from textinv_app.domain.drawing import (
    DrawingColumn,
    DrawingOutcome,
    DrawingProgress,
    DrawingRequest,
    DrawnPicture,
)
from textinv_app.drawing.artist import Artist, DrawingTask
from textinv_app.drawing.grid import draw_grid
from textinv_app.drawing.likeness import LikenessJudge
from textinv_app.runs.atomic import atomic_write_bytes, atomic_write_text

logger = logging.getLogger("petname.drawing")

WRITE_EVERY_SECONDS = 0.25
_LOADING_SHARE = 0.05
"""Share of the progress bar for what happens before the first step."""
_WEBP_QUALITY = 95


def read_request(folder: Path) -> DrawingRequest:
    """Read what is to be drawn; raises ``OSError`` or ``pydantic.ValidationError``."""
    return DrawingRequest.model_validate_json((folder / "request.json").read_bytes())


def write_outcome(folder: Path, outcome: DrawingOutcome) -> None:
    """Write how a drawing ended; raises ``OSError``."""
    atomic_write_text(folder / "outcome.json", outcome.model_dump_json(indent=1))


class Commission:
    """A drawing being drawn: keeps its progress file true."""

    def __init__(self, folder: Path, request: DrawingRequest) -> None:
        self._folder = folder
        self._request = request
        self._pictures: list[DrawnPicture] = []
        self._drawn: list[tuple[DrawingColumn, list[Image.Image]]] = []
        self._last_write = float("-inf")

    @property
    def pictures(self) -> tuple[DrawnPicture, ...]:
        """The pictures that are finished."""
        return tuple(self._pictures)

    def draw(self, artist: Artist, judge: LikenessJudge | None) -> None:
        """Draw every column and the grid; raises ``PetnameError`` or ``OSError``."""
        photos = _open_photos(self._request.reference_photos)
        for number, column in enumerate(self._request.columns):
            self.note(number, 0.0, always=True)
            self._draw_column(artist, judge, photos, number, column)
        titles = self._request.titles
        grid = draw_grid([(titles.get(one.name, one.name), drawn) for one, drawn in self._drawn])
        _write_webp(grid, self._folder / "grid.webp")

    def note(self, column: int, fraction: float, always: bool = False) -> None:
        """Write down how far the drawing is.

        ``fraction`` is the share of the column with this number. Raises ``OSError``.
        """
        now = time.monotonic()
        if not always and now - self._last_write < WRITE_EVERY_SECONDS:
            return
        self._last_write = now
        done = (column + fraction) / len(self._request.columns)
        progress = DrawingProgress(
            fraction=round(_LOADING_SHARE + (1 - _LOADING_SHARE) * done, 4), pictures=self.pictures
        )
        atomic_write_text(self._folder / "progress.json", progress.model_dump_json())

    def _draw_column(
        self,
        artist: Artist,
        judge: LikenessJudge | None,
        photos: Sequence[Image.Image],
        number: int,
        column: DrawingColumn,
    ) -> None:
        request = self._request
        task = DrawingTask(
            prompt=column.prompt,
            negative_prompt=column.negative_prompt,
            seeds=tuple((request.seed + row) % 2**32 for row in range(request.num_images)),
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
            resolution_pixels=request.resolution_pixels,
        )
        artist.wear(column.worn)
        try:
            pictures = artist.draw(task, lambda fraction: self.note(number, fraction))
        finally:
            artist.undress()
        scores: Sequence[float | None] = [None] * len(pictures)
        if judge is not None and photos and column.measured:
            scores = [round(score, 1) for score in judge.likeness(pictures, photos)]
        for row, (picture, score) in enumerate(zip(pictures, scores, strict=True)):
            name = f"{column.name}-{row}.webp"
            _write_webp(picture, self._folder / name)
            self._pictures.append(
                DrawnPicture(column=column.name, index=row, file_name=name, likeness=score)
            )
        self._drawn.append((column, pictures))
        self.note(number, 1.0, always=True)


def _open_photos(paths: Sequence[str]) -> list[Image.Image]:
    """Open the reference photos; one that was removed meanwhile is passed over."""
    photos = []
    for path in paths:
        try:
            with Image.open(path) as image:
                photos.append(image.convert("RGB"))
        except OSError as error:
            logger.warning("a reference photo cannot be opened: %s", error)
    return photos


def _write_webp(picture: Image.Image, path: Path) -> None:
    encoded = io.BytesIO()
    picture.save(encoded, "WEBP", quality=_WEBP_QUALITY, method=4)
    atomic_write_bytes(path, encoded.getvalue())
