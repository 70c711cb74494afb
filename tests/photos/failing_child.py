"""A decoding child that really dies, hangs or runs short of memory on files that say so."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from PIL import Image

from textinv_app.photos import decode_child, limits

_decode = decode_child.decode


def decode(source: Path) -> tuple[Image.Image, bool, list[str]]:
    data = source.read_bytes()
    if b"KILL-ME" in data:
        os.kill(os.getpid(), signal.SIGKILL)
    if b"HANG" in data:
        time.sleep(600)
    if b"SPIN" in data:
        while True:
            pass
    if b"BUG" in data:
        raise RuntimeError("a decoder raised what no decoder is known to raise")
    if b"CHATTER" in data:
        os.write(1, b"not JSON\n")
    return _decode(source)


if __name__ == "__main__":
    decode_child.decode = decode
    limits.CHILD_MEMORY_BYTES = int(os.environ.get("OMP_NUM_THREADS", "1")) * 400_000_000
    decode_child.main()
