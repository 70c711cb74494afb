"""Gradio's import, without the half of it that only serves its own developers.

While its components are defined, Gradio parses the source of each and compares or writes a type
stub (`.pyi`) beside it, in the folder it is installed in: `gradio.component_meta`. That took 2 of
the 4.4 seconds of the import, and nothing at run time reads the stubs.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def import_gradio() -> None:
    """Import Gradio and leave its type stubs as they are; a later import is an ordinary one."""
    if "gradio" in sys.modules:
        return
    with _components_without_source():
        import gradio  # noqa: F401


@contextmanager
def _components_without_source() -> Iterator[None]:
    """Let classes of Gradio look as if they had no file: it makes no stubs for those."""
    find = inspect.getfile

    def find_unless_component(described: object) -> str:
        if inspect.isclass(described) and described.__module__.startswith("gradio."):
            raise OSError("A component of Gradio, whose stub need not be written")
        return find(described)  # type: ignore[arg-type]

    inspect.getfile = find_unless_component  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = find
