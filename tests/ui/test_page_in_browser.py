"""The page in a real Chromium, on the library in memory."""

from __future__ import annotations

import io
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Browser, Dialog, Page, Route, expect  # noqa: E402

HERE = Path(__file__).resolve().parent
PATIENCE_SECONDS = 90
DEMO_TOKEN = "d" * 64
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}

pytestmark = pytest.mark.browser


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    port = _free_port()
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    server = subprocess.Popen(
        [sys.executable, "page_server.py", str(port)], cwd=HERE, env=environment
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while True:
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                if time.monotonic() > deadline or server.poll() is not None:
                    pytest.fail("the page did not start")
                time.sleep(0.3)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)


def _open(chromium: Browser, address: str, **options: object) -> Page:
    token = options.pop("token", "")
    tab = options.pop("tab", "upload")
    path = options.pop("path", "/")
    context = chromium.new_context(**options)
    if token:
        context.add_init_script(f"localStorage.setItem('petname.owner', '{token}')")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    page.goto(f"{address}{path}#{tab}")
    page.wait_for_selector("html.pn-ready")
    return page


def _calm(page: Page) -> None:
    page.wait_for_function("!document.documentElement.classList.contains('pn-busy')")


def _begin_another_pet(page: Page) -> None:
    page.click("[data-do='concept.new']")
    expect(page.locator("#pn-name")).to_have_value("")
    _calm(page)


def _open_with_the_sample(chromium: Browser, address: str) -> Page:
    page = _open(chromium, address)
    page.locator("[data-do='sample.use']").first.click()
    expect(page.locator(".pn-photo")).to_have_count(8)
    _calm(page)
    return page


def _finish(page: Page, address: str) -> None:
    """Let the trainings of this visitor end, and wait until the page shows their files."""
    files = "document.querySelectorAll('#pn-compare-setup option[data-family]').length"
    before = page.evaluate(files)
    token = page.evaluate("window.petnameToken")
    urllib.request.urlopen(f"{address}/test/finish?token={token}", data=b"").close()
    page.wait_for_function(f"{files} > {before}")
    _calm(page)


def _taught(chromium: Browser, address: str) -> Page:
    """Open the page with a sample pet that has an embedding and a LoRA."""
    page = _open_with_the_sample(chromium, address)
    _train_again(page, address)
    return page


def _train_again(page: Page, address: str) -> None:
    """Train both kinds of file from the first sight of the tab to the end."""
    page.click("#pn-tab-train")
    _calm(page)
    runs = page.locator(".pn-run")
    before = runs.count()
    page.evaluate("petname.startKey = String(performance.now())")
    page.click("#pn-start")
    expect(runs).to_have_count(before + 2)
    _finish(page, address)


@pytest.mark.parametrize("path", ["/", "/fr/"])
@pytest.mark.parametrize("tab", ["upload", "train", "compare", "manage"])
def test_nothing_is_wider_than_a_phone(
    chromium: Browser, address: str, path: str, tab: str
) -> None:
    page = _open(chromium, address, token=DEMO_TOKEN, tab=tab, path=path, **PHONE)
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
    page = _open(chromium, address, token=DEMO_TOKEN)
    outside: list[str] = []
    problems: list[str] = []
    page.on("request", lambda one: outside.append(one.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda one: problems.append(one.text) if one.type == "error" else None)
    page.reload()
    page.wait_for_selector("html.pn-ready")
    for tab in ("train", "compare", "manage", "upload"):
        page.click(f"#pn-tab-{tab}")
        _calm(page)
    allowed = (address, "data:", "blob:")
    assert [url for url in outside if not url.startswith(allowed)] == []
    assert problems == []
    page.context.close()


def test_the_tabs_answer_to_the_arrow_keys(chromium: Browser, address: str) -> None:
    page = _open(chromium, address, token=DEMO_TOKEN)
    page.focus("#pn-tab-upload")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#pn-tab-train")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#pn-panel-train")).to_be_visible()
    expect(page.locator("#pn-panel-upload")).to_be_hidden()
    page.context.close()


def test_photos_name_square_and_start_by_hand(chromium: Browser, address: str) -> None:
    page = _open(chromium, address)
    page.locator("[data-do='sample.use']").first.click()
    expect(page.locator(".pn-photo")).to_have_count(8)
    page.locator(".pn-photo-remove").nth(7).click()
    expect(page.locator(".pn-photo")).to_have_count(7)
    page.locator(".pn-photo-move").first.click()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    moved = re.compile(r'"left": 37,')
    expect(page.locator(".pn-photo-move").first).to_have_attribute("data-square", moved)
    page.fill("#pn-name", "Zorro")
    page.press("#pn-name", "Enter")
    expect(page.locator("#pn-word")).to_have_value("zorrodog")
    page.click("#pn-continue")
    page.locator("#pn-start").dblclick()
    expect(page.locator(".pn-run")).to_have_count(2)
    page.reload()
    page.wait_for_selector("html.pn-ready")
    expect(page.locator("#pn-panel-train .pn-run")).to_have_count(2)
    page.click("#pn-tab-upload")
    expect(page.locator("#pn-name")).to_have_value("Zorro")
    page.context.close()


def test_what_is_selected_to_be_typed_over_stays_selected(chromium: Browser, address: str) -> None:
    """The answer to the field before came between Ctrl+A and the first letter, once."""
    page = _open_with_the_sample(chromium, address)
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
    page = _open_with_the_sample(chromium, address)
    page.locator("#pn-class-word").fill("puppy")
    page.locator("#pn-word").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("grumblehound", delay=40)
    _calm(page)
    expect(page.locator("#pn-word")).to_have_value("grumblehound")
    expect(page.locator("#pn-word")).to_be_focused()
    page.locator("#pn-name").click()
    _calm(page)
    page.reload()
    page.wait_for_selector("html.pn-ready")
    expect(page.locator("#pn-word")).to_have_value("grumblehound")
    expect(page.locator("#pn-class-word")).to_have_value("puppy")
    page.context.close()


def test_a_field_just_selected_stays_selected_when_the_answer_comes_within_the_same_frame(
    chromium: Browser, address: str
) -> None:
    page = _open_with_the_sample(chromium, address)
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


def test_who_chooses_by_keyboard_keeps_their_place(chromium: Browser, address: str) -> None:
    page = _open_with_the_sample(chromium, address)
    chip = page.locator(".pn-chip[data-word=hamster]")
    expect(chip).to_have_attribute("aria-pressed", "false")
    chip.focus()
    page.keyboard.press("Enter")
    expect(chip).to_have_attribute("aria-pressed", "true")
    _calm(page)
    expect(chip).to_be_focused()


def test_the_square_follows_the_pointer(chromium: Browser, address: str) -> None:
    page = _open(chromium, address)
    page.locator("[data-do='sample.use']").first.click()
    page.locator(".pn-photo-move").nth(1).click()
    page.wait_for_function("document.querySelector('.pn-square-stage img').complete")
    box = page.locator(".pn-square-box").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 40, steps=4)
    page.mouse.up()
    page.locator(".pn-dialog .pn-button-primary").click()
    at_the_edge = re.compile(r'"left": 80,')
    expect(page.locator(".pn-photo-move").nth(1)).to_have_attribute("data-square", at_the_edge)
    page.context.close()


def test_a_dropped_file_arrives_and_a_bad_one_is_named(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    from PIL import Image

    page = _open(chromium, address, path="/fr/")
    good, bad = tmp_path / "rex.png", tmp_path / "<img src=x onerror=document.title='pwned'>.txt"
    Image.new("RGB", (200, 160), "#d9863d").save(good)
    bad.write_text("no picture", encoding="utf-8")
    page.set_input_files("#pn-upload-input", [good, bad])
    expect(page.locator(".pn-photo")).to_have_count(1)
    expect(page.locator(".pn-refused")).to_contain_text("n’est pas une image")
    assert page.title() != "pwned"
    assert page.locator(".pn-refused img").count() == 0
    page.locator(".pn-refused-close").click()
    expect(page.locator(".pn-refused")).to_have_count(0)
    page.context.close()


def test_the_word_is_one_click_away_and_a_draft_survives(chromium: Browser, address: str) -> None:
    page = _open(chromium, address, token=DEMO_TOKEN, tab="compare")
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
    page = _open(chromium, address, token=DEMO_TOKEN, tab="compare")
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


def test_deleting_asks_first(chromium: Browser, address: str) -> None:
    page = _open(chromium, address)
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


def _choose(page: Page, name: str, value: str) -> None:
    page.click(f"label:has(input[name={name}][value={value}])")
    _calm(page)


def test_another_pets_form_does_not_keep_what_was_clicked_for_the_one_before(
    chromium: Browser, address: str
) -> None:
    page = _open_with_the_sample(chromium, address)
    _choose(page, "pn-mirror", "true")
    _choose(page, "pn-kind", "style")
    _begin_another_pet(page)
    expect(page.locator("input[name=pn-kind][value=subject]")).to_be_checked()
    _choose(page, "pn-mirror", "true")
    page.locator("[data-do='concept.open']").last.click()
    expect(page.locator("#pn-name")).to_have_value("Biscuit")
    expect(page.locator("input[name=pn-kind][value=style]")).to_be_checked()
    page.context.close()


def test_train_again_like_this_shows_and_sends_the_choices_of_the_file(
    chromium: Browser, address: str
) -> None:
    page = _taught(chromium, address)
    for _ in range(2):
        page.click("#pn-tab-train")
        _calm(page)
        for teach in ("embedding", "both"):
            _choose(page, "pn-teach", teach)
        for preset in ("balanced", "careful"):
            _choose(page, "pn-preset", preset)
        page.click("#pn-tab-manage")
        _calm(page)
        page.click("[data-method=embedding] [data-do='artifact.recreate']")
        expect(page.locator(".pn-like")).to_be_visible()
        _calm(page)
        expect(page.locator("input[name=pn-teach][value=embedding]")).to_be_checked()
        expect(page.locator("input[name=pn-preset][value=balanced]")).to_be_checked()
    sent = page.evaluate("petname.gather.train()")
    assert (sent["teach"], sent["preset"]) == ("embedding", "balanced")
    page.click("[data-do='train.forget']")
    expect(page.locator(".pn-like")).to_have_count(0)
    _calm(page)
    expect(page.locator("input[name=pn-teach][value=both]")).to_be_checked()
    page.context.close()


def test_a_sentence_typed_for_one_pet_is_not_shown_for_another(
    chromium: Browser, address: str
) -> None:
    page = _taught(chromium, address)
    page.click("#pn-tab-compare")
    _calm(page)
    page.fill("#pn-prompt", "biscuitdog asleep")
    page.click("[data-do='concept.new']")
    _calm(page)
    expect(page.locator("#pn-prompt")).not_to_have_value("biscuitdog asleep")
    # By a key: the name tag stands where "new" was pressed, and a press so soon would be a second.
    page.locator("[data-do='concept.open']").last.press("Enter")
    expect(page.locator("#pn-prompt")).to_have_value("biscuitdog asleep")
    page.context.close()


def test_a_chosen_file_stays_chosen_when_another_one_comes(chromium: Browser, address: str) -> None:
    page = _taught(chromium, address)
    _train_again(page, address)
    page.click("#pn-tab-compare")
    _calm(page)
    chosen = page.locator("#pn-embedding-choice option").nth(1).get_attribute("value")
    page.select_option("#pn-embedding-choice", chosen)
    _train_again(page, address)
    expect(page.locator("#pn-embedding-choice")).to_have_value(chosen)
    page.context.close()


def test_an_unticked_negative_embedding_stays_the_unticked_one(
    chromium: Browser, address: str
) -> None:
    page = _taught(chromium, address)
    _train_again(page, address)
    options = page.locator("#pn-embedding-choice option[data-family]")
    newer, older = (options.nth(at).get_attribute("value") for at in (0, 1))
    box = "input[name=pn-negative][value={}]"
    for artifact_id in (older, newer):
        page.evaluate("id => petname.send({do: 'artifact.negative', id})", artifact_id)
        _calm(page)
        page.click("#pn-tab-compare")
        expect(page.locator(box.format(artifact_id))).to_be_checked()
        page.locator(box.format(older)).uncheck()
    expect(page.locator(box.format(newer))).to_be_checked()
    expect(page.locator(box.format(older))).not_to_be_checked()
    page.context.close()


def test_choices_and_unfolded_guides_are_there_when_their_tab_is_opened_again(
    chromium: Browser, address: str
) -> None:
    page = _taught(chromium, address)
    page.click("#pn-tab-train")
    _calm(page)
    _choose(page, "pn-teach", "lora")
    minutes = page.locator(".pn-minutes").all_inner_texts()
    page.click("#pn-tab-manage")
    _calm(page)
    page.locator("[data-do='artifact.usage']").first.click()
    expect(page.locator(".pn-guides")).to_be_visible()
    page.click("#pn-tab-train")
    _calm(page)
    assert page.locator(".pn-minutes").all_inner_texts() == minutes
    page.click("#pn-tab-manage")
    _calm(page)
    expect(page.locator(".pn-guides")).to_be_visible()
    page.context.close()


def _drawn(folder: Path, name: str) -> Path:
    from PIL import Image

    Image.new("RGB", (200, 160), "#d9863d").save(folder / name)
    return folder / name


def _hold_uploads(page: Page) -> list[Route]:
    """Let uploads wait on their way until a test lets them go on."""
    held: list[Route] = []
    page.route("**/petname/upload*", lambda route: held.append(route))
    return held


def _wait_for_upload(page: Page, held: list[Route], number: int) -> Route:
    for _ in range(300):
        if len(held) >= number:
            return held[number - 1]
        page.wait_for_timeout(50)
    pytest.fail(f"only {len(held)} uploads were sent")


def test_a_file_that_is_too_large_or_fails_keeps_no_other_back(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    page = _open(chromium, address)
    page.evaluate("document.querySelector('.pn-drop').dataset.maxBytes = 38000")
    large, failing = tmp_path / "album.zip", tmp_path / "fails.png"
    large.write_bytes(bytes(40_000))
    failing.write_bytes(bytes(36_500))
    held = _hold_uploads(page)
    page.set_input_files("#pn-upload-input", [large, failing, _drawn(tmp_path, "rex.png")])
    _wait_for_upload(page, held, 1).abort()
    _wait_for_upload(page, held, 2).continue_()
    expect(page.locator(".pn-photo")).to_have_count(1)
    expect(page.locator(".pn-refused")).to_contain_text("album.zip")
    expect(page.locator(".pn-refused")).to_contain_text("too much at once")
    expect(page.locator(".pn-toast-error")).to_contain_text("did not arrive")
    page.context.close()


def test_photos_go_to_the_pet_that_was_open_and_leave_the_next_one_alone(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    page = _open_with_the_sample(chromium, address)
    held = _hold_uploads(page)
    page.set_input_files("#pn-upload-input", _drawn(tmp_path, "rex.png"))
    upload = _wait_for_upload(page, held, 1)
    _begin_another_pet(page)
    page.locator("#pn-name").press_sequentially("Bel")
    upload.continue_()
    expect(page.locator(".pn-toast")).to_contain_text("One photo added")
    _calm(page)
    page.keyboard.type("la")
    expect(page.locator("#pn-name")).to_have_value("Bella")
    expect(page.locator(".pn-photo")).to_have_count(0)
    page.locator("[data-do='concept.open']").last.press("Enter")
    expect(page.locator(".pn-photo")).to_have_count(9)
    expect(page.locator("#pn-name")).to_have_value("Biscuit")
    page.context.close()


def test_photos_picked_twice_at_a_first_visit_make_one_pet(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    page = _open(chromium, address)
    held = _hold_uploads(page)
    for name in ("one.png", "two.png"):
        page.set_input_files("#pn-upload-input", _drawn(tmp_path, name))
    _wait_for_upload(page, held, 1).continue_()
    _wait_for_upload(page, held, 2).continue_()
    expect(page.locator(".pn-photo")).to_have_count(2)
    expect(page.locator("[data-do='concept.open']")).to_have_count(1)
    page.context.close()


def test_an_upload_is_given_up_only_where_nothing_moves(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    page = _open(chromium, address)
    page.evaluate(
        """() => {
            const later = window.setTimeout;
            window.setTimeout = (go, wait) => later(go, wait === 60000 ? 200 : wait);
        }"""
    )
    _hold_uploads(page)
    page.set_input_files("#pn-upload-input", _drawn(tmp_path, "rex.png"))
    expect(page.locator(".pn-toast-error")).to_contain_text("did not arrive")
    expect(page.locator(".pn-batch")).to_have_count(0)
    page.context.close()


def test_a_folder_that_is_dropped_brings_its_photos(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    page = _open(chromium, address)
    inner = tmp_path / "rex" / "summer"
    inner.mkdir(parents=True)
    _drawn(inner, "one.png")
    _drawn(inner.parent, "two.png")
    (inner / ".DS_Store").write_bytes(b"x")
    box = page.locator("#pn-upload-drop .pn-drop").bounding_box()
    assert box is not None
    place = {"x": box["x"] + 60, "y": box["y"] + 40}
    data = {"items": [], "files": [str(inner.parent)], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})
    expect(page.locator(".pn-photo")).to_have_count(2)
    expect(page.locator(".pn-refused")).to_have_count(0)
    page.context.close()


def test_text_with_a_picture_beside_it_is_pasted_into_a_field_as_text(
    chromium: Browser, address: str
) -> None:
    page = _open_with_the_sample(chromium, address)
    pasted = """field => {
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File(['x'], 'cells.png', { type: 'image/png' }));
        if (field) clipboardData.setData('text/plain', 'Rex');
        const options = { clipboardData, bubbles: true, cancelable: true };
        const target = field ? document.getElementById(field) : document.body;
        return !target.dispatchEvent(new ClipboardEvent('paste', options));
    }"""
    assert page.evaluate(pasted, "pn-name") is False
    assert page.evaluate(pasted, "") is True
    page.context.close()


def test_a_second_press_does_not_act_on_what_has_moved_under_the_finger(
    chromium: Browser, address: str
) -> None:
    page = _open(chromium, address)
    # As a key pressed twice: in one go, so that a slow machine is not too slow for it.
    page.locator("[data-do='sample.use']").first.evaluate("card => { card.click(); card.click(); }")
    photos = page.locator(".pn-photo")
    expect(photos).to_have_count(8)
    _calm(page)
    expect(page.locator("[data-do='concept.open']")).to_have_count(1)
    box = page.locator(".pn-photo-remove").first.bounding_box()
    assert box is not None
    at = box["x"] + 20, box["y"] + 20
    page.mouse.click(*at)
    expect(photos).to_have_count(7)
    page.mouse.click(*at, click_count=2)
    _calm(page)
    expect(photos).to_have_count(7)
    page.wait_for_timeout(600)
    page.mouse.click(*at)
    expect(photos).to_have_count(6)
    page.context.close()


def test_a_key_that_is_held_presses_once(chromium: Browser, address: str) -> None:
    page = _open_with_the_sample(chromium, address)
    photos = page.locator(".pn-photo")
    expect(photos).to_have_count(8)
    page.locator(".pn-photo-remove").last.focus()
    page.keyboard.down("Enter")
    expect(photos).to_have_count(7)
    _calm(page)
    page.locator(".pn-photo-remove").first.focus()
    # Longer than two presses are taken for a double one.
    page.wait_for_timeout(600)
    page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    _calm(page)
    expect(photos).to_have_count(7)
    page.keyboard.press("Enter")
    expect(photos).to_have_count(6)
    page.context.close()


def test_nothing_moves_for_people_who_want_no_motion(chromium: Browser, address: str) -> None:
    page = _open(chromium, address, reduced_motion="reduce")
    page.locator("[data-do='sample.use']").first.click()
    expect(page.locator(".pn-photo")).to_have_count(8)
    _calm(page)
    moving = """() => document.getAnimations()
        .filter((one) => one.effect.getComputedTiming().duration > 0)
        .map((one) => one.effect.target.className)"""
    assert page.evaluate(moving) == []
    page.click("#pn-tab-train")
    _calm(page)
    page.locator("[data-do='train.start']").hover()
    page.locator("[data-do='train.start']").click()
    expect(page.locator(".pn-run")).to_have_count(2)
    assert page.evaluate(moving) == []
    page.context.close()


def test_a_training_that_was_stopped_at_once_can_be_started_anew_at_once(
    chromium: Browser, address: str
) -> None:
    """It said that it is on its way, and started nothing."""
    page = _open_with_the_sample(chromium, address)
    page.click("#pn-tab-train")
    _calm(page)
    # The four seconds of a second press must not be over meanwhile, however slow the machine is.
    page.evaluate(
        "const real = setTimeout; window.setTimeout = (work, after) => after === 4000 || "
        "real(work, after)"
    )
    start = page.locator("[data-do='train.start']")
    start.click()
    expect(page.locator(".pn-run")).to_have_count(2)
    _calm(page)
    for stopped in (1, 2):
        page.locator("[data-do='run.stop']").first.press("Enter")
        expect(page.locator(".pn-run-cancelled")).to_have_count(stopped)
        _calm(page)
        # The next press comes in the same place: sooner it would be the second of a double one.
        page.wait_for_timeout(500)
    start.press("Enter")
    expect(page.locator(".pn-run")).to_have_count(4)
    page.context.close()


def test_only_a_press_beside_a_dialog_closes_it(chromium: Browser, address: str) -> None:
    page = _open_with_the_sample(chromium, address)
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


def test_the_word_follows_the_chosen_file_after_a_reload_too(
    chromium: Browser, address: str
) -> None:
    page = _taught(chromium, address)
    page.evaluate("petname.send({do: 'sample.use', id: 'pepper'})")
    _calm(page)
    _train_again(page, address)
    page.click("#pn-tab-compare")
    _calm(page)
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
    page = _open(chromium, address, token=DEMO_TOKEN, tab="compare")
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


def test_who_follows_a_publication_by_keyboard_keeps_their_place(
    chromium: Browser, address: str
) -> None:
    page = _taught(chromium, address)
    page.click("#pn-tab-manage")
    _calm(page)
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
    page = _open_with_the_sample(chromium, address)
    page.evaluate("dark => document.body.classList.toggle('dark', dark)", scheme == "dark")
    page.wait_for_timeout(300)  # until the colours have faded over
    contrasts = page.evaluate(_CONTRASTS)
    assert contrasts["field"] >= 3
    assert contrasts["radio"] >= 3
    assert contrasts["hint"] >= 4.5
    page.context.close()


@pytest.mark.parametrize("path", ["/", "/fr/"])
def test_the_compare_tab_uses_its_width(chromium: Browser, address: str, path: str) -> None:
    options = {"token": DEMO_TOKEN, "tab": "compare", "path": path}
    page = _open(chromium, address, viewport={"width": 1280, "height": 900}, **options)
    lines = page.evaluate(
        """() => [...document.querySelectorAll('.pn-column dt')].map((term) => {
            const range = document.createRange();
            range.selectNodeContents(term);
            return range.getClientRects().length;
        })"""
    )
    assert set(lines) == {1}
    page.context.close()
    page = _open(chromium, address, **PHONE, **options)
    box = page.locator("#pn-draw").bounding_box()
    assert box is not None
    assert box["width"] > 300
    page.context.close()


def _open_biscuit(chromium: Browser, address: str, **options: object) -> Page:
    """Open the demo's pet that has trainings, one of them running."""
    page = _open(chromium, address, token=DEMO_TOKEN, **options)
    page.locator("[data-do='concept.open']", has_text="Biscuit").press("Enter")
    page.wait_for_selector("#pn-train-runs [data-status=running]", state="attached")
    _calm(page)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_ticked_box_is_told_from_an_unticked_one(
    chromium: Browser, address: str, scheme: str
) -> None:
    """Its tick was white on white."""
    from PIL import Image, ImageChops

    page = _taught(chromium, address)
    page.evaluate("dark => document.body.classList.toggle('dark', dark)", scheme == "dark")
    page.click("#pn-tab-compare")
    _calm(page)
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


def _hold_answers(page: Page) -> Callable[[], None]:
    """Keep the server's answers back; return what lets them come."""
    held: list[Route] = []
    is_held = True

    def hold(route: Route) -> None:
        if is_held:
            held.append(route)
        else:
            route.continue_()

    def let_go() -> None:
        nonlocal is_held
        is_held = False
        for route in held:
            route.continue_()

    page.route("**/gradio_api/**", hold)
    return let_go


@pytest.mark.parametrize(
    ("tab", "button", "answer"),
    [("train", "#pn-start", "[data-run]"), ("compare", "#pn-draw", "[data-drawing]")],
)
def test_the_page_goes_to_what_was_asked_for_once_it_is_there(
    chromium: Browser, address: str, tab: str, button: str, answer: str
) -> None:
    """It went there after a second, whether there was anything or not."""
    page = _taught(chromium, address)
    page.click(f"#pn-tab-{tab}")
    _calm(page)
    page.locator(button).scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    shown = page.locator(f"#pn-panel-{tab} {answer}")
    at_first = shown.count()
    page.evaluate("petname.startKey = 'another'")
    let_go = _hold_answers(page)
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
    _calm(page)
    page.wait_for_function(f"button => !({dimmed})(button)", arg=button)
    page.context.close()


def test_the_field_at_fault_has_the_focus_and_is_not_scrolled_away(
    chromium: Browser, address: str
) -> None:
    page = _taught(chromium, address)
    page.click("#pn-tab-compare")
    _calm(page)
    page.fill("#pn-prompt", "an animal in the snow")
    page.click("#pn-draw")
    expect(page.locator(".pn-toast-error")).to_be_visible()
    page.wait_for_timeout(1300)
    expect(page.locator("#pn-prompt")).to_be_focused()
    expect(page.locator("#pn-prompt")).to_be_in_viewport()
    page.click("#pn-tab-train")
    _calm(page)
    _choose(page, "pn-model", "custom")
    page.click("#pn-start")
    expect(page.locator("#pn-custom-model")).to_be_focused()
    page.context.close()


def _is_first(page: Page, part: str) -> bool:
    """Tell whether a part of the train tab stands above the other one."""
    tops = {
        name: page.locator(f"#pn-train-{name}").bounding_box()["y"]  # type: ignore[index]
        for name in ("setup", "runs")
    }
    return min(tops, key=lambda name: tops[name]) == part


def test_who_comes_back_to_a_running_training_sees_it_first(
    chromium: Browser, address: str
) -> None:
    """It stood below the whole form for the next one, two screens further down on a phone."""
    page = _open_with_the_sample(chromium, address)
    page.click("#pn-tab-train")
    _calm(page)
    page.click("#pn-start")
    expect(page.locator(".pn-run")).to_have_count(2)
    _calm(page)
    page.wait_for_timeout(300)
    assert _is_first(page, "setup")  # nothing moves under the hand
    page.reload()
    page.wait_for_selector("html.pn-ready")
    expect(page.locator(".pn-runs-first")).to_have_count(1)
    assert _is_first(page, "runs")
    page.focus("#pn-tab-train")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#pn-train-runs') !== null")
    _finish(page, address)
    expect(page.locator(".pn-run-done")).to_have_count(2)
    assert _is_first(page, "runs")
    page.click("#pn-tab-manage")
    page.click("#pn-tab-train")
    assert _is_first(page, "setup")
    page.context.close()
    page = _open_biscuit(chromium, address, tab="train")
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
    page = _open_biscuit(chromium, address, tab="train", path=path, **PHONE)
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
    page = _open_biscuit(chromium, address, tab="train", **PHONE)
    strip = page.locator(".pn-run-running .pn-redrawn-strip")
    width, seen, at = strip.evaluate("one => [one.scrollWidth, one.clientWidth, one.scrollLeft]")
    assert width > seen + 40
    assert at <= 4  # where the first one begins
    page.context.close()


def test_on_a_phone_pictures_side_by_side_are_level(chromium: Browser, address: str) -> None:
    page = _open(chromium, address, token=DEMO_TOKEN, tab="compare", **PHONE)
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


def test_on_a_phone_the_sign_of_a_word_stands_beside_its_sentence(
    chromium: Browser, address: str
) -> None:
    page = _open_biscuit(chromium, address, **PHONE)
    page.fill("#pn-word", "dog")
    hint = page.locator(".pn-word-bad")
    hint.wait_for()
    icon, text = (hint.locator(one).first.bounding_box() for one in ("svg", ":scope > span"))
    assert icon is not None
    assert text is not None
    assert icon["x"] + icon["width"] < text["x"]
    assert text["y"] < icon["y"] + icon["height"]
    page.context.close()


def test_a_fold_shows_the_focus_like_a_button(chromium: Browser, address: str) -> None:
    page = _open(chromium, address, token=DEMO_TOKEN, tab="manage")
    summary = page.locator(".pn-kits > summary").first
    summary.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(summary).to_be_focused()
    expect(summary).to_have_css("outline-width", "3px")
    page.context.close()


def test_a_bar_of_nothing_is_empty(chromium: Browser, address: str) -> None:
    """Nothing stored was three coloured slices, and a training that waits had a dot."""
    page = _open_with_the_sample(chromium, address)
    page.click("#pn-tab-train")
    _calm(page)
    page.click("#pn-start")
    page.wait_for_selector(".pn-run-queued")
    widths = "bars => bars.map((one) => one.getBoundingClientRect().width)"
    assert page.locator(".pn-run-queued .pn-progress-fill").evaluate_all(widths) == [0, 0]
    page.click("#pn-tab-manage")
    _calm(page)
    slices = page.locator(".pn-slice")
    assert all(slices.evaluate_all(widths))
    slices.evaluate_all("bars => bars.forEach((one) => one.setAttribute('style', 'width:0.00%'))")
    assert slices.evaluate_all(widths) == [0, 0, 0]
    page.context.close()


@pytest.mark.parametrize("path", ["/", "/fr/"])
def test_a_file_to_compare_is_named_to_its_end(chromium: Browser, address: str, path: str) -> None:
    """Its date was cut off."""
    options = {"token": DEMO_TOKEN, "tab": "compare", "path": path}
    page = _open(chromium, address, viewport={"width": 1280, "height": 900}, **options)
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


def test_what_is_missing_to_publish_has_the_focus(chromium: Browser, address: str) -> None:
    """The name of the repository had it, whatever was wrong; an example looked like a token."""
    page = _open(chromium, address, token=DEMO_TOKEN, tab="manage")
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
    page = _open(chromium, address)
    assert page.locator(".pn-unkept").count() == 0
    page.context.close()


def test_a_screen_reader_is_told_that_a_training_is_done(chromium: Browser, address: str) -> None:
    page = _open_with_the_sample(chromium, address)
    page.click("#pn-tab-train")
    _calm(page)
    expect(page.locator("#pn-spoken")).to_have_text("")
    page.locator("[data-do='train.start']").click()
    expect(page.locator(".pn-run")).not_to_have_count(0)
    _finish(page, address)
    expect(page.locator("#pn-spoken")).to_contain_text("Done")
    assert page.locator("#pn-spoken").get_attribute("aria-live") == "polite"
    page.context.close()


def test_leaving_while_photos_are_on_their_way_is_asked_about(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    page = _open(chromium, address)
    page.route("**/petname/upload*", lambda route: None)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.click("h1, h2")  # browsers ask only those who have touched the page
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"x" * 100)
    page.set_input_files("#pn-upload-input", str(photo))
    expect(page.locator(".pn-batch")).to_have_count(1)
    page.evaluate("setTimeout(() => location.reload(), 0)")
    page.wait_for_function("document.querySelector('.pn-batch')")
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    assert page.locator(".pn-batch").count() == 1
    page.context.close()
