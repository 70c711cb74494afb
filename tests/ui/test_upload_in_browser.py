"""The upload tab in a real Chromium, on the library in memory."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api")
from page_visits import (  # noqa: E402
    PHONE,
    begin_another_pet,
    calm,
    open_biscuit,
    open_page,
    open_with_the_sample,
)
from playwright.sync_api import Browser, Dialog, Page, Route, expect  # noqa: E402

pytestmark = pytest.mark.browser


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


def test_photos_name_square_and_start_by_hand(chromium: Browser, address: str) -> None:
    page = open_page(chromium, address)
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


def test_the_square_follows_the_pointer(chromium: Browser, address: str) -> None:
    page = open_page(chromium, address)
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

    page = open_page(chromium, address, path="/fr/")
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


def test_a_file_that_is_too_large_or_fails_keeps_no_other_back(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    page = open_page(chromium, address)
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
    page = open_with_the_sample(chromium, address)
    held = _hold_uploads(page)
    page.set_input_files("#pn-upload-input", _drawn(tmp_path, "rex.png"))
    upload = _wait_for_upload(page, held, 1)
    begin_another_pet(page)
    page.locator("#pn-name").press_sequentially("Bel")
    upload.continue_()
    expect(page.locator(".pn-toast")).to_contain_text("One photo added")
    calm(page)
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
    page = open_page(chromium, address)
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
    page = open_page(chromium, address)
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
    page = open_page(chromium, address)
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
    page = open_with_the_sample(chromium, address)
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


def test_on_a_phone_the_sign_of_a_word_stands_beside_its_sentence(
    chromium: Browser, address: str
) -> None:
    page = open_biscuit(chromium, address, **PHONE)
    page.fill("#pn-word", "dog")
    hint = page.locator(".pn-word-bad")
    hint.wait_for()
    icon, text = (hint.locator(one).first.bounding_box() for one in ("svg", ":scope > span"))
    assert icon is not None
    assert text is not None
    assert icon["x"] + icon["width"] < text["x"]
    assert text["y"] < icon["y"] + icon["height"]
    page.context.close()


def test_leaving_while_photos_are_on_their_way_is_asked_about(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    page = open_page(chromium, address)
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
