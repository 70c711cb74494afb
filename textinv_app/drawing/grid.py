"""One picture of a whole comparison: a column for each way of drawing, a row for each seed."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

_PAPER = (255, 253, 247)
_INK = (40, 36, 51)
_MIN_SIDE_PIXELS = 192
"""Smaller pictures are doubled until titles and details can be seen."""


def draw_grid(columns: Sequence[tuple[str, Sequence[Image.Image]]]) -> Image.Image:
    """Return the comparison as one RGB picture; all pictures are squares of one size.

    Each column is given with its title, and may have fewer pictures than the others. Raises
    ``ValueError`` without a picture.
    """
    side = max((picture.width for _, column in columns for picture in column), default=0)
    if not side:
        raise ValueError("a grid needs a picture")
    scale = 1
    while side * scale < _MIN_SIDE_PIXELS:
        scale *= 2
    side *= scale
    gap = max(8, side // 24)
    title = max(20, side // 9)
    num_rows = max(len(column) for _, column in columns)
    size = (len(columns) * (side + gap) + gap, title + num_rows * (side + gap) + 2 * gap)
    grid = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(grid)
    font = ImageFont.load_default(size=title * 3 // 4)
    for number, (heading, column) in enumerate(columns):
        left = gap + number * (side + gap)
        pen.text((left + side / 2, gap), heading, fill=_INK, font=font, anchor="ma")
        for row, picture in enumerate(column):
            enlarged = picture.resize((side, side), Image.Resampling.LANCZOS)
            grid.paste(enlarged, (left, 2 * gap + title + row * (side + gap)))
    return grid
