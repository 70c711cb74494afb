"""Files of a run that only a further attempt would need: checkpoints and copies of the photos."""

from __future__ import annotations

import shutil
from collections.abc import Set
from pathlib import Path

from textinv_app.photos.prepare import read_dataset
from textinv_app.runs.layout import RunLayout


def drop_working_files(run_dir: Path) -> None:
    """Remove checkpoints and training photos; what is held open is left for the next time."""
    layout = RunLayout(run_dir)
    for folder in (layout.checkpoints, layout.dataset):
        shutil.rmtree(folder, ignore_errors=True)


def drop_photo_copies(run_dir: Path) -> None:
    """Remove all that shows the photos, also as the base model draws them; none goes on then."""
    drop_working_files(run_dir)
    shutil.rmtree(RunLayout(run_dir).redrawn, ignore_errors=True)


def has_other_photos(run_dir: Path, photo_ids: Set[str]) -> bool:
    """Tell whether a run keeps a copy of any photo but these, or of some it does not name.

    Raises ``OSError``.
    """
    folder = RunLayout(run_dir).dataset
    if not folder.is_dir():
        return False
    try:
        pictures = read_dataset(folder).pictures
    except (FileNotFoundError, ValueError):
        return True
    return any(picture.photo_id not in photo_ids for picture in pictures)
