"""Display names: what the sender called a file, made safe to show; never used as a path."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Collection

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


def distinct_name(name: str, taken: Collection[str]) -> str:
    """Return a clean name with a number, ``image (2).png``, where it is among those taken."""
    numbered = (_marked(name, f" ({number})") for number in itertools.count(2))
    return next(one for one in itertools.chain([name], numbered) if one not in taken)


def _shorten(name: str) -> str:
    return name if len(name) <= MAX_NAME_CHARACTERS else _marked(name, "…")


def _marked(name: str, mark: str) -> str:
    """Put a mark before the extension; where that is too long, the last letters before it go."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > _MAX_EXTENSION_CHARACTERS or " " in extension:
        stem, dot, extension = name, "", ""
    ending = f"{mark}{dot}{extension}"
    return stem[: MAX_NAME_CHARACTERS - len(ending)].rstrip() + ending
