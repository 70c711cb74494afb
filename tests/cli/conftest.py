"""A tiny model, photos to learn from, and the command line as a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.tiny_models import save_tiny_judge, save_tiny_model
from textinv_app.cli import main

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 240.0


@dataclass(frozen=True)
class Answer:
    """What a command wrote and how it ended."""

    exit_code: int
    output: str
    errors: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The JSON lines of the output."""
        return [json.loads(line) for line in self.output.splitlines()]


Ask = Callable[..., Answer]


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start a command in a process of its own.

    It hears Ctrl+C also where the tests were started in the background of a shell, which lets its
    programs ignore that.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "textinv_app", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **environment},
        preexec_fn=_hear_interrupts if os.name == "posix" else None,
    )


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def ask(*arguments: str, **environment: str) -> Answer:
    """Run a command to its end."""
    process = start(*arguments, **environment)
    output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    return Answer(process.returncode, output, errors)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny model of Crayon's kind."""
    folder = tmp_path_factory.mktemp("model") / "tiny"
    save_tiny_model(folder, "crayon")
    save_tiny_judge(folder)
    return folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of four photos."""
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(4):
        blocks = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(blocks).resize((300, 240), Image.Resampling.NEAREST)
        picture.save(folder / f"photo-{seed}.jpg", quality=95)
    return folder


@pytest.fixture
def training(model_folder: Path, photos: Path, tmp_path: Path) -> list[str]:
    """Return the arguments of a short training."""
    return [
        *("train", "--photos", str(photos), "--word", "rexdog", "--class-word", "dog"),
        *("--base-model", str(model_folder), "--preset", "quick", "--max-steps", "6"),
        *("--output", str(tmp_path / "out"), "--json"),
    ]


def ask_here(capsys: pytest.CaptureFixture[str], *arguments: str) -> Answer:
    """Run a command in this process, where torch is loaded already."""
    capsys.readouterr()
    exit_code = main(arguments)
    output, errors = capsys.readouterr()
    return Answer(exit_code, output, errors)
