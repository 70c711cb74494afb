"""HTML made safe by construction: plain text is escaped, only ``Html`` goes through as it is.

Everything the page shows is built with ``tag``. A child that is an ordinary ``str`` (a name, a
prompt, a file name: whatever a person or a file brought) passes ``esc``; links pass ``safe_url``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_VOID_TAGS = frozenset({"img", "input", "br", "hr", "source"})
_URL_ATTRIBUTES = frozenset({"src", "href"})
_SAFE_URL = re.compile(r"^(?:/(?!/)|\./|#|data:image/(?:png|webp|jpeg);base64,)")
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)

AttributeValue = str | int | float | bool | None


class Html(str):
    """Markup that is already safe; only ``tag``, ``join`` and constants of ours make it."""

    __slots__ = ()


Child = Html | str | int | None


def esc(text: object) -> str:
    """Make any text harmless in HTML text and in quoted attributes.

    Characters that reorder or hide text are left out, so that a file name cannot pose as another.
    """
    return html.escape(_UNSEEN.sub("", str(text)), quote=True)


def safe_url(url: str) -> str:
    """Return ``url`` where it points into this server or is a picture; else the empty string."""
    return url if _SAFE_URL.match(url) and "\\" not in url else ""


def _attribute(name: str, value: AttributeValue) -> str:
    if value is None or value is False:
        return ""
    key = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {key}"
    text = safe_url(str(value)) if key in _URL_ATTRIBUTES else str(value)
    return f' {key}="{esc(text)}"'


def join(children: Iterable[Child]) -> Html:
    """Put children one after the other; plain text among them is escaped."""
    return Html(
        "".join(
            child if isinstance(child, Html) else esc(child)
            for child in children
            if child is not None
        )
    )


def tag(name: str, /, *children: Child, **attributes: AttributeValue) -> Html:
    """Build one element.

    ``class_`` becomes ``class``, ``data_do`` becomes ``data-do``; None and False leave an
    attribute out, True writes it bare.
    """
    opening = name + "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID_TAGS:
        return Html(f"<{opening}>")
    return Html(f"<{opening}>{join(children)}</{name}>")


def named(text: str) -> Html:
    """Show a name a person gave, kept apart from the direction of the text around it."""
    return tag("bdi", text)


def button(
    label: Child, do: str, *, kind: str = "", icon: Html | None = None, **attributes: AttributeValue
) -> Html:
    """Build a button that sends the command ``do`` with its ``data-*`` fields.

    ``kind`` is a style: ``primary``, ``quiet``, ``danger`` or empty.
    """
    style = f"pn-button pn-button-{kind}" if kind else "pn-button"
    extra = attributes.pop("class_", "")
    return tag(
        "button",
        icon,
        tag("span", label) if label else None,
        type="button",
        class_=f"{style} {extra}".strip(),
        data_do=do,
        **attributes,
    )
