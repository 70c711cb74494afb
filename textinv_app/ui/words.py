"""The words of the page in one language, and how that language writes numbers and times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from textinv_app.domain.typography import NARROW_NO_BREAK_SPACE, typeset_french
from textinv_app.errors import PetnameError
from textinv_app.ui.errors_en import ERRORS as ERRORS_EN
from textinv_app.ui.errors_fr import ERRORS as ERRORS_FR
from textinv_app.ui.files_en import FILES as FILES_EN
from textinv_app.ui.files_fr import FILES as FILES_FR
from textinv_app.ui.words_en import WORDS as WORDS_EN
from textinv_app.ui.words_fr import WORDS as WORDS_FR

LANGUAGES = ("en", "fr")


def _typeset(catalogue: Mapping[str, str]) -> Mapping[str, str]:
    return {key: typeset_french(text) for key, text in catalogue.items()}


_PAGES: Mapping[str, Mapping[str, str]] = {"en": WORDS_EN, "fr": _typeset(WORDS_FR)}
_ERRORS: Mapping[str, Mapping[str, str]] = {
    "en": {**ERRORS_EN, **FILES_EN},
    "fr": _typeset({**ERRORS_FR, **FILES_FR}),
}
_UNITS = {"en": ("B", "kB", "MB", "GB"), "fr": ("o", "ko", "Mo", "Go")}
_MONTHS = {
    "en": "Jan,Feb,Mar,Apr,May,June,July,Aug,Sept,Oct,Nov,Dec",
    "fr": "janv.,févr.,mars,avr.,mai,juin,juil.,août,sept.,oct.,nov.,déc.",
}


class _Blanks(dict[str, object]):
    """Blanks of a sentence; one that is missing stays visible as an ellipsis."""

    def __missing__(self, key: str) -> str:
        return "…"


@dataclass(frozen=True)
class Words:
    """One language of the page."""

    language: str

    @property
    def catalogue(self) -> Mapping[str, str]:
        """All sentences of the page by key."""
        return _PAGES[self.language]

    def __call__(self, key: str, **blanks: object) -> str:
        """Return the sentence of ``key`` with its blanks filled in; raises ``KeyError``."""
        return self.catalogue[key].format_map(_Blanks(blanks))

    def has(self, key: str) -> bool:
        """Tell whether there is a sentence for ``key``."""
        return key in self.catalogue

    def count(self, key: str, number: int, **blanks: object) -> str:
        """Return ``key.one`` or ``key.many`` as the language counts; ``{n}`` is the number."""
        one = number == 1 or (self.language == "fr" and number == 0)
        return self(f"{key}.one" if one else f"{key}.many", n=number, **blanks)

    def error(self, code: str, sentence: str, details: Mapping[str, object]) -> str:
        """Say an error in this language; the sentence it came with where the code is unknown."""
        template = _ERRORS[self.language].get(code)
        if template is None:
            return sentence or self("page.unexpected")
        blanks = {key: self._detail(value) for key, value in details.items()}
        return template.format_map(_Blanks(blanks))

    def problem(self, error: PetnameError) -> str:
        """Say an error of the project in this language."""
        return self.error(error.code, error.sentence, error.details)

    def _detail(self, value: object) -> object:
        return self.number(value) if isinstance(value, float) else value

    def number(self, value: float, digits: int = 1) -> str:
        """Write a number; trailing zeros are dropped."""
        text = f"{value:.{digits}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.replace(".", ",") if self.language == "fr" else text

    def size(self, size_bytes: int) -> str:
        """Write a size in bytes with a unit people know."""
        units = _UNITS[self.language]
        value, unit = float(size_bytes), 0
        while value >= 1000 and unit < len(units) - 1:
            value, unit = value / 1000, unit + 1
        return f"{self.number(value, 0 if value >= 100 or unit == 0 else 1)}\u00a0{units[unit]}"

    def duration(self, seconds: float) -> str:
        """Write a duration as people say it, with two units at most."""
        whole = max(0, round(seconds))
        if whole < 60:
            return f"{whole}\u00a0s"
        minutes, rest = divmod(whole, 60)
        if minutes < 5 and rest:
            return f"{minutes}\u00a0min {rest}\u00a0s"
        if minutes < 60:
            return f"{minutes}\u00a0min"
        hours, minutes = divmod(minutes, 60)
        return f"{hours}\u00a0h {minutes:02d}" if minutes else f"{hours}\u00a0h"

    def percent(self, fraction: float) -> str:
        """Write a fraction from 0 to 1 as a percentage."""
        space = NARROW_NO_BREAK_SPACE if self.language == "fr" else ""
        return f"{round(100 * min(1.0, max(0.0, fraction)))}{space}%"

    def day(self, iso_time: str) -> str:
        """Write the day of an ISO time; the empty string where it is none."""
        try:
            moment = datetime.fromisoformat(iso_time.replace("Z", "+00:00"))
        except ValueError:
            return ""
        months = _MONTHS[self.language].split(",")
        first = moment.day == 1 and self.language == "fr"
        day = "1er" if first else str(moment.day)
        return f"{day}\u00a0{months[moment.month - 1]} {moment.year}"
