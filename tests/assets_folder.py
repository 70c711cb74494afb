"""The folder of the built-in model for tests: the real one, or a tiny one that draws noise."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.tiny_models import save_tiny_model

REAL_ASSETS = Path(__file__).resolve().parents[1] / "assets"


def has_real_crayon() -> bool:
    """Tell whether the trained Crayon lies in the assets folder."""
    return (REAL_ASSETS / "crayon" / "model_index.json").is_file()


def tiny_assets(folder: Path) -> Path:
    """Make an assets folder with the sample pets and a tiny model in Crayon's place."""
    folder.mkdir(parents=True, exist_ok=True)
    save_tiny_model(folder / "crayon", "crayon")
    samples = REAL_ASSETS / "samples"
    if samples.is_dir():
        shutil.copytree(samples, folder / "samples", dirs_exist_ok=True)
    return folder
