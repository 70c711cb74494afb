"""``convert``: a file from anywhere in the form that one program wants."""

from __future__ import annotations

import argparse

from textinv_app.commands.reporting import Reporter
from textinv_app.errors import BadInput
from textinv_app.formats.converting import convert_file
from textinv_app.formats.inspecting import inspect


def run_convert(given: argparse.Namespace, reporter: Reporter) -> int:
    """Convert one file and report; returns the exit code.

    Raises ``FileRefused`` where it cannot be used, ``BadInput`` where it is missing or the output
    cannot be named so, and ``OSError`` where it cannot be written.
    """
    if not given.input.is_file():
        raise BadInput("file.missing", f"There is no file {given.input}.")
    paths = convert_file(given.input, given.output, given.to)
    files = []
    for path in paths:
        found = inspect(path) if len(paths) == 1 else None
        record = {"path": str(path), "size_bytes": path.stat().st_size}
        files.append(record)
        reporter.say(f"Wrote {path} ({record['size_bytes']} bytes).")
        if found is not None:
            reporter.say(found.sentence())
    reporter.record({"type": "result", "program": given.to, "files": files})
    return 0
