"""The throw-away process that decodes strangers' pictures.

Started as ``python -m textinv_app.photos.decode_child``. One JSON line in, one JSON line out, until
standard input ends::

    {"source": "/…/entry-000.source", "destination": "/…/3f2a", "seconds": 20}
    {"ok": true, "file_name": "3f2a.jpg", "width": 1536, "height": 2048, "notes": []}
    {"ok": false, "code": "photo.broken_off", "details": {"missing_percent": 64}}

Memory and processor time are limited by the kernel where it can (not on Windows). A decoder that
crashes or runs wild takes only this process with it. An error that no decoder is known to raise is
a bug: it ends the process, and the parent refuses that one file.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import sys
from pathlib import Path
from typing import Any

from textinv_app.photos import limits
from textinv_app.photos.decoding import Refused, decode, prepare_process
from textinv_app.runs.atomic import atomic_write_bytes

_JPEG_QUALITY = 95
_STORAGE_CODES = {
    errno.ENOSPC: "storage.full",
    errno.EDQUOT: "storage.full",
    errno.EROFS: "storage.files",
    errno.EACCES: "storage.files",
}


def limit_process() -> None:
    """Limit address space and core files of this process; systems without such limits are left."""
    if sys.platform == "win32":
        return
    import resource

    # macOS knows the limit of the address space but refuses to set it; the wall clock remains.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limits.CHILD_MEMORY_BYTES,) * 2)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def allow_processor_seconds(seconds: int) -> None:
    """Let this process use ``seconds`` more of processor time; beyond, the kernel ends it."""
    if sys.platform == "win32":
        return
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(usage.ru_utime + usage.ru_stime) + seconds + 1
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Decode one picture and write it beside ``destination``; return the line to send back."""
    try:
        image, lossless, notes = decode(Path(request["source"]))
        encoded = io.BytesIO()
        if lossless:
            image.save(encoded, "PNG", optimize=False)
        else:
            image.save(encoded, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
        suffix = ".png" if lossless else ".jpg"
        final = Path(request["destination"]).with_suffix(suffix)
        atomic_write_bytes(final, encoded.getvalue())
    except Refused as refused:
        return {"ok": False, "code": refused.code, "details": refused.details}
    except MemoryError:
        return {"ok": False, "code": "photo.too_much_memory", "details": {}}
    except OSError as error:
        code = _STORAGE_CODES.get(error.errno or 0, "photo.unreadable")
        return {"ok": False, "code": code, "details": {}}
    return {
        "ok": True,
        "file_name": final.name,
        "width": image.width,
        "height": image.height,
        "notes": notes,
    }


def main() -> None:
    """Answer requests until standard input ends."""
    limit_process()
    prepare_process()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        allow_processor_seconds(int(request["seconds"]))
        sys.stdout.buffer.write(json.dumps(answer(request)).encode("ascii") + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
