"""``inspect``: what a file is, without using it."""

from __future__ import annotations

import argparse

from textinv_app.commands.reporting import Reporter
from textinv_app.errors import BadInput
from textinv_app.formats.inspecting import inspect_any

_LONG = 200
_CONTAINERS = {
    "pickle": "It is kept in an old kind of file that can run programs; `convert` makes it safe.",
    "picture": "It is kept inside a picture; `convert` makes a file of it.",
}


def run_inspect(given: argparse.Namespace, reporter: Reporter) -> int:
    """Tell what a file is; raises ``FileRefused``, or ``BadInput`` where there is none."""
    try:
        found = inspect_any(given.file)
    except OSError as error:
        sentence = f"The file {given.file} cannot be read ({error.strerror})."
        raise BadInput("file.missing", sentence) from error
    metadata = {
        key: value if len(value) <= _LONG else f"{value[:_LONG]}… ({len(value)} characters)"
        for key, value in sorted(found.metadata.items())
    }
    reporter.record(
        {
            "type": "inspection",
            "path": str(given.file),
            "sentence": found.sentence(),
            "kind": found.kind,
            "family": found.family,
            "family_title": found.family_title,
            "trigger_word": found.trigger_word,
            "num_vectors": found.num_vectors,
            "widths": list(found.widths),
            "rank": found.rank,
            "alpha": found.alpha,
            "module_count": found.module_count,
            "is_negative": found.is_negative,
            "container": found.container,
            "size_bytes": found.size_bytes,
            "sha256": found.sha256,
            "metadata": metadata,
        }
    )
    reporter.say(found.sentence())
    if found.container != "safetensors":
        reporter.say(_CONTAINERS[found.container])
    reporter.say(f"Trigger word: {found.trigger_word}")
    reporter.say(f"Size: {found.size_bytes} bytes, SHA-256 {found.sha256}")
    for key, value in metadata.items():
        reporter.say(f"  {key}: {value}")
    return 0
