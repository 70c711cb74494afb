"""Why a received file is not taken: one code and one sentence for each reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from textinv_app.errors import Detail, PhotoRefused

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "photo.empty": "{name} is empty: nothing arrived. Please send it again.",
        "photo.unreadable": "{name} could not be read here. Please send it again.",
        "photo.file_too_large": (
            "{name} is larger than {limit_megabytes} MB. Please send a smaller copy."
        ),
        "photo.svg": (
            "{name} is an SVG drawing, which can hold programs. Please send it as PNG or JPEG."
        ),
        "photo.web_page": "{name} is a web page, not a photo. Please save the photo itself.",
        "photo.text": "{name} holds text, not a photo, whatever its name says.",
        "photo.pdf": "{name} is a PDF. Please send the photo inside it as JPEG or PNG.",
        "photo.video": "{name} is a video. Please send photos, or still pictures taken from it.",
        "photo.other_picture": (
            "{name} is a kind of picture Petname does not read (TIFF, camera raw, BMP and the "
            "like). Please save it as JPEG or PNG."
        ),
        "photo.other_archive": (
            "{name} is an archive Petname does not read. Please send the photos, or a ZIP of them."
        ),
        "photo.not_a_picture": "{name} is not a picture Petname knows. Please send JPEG or PNG.",
        "photo.broken_off": (
            "{name} is incomplete: {missing_percent}% of it is missing. Please send it again."
        ),
        "photo.damaged": "{name} is damaged and cannot be opened. Please send the original again.",
        "photo.too_large": (
            "{name} has {megapixels} megapixels, more than the {limit_megapixels} Petname reads "
            "of this kind. Please send a smaller copy, or a JPEG."
        ),
        "photo.bomb": (
            "{name} claims {megapixels} megapixels in a very small file, as no camera does. It "
            "was not opened."
        ),
        "photo.too_small": (
            "{name} is only {width} by {height} pixels; at least {limit_pixels} are needed. "
            "Please send a larger one."
        ),
        "photo.took_too_long": (
            "{name} took more than {limit_seconds} seconds to open and was given up. Please save "
            "it as an ordinary JPEG."
        ),
        "photo.too_much_memory": (
            "{name} needs more memory to open than Petname allows. Please send a smaller copy."
        ),
        "photo.crashed": (
            "{name} could not be opened: the decoder stopped on it. Please save it as an ordinary "
            "JPEG and send that."
        ),
        "zip.damaged": "{name} is a damaged ZIP. Please make it again, or send the photos alone.",
        "zip.no_pictures": "{name} holds no photos. Please send a ZIP with photos in it.",
        "zip.bomb": (
            "{name} would unpack to far more than photos do. It was not unpacked; please send the "
            "photos themselves."
        ),
        "zip.too_many": "{name} holds more than {limit} files. Please send fewer at a time.",
        "zip.too_large": (
            "{name} unpacks to more than {limit_megabytes} MB. Please send fewer photos at a time."
        ),
        "zip.unsafe": (
            "{name} tries to write outside its own folder, or is built to mislead. It was not "
            "unpacked; please send the photos themselves."
        ),
        "zip.encrypted": "{name} is locked with a password. Please send it without one.",
        "zip.nested": "{name} is a ZIP inside a ZIP. Please open it and send the photos in it.",
        "zip.packing": (
            "{name} is packed in an unusual way. Please make an ordinary ZIP, or send the photos."
        ),
    }
)
"""English sentences by code; the blanks are keys of ``PetnameError.details``."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "note.first_frame": "It moves; its first picture was used.",
        "note.incomplete": "A little of it is missing at the bottom; the rest was used.",
        "note.transparent": "It is see-through in places; white was put behind it.",
    }
)
"""English sentences of the remarks a taken photo may carry in ``notes``."""


def refusal(code: str, display_name: str, **details: Detail) -> PhotoRefused:
    """Return the error of ``code`` about the file ``display_name`` (in ``details['name']``)."""
    blanks: dict[str, Detail] = {"name": display_name, **details}
    return PhotoRefused(code, SENTENCES[code].format_map(blanks), **blanks)
