"""The spaces of French typography, which the catalogues write as plain ones."""

from __future__ import annotations

import re

NO_BREAK_SPACE = "\u00a0"
NARROW_NO_BREAK_SPACE = "\u202f"


def typeset_french(text: str) -> str:
    """Put the spaces that must not break a line where French wants one.

    Narrow before ``; ! ? %``, whole before a colon, within « » and before a unit of size.
    """
    text = re.sub(r" ([;!?%])", NARROW_NO_BREAK_SPACE + r"\1", text)
    text = re.sub(r" ([:»]|[kMG]o\b)", NO_BREAK_SPACE + r"\1", text)
    return text.replace("« ", "«" + NO_BREAK_SPACE)
