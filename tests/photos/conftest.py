"""Where the real photos are, for the tests that want them."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_PHOTOS = Path(__file__).resolve().parents[2] / "../shared/photos"


@pytest.fixture
def shared_photos() -> Path:
    """Folder of real pet photos, which lies beside the repository where there is one."""
    if not SHARED_PHOTOS.is_dir():
        pytest.skip("../shared/photos is not here")
    return SHARED_PHOTOS.resolve()
