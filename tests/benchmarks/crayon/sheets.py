"""Sheets of pictures: rows of small drawings with a word before each, as WebP."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIDE_PIXELS = 96
_LABEL_PIXELS = 120
_GAP_PIXELS = 4


@dataclasses.dataclass(frozen=True)
class SheetRow:
    """A label, and the strip of square pictures behind it."""

    label: str
    strip: Path


@dataclasses.dataclass(frozen=True)
class Layout:
    """How the rows are laid out."""

    columns: int = 8
    """Pictures of a row; more are left out."""
    panels: int = 1
    """Columns of rows, side by side."""
    group: int = 1
    """Rows that stay together in one panel."""


def write_sheet(rows: Sequence[SheetRow], path: Path, layout: Layout) -> None:
    """Write the rows whose pictures are there; none makes no sheet."""
    rows = [row for row in rows if row.strip.exists()]
    if not rows:
        return
    cell = SIDE_PIXELS + _GAP_PIXELS
    depth = math.ceil(len(rows) / layout.panels / layout.group) * layout.group
    panel_width = _LABEL_PIXELS + layout.columns * cell
    width = math.ceil(len(rows) / depth) * panel_width
    sheet = Image.new("RGB", (width, depth * cell), "white")
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=12)
    for index, row in enumerate(rows):
        left, top = index // depth * panel_width, index % depth * cell
        pen.multiline_text((left + 4, top + 6), _wrapped(row.label), fill=(50, 40, 45), font=font)
        for column, picture in enumerate(_pictures(row.strip)[: layout.columns]):
            small = picture.resize((SIDE_PIXELS, SIDE_PIXELS), Image.Resampling.LANCZOS)
            sheet.paste(small, (left + _LABEL_PIXELS + column * cell, top))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, quality=72, method=6)


def _pictures(strip: Path) -> list[Image.Image]:
    with Image.open(strip) as opened:
        pixels = opened.convert("RGB")
    side = pixels.height
    return [pixels.crop((left, 0, left + side, side)) for left in range(0, pixels.width, side)]


def _wrapped(label: str, characters: int = 18) -> str:
    lines = [""]
    for word in label.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > characters:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines[:6])
