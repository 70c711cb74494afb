"""Which language a person sees first: English stands at ``/``, French at ``/fr/``."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from textinv_app.settings import Settings

Language = Literal["en", "fr"]
PAGE_PATHS: dict[Language, str] = {"fr": "/fr", "en": "/"}
"""Where each page is mounted; the more special path first."""


def preferred_language(accept_language: str) -> Language:
    """Return the language a browser likes best of those we speak (RFC 9110, 12.5.4)."""
    weights: dict[Language, float] = {"en": 0.0, "fr": 0.0}
    for entry in accept_language.split(","):
        tag, _, parameter = entry.partition(";")
        weight = _weight(parameter)
        for language in weights:
            if tag.strip().lower().split("-")[0] == language:
                weights[language] = max(weights[language], weight)
    return "fr" if weights["fr"] > weights["en"] else "en"


def _weight(parameter: str) -> float:
    """Read ``q=0.7``; 1 where it is left out, 0 where it makes no sense."""
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _arrives(headers: Headers) -> bool:
    """Tell whether a request for the page comes from outside rather than from a link in it.

    Over plain HTTP browsers say so only to this machine itself; the page before they always name.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site != "same-origin"
    try:
        before = urlsplit(headers.get("referer", "")).netloc
    except ValueError:
        return True
    return not before or before.lower() != headers.get("host", "").lower()


class LanguageDoor:
    """ASGI middleware: sends who arrives at ``/`` from outside to the page in their language.

    A link inside the page (the language switch) goes where it says.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._language = settings.language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Redirect, or let pass."""
        if scope["type"] == "http" and scope["path"] == "/" and scope["method"] in {"GET", "HEAD"}:
            headers = Headers(scope=scope)
            if _arrives(headers) and self._first_language(headers) == "fr":
                query = scope.get("query_string", b"").decode("latin-1")
                address = PAGE_PATHS["fr"] + "/" + (f"?{query}" if query else "")
                answer = RedirectResponse(address, status_code=307)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _first_language(self, headers: Headers) -> Language:
        """Return the language set, or else the browser's."""
        if self._language != "auto":
            return self._language
        return preferred_language(headers.get("accept-language", ""))
