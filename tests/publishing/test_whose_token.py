"""Whose token may be used: that of the computer only where nobody else reaches the page."""

from __future__ import annotations

from pathlib import Path

import pytest

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
