"""Settings: sensible defaults on a laptop and on a Space, and one sentence for a wrong value."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from textinv_app.errors import BadInput
from textinv_app.settings import PROGRAM_FOLDER, read_settings

SPACE = {"SPACE_ID": "someone/petname", "SPACE_HOST": "someone-petname.hf.space"}


def test_a_laptop_listens_to_itself_only() -> None:
    """Without any variable the page is on this machine, the data in the user's own folder."""
    settings = read_settings({})
    assert (settings.host, settings.port, settings.on_space) == ("127.0.0.1", 7860, False)
    assert settings.data_dir.is_absolute()
    assert PROGRAM_FOLDER not in settings.data_dir.parents
    assert settings.page_url == "http://127.0.0.1:7860/"


def test_a_space_listens_to_its_proxy_and_keeps_out_of_the_program(tmp_path: Path) -> None:
    """On a Space the port is 7860 on all interfaces and quotas are smaller."""
    settings = read_settings(SPACE | {"HOME": str(tmp_path)}, allow_any_data_dir=True)
    assert (settings.host, settings.port, settings.on_space) == ("0.0.0.0", 7860, True)
    assert settings.owner_quota_bytes < read_settings({}).owner_quota_bytes
    assert not settings.custom_models_allowed
    assert read_settings({}).custom_models_allowed
    assert settings.space_host == SPACE["SPACE_HOST"]


def test_a_space_follows_gradios_own_variables(tmp_path: Path) -> None:
    """``GRADIO_SERVER_NAME`` and ``GRADIO_SERVER_PORT`` count there."""
    seen = SPACE | {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": "7861"}
    settings = read_settings(seen | {"HOME": str(tmp_path)}, allow_any_data_dir=True)
    assert (settings.host, settings.port) == ("127.0.0.1", 7861)


@pytest.mark.parametrize(
    "folder", [PROGRAM_FOLDER, PROGRAM_FOLDER / "data", Path(tempfile.gettempdir()) / "petname"]
)
def test_data_never_lies_where_gradio_could_publish_it(folder: Path) -> None:
    """The program's folder and the temporary folder are refused, in one sentence."""
    with pytest.raises(BadInput, match="PETNAME_DATA_DIR"):
        read_settings({"PETNAME_DATA_DIR": str(folder)})


def test_a_link_into_the_temporary_folder_is_seen_through(tmp_path: Path) -> None:
    """A symbolic link does not get around the rule."""
    link = Path.home() / f".petname-test-{tmp_path.name}"
    link.symlink_to(tmp_path)
    try:
        with pytest.raises(BadInput, match="temporary folder"):
            read_settings({"PETNAME_DATA_DIR": str(link / "data")})
    finally:
        link.unlink()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PETNAME_PORT", "seven"),
        ("PETNAME_PORT", "99999"),
        ("PETNAME_EXECUTOR", "cloud"),
        ("PETNAME_LANGUAGE", "de"),
        ("PETNAME_OWNER_QUOTA_BYTES", "-1"),
    ],
)
def test_a_wrong_value_is_named_in_one_sentence(variable: str, value: str) -> None:
    """The sentence names the variable and the value."""
    with pytest.raises(BadInput) as caught:
        read_settings({variable: value})
    assert variable in caught.value.sentence
    assert value in caught.value.sentence
    assert "\n" not in caught.value.sentence


def test_the_whole_network_needs_a_decision() -> None:
    """Listening beyond this machine takes a pass phrase or an explicit yes."""
    open_host = {"PETNAME_HOST": "0.0.0.0"}
    with pytest.raises(BadInput, match="PETNAME_PASSPHRASE"):
        read_settings(open_host)
    assert read_settings(open_host | {"PETNAME_PASSPHRASE": "woof woof"}).host == "0.0.0.0"
    assert read_settings(open_host | {"PETNAME_OPEN_TO_NETWORK": "1"}).host == "0.0.0.0"


def test_the_pass_phrase_is_not_shown() -> None:
    """Printing the settings does not print the pass phrase."""
    settings = read_settings({"PETNAME_PASSPHRASE": "woof-woof-123"})
    assert "woof-woof-123" not in repr(settings) + str(settings)


def test_lists_are_separated_by_commas() -> None:
    """Several host names fit into one variable."""
    settings = read_settings({"PETNAME_ALLOWED_HOSTS": "pets.example.org, cats.example.org"})
    assert settings.allowed_hosts == ("pets.example.org", "cats.example.org")
