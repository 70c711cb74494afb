"""The ASGI shell around the whole app: limits, closed endpoints, origins and security headers.

It stands outside of everything, sees each request first and each answer last, keeps nothing in
memory and knows nothing about pets.
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from textinv_app.settings import Settings
from textinv_app.web.access import (
    MEDIA_PREFIX,
    SAFE_METHODS,
    AccessRules,
    body_limit_bytes,
    is_closed,
)

logger = logging.getLogger(__name__)

_SPACE_PAGES = "https://huggingface.co https://*.hf.space"


def content_security_policy(settings: Settings) -> str:
    """Return the policy of the page: nothing from other hosts, no forms to them, no foreign frames.

    Gradio 6 configures itself by an inline script and compiles component templates at run time,
    so inline scripts and ``eval`` have to stay; what a script could reach is cut instead.
    """
    frames = f"'self' {_SPACE_PAGES}" if settings.on_space else "'self'"
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {frames}",
        )
    )


@dataclass
class _Exchange:
    """One request being answered: how much of its body came in, and whether the answer began."""

    limit_bytes: int
    received_bytes: int = 0
    started: bool = False
    cut: bool = False
    """Whether the body grew too large and the shell has answered in place of the app."""


class Shell:
    """ASGI middleware; wrap the finished app in it: ``Shell(app, settings)``."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._rules = AccessRules.of(settings)
        self._policy = content_security_policy(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it before the app sees it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # Gradio's page needs no web sockets
            await send({"type": "websocket.close", "code": 1008})
            return
        refusal = self._refuse(scope)
        if refusal is not None:
            await self._answer(scope, send, refusal)
            return
        await self._pass_on(scope, receive, send)

    def _refuse(self, scope: Scope) -> tuple[int, str] | None:
        """Return status and code of the refusal of a request, or None where it may pass."""
        headers = Headers(scope=scope)
        path: str = scope["path"]
        host = headers.get("host", "")
        if not self._rules.allows_host(host):
            return 421, "web.wrong_host"
        if not self._knows_passphrase(headers) and path != "/healthz":
            return 401, "web.passphrase"
        if is_closed(path):
            return 404, "web.not_found"
        if scope["method"] not in SAFE_METHODS and not self._from_own_page(headers, host):
            return 403, "web.other_site"
        declared = headers.get("content-length", "0")
        limit_bytes = body_limit_bytes(path, self._settings, scope["query_string"])
        if not declared.isdecimal() or int(declared) > limit_bytes:
            return 413, "web.too_large"
        return None

    def _from_own_page(self, headers: Headers, host: str) -> bool:
        """Tell whether a changing request comes from our page, or from no page at all."""
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
        return self._rules.allows_origin(origin, host)

    def _knows_passphrase(self, headers: Headers) -> bool:
        """Tell whether the request carries the pass phrase, where one is asked for."""
        wanted = self._settings.passphrase.get_secret_value()
        if not wanted:
            return True
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(credentials, validate=True).decode("utf-8")
        except ValueError:  # no ASCII, no base64 or no UTF-8
            return False
        said = given.partition(":")[2]
        return scheme.lower() == "basic" and hmac.compare_digest(said.encode(), wanted.encode())

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer, counting the body and dressing the answer."""
        limit_bytes = body_limit_bytes(scope["path"], self._settings, scope["query_string"])
        exchange = _Exchange(limit_bytes=limit_bytes)

        async def counted_receive() -> Message:
            if exchange.cut:
                return {"type": "http.disconnect"}
            message = await receive()
            exchange.received_bytes += len(message.get("body", b""))
            if exchange.received_bytes <= exchange.limit_bytes:
                return message
            exchange.cut = True
            if not exchange.started:
                exchange.started = True
                await self._answer(scope, send, (413, "web.too_large"))
            return {"type": "http.disconnect"}

        async def dressed_send(message: Message) -> None:
            if exchange.cut:
                return
            if message["type"] == "http.response.start":
                exchange.started = True
                self._dress(scope["path"], MutableHeaders(scope=message))
            await send(message)

        try:
            await self._app(scope, counted_receive, dressed_send)
        except ClientDisconnect:
            logger.info("A request to %s ended before its body did", scope["path"][:200])

    def _dress(self, path: str, headers: MutableHeaders) -> None:
        """Add the security headers to an answer."""
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "geolocation=(), microphone=(), payment=()"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if path.startswith(MEDIA_PREFIX):
            # A picture or file, even opened by itself, may do nothing at all.
            headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
            headers["Cache-Control"] = "private, no-store"
            return
        headers["Content-Security-Policy"] = self._policy
        if not self._settings.on_space:
            headers["X-Frame-Options"] = "SAMEORIGIN"
        if "/assets/" not in path and "/static/" not in path:
            headers.setdefault("Cache-Control", "no-store")

    async def _answer(self, scope: Scope, send: Send, refusal: tuple[int, str]) -> None:
        """Send a short answer of the shell's own, in JSON."""
        status, code = refusal
        body = json.dumps({"code": code, "sentence": SENTENCES[code], "details": {}}).encode()
        headers = MutableHeaders(
            {"content-type": "application/json", "content-length": str(len(body))}
        )
        if status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="Petname", charset="UTF-8"'
        if status == 413:
            headers["Connection"] = "close"
        self._dress(scope["path"], headers)
        await send({"type": "http.response.start", "status": status, "headers": headers.raw})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body}
        )


SENTENCES = {
    "web.wrong_host": "Petname is not served under this name; PETNAME_ALLOWED_HOSTS can allow it.",
    "web.passphrase": "Please type the pass phrase of this Petname.",
    "web.not_found": "There is nothing here.",
    "web.other_site": "This request came from another site and was refused.",
    "web.too_large": "That is too much at once: send fewer photos at a time, or a smaller file.",
}
"""What the shell says, by code."""
