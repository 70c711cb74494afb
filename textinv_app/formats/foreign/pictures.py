"""Embeddings that travel in pictures, as AUTOMATIC1111 writes them.

Either a PNG has a text chunk ``sd-ti-embedding`` (base64 of JSON), or the JSON lies, compressed, in
the lower four bits of two blocks of pixels left and right of the picture, each set off by a black
column: the lower halves of the bytes on the left, the upper on the right, both xor'ed with the
numbers of a generator (``modules/textual_inversion/image_embedding.py`` describes the layout).
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, WebPImagePlugin

from textinv_app.formats.foreign import limits
from textinv_app.formats.foreign.refusals import refusal

_TEXT_KEY = "sd-ti-embedding"
_MULTIPLIER, _INCREMENT, _REMAINDER_OF = 1_664_525, 1_013_904_223, 255
_FORMATS = (PngImagePlugin.PngImageFile.format, WebPImagePlugin.WebPImageFile.format)
_BROKEN = (OSError, SyntaxError, ValueError)
"""What Pillow raises on pictures that are damaged or built to mislead."""


def prepare_pictures() -> None:
    """Load what Pillow would otherwise load when it opens its first picture."""
    Image.preinit()
    PngImagePlugin.MAX_TEXT_CHUNK = limits.MAX_JSON_BYTES * 2
    PngImagePlugin.MAX_TEXT_MEMORY = limits.MAX_JSON_BYTES * 2


def read_picture(data: bytes) -> object:
    """Return the JSON value that a PNG or WebP carries, with tables of numbers as nested lists.

    Raises ``FileRefused`` when it carries none or too long a one, and ``MemoryError``.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            text = image.info.get(_TEXT_KEY)
            if not isinstance(text, str):
                if image.width * image.height > limits.MAX_PICTURE_PIXELS:
                    raise refusal("file.picture")
                pixels = np.asarray(image.convert("RGB"))
                # A text chunk may also stand behind the pixels.
                text = image.info.get(_TEXT_KEY)
    except Image.DecompressionBombError as error:
        raise refusal("file.picture") from error
    except _BROKEN as error:
        raise refusal("file.damaged", reason="the picture cannot be opened") from error
    if isinstance(text, str):
        return _parse(_from_base64(text))
    return _parse(_unpack(_hidden_bytes(pixels)))


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii", "replace"))
    except binascii.Error as error:
        raise refusal("file.damaged", reason="the text in the picture is broken") from error


def _hidden_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """Return what is written into the pixels ``[height, width, 3]``; refuses a plain picture."""
    low = _without_black_border(pixels) & 0x0F
    (black_columns,) = np.nonzero(np.max(low, axis=(0, 2)) == 0)
    if len(black_columns) < 2:
        raise refusal("file.picture")
    left, right = low[:, : black_columns[0]], low[:, black_columns[-1] + 1 :]
    if left.shape != right.shape or left.size == 0:
        raise refusal("file.picture")
    noise = _noise(left.size).reshape(left.shape)
    return (((right ^ noise) << 4) | (left ^ noise)).tobytes()


def _without_black_border(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    coloured = np.min(pixels, axis=2)
    (rows,), (columns,) = (np.nonzero(np.max(coloured, axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise refusal("file.picture")
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _noise(count: int) -> NDArray[np.uint8]:
    """Return the first numbers, four bits each, of the linear congruential generator from 0."""
    powers = np.full(count, _MULTIPLIER, dtype=np.uint32)
    powers[:1] = 1
    np.multiply.accumulate(powers, dtype=np.uint32, out=powers)
    # The n-th state is the increment times the sum of the first n powers of the multiplier.
    np.add.accumulate(powers, dtype=np.uint32, out=powers)
    powers *= np.uint32(_INCREMENT)
    powers %= np.uint32(_REMAINDER_OF)
    return powers.astype(np.uint8) & np.uint8(0x0F)


def _unpack(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(packed, limits.MAX_JSON_BYTES)
    except zlib.error as error:
        # Any picture with two black columns comes here: there was nothing in it.
        raise refusal("file.picture") from error
    if not unpacker.eof:
        raise refusal("file.damaged", reason="what is hidden in the picture has no end")
    return text


def _parse(text: bytes) -> object:
    if len(text) > limits.MAX_JSON_BYTES:
        raise refusal("file.damaged", reason="the text in the picture is too long")
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise refusal("file.damaged", reason="the text in the picture is broken") from error
    return value
