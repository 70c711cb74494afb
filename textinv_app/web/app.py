"""The web application: our own routes, with Gradio's pages mounted beside them.

::

    /  /fr/               the page, one Gradio app for each language
    /media/<token>        photos, pictures and files, by signed link
    /petname/upload       photos and files to import, streamed to disk
    /petname/assets/...   style sheet, script, icon and fonts of the page
    /healthz              whether the server is well
"""

from __future__ import annotations

import logging
from typing import Protocol

import gradio as gr
from fastapi import FastAPI, Request
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from textinv_app.errors import (
    BadInput,
    ModelUnavailable,
    NotFound,
    PetnameError,
    QuotaReached,
    StorageFailed,
)
from textinv_app.library.api import Library
from textinv_app.library.links import link_window_seconds
from textinv_app.settings import Settings
from textinv_app.ui.build import PageLimits, build_page
from textinv_app.ui.theme import mount_options
from textinv_app.web.access import UPLOAD_PATH
from textinv_app.web.language import PAGE_PATHS, LanguageDoor
from textinv_app.web.media import LinkResolver, media_response
from textinv_app.web.page_files import page_file_response
from textinv_app.web.shell import Shell
from textinv_app.web.upload_route import OWNER_HEADER, UploadRoute

logger = logging.getLogger(__name__)

QUEUE_LOOK_SECONDS = 0.5

_STATUS: tuple[tuple[type[PetnameError], int], ...] = (
    (NotFound, 404),
    (QuotaReached, 429),
    (StorageFailed, 507),
    (ModelUnavailable, 503),
    (BadInput, 400),
)


class WebLibrary(Library, LinkResolver, Protocol):
    """What the web application needs of the library."""


def build_app(library: WebLibrary, settings: Settings) -> ASGIApp:
    """Build the whole application, shell included."""
    app = FastAPI(title="Petname", docs_url=None, redoc_url=None, openapi_url=None)
    # Where the parent app has a CORSMiddleware, Gradio leaves out its own, which lets every
    # origin in (the docstring of gradio.mount_gradio_app).
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(settings.allowed_origins),
        allow_methods=["GET", "POST"],
        allow_headers=[OWNER_HEADER, "content-type"],
    )
    app.add_exception_handler(PetnameError, _error_response)
    _add_routes(app, library, settings)
    _mount_pages(app, library, settings)
    return Shell(LanguageDoor(app, settings), settings)


def _mount_pages(app: FastAPI, library: WebLibrary, settings: Settings) -> None:
    """Mount the Gradio page of each language, with everything off that it does not need."""
    for language, path in PAGE_PATHS.items():
        options = mount_options(language) | {
            "footer_links": [],
            "run_history": False,
            "allowed_paths": [],
            "blocked_paths": [str(settings.data_dir)],
            "max_file_size": settings.max_body_bytes,
            "show_error": False,
            "ssr_mode": False,
            "enable_monitoring": False,
            "pwa": False,
            "mcp_server": False,
        }
        limits = PageLimits(
            keep_days=settings.keep_days,
            upload_bytes=settings.max_upload_bytes,
            import_bytes=settings.max_import_bytes,
            link_window_seconds=link_window_seconds(settings.link_lifetime_seconds),
        )
        page = build_page(library, language, limits)
        gr.mount_gradio_app(app, page, path=path, **options)
        # Every event of the page is answered outside Gradio's queue, whose loop looks a thousand
        # times a second whether something waits in it: 4 % of a core for each page, all day long.
        page._queue.sleep_when_free = QUEUE_LOOK_SECONDS


def _add_routes(app: FastAPI, library: WebLibrary, settings: Settings) -> None:
    """Add our own routes; they come before the mounted pages."""
    upload_route = UploadRoute(library, settings)

    @app.get("/healthz")
    def health() -> Response:
        return JSONResponse({"status": "ok"})

    @app.api_route("/media/{token}", methods=["GET", "HEAD"])
    def media(token: str) -> Response:
        return media_response(library, settings, token)

    @app.get("/petname/assets/{name:path}")
    def page_file(name: str) -> Response:
        return page_file_response(name)

    @app.post(UPLOAD_PATH)
    async def upload(request: Request) -> Response:
        return await upload_route.answer(request)


def _error_response(request: Request, error: Exception) -> Response:
    """Answer with the code, sentence and details of an error a person may read."""
    if not isinstance(error, PetnameError):
        raise error
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    logger.info("%s answered %d: %s", request.url.path[:200], status, error.code)
    body = {"code": error.code, "sentence": error.sentence, "details": error.details}
    return JSONResponse(body, status_code=status)
