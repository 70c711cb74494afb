"""Settings from the environment: every variable begins with ``PETNAME_``.

The data folder never lies under the program's folder (the working directory of the server) or the
temporary folder: Gradio publishes any file from there that a handler returns. On a Space
(``SPACE_ID`` is set) the defaults differ: all interfaces, port 7860, the persistent disk where
there is one, and smaller quotas.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from textinv_app.errors import BadInput
from textinv_app.runs.file_systems import is_unsafe, kind_of

PREFIX = "PETNAME_"
MEGABYTE = 1_000_000
GIGABYTE = 1_000_000_000

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
FOUND = frozenset({"on_space", "space_host"})
"""Fields that no variable of ours sets."""
PROGRAM_FOLDER = Path(__file__).resolve().parents[1]
"""Folder that holds ``textinv_app``; the server works from here."""


class Settings(BaseModel):
    """What can be set from outside; frozen, and checked before anything starts.

    ``read_settings`` makes one from the environment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path
    """Folder of photos, runs and results; by default the user's data folder of this system, or the
    persistent disk of a Space."""
    allow_any_data_dir: bool = False
    """Accept a data folder under the program's folder or the temporary folder (for tests)."""
    assets_dir: Path = PROGRAM_FOLDER / "assets"
    """Folder that holds ``crayon/`` and ``samples/``."""
    host: str = "127.0.0.1"
    """Address to listen on; beyond this machine it takes ``passphrase`` or ``open_to_network``."""
    port: int = Field(default=7860, ge=0, le=65535)
    """Port to listen on; 0 picks a free one."""
    passphrase: SecretStr = SecretStr("")
    """Asked for by the browser (HTTP Basic, any user name) where it is not empty."""
    open_to_network: bool = False
    """Listen beyond this machine without a pass phrase; the container sets it, because what is
    published is decided outside of it."""
    allowed_hosts: tuple[str, ...] = ()
    """Further host names under which the page is reached, for instance behind a reverse proxy."""
    allowed_origins: tuple[str, ...] = ()
    """Further origins (``https://example.org``) whose pages may send requests."""
    language: Literal["auto", "en", "fr"] = "auto"
    """Language of the first page; ``auto`` follows the browser."""
    executor: Literal["local"] = "local"
    """Where trainings run: ``local`` starts a process on this machine."""
    max_upload_bytes: int = Field(default=60 * MEGABYTE, ge=MEGABYTE)
    """Largest upload request with photos."""
    max_import_bytes: int = Field(default=GIGABYTE, ge=MEGABYTE)
    """Largest upload request with embeddings or LoRAs from elsewhere; 200 MB on a Space."""
    max_body_bytes: int = Field(default=MEGABYTE, ge=100_000)
    """Largest request body of anything else."""
    owner_quota_bytes: int = Field(default=5 * GIGABYTE, ge=10 * MEGABYTE)
    """Disk space one person may use; 500 MB on a Space."""
    min_free_bytes: int = Field(default=GIGABYTE, ge=0)
    """Disk space that is left alone; nothing new is stored below it."""
    max_concepts_per_owner: int = Field(default=200, ge=1)
    """Words one person may have at a time; 12 on a Space."""
    max_photos_per_concept: int = Field(default=60, ge=5)
    """Photos of one word."""
    max_active_runs_per_owner: int = Field(default=4, ge=1)
    """Trainings of one person that wait or run."""
    max_active_runs: int = Field(default=50, ge=1)
    """Trainings of everybody that wait or run."""
    link_lifetime_seconds: int = Field(default=3600, ge=60)
    """How long a link to a photo, picture or file works at least; at most half as long again."""
    keep_days: int = Field(default=0, ge=0)
    """Days after which everything of a person who does not come back is deleted; 0: never.

    7 on a Space."""
    warm_idle_seconds: int = Field(default=600, ge=0)
    """How long a trainer that was started ahead is kept unused; 0 starts none ahead."""
    warm_min_available_bytes: int = Field(default=3 * GIGABYTE, ge=0)
    """Free memory below which no trainer is kept waiting; the painter needs as much."""
    custom_models_allowed: bool = True
    """Whether people may name hub repositories, folders and files of this machine as base model;
    by default only where ``own_hub_token_usable``."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "ERROR"
    """What the commands but ``serve`` write to standard error; read by ``cli`` before all else."""
    on_space: bool = False
    """Whether this is a Hugging Face Space; found from ``SPACE_ID``."""
    space_host: str = ""
    """Host name of the Space; found from ``SPACE_HOST``."""

    @model_validator(mode="after")
    def _check(self) -> Settings:
        folder = self.data_dir
        if not self.allow_any_data_dir:
            for name, public in _public_folders().items():
                if folder == public or public in folder.parents:
                    raise ValueError(
                        f"PETNAME_DATA_DIR ({folder}) lies in the {name} ({public}), from where "
                        "the page could publish it; choose a folder elsewhere"
                    )
        beyond = self.host not in _LOOPBACK
        guarded = self.on_space or self.open_to_network or self.passphrase.get_secret_value()
        if beyond and not guarded:
            raise ValueError(
                f"PETNAME_HOST={self.host} would open the page to the whole network; set "
                "PETNAME_PASSPHRASE to something your guests must type, or "
                "PETNAME_OPEN_TO_NETWORK=1"
            )
        return self

    @property
    def incoming_dir(self) -> Path:
        """Folder of uploads in transit."""
        return self.data_dir / "incoming"

    @property
    def own_hub_token_usable(self) -> bool:
        """Whether publishing and base models may use this computer's login to the Hugging Face Hub.

        Only where the page is for this computer alone: whoever else reaches it is somebody else.
        """
        alone = self.host in _LOOPBACK and not self.allowed_hosts and not self.allowed_origins
        return alone and not self.on_space

    @property
    def listens_to_both_families(self) -> bool:
        """Whether ``::`` means all addresses of IPv4, too, as far as this system can do that."""
        return self.host == "::" and socket.has_dualstack_ipv6()

    @property
    def page_url(self) -> str:
        """Address to open in a browser on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        if self.listens_to_both_families:
            host = "127.0.0.1"
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}/"


def read_settings(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Read the settings from ``environment`` (by default the process's); ``given`` values win.

    Raises ``BadInput`` with one sentence that names the variable and what is wrong with it.
    """
    seen = dict(os.environ if environment is None else environment)
    values = _defaults(seen) | _from_environment(seen) | given
    values["data_dir"] = Path(values["data_dir"]).expanduser().resolve()
    if "assets_dir" in values:
        values["assets_dir"] = Path(values["assets_dir"]).expanduser().resolve()
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise BadInput("settings.wrong", _sentence(error)) from error
    if "custom_models_allowed" in values:
        return settings
    # Strangers must not read the server's folders or fill its disk with downloads.
    return settings.model_copy(update={"custom_models_allowed": settings.own_hub_token_usable})


def _defaults(seen: Mapping[str, str]) -> dict[str, Any]:
    """Return the defaults that depend on where Petname runs."""
    if not seen.get("SPACE_ID"):
        return {"data_dir": platformdirs.user_data_path("petname", appauthor=False)}
    persistent = Path("/data")
    # A bucket mounted there keeps files but has no locks: an index on it gets damaged.
    usable = (
        persistent.is_dir()
        and os.access(persistent, os.W_OK)
        and not is_unsafe(kind_of(persistent))
    )
    home = Path(seen.get("HOME") or Path.home())
    return {
        "data_dir": persistent / "petname" if usable else home / ".local/share/petname",
        "host": seen.get("GRADIO_SERVER_NAME") or "0.0.0.0",
        "port": seen.get("GRADIO_SERVER_PORT") or 7860,
        "owner_quota_bytes": 500 * MEGABYTE,
        "max_import_bytes": 200 * MEGABYTE,
        "max_concepts_per_owner": 12,
        "keep_days": 7,
        "on_space": True,
        "space_host": seen.get("SPACE_HOST") or "",
    }


def _from_environment(seen: Mapping[str, str]) -> dict[str, Any]:
    """Return what the ``PETNAME_`` variables say; lists are separated by commas."""
    found: dict[str, Any] = {}
    for field in Settings.model_fields:
        text = seen.get(PREFIX + field.upper(), "").strip()
        if not text or field in FOUND:
            continue
        if field == "log_level":
            text = text.upper()
        is_list = field in {"allowed_hosts", "allowed_origins"}
        found[field] = tuple(part.strip() for part in text.split(",")) if is_list else text
    return found


def _public_folders() -> dict[str, Path]:
    """Return the folders whose files Gradio would publish, by what to call them."""
    return {
        "program's folder": PROGRAM_FOLDER,
        "temporary folder": Path(tempfile.gettempdir()).resolve(),
    }


def _sentence(error: ValidationError) -> str:
    """Turn pydantic's report into one sentence."""
    first = error.errors()[0]
    if not first["loc"]:
        return str(first["msg"]).removeprefix("Value error, ") + "."
    variable = PREFIX + str(first["loc"][0]).upper()
    return f"{variable}={first['input']!r} cannot be used: {first['msg']}."
