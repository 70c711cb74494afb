"""The words of a kit in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textinv_app.domain.typography import typeset_french
from textinv_app.kits.order import Language
from textinv_app.kits.words_en import WORDS as WORDS_EN
from textinv_app.kits.words_fr import WORDS as WORDS_FR

_CATALOGUES: Mapping[Language, Mapping[str, str]] = {"en": WORDS_EN, "fr": WORDS_FR}
_UNITS = {"en": ("B", "kB", "MB"), "fr": ("o", "ko", "Mo")}


@dataclass(frozen=True)
class KitWords:
    """One language of the kits."""

    language: Language

    def __call__(self, key: str, **blanks: object) -> str:
        """Return the sentence of ``key`` with its blanks filled in; raises ``KeyError``."""
        # What fills a blank (a name, a file) may hold braces of its own: it is not looked into.
        text = _CATALOGUES[self.language][key]
        if self.language == "fr":
            text = typeset_french(text)
        return text.format_map(blanks)

    def size(self, size_bytes: int) -> str:
        """Write a size in bytes with a unit people know."""
        value, unit = float(size_bytes), 0
        while value >= 1000 and unit < 2:
            value, unit = value / 1000, unit + 1
        text = f"{value:.0f}" if value >= 100 or not unit else f"{value:.1f}"
        if self.language == "fr":
            text = text.replace(".", ",")
        return f"{text}\u00a0{_UNITS[self.language][unit]}"
