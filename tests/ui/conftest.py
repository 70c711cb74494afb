"""What every test of the page's handlers begins with."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_browser import Browser
from fake_library import FakeLibrary

HERE = Path(__file__).resolve().parent
PATIENCE_SECONDS = 90


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture
def browser(library: FakeLibrary) -> Browser:
    browser = Browser(library)
    browser.load()
    return browser


@pytest.fixture
def with_pet(browser: Browser) -> Browser:
    browser.do("sample.use", id="biscuit")
    return browser


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Start the page on the library in memory; return where it is."""
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
