"""Commands the page sends: one word for what to do, and fields that are checked when read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from textinv_app.errors import BadInput

MAX_COMMAND_CHARACTERS = 60_000
_MAX_TEXT_CHARACTERS = 500


def _malformed() -> BadInput:
    return BadInput(
        "page.bad_command", "The page sent something that makes no sense. Reload it and try again."
    )


@dataclass(frozen=True)
class Command:
    """One command with its fields, as they came from a browser: nothing in it is trusted."""

    do: str
    fields: Mapping[str, object] = field(default_factory=dict)

    def text(self, key: str, max_characters: int = _MAX_TEXT_CHARACTERS) -> str:
        """Return a text field, trimmed; empty where it is left out."""
        value = self.fields.get(key, "")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _malformed()
        text = str(value).strip()
        if len(text) > max_characters:
            raise BadInput(
                "page.too_long",
                f"This text is too long: at most {max_characters} characters.",
                max_characters=max_characters,
            )
        return text

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """Return a whole number, kept between ``low`` and ``high``."""
        return round(self.number(key, default, low, high))

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """Return a number, kept between ``low`` and ``high``; the default where it is left out."""
        value = self.fields.get(key)
        if value is None or value == "":
            return default
        if not isinstance(value, str | int | float):
            raise _malformed()
        try:
            number = float(value)
        except ValueError as error:
            raise _malformed() from error
        if not math.isfinite(number):
            raise _malformed()
        return min(high, max(low, number))

    def flag(self, key: str) -> bool:
        """Return whether a field says yes."""
        return self.fields.get(key) in (True, "true", 1, "1")

    def texts(self, key: str, max_number: int = 20) -> tuple[str, ...]:
        """Return a list of short texts."""
        value = self.fields.get(key, [])
        if not isinstance(value, list) or len(value) > max_number:
            raise _malformed()
        if not all(isinstance(one, str) and len(one) <= _MAX_TEXT_CHARACTERS for one in value):
            raise _malformed()
        return tuple(value)

    def records(self, key: str, max_number: int = 300) -> tuple[Mapping[str, object], ...]:
        """Return a list of objects."""
        value = self.fields.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise _malformed()
        return tuple(value[:max_number])


def parse_page(text: object) -> Command:
    """Read what the page says it shows: what is chosen, how many files, which guides.

    Empty where it says nothing; raises ``BadInput`` where it makes no sense.
    """
    return Command("page", _fields(text or "{}"))


def parse_command(text: str) -> Command:
    """Read a command; raises ``BadInput`` where it is none."""
    if len(text) > MAX_COMMAND_CHARACTERS:
        raise _malformed()
    fields = _fields(text)
    do = fields.pop("do", None)
    if not isinstance(do, str):
        raise _malformed()
    return Command(do, fields)


def _fields(text: object) -> dict[str, object]:
    try:
        value = json.loads(text)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise _malformed() from error
    if not isinstance(value, dict):
        raise _malformed()
    return value
