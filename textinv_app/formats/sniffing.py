"""What a file is by its first bytes, and a sentence for each kind that is not safetensors."""

from __future__ import annotations

from typing import Literal

from textinv_app.errors import FileRefused

Container = Literal["safetensors", "pickle", "picture"]
"""What numbers may be kept in: safetensors, torch's old files, and pictures (PNG, WebP)."""

BEGINNING_BYTES = 512
"""As much of a file as is needed to tell."""

_PNG = b"\x89PNG\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_PICTURES = (_PNG, b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")
_PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"JXL ")
_ARCHIVES = (b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"PK\x05\x06")
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"version https://git-lfs", b'{"error', b'{"message')

_PICKLE = (
    "file.pickle",
    "This is an older kind of file (.pt, .bin, .ckpt or .pth). Only .safetensors can be used "
    "here: bring the file into your collection, or convert it with `python -m "
    "textinv_app convert`, and it becomes one.",
)
_PICTURE = (
    "file.picture_here",
    "This is a picture. If there is an embedding inside, bring it into your collection, or convert "
    "it with `python -m textinv_app convert`; photos belong on the first tab.",
)
_OTHER_PICTURE = (
    "file.other_picture",
    "This is a picture of a kind that Petname takes no embedding from: only from PNG and WebP. "
    "Photos belong on the first tab.",
)
_ARCHIVE = ("file.archive", "This is an archive. Unpack it and choose the file inside.")
_PAGE = (
    "file.page",
    "This is a web page or a link, saved instead of the file itself. Use the download button of "
    "the site; some sites ask you to sign in first.",
)
_OTHER = (
    "file.not_safetensors",
    "This is neither an embedding nor a LoRA, whatever its name says. Petname reads .safetensors, "
    "the older .pt, .bin and .ckpt, and pictures with an embedding inside.",
)


def container_of(beginning: bytes, size_bytes: int) -> Container:
    """Return what a file keeps its numbers in; ``beginning`` is its first 512 bytes, or fewer.

    Raises ``FileRefused``, with what it is instead, for a file that is none of these. Whether
    there are numbers in it at all, only reading it tells.
    """
    if size_bytes == 0:
        raise FileRefused("file.empty", "This file is empty. Download it again.")
    # A header of 640 bytes starts with the two bytes of a pickle: the brace decides.
    if beginning[8:9] == b"{" and beginning[4:8] == bytes(4):
        return "safetensors"
    if beginning.startswith(_ZIP) or _is_pickle(beginning):
        return "pickle"
    if beginning.startswith(_PNG) or (beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP"):
        return "picture"
    raise FileRefused(*_name_content(beginning))


def refuse_if_not_safetensors(beginning: bytes, size_bytes: int) -> None:
    """Raise ``FileRefused``, with what it is instead, unless a file begins like safetensors.

    ``beginning`` is its first 512 bytes (fewer when it is shorter).
    """
    container = container_of(beginning, size_bytes)
    if container == "picture":
        raise FileRefused(*_PICTURE)
    if container == "pickle":
        plain_zip = beginning.startswith(_ZIP) and b"data.pkl" not in beginning
        raise FileRefused(*(_ARCHIVE if plain_zip else _PICKLE))


def _is_pickle(beginning: bytes) -> bool:
    return beginning[:1] == b"\x80" and beginning[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")


def _name_content(beginning: bytes) -> tuple[str, str]:
    if beginning.startswith(_PICTURES) or beginning[8:12] in _PICTURE_BRANDS:
        return _OTHER_PICTURE
    if beginning.startswith(_ARCHIVES):
        return _ARCHIVE
    if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES):
        return _PAGE
    return _OTHER
