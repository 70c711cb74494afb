"""Where the data folder may lie."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from textinv_app.errors import NotFound, StorageFailed
from textinv_app.library.storage_errors import told
from textinv_app.runs.file_systems import file_system_of, is_unsafe, refuse_unsafe_folder

MOUNTS = """\
overlay / overlay rw 0 0
proc /proc proc rw 0 0
/dev/sda1 /home ext4 rw 0 0
server:/export /home/anna/shared nfs4 rw 0 0
/dev/sdb1 /home/anna/shared/local xfs rw 0 0
bucket /data fuse.hf-mount rw 0 0
host /mnt/host 9p rw 0 0
vm /mnt/vm virtiofs rw 0 0
share /mnt/my\\040share cifs rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
first /twice nfs rw 0 0
second /twice ext4 rw 0 0
broken line
"""


@pytest.mark.parametrize(
    ("folder", "kind", "unsafe"),
    [
        ("/", "overlay", False),
        ("/srv/petname", "overlay", False),
        ("/home/bert", "ext4", False),
        ("/home/anna/shared", "nfs4", True),
        ("/home/anna/shared/petname", "nfs4", True),
        ("/home/anna/shared2", "ext4", False),
        ("/home/anna/shared/local/petname", "xfs", False),
        ("/data/petname", "fuse.hf-mount", True),
        ("/mnt/host/x", "9p", True),
        ("/mnt/vm", "virtiofs", True),
        ("/mnt/my share/x", "cifs", True),
        ("/twice/x", "ext4", False),
    ],
)
def test_the_longest_mount_point_says_what_it_is(folder: str, kind: str, unsafe: bool) -> None:
    assert file_system_of(Path(folder), MOUNTS) == kind
    assert is_unsafe(kind) is unsafe


def test_a_network_disk_is_refused_with_what_to_do(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/x {tmp_path} nfs rw 0 0\n", encoding="utf-8")
    with pytest.raises(StorageFailed) as caught:
        refuse_unsafe_folder(tmp_path / "data", mounts)
    assert "PETNAME_DATA_DIR" in caught.value.sentence
    refuse_unsafe_folder(tmp_path / "data", tmp_path / "there-is-no-such-table")


def test_errors_of_files_become_sentences(tmp_path: Path) -> None:
    @told()
    def fail(error: OSError) -> None:
        raise error

    # Of the disk, or of what this user may put on it.
    for number in (errno.ENOSPC, errno.EDQUOT):
        with pytest.raises(StorageFailed) as caught:
            fail(OSError(number, "No space left"))
        assert caught.value.code == "storage.full"
    with pytest.raises(StorageFailed) as caught:
        fail(PermissionError(13, "no"))
    assert caught.value.code == "storage.files"
    with pytest.raises(NotFound):
        fail(FileNotFoundError(2, "gone"))
