"""The page can be built in each language, quickly and without secrets in its first values."""

from __future__ import annotations

import re

import gradio as gr
import pytest
from fake_library import FakeLibrary

from textinv_app.ui import ids
from textinv_app.ui.build import PageLimits, build_page
from textinv_app.ui.theme import ASSETS_DIR, SCRIPTS, mount_options


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_part_stands_on_the_page_with_its_id(language: str) -> None:
    page = build_page(FakeLibrary(), language)
    found = {block.elem_id for block in page.blocks.values() if getattr(block, "elem_id", None)}
    wanted = {value for name, value in vars(ids).items() if name.isupper() and name != "TABS"}
    inside_html = {one for one in wanted if one not in found}
    assert {ids.BUS, ids.TOAST, ids.UPLOAD_PHOTOS, ids.TRAIN_RUNS, ids.COMPARE_RESULTS} <= found
    assert all(f"pn-panel-{name}" in found for name in ids.TABS)
    assert ids.UPLOAD_PHOTOS not in inside_html


def test_no_event_of_the_page_is_queued_or_named_in_an_interface() -> None:
    page = build_page(FakeLibrary())
    for event in page.fns.values():
        assert not event.queue or event.fn is None
        assert event.api_visibility == "private" or event.fn is None


@pytest.mark.parametrize(
    ("language", "keep_days", "said"),
    [
        *(("en", 7, "if you do not come back for 7 days"), ("en", 1, "come back for a day")),
        *(("fr", 7, "si vous ne revenez pas pendant 7 jours"), ("fr", 1, "pendant un jour")),
    ],
)
def test_a_server_that_clears_up_says_so(language: str, keep_days: int, said: str) -> None:
    page = build_page(FakeLibrary(), language, PageLimits(keep_days=keep_days))
    values = [str(getattr(block, "value", "")) for block in page.blocks.values()]
    assert any(said in value for value in values)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_has_one_first_heading(language: str) -> None:
    """It had none: a screen reader was not told what this is."""
    page = build_page(FakeLibrary(), language)
    values = "".join(str(getattr(block, "value", "")) for block in page.blocks.values())
    assert re.findall("<h1[^>]*>([^<]*)</h1>", values) == ["Petname"]


@pytest.mark.parametrize(("window_seconds", "looks_after_seconds"), [(30, 30), (1800, 60)])
def test_the_page_looks_for_new_links_in_each_of_their_windows(
    window_seconds: int, looks_after_seconds: int
) -> None:
    page = build_page(FakeLibrary(), "en", PageLimits(link_window_seconds=window_seconds))
    timers = [block for block in page.blocks.values() if isinstance(block, gr.Timer)]
    assert max(timer.value for timer in timers) == looks_after_seconds


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_head_asks_for_files_of_this_server_only(language: str) -> None:
    head = mount_options(language)["head"]
    assert "http" not in head
    for name in ("style.css", "favicon.svg", *SCRIPTS):
        assert f"/petname/assets/{name}" in head
        assert (ASSETS_DIR / name).is_file()


def test_style_and_script_reach_for_nothing_outside() -> None:
    for name in ("style.css", "favicon.svg", *SCRIPTS):
        text = (ASSETS_DIR / name).read_text(encoding="utf-8")
        outside = text.replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in outside
        assert "https://" not in outside
        assert "innerHTML" not in text
