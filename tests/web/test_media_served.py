"""Links to photos and files: for their owner, for an hour, and for nothing else."""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.page_client import PageClient
from tests.photo_makers import drawn_photo, write_small_embedding
from tests.server import PetnameServer
from textinv_app.library.links import LinkKind, LinkSigner

LONG_AGO = 1_500_000_000.0


@pytest.fixture(scope="module")
def page(server: PetnameServer, tmp_path_factory: pytest.TempPathFactory) -> PageClient:
    """Return the page of somebody with one photo."""
    photo = drawn_photo(tmp_path_factory.mktemp("photos") / "rex.jpg")
    client = PageClient(server)
    answer = server.upload(client.token, [photo], purpose="photos")
    assert answer.json()["added"] == 1
    return client.load()


@pytest.fixture
def link(page: PageClient) -> str:
    """Return a link to the photo's square."""
    return page.links("pn-upload-photos")[0]


def signer(server: PetnameServer, now: float | None = None) -> LinkSigner:
    """Return what the server signs with, at another time where one is given."""
    key = (server.data_dir / "secret.key").read_bytes()
    return LinkSigner(key, 3600) if now is None else LinkSigner(key, 3600, clock=lambda: now)


def test_the_owner_sees_the_photo(server: PetnameServer, link: str) -> None:
    """The picture comes inline, private and without any power of its own."""
    answer = server.get(link)
    assert answer.status_code == 200
    assert answer.headers["content-type"] in {"image/webp", "image/jpeg", "image/png"}
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "attachment" not in answer.headers.get("content-disposition", "")


def test_part_of_a_file_can_be_asked_for(server: PetnameServer, link: str) -> None:
    """A range is answered with that range (for broken-off downloads)."""
    whole = server.get(link).content
    part = server.get(link, headers={"Range": "bytes=10-19"})
    assert part.status_code == 206
    assert part.content == whole[10:20]


def test_any_changed_letter_spoils_a_link(server: PetnameServer, link: str) -> None:
    """No letter of a link can be changed, left out or added."""
    start = len("/media/")
    for position in range(start, len(link), 3):
        other = "A" if link[position] != "A" else "B"
        assert server.get(link[:position] + other + link[position + 1 :]).status_code == 404
    for spoiled in (
        link[:-1],
        link + "A",
        link + ".",
        link.replace(".", ""),
        "/media/",
        "/media/.",
    ):
        assert server.get(spoiled).status_code == 404


def test_a_link_of_long_ago_has_expired(server: PetnameServer, page: PageClient) -> None:
    """Signed with the right key, but for another day."""
    photo = next((server.data_dir / "concepts").glob(f"{page.concept_id}/photos/*.jpg"))
    fresh = signer(server).url("photo", page.concept_id, photo.name)
    old = signer(server, LONG_AGO).url("photo", page.concept_id, photo.name)
    assert server.get(fresh).status_code == 200
    assert server.get(old).status_code == 404


@pytest.mark.parametrize(
    ("kind", "things", "folder"),
    [
        ("photo", "concepts", "photos"),
        ("preview", "runs", "previews"),
        ("redrawn", "runs", "redrawn"),
        ("result", "runs", "result"),
        ("download", "runs", "result"),
        ("download", "imports", "."),
        ("drawing", "drawings", "."),
    ],
)
def test_even_a_signed_link_leads_to_pictures_only(
    server: PetnameServer, kind: LinkKind, things: str, folder: str
) -> None:
    """Should a wrong name ever be signed, it still leads nowhere, though there is a file."""
    thing_id = secrets.token_hex(12)
    place = server.data_dir / things / thing_id / folder
    place.mkdir(parents=True)
    (place.parent / "beside.json").write_text("{}", encoding="utf-8")
    (place / "0.webp").write_bytes(b"a picture")
    assert server.get(signer(server).url(kind, thing_id, "0.webp")).content == b"a picture"
    key = server.data_dir / "secret.key"
    there = [str(key), os.path.relpath(key, place), "../beside.json", "./0.webp"]
    for name in there:
        assert (place / name).is_file(), name
    for name in (*there, "..", "", ".", "a/../0.webp", "0.webp/"):
        link = signer(server).url(kind, thing_id, name)
        assert server.get(link).status_code == 404, name
    shutil.rmtree(server.data_dir / things / thing_id)
    (server.data_dir / things / "beside.json").unlink(missing_ok=True)


def test_the_database_and_the_key_have_no_address(server: PetnameServer) -> None:
    """The data folder is not served."""
    for name in ("petname.db", "secret.key", "petname.lock"):
        path = server.data_dir / name
        for address in (
            f"/{name}",
            f"/gradio_api/file={path}",
            f"/media/{name}",
            f"/static/{path}",
        ):
            assert server.get(address).status_code in {400, 403, 404}


def test_a_finished_file_is_handed_out_under_its_name(
    server: PetnameServer, tmp_path: Path
) -> None:
    """A `.safetensors` is a download, under a name that a program will understand."""
    client = PageClient(server)
    file = write_small_embedding(tmp_path / "biscuit.safetensors")
    assert server.upload(client.token, [file], purpose="artifact").json()["added"] == 1
    client.load()
    link = next(one for one in client.attributes("pn-manage-list", "href") if "/media/" in one)
    answer = server.get(link)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment")
    assert ".safetensors" in disposition
    assert b"emb_params" in answer.content[:500]


def test_all_wrong_links_look_the_same(server: PetnameServer, link: str) -> None:
    """Whoever guesses learns nothing from the answer."""
    wrong = ["/media/x", link[:-1], "/media/" + "A" * 200]
    assert len({server.get(one).text for one in wrong}) == 1


def test_a_removed_photo_is_gone(server: PetnameServer, tmp_path: Path) -> None:
    """After removing, the link that worked a moment ago does not."""
    client = PageClient(server)
    server.upload(client.token, [drawn_photo(tmp_path / "gone.jpg", seed=5)], purpose="photos")
    client.load()
    link = client.links("pn-upload-photos")[0]
    assert server.get(link).status_code == 200
    client.act("photo.remove", id=client.attributes("pn-upload-photos", "data-photo")[0])
    assert server.get(link).status_code == 404


def test_a_kit_is_sent_while_it_is_made(server: PetnameServer, tmp_path: Path) -> None:
    """The size is known before the first byte, and both languages have their own guide."""
    client = PageClient(server)
    file = write_small_embedding(tmp_path / "cracker.safetensors")
    assert server.upload(client.token, [file], purpose="artifact").json()["added"] == 1
    for page, guide in (("", "START-HERE-cracker.html"), ("/fr", "A-LIRE-cracker.html")):
        client = PageClient(server, token=client.token, page=page).load()
        part = client.parts["pn-manage-list"]
        link = re.findall(r'<a href="(/media/[^"]+)"[^>]*data-kit="comfyui"', part)[0]
        answer = server.get(link)
        assert answer.status_code == 200
        assert len(answer.content) == int(answer.headers["content-length"])
        assert answer.headers["cache-control"] == "private, no-store"
        assert 'filename="cracker-comfyui.zip"' in answer.headers["content-disposition"]
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert guide in archive.namelist()
            assert "models/embeddings/cracker.safetensors" in archive.namelist()
    assert server.get(link[:-1]).status_code == 404
