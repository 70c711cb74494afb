"""ZIP files of photos: checked as a whole first, then streamed out entry by entry.

Nothing is ever written under a name from the archive. The standard library's reader is lenient
(it accepts overlapping entries and trusts the sizes it is told), so the checks are our own.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from textinv_app.errors import PhotoRefused
from textinv_app.photos import limits
from textinv_app.photos.names import clean_display_name
from textinv_app.photos.refusals import refusal
from textinv_app.photos.sniffing import HEAD_BYTES, PICTURE_KINDS, sniff

_CHUNK_BYTES = 1 << 16
_END_RECORD = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_LOCAL_HEADER_BYTES = 30
_LOCAL_SIGNATURE = b"PK\x03\x04"
_ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000
_PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".heic", ".heif", ".avif"}
)


@dataclass(frozen=True)
class Unpacked:
    """What came out of an archive: pictures as (path, display name), and what was refused."""

    pictures: tuple[tuple[Path, str], ...]
    refused: tuple[PhotoRefused, ...]


def unpack(archive_path: Path, display_name: str, folder: Path) -> Unpacked:
    """Stream the pictures of a ZIP into the existing ``folder`` under names of our own.

    Hidden files, ``__MACOSX`` and files that are no pictures are passed over; a ZIP inside the ZIP
    and a picture name without a picture are refused by themselves. Raises ``PhotoRefused`` for the
    archive as a whole (see the codes ``zip.*``); what it had written by then stays in ``folder``,
    which the caller throws away.
    """
    try:
        with archive_path.open("rb") as raw, _open(raw, display_name) as archive:
            entries = _checked_entries(archive, raw, display_name)
            return _stream_all(archive, entries, display_name, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, struct.error) as error:
        raise refusal("zip.damaged", display_name) from error
    except NotImplementedError as error:
        raise refusal("zip.packing", display_name) from error


def _open(raw: BinaryIO, display_name: str) -> zipfile.ZipFile:
    # The reader makes an object of every entry before we are asked, so the end record is read
    # first: 200,000 entries must not cost anything.
    size_bytes = raw.seek(0, 2)
    if size_bytes > limits.MAX_ARCHIVE_BYTES:
        limit = limits.MAX_ARCHIVE_BYTES // limits.MEGABYTE
        raise refusal("zip.too_large", display_name, limit_megabytes=limit)
    raw.seek(max(0, size_bytes - _END_RECORD.size - 65535))
    tail = raw.read()
    start = tail.rfind(_END_SIGNATURE)
    if start < 0 or len(tail) - start < _END_RECORD.size:
        raise refusal("zip.damaged", display_name)
    _, _, _, _, num_entries, directory_bytes, _, _ = _END_RECORD.unpack_from(tail, start)
    if num_entries > limits.MAX_ARCHIVE_ENTRIES or directory_bytes > limits.MAX_DIRECTORY_BYTES:
        raise refusal("zip.too_many", display_name, limit=limits.MAX_ARCHIVE_ENTRIES)
    return zipfile.ZipFile(raw)


def _checked_entries(
    archive: zipfile.ZipFile, raw: BinaryIO, display_name: str
) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    if len(entries) > limits.MAX_ARCHIVE_ENTRIES:
        raise refusal("zip.too_many", display_name, limit=limits.MAX_ARCHIVE_ENTRIES)
    if any(entry.flag_bits & _ENCRYPTED_FLAGS for entry in entries):
        raise refusal("zip.encrypted", display_name)
    if any(_is_unsafe(entry) for entry in entries) or _overlap(archive, raw, entries):
        raise refusal("zip.unsafe", display_name)
    if any(_is_bomb(entry) for entry in entries):
        raise refusal("zip.bomb", display_name)
    allowed = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
    if any(entry.compress_type not in allowed for entry in entries):
        raise refusal("zip.packing", display_name)
    if sum(entry.file_size for entry in entries) > limits.MAX_ARCHIVE_TOTAL_BYTES:
        limit = limits.MAX_ARCHIVE_TOTAL_BYTES // limits.MEGABYTE
        raise refusal("zip.too_large", display_name, limit_megabytes=limit)
    return entries


def _is_unsafe(entry: zipfile.ZipInfo) -> bool:
    name = entry.orig_filename.replace("\\", "/")
    leaves_folder = name.startswith("/") or ".." in name.split("/")
    has_drive = re.match(r"^[A-Za-z]:", name) is not None
    mode = entry.external_attr >> 16
    is_link_or_device = bool(stat.S_IFMT(mode)) and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
    return leaves_folder or has_drive or is_link_or_device or "\x00" in name


def _is_bomb(entry: zipfile.ZipInfo) -> bool:
    if entry.file_size <= limits.ARCHIVE_RATIO_FLOOR_BYTES:
        return False
    return entry.file_size > limits.MAX_ARCHIVE_RATIO * max(entry.compress_size, 1)


def _overlap(archive: zipfile.ZipFile, raw: BinaryIO, entries: list[zipfile.ZipInfo]) -> bool:
    """Whether two entries share bytes, or an entry reaches into the table of contents.

    Raises ``BadZipFile`` where bytes are missing, so that an entry begins outside the file.
    """
    spans = []
    for entry in entries:
        if not 0 <= entry.header_offset <= archive.start_dir:
            raise zipfile.BadZipFile(f"an entry at {entry.header_offset}")
        raw.seek(entry.header_offset)
        header = raw.read(_LOCAL_HEADER_BYTES)
        if len(header) < _LOCAL_HEADER_BYTES or not header.startswith(_LOCAL_SIGNATURE):
            return True
        name_bytes, extra_bytes = struct.unpack_from("<2H", header, 26)
        length = _LOCAL_HEADER_BYTES + name_bytes + extra_bytes + entry.compress_size
        spans.append((entry.header_offset, entry.header_offset + length))
    spans.sort()
    limits_after = [start for start, _ in spans[1:]] + [archive.start_dir]
    return any(end > limit for (_, end), limit in zip(spans, limits_after, strict=False))


def _stream_all(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], display_name: str, folder: Path
) -> Unpacked:
    pictures: list[tuple[Path, str]] = []
    refused: list[PhotoRefused] = []
    total_bytes = 0
    for index, entry in enumerate(entries):
        if _is_passed_over(entry):
            continue
        name = clean_display_name(entry.filename)
        chunks = _chunks(archive, entry)
        first = next(chunks, b"")
        kind = sniff(first[:HEAD_BYTES])
        if kind not in PICTURE_KINDS:
            refused += _refuse_entry(kind, name)
            continue
        if entry.file_size > limits.MAX_PHOTO_BYTES:
            limit = limits.MAX_PHOTO_BYTES // limits.MEGABYTE
            refused.append(refusal("photo.file_too_large", name, limit_megabytes=limit))
            continue
        path = folder / f"entry-{index:03d}.source"
        with path.open("xb") as file:
            file.write(first)
            total_bytes += len(first)
            for chunk in chunks:
                file.write(chunk)
                total_bytes += len(chunk)
        if total_bytes > limits.MAX_ARCHIVE_TOTAL_BYTES or path.stat().st_size != entry.file_size:
            raise refusal("zip.unsafe", display_name)
        pictures.append((path, name))
    if not pictures and not refused:
        raise refusal("zip.no_pictures", display_name)
    return Unpacked(tuple(pictures), tuple(refused))


def _chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield an entry in pieces; ends one piece after the largest photo or the size it claims."""
    read_bytes = 0
    with archive.open(entry) as source:
        while chunk := source.read(_CHUNK_BYTES):
            yield chunk
            read_bytes += len(chunk)
            if read_bytes > min(entry.file_size, limits.MAX_PHOTO_BYTES):
                return


def _is_passed_over(entry: zipfile.ZipInfo) -> bool:
    parts = entry.filename.replace("\\", "/").split("/")
    return entry.is_dir() or any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _refuse_entry(kind: str, name: str) -> list[PhotoRefused]:
    if kind == "zip":
        return [refusal("zip.nested", name)]
    if Path(name).suffix.lower() in _PICTURE_SUFFIXES:
        return [refusal(f"photo.{kind}", name)]
    return []
