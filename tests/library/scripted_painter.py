"""A painter without torch: it draws one-colour pictures, or dies, as a prompt tells it to.

A prompt with ``KILL`` ends the process, one with ``WAIT`` takes for ever, one with ``ONCE`` ends it
the first time only, and one with ``MISSING`` finds no model.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from PIL import Image

from textinv_app.domain.drawing import (
    DrawingOutcome,
    DrawingProgress,
    DrawingRequest,
    DrawnPicture,
)
from textinv_app.runs.atomic import atomic_write_text


def paint(folder: Path) -> None:
    request = DrawingRequest.model_validate_json((folder / "request.json").read_bytes())
    prompt = request.columns[0].prompt
    mark = folder / "died-once"
    if "KILL" in prompt or ("ONCE" in prompt and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if "MISSING" in prompt:
        details = {"name": "somebody/model"}
        failed = DrawingOutcome(status="failed", error_code="model.offline", error_details=details)
        atomic_write_text(folder / "outcome.json", failed.model_dump_json())
        return
    pictures: list[DrawnPicture] = []
    total = len(request.columns) * request.num_images
    for index in range(request.num_images):
        for column in request.columns:
            name = f"{column.name}-{index}.webp"
            Image.new("RGB", (8, 8), "red").save(folder / name)
            pictures.append(
                DrawnPicture(column=column.name, index=index, file_name=name, likeness=50.0)
            )
            progress = DrawingProgress(fraction=len(pictures) / total, pictures=tuple(pictures))
            atomic_write_text(folder / "progress.json", progress.model_dump_json())
            while "WAIT" in prompt:
                time.sleep(0.1)
    Image.new("RGB", (8, 8), "red").save(folder / "grid.webp")
    outcome = DrawingOutcome(status="done", pictures=tuple(pictures), seconds=1.0)
    atomic_write_text(folder / "outcome.json", outcome.model_dump_json())


for line in sys.stdin:
    paint(Path(line.strip()))
