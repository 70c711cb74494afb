"""One real server for the tests of the web shell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.assets_folder import has_real_crayon, tiny_assets
from tests.server import PetnameServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PetnameServer]:
    """Return a running server that all tests of this folder share."""
    folder = tmp_path_factory.mktemp("petname")
    settings = {} if has_real_crayon() else {"assets_dir": str(tiny_assets(folder / "assets"))}
    with PetnameServer(folder / "data", settings) as running:
        yield running
