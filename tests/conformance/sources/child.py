"""The process in which a program's own loaders run: ``python -m ... PROGRAM FOLDER JOBS ANSWERS``.

A process for each program, because two of them have modules of the same names, and because their
code is not ours to trust with the test run.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from tests.conformance.loading import Loader


def answer(loader: Loader, job: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Do one job; return what can be told as JSON and the arrays by name."""
    path, kind = Path(job["path"]), job["kind"]
    if kind == "told":
        return {"told": dict(loader.told(path))}, {}
    if kind == "lora":
        loaded = loader.lora(path, job["family"])
        arrays = {"|".join(place): value for place, value in loaded.changes.items()}
        return {"left_over": list(loaded.left_over)}, arrays
    if kind == "prompt":
        return {}, dict(loader.prompt(path, job["family"], job["text"]))
    return {}, dict(loader.embedding(path, job["family"]))


def main(program: str, folder: str, jobs: str, answers: str) -> None:
    """Do all jobs of a file and write the answers, errors among them."""
    module = importlib.import_module(f"tests.conformance.sources.{program}")
    loader: Loader = module.open_program(Path(folder))
    told: list[dict[str, Any]] = []
    arrays: dict[str, Any] = {}
    for number, job in enumerate(json.loads(Path(jobs).read_text(encoding="utf-8"))):
        try:
            words, found = answer(loader, job)
        except Exception:  # noqa: BLE001 - whatever their code raises is the answer
            words, found = {"error": traceback.format_exc(limit=-4)}, {}
        told.append(words | {"names": list(found)})
        arrays |= {f"{number}.{place}": value for place, value in enumerate(found.values())}
    np.savez(answers, **arrays)
    Path(answers).with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:5])
