"""The page's own style sheet, script, icon and fonts: ``/petname/assets/...``."""

from __future__ import annotations

from starlette.responses import FileResponse, PlainTextResponse, Response

from textinv_app.settings import PROGRAM_FOLDER

_ASSETS = PROGRAM_FOLDER / "assets"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_FOLDERS = ("", "fonts")
_A_DAY = "public, max-age=86400"


def page_file_response(name: str) -> Response:
    """Answer with a file of the page; only those that lie there under a known type are served."""
    known = {
        f"{folder}/{path.name}".lstrip("/"): path
        for folder in _FOLDERS
        for path in sorted((_ASSETS / folder).glob("*.*"))
        if path.suffix in _TYPES
    }
    path = known.get(name)
    if path is None:
        return PlainTextResponse("There is nothing here.", status_code=404)
    return FileResponse(path, media_type=_TYPES[path.suffix], headers={"Cache-Control": _A_DAY})
