"""Signed links that expire: ``/media/<payload>.<signature>``.

A link is made only for views of the thing's owner; whoever holds it may read that one file until it
expires. The payload says kind, ids and expiry, the signature is HMAC-SHA-256 over it. The expiry is
rounded up to whole windows, so that a page that asks again every two seconds gets the same address
and need not load its pictures anew.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from textinv_app.errors import NotFound
from textinv_app.runs.atomic import fsync_directory, temporary_beside

LONGEST_WINDOW_SECONDS = 1800
KEY_BYTES = 32
MAX_TOKEN_CHARACTERS = 1000

LinkKind = Literal["photo", "sample", "preview", "redrawn", "result", "download", "drawing", "kit"]
_KINDS: frozenset[str] = frozenset(get_args(LinkKind))


@dataclass(frozen=True)
class MediaTarget:
    """What a link names: a kind, the id of the thing and a file name inside its folder."""

    kind: LinkKind
    thing_id: str
    file_name: str = ""


@dataclass(frozen=True)
class LinkedFile:
    """The file behind a link."""

    path: Path
    content_type: str
    download_name: str
    """Name to offer it under; empty for a picture that is shown in the page."""


@dataclass(frozen=True)
class LinkedStream:
    """What is made while it is sent: a kit, or a converted file."""

    download_name: str
    size_bytes: int
    chunks: Callable[[], Iterator[bytes]]
    """Gives the bytes; raises ``OSError``."""


def link_window_seconds(lifetime_seconds: int) -> int:
    """Return how long links that live ``lifetime_seconds`` at least keep their address.

    A page that asks anew in each window has none that has expired.
    """
    return min(LONGEST_WINDOW_SECONDS, lifetime_seconds // 2)


class LinkSigner:
    """Makes and checks links with one secret key."""

    def __init__(
        self, key: bytes, lifetime_seconds: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._key = key
        self._lifetime_seconds = lifetime_seconds
        self._window_seconds = link_window_seconds(lifetime_seconds)
        self._clock = clock

    def window(self) -> int:
        """Return the number of the current window: links made in one window are equal."""
        return int(self._clock()) // self._window_seconds

    def url(self, kind: LinkKind, thing_id: str, file_name: str = "") -> str:
        """Return the link's path on this site; the caller has checked who owns the thing."""
        expires = (self.window() + 1) * self._window_seconds + self._lifetime_seconds
        payload = _encode(
            json.dumps([kind, thing_id, file_name, expires], separators=(",", ":")).encode("utf-8")
        )
        return f"/media/{payload}.{self._signature(payload)}"

    def open(self, token: str) -> MediaTarget:
        """Return what a link names; raises ``NotFound`` when it is forged, damaged or expired."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise link_not_found()
        payload, _, signature = token.partition(".")
        if not hmac.compare_digest(
            signature.encode("utf-8", "replace"), self._signature(payload).encode("ascii")
        ):
            raise link_not_found()
        try:
            kind, thing_id, file_name, expires = json.loads(_decode(payload))
        except ValueError as error:
            raise link_not_found() from error
        if kind not in _KINDS or self._clock() >= expires:
            raise link_not_found()
        return MediaTarget(kind=kind, thing_id=thing_id, file_name=file_name)

    def _signature(self, payload: str) -> str:
        digest = hmac.new(self._key, payload.encode("utf-8", "replace"), hashlib.sha256).digest()
        return _encode(digest)


def read_or_make_key(path: Path) -> bytes:
    """Return the secret key in ``path``, made at the first call, readable by this user alone.

    A key of the wrong length is replaced: all links made before stop working, nothing else.
    Raises ``OSError``.
    """
    if path.exists():
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
    temporary = temporary_beside(path)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    fsync_directory(path.parent)
    return path.read_bytes()


def link_not_found() -> NotFound:
    """Return the one error of every link that does not work."""
    return NotFound("media.not_found", "This link is no longer valid. Reload the page.")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
