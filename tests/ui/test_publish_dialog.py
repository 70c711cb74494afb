"""Publishing on the page: the dialog, its errors, and what is shown while and after."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest
from fake_browser import Browser
from fake_library import FakeLibrary

from textinv_app.domain.concept import Family
from textinv_app.domain.views import PublicationView
from textinv_app.errors import BadInput
from textinv_app.ui import present_publish
from textinv_app.ui.words import Words

SECRET = "hf_SecretSecretSecretSecret123456"


@pytest.fixture
def taught() -> tuple[Browser, str]:
    """Return somebody with a finished file, and its id."""
    library = FakeLibrary()
    browser = Browser(library)
    browser.load()
    browser.do("sample.use", id="biscuit")
    browser.start(teach="embedding")
    run = library.list_runs(browser.owner)[0]
    library.finish(browser.owner, run.run_id)
    browser.load(browser.shown["concept"])
    return browser, library.list_artifacts(browser.owner)[0].artifact_id


def begin(browser: Browser, artifact_id: str, **fields: object) -> None:
    """Press Publish in the dialog."""
    given = {"repository": "rex", "visibility": "private", "token": SECRET, **fields}
    browser.do("publish.start", id=artifact_id, **given)


def content(browser: Browser) -> str:
    """Return what the dialog shows: it travels as text, so that its ids are there only once."""
    return html.unescape(browser.shown["publish_dialog"])


def test_every_file_offers_to_be_published(taught: tuple[Browser, str]) -> None:
    browser, artifact_id = taught
    files = browser.shown["manage_files"]
    assert f'data-do="publish.open" data-id="{artifact_id}"' in files


def test_the_dialog_is_private_and_without_photos_at_first(taught: tuple[Browser, str]) -> None:
    browser, artifact_id = taught
    browser.do("publish.open", id=artifact_id)
    dialog = content(browser)
    assert browser.changed == {"concept", "publish_dialog"}
    assert 'value="private" checked' in dialog
    assert 'value="public" checked' not in dialog
    assert 'id="pn-publish-photos"' in dialog
    assert "checked" not in dialog.split('id="pn-publish-photos"')[1].split(">")[0]
    assert 'type="password"' in dialog
    assert "may have been copied" in dialog
    assert dialog not in browser.shown["publish_dialog"]


@pytest.mark.parametrize("family", ["crayon", "sd1"])
def test_other_programs_are_promised_only_to_files_they_can_load(
    taught: tuple[Browser, str], family: Family
) -> None:
    """Of Crayon's files, too, it said that other programs can load them."""
    browser, artifact_id = taught
    files = browser.library._mine(browser.owner).artifacts
    files[artifact_id] = replace(files[artifact_id], family=family)
    browser.do("publish.open", id=artifact_id)
    told = {"crayon": "It works with Crayon only", "sd1": "Other programs can load it"}
    assert [text in content(browser) for text in told.values()] == [family == key for key in told]


def test_without_photos_they_are_not_offered(taught: tuple[Browser, str]) -> None:
    browser, artifact_id = taught
    concept_id = browser.shown["concept"]
    browser.library.delete_photos(browser.owner, concept_id)
    browser.do("publish.open", id=artifact_id)
    assert "pn-publish-photos" not in content(browser)


def test_what_is_ticked_is_ordered_and_nothing_else(taught: tuple[Browser, str]) -> None:
    browser, artifact_id = taught
    begin(browser, artifact_id)
    begin(browser, artifact_id, visibility="public", photos=True)
    # Anything strange counts as the careful choice.
    begin(browser, artifact_id, visibility="everybody", photos="yes")
    orders = browser.library.publish_orders
    wanted = [(order.private, order.with_photos) for order in orders]
    assert wanted == [(True, False), (False, True), (True, False)]


def test_the_token_never_comes_back(taught: tuple[Browser, str]) -> None:
    browser, artifact_id = taught
    begin(browser, artifact_id, repository="my pet")
    assert "How about my-pet?" in content(browser)
    assert 'value="my-pet"' in content(browser)
    begin(browser, artifact_id)
    browser.load(browser.shown["concept"])
    assert SECRET not in str(browser.shown)
    assert browser.library.publish_orders[0].token == SECRET


def test_what_is_wrong_is_said_in_the_dialog_and_keeps_what_was_chosen(
    taught: tuple[Browser, str],
) -> None:
    browser, artifact_id = taught
    begin(browser, artifact_id, token="", visibility="public", photos=True)
    dialog = content(browser)
    assert "A token of the Hugging Face Hub is needed" in dialog
    assert 'value="public" checked' in dialog
    assert " checked" in dialog.split('id="pn-publish-photos"')[1].split(">")[0]
    assert not browser.library.publish_orders


def test_the_login_of_the_computer_is_offered_where_there_is_one(
    taught: tuple[Browser, str],
) -> None:
    browser, artifact_id = taught
    browser.do("publish.open", id=artifact_id)
    assert "login of this computer" not in content(browser)
    browser.library.logged_in = True
    browser.do("publish.open", id=artifact_id)
    assert "login of this computer" in content(browser)


def test_the_tick_follows_it_and_leaves_the_files_alone(taught: tuple[Browser, str]) -> None:
    browser, artifact_id = taught
    begin(browser, artifact_id)
    assert f'data-follow="{artifact_id}"' in content(browser)
    browser.tick()
    browser.tick()
    assert browser.changed == set()
    browser.library.change_publication(
        browser.owner, artifact_id, stage="uploading", fraction=0.4, file_name="rex.safetensors"
    )
    browser.tick()
    assert browser.changed == {"seen", "publications"}
    assert "Sending rex.safetensors" in browser.shown["publications"]
    assert 'aria-valuenow="40"' in browser.shown["publications"]


def test_the_end_has_a_link_to_the_page_on_the_hub(taught: tuple[Browser, str]) -> None:
    browser, artifact_id = taught
    begin(browser, artifact_id)
    url = "https://huggingface.co/anna/rex"
    browser.library.change_publication(browser.owner, artifact_id, status="done", url=url)
    browser.tick()
    assert (
        f'<a href="{url}" target="_blank" rel="noopener noreferrer"'
        in (browser.shown["publications"])
    )
    browser.do("publish.dismiss", id=artifact_id)
    assert browser.shown["publications"] == ""
    assert "data-title" not in content(browser)


@pytest.mark.parametrize("do", ["publish.update", "publish.keep"])
def test_the_question_has_two_answers(taught: tuple[Browser, str], do: str) -> None:
    browser, artifact_id = taught
    begin(browser, artifact_id)
    browser.library.change_publication(
        browser.owner, artifact_id, status="asking", stage="asking", repository="anna/rex"
    )
    browser.tick()
    asked = browser.shown["publications"]
    assert "You have a repository anna/rex already" in asked
    assert {"publish.update", "publish.keep"} <= set(asked.split('"'))
    browser.do(do, id=artifact_id)
    status = "working" if do == "publish.update" else "failed"
    assert f'data-status="{status}"' in browser.shown["publications"]


def test_after_a_failure_the_next_try_begins_with_what_was_wanted(
    taught: tuple[Browser, str],
) -> None:
    browser, artifact_id = taught
    begin(browser, artifact_id, repository="pet-friends/rex", visibility="public", photos=True)
    browser.library.change_publication(
        browser.owner,
        artifact_id,
        status="failed",
        error_code="publish.interrupted",
        repository="pet-friends/rex",
        leftover=True,
    )
    browser.tick()
    shown = browser.shown["publications"]
    assert "interrupted" in shown
    assert "An empty repository pet-friends/rex may be left" in shown
    browser.do("publish.open", id=artifact_id)
    dialog = content(browser)
    assert 'value="pet-friends/rex"' in dialog
    assert 'value="public" checked' in dialog


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_state_can_be_said_in_both_languages(language: str) -> None:
    words = Words(language)
    view = PublicationView(
        artifact_id="a",
        attempt="1",
        name="Rex",
        repository="anna/rex",
        private=False,
        num_photos=1,
        status="working",
        stage="checking",
        fraction=0.5,
        file_name="",
        url="",
        leftover=True,
        error_code="publish.offline",
        error_sentence="",
        error_details={},
    )
    stages = ("checking", "asking", "preparing", "uploading", "finishing", "ending")
    views = [replace(view, stage=stage) for stage in stages]
    views += [replace(view, status=status) for status in ("asking", "done", "failed")]
    shown = present_publish.publications(words, views)
    assert shown.count("data-publication=") == len(views)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://huggingface.co/anna/rex?x=1",
        "https://user:pw@evil.example/a/b",
        'https://huggingface.co/anna/rex"onclick="x',
        "//evil.example/a/b",
    ],
)
def test_no_other_address_becomes_a_link(url: str) -> None:
    assert "href" not in present_publish.outside_link("look", url)


def test_hostile_names_stay_text() -> None:
    bad = '"><img src=x onerror=alert(1)>'
    view = PublicationView(
        artifact_id=bad,
        attempt=bad,
        name=bad,
        repository=bad,
        private=True,
        num_photos=0,
        status="failed",
        stage="checking",
        fraction=0,
        file_name=bad,
        url=bad,
        leftover=True,
        error_code="publish.exists",
        error_sentence=bad,
        error_details={"repository": bad},
    )
    assert "<img" not in present_publish.publications(Words("en"), [view])


def test_a_second_try_that_fails_like_the_first_is_shown_as_failed(
    taught: tuple[Browser, str],
) -> None:
    """Nothing told the two apart, so the page went on asking the Hub who somebody is."""
    browser, artifact_id = taught
    for _ in range(2):
        begin(browser, artifact_id)
        browser.library.change_publication(
            browser.owner, artifact_id, status="failed", error_code="publish.bad_token"
        )
        browser.tick()
        shown = browser.shown["publications"]
        assert "does not know this token" in shown
        assert "Asking the Hub" not in shown


def test_pressed_twice_the_dialog_goes_on_to_follow_what_has_begun(
    taught: tuple[Browser, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, artifact_id = taught
    begin(browser, artifact_id)

    def refuse(owner: str, order: object) -> PublicationView:
        raise BadInput("publish.under_way", "This file is being published already.")

    monkeypatch.setattr(browser.library, "start_publishing", refuse)
    begin(browser, artifact_id)
    assert f'data-follow="{artifact_id}"' in content(browser)
    assert "already" not in content(browser)
