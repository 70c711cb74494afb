"""Uploads onto a small disk, in a mount namespace of its own: ``small_disk.py ROOT``.

``ROOT`` becomes a disk of 100 MB, of which 16 are the reserve and 20 are to be left alone. Prints
``no disk`` where none can be mounted, else a line for each answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from tests.assets_folder import tiny_assets
from tests.server import PetnameServer, new_token

MEGABYTE = 1_000_000
HEAD = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
END = b"\r\n--b--\r\n"


def begin(server: PetnameServer, size_bytes: int) -> HTTPConnection:
    """Announce an upload and send the beginning of it."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    connection.putrequest("POST", "/petname/upload")
    connection.putheader("X-Petname-Owner", new_token())
    connection.putheader("Content-Type", "multipart/form-data; boundary=b")
    connection.putheader("Content-Length", str(len(HEAD) + size_bytes + len(END)))
    connection.endheaders()
    connection.send(HEAD + bytes(MEGABYTE))
    return connection


def wait_for_files(server: PetnameServer, num_files: int) -> None:
    """Wait until so many uploads are under way."""
    give_up = time.monotonic() + 60
    while len(list((server.data_dir / "incoming").iterdir())) != num_files:
        assert time.monotonic() < give_up
        time.sleep(0.05)


def tell(connection: HTTPConnection) -> None:
    """Print what an upload was answered."""
    answer = connection.getresponse()
    body = json.loads(answer.read())
    print(answer.status, body.get("code") or [one["code"] for one in body["refused"]])
    connection.close()


def together(server: PetnameServer) -> None:
    """Two uploads of which one fits: the second is refused until the first is gone."""
    first = begin(server, 40 * MEGABYTE)
    wait_for_files(server, 1)
    tell(begin(server, 40 * MEGABYTE))
    first.send(bytes(39 * MEGABYTE) + END)
    tell(first)
    wait_for_files(server, 0)
    third = begin(server, 40 * MEGABYTE)
    third.send(bytes(39 * MEGABYTE) + END)
    tell(third)


def filled(server: PetnameServer, root: Path) -> None:
    """Somebody else fills the disk while an upload comes in."""
    connection = begin(server, 2 * MEGABYTE)
    wait_for_files(server, 1)
    subprocess.run(["dd", "if=/dev/zero", f"of={root / 'filling'}"], stderr=subprocess.DEVNULL)
    connection.send(bytes(MEGABYTE) + END)
    tell(connection)


def main() -> int:
    root = Path(sys.argv[1])
    mounting = ["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(root)]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        print("no disk")
        return 0
    settings = {
        "min_free_bytes": str(20 * MEGABYTE),
        "assets_dir": str(tiny_assets(root / "assets")),
    }
    with PetnameServer(root / "data", settings) as server:
        together(server)
        filled(server, root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
