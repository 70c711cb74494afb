"""What the library relies on: every file answered by name, in order, with its own sentence."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest
from drawn_photos import draw_animal, mean_difference
from PIL import Image

from textinv_app.errors import StorageFailed
from textinv_app.photos import intake
from textinv_app.photos.intake import take_in, take_in_all
from textinv_app.photos.prepare import examine
from textinv_app.photos.quality import judge
from textinv_app.photos.refusals import NOTES, SENTENCES
from textinv_app.photos.sniffing import sniff

NOT_PHOTOS = {
    "empty.jpg": (b"", "photo.empty"),
    "page.svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "photo.svg"),
    "script.html.jpg": (b"<html><script>alert(1)</script></html>", "photo.web_page"),
    "text.jpg": (b"this is not a picture\n" * 50, "photo.text"),
    "paper.pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "photo.pdf"),
    "film.mov": (b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00qt  ", "photo.video"),
    "raw.dng": (b"II*\x00\x08\x00\x00\x00", "photo.other_picture"),
    "old.rar": (b"Rar!\x1a\x07\x00", "photo.other_archive"),
    "noise.bin": (b"\x00\x01\x02\x03" * 300, "photo.not_a_picture"),
    "cut.jpg": (b"\xff\xd8\xff\xe0", "photo.damaged"),
}


def test_each_file_that_is_no_photo_has_its_own_sentence(tmp_path: Path) -> None:
    received = []
    for name, (data, _) in NOT_PHOTOS.items():
        (tmp_path / name).write_bytes(data)
        received.append((tmp_path / name, name))
    draw_animal().save(tmp_path / "rex.png")
    received.insert(4, (tmp_path / "rex.png", "rex.png"))
    report = take_in_all(received, tmp_path / "clean")
    assert [photo.display_name for photo in report.accepted] == ["rex.png"]
    assert [(error.details["name"], error.code) for error in report.refused] == [
        (name, code) for name, (_, code) in NOT_PHOTOS.items()
    ]
    sentences = [str(error).replace(str(error.details["name"]), "") for error in report.refused]
    assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"BM\x36\x00\x0c\x00", "other_picture"),
        # As cameras other than Apple's name what holds HEVC.
        (b"\x00\x00\x00\x10ftypmif1\x00\x00\x00\x00", "heif"),
        (b"\x00\x00\x00\x10ftyphevc\x00\x00\x00\x00", "heif"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommiaf", "heif"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif", "avif"),
    ],
)
def test_what_a_file_is_by_its_first_bytes(head: bytes, kind: str) -> None:
    assert sniff(head) == kind


def test_a_disk_that_fails_in_the_end_keeps_no_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = []
    for seed in range(2):
        draw_animal(seed=seed).save(tmp_path / f"{seed}.png")
        received.append((tmp_path / f"{seed}.png", f"{seed}.png"))

    def fail(folder: Path) -> None:
        raise OSError(errno.EIO, "Input/output error", str(folder))

    monkeypatch.setattr(intake, "fsync_directory", fail)
    with pytest.raises(StorageFailed) as caught:
        take_in_all(received, tmp_path / "clean")
    assert caught.value.code == "storage.files"
    assert list((tmp_path / "clean").iterdir()) == []


def test_a_missing_file_is_one_refusal(tmp_path: Path) -> None:
    (refused,) = take_in(tmp_path / "gone.jpg", "gone.jpg", tmp_path / "clean").refused
    assert refused.code == "photo.unreadable"


def test_a_hostile_name_is_only_text(tmp_path: Path) -> None:
    draw_animal().save(tmp_path / "upload", "PNG")
    report = take_in(tmp_path / "upload", "../../\u202egnp.<b>.jpg", tmp_path / "clean")
    (photo,) = report.accepted
    assert photo.display_name == "gnp.<b>.jpg"
    assert photo.path.parent == tmp_path / "clean"
    assert re.fullmatch(r"[0-9a-f]{16}\.png", photo.path.name)


def test_a_name_with_braces_does_not_break_the_sentence(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(b"")
    (refused,) = take_in(tmp_path / "upload", "{0}{limit}.jpg", tmp_path / "clean").refused
    assert str(refused).startswith("{0}{limit}.jpg is empty")


def test_sentences_name_the_file_first_and_end() -> None:
    assert all(sentence.startswith("{name} ") for sentence in SENTENCES.values())
    assert all(sentence.endswith(".") for sentence in (*SENTENCES.values(), *NOTES.values()))
    assert len(set(SENTENCES.values())) == len(SENTENCES)


def test_every_bad_real_file_is_refused_and_the_good_are_kept(
    shared_photos: Path, tmp_path: Path
) -> None:
    bad = sorted((shared_photos / "bad").iterdir())
    good = sorted((shared_photos / "pets" / "corgi").iterdir())
    received = [(path, path.name) for pair in zip(bad, good * 2, strict=False) for path in pair]
    report = take_in_all(received, tmp_path / "clean")
    assert len(report.accepted) == len(bad)
    assert [(error.details["name"], error.code) for error in report.refused] == [
        ("bomb-60000x60000.png", "photo.bomb"),
        ("bomb.zip", "zip.bomb"),
        ("empty.jpg", "photo.empty"),
        ("no-pictures.zip", "zip.no_pictures"),
        ("page.svg", "photo.svg"),
        ("script.html.jpg", "photo.web_page"),
        ("slip.zip", "zip.unsafe"),
        ("text-renamed.jpg", "photo.text"),
        ("truncated.jpg", "photo.broken_off"),
    ]


AWKWARD_VERDICTS = {"blurred.jpg": "blurred", "tiny-180px.jpg": "small", "too-dark.jpg": "dark"}


def test_every_awkward_real_file_is_taken_with_its_verdict(
    shared_photos: Path, tmp_path: Path
) -> None:
    for path in sorted((shared_photos / "awkward").iterdir()):
        report = take_in(path, path.name, tmp_path / "clean")
        assert report.refused == (), path.name
        assert len(report.accepted) == (5 if path.suffix == ".zip" else 1)
        for photo in report.accepted:
            verdict = judge(examine(photo.path).measurements)
            assert verdict.name == AWKWARD_VERDICTS.get(path.name, "fine"), path.name
            assert not Image.open(photo.path).getexif()


def test_real_photos_of_one_animal_come_out_upright(shared_photos: Path, tmp_path: Path) -> None:
    awkward = shared_photos / "awkward"
    turned = [(path, path.name) for path in sorted(awkward.glob("exif-orientation-*.jpg"))]
    report = take_in_all(turned, tmp_path / "clean")
    pictures = [Image.open(photo.path) for photo in report.accepted]
    assert len(pictures) == 8
    assert all(mean_difference(pictures[0], picture) < 3 for picture in pictures)
    pair = [(awkward / name, name) for name in ("same-photo-a.jpg", "sideways-with-gps.jpg")]
    upright, sideways = take_in_all(pair, tmp_path / "clean").accepted
    assert mean_difference(Image.open(upright.path), Image.open(sideways.path)) < 5
    assert b"GPS" not in sideways.path.read_bytes()


@pytest.mark.parametrize("pet", ["corgi", "orange-cat", "puppy", "white-dog"])
def test_all_real_pet_photos_are_fine(pet: str, shared_photos: Path, tmp_path: Path) -> None:
    received = [(path, path.name) for path in sorted((shared_photos / "pets" / pet).iterdir())]
    earlier: list[tuple[str, str]] = []
    for photo in take_in_all(received, tmp_path / "clean").accepted:
        measurements = examine(photo.path).measurements
        assert judge(measurements, earlier).name == "fine", photo.display_name
        earlier.append((photo.display_name, measurements.fingerprint))
    assert len(earlier) >= 5
