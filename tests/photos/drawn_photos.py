"""Pictures made on the spot, so that the tests need no photo from elsewhere."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw


def draw_animal(width: int = 320, height: int = 240, seed: int = 0) -> Image.Image:
    """Draw something with a clear top, left and right, and with texture that counts as sharp."""
    generator = np.random.default_rng(seed)
    noise = generator.integers(0, 40, size=(height, width, 3), dtype=np.uint8)
    image = Image.fromarray(noise + 90)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width, height // 6), fill=(80, 150, 240))
    draw.rectangle((0, height // 6, width // 8, height), fill=(200, 40, 40))
    middle_x, middle_y, radius = width // 2, height // 2, min(width, height) // 4
    box = (middle_x - radius, middle_y - radius, middle_x + radius, middle_y + radius)
    draw.ellipse(box, fill=(230, 160, 60), outline=(20, 20, 20), width=3)
    draw.ellipse((middle_x, middle_y - radius // 2, middle_x + 12, middle_y), fill=(0, 0, 0))
    return image


def mean_difference(first: Image.Image, second: Image.Image) -> float:
    """Mean absolute difference of two pictures of one size, in levels of 255."""
    assert first.size == second.size
    a, b = (np.asarray(image.convert("RGB"), dtype=np.float64) for image in (first, second))
    return float(np.abs(a - b).mean())
