"""The train tab in a real Chromium, on the library in memory."""

from __future__ import annotations

import pytest

playwright = pytest.importorskip("playwright.sync_api")
from page_visits import (  # noqa: E402
    PHONE,
    begin_another_pet,
    calm,
    choose,
    finish,
    go_to_tab,
    open_biscuit,
    open_with_the_sample,
    taught,
)
from playwright.sync_api import Browser, Page, expect  # noqa: E402

pytestmark = pytest.mark.browser


def _is_first(page: Page, part: str) -> bool:
    """Tell whether a part of the train tab stands above the other one."""
    tops = {
        name: page.locator(f"#pn-train-{name}").bounding_box()["y"]  # type: ignore[index]
        for name in ("setup", "runs")
    }
    return min(tops, key=lambda name: tops[name]) == part


def test_who_chooses_by_keyboard_keeps_their_place(chromium: Browser, address: str) -> None:
    page = open_with_the_sample(chromium, address)
    chip = page.locator(".pn-chip[data-word=hamster]")
    expect(chip).to_have_attribute("aria-pressed", "false")
    chip.focus()
    page.keyboard.press("Enter")
    expect(chip).to_have_attribute("aria-pressed", "true")
    calm(page)
    expect(chip).to_be_focused()


def test_another_pets_form_does_not_keep_what_was_clicked_for_the_one_before(
    chromium: Browser, address: str
) -> None:
    page = open_with_the_sample(chromium, address)
    choose(page, "pn-mirror", "true")
    choose(page, "pn-kind", "style")
    begin_another_pet(page)
    expect(page.locator("input[name=pn-kind][value=subject]")).to_be_checked()
    choose(page, "pn-mirror", "true")
    page.locator("[data-do='concept.open']").last.click()
    expect(page.locator("#pn-name")).to_have_value("Biscuit")
    expect(page.locator("input[name=pn-kind][value=style]")).to_be_checked()
    page.context.close()


def test_train_again_like_this_shows_and_sends_the_choices_of_the_file(
    chromium: Browser, address: str
) -> None:
    page = taught(chromium, address)
    for _ in range(2):
        go_to_tab(page, "train")
        for teach in ("embedding", "both"):
            choose(page, "pn-teach", teach)
        for preset in ("balanced", "careful"):
            choose(page, "pn-preset", preset)
        go_to_tab(page, "manage")
        page.click("[data-method=embedding] [data-do='artifact.recreate']")
        expect(page.locator(".pn-like")).to_be_visible()
        calm(page)
        expect(page.locator("input[name=pn-teach][value=embedding]")).to_be_checked()
        expect(page.locator("input[name=pn-preset][value=balanced]")).to_be_checked()
    sent = page.evaluate("petname.gather.train()")
    assert (sent["teach"], sent["preset"]) == ("embedding", "balanced")
    page.click("[data-do='train.forget']")
    expect(page.locator(".pn-like")).to_have_count(0)
    calm(page)
    expect(page.locator("input[name=pn-teach][value=both]")).to_be_checked()
    page.context.close()


def test_a_training_that_was_stopped_at_once_can_be_started_anew_at_once(
    chromium: Browser, address: str
) -> None:
    """It said that it is on its way, and started nothing."""
    page = open_with_the_sample(chromium, address)
    go_to_tab(page, "train")
    # The four seconds of a second press must not be over meanwhile, however slow the machine is.
    page.evaluate(
        "const real = setTimeout; window.setTimeout = (work, after) => after === 4000 || "
        "real(work, after)"
    )
    start = page.locator("[data-do='train.start']")
    start.click()
    expect(page.locator(".pn-run")).to_have_count(2)
    calm(page)
    for stopped in (1, 2):
        page.locator("[data-do='run.stop']").first.press("Enter")
        expect(page.locator(".pn-run-cancelled")).to_have_count(stopped)
        calm(page)
        # The next press comes in the same place: sooner it would be the second of a double one.
        page.wait_for_timeout(500)
    start.press("Enter")
    expect(page.locator(".pn-run")).to_have_count(4)
    page.context.close()


def test_who_comes_back_to_a_running_training_sees_it_first(
    chromium: Browser, address: str
) -> None:
    """It stood below the whole form for the next one, two screens further down on a phone."""
    page = open_with_the_sample(chromium, address)
    go_to_tab(page, "train")
    page.click("#pn-start")
    expect(page.locator(".pn-run")).to_have_count(2)
    calm(page)
    page.wait_for_timeout(300)
    assert _is_first(page, "setup")  # nothing moves under the hand
    page.reload()
    page.wait_for_selector("html.pn-ready")
    expect(page.locator(".pn-runs-first")).to_have_count(1)
    assert _is_first(page, "runs")
    page.focus("#pn-tab-train")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#pn-train-runs') !== null")
    finish(page, address)
    expect(page.locator(".pn-run-done")).to_have_count(2)
    assert _is_first(page, "runs")
    page.click("#pn-tab-manage")
    page.click("#pn-tab-train")
    assert _is_first(page, "setup")
    page.context.close()
    page = open_biscuit(chromium, address, tab="train")
    expect(page.locator(".pn-runs-first")).to_have_count(1)
    page.click("#pn-tab-manage")
    page.locator("[data-do='artifact.recreate']").first.click()
    expect(page.locator(".pn-like")).to_be_visible()
    assert _is_first(page, "setup")
    page.context.close()


@pytest.mark.parametrize("path", ["/", "/fr/"])
def test_on_a_phone_the_train_tab_has_whole_lines(
    chromium: Browser, address: str, path: str
) -> None:
    """The name of an axis ran into its numbers, and Stop was three lines high."""
    page = open_biscuit(chromium, address, tab="train", path=path, **PHONE)
    overlaps = """() => [...document.querySelectorAll('.pn-run-running .pn-chart')].map((chart) => {
        const boxes = [...chart.querySelectorAll('text')]
            .map((one) => one.getBoundingClientRect()).filter((one) => one.width);
        return boxes.some((a, at) => boxes.slice(at + 1).some((b) => a.left < b.right
            && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
    })"""
    assert page.evaluate(overlaps) == [False, False]
    stop = page.locator(".pn-run-running [data-do='run.stop']").bounding_box()
    assert stop is not None
    assert stop["height"] < 50
    page.context.close()


def test_redrawn_photos_are_shown_from_the_first_one(chromium: Browser, address: str) -> None:
    """Their strip was scrolled to its end, as if a new one came with every step."""
    page = open_biscuit(chromium, address, tab="train", **PHONE)
    strip = page.locator(".pn-run-running .pn-redrawn-strip")
    width, seen, at = strip.evaluate("one => [one.scrollWidth, one.clientWidth, one.scrollLeft]")
    assert width > seen + 40
    assert at <= 4  # where the first one begins
    page.context.close()


def test_a_screen_reader_is_told_that_a_training_is_done(chromium: Browser, address: str) -> None:
    page = open_with_the_sample(chromium, address)
    go_to_tab(page, "train")
    expect(page.locator("#pn-spoken")).to_have_text("")
    page.locator("[data-do='train.start']").click()
    expect(page.locator(".pn-run")).not_to_have_count(0)
    finish(page, address)
    expect(page.locator("#pn-spoken")).to_contain_text("Done")
    assert page.locator("#pn-spoken").get_attribute("aria-live") == "polite"
    page.context.close()


def test_a_cancelled_training_is_put_away_with_one_press(chromium: Browser, address: str) -> None:
    page = open_with_the_sample(chromium, address)
    go_to_tab(page, "train")
    page.click("#pn-start")
    expect(page.locator(".pn-run")).to_have_count(2)
    page.locator("[data-do='run.stop']").first.press("Enter")
    remove = page.locator("[data-do='run.remove']")
    expect(remove).to_have_count(1)
    calm(page)
    remove.press("Enter")
    expect(page.locator(".pn-run")).to_have_count(1)
    expect(page.locator(".pn-run-cancelled")).to_have_count(0)
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.context.close()
