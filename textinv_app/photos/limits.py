"""How much of a received file Petname is willing to look at, in the parent and in the child."""

from __future__ import annotations

MEGABYTE = 1_000_000

MAX_PHOTO_BYTES = 40 * MEGABYTE
"""Largest photo file, alone or inside an archive."""
MAX_JPEG_PIXELS = 220_000_000
"""JPEGs are decoded at a fraction of their size, so the 200 megapixels of a phone are cheap."""
MAX_PIXELS = 50_000_000
"""Largest picture of every other format, which can only be decoded whole."""
BOMB_PIXELS = 500_000_000
"""No camera makes more; a file that claims so is meant to fill the memory."""
BOMB_PIXELS_PER_BYTE = 200
"""A photo holds 1 to 20 pixels in a byte; a flat picture made to fill the memory holds far more."""
MIN_SIDE_PIXELS = 64
"""Below this nothing can be learnt, so the photo is refused rather than warned about."""
MAX_STORED_SIDE_PIXELS = 2048
"""Longest side kept; twice what the largest model sees."""
MAX_LOSSLESS_STORED_PIXELS = 1_100_000
"""Drawings up to this size stay lossless; larger ones would fill the disk."""
MAX_MISSING_FRACTION = 0.05
"""Share of the rows that may be missing at the end of a photo that broke off."""
MAX_PROFILE_BYTES = 4 * MEGABYTE
"""Largest colour profile read."""
MAX_TEXT_CHUNK_BYTES = 1 << 20
"""Largest text of a PNG after unpacking."""

MAX_ARCHIVE_BYTES = 400 * MEGABYTE
"""Largest archive file."""
MAX_ARCHIVE_ENTRIES = 300
MAX_ARCHIVE_TOTAL_BYTES = 400 * MEGABYTE
"""Largest sum of all unpacked files of one archive."""
MAX_ARCHIVE_RATIO = 100
"""Unpacked to packed size; photos hardly shrink, so more is made to fill the disk."""
ARCHIVE_RATIO_FLOOR_BYTES = 1 << 20
"""Files smaller than this may shrink as much as they like: they are harmless and often notes."""
MAX_DIRECTORY_BYTES = 1 << 20
"""Largest table of contents of an archive; 300 names need a twentieth of it."""

CHILD_MEMORY_BYTES = 1_500 * MEGABYTE
"""Address space of the decoding child."""
SECONDS_PER_PHOTO = 20
"""Processor time, and wall time, that one photo may take."""
