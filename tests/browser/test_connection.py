"""The page when its connection breaks, and when the server is started anew."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.assets_folder import has_real_crayon
from tests.browser.page_driver import PageDriver
from tests.server import PetnameServer

PATIENCE_MILLISECONDS = 60_000


@pytest.fixture
def restartable(tmp_path: Path) -> Iterator[PetnameServer]:
    """Return a server that has the same address when it is started again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with PetnameServer(tmp_path / "data", {"port": str(port)}) as running:
        yield running


@pytest.fixture
def sample() -> str:
    """Return the selector of the button that takes a sample pet."""
    if not has_real_crayon():
        pytest.skip("there is no sample pet")
    return "[data-do='sample.use'] >> nth=0"


def _open_marked(server: PetnameServer, context: BrowserContext) -> Page:
    """Open the page and mark it, so that a new one can be told from it."""
    page = PageDriver(server, context.new_page()).open().page
    page.evaluate("window.isOldPage = true")
    return page


def _expect_a_new_page(page: Page) -> None:
    """Wait until the page that was marked has given way to a new one."""
    page.wait_for_function("!window.isOldPage", timeout=PATIENCE_MILLISECONDS)
    page.wait_for_selector("html.pn-ready", timeout=PATIENCE_MILLISECONDS)


def _expect_the_sample_to_work(page: Page, sample: str) -> None:
    page.click(sample)
    expect(page.locator(".pn-photo")).to_have_count(8, timeout=PATIENCE_MILLISECONDS)


def test_after_a_broken_connection_the_page_works_again(
    context: BrowserContext, server: PetnameServer, sample: str
) -> None:
    """One broken request, and nothing that was pressed ever arrived again, without a word."""
    page = _open_marked(server, context)
    context.set_offline(True)
    page.click(sample)
    expect(page.locator(".pn-offline")).to_contain_text("comes back by itself")
    context.set_offline(False)
    _expect_a_new_page(page)
    expect(page.locator(".pn-offline")).to_contain_text("may not have arrived")
    _expect_the_sample_to_work(page, sample)


def test_who_pressed_nothing_while_the_connection_was_gone_is_told_nothing(
    context: BrowserContext, server: PetnameServer, sample: str
) -> None:
    page = _open_marked(server, context)
    context.set_offline(True)
    expect(page.locator(".pn-offline")).to_contain_text("comes back by itself")
    context.set_offline(False)
    _expect_a_new_page(page)
    page.wait_for_timeout(500)
    assert page.locator(".pn-offline").count() == 0


def test_when_the_server_is_started_anew_the_page_goes_on(
    chromium: Browser, restartable: PetnameServer, sample: str
) -> None:
    context = chromium.new_context(base_url=restartable.url, locale="en-GB")
    page = _open_marked(restartable, context)
    _expect_the_sample_to_work(page, sample)
    restartable.stop()
    expect(page.locator(".pn-offline")).to_be_visible(timeout=PATIENCE_MILLISECONDS)
    restartable.start()
    _expect_a_new_page(page)
    expect(page.locator(".pn-photo")).to_have_count(8, timeout=PATIENCE_MILLISECONDS)
    page.click("#pn-tab-train")
    expect(page.locator("[data-do='train.start']")).to_be_visible(timeout=PATIENCE_MILLISECONDS)
    context.close()


def test_the_language_that_was_chosen_is_kept(chromium: Browser, server: PetnameServer) -> None:
    """Whoever has a French browser and chose English was sent to the French page each time."""
    context = chromium.new_context(base_url=server.url, locale="fr-FR")
    page = context.new_page()
    page.goto("/")
    page.wait_for_url("**/fr/")
    page.wait_for_selector("html.pn-ready")
    page.click("a[hreflang=en]")
    page.wait_for_selector("html.pn-ready[lang=en]")
    another = context.new_page()
    another.goto("/")
    another.wait_for_selector("html.pn-ready[lang=en]")
    context.close()
