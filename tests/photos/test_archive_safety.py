"""ZIPs of photos are opened, and crafted ZIPs are refused with nothing written outside."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from drawn_photos import draw_animal

from textinv_app.errors import PhotoRefused
from textinv_app.photos import limits
from textinv_app.photos.intake import IntakeReport, take_in, take_in_all


def photo_bytes(seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    draw_animal(seed=seed).save(buffer, "JPEG")
    return buffer.getvalue()


def make_zip(path: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def take(path: Path, tmp_path: Path) -> IntakeReport:
    return take_in(path, path.name, tmp_path / "project" / "clean")


def the_refusal(path: Path, tmp_path: Path) -> PhotoRefused:
    before = {item for item in tmp_path.rglob("*") if item.is_file()}
    report = take(path, tmp_path)
    assert report.accepted == ()
    (refused,) = report.refused
    assert refused.details["name"] == path.name
    assert {item for item in tmp_path.rglob("*") if item.is_file()} == before
    return refused


def test_photos_are_taken_and_system_files_passed_over(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / "pets.zip",
        {
            "My Pictures/": b"",
            "My Pictures/rex.jpg": photo_bytes(),
            "My Pictures\\rex 2.jpg": photo_bytes(1),
            "__MACOSX/My Pictures/._rex.jpg": b"\x00" * 120,
            "My Pictures/.DS_Store": b"\x00" * 60,
            "My Pictures/notes.txt": b"hi!",
            # Packs as well as a bomb does, and is far too small to be one.
            "My Pictures/blank.txt": b"\x00" * 200_000,
        },
        zipfile.ZIP_DEFLATED,
    )
    report = take(path, tmp_path)
    assert [photo.display_name for photo in report.accepted] == ["rex.jpg", "rex 2.jpg"]
    assert report.refused == ()


def test_one_bad_photo_in_a_zip_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    entries = {"good.jpg": photo_bytes(), "fake.jpg": b"not a picture", "also.jpg": photo_bytes(1)}
    entries["cut.jpg"] = photo_bytes(2)[:4000]
    entries["more.zip"] = make_zip(tmp_path / "inner.zip", {"x.jpg": photo_bytes()}).read_bytes()
    report = take(make_zip(tmp_path / "mixed.zip", entries), tmp_path)
    assert [photo.display_name for photo in report.accepted] == ["good.jpg", "also.jpg"]
    assert {refused.details["name"]: refused.code for refused in report.refused} == {
        "fake.jpg": "photo.text",
        "more.zip": "zip.nested",
        "cut.jpg": "photo.broken_off",
    }


def test_a_zip_with_a_comment_is_opened(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "phone.zip", {"rex.jpg": photo_bytes()})
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"Sent from my phone. " * 10
    assert [photo.display_name for photo in take(path, tmp_path).accepted] == ["rex.jpg"]


@pytest.mark.parametrize("in_a_zip", [False, True])
def test_a_photo_of_too_many_bytes_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_a_zip: bool
) -> None:
    path = tmp_path / "rex.jpg"
    path.write_bytes(photo_bytes())
    if in_a_zip:
        path = make_zip(tmp_path / "pets.zip", {"rex.jpg": photo_bytes()})
    monkeypatch.setattr(limits, "MAX_PHOTO_BYTES", 1000)
    report = take(path, tmp_path)
    assert report.accepted == ()
    told = [(refused.details["name"], refused.code) for refused in report.refused]
    assert told == [("rex.jpg", "photo.file_too_large")]


def test_no_pictures(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "texts.zip", {"readme.txt": b"hello"})
    assert the_refusal(path, tmp_path).code == "zip.no_pictures"
    assert the_refusal(make_zip(tmp_path / "none.zip", {}), tmp_path).code == "zip.no_pictures"


@pytest.mark.parametrize(
    "name",
    ["../../escaped.jpg", "/absolute.jpg", "a/../../b.jpg", "..\\..\\win.jpg", "C:\\x.jpg", "c:x"],
)
def test_names_that_leave_the_folder(name: str, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "slip.zip", {"good.jpg": photo_bytes(), name: photo_bytes()})
    assert the_refusal(path, tmp_path).code == "zip.unsafe"


def test_symbolic_link(tmp_path: Path) -> None:
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("photo.jpg")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert the_refusal(path, tmp_path).code == "zip.unsafe"


def test_bomb_by_ratio(tmp_path: Path) -> None:
    data = b"\xff\xd8\xff" + b"\x00" * 30_000_000
    path = make_zip(tmp_path / "bomb.zip", {"0.jpg": data}, zipfile.ZIP_DEFLATED)
    assert the_refusal(path, tmp_path).code == "zip.bomb"


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_zip(tmp_path / "many.zip", {f"{index}.txt": b"" for index in range(301)})
    # The number at the end of the file is enough: each entry that is read costs memory.
    monkeypatch.delattr(zipfile, "ZipFile")
    assert the_refusal(path, tmp_path).code == "zip.too_many"


def test_too_much_in_all(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "large.zip", {f"{index}.jpg": b"x" * 100 for index in range(12)})
    data = path.read_bytes()
    # Every table entry claims 39 MB packed to 1 MB.
    start = 0
    patched = bytearray(data)
    while (start := patched.find(b"PK\x01\x02", start)) >= 0:
        struct.pack_into("<H", patched, start + 10, zipfile.ZIP_DEFLATED)
        struct.pack_into("<L", patched, start + 24, 39_000_000)
        start += 4
    path.write_bytes(patched)
    assert the_refusal(path, tmp_path).code in {"zip.bomb", "zip.too_large"}


def test_encrypted(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "locked.zip", {"a.jpg": photo_bytes()})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rfind(signature) + offset] |= 1
    path.write_bytes(data)
    assert the_refusal(path, tmp_path).code == "zip.encrypted"


def test_overlapping_entries(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "overlap.zip", {"a.jpg": photo_bytes(), "b.jpg": photo_bytes()})
    data = bytearray(path.read_bytes())
    first = data.find(b"PK\x01\x02")
    second = data.find(b"PK\x01\x02", first + 4)
    # Both table entries name the first file's bytes.
    data[second + 46 : second + 51] = b"a.jpg"
    struct.pack_into("<L", data, second + 42, 0)
    path.write_bytes(data)
    assert the_refusal(path, tmp_path).code == "zip.unsafe"


@pytest.mark.parametrize("claimed_bytes", [10, 10_000_000])
def test_lying_size(claimed_bytes: int, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "lie.zip", {"a.jpg": photo_bytes()}, zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    struct.pack_into("<L", data, data.find(b"PK\x01\x02") + 24, claimed_bytes)
    path.write_bytes(data)
    assert the_refusal(path, tmp_path).code in {"zip.unsafe", "zip.damaged", "zip.bomb"}


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing(compression: int, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "odd.zip", {"a.jpg": photo_bytes()}, compression)
    assert the_refusal(path, tmp_path).code == "zip.packing"


@pytest.mark.parametrize("num_missing", [1, 500])
def test_a_zip_with_a_hole_harms_no_photo_beside_it(num_missing: int, tmp_path: Path) -> None:
    """The whole upload failed, because the disk was said to be full."""
    entries = {f"{seed}.jpg": photo_bytes(seed) for seed in range(3)}
    whole = make_zip(tmp_path / "hole.zip", entries).read_bytes()
    (tmp_path / "hole.zip").write_bytes(whole[:2000] + whole[2000 + num_missing :])
    (tmp_path / "good.jpg").write_bytes(photo_bytes())
    received = [(tmp_path / name, name) for name in ("good.jpg", "hole.zip")]
    report = take_in_all(received, tmp_path / "clean")
    assert [photo.display_name for photo in report.accepted] == ["good.jpg"]
    assert [(r.details["name"], r.code) for r in report.refused] == [("hole.zip", "zip.damaged")]


def test_damaged(tmp_path: Path) -> None:
    whole = make_zip(tmp_path / "whole.zip", {"a.jpg": photo_bytes()}).read_bytes()
    path = tmp_path / "cut.zip"
    path.write_bytes(whole[: len(whole) // 2])
    assert the_refusal(path, tmp_path).code == "zip.damaged"
    flipped = bytearray(whole)
    flipped[500] ^= 0xFF
    path.write_bytes(flipped)
    assert the_refusal(path, tmp_path).code == "zip.damaged"
