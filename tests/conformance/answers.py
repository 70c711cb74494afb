"""What a program's own loaders answered about all files, asked once in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conformance.exported import Exported
from tests.conformance.layers import FAMILIES, Shared
from tests.conformance.loading import Array, LoadedLora

SourcesOf = Callable[[str, Sequence[str]], "AskedLoader"]
"""A fixture that asks a program's own loaders, given the prompts of its tests."""

PROJECT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 900


def folder_of(program: str) -> Path | None:
    """Return the folder of a program's sources, from ``PETNAME_COMFYUI`` and the like."""
    value = os.environ.get(f"PETNAME_{program.upper()}", "")
    return Path(value).resolve() if value else None


def ways(program: str) -> list[str]:
    """Return how a program's loaders can be tried here: by the rules, and by its own code."""
    return ["rules"] if folder_of(program) is None else ["rules", "sources"]


def skip_without(program: str) -> None:
    """Skip the running test, with the reason, where the program's own code is not here."""
    if folder_of(program) is None:
        pytest.skip(f"PETNAME_{program.upper()} names no folder of the program's sources")


def jobs_for(exported: Exported, prompts: Sequence[str]) -> list[dict[str, Any]]:
    """Return every question that the tests ask, each embedding with models of every family."""
    jobs: list[dict[str, Any]] = []
    for embedding in exported.embeddings.values():
        job = {"path": str(embedding.path), "family": embedding.family}
        jobs += [job | {"kind": "embedding", "family": family} for family in FAMILIES]
        jobs += [job | {"kind": "prompt", "text": text} for text in prompts]
        jobs.append(job | {"kind": "told"})
    for lora in exported.loras.values():
        job = {"path": str(lora.path), "family": lora.family}
        jobs += [job | {"kind": "lora"}, job | {"kind": "told"}]
    return jobs


@dataclass(frozen=True)
class _Answer:
    told: Mapping[str, Any]
    arrays: Mapping[str, Array]


class AskedLoader:
    """Answers of a program's own loaders, in the form of a ``Loader``."""

    def __init__(self, answers: Mapping[tuple[str, ...], _Answer]) -> None:
        self._answers = answers

    def embedding(self, path: Path, family: Shared) -> Mapping[str, Array]:
        """Return what it loaded."""
        return self._answer("embedding", path, family).arrays

    def prompt(self, path: Path, family: Shared, text: str) -> Mapping[str, Array]:
        """Return what it found in a prompt."""
        return self._answer("prompt", path, family, text).arrays

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Return what it loaded."""
        answer = self._answer("lora", path, family)
        changes: dict[Any, Array] = {
            tuple(name.split("|")): value for name, value in answer.arrays.items()
        }
        return LoadedLora(changes, tuple(answer.told["left_over"]))

    def told(self, path: Path) -> Mapping[str, str]:
        """Return what it told."""
        told: Mapping[str, str] = self._answer("told", path).told["told"]
        return told

    def _answer(self, kind: str, path: Path, *rest: str) -> _Answer:
        answer = self._answers[(kind, str(path), *rest)]
        if "error" in answer.told:
            raise AssertionError(answer.told["error"])
        return answer


def ask(program: str, folder: Path, jobs: list[dict[str, Any]], scratch: Path) -> AskedLoader:
    """Run the loaders of the program in ``folder`` over all jobs and return their answers."""
    scratch.mkdir(parents=True, exist_ok=True)
    asked, answered = scratch / "jobs.json", scratch / "answers.npz"
    asked.write_text(json.dumps(jobs), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "HF_HUB_OFFLINE": "1"}
    result = subprocess.run(
        [
            *(sys.executable, "-m", "tests.conformance.sources.child"),
            *(program, str(folder), str(asked), str(answered)),
        ],
        cwd=scratch,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if result.returncode != 0:
        raise AssertionError(f"{program} could not be opened:\n{result.stderr[-3000:]}")
    return AskedLoader(dict(_read(jobs, answered)))


def _read(jobs: list[dict[str, Any]], answered: Path) -> Iterator[tuple[tuple[str, ...], _Answer]]:
    told = json.loads(answered.with_suffix(".json").read_text(encoding="utf-8"))
    with np.load(answered, allow_pickle=False) as arrays:
        for number, (job, words) in enumerate(zip(jobs, told, strict=True)):
            key = [job["kind"], job["path"]]
            key += [job["family"]] if job["kind"] != "told" else []
            key += [job["text"]] if job["kind"] == "prompt" else []
            found = {name: arrays[f"{number}.{i}"] for i, name in enumerate(words["names"])}
            yield tuple(key), _Answer(words, found)
