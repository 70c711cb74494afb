"""Pictures of a kit: drawn ones only, encoded anew, so that nothing else comes along."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

_JPEG_QUALITY = 86


def png_of(path: Path, notes: Mapping[str, str] | None = None) -> bytes:
    """Return a picture as PNG, at its full size, with text chunks by which programs know it.

    The same for the same picture. Raises ``OSError`` where it cannot be read.
    """
    info = PngInfo()
    for key in sorted(notes or {}):
        info.add_text(key, (notes or {})[key])
    with Image.open(path) as picture:
        buffer = io.BytesIO()
        picture.convert("RGB").save(buffer, "PNG", pnginfo=info, compress_level=6)
    return buffer.getvalue()


def jpeg_of(path: Path, side_pixels: int) -> bytes:
    """Return a picture as JPEG for the guide, at most ``side_pixels`` wide and high.

    Small pictures, as Crayon draws them, are enlarged smoothly. Raises ``OSError``.
    """
    with Image.open(path) as picture:
        rgb = picture.convert("RGB")
    scale = side_pixels / max(rgb.size)
    size = (max(1, round(rgb.width * scale)), max(1, round(rgb.height * scale)))
    buffer = io.BytesIO()
    rgb.resize(size, Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
