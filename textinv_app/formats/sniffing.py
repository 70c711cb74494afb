"""What a file is by its first bytes, and a sentence for each kind that is not safetensors."""

from __future__ import annotations

from textinv_app.errors import FileRefused

_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")
_PAGES = (b"<!doctype", b"<html", b"version https://git-lfs")

_PICKLE = (
    "file.pickle",
    "This is an older kind of file (.pt, .bin, .ckpt or .pth) that can run programs when it is "
    "opened, so Petname does not open it. Look for the same embedding or LoRA as .safetensors.",
)
_PICTURE = (
    "file.picture",
    "This is a picture. Photos belong on the first tab; here goes an embedding or LoRA file that "
    "ends in .safetensors.",
)
_ARCHIVE = (
    "file.archive",
    "This is an archive. Unpack it and choose the .safetensors file inside.",
)
_PAGE = (
    "file.page",
    "This is a web page or a link, saved instead of the file itself. Use the download button of "
    "the site.",
)
_OTHER = (
    "file.not_safetensors",
    "This is no .safetensors file, whatever its name says. Petname opens embeddings and LoRAs "
    "saved as .safetensors.",
)


def refuse_if_not_safetensors(beginning: bytes, size_bytes: int) -> None:
    """Raise ``FileRefused``, with what it is instead, unless a file begins like safetensors.

    ``beginning`` is its first 512 bytes (fewer when it is shorter).
    """
    if size_bytes == 0:
        raise FileRefused("file.empty", "This file is empty. Download it again.")
    # A header of 640 bytes starts with the two bytes of a pickle: the brace decides.
    if beginning[8:9] == b"{" and beginning[4:8] == bytes(4):
        return
    code, sentence = _name_content(beginning)
    raise FileRefused(code, sentence)


def _name_content(beginning: bytes) -> tuple[str, str]:
    if beginning.startswith(b"PK\x03\x04"):
        return _PICKLE if b"data.pkl" in beginning else _ARCHIVE
    if beginning[:1] == b"\x80" and beginning[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return _PICKLE
    if beginning.startswith(_PICTURES):
        return _PICTURE
    if beginning.startswith((b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")):
        return _ARCHIVE
    if beginning.lstrip().lower().startswith(_PAGES):
        return _PAGE
    return _OTHER
