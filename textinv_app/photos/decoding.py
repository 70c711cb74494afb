"""One received picture to clean pixels: upright, sRGB, on white, at most 2048 px, nothing hidden.

Runs only inside the decoding child (``decode_child``): Pillow's settings are changed here for the
whole process, and the decoders see bytes that a stranger chose.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from textinv_app.errors import Detail
from textinv_app.photos import limits
from textinv_app.photos.sniffing import HEAD_BYTES, PictureKind, sniff, webp_size

# The JPEG plugin opens MPO (two JPEGs in one file) by itself and gives its first picture.
PILLOW_FORMATS: dict[PictureKind, tuple[str, ...]] = {
    "jpeg": ("JPEG",),
    "png": ("PNG",),
    "gif": ("GIF",),
    "webp": ("WEBP",),
    "heif": ("HEIF",),
    "avif": ("AVIF",),
}
# Named here because Pillow imports a plugin when a file asks for it, and then knows no other.
_PLUGINS = (
    AvifImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)
_FIRST_FRAME_KINDS = frozenset({"gif", "webp", "png", "avif"})
_PARTLY_DECODED_KINDS = frozenset({"jpeg", "png", "gif"})
_LOSSLESS_KINDS = frozenset({"png", "gif"})
# What Pillow's decoders raise on damaged files, found by feeding them mutated pictures.
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    RuntimeError,
    struct.error,
    Image.DecompressionBombError,
)
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_JPEG_GREY = frozenset({127, 128})
"""What the JPEG decoder puts in the place of data that is not there, in every colour space."""


class Refused(Exception):
    """The picture is not taken; holds the code and the blanks of its sentence."""

    def __init__(self, code: str, **details: Detail) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


def prepare_process() -> None:
    """Set Pillow's own limits and register HEIF; for the child alone, as it changes the process."""
    import pillow_heif

    pillow_heif.options.THUMBNAILS = False
    pillow_heif.options.DEPTH_IMAGES = False
    pillow_heif.options.AUX_IMAGES = False
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener()
    PngImagePlugin.MAX_TEXT_CHUNK = limits.MAX_TEXT_CHUNK_BYTES
    PngImagePlugin.MAX_TEXT_MEMORY = 8 * limits.MAX_TEXT_CHUNK_BYTES
    # Sizes are checked by ``_check_size``; this is the second lock, for frames inside a file.
    Image.MAX_IMAGE_PIXELS = limits.MAX_JPEG_PIXELS


def decode(source: Path) -> tuple[Image.Image, bool, list[str]]:
    """Return a fresh image (RGB, no metadata), whether to keep it lossless, and note codes.

    Raises ``Refused`` with the reason; ``MemoryError`` where the child's limit is reached.
    """
    with source.open("rb") as file:
        head = file.read(HEAD_BYTES)
    kind = sniff(head)
    if kind not in PILLOW_FORMATS:
        raise Refused("photo.not_a_picture" if kind == "zip" else f"photo.{kind}")
    source_bytes = source.stat().st_size
    if kind == "webp" and (size := webp_size(head)):
        _check_size(size, kind, source_bytes)
    notes: list[str] = []
    image = _load(source, kind, source_bytes, notes)
    if _is_animated(source, kind):
        notes.append("note.first_frame")
    try:
        upright = _finish(image, kind, notes)
    except DECODER_ERRORS as error:
        raise Refused("photo.damaged") from error
    lossless = kind in _LOSSLESS_KINDS and (
        upright.width * upright.height <= limits.MAX_LOSSLESS_STORED_PIXELS
    )
    return upright, lossless, notes


def _check_size(size: tuple[int, int], kind: str, source_bytes: int) -> None:
    width, height = size
    pixels = width * height
    limit = limits.MAX_JPEG_PIXELS if kind == "jpeg" else limits.MAX_PIXELS
    megapixels = max(1, round(pixels / 1e6))
    if min(size) < limits.MIN_SIDE_PIXELS:
        minimum = limits.MIN_SIDE_PIXELS
        raise Refused("photo.too_small", width=width, height=height, limit_pixels=minimum)
    if pixels <= limit:
        return
    if pixels > limits.BOMB_PIXELS or pixels > limits.BOMB_PIXELS_PER_BYTE * source_bytes:
        raise Refused("photo.bomb", megapixels=megapixels)
    limit_megapixels = limit // 1_000_000
    raise Refused("photo.too_large", megapixels=megapixels, limit_megapixels=limit_megapixels)


def _load(source: Path, kind: PictureKind, source_bytes: int, notes: list[str]) -> Image.Image:
    """Decode fully; a picture that broke off near its end is taken, with a note.

    Not one stored in passes: what it lacks is missing everywhere, not at the bottom.
    """
    try:
        return _open(source, kind, source_bytes)
    except DECODER_ERRORS as error:
        if kind not in _PARTLY_DECODED_KINDS:
            raise Refused("photo.damaged") from error
        first_error = error
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        image = _open(source, kind, source_bytes)
        in_passes = _is_in_passes(source, kind)
    except DECODER_ERRORS as error:
        raise Refused("photo.damaged") from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    if in_passes:
        raise Refused("photo.damaged") from first_error
    missing = _missing_fraction(image, kind)
    if missing > limits.MAX_MISSING_FRACTION:
        percent = max(1, round(100 * missing))
        raise Refused("photo.broken_off", missing_percent=percent) from first_error
    if missing > 0 or kind == "jpeg":  # a whole PNG may have nothing wrong but an odd text chunk
        notes.append("note.incomplete")
    return image


def _open(source: Path, kind: PictureKind, source_bytes: int) -> Image.Image:
    try:
        image = Image.open(source, formats=PILLOW_FORMATS[kind])
    except Image.DecompressionBombError as error:
        raise Refused("photo.bomb", megapixels=_claimed_megapixels(str(error))) from error
    except UnidentifiedImageError as error:
        raise Refused("photo.damaged") from error
    _check_size(image.size, kind, source_bytes)
    if kind == "jpeg":
        # Decodes at 1/2, 1/4 or 1/8 in the frequency domain: memory and time of a small photo.
        image.draft(None, (limits.MAX_STORED_SIDE_PIXELS, limits.MAX_STORED_SIDE_PIXELS))
    image.load()
    return image


def _is_in_passes(source: Path, kind: PictureKind) -> bool:
    """Whether the whole picture comes coarse first, then finer (progressive, interlaced)."""
    # Opened anew, because a GIF says so only until it is decoded.
    with Image.open(source, formats=PILLOW_FORMATS[kind]) as image:
        if kind == "gif":
            decoder_settings: Any = image.tile[0].args
            return bool(decoder_settings[1])
        return "progressive" in image.info or "interlace" in image.info


def _is_animated(source: Path, kind: PictureKind) -> bool:
    if kind not in _FIRST_FRAME_KINDS:
        return False
    try:
        # Opened anew, because looking for a second picture moves away from the first.
        with Image.open(source, formats=PILLOW_FORMATS[kind]) as image:
            return bool(getattr(image, "is_animated", False))
    except DECODER_ERRORS:
        return False  # the first picture has been read, and what follows it is not wanted


def _claimed_megapixels(sentence: str) -> int:
    digits = "".join(character if character.isdigit() else " " for character in sentence).split()
    return round(int(digits[0]) / 1e6) if digits else 0


def _missing_fraction(image: Image.Image, kind: PictureKind) -> float:
    """Share of the rows at the bottom that are as a decoder leaves rows it has no data for."""
    fill = _fill_levels(image, kind)
    width, height = image.size
    row = height
    while row > 0 and _levels(image.crop((0, row - 1, width, row))) <= fill:
        row -= 1
    return (height - row) / height


def _fill_levels(image: Image.Image, kind: PictureKind) -> frozenset[int]:
    """Return the levels of rows without data, found by breaking off pictures of every kind."""
    if kind == "jpeg" and _levels(image) != {0}:
        return _JPEG_GREY
    # New memory is black; a GIF begins as the colour that stands for transparent.
    return frozenset({image.info.get("transparency", 0) if kind == "gif" else 0})


def _levels(image: Image.Image) -> set[int]:
    """Return the lowest and the highest level of every channel, or of the indices of a palette."""
    extrema: Any = image.getextrema()
    channels = extrema if len(image.getbands()) > 1 else [extrema]
    return {level for channel in channels for level in channel}


def _finish(image: Image.Image, kind: PictureKind, notes: list[str]) -> Image.Image:
    orientation = 1 if kind == "heif" else _orientation(image)  # libheif has turned it already
    picture = _eight_bit(image)
    longest = max(picture.size)
    if longest > limits.MAX_STORED_SIDE_PIXELS:
        scale = limits.MAX_STORED_SIDE_PIXELS / longest
        size = tuple(max(1, round(side * scale)) for side in picture.size)
        picture = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS, reducing_gap=3.0)
    picture = _to_srgb(picture, image.info.get("icc_profile"))
    if picture.mode == "RGBA":
        lowest_alpha: Any = picture.getchannel("A").getextrema()[0]
        if lowest_alpha < 255:
            notes.append("note.transparent")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    picture = picture.convert("RGB")
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    # A fresh image: whatever the file carried (EXIF, XMP, comments) stays behind with the old one.
    return Image.frombytes("RGB", picture.size, picture.tobytes())


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except DECODER_ERRORS:
        return 1  # camera data that cannot be read says nothing about the way up
    return value if isinstance(value, int) else 1


def _eight_bit(image: Image.Image) -> Image.Image:
    """Return the picture as L, RGB, RGBA or CMYK with 8 bits."""
    if image.mode in {"I", "I;16", "I;16B", "I;16L", "I;16N"}:
        # Pillow's own conversion clips everything above 255 to white.
        return image.convert("I").point(lambda level: level * (1 / 257) + 0.5).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in {"L", "RGB", "CMYK"}:
        return image
    return image.convert("L" if image.mode in {"1", "LA"} else "RGB")


def _to_srgb(picture: Image.Image, profile: object) -> Image.Image:
    """Convert colours by the embedded profile; without a usable one they are taken as sRGB."""
    if not isinstance(profile, bytes) or not 0 < len(profile) <= limits.MAX_PROFILE_BYTES:
        return picture
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    colours = picture.convert("RGB") if alpha is not None else picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return picture
        converted = ImageCms.profileToProfile(
            colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture
    if converted is None:
        return picture
    if alpha is not None:
        converted.putalpha(alpha)
    return converted
