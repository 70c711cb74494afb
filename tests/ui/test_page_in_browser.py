"""The whole page in a real Chromium, on the library in memory: keys, focus, dialogs, widths."""

from __future__ import annotations

import pytest

playwright = pytest.importorskip("playwright.sync_api")
from page_visits import (  # noqa: E402
    DEMO_TOKEN,
    PHONE,
    calm,
    choose,
    go_to_tab,
    hold_answers,
    open_page,
    open_with_the_sample,
    taught,
)
from playwright.sync_api import Browser, expect  # noqa: E402

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["/", "/fr/"])
@pytest.mark.parametrize("tab", ["upload", "train", "compare", "manage"])
def test_nothing_is_wider_than_a_phone(
    chromium: Browser, address: str, path: str, tab: str
) -> None:
    page = open_page(chromium, address, token=DEMO_TOKEN, tab=tab, path=path, **PHONE)
    page.wait_for_selector(f"#pn-panel-{tab}.pn-open")
    width, seen = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= seen == 390
    small = page.evaluate(
        """() => [...document.querySelectorAll('.pn-open button, .pn-open a, .pn-nav button')]
            .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 43)
            .map((one) => one.className)"""
    )
    assert small == []
    page.context.close()


def test_no_request_leaves_the_server_and_nothing_goes_wrong(
    chromium: Browser, address: str
) -> None:
    page = open_page(chromium, address, token=DEMO_TOKEN)
    outside: list[str] = []
    problems: list[str] = []
    page.on("request", lambda one: outside.append(one.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda one: problems.append(one.text) if one.type == "error" else None)
    page.reload()
    page.wait_for_selector("html.pn-ready")
    for tab in ("train", "compare", "manage", "upload"):
        page.click(f"#pn-tab-{tab}")
        calm(page)
    allowed = (address, "data:", "blob:")
    assert [url for url in outside if not url.startswith(allowed)] == []
    assert problems == []
    page.context.close()


def test_the_tabs_answer_to_the_arrow_keys(chromium: Browser, address: str) -> None:
    page = open_page(chromium, address, token=DEMO_TOKEN)
    page.focus("#pn-tab-upload")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#pn-tab-train")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#pn-panel-train")).to_be_visible()
    expect(page.locator("#pn-panel-upload")).to_be_hidden()
    page.context.close()


def test_what_is_selected_to_be_typed_over_stays_selected(chromium: Browser, address: str) -> None:
    """The answer to the field before came between Ctrl+A and the first letter, once."""
    page = open_with_the_sample(chromium, address)
    word = page.locator("#pn-word")
    word.click()
    page.keyboard.press("Control+A")
    page.evaluate("petname.send({do: 'concept.change', field: 'class_word', value: 'puppy'})")
    expect(word).to_have_value("biscuitpuppy")
    page.keyboard.type("grumblehound")
    expect(word).to_have_value("grumblehound")
    page.context.close()


def test_what_is_being_typed_survives_the_answer_to_the_field_before(
    chromium: Browser, address: str
) -> None:
    page = open_with_the_sample(chromium, address)
    page.locator("#pn-class-word").fill("puppy")
    page.locator("#pn-word").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("grumblehound", delay=40)
    calm(page)
    expect(page.locator("#pn-word")).to_have_value("grumblehound")
    expect(page.locator("#pn-word")).to_be_focused()
    page.locator("#pn-name").click()
    calm(page)
    page.reload()
    page.wait_for_selector("html.pn-ready")
    expect(page.locator("#pn-word")).to_have_value("grumblehound")
    expect(page.locator("#pn-class-word")).to_have_value("puppy")
    page.context.close()


def test_a_field_just_selected_stays_selected_when_the_answer_comes_within_the_same_frame(
    chromium: Browser, address: str
) -> None:
    page = open_with_the_sample(chromium, address)
    page.locator("#pn-word").click()
    selected = page.evaluate(
        """async () => {
            const field = document.getElementById('pn-word');
            const pressed = { key: 'a', ctrlKey: true, bubbles: true };
            field.dispatchEvent(new KeyboardEvent('keydown', pressed));
            field.select();
            field.setAttribute('value', 'biscuitpuppy');
            for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
            return field.value.slice(field.selectionStart, field.selectionEnd);
        }"""
    )
    assert selected == "biscuitpuppy"
    page.context.close()


def test_deleting_asks_first(chromium: Browser, address: str) -> None:
    page = open_page(chromium, address)
    page.locator("[data-do='sample.use']").first.click()
    expect(page.locator(".pn-photo")).to_have_count(8)
    page.click("#pn-tab-manage")
    page.locator("[data-do='concept.delete']").first.click()
    page.locator(".pn-dialog .pn-button-quiet").click()
    expect(page.locator("[data-concept]")).to_have_count(1)
    page.locator("[data-do='concept.delete']").first.click()
    page.locator(".pn-dialog .pn-button-danger").click()
    expect(page.locator("[data-concept]")).to_have_count(0)
    page.context.close()


def test_choices_and_unfolded_guides_are_there_when_their_tab_is_opened_again(
    chromium: Browser, address: str
) -> None:
    page = taught(chromium, address)
    go_to_tab(page, "train")
    choose(page, "pn-teach", "lora")
    minutes = page.locator(".pn-minutes").all_inner_texts()
    go_to_tab(page, "manage")
    page.locator("[data-do='artifact.usage']").first.click()
    expect(page.locator(".pn-guides")).to_be_visible()
    go_to_tab(page, "train")
    assert page.locator(".pn-minutes").all_inner_texts() == minutes
    go_to_tab(page, "manage")
    expect(page.locator(".pn-guides")).to_be_visible()
    page.context.close()


def test_a_second_press_does_not_act_on_what_has_moved_under_the_finger(
    chromium: Browser, address: str
) -> None:
    page = open_page(chromium, address)
    # As a key pressed twice: in one go, so that a slow machine is not too slow for it.
    page.locator("[data-do='sample.use']").first.evaluate("card => { card.click(); card.click(); }")
    photos = page.locator(".pn-photo")
    expect(photos).to_have_count(8)
    calm(page)
    expect(page.locator("[data-do='concept.open']")).to_have_count(1)
    box = page.locator(".pn-photo-remove").first.bounding_box()
    assert box is not None
    at = box["x"] + 20, box["y"] + 20
    page.mouse.click(*at)
    expect(photos).to_have_count(7)
    page.mouse.click(*at, click_count=2)
    calm(page)
    expect(photos).to_have_count(7)
    page.wait_for_timeout(600)
    page.mouse.click(*at)
    expect(photos).to_have_count(6)
    page.context.close()


def test_a_key_that_is_held_presses_once(chromium: Browser, address: str) -> None:
    page = open_with_the_sample(chromium, address)
    photos = page.locator(".pn-photo")
    expect(photos).to_have_count(8)
    page.locator(".pn-photo-remove").last.focus()
    page.keyboard.down("Enter")
    expect(photos).to_have_count(7)
    calm(page)
    page.locator(".pn-photo-remove").first.focus()
    # Longer than two presses are taken for a double one.
    page.wait_for_timeout(600)
    page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    calm(page)
    expect(photos).to_have_count(7)
    page.keyboard.press("Enter")
    expect(photos).to_have_count(6)
    page.context.close()


def test_nothing_moves_for_people_who_want_no_motion(chromium: Browser, address: str) -> None:
    page = open_page(chromium, address, reduced_motion="reduce")
    page.locator("[data-do='sample.use']").first.click()
    expect(page.locator(".pn-photo")).to_have_count(8)
    calm(page)
    moving = """() => document.getAnimations()
        .filter((one) => one.effect.getComputedTiming().duration > 0)
        .map((one) => one.effect.target.className)"""
    assert page.evaluate(moving) == []
    go_to_tab(page, "train")
    page.locator("[data-do='train.start']").hover()
    page.locator("[data-do='train.start']").click()
    expect(page.locator(".pn-run")).to_have_count(2)
    assert page.evaluate(moving) == []
    page.context.close()


def test_only_a_press_beside_a_dialog_closes_it(chromium: Browser, address: str) -> None:
    page = open_with_the_sample(chromium, address)
    page.locator(".pn-photo-move").first.click()
    dialog = page.locator(".pn-dialog")
    box = dialog.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 6, box["y"] + 6)
    expect(dialog).to_be_visible()
    page.mouse.move(box["x"] + 60, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] - 30, box["y"] + 40, steps=3)
    page.mouse.up()
    expect(dialog).to_be_visible()
    page.mouse.click(box["x"] - 30, box["y"] + 40)
    expect(dialog).to_have_count(0)
    page.context.close()


def test_who_follows_a_publication_by_keyboard_keeps_their_place(
    chromium: Browser, address: str
) -> None:
    page = taught(chromium, address)
    go_to_tab(page, "manage")
    page.locator("[data-do='publish.open']").first.click()
    page.fill("#pn-publish-token", "hf_abcdefghijklmnopqrstuvwxyz")
    page.click("#pn-publish-go")
    stop = page.locator(".pn-dialog [data-do='publish.cancel']")
    stop.focus()
    page.evaluate("document.querySelector('.pn-publications [data-publication]').append('40 %')")
    expect(page.locator(".pn-dialog [data-publication]")).to_contain_text("40 %")
    expect(stop).to_be_focused()
    page.context.close()


_CONTRASTS = """() => {
    const light = (colour) => {
        const [red, green, blue] = colour.match(/[\\d.]+/g).slice(0, 3).map((one) => {
            const part = one / 255;
            return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
    };
    const contrast = (one, other) => {
        const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
        return high / low;
    };
    const field = document.getElementById('pn-word');
    const [style, hint] = [getComputedStyle(field), getComputedStyle(field, '::placeholder')];
    const face = document.querySelector('input[name=pn-kind]:not(:checked) + .pn-card-face');
    const ring = getComputedStyle(face, '::after');
    return {
        field: contrast(style.borderTopColor, style.backgroundColor),
        radio: contrast(ring.borderTopColor, ring.backgroundColor),
        hint: contrast(hint.color, style.backgroundColor) * (hint.opacity === '1'),
    };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fields_and_what_stands_in_them_can_be_seen(
    chromium: Browser, address: str, scheme: str
) -> None:
    page = open_with_the_sample(chromium, address)
    page.evaluate("dark => document.body.classList.toggle('dark', dark)", scheme == "dark")
    page.wait_for_timeout(300)  # until the colours have faded over
    contrasts = page.evaluate(_CONTRASTS)
    assert contrasts["field"] >= 3
    assert contrasts["radio"] >= 3
    assert contrasts["hint"] >= 4.5
    page.context.close()


@pytest.mark.parametrize(
    ("tab", "button", "answer"),
    [("train", "#pn-start", "[data-run]"), ("compare", "#pn-draw", "[data-drawing]")],
)
def test_the_page_goes_to_what_was_asked_for_once_it_is_there(
    chromium: Browser, address: str, tab: str, button: str, answer: str
) -> None:
    """It went there after a second, whether there was anything or not."""
    page = taught(chromium, address)
    page.click(f"#pn-tab-{tab}")
    calm(page)
    page.locator(button).scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    shown = page.locator(f"#pn-panel-{tab} {answer}")
    at_first = shown.count()
    page.evaluate("petname.startKey = 'another'")
    let_go = hold_answers(page)
    page.click(button)
    page.wait_for_timeout(1300)
    assert page.evaluate("scrollY") == before
    dimmed = "button => Number(getComputedStyle(document.querySelector(button)).opacity) < 0.7"
    assert page.evaluate(dimmed, button)
    let_go()
    expect(shown).not_to_have_count(at_first)
    expect(shown.first).to_be_in_viewport(ratio=0.1)
    page.wait_for_function(
        "one => { const { top } = document.querySelector(one).getBoundingClientRect();"
        " return top >= 0 && top < 200; }",
        arg=f"#pn-panel-{tab} {answer}",
    )
    calm(page)
    page.wait_for_function(f"button => !({dimmed})(button)", arg=button)
    page.context.close()


def test_the_field_at_fault_has_the_focus_and_is_not_scrolled_away(
    chromium: Browser, address: str
) -> None:
    page = taught(chromium, address)
    go_to_tab(page, "compare")
    page.fill("#pn-prompt", "an animal in the snow")
    page.click("#pn-draw")
    expect(page.locator(".pn-toast-error")).to_be_visible()
    page.wait_for_timeout(1300)
    expect(page.locator("#pn-prompt")).to_be_focused()
    expect(page.locator("#pn-prompt")).to_be_in_viewport()
    go_to_tab(page, "train")
    choose(page, "pn-model", "custom")
    page.click("#pn-start")
    expect(page.locator("#pn-custom-model")).to_be_focused()
    page.context.close()


def test_a_fold_shows_the_focus_like_a_button(chromium: Browser, address: str) -> None:
    page = open_page(chromium, address, token=DEMO_TOKEN, tab="manage")
    summary = page.locator(".pn-kits > summary").first
    summary.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(summary).to_be_focused()
    expect(summary).to_have_css("outline-width", "3px")
    page.context.close()


def test_a_bar_of_nothing_is_empty(chromium: Browser, address: str) -> None:
    """Nothing stored was three coloured slices, and a training that waits had a dot."""
    page = open_with_the_sample(chromium, address)
    go_to_tab(page, "train")
    page.click("#pn-start")
    page.wait_for_selector(".pn-run-queued")
    widths = "bars => bars.map((one) => one.getBoundingClientRect().width)"
    assert page.locator(".pn-run-queued .pn-progress-fill").evaluate_all(widths) == [0, 0]
    go_to_tab(page, "manage")
    slices = page.locator(".pn-slice")
    assert all(slices.evaluate_all(widths))
    slices.evaluate_all("bars => bars.forEach((one) => one.setAttribute('style', 'width:0.00%'))")
    assert slices.evaluate_all(widths) == [0, 0, 0]
    page.context.close()


def test_what_is_missing_to_publish_has_the_focus(chromium: Browser, address: str) -> None:
    """The name of the repository had it, whatever was wrong; an example looked like a token."""
    page = open_page(chromium, address, token=DEMO_TOKEN, tab="manage")
    page.locator("[data-do='publish.open']").first.click()
    colours = (
        """one => [getComputedStyle(one).color, getComputedStyle(one, '::placeholder').color]"""
    )
    ink, hint = page.locator("#pn-publish-token").evaluate(colours)
    assert ink != hint
    page.click("#pn-publish-go")
    expect(page.locator(".pn-dialog [role=alert]")).to_contain_text("token")
    expect(page.locator("#pn-publish-token")).to_be_focused()
    page.fill("#pn-publish-token", "hf_abcdefghijklmnopqrstuvwxyz")
    page.fill("#pn-publish-repository", "my pet")
    page.wait_for_timeout(500)  # sooner it would be the second of a double press
    page.click("#pn-publish-go")
    expect(page.locator("#pn-publish-repository")).to_have_value("my-pet")
    expect(page.locator("#pn-publish-repository")).to_be_focused()
    page.context.close()


def test_a_browser_that_keeps_nothing_says_so(chromium: Browser, address: str) -> None:
    """The next load is a stranger to all that was taught, and nobody was told."""
    context = chromium.new_context()
    context.add_init_script("Storage.prototype.setItem = () => { throw new Error('closed'); };")
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("html.pn-ready")
    expect(page.locator(".pn-unkept")).to_contain_text("Download your files before you leave")
    context.close()


def test_a_browser_that_keeps_things_is_not_warned(chromium: Browser, address: str) -> None:
    page = open_page(chromium, address)
    assert page.locator(".pn-unkept").count() == 0
    page.context.close()
