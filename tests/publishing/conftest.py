"""Fixtures of the publishing tests: the Hub's stand-in, and files to publish."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest
from publishing_makers import Bench

from tests.hub_stand_in import HubStandIn
from textinv_app.publishing.quiet import QUIET_SETTINGS


@pytest.fixture
def hub() -> Iterator[HubStandIn]:
    """Return a stand-in for the Hub, for processes that get its environment."""
    with HubStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def bench(tmp_path: Path, hub: HubStandIn, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a bench to publish from in this process."""
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HF_URL_HOSTS", frozenset({"127.0.0.1"}))
    template = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    # Nothing of the person who runs the tests.
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr(constants, "AGENT_HARNESSES_PATH", str(tmp_path / "harnesses.json"))
    for name, value in QUIET_SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    return Bench(tmp_path, hub)
