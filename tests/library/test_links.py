"""Signed links: forged, expired, of deleted things, outside the folder: all one NotFound."""

from __future__ import annotations

import os
import string
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_world import World

from textinv_app.domain.status import RunStatus
from textinv_app.errors import NotFound
from textinv_app.library.links import LONGEST_WINDOW_SECONDS, LinkSigner, read_or_make_key

KEY = b"k" * 32
CHARACTERS = string.ascii_letters + string.digits + "-_."


def token_of(url: str) -> str:
    """Return what stands behind ``/media/``."""
    return urlsplit(url).path.removeprefix("/media/")


def signer_at(moment: float) -> LinkSigner:
    """Return a signer whose clock stands still."""
    return LinkSigner(KEY, 3600, clock=lambda: moment)


def test_a_link_names_what_it_was_made_for() -> None:
    token = token_of(signer_at(0).url("photo", "abc", "p.jpg"))
    target = signer_at(10).open(token)
    assert (target.kind, target.thing_id, target.file_name) == ("photo", "abc", "p.jpg")


@given(position=st.integers(min_value=0), letter=st.sampled_from(CHARACTERS))
def test_any_other_character_breaks_it(position: int, letter: str) -> None:
    token = token_of(signer_at(0).url("photo", "abc", "p.jpg"))
    index = position % len(token)
    changed = token[:index] + letter + token[index + 1 :]
    if changed == token:
        return
    with pytest.raises(NotFound):
        signer_at(0).open(changed)


@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(NotFound):
        signer_at(0).open(text)


def test_a_link_lives_at_least_its_lifetime_and_then_expires() -> None:
    made_at = 5 * LONGEST_WINDOW_SECONDS - 1
    token = token_of(signer_at(made_at).url("photo", "abc", "p.jpg"))
    signer_at(made_at + 3600).open(token)
    with pytest.raises(NotFound):
        signer_at(made_at + 3600 + LONGEST_WINDOW_SECONDS + 1).open(token)


def test_the_address_stays_the_same_for_half_an_hour() -> None:
    early = signer_at(7 * LONGEST_WINDOW_SECONDS).url("photo", "abc", "p.jpg")
    late = signer_at(8 * LONGEST_WINDOW_SECONDS - 1).url("photo", "abc", "p.jpg")
    next_window = signer_at(8 * LONGEST_WINDOW_SECONDS).url("photo", "abc", "p.jpg")
    assert early == late
    assert next_window != late


@pytest.mark.parametrize("lifetime_seconds", [60, 300, 3600, 86400])
def test_a_lifetime_is_kept_within_half_of_itself_whatever_it_is(lifetime_seconds: int) -> None:
    """A link of a minute lived half an hour longer."""
    now = [0.0]
    signer = LinkSigner(KEY, lifetime_seconds, clock=lambda: now[0])
    for made_at in (0, 1, 29, 1000, 1799, 5000):
        now[0] = made_at
        token = token_of(signer.url("photo", "abc", "p.jpg"))
        now[0] = made_at + lifetime_seconds
        signer.open(token)
        now[0] = made_at + lifetime_seconds * 1.5
        with pytest.raises(NotFound):
            signer.open(token)


def test_another_key_makes_other_links() -> None:
    token = token_of(LinkSigner(b"x" * 32, 3600, clock=lambda: 0).url("photo", "abc", "p.jpg"))
    with pytest.raises(NotFound):
        signer_at(0).open(token)


def test_the_key_is_kept_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    key = read_or_make_key(path)
    assert read_or_make_key(path) == key
    assert len(key) == 32
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_that_was_broken_off_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(b"short")
    key = read_or_make_key(path)
    assert len(key) == 32
    assert read_or_make_key(path) == key


def test_every_link_of_every_view_opens_a_file_inside_the_folders(world: World) -> None:
    concept = world.concept()
    run = world.start(concept.concept.concept_id)
    world.tick_until_status(run.run_id, RunStatus.DONE)
    (artifact,) = world.service.list_artifacts(world.owner)
    urls = [photo.photo_url for photo in concept.photos]
    urls += [photo.square_url for photo in concept.photos]
    urls += artifact.thumbnail_urls
    urls += [url for sample in world.service.list_samples() for url in sample.picture_urls]
    for url in urls:
        linked = world.service.resolve_link(token_of(url))
        assert linked.path.is_file()
        assert linked.download_name == ""
        assert linked.content_type.startswith("image/")
    download = world.service.resolve_link(token_of(artifact.download_url))
    assert download.download_name == "rexdog.safetensors"
    assert download.content_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("kind", "thing_id", "file_name"),
    [
        ("photo", "../../etc", "passwd"),
        ("photo", "..", "petname.db"),
        ("photo", "abc", "../concept.json"),
        ("photo", "abc", "..\\concept.json"),
        ("photo", "abc", ".removed"),
        ("photo", "abc", ""),
        ("drawing", "abc", "/etc/passwd"),
        ("sample", "../..", "secret.key"),
        ("download", "", "petname.db"),
    ],
)
def test_even_a_signed_link_never_leads_outside(
    world: World, kind: str, thing_id: str, file_name: str
) -> None:
    links = world.service._parts.media._links
    with pytest.raises(NotFound):
        world.service.resolve_link(token_of(links.url(kind, thing_id, file_name)))  # type: ignore[arg-type]


def test_links_of_deleted_things_are_dead_at_once(world: World) -> None:
    concept = world.concept()
    tokens = [token_of(photo.photo_url) for photo in concept.photos]
    world.service.delete_concept(world.owner, concept.concept.concept_id)
    for token in tokens:
        with pytest.raises(NotFound):
            world.service.resolve_link(token)


def test_views_of_a_stranger_hold_no_link_to_my_things(world: World) -> None:
    concept_id = world.concept().concept.concept_id
    seen = repr(world.service.list_concepts(world.stranger))
    seen += repr(world.service.list_runs(world.stranger))
    seen += repr(world.service.list_artifacts(world.stranger))
    assert concept_id not in seen
    assert "/media/" not in seen
