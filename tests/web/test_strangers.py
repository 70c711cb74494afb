"""Strangers on one server: whatever they send, they see and change nothing of each other.

Every event and every command of the page stands in the tables below; a new one fails here until
somebody has said how a stranger would misuse it.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.page_client import LINK, PageClient
from tests.photo_makers import drawn_photo, write_small_embedding
from tests.server import PetnameServer, new_token
from textinv_app.ui.page import VERBS

PET_NAME = "Canarybird"
PHOTO_NAME = "canary-photo.jpg"
WORD = "canarydog"
IMPORT_NAME = "canaryimport"
PAUSE_TIMEOUT_SECONDS = 240
SECRETS = (PET_NAME, PHOTO_NAME, WORD, IMPORT_NAME)

EVENTS = {"load", "act", "tick", "look", "refresh"}
# Command to its fields; {concept}, {photo}, {run}, {artifact} and {drawing} stand for the victim's
# ids.
COMMANDS: dict[str, dict[str, Any]] = {
    "concept.open": {"id": "{concept}"},
    "concept.new": {},
    "concept.change": {"field": "name", "value": "Mine now"},
    "concept.delete_photos": {"id": "{concept}"},
    "concept.delete": {"id": "{concept}"},
    "word.check": {"value": WORD},
    "word.suggest": {},
    "word.take": {"word": "stolendog"},
    "class_word.choose": {"word": "parrot"},
    "photo.remove": {"id": "{photo}"},
    "photo.square": {"id": "{photo}", "left": 1, "top": 1, "side": 64},
    "photos.arrived": {"concept_id": "{concept}", "added": 1, "refused": []},
    "upload.failed": {"code": "x", "sentence": "x"},
    "sample.use": {"id": "{concept}"},
    "train.choose": {"model": "crayon", "teach": "both", "preset": "quick"},
    "train.start": {"model": "crayon", "teach": "both", "preset": "quick", "key": "k"},
    "run.pause": {"id": "{run}"},
    "run.resume": {"id": "{run}"},
    "run.stop": {"id": "{run}"},
    "run.remove": {"id": "{run}"},
    "compare.draw": {"prompt": f"a {WORD}", "embedding": "{artifact}"},
    "compare.cancel": {"id": "{drawing}"},
    "artifact.usage": {"id": "{artifact}"},
    "artifact.more": {"shown": 24},
    "artifact.rename": {"id": "{artifact}", "name": "Mine now"},
    "artifact.delete": {"id": "{artifact}"},
    "artifact.negative": {"id": "{artifact}", "checked": "false"},
    "artifact.recreate": {"id": "{artifact}"},
    "train.forget": {},
    "publish.open": {"id": "{artifact}"},
    "publish.start": {"id": "{artifact}", "repository": "stolen", "token": "hf_" + "x" * 30},
    "publish.update": {"id": "{artifact}"},
    "publish.keep": {"id": "{artifact}"},
    "publish.cancel": {"id": "{artifact}"},
    "publish.dismiss": {"id": "{artifact}"},
    "files.arrived": {"concept_id": "{concept}", "added": 1, "refused": []},
    "refused.close": {},
    "tab.open": {"tab": "manage"},
}


@pytest.fixture(scope="module")
def victim(server: PetnameServer, tmp_path_factory: pytest.TempPathFactory) -> PageClient:
    """Return somebody with all there can be.

    That is a named pet, photos, a word, a paused training, a file, and its drawing and publication.
    """
    folder = tmp_path_factory.mktemp("victim")
    page = PageClient(server)
    photos = [drawn_photo(folder / f"{seed}-{PHOTO_NAME}", seed) for seed in range(3)]
    assert server.upload(page.token, photos, purpose="photos").json()["added"] == 3
    embedding = write_small_embedding(folder / f"{IMPORT_NAME}.safetensors", width=256)
    assert server.upload(page.token, [embedding], purpose="artifact").json()["added"] == 1
    page.load()
    page.act("concept.change", field="name", value=PET_NAME)
    page.act("word.take", word=WORD)
    page.act("train.start", model="crayon", teach="embedding", preset="quick", key="1")
    page.act("run.pause", id=page.attributes("pn-train-runs", "data-run")[0])
    page.tick_until(
        lambda seen: seen.attributes("pn-train-runs", "data-status") == ["paused"],
        PAUSE_TIMEOUT_SECONDS,
    )
    artifact_id = page.attributes("pn-manage-list", "data-artifact")[0]
    page.act("compare.draw", prompt=f"a {IMPORT_NAME}", embedding=artifact_id, steps=5)
    page.tick_until(_has_drawn, PAUSE_TIMEOUT_SECONDS)
    # It fails, for the server is told to stay off the internet, and waits to be dismissed.
    page.act("publish.start", id=artifact_id, repository=IMPORT_NAME, token="hf_" + "x" * 30)
    page.tick_until(
        lambda seen: seen.attributes("pn-publications", "data-status") == ["failed"],
        PAUSE_TIMEOUT_SECONDS,
    )
    page.load()
    assert all(secret in str(page.parts) for secret in SECRETS)
    return page


def _has_drawn(page: PageClient) -> bool:
    drawn = page.parts["pn-compare-results"]
    assert "pn-run-error" not in drawn, drawn
    return "<img" in drawn and "compare.cancel" not in drawn


def ids_of(victim: PageClient) -> dict[str, str]:
    """Return the ids a stranger might have got hold of."""
    return {
        "{concept}": victim.concept_id,
        "{photo}": victim.attributes("pn-upload-photos", "data-photo")[0],
        "{run}": victim.attributes("pn-train-runs", "data-run")[0],
        "{artifact}": victim.attributes("pn-publications", "data-publication")[0],
        "{drawing}": json.loads(victim.seen)["drawing"].partition(":")[0],
    }


def possessions(victim: PageClient) -> str:
    """Return everything the victim's page shows, without what changes by itself."""
    page = PageClient(victim.server, token=victim.token, concept_id=victim.concept_id).load()
    page.parts.pop("pn-manage-storage")
    return re.sub(LINK, "link", str(sorted(page.parts.items())))


def told_by(page: PageClient) -> str:
    """Return the last message without its number."""
    return re.sub(r"\d+", "", page.toast)


def guesser(server: PetnameServer, do: str) -> PageClient:
    """Return the page of somebody who sent a command with ids of nothing at all."""
    nothing = "0" * 24
    page = PageClient(server, concept_id=nothing)
    fields = {
        key: nothing if str(value).startswith("{") else value for key, value in COMMANDS[do].items()
    }
    page.act(do, **fields)
    return page


def forged(token: str) -> str:
    """Return a token that differs from another in its last letter."""
    return token[:-1] + ("0" if token[-1] != "0" else "1")


def test_every_event_is_classified(server: PetnameServer) -> None:
    """Each event that reaches the server is one of the three checked here."""
    for path in ("", "/fr"):
        reaching = {
            one["api_name"]
            for one in PageClient(server, page=path).config["dependencies"]
            if one["backend_fn"]
        }
        assert reaching == EVENTS


def test_every_command_is_classified() -> None:
    """Each command of the page has its row."""
    assert set(COMMANDS) == set(VERBS)


@pytest.mark.parametrize("do", sorted(COMMANDS))
def test_no_command_of_a_stranger_sees_or_changes_anything(victim: PageClient, do: str) -> None:
    """With the victim's ids but without the victim's token: nothing shown, nothing changed.

    A stranger is told the same as if they did not exist.
    """
    identities = {
        "stranger": new_token(),
        "forged": forged(victim.token),
        "nobody": "",
        "malformed": "' OR 1=1 --",
        "the victim's id": victim.concept_id,
    }
    ids = ids_of(victim)
    before = possessions(victim)
    fields = {key: ids.get(str(value), value) for key, value in COMMANDS[do].items()}
    for who, token in identities.items():
        stranger = PageClient(victim.server, token=token, concept_id=victim.concept_id)
        answer = str(stranger.act(do, **fields)) + str(stranger.parts) + stranger.toast
        for secret in SECRETS:
            told = secret == WORD and do in {"word.check", "compare.draw"}  # they said it
            assert told or secret not in answer, (who, secret)
        assert not set(LINK.findall(answer)) & set(victim.links()), who
        if who == "stranger":
            assert told_by(stranger) == told_by(guesser(victim.server, do))
    assert possessions(victim) == before


@pytest.mark.parametrize("page", ["", "/fr"])
def test_loading_and_ticking_with_anothers_concept_shows_nothing(
    victim: PageClient, page: str
) -> None:
    """A stranger's page that names the victim's concept stays empty."""
    stranger = PageClient(victim.server, page=page, concept_id=victim.concept_id)
    answer = str(stranger.event("load", stranger.token, victim.concept_id))
    for event in ("tick", "look", "refresh"):
        answer += str(stranger.event(event, stranger.token, victim.concept_id, ""))
    assert not [secret for secret in SECRETS if secret in answer]


def test_nobody_gets_a_list_of_tokens_or_owners(victim: PageClient) -> None:
    """The token is stored as a hash only, and the log does not hold it."""
    server = victim.server
    for path in server.data_dir.rglob("*"):
        if path.is_file():
            assert victim.token.encode() not in path.read_bytes(), path.name
    assert not [line for line in server.lines if victim.token in line]
