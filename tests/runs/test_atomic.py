"""Publishing a folder: whole, durable, on every system."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from textinv_app.runs.atomic import publish_directory


@pytest.mark.skipif(sys.platform == "win32", reason="asks the kernel how a file was opened")
def test_every_file_of_a_published_folder_is_opened_for_writing_when_it_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    access: dict[int, int] = {}
    really = os.fsync

    def sync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
            access[status.st_ino] = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
        really(descriptor)

    prepared, final = tmp_path / "prepared", tmp_path / "final"
    (prepared / "photos").mkdir(parents=True)
    files = [Path("owner.json"), Path("photos") / "000.png"]
    for file in files:
        (prepared / file).write_bytes(b"as it was")
    monkeypatch.setattr(os, "fsync", sync)
    publish_directory(prepared, final)
    # Windows syncs through no handle that may only read.
    assert access == {(final / file).stat().st_ino: os.O_RDWR for file in files}
    assert [(final / file).read_bytes() for file in files] == [b"as it was"] * 2
