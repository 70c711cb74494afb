"""What a file is by its first bytes; its name and what the browser said count for nothing."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

HEAD_BYTES = 1024
"""How many first bytes ``sniff`` wants to see."""

PictureKind = Literal["jpeg", "png", "gif", "webp", "heif", "avif"]
OtherKind = Literal[
    "empty",
    "zip",
    "svg",
    "web_page",
    "text",
    "pdf",
    "video",
    "other_picture",
    "other_archive",
    "not_a_picture",
]
FileKind = PictureKind | OtherKind

PICTURE_KINDS: frozenset[str] = frozenset({"jpeg", "png", "gif", "webp", "heif", "avif"})

_PREFIXES: tuple[tuple[bytes, FileKind], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"%PDF-", "pdf"),
    (b"II*\x00", "other_picture"),
    (b"MM\x00*", "other_picture"),
    (b"BM", "other_picture"),
    (b"8BPS", "other_picture"),
    (b"\xff\x0a", "other_picture"),
    (b"\x00\x00\x00\x0cJXL ", "other_picture"),
    (b"\x00\x00\x00\x0cjP  ", "other_picture"),
    (b"\xff\x4f\xff\x51", "other_picture"),
    (b"\x1a\x45\xdf\xa3", "video"),
    (b"Rar!", "other_archive"),
    (b"7z\xbc\xaf\x27\x1c", "other_archive"),
    (b"\x1f\x8b", "other_archive"),
    (b"BZh", "other_archive"),
    (b"\xfd7zXZ", "other_archive"),
)
_RIFF_KINDS: Mapping[bytes, FileKind] = MappingProxyType({b"WEBP": "webp", b"AVI ": "video"})
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"miaf"}
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})


def sniff(head: bytes) -> FileKind:
    """Return the kind of a file from its first ``HEAD_BYTES`` bytes."""
    if not head:
        return "empty"
    for prefix, kind in _PREFIXES:
        if head.startswith(prefix):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF_KINDS.get(head[8:12], "not_a_picture")
    if head[4:8] == b"ftyp":
        return _sniff_boxes(head)
    return _sniff_text(head)


def _sniff_boxes(head: bytes) -> FileKind:
    # ISO/IEC 14496-12: size, "ftyp", major brand, minor version, compatible brands.
    box_bytes = min(struct.unpack(">I", head[:4])[0], len(head))
    brands = {head[8:12]} | {head[start : start + 4] for start in range(16, box_bytes - 3, 4)}
    if brands & _AVIF_BRANDS:
        return "avif"
    return "heif" if brands & _HEIF_BRANDS else "video"


def _sniff_text(head: bytes) -> FileKind:
    if b"\x00" in head:
        return "not_a_picture"
    text = head.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n").lower()
    if text.count("\ufffd") > len(text) // 20 + 1:
        return "not_a_picture"
    if "<svg" in text:
        return "svg"
    markers = ("<!doctype html", "<html", "<head", "<body", "<script")
    return "web_page" if text.startswith(markers) else "text"


def webp_size(head: bytes) -> tuple[int, int] | None:
    """Return width and height of a WebP from its first 30 bytes, or None where they are missing.

    The decoder reserves the whole canvas as soon as it is opened, so the size is read before.
    """
    chunk, payload = head[12:16], head[20:30]
    if len(payload) < 10:
        return None
    if chunk == b"VP8X":
        width = int.from_bytes(payload[4:7], "little") + 1
        return width, int.from_bytes(payload[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(payload[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", payload[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None
