"""Drawn pictures as files."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from textinv_app.formats.metadata import MAX_THUMBNAIL_BYTES
from textinv_app.runs.atomic import atomic_write_bytes

THUMBNAIL_PIXELS = 256


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write a drawn picture as WebP, atomically; raises ``OSError``."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "WEBP", quality=92, method=4)
    atomic_write_bytes(path, buffer.getvalue())


def thumbnail_jpeg(picture: Image.Image) -> bytes:
    """Return a small JPEG that fits into a file's metadata."""
    small = picture.convert("RGB")
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), Image.Resampling.LANCZOS)
    for quality in (85, 70, 50, 30):
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= MAX_THUMBNAIL_BYTES:
            return buffer.getvalue()
    return b""
