"""Uploads: parts of a request, streamed to files of our own naming in the ``incoming`` folder.

Nothing passes through Gradio's upload cache, which anybody with the address can read, and nothing
is kept in memory but the piece that is being written.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from textinv_app.errors import BadInput
from textinv_app.library.api import ReceivedFile

MAX_FILES = 60
MAX_FIELDS = 10
MAX_FIELD_BYTES = 1000
MAX_NAME_CHARACTERS = 200


@dataclass(eq=False)
class ReceivedForm:
    """What came in: files on disk and short text fields."""

    awaited_bytes: int = 0
    """How much of the request is still to come, by what it announced."""
    files: list[ReceivedFile] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)

    def remove_files(self) -> None:
        """Delete what is still lying in the incoming folder."""
        for file in self.files:
            file.path.unlink(missing_ok=True)


@contextmanager
def removing_files(form: ReceivedForm) -> Iterator[ReceivedForm]:
    """Make sure that the received files are gone in the end, whatever happens."""
    try:
        yield form
    finally:
        form.remove_files()


async def receive_form(request: Request, incoming_dir: Path, form: ReceivedForm) -> None:
    """Stream a multipart request into ``form``; raises ``BadInput`` when malformed, ``OSError``.

    ``form`` is filled while the request comes in, so that its owner can remove half a file too.
    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if content_type != b"multipart/form-data" or not boundary:
        raise BadInput("upload.not_a_form", "The upload was not sent as a form with files.")
    writer = _PartWriter(incoming_dir, form)
    try:
        parser = writer.parser(boundary)
        async for chunk in request.stream():
            form.awaited_bytes -= len(chunk)
            await anyio.to_thread.run_sync(parser.write, chunk)
        parser.finalize()
    except FormParserError as error:
        raise BadInput(
            "upload.broken", "The upload arrived incomplete; please send it again."
        ) from error
    finally:
        writer.close()
    if not writer.ended:
        raise BadInput("upload.broken", "The upload arrived incomplete; please send it again.")


class _PartWriter:
    """Callbacks of the multipart parser: one part at a time goes to a file or to a field."""

    def __init__(self, incoming_dir: Path, form: ReceivedForm) -> None:
        self._incoming_dir = incoming_dir
        self._form = form
        self._header_name = b""
        self._header_value = b""
        self._disposition = b""
        self._field_name = ""
        self._field_value = bytearray()
        self._file: BinaryIO | None = None
        self.ended = False

    def parser(self, boundary: bytes) -> MultipartParser:
        """Return a parser that feeds this writer."""
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._add_header_name,
                "on_header_value": self._add_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._open_part,
                "on_part_data": self._write,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def close(self) -> None:
        """Close the file that is being written, if any."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self) -> None:
        self._disposition = b""
        self._field_value.clear()

    def _add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _open_part(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._field_name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            if len(self._form.fields) >= MAX_FIELDS:
                raise BadInput("upload.too_many_fields", "The upload has too many fields.")
            return
        if len(self._form.files) >= MAX_FILES:
            raise BadInput(
                "upload.too_many_files",
                f"Please send at most {MAX_FILES} files at a time.",
                limit=MAX_FILES,
            )
        path = self._incoming_dir / secrets.token_hex(16)
        self._file = path.open("xb")
        name = display_name(options[b"filename"].decode("utf-8", "replace"))
        self._form.files.append(ReceivedFile(path=path, display_name=name))

    def _write(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
            return
        if len(self._field_value) + end - start > MAX_FIELD_BYTES:
            raise BadInput("upload.field_too_long", "A field of the upload is too long.")
        self._field_value += data[start:end]

    def _end_part(self) -> None:
        if self._file is not None:
            self.close()
            return
        self._form.fields[self._field_name] = self._field_value.decode("utf-8", "replace")

    def _end(self) -> None:
        self.ended = True


def display_name(sent: str) -> str:
    """Return what to call a file in messages: its last path component, printable, not too long."""
    last = sent.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(letter for letter in last if letter.isprintable())
    return printable[:MAX_NAME_CHARACTERS] or "file"
