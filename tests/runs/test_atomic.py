"""Writing files and publishing folders: whole, durable, on every system."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from textinv_app.runs import atomic
from textinv_app.runs.atomic import atomic_write_chunks, atomic_write_text, publish_directory


def test_what_has_its_name_keeps_it_through_a_power_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings: list[tuple[Path, list[str]]] = []

    def note(folder: Path) -> None:
        listings.append((folder, sorted(path.name for path in folder.iterdir())))

    monkeypatch.setattr(atomic, "fsync_directory", note)
    atomic_write_text(tmp_path / "a.json", "{}")
    assert listings == [(tmp_path, ["a.json"])]
    (tmp_path / "prepared").mkdir()
    publish_directory(tmp_path / "prepared", tmp_path / "final")
    assert listings[-1] == (tmp_path, ["a.json", "final"])


def test_a_write_that_a_full_disk_breaks_off_leaves_the_old_file_alone(tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.json"
    atomic_write_text(path, "{}")
    with pytest.raises(OSError, match="No space left"):
        atomic_write_chunks(path, chunks())
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text(encoding="utf-8") == "{}"


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
