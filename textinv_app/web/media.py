"""Photos, pictures and finished files by signed, expiring links: ``/media/<token>``.

Whoever has a link has what it names, until it expires; links are made for the owner only. Anything
wrong is one and the same 404.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from textinv_app.errors import NotFound
from textinv_app.settings import Settings

logger = logging.getLogger(__name__)

# Only what we encoded ourselves is shown inside a page; all else is offered for download.
INLINE_TYPES = {
    ".webp": "image/webp",
    ".png": "image/png",
    ".jpg": "image/jpeg",
}


class LinkedFile(Protocol):
    """What a link stands for."""

    @property
    def path(self) -> Path:
        """Where the file lies."""
        ...

    @property
    def download_name(self) -> str:
        """Name to offer it under; empty for a picture that is shown in the page."""
        ...


@runtime_checkable
class LinkedStream(Protocol):
    """What is made while it is sent."""

    @property
    def download_name(self) -> str:
        """Name to offer it under; plain ASCII."""
        ...

    @property
    def size_bytes(self) -> int:
        """How many bytes there are."""
        ...

    @property
    def chunks(self) -> Callable[[], Iterator[bytes]]:
        """Gives the bytes."""
        ...


class LinkResolver(Protocol):
    """The part of the library that knows what a link stands for."""

    def resolve_link(self, token: str) -> LinkedFile | LinkedStream:
        """Return the file or stream behind a link; raises ``NotFound``."""
        ...


def media_response(resolver: LinkResolver, settings: Settings, token: str) -> Response:
    """Answer a request for a link; reads no more than the file's name and size."""
    try:
        linked = resolver.resolve_link(token)
    except NotFound:
        return _not_found()
    if isinstance(linked, LinkedStream):
        return StreamingResponse(
            linked.chunks(),
            media_type="application/octet-stream",
            headers={
                "Content-Length": str(linked.size_bytes),
                "Content-Disposition": f'attachment; filename="{linked.download_name}"',
            },
        )
    path = linked.path.resolve()
    served_from = (settings.data_dir, settings.assets_dir / "samples")
    if not path.is_file() or not any(root in path.parents for root in served_from):
        return _not_found()
    media_type = INLINE_TYPES.get(path.suffix.lower())
    if media_type is not None and not linked.download_name:
        return FileResponse(path, media_type=media_type, content_disposition_type="inline")
    return FileResponse(
        path,
        media_type="application/octet-stream",
        filename=linked.download_name or path.name,
        content_disposition_type="attachment",
    )


def _not_found() -> Response:
    """Return the one answer to every wrong link."""
    body = {
        "code": "media.not_found",
        "sentence": "This link is no longer valid; reload the page for a new one.",
        "details": {},
    }
    return JSONResponse(body, status_code=404)
