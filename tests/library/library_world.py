"""A library on a temporary folder, with a scripted runner in place of the real one."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

from textinv_app.domain.presets import PresetRequest, settings_for
from textinv_app.domain.status import RunStatus
from textinv_app.domain.views import ArtifactView, ConceptView, RunView
from textinv_app.executors.local import LocalExecutor
from textinv_app.library.api import ConceptChange, ReceivedFile, TrainingOrder
from textinv_app.library.config import LibraryConfig
from textinv_app.library.service import Service

SCRIPTED_RUNNER = Path(__file__).resolve().parents[1] / "contracts" / "scripted_runner.py"
SCRIPTED_PAINTER = Path(__file__).with_name("scripted_painter.py")
REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0
QUICK_STEPS = settings_for(
    PresetRequest(family="crayon", method="embedding", preset="quick", num_photos=3)
).max_steps
"""Steps of the trainings that tests order."""


def token_of(name: str) -> str:
    """Return a well-formed browser token that differs for each name."""
    return (name * 50)[:43]


def scripted_executor(**environment: str) -> LocalExecutor:
    """Return the real local executor, which starts the scripted runner."""
    return LocalExecutor(
        command=(sys.executable, str(SCRIPTED_RUNNER)),
        environment={"PYTHONPATH": str(REPOSITORY), **environment},
    )


def make_assets(folder: Path) -> Path:
    """Make an assets folder in which Crayon seems to be there, and one sample pet."""
    crayon = folder / "crayon"
    crayon.mkdir(parents=True)
    (crayon / "model_index.json").write_text("{}", encoding="utf-8")
    sample = folder / "samples" / "mio"
    sample.mkdir(parents=True)
    about = {"name": "Mio", "class_word": "bunny", "word": "miobunny", "one_sided_markings": False}
    (sample / "sample.json").write_text(json.dumps(about), encoding="utf-8")
    for index in range(5):
        draw_photo(sample / f"{index}.webp", seed=100 + index, size=(128, 128))
    return folder


def draw_photo(path: Path, seed: int, size: tuple[int, int] = (320, 240)) -> Path:
    """Draw a picture of blocks that differs clearly from that of another seed."""
    blocks = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST).save(path)
    return path


class World:
    """A service with helpers that do what a person would."""

    def __init__(self, root: Path, executor: Any = None, **limits: Any) -> None:
        self.root = root
        self.data_dir = root / "data"
        self.executor = executor or scripted_executor()
        if not (root / "assets").exists():
            make_assets(root / "assets")
        given = {"min_free_bytes": 0, **limits}
        self.config = LibraryConfig(self.data_dir, root / "assets", **given)
        self.open()
        self.owner = self.service.identify(token_of("anna"))
        self.stranger = self.service.identify(token_of("bert"))

    def open(self) -> None:
        """Open the service, with a scripted painter."""
        painter = (sys.executable, str(SCRIPTED_PAINTER))
        self.service = Service(self.config, self.executor, painter)

    def reopen(self, executor: Any = None) -> None:
        """Close the service and open another on the same folder."""
        self.service.close()
        self.crash(executor)

    def crash(self, executor: Any = None) -> None:
        """Open another service as if the first had been killed: nothing of it was closed."""
        self.service._parts.folder.lock.release()
        self.executor = executor or scripted_executor()
        self.open()

    def concept(self, name: str = "Rex", num_photos: int = 3, owner: str = "") -> ConceptView:
        """Make a concept that is ready to be taught."""
        owner = owner or self.owner
        concept_id = self.service.create_concept(owner).concept.concept_id
        self.service.update_concept(owner, concept_id, ConceptChange(name=name, class_word="dog"))
        word = self.service.suggest_word(owner, concept_id)
        self.service.update_concept(owner, concept_id, ConceptChange(placeholder_token=word))
        self.add_photos(concept_id, range(num_photos), owner)
        return self.service.concept(owner, concept_id)

    def add_photos(self, concept_id: str, seeds: Any, owner: str = "") -> Any:
        """Upload drawn photos."""
        files = []
        for seed in seeds:
            path = self.data_dir / "incoming" / f"upload-{seed}.png"
            draw_photo(path, seed)
            files.append(ReceivedFile(path, f"photo {seed}.png"))
        return self.service.add_photos(owner or self.owner, concept_id, files)

    def bring_embedding(self, name: str = "elsewhere.safetensors") -> ArtifactView:
        """Import an embedding for Stable Diffusion 1.x as other programs write it."""
        path = self.data_dir / "incoming" / "0123456789"
        save_file({"emb_params": np.full((2, 768), 0.01, np.float32)}, path)
        return self.service.import_artifact(self.owner, ReceivedFile(path, name))

    def order(self, concept_id: str, **more: Any) -> TrainingOrder:
        """Return an order of a short training."""
        usual = {"methods": ("embedding",), "model_id": "crayon", "preset": "quick", "seed": 7}
        return TrainingOrder(concept_id=concept_id, **(usual | more))

    def start(self, concept_id: str, owner: str = "", **more: Any) -> RunView:
        """Start a training and return its run."""
        return self.service.start_training(owner or self.owner, self.order(concept_id, **more))[0]

    def run(self, run_id: str, owner: str = "") -> RunView:
        """Return a run as it is now."""
        return self.service.run(owner or self.owner, run_id)

    def run_dir(self, run_id: str) -> Path:
        """Return the directory of a run."""
        return self.data_dir / "runs" / run_id

    def tick_until(self, reached: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
        """Tick until something is so, and return it; fails when it does not come to be."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            self.service.tick()
            found = reached()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError("it did not happen in time")

    def tick_until_status(self, run_id: str, *statuses: RunStatus) -> RunView:
        """Tick until a run is in one of the states, and return it."""
        self.tick_until(lambda: self.run(run_id).status in statuses)
        return self.run(run_id)

    def tick_until_step(self, run_id: str, step: int) -> RunView:
        """Tick until a run has reached a step, and return it."""

        def reached() -> bool:
            seen = self.run(run_id).step
            return seen is not None and seen.step >= step

        self.tick_until(reached)
        return self.run(run_id)

    def close(self) -> None:
        """End all runners and the service."""
        for folder in (self.data_dir / "runs").iterdir():
            self.executor.kill(folder)
        self.service.close()


def byte_hits(folder: Path, needle: bytes) -> list[Path]:
    """Return the files below a folder that hold some bytes."""
    return [path for path in _files(folder) if needle in path.read_bytes()]


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
