"""What every room's tests may lean on."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

# Before torch is imported anywhere: programs that share the cores must not spin while they wait for
# their own threads, which made them ten times slower, and of two test processes each has one core.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.browser.chromium import CHROMIUM_OPTIONS, chromium_path

PAGE_PATIENCE_MILLISECONDS = 30_000


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
    # How soon a busy machine answers decides no test.
    driver.expect.set_options(timeout=PAGE_PATIENCE_MILLISECONDS)
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()
