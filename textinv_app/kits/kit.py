"""A whole kit: its files, and the ZIP that is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textinv_app.errors import BadInput
from textinv_app.formats.encoding import ReadyFile, ready_text
from textinv_app.kits.archive import zip_chunks, zip_size_bytes
from textinv_app.kits.chapters import chapters_of
from textinv_app.kits.folders import program_files
from textinv_app.kits.guide import Teller, guide_name, guide_page
from textinv_app.kits.order import KitOrder
from textinv_app.kits.programs import TITLES, programs_for
from textinv_app.kits.words import KitWords


@dataclass(frozen=True)
class Kit:
    """A kit that is ready to be sent; its ZIP is the same to the byte each time."""

    name: str
    """Name of the ZIP."""
    files: tuple[ReadyFile, ...]

    @property
    def size_bytes(self) -> int:
        """Size of the ZIP."""
        return zip_size_bytes(self.files)

    def chunks(self) -> Iterator[bytes]:
        """Yield the ZIP; raises ``OSError`` where a file has gone meanwhile."""
        return zip_chunks(self.files)


def kit_name(order: KitOrder) -> str:
    """Return the name of the ZIP."""
    return f"{order.stem}-{order.program}.zip"


def make_kit(order: KitOrder) -> Kit:
    """Return the kit of an order; its ZIP is made while it is sent.

    Raises ``BadInput`` where the program cannot use files of the family, ``FileRefused`` where a
    file is damaged, and ``OSError``.
    """
    if order.program not in programs_for(order.family):
        title = TITLES[order.program]
        raise BadInput("kit.other_model", f"{title} cannot load Crayon.", program=title)
    words = KitWords(order.language)
    files = program_files(order, words)
    name = guide_name(order, words)
    teller = Teller(order, words, (*(file.name for file in files), name))
    guide = guide_page(teller, chapters_of(teller))
    return Kit(kit_name(order), (*files, ready_text(name, guide)))
