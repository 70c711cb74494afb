"""A brush: filled smooth shapes in local coordinates on a Pillow image."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from textinv_app.crayon.palette import Rgb, darker

Points = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]


@functools.lru_cache(maxsize=1)
def _unit_circle() -> Points:
    angles = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def ellipse(
    centre: tuple[float, float], radii: tuple[float, float], degrees: float = 0.0
) -> Points:
    """Return the outline of an ellipse, turned clockwise by an angle, as `(40, 2)` points."""
    points = _unit_circle() * np.array(radii)
    if degrees:
        turn = math.radians(degrees)
        rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        points = points @ rotation
    return np.asarray(points + np.array(centre))


@functools.lru_cache(maxsize=2)
def _spline_weights(steps: int) -> Points:
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    return np.concatenate(
        [
            -0.5 * t + t**2 - 0.5 * t**3,
            1 - 2.5 * t**2 + 1.5 * t**3,
            0.5 * t + 2 * t**2 - 1.5 * t**3,
            -0.5 * t**2 + 0.5 * t**3,
        ],
        axis=1,
    )


def smooth(corners: list[tuple[float, float]]) -> Points:
    """Return a closed smooth curve through the corners (Catmull-Rom), eight points a corner."""
    knots = np.array(corners, dtype=np.float64)
    weights = _spline_weights(8)
    before, after, beyond = np.roll(knots, 1, 0), np.roll(knots, -1, 0), np.roll(knots, -2, 0)
    stacked = np.stack([before, knots, after, beyond], axis=1)
    return np.asarray((weights @ stacked).reshape(-1, 2))


def mirrored(points: Points) -> Points:
    """Return the shape reflected left to right about the local origin."""
    return np.asarray(points * np.array([-1.0, 1.0]))


@dataclasses.dataclass(frozen=True)
class Spot:
    """A shape painted on a coat, in the local coordinates of the coated part."""

    points: Points
    colour: Rgb


@dataclasses.dataclass(frozen=True)
class Coat:
    """What covers a part: its colour, what is painted on it, and how strongly it is shaded."""

    colour: Rgb
    spots: tuple[Spot, ...] = ()
    shade: float = 0.22


class Brush:
    """Draws on one image in local coordinates; children share the image and move the frame."""

    def __init__(self, image: Image.Image, matrix: Matrix | None = None) -> None:
        """Draw on the image; without a matrix, local coordinates run from 0 to 1 across it."""
        self.image = image
        self.draw = ImageDraw.Draw(image)
        size = image.width
        self.matrix = np.array([[size, 0.0, 0.0], [0.0, size, 0.0]]) if matrix is None else matrix
        self.scale = math.sqrt(
            abs(self.matrix[0, 0] * self.matrix[1, 1] - self.matrix[0, 1] * self.matrix[1, 0])
        )

    def at(
        self,
        centre: tuple[float, float],
        scale: float | tuple[float, float] = 1.0,
        degrees: float = 0.0,
    ) -> Brush:
        """Return a brush whose origin lies at `centre`, scaled (negative x mirrors) and turned."""
        across, down = scale if isinstance(scale, tuple) else (scale, scale)
        turn = math.radians(degrees)
        local = np.array(
            [
                [math.cos(turn) * across, -math.sin(turn) * down, centre[0]],
                [math.sin(turn) * across, math.cos(turn) * down, centre[1]],
                [0.0, 0.0, 1.0],
            ]
        )
        outer = np.vstack([self.matrix, [0.0, 0.0, 1.0]])
        return Brush(self.image, (outer @ local)[:2])

    def pixels(self, points: Points) -> Points:
        """Return the points in pixels of the image."""
        return np.asarray(points @ self.matrix[:, :2].T + self.matrix[:, 2])

    def fill(self, points: Points, colour: Rgb) -> None:
        """Fill a closed shape with one colour."""
        self.draw.polygon([tuple(p) for p in self.pixels(points).tolist()], fill=colour)

    def stroke(self, points: Points, colour: Rgb, width: float) -> None:
        """Draw an open line; `width` in local units."""
        pixel_width = max(1, round(width * self.scale))
        corners = [tuple(p) for p in self.pixels(points).tolist()]
        self.draw.line(corners, fill=colour, width=pixel_width, joint="curve")

    def veil(self, points: Points, colour: Rgb, opacity: float) -> None:
        """Fill a closed shape with a see-through colour; `opacity` 0..1."""
        placed = self._placed(self.pixels(points))
        if placed is None:
            return
        origin, size, corners = placed
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).polygon(corners, fill=round(opacity * 255))
        self.image.paste(colour, (*origin, origin[0] + size[0], origin[1] + size[1]), mask)

    def part(self, points: Points, coat: Coat, outline: float = 0.011) -> None:
        """Draw a furred part: its coat clipped to it, a shaded rim away from the light, a line.

        `outline` is the width of the line as a share of the picture's width.
        """
        pixels = self.pixels(points)
        placed = self._placed(pixels)
        if placed is None:
            return
        origin, size, corners = placed
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).polygon(corners, fill=255)
        tile = Image.new("RGB", size, coat.colour)
        pen = ImageDraw.Draw(tile)
        for spot in coat.spots:
            where = self.pixels(spot.points) - np.array(origin)
            pen.polygon([tuple(p) for p in where.tolist()], fill=spot.colour)
        if coat.shade:
            self._shade(tile, corners, coat.shade)
        self.image.paste(tile, origin, mask)
        if outline:
            closed = [tuple(p) for p in np.concatenate([pixels, pixels[:1]]).tolist()]
            width = max(1, round(outline * self.image.width))
            self.draw.line(closed, fill=darker(coat.colour, 0.55), width=width, joint="curve")

    def _shade(self, tile: Image.Image, corners: list[tuple[float, float]], depth: float) -> None:
        across, down = tile.size
        shift = (-0.07 * across, -0.09 * down)
        dark = Image.new("L", tile.size, round(depth * 255))
        lit = [(x + shift[0], y + shift[1]) for x, y in corners]
        ImageDraw.Draw(dark).polygon(lit, fill=0)
        tile.paste((38, 20, 60), (0, 0, across, down), dark)

    def _placed(
        self, pixels: Points
    ) -> tuple[tuple[int, int], tuple[int, int], list[tuple[float, float]]] | None:
        low = np.floor(pixels.min(0)).astype(int)
        high = np.ceil(pixels.max(0)).astype(int) + 1
        low = np.maximum(low, 0)
        high = np.minimum(high, np.array([self.image.width, self.image.height]))
        if (high <= low).any():
            return None
        origin = (int(low[0]), int(low[1]))
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        return origin, size, [tuple(p) for p in (pixels - low).tolist()]
