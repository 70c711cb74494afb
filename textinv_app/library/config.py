"""What the library is told when it is opened: folders and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from textinv_app.executors.environment import WITHOUT_LOGIN

MEGABYTE = 1_000_000
GIGABYTE = 1_000_000_000


@dataclass(frozen=True)
class LibraryConfig:
    """Folders and limits; the names are those of ``settings.Settings``."""

    data_dir: Path
    """Root of everything stored; on a local disk."""
    assets_dir: Path
    """Folder that holds ``crayon/`` and ``samples/``."""
    owner_quota_bytes: int = 5 * GIGABYTE
    """Disk space one owner may use."""
    min_free_bytes: int = GIGABYTE
    """Disk space that is left alone; nothing new is stored below it."""
    max_concepts_per_owner: int = 200
    max_photos_per_concept: int = 60
    max_active_runs_per_owner: int = 4
    """Runs of one owner that wait or run."""
    max_active_runs: int = 50
    """Runs of everybody that wait or run."""
    max_open_drawings_per_owner: int = 3
    """Comparisons of one owner that wait or are drawn."""
    kept_drawings_per_owner: int = 12
    """Older comparisons are removed."""
    link_lifetime_seconds: int = 3600
    """How long a link works at least."""
    keep_days: int = 0
    """Days after which everything of an owner who does not come back is deleted; 0 keeps it."""
    max_attempts_without_progress: int = 3
    """After so many interrupted attempts that got no further a run is given up."""
    custom_models_allowed: bool = True
    """Whether people may name hub repositories, folders and files of this machine as base model."""
    warm_idle_seconds: int = 0
    """How long a runner that was started ahead is kept unused; 0 starts none ahead."""
    warm_min_available_bytes: int = 3 * GIGABYTE
    """Free memory below which no runner is kept waiting."""
    own_hub_token_usable: bool = False
    """Whether publishing and fetching base models may use this computer's own login to the Hugging
    Face Hub: only where nobody but its owner reaches the page."""
    served_at: str = ""
    """Address of the page, told to whoever tries to start a second Petname on the folder."""

    @property
    def model_environment(self) -> Mapping[str, str]:
        """What processes that fetch base models get on top of the usual environment."""
        return {} if self.own_hub_token_usable else WITHOUT_LOGIN
