"""What every room's tests may lean on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.chromium import CHROMIUM_OPTIONS, chromium_path


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """Return a real Chromium, the only one of the session; skips where there is none.

    One for all: Playwright keeps an event loop in the thread while it runs, and a second driver
    started meanwhile refuses to.
    """
    driver = pytest.importorskip("playwright.sync_api")
    path = chromium_path()
    if path is None:
        pytest.skip("there is no Chromium on this machine (see README)")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()
