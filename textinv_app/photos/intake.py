"""Taking in received files: what they are, what is in them, and clean photos out of them.

Used by the web host and the command line. Only first bytes and ZIP tables are looked at here; every
picture is decoded in a throw-away child process.
"""

from __future__ import annotations

import errno
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from textinv_app.errors import PhotoRefused, StorageFailed
from textinv_app.photos import limits
from textinv_app.photos.archive import unpack
from textinv_app.photos.decoder import Decoded, Decoder
from textinv_app.photos.names import clean_display_name
from textinv_app.photos.refusals import SENTENCES, refusal
from textinv_app.photos.sniffing import HEAD_BYTES, PICTURE_KINDS, sniff
from textinv_app.runs.atomic import TEMPORARY_PREFIX, fsync_directory

_STORAGE_SENTENCES: Mapping[str, str] = {
    "storage.full": "The disk is full; no photo was kept. Free some space and try again.",
    "storage.files": (
        "The photos could not be read or kept. Check the disk of this machine, then try again."
    ),
}


@dataclass(frozen=True)
class DecodedPhoto:
    """A clean photo in the destination folder: upright, sRGB, pixels only, at most 2048 px."""

    display_name: str
    path: Path
    """``<16 hex digits>.jpg`` or ``.png``; the stem can serve as photo id."""
    width_pixels: int
    height_pixels: int
    notes: tuple[str, ...] = ()
    """Codes of ``refusals.NOTES``."""


@dataclass(frozen=True)
class IntakeReport:
    """What became of the received files, in their order."""

    accepted: tuple[DecodedPhoto, ...]
    refused: tuple[PhotoRefused, ...]
    """The display name of each is in ``details['name']``."""


def take_in(path: Path, display_name: str, destination: Path) -> IntakeReport:
    """Take in one received file; see ``take_in_all``."""
    return take_in_all([(path, display_name)], destination)


def take_in_all(
    received: Sequence[tuple[Path, str]], destination: Path, decoder: Decoder | None = None
) -> IntakeReport:
    """Decode received files (pictures and ZIPs of them) into clean photos in ``destination``.

    ``received`` holds paths with the names their senders gave. The received files are left as they
    are. One bad file never harms the others. All share one decoding child, ended before this
    returns. Raises ``StorageFailed`` where ``destination`` cannot be written or no child
    be started; nothing stays then.
    """
    accepted: list[DecodedPhoto] = []
    refused: list[PhotoRefused] = []
    scratch = destination / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}-intake"
    try:
        scratch.mkdir(parents=True)
        with decoder or Decoder() as child:
            for index, (path, name) in enumerate(received):
                folder = scratch / str(index)
                folder.mkdir()
                pictures, refusals = _open_received(path, clean_display_name(name), folder)
                refused += refusals
                for source, display_name in pictures:
                    outcome = _decode(child, source, display_name, folder)
                    if isinstance(outcome, DecodedPhoto):
                        accepted.append(_move(outcome, destination))
                    else:
                        refused.append(outcome)
                shutil.rmtree(folder)
        fsync_directory(destination)
    except (OSError, StorageFailed) as error:
        for photo in accepted:
            photo.path.unlink(missing_ok=True)
        if isinstance(error, StorageFailed):
            raise
        is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise _storage_failed("storage.full" if is_full else "storage.files") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return IntakeReport(tuple(accepted), tuple(refused))


def _open_received(
    path: Path, name: str, folder: Path
) -> tuple[tuple[tuple[Path, str], ...], tuple[PhotoRefused, ...]]:
    """Return the pictures in a received file with their names, and the refusals."""
    try:
        with path.open("rb") as file:
            kind = sniff(file.read(HEAD_BYTES))
        size_bytes = path.stat().st_size
    except OSError:
        return (), (refusal("photo.unreadable", name),)
    if kind == "zip":
        try:
            unpacked = unpack(path, name, folder)
        except PhotoRefused as refused:
            return (), (refused,)
        return unpacked.pictures, unpacked.refused
    if kind not in PICTURE_KINDS:
        return (), (refusal(f"photo.{kind}", name),)
    if size_bytes > limits.MAX_PHOTO_BYTES:
        limit = limits.MAX_PHOTO_BYTES // limits.MEGABYTE
        return (), (refusal("photo.file_too_large", name, limit_megabytes=limit),)
    return ((path.resolve(), name),), ()


def _decode(
    child: Decoder, source: Path, display_name: str, folder: Path
) -> DecodedPhoto | PhotoRefused:
    """Decode into ``folder``, which is thrown away with whatever a dying child leaves in it."""
    stem = secrets.token_hex(8)
    outcome = child.decode(source.resolve(), folder.resolve() / stem)
    if not isinstance(outcome, Decoded):
        if outcome.code in _STORAGE_SENTENCES:
            raise _storage_failed(outcome.code)
        code = outcome.code if outcome.code in SENTENCES else "photo.crashed"
        return refusal(code, display_name, **outcome.details)
    path = outcome.path
    if path.stem != stem or path.is_symlink() or not path.is_file():
        return refusal("photo.crashed", display_name)
    return DecodedPhoto(
        display_name, path, outcome.width_pixels, outcome.height_pixels, outcome.notes
    )


def _move(photo: DecodedPhoto, destination: Path) -> DecodedPhoto:
    final = destination / photo.path.name
    photo.path.replace(final)
    return replace(photo, path=final)


def _storage_failed(code: str) -> StorageFailed:
    return StorageFailed(code, _STORAGE_SENTENCES[code])
