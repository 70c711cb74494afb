"""The handlers of the whole page on a library in memory: ticks, limits, strangers."""

from __future__ import annotations

import re
import time

import pytest
from fake_browser import STRANGER, TOKEN, Browser, finished
from fake_library import MAX_PETS

from textinv_app.errors import NotFound
from textinv_app.library.links import link_window_seconds
from textinv_app.ui.desk import Visit
from textinv_app.ui.markup import Html
from textinv_app.ui.page import (
    PARTS,
    Page,
    Seen,
)
from textinv_app.ui.words import Words


def test_an_empty_page_says_what_to_do_next(browser: Browser) -> None:
    assert "Biscuit" in browser.shown["samples"]
    assert "Nobody to teach yet" in browser.shown["train_setup"]
    assert "Nothing to compare yet" in browser.shown["compare_setup"]
    assert "collection is still empty" in browser.shown["manage_files"]


def test_an_empty_tab_leads_to_the_photos_until_a_pet_can_be_taught(browser: Browser) -> None:
    """Compare and the collection led to the training, which was empty and sent on."""
    tabs = ("compare_setup", "manage_files")
    for tab in tabs:
        assert re.findall('data-go="([^"]*)"', browser.shown[tab]) == ["upload"]
    assert "Go to the photos" in browser.shown["compare_setup"]
    browser.do("sample.use", id="biscuit")
    for tab in tabs:
        assert re.findall('data-go="([^"]*)"', browser.shown[tab]) == ["train"]


def test_a_tick_that_finds_nothing_new_sends_nothing(with_pet: Browser) -> None:
    with_pet.start()
    with_pet.tick()
    assert "train_runs" in with_pet.changed
    with_pet.tick()
    assert with_pet.changed == set()


def test_a_tick_draws_only_what_changed(with_pet: Browser) -> None:
    with_pet.start(teach="embedding")
    with_pet.tick()
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.advance(with_pet.owner, run_id, 25)
    with_pet.tick()
    assert with_pet.changed == {"seen", "train_runs"}


def test_links_are_drawn_again_before_they_expire_and_not_sooner(
    with_pet: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_pet.load(with_pet.shown["concept"])
    with_pet.refresh()
    assert with_pet.changed == set()
    later = time.time() + 31 * 60
    monkeypatch.setattr("textinv_app.ui.page.time.time", lambda: later)
    with_pet.tick()
    assert with_pet.changed == set()
    with_pet.refresh()
    assert {"photos", "samples", "seen"} <= with_pet.changed
    with_pet.refresh()
    assert with_pet.changed == set()


def test_links_that_live_a_minute_are_drawn_again_twice_in_it(
    with_pet: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were drawn again every twenty minutes, and dead for most of them."""
    with_pet.page = Page(with_pet.library, Words("en"), link_window_seconds(60))
    with_pet.load(with_pet.shown["concept"])
    later = time.time() + 30
    monkeypatch.setattr("textinv_app.ui.page.time.time", lambda: later)
    with_pet.refresh()
    assert {"photos", "samples", "seen"} <= with_pet.changed


def test_a_finished_run_reaches_compare_and_collection_by_itself(with_pet: Browser) -> None:
    run_id = with_pet.start_one("embedding")
    with_pet.library.advance(with_pet.owner, run_id, 250)
    with_pet.tick()
    with_pet.library.finish(with_pet.owner, run_id)
    with_pet.tick()
    assert {"compare_setup", "manage_files"} <= with_pet.changed
    assert "biscuitdog.safetensors" in with_pet.shown["manage_files"]


def test_a_run_that_ends_while_the_page_is_loaded_is_noticed(
    with_pet: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was shown as learning for up to half an hour."""
    run_id = with_pet.start_one("embedding")
    with_pet.library.advance(with_pet.owner, run_id, 250)
    draw_storage = PARTS["manage_storage"]

    def end_meanwhile(visit: Visit) -> Html:
        with_pet.library.finish(with_pet.owner, run_id)
        return draw_storage(visit)

    with monkeypatch.context() as patch:
        # The last part but those of the dialog: the trainings are drawn already.
        patch.setitem(PARTS, "manage_storage", end_meanwhile)
        with_pet.load(with_pet.shown["concept"])
    with_pet.tick()
    assert 'data-status="done"' in with_pet.shown["train_runs"]
    assert "biscuitdog.safetensors" in with_pet.shown["manage_files"]


def test_a_training_of_another_pet_reaches_the_collection_by_itself(with_pet: Browser) -> None:
    """It appeared when the tab was pressed the next time."""
    with_pet.start(teach="embedding")
    (run,) = with_pet.library.list_runs(with_pet.owner)
    with_pet.do("sample.use", id="clover")
    with_pet.tick()
    with_pet.library.finish(with_pet.owner, run.run_id)
    with_pet.tick()
    assert {"compare_setup", "manage_files"} <= with_pet.changed
    assert "biscuitdog.safetensors" in with_pet.shown["manage_files"]
    with_pet.tick()
    assert with_pet.changed == set()


def test_everything_is_there_again_in_another_browser(with_pet: Browser) -> None:
    with_pet.start()
    other = Browser(with_pet.library)
    other.load()
    assert other.shown["concept"] == with_pet.shown["concept"]
    assert other.shown["train_runs"] == with_pet.shown["train_runs"]
    assert "8 photos" in other.shown["photos"]


def test_deleting_a_pet_opens_the_next_one(with_pet: Browser) -> None:
    first = with_pet.shown["concept"]
    with_pet.do("sample.use", id="clover")
    second = with_pet.shown["concept"]
    with_pet.do("concept.delete", id=second)
    assert with_pet.shown["concept"] == first
    with_pet.do("concept.delete_photos", id=first)
    assert with_pet.library.concept(with_pet.owner, first).photos == ()


def test_a_limit_is_said_and_nothing_else_changes(browser: Browser) -> None:
    for number in range(MAX_PETS):
        browser.do("concept.new")
        browser.do("concept.change", field="name", value="Rex" + "abcdefgh"[number])
    before = dict(browser.shown)
    browser.do("concept.new")
    assert "pn-toast-error" in browser.shown["toast"]
    assert browser.changed == {"toast"}
    assert browser.shown["form"] == before["form"]


@pytest.mark.parametrize(
    ("do", "fields"),
    [
        ("concept.open", {"id": "{concept}"}),
        ("concept.change", {"field": "name", "value": "Mine"}),
        ("concept.delete", {"id": "{concept}"}),
        ("concept.delete_photos", {"id": "{concept}"}),
        ("photo.remove", {"id": "{photo}"}),
        ("photo.square", {"id": "{photo}", "left": 0, "top": 0, "side": 5}),
        ("word.suggest", {}),
        ("word.take", {"word": "stolenword"}),
        ("train.start", {"model": "crayon", "teach": "lora", "preset": "quick", "key": "z"}),
        ("run.pause", {"id": "{run}"}),
        ("run.resume", {"id": "{run}"}),
        ("run.stop", {"id": "{run}"}),
        ("run.remove", {"id": "{run}"}),
        ("artifact.rename", {"id": "{artifact}", "name": "Mine"}),
        ("artifact.usage", {"id": "{artifact}", "expanded": "false"}),
        ("artifact.delete", {"id": "{artifact}"}),
        ("compare.draw", {"prompt": "a biscuitdog", "embedding": "{artifact}"}),
        ("compare.cancel", {"id": "{drawing}"}),
    ],
)
def test_a_stranger_changes_and_sees_nothing(
    with_pet: Browser, do: str, fields: dict[str, object]
) -> None:
    files = finished(with_pet)
    with_pet.do("compare.draw", prompt="a biscuitdog", **files)
    drawing = with_pet.library.latest_drawing(with_pet.owner)
    concept_id = with_pet.shown["concept"]
    photo_id = with_pet.library.concept(with_pet.owner, concept_id).photos[0].photo_id
    names = {
        "concept": concept_id,
        "photo": photo_id,
        "run": with_pet.library.list_runs(with_pet.owner)[0].run_id,
        "artifact": files["embedding"],
        "drawing": drawing.drawing_id if drawing else "",
    }
    filled = {
        key: value.format(**names) if isinstance(value, str) else value
        for key, value in fields.items()
    }
    before = repr(with_pet.library._mine(with_pet.owner))
    stranger = Browser(with_pet.library, token=STRANGER)
    stranger.shown["concept"] = concept_id
    stranger.do(do, **filled)
    assert repr(with_pet.library._mine(with_pet.owner)) == before
    assert not any("biscuit" in str(stranger.shown[name]).lower() for name in PARTS)


@pytest.mark.parametrize(
    "command",
    ["", "[]", "{}", '{"do": 5}', '{"do": "nothing.known"}', "x" * 70_000, '{"do": "run.stop"'],
)
def test_a_command_that_makes_no_sense_gets_a_sentence(with_pet: Browser, command: str) -> None:
    updates = with_pet.page.act(TOKEN, "", command)
    assert "makes no sense" in str(updates[3])


@pytest.mark.parametrize("token", ["", "short", "Z" * 64, "a" * 63])
def test_a_token_that_is_none_gets_a_sentence(with_pet: Browser, token: str) -> None:
    assert "pn-toast-error" in str(with_pet.page.load(token, "")[3])


def test_the_page_notices_that_a_pet_is_gone(with_pet: Browser) -> None:
    with_pet.library.delete_concept(with_pet.owner, with_pet.shown["concept"])
    with_pet.load(with_pet.shown["concept"])
    assert with_pet.shown["concept"] == ""
    with pytest.raises(NotFound):
        with_pet.library.concept(with_pet.owner, "c9")


@pytest.mark.parametrize("text", ["", "null", "[1]", "{", '{"runs": 3}'])
def test_a_strange_memory_of_the_page_counts_as_nothing_seen(text: str) -> None:
    assert Seen.read(text) in (Seen(), Seen(runs="3"))
