"""The compare tab in a real Chromium, on the library in memory."""

from __future__ import annotations

import io

import pytest

playwright = pytest.importorskip("playwright.sync_api")
from page_visits import (  # noqa: E402
    DEMO_TOKEN,
    PHONE,
    calm,
    go_to_tab,
    open_page,
    taught,
    train_again,
)
from playwright.sync_api import Browser, expect  # noqa: E402

pytestmark = pytest.mark.browser


def test_the_word_is_one_click_away_and_a_draft_survives(chromium: Browser, address: str) -> None:
    page = open_page(chromium, address, token=DEMO_TOKEN, tab="compare")
    page.fill("#pn-prompt", "a sleepy")
    page.click(".pn-chip-word")
    expect(page.locator("#pn-prompt")).to_have_value("a sleepy biscuitdog")
    page.click("[data-local='dice']")
    seed = page.input_value("#pn-seed")
    page.reload()
    page.wait_for_selector("html.pn-ready")
    expect(page.locator("#pn-prompt")).to_have_value("a sleepy biscuitdog")
    expect(page.locator("#pn-seed")).to_have_value(seed)
    page.context.close()


def test_the_line_between_two_pictures_moves_by_key(chromium: Browser, address: str) -> None:
    page = open_page(chromium, address, token=DEMO_TOKEN, tab="compare")
    slider = page.locator(".pn-slider-input")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    at = "document.querySelector('.pn-slider').style.getPropertyValue('--at')"
    assert page.evaluate(at) == "40%"
    before = page.get_attribute(".pn-slider-left", "src")
    page.select_option("#pn-slider-left", "lora-1")
    assert page.get_attribute(".pn-slider-left", "src") != before
    page.context.close()


def test_a_sentence_typed_for_one_pet_is_not_shown_for_another(
    chromium: Browser, address: str
) -> None:
    page = taught(chromium, address)
    go_to_tab(page, "compare")
    page.fill("#pn-prompt", "biscuitdog asleep")
    page.click("[data-do='concept.new']")
    calm(page)
    expect(page.locator("#pn-prompt")).not_to_have_value("biscuitdog asleep")
    # By a key: the name tag stands where "new" was pressed, and a press so soon would be a second.
    page.locator("[data-do='concept.open']").last.press("Enter")
    expect(page.locator("#pn-prompt")).to_have_value("biscuitdog asleep")
    page.context.close()


def test_a_chosen_file_stays_chosen_when_another_one_comes(chromium: Browser, address: str) -> None:
    page = taught(chromium, address)
    train_again(page, address)
    go_to_tab(page, "compare")
    chosen = page.locator("#pn-embedding-choice option").nth(1).get_attribute("value")
    page.select_option("#pn-embedding-choice", chosen)
    train_again(page, address)
    expect(page.locator("#pn-embedding-choice")).to_have_value(chosen)
    page.context.close()


def test_an_unticked_negative_embedding_stays_the_unticked_one(
    chromium: Browser, address: str
) -> None:
    page = taught(chromium, address)
    train_again(page, address)
    options = page.locator("#pn-embedding-choice option[data-family]")
    newer, older = (options.nth(at).get_attribute("value") for at in (0, 1))
    box = "input[name=pn-negative][value={}]"
    for artifact_id in (older, newer):
        page.evaluate("id => petname.send({do: 'artifact.negative', id})", artifact_id)
        calm(page)
        page.click("#pn-tab-compare")
        expect(page.locator(box.format(artifact_id))).to_be_checked()
        page.locator(box.format(older)).uncheck()
    expect(page.locator(box.format(newer))).to_be_checked()
    expect(page.locator(box.format(older))).not_to_be_checked()
    page.context.close()


def test_the_word_follows_the_chosen_file_after_a_reload_too(
    chromium: Browser, address: str
) -> None:
    page = taught(chromium, address)
    page.evaluate("petname.send({do: 'sample.use', id: 'pepper'})")
    calm(page)
    train_again(page, address)
    go_to_tab(page, "compare")
    values = {
        option.inner_text().split(" · ")[1]: option.get_attribute("value")
        for option in page.locator("#pn-embedding-choice option[data-family]").all()
    }
    page.fill("#pn-prompt", "a peppercat asleep")
    page.select_option("#pn-embedding-choice", values["biscuitdog"])
    expect(page.locator("#pn-prompt")).to_have_value("a biscuitdog asleep")
    page.reload()
    page.wait_for_selector("html.pn-ready")
    expect(page.locator(".pn-chip-word code")).to_have_text("biscuitdog")
    expect(page.locator(".pn-chip[data-template]").first).to_contain_text("biscuitdog")
    page.select_option("#pn-embedding-choice", values["peppercat"])
    expect(page.locator("#pn-prompt")).to_have_value("a peppercat asleep")
    page.context.close()


def test_another_file_changes_its_word_alone_in_the_prompt(chromium: Browser, address: str) -> None:
    """The word "art" was changed in "party" too, and "Art" was left as it was."""
    page = open_page(chromium, address, token=DEMO_TOKEN, tab="compare")
    page.evaluate(
        """() => {
            document.querySelector('#pn-embedding-choice option').dataset.word = 'art';
            petname.refreshers.forEach((one) => one());
        }"""
    )
    page.fill("#pn-prompt", "Art at a party, art-like (art)")
    page.select_option("#pn-embedding-choice", "")
    expect(page.locator("#pn-prompt")).to_have_value("biscuitdog at a party, art-like (biscuitdog)")
    page.context.close()


@pytest.mark.parametrize("path", ["/", "/fr/"])
def test_the_compare_tab_uses_its_width(chromium: Browser, address: str, path: str) -> None:
    options = {"token": DEMO_TOKEN, "tab": "compare", "path": path}
    page = open_page(chromium, address, viewport={"width": 1280, "height": 900}, **options)
    lines = page.evaluate(
        """() => [...document.querySelectorAll('.pn-column dt')].map((term) => {
            const range = document.createRange();
            range.selectNodeContents(term);
            return range.getClientRects().length;
        })"""
    )
    assert set(lines) == {1}
    page.context.close()
    page = open_page(chromium, address, **PHONE, **options)
    box = page.locator("#pn-draw").bounding_box()
    assert box is not None
    assert box["width"] > 300
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_ticked_box_is_told_from_an_unticked_one(
    chromium: Browser, address: str, scheme: str
) -> None:
    """Its tick was white on white."""
    from PIL import Image, ImageChops

    page = taught(chromium, address)
    page.evaluate("dark => document.body.classList.toggle('dark', dark)", scheme == "dark")
    go_to_tab(page, "compare")
    file_id = page.locator("#pn-embedding-choice option[data-family]").first.get_attribute("value")
    page.evaluate("id => petname.send({do: 'artifact.negative', id})", file_id)
    box = page.locator(".pn-check").first
    pictures = []
    for is_ticked in (True, False):
        box.set_checked(is_ticked)
        box.blur()
        page.wait_for_timeout(300)
        pictures.append(Image.open(io.BytesIO(box.screenshot())).convert("L"))
    changed = ImageChops.difference(*pictures).point(lambda level: 255 * (level > 60))
    assert changed.histogram()[255] > 100
    assert (pictures[1].getpixel((11, 11)) < 128) == (scheme == "dark")
    page.context.close()


def test_on_a_phone_pictures_side_by_side_are_level(chromium: Browser, address: str) -> None:
    page = open_page(chromium, address, token=DEMO_TOKEN, tab="compare", **PHONE)
    tops = page.evaluate(
        """() => [...document.querySelectorAll('.pn-column')].map((column) => {
            const both = [column, column.querySelector('.pn-tile')];
            return both.map((one) => one.getBoundingClientRect().top);
        })"""
    )
    rows: dict[float, set[float]] = {}
    for column, tile in tops:
        rows.setdefault(column, set()).add(tile)
    assert [len(tiles) for tiles in rows.values()] == [1, 1]
    page.context.close()


@pytest.mark.parametrize("path", ["/", "/fr/"])
def test_a_file_to_compare_is_named_to_its_end(chromium: Browser, address: str, path: str) -> None:
    """Its date was cut off."""
    options = {"token": DEMO_TOKEN, "tab": "compare", "path": path}
    page = open_page(chromium, address, viewport={"width": 1280, "height": 900}, **options)
    room = page.evaluate(
        """() => {
            const select = document.getElementById('pn-embedding-choice');
            const style = getComputedStyle(select);
            const pen = document.createElement('canvas').getContext('2d');
            pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
            const { width } = pen.measureText('Waffle · waffledog · 27 November 2026');
            const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
            return select.clientWidth - padding - width;
        }"""
    )
    assert room > 0
    page.context.close()
