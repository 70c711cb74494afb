"""Whose token may be used: that of the computer only where nobody else reaches the page."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hub_stand_in import TOKEN, HubStandIn, Repository
from textinv_app.executors.environment import child_environment
from textinv_app.executors.local import LocalExecutor
from textinv_app.library.config import LibraryConfig
from textinv_app.library.service import Service
from textinv_app.settings import read_settings
from textinv_app.web.host import library_config
from textinv_app.web.logs import clean_line


@pytest.mark.parametrize(
    ("environment", "usable"),
    [
        ({}, True),
        ({"PETNAME_HOST": "::1"}, True),
        ({"PETNAME_HOST": "0.0.0.0", "PETNAME_PASSPHRASE": "woof woof"}, False),
        ({"PETNAME_HOST": "0.0.0.0", "PETNAME_OPEN_TO_NETWORK": "1"}, False),
        ({"PETNAME_ALLOWED_HOSTS": "pets.example.org"}, False),
        ({"PETNAME_ALLOWED_ORIGINS": "https://pets.example.org"}, False),
        ({"SPACE_ID": "anna/petname", "HOME": "/home/user"}, False),
        ({"SPACE_ID": "anna/petname", "HOME": "/home/user", "PETNAME_HOST": "127.0.0.1"}, False),
    ],
)
def test_the_login_of_the_computer_is_for_its_owner_alone(
    tmp_path: Path, environment: dict[str, str], usable: bool
) -> None:
    settings = read_settings(environment, data_dir=tmp_path, allow_any_data_dir=True)
    assert settings.own_hub_token_usable is usable
    assert library_config(settings).own_hub_token_usable is usable
    assert settings.custom_models_allowed is usable
    opened = environment | {"PETNAME_CUSTOM_MODELS_ALLOWED": "1"}
    assert read_settings(opened, data_dir=tmp_path, allow_any_data_dir=True).custom_models_allowed


NAME_A_MODEL = """
import sys
from pathlib import Path
from textinv_app.errors import ModelUnavailable
from textinv_app.library.base_models import BaseModels
from textinv_app.models.machine import MachineFacts
is_owner = sys.argv[2] == "owner"
models = BaseModels(Path(sys.argv[1]), True, is_owner, lambda: MachineFacts(memory_bytes=0))
try:
    print(models.available("anna/secret"))
except ModelUnavailable as error:
    print(error.code)
"""
FETCH_A_MODEL = """
from textinv_app.domain.specs import BaseModelRef
from textinv_app.errors import ModelUnavailable
from textinv_app.models.hub import fetch
try:
    print(fetch(BaseModelRef(model_id="custom", source="anna/secret", family="sd1")))
except ModelUnavailable as error:
    print(error.code)
"""


def _printed(program: str, *given: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", program, *given]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return finished.stdout.strip()


def test_a_guest_reaches_no_private_model_by_the_login_of_the_server(
    hub: HubStandIn, tmp_path: Path
) -> None:
    """Where people may name models of their own, the operator's private ones stayed open."""
    files = {"unet/config.json": b'{"cross_attention_dim": 768}', "model_index.json": b"{}"}
    hub.repositories["anna/secret"] = Repository(private=True, files=files)
    home = {"HF_HOME": str(tmp_path / "hub-home")}
    server = os.environ | hub.environment | home | {"HF_TOKEN": TOKEN}
    (tmp_path / "hub-home").mkdir()
    # As ``hf auth login`` leaves it.
    (tmp_path / "hub-home" / "token").write_text(TOKEN, encoding="utf-8")
    guests = LibraryConfig(tmp_path / "data", tmp_path, custom_models_allowed=True)

    assert _printed(NAME_A_MODEL, str(tmp_path), "guest", environment=server) == "model.not_found"
    child = child_environment(server, guests.model_environment)
    assert _printed(FETCH_A_MODEL, environment=child) == "model.gated"
    assert {call.token for call in hub.calls} == {""}

    assert (
        _printed(NAME_A_MODEL, str(tmp_path), "owner", environment=server)
        == "model.cannot.needs_gpu"
    )
    own = replace(guests, own_hub_token_usable=True)
    child = child_environment(server, own.model_environment)
    # Found, though not whole.
    assert _printed(FETCH_A_MODEL, environment=child) == "model.no_safetensors"


def _environment(process_id: int) -> bytes:
    """Environment of a process just begun: nothing is there to read until its program is loaded."""
    seen = b""
    deadline = time.monotonic() + 30
    while not seen and time.monotonic() < deadline:
        seen = Path(f"/proc/{process_id}/environ").read_bytes()
    return seen


@pytest.mark.skipif(sys.platform != "linux", reason="reads another process's environment")
def test_runner_and_painter_of_a_server_for_guests_have_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They fetch the base models that guests choose."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    sleeper = (sys.executable, "-c", "import sys; sys.stdin.read()")
    with closing(Service(LibraryConfig(tmp_path / "data", tmp_path), None, sleeper)) as service:
        painter = service._parts.painting._start()
        executor = service._parts.warming._executor
        assert isinstance(executor, LocalExecutor)
        executor.warm_up()
        waiting = executor._waiting._waiting
        assert waiting is not None
        for child in (painter, waiting.process):
            seen = _environment(child.pid)
            assert TOKEN.encode() not in seen
            assert b"HF_HUB_DISABLE_IMPLICIT_TOKEN=1" in seen
        painter.kill()
        painter.wait()


@pytest.mark.parametrize(
    "token",
    [
        "hf_AbCdEfGhIjKlMnOpQrStUvWxYz",
        "hf_oauth_eyJhbGciOi.eyJzdWIi_x.Sig-nature",
        "api_org_AbCdEfGhIjKlMnOpQrStUv",
    ],
)
def test_no_kind_of_token_gets_into_the_log(token: str) -> None:
    assert token not in clean_line(f"sent {{'token': '{token}'}}")
    assert token[12:] not in clean_line(f"Authorization: Bearer {token}")
