"""A real Chromium and a real server with its trainer and painter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.assets_folder import has_real_crayon, tiny_assets
from tests.server import PetnameServer

ACTION_TIMEOUT_MILLISECONDS = 30_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PetnameServer]:
    """Return a server that trains and draws, on Crayon where it is built, else on a tiny model."""
    folder = tmp_path_factory.mktemp("browser")
    # As people have it: the trainer is started while the photos are looked at.
    settings = {"warm_idle_seconds": "600"}
    if not has_real_crayon():
        settings["assets_dir"] = str(tiny_assets(folder / "assets"))
    with PetnameServer(folder / "data", settings) as running:
        yield running


@pytest.fixture
def context(chromium: Browser, server: PetnameServer) -> Iterator[BrowserContext]:
    """Return a fresh visitor who speaks English."""
    visitor = chromium.new_context(base_url=server.url, locale="en-GB")
    visitor.set_default_timeout(ACTION_TIMEOUT_MILLISECONDS)
    yield visitor
    visitor.close()


@pytest.fixture
def photos() -> list[Path]:
    """Return a pet's photos: real ones where they are at hand, else a sample pet's drawings."""
    root = Path(__file__).resolve().parents[2]
    real = sorted((root / "../shared/photos/pets/corgi").glob("*.jp*g"))
    drawn = sorted((root / "assets/samples/biscuit").glob("*.webp"))
    found = real[:6] or drawn
    if not found:
        pytest.skip("there are no photos of a pet and no sample pet")
    return found
