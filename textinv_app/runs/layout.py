"""The names inside a run directory: the protocol between the library and the runner.

::

    spec.json               what to train; never changes
    dataset/                photos (``000.png`` ...) at training size, ``dataset.json``
    redrawn/                the photos as the base model draws them, where it learns from those
    control.json            what is wanted: run, pause or stop, and the attempt number
    events.jsonl            what happened, append-only
    previews/               ``step-000050-0.webp``
    checkpoints/            ``step-000050.ckpt``, the last two
    result/                 the finished file and its pictures, published by one rename
    outcome.json            how it ended; written last, atomically: by the runner, else by the
                            library where that ended it
    log.txt                 what the runner printed
    runner.lock             locked by the living runner
    launch.json             which process was started for it
    owner.json              whose it is, for rebuilding the index
    publication/            its way to the Hub (``publishing/layout.py``)
    source.json             what the command line was given
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunLayout:
    """Paths of one run directory."""

    root: Path

    @property
    def spec(self) -> Path:
        """The specification, JSON of ``RunSpec``."""
        return self.root / "spec.json"

    @property
    def dataset(self) -> Path:
        """Folder of the prepared square photos."""
        return self.root / "dataset"

    @property
    def redrawn(self) -> Path:
        """The photos as the base model draws them (``000.png`` ...), where it learns from those."""
        return self.root / "redrawn"

    @property
    def control(self) -> Path:
        """What is wanted, JSON of ``Control``."""
        return self.root / "control.json"

    @property
    def events(self) -> Path:
        """The event log, one JSON line each."""
        return self.root / "events.jsonl"

    @property
    def previews(self) -> Path:
        """Folder of preview pictures."""
        return self.root / "previews"

    @property
    def checkpoints(self) -> Path:
        """Folder of checkpoints."""
        return self.root / "checkpoints"

    @property
    def result(self) -> Path:
        """Published result: the artifact, ``manifest.json`` and ``picture-N.webp``."""
        return self.root / "result"

    @property
    def outcome(self) -> Path:
        """How the run ended, JSON of ``Outcome``."""
        return self.root / "outcome.json"

    @property
    def log(self) -> Path:
        """What the runner printed."""
        return self.root / "log.txt"

    @property
    def lock(self) -> Path:
        """File locked by the living runner."""
        return self.root / "runner.lock"
