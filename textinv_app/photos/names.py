"""Display names: what the sender called a file, made safe to show; never used as a path."""

from __future__ import annotations

import unicodedata

MAX_NAME_CHARACTERS = 80
_MAX_EXTENSION_CHARACTERS = 10
_NAMELESS = "photo"


def _is_shown(character: str) -> bool:
    # Cc control, Cf format (bidi overrides, zero width), Cs lone surrogates, Co private use,
    # Zl/Zp line and paragraph separators: all either invisible or able to rearrange a page.
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def clean_display_name(name: str) -> str:
    """Return the last part of ``name`` in NFC, without invisible characters, at most 80 long.

    White space is collapsed; a name that is too long keeps its extension; an empty one becomes
    ``photo``. Cleaning a clean name changes nothing.
    """
    last_part = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    spaced = "".join(" " if character.isspace() else character for character in last_part)
    shown = "".join(character for character in spaced if _is_shown(character))
    composed = " ".join(unicodedata.normalize("NFC", shown).split())
    if not composed.strip(". "):
        return _NAMELESS
    return _shorten(composed)


def _shorten(name: str) -> str:
    if len(name) <= MAX_NAME_CHARACTERS:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > _MAX_EXTENSION_CHARACTERS or " " in extension:
        stem, extension = name, ""
    ending = f"…{dot}{extension}" if extension else "…"
    return stem[: MAX_NAME_CHARACTERS - len(ending)].rstrip() + ending
