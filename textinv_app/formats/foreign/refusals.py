"""Why a file of an old kind or a picture is not taken: one code and one sentence for each reason.

The child sends a code and the blanks; the sentence is put together by whoever receives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from textinv_app.errors import Detail, FileRefused

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "file.archive": "This is an archive. Unpack it and choose the file inside.",
        "file.damaged": (
            "This file is damaged or only half downloaded ({reason}). Download it again."
        ),
        "file.other_kind": (
            "This is a file of another kind ({kind}), not an embedding or a LoRA. Petname has no "
            "use for it."
        ),
        "file.packed_pickle": (
            "This old kind of file is packed in a way that no program packs it, so it was not "
            "opened. Look for the same embedding or LoRA as .safetensors."
        ),
        "file.picture": (
            "This is a picture without an embedding inside. If there should be one, get the "
            "original file: a copy that was resized or saved anew has lost it. Photos belong on "
            "the first tab."
        ),
        "file.pickle_program": (
            "This old kind of file holds more than numbers ({name}): opening it could run a "
            "program, so it was not opened. Look for the same embedding or LoRA as .safetensors."
        ),
        "file.old_too_large": (
            "This old kind of file has {size_mb} MB; up to {limit_mb} MB are read. A larger one "
            "is mostly a whole image model. Look for a .safetensors version."
        ),
        "file.reader_crashed": (
            "This file could not be read: the reader stopped on it. Look for the same embedding "
            "or LoRA as .safetensors."
        ),
        "file.took_too_long": (
            "This file took more than {limit_seconds} seconds to read and was given up. Look for "
            "the same embedding or LoRA as .safetensors."
        ),
        "file.too_many_tensors": (
            "This file holds {tensors} tables of numbers, more than any embedding or LoRA that "
            "Petname knows."
        ),
        "file.too_much_memory": (
            "This file needs more memory to read than Petname allows. Look for the same embedding "
            "or LoRA as .safetensors."
        ),
        "file.unknown_kind": "This file is neither an embedding nor a LoRA that Petname knows.",
        "file.unsafe_archive": (
            "This file is built to mislead: its parts lie over each other or are named to lead "
            "elsewhere. It was not opened."
        ),
        "embedding.several_words": (
            "This file holds {words} words at once; Petname takes one from a file. Look for the "
            "words as files of their own."
        ),
    }
)
"""English sentences by code; the blanks are keys of ``FileRefused.details``."""


def refusal(code: str, **details: Detail) -> FileRefused:
    """Return the error of ``code``; raises ``KeyError`` where there is no such code."""
    return FileRefused(code, SENTENCES[code].format_map(_Blanks(details)), **details)


class _Blanks(dict[str, Detail]):
    """Blanks of a sentence; what the child did not fill in stays visible."""

    def __missing__(self, key: str) -> str:
        return "…"
