"""The two containers torch has kept pickles in: a zip of uncompressed parts, and one long file.

The zip (since torch 1.6) holds ``NAME/data.pkl`` and one part ``NAME/data/KEY`` for each storage.
The long file before it is a row of pickles (magic number, version, machine, value, keys), then the
numbers of each storage behind its length (``torch/serialization.py``, ``_legacy_load``).
"""

from __future__ import annotations

import encodings.cp437  # noqa: F401 (names in old zips; nothing can be imported later)
import io
import zipfile
import zlib

from textinv_app.formats.foreign import limits
from textinv_app.formats.foreign.pickled import Storage, read_pickle
from textinv_app.formats.foreign.refusals import refusal

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_VERSION = 1001
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED = 0x1


def read_container(data: bytes) -> object:
    """Return the value in a file that torch saved; its tensors know their numbers.

    Raises ``FileRefused``: for a zip that holds something else, is packed or built to mislead, for
    a pickle that names anything but tensors, and for what is damaged.
    """
    return _read_zip(data) if data.startswith(b"PK") else _read_legacy(data)


def _read_zip(data: bytes) -> object:
    parts = _parts(data)
    programs = [name for name in parts if name.rpartition("/")[2] == "data.pkl"]
    if not programs:
        raise refusal("file.archive")
    top = programs[0].rpartition("/")[0]
    prefix = f"{top}/" if top else ""
    if len(programs) > 1:
        raise refusal("file.unsafe_archive")
    program = parts[programs[0]]
    if len(program) > limits.MAX_PROGRAM_BYTES:
        raise refusal("file.damaged", reason="its table of contents is too long")
    if bytes(parts.get(f"{prefix}byteorder", memoryview(b"little"))).strip() != b"little":
        raise refusal("file.unknown_kind")
    storages: dict[str, Storage] = {}
    value = read_pickle(io.BytesIO(program), storages)
    for key, storage in storages.items():
        # torch pads nothing: a part of another length is cut off or somebody else's.
        storage.data = parts.get(f"{prefix}data/{key}")
    return value


def _parts(data: bytes) -> dict[str, memoryview]:
    """Return the parts of a zip by name, as windows on ``data``; every one is checked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise refusal("file.damaged", reason="the zip it is kept in is broken") from error
    if len(infos) > limits.MAX_MEMBERS:
        raise refusal("file.too_many_tensors", tensors=len(infos))
    if any(info.filename.endswith("/constants.pkl") for info in infos):
        raise refusal("file.pickle_program", name="TorchScript")
    parts: dict[str, memoryview] = {}
    position = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if _is_unsafe(info.filename) or info.filename in parts or info.header_offset < position:
            raise refusal("file.unsafe_archive")
        start, end = _place(data, info)
        position = end
        parts[info.filename] = memoryview(data)[start:end]
        if zlib.crc32(parts[info.filename]) != info.CRC:
            raise refusal("file.damaged", reason="a checksum is wrong")
    return parts


def _is_unsafe(name: str) -> bool:
    steps = name.split("/")
    return "\\" in name or ":" in name or name.startswith("/") or ".." in steps or len(name) > 500


def _place(data: bytes, info: zipfile.ZipInfo) -> tuple[int, int]:
    """Return where the content of a part lies; its own header is believed in nothing but length."""
    if not _holds_program_or_numbers(info):
        raise refusal("file.packed_pickle")
    header = data[info.header_offset : info.header_offset + _LOCAL_HEADER_BYTES]
    if len(header) < _LOCAL_HEADER_BYTES or not header.startswith(b"PK\x03\x04"):
        raise refusal("file.damaged", reason="the zip it is kept in is broken")
    name_bytes = int.from_bytes(header[26:28], "little")
    extra_bytes = int.from_bytes(header[28:30], "little")
    start = info.header_offset + _LOCAL_HEADER_BYTES + name_bytes + extra_bytes
    if start + info.compress_size > len(data):
        raise refusal("file.damaged", reason="the file ends before its last part does")
    return start, start + info.compress_size


def _holds_program_or_numbers(info: zipfile.ZipInfo) -> bool:
    stored = info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size
    return stored and not info.flag_bits & _ENCRYPTED


def _read_legacy(data: bytes) -> object:
    file = io.BytesIO(data)
    storages: dict[str, Storage] = {}
    if read_pickle(file, {}) != _LEGACY_MAGIC:
        raise refusal("file.unknown_kind")
    machine = None
    if read_pickle(file, {}) == _LEGACY_VERSION:
        machine = read_pickle(file, {})
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise refusal("file.unknown_kind")
    value = read_pickle(file, storages)
    keys = read_pickle(file, {})
    if not isinstance(keys, list) or len(keys) > limits.MAX_MEMBERS:
        raise refusal("file.damaged", reason="its list of numbers is broken")
    for key in keys:
        storage = storages.get(key) if isinstance(key, str) else None
        num_values = int.from_bytes(file.read(8), "little")
        if storage is None or num_values != storage.num_values:
            raise refusal("file.damaged", reason="its list of numbers is broken")
        start = file.tell()
        storage.data = memoryview(data)[start : start + storage.num_bytes]
        file.seek(start + storage.num_bytes)
    return value
