"""Uploads over a real connection: what is taken, what is refused, and that nothing stays behind."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from tests.own_disk import lines_on_own_disk, needs_own_disk
from tests.page_client import PageClient
from tests.photo_makers import drawn_photo, shared_photos
from tests.server import PetnameServer, new_token


def incoming(server: PetnameServer) -> list[Path]:
    """Return what lies in the folder of uploads in transit."""
    return sorted((server.data_dir / "incoming").iterdir())


def test_a_photo_arrives_in_a_new_concept(server: PetnameServer, tmp_path: Path) -> None:
    """Without a concept one is made; the answer says which; the page shows the photo."""
    page = PageClient(server)
    answer = server.upload(page.token, [drawn_photo(tmp_path / "rex one.jpg")], purpose="photos")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["added"], body["refused"]) == (1, [])
    page.load()
    assert page.concept_id == body["concept_id"]
    assert "rex one.jpg" in page.parts["pn-upload-photos"]
    assert incoming(server) == []


def test_bad_files_are_refused_one_by_one_and_the_others_kept(
    server: PetnameServer, tmp_path: Path
) -> None:
    """Each bad file gets a sentence of its own, the good photo beside it is taken."""
    token = new_token()
    good = drawn_photo(tmp_path / "good.jpg", seed=1)
    pid = server.pid
    concept_id, sentences = "", []
    for bad in shared_photos("bad"):
        answer = server.upload(token, [bad, good], purpose="photos", concept_id=concept_id)
        assert answer.status_code == 200, (bad.name, answer.text)
        body = answer.json()
        concept_id = body["concept_id"]
        assert body["added"] == 1, bad.name
        assert len(body["refused"]) == 1, bad.name
        assert body["refused"][0]["code"]
        sentences.append(body["refused"][0]["sentence"])
    assert all(sentence.strip().endswith(".") for sentence in sentences)
    assert server.pid == pid
    server.wait_until_well()
    assert incoming(server) == []


def test_awkward_photos_are_all_taken(server: PetnameServer) -> None:
    """Every odd but honest photo is accepted."""
    token, concept_id = new_token(), ""
    for photo in shared_photos("awkward"):
        answer = server.upload(token, [photo], purpose="photos", concept_id=concept_id)
        assert answer.status_code == 200, (photo.name, answer.text)
        body = answer.json()
        concept_id = body["concept_id"]
        assert body["added"] >= 1, (photo.name, body)
        assert body["refused"] == [], (photo.name, body)
    assert incoming(server) == []


def test_no_decoding_bomb_reaches_the_web_process(server: PetnameServer) -> None:
    """Bombs cost the server itself next to no memory."""
    bombs = [path for path in shared_photos("bad") if "bomb" in path.name]
    before = server.memory_bytes()
    for bomb in bombs:
        assert server.upload(new_token(), [bomb], purpose="photos").json()["added"] == 0
    assert server.memory_bytes() - before < 30_000_000


@pytest.mark.parametrize("token", ["", "short", "x" * 64 + "!", "../" * 20, "a" * 500])
def test_who_cannot_say_who_they_are_uploads_nothing(
    server: PetnameServer, tmp_path: Path, token: str
) -> None:
    """A missing or malformed owner token is refused before the body is read."""
    answer = server.upload(token, [drawn_photo(tmp_path / "a.jpg")], purpose="photos")
    assert answer.status_code == 400
    assert set(answer.json()) == {"code", "sentence", "details"}


def test_a_strangers_concept_takes_nothing(server: PetnameServer, tmp_path: Path) -> None:
    """Photos for somebody else's concept, or for none that exists, get the same 404."""
    photo = drawn_photo(tmp_path / "a.jpg")
    mine = server.upload(new_token(), [photo], purpose="photos").json()["concept_id"]
    answers = [
        server.upload(new_token(), [photo], purpose="photos", concept_id=concept_id)
        for concept_id in (mine, "0" * 24, "../../etc", "a" * 300)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data; boundary=b"),
        (b"", "application/json"),
        (b"--b\r\n\r\nno name\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\nhalf',
         "multipart/form-data; boundary=b"),
        (b"garbage" * 1000, "multipart/form-data; boundary=b"),
        (b"x", "multipart/form-data"),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"1" * 5000 + b"\r\n--b--",
         "multipart/form-data; boundary=b"),
        ((b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n1\r\n' * 100)
         + b"--b--\r\n", "multipart/form-data; boundary=b"),
    ],
    ids=["empty", "json", "nameless", "half", "garbage", "no boundary", "long field", "100 files"],
)  # fmt: skip
def test_malformed_forms_are_refused_kindly(
    server: PetnameServer, body: bytes, content_type: str
) -> None:
    """Whatever is wrong with the form: a sentence, status 400, nothing left behind."""
    answer = server.post(
        "/petname/upload",
        content=body,
        headers={"Content-Type": content_type, "X-Petname-Owner": new_token()},
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["sentence"].endswith(".")
    assert incoming(server) == []


def test_an_upload_that_breaks_off_leaves_nothing(server: PetnameServer) -> None:
    """The connection is cut in the middle of a photo."""
    parts = urlsplit(server.url)
    head = (
        "POST /petname/upload HTTP/1.1\r\n"
        f"Host: {parts.netloc}\r\n"
        f"X-Petname-Owner: {new_token()}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n"
        "Content-Length: 5000000\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    )
    for _ in range(10):
        with socket.create_connection((parts.hostname or "", parts.port or 0)) as connection:
            connection.sendall(head.encode() + b"0" * 200_000)
    give_up = time.monotonic() + 30
    while incoming(server) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert incoming(server) == []
    server.wait_until_well()


def test_a_picture_is_no_embedding(server: PetnameServer, tmp_path: Path) -> None:
    """What is brought as a file to import is checked too, and refused with a sentence."""
    answer = server.upload(new_token(), [drawn_photo(tmp_path / "a.jpg")], purpose="artifact")
    assert answer.status_code == 200, answer.text
    assert answer.json()["added"] == 0
    assert answer.json()["refused"][0]["sentence"].endswith(".")


def test_an_upload_that_fails_as_a_whole_leaves_no_pet(tmp_path: Path) -> None:
    """Each try left an unnamed pet without photos."""
    noise = np.random.default_rng(0)
    large = [tmp_path / f"{number}.png" for number in range(4)]
    for path in large:
        Image.fromarray(noise.integers(0, 255, (1024, 1024, 3), dtype=np.uint8)).save(path)
    with PetnameServer(tmp_path / "data", {"owner_quota_bytes": "10000000"}) as server:
        page = PageClient(server)
        assert server.upload(page.token, large, purpose="photos").json()["added"] == 4
        answer = server.upload(page.token, [large[0]], purpose="photos")
        assert answer.json()["code"] == "quota.space"
        assert incoming(server) == []
        assert len(list((server.data_dir / "concepts").iterdir())) == 1


def test_a_full_disk_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    """Below the floor of free space nothing new is stored."""
    with PetnameServer(tmp_path / "data", {"min_free_bytes": str(10**18)}) as server:
        answer = server.upload(new_token(), [drawn_photo(tmp_path / "a.jpg")], purpose="photos")
    assert answer.status_code == 507
    assert "full" in answer.json()["sentence"]


@needs_own_disk
def test_uploads_begun_together_leave_the_disk_its_room(tmp_path: Path) -> None:
    """Each was measured against the free space of its beginning; a full disk had no sentence."""
    script = Path(__file__).with_name("small_disk.py")
    lines, errors = lines_on_own_disk(script, tmp_path)
    assert lines == [
        "507 storage.disk_full",
        "200 ['photo.not_a_picture']",
        "200 ['photo.not_a_picture']",
        "507 storage.full",
    ], errors
