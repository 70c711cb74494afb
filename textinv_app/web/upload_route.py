"""The upload route: who sends, what for, and what became of it."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from functools import partial
from typing import Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from textinv_app.errors import BadInput, PetnameError, StorageFailed
from textinv_app.library.api import Library, Refusal
from textinv_app.library.storage_errors import told
from textinv_app.settings import Settings
from textinv_app.web.access import body_limit_bytes
from textinv_app.web.uploads import ReceivedForm, receive_form, removing_files

OWNER_HEADER = "x-petname-owner"
MAX_DECODING_UPLOADS = 2
"""Uploads being decoded at a time: each may take a gigabyte of memory for a moment."""


class UploadRoute:
    """``POST /petname/upload?purpose=photos|artifact&concept_id=...``, a form with files."""

    def __init__(self, library: Library, settings: Settings) -> None:
        self._library = library
        self._settings = settings
        self._decoding = anyio.CapacityLimiter(MAX_DECODING_UPLOADS)
        self._arriving: set[ReceivedForm] = set()
        """Uploads under way: the disk must have room for what is still to come of each."""

    async def answer(self, request: Request) -> Response:
        """Receive the files, hand them to the library and say what became of them.

        Raises ``PetnameError`` where nothing at all was taken.
        """
        token = request.headers.get(OWNER_HEADER, "")
        owner = await anyio.to_thread.run_sync(self._library.identify, token)
        with removing_files(ReceivedForm(_announced_bytes(request, self._settings))) as form:
            with told():
                await self._receive(request, form)
            fields = form.fields | dict(request.query_params)
            take_in = partial(self._take_in, owner, form, fields)
            result = await anyio.to_thread.run_sync(take_in, limiter=self._decoding)
        return JSONResponse(result)

    async def _receive(self, request: Request, form: ReceivedForm) -> None:
        """Receive the files where the disk has room for them."""
        free_bytes = await anyio.to_thread.run_sync(self._free_bytes)
        # Without a pause in between: no other upload is let in meanwhile.
        self._check_room(free_bytes, form)
        self._arriving.add(form)
        try:
            await receive_form(request, self._settings.incoming_dir, form)
        finally:
            self._arriving.discard(form)

    def _free_bytes(self) -> int:
        self._settings.incoming_dir.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._settings.incoming_dir).free

    def _check_room(self, free_bytes: int, form: ReceivedForm) -> None:
        """Refuse before receiving what the disk could not hold."""
        awaited_bytes = sum(max(0, one.awaited_bytes) for one in {*self._arriving, form})
        if free_bytes - awaited_bytes < self._settings.min_free_bytes:
            free_megabytes = free_bytes // 1_000_000
            raise StorageFailed(
                "storage.disk_full",
                f"The disk is nearly full ({free_megabytes} MB left); nothing was stored. "
                "Delete something and try again.",
                free_megabytes=free_megabytes,
            )

    def _take_in(self, owner: str, form: ReceivedForm, fields: dict[str, str]) -> dict[str, Any]:
        """Hand the received files to the library."""
        if not form.files:
            raise BadInput("upload.no_file", "No file arrived; please choose one.")
        purpose = fields.get("purpose", "photos")
        if purpose == "photos":
            return self._add_photos(owner, form, fields.get("concept_id", ""))
        if purpose == "artifact":
            return self._import_artifacts(owner, form)
        raise BadInput("upload.unknown_purpose", "The upload does not say what it is for.")

    def _add_photos(self, owner: str, form: ReceivedForm, concept_id: str) -> dict[str, Any]:
        """Add photos to a concept, made new where none is named; gone again where that fails."""
        is_new = not concept_id
        if is_new:
            concept_id = self._library.create_concept(owner).concept.concept_id
        try:
            added = self._library.add_photos(owner, concept_id, form.files)
        except BaseException:
            if is_new:
                self._library.delete_concept(owner, concept_id)
            raise
        return {
            "concept_id": concept_id,
            "added": added.num_added,
            "refused": [asdict(refusal) for refusal in added.refused],
        }

    def _import_artifacts(self, owner: str, form: ReceivedForm) -> dict[str, Any]:
        """Import files; one that is refused harms no other."""
        imported: list[str] = []
        refused: list[Refusal] = []
        for file in form.files:
            try:
                imported.append(self._library.import_artifact(owner, file).artifact_id)
            except PetnameError as error:
                refused.append(
                    Refusal(file.display_name, error.code, error.sentence, error.details)
                )
        return {
            "concept_id": "",
            "artifact_id": imported[-1] if imported else "",
            "added": len(imported),
            "refused": [asdict(refusal) for refusal in refused],
        }


def _announced_bytes(request: Request, settings: Settings) -> int:
    """Return how long a request is; one that does not say may be as long as it is allowed to be."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal():
        return int(declared)
    return body_limit_bytes(request.url.path, settings, request.url.query.encode())
