"""The prepared photos of a run: ``dataset/dataset.json`` beside ``000.png``, ``001.png``, ..."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from textinv_app.domain.concept import Value


class DatasetPicture(Value):
    """One square training picture and the photo it was cut from."""

    file_name: str
    """``000.png`` and so on, inside the dataset folder."""
    photo_id: str


class Dataset(Value):
    """What lies in a run's dataset folder; written last, so its presence means all is there."""

    format_version: Literal[1] = 1
    resolution_pixels: int = Field(ge=1)
    """Side of every picture."""
    mirror_allowed: bool = False
    """Whether the trainer may use mirrored copies; none are stored."""
    pictures: tuple[DatasetPicture, ...]
