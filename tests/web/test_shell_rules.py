"""The shell and the upload route, asked without a server: headers, sizes, room on the disk."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from textinv_app.errors import BadInput, StorageFailed
from textinv_app.library.api import Library, ReceivedFile
from textinv_app.settings import Settings, read_settings
from textinv_app.web.shell import Shell
from textinv_app.web.upload_route import UploadRoute

PHOTO = {"files": ("a.jpg", b"x")}
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
WHOLE_FORM = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n1\r\n--b--\r\n'
MEGABYTE = 1_000_000


class Recorder:
    """A library that only notes what it is handed."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def identify(self, token: str) -> str:
        return "anna"

    def add_photos(self, owner: str, concept_id: str, files: list[ReceivedFile]) -> SimpleNamespace:
        self.called.append("photos")
        return SimpleNamespace(num_added=len(files), refused=())

    def import_artifact(self, owner: str, file: ReceivedFile) -> SimpleNamespace:
        self.called.append("artifact")
        return SimpleNamespace(artifact_id="x")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings by which 20 MB of the disk stay free."""
    given = {"PETNAME_MIN_FREE_BYTES": str(20 * MEGABYTE)}
    return read_settings(given, data_dir=tmp_path, allow_any_data_dir=True)


@pytest.fixture
def library() -> Recorder:
    """A library that notes what the route hands it."""
    return Recorder()


@pytest.fixture
def uploads(library: Recorder, settings: Settings) -> Starlette:
    """An app of the upload route alone."""
    route = UploadRoute(cast("Library", library), settings)
    return Starlette(routes=[Route("/petname/upload", route.answer, methods=["POST"])])


@pytest.fixture
def page(settings: Settings) -> TestClient:
    """The shell around an app that says nothing."""
    routes = [Route("/{path:path}", lambda _: PlainTextResponse(""), methods=["GET", "POST"])]
    return TestClient(Shell(Starlette(routes=routes), settings), base_url="http://localhost")


def leave_free(monkeypatch: pytest.MonkeyPatch, num_megabytes: int) -> None:
    """Let the disk have so much room."""
    room = SimpleNamespace(free=num_megabytes * MEGABYTE)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room)


def test_an_upload_is_for_what_its_address_says(uploads: Starlette, library: Recorder) -> None:
    """The address has set how large it may be; a field of the form changes nothing about it."""
    address = "/petname/upload?purpose=photos&concept_id=c"
    answer = TestClient(uploads).post(address, data={"purpose": "artifact"}, files=PHOTO)
    assert answer.status_code == 200
    assert library.called == ["photos"]


def test_an_upload_of_many_fields_is_refused(uploads: Starlette, library: Recorder) -> None:
    """Each would stay in memory until the last one is there."""
    with pytest.raises(BadInput) as caught:
        TestClient(uploads).post(
            "/petname/upload", data={f"field{n}": "x" for n in range(11)}, files=PHOTO
        )
    assert caught.value.code == "upload.too_many_fields"
    assert library.called == []


def test_an_upload_that_does_not_say_its_size_needs_room_for_the_largest(
    uploads: Starlette, library: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be as long as it is allowed to be."""
    client = TestClient(uploads)
    # 60 MB are allowed, and 20 MB have to stay free.
    leave_free(monkeypatch, 70)
    with pytest.raises(StorageFailed):
        client.post("/petname/upload?concept_id=c", content=iter([WHOLE_FORM]), headers=FORM)
    leave_free(monkeypatch, 90)
    client.post("/petname/upload?concept_id=c", content=iter([WHOLE_FORM]), headers=FORM)
    assert library.called == ["photos"]


def test_what_is_still_to_come_of_other_uploads_counts_as_used(
    uploads: Starlette, library: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two uploads of 40 MB only the first fits beside the 20 MB that stay free."""
    leave_free(monkeypatch, 90)
    headers = FORM | {"Content-Length": str(40 * MEGABYTE)}
    refused: list[str] = []

    async def upload_twice() -> None:
        transport = httpx.ASGITransport(uploads)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:

            async def upload(content: bytes | AsyncIterator[bytes]) -> httpx.Response:
                address = "/petname/upload?concept_id=c"
                return await client.post(address, content=content, headers=headers)

            async def body() -> AsyncIterator[bytes]:
                with pytest.raises(StorageFailed) as caught:
                    await upload(WHOLE_FORM)
                refused.append(caught.value.code)
                yield WHOLE_FORM

            assert (await upload(body())).status_code == 200

    # In a thread of its own: the browser of other tests keeps a loop in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, upload_twice()).result()
    assert refused == ["storage.disk_full"]
    assert library.called == ["photos"]


def test_an_answer_is_for_our_own_page_alone(page: TestClient) -> None:
    """Not for frames and scripts of other sites, nor for whoever uses this browser next."""
    seen = page.get("/").headers
    assert seen["x-frame-options"] == "SAMEORIGIN"
    assert seen["permissions-policy"] == "geolocation=(), microphone=(), payment=()"
    assert seen["cross-origin-resource-policy"] == "same-origin"
    assert seen["cache-control"] == "no-store"
    assert "cache-control" not in page.get("/assets/a.js").headers


def test_a_body_that_is_too_large_ends_the_connection(page: TestClient) -> None:
    """The rest of it would be taken for the next request."""
    answer = page.post("/x", content=b"0" * 1_100_000)
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")


@pytest.mark.parametrize("size", ["-5", "5e0", "²"])
def test_a_size_that_is_no_number_is_refused(page: TestClient, size: str) -> None:
    """A negative one would pass every limit."""
    headers = [(b"content-length", size.encode("latin-1"))]
    assert page.post("/x", headers=headers).status_code == 413
