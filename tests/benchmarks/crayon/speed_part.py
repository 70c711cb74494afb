"""How long loading Crayon and drawing one picture take, in a process of their own.

python -m tests.benchmarks.crayon.speed_part FOLDER      # what the child prints, as JSON
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from tests.benchmarks.crayon.records import Line
from tests.benchmarks.crayon.report import Row

PART = "speed"
ROOT = Path(__file__).resolve().parents[3]
NUM_PICTURES = 7
CORES = 2
MOST_SECONDS, MOST_LOAD_SECONDS, MOST_MEGABYTES = 2.0, 2.0, 60.0
_PROMPT = "a photo of a golden dog with a red scarf in the snow"


def run(folder: Path) -> list[Line]:
    """Measure in a fresh process of two threads; never taken from the records."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else CORES
    environment = {**os.environ, "OMP_NUM_THREADS": str(min(CORES, cores))}
    finished = subprocess.run(
        [sys.executable, "-m", __spec__.name, str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    line: Line = json.loads(finished.stdout.splitlines()[-1])
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return [{"part": PART, "key": "speed", "megabytes": round(size / 1e6, 1), **line}]


def rows(lines: list[Line]) -> list[Row]:
    """Return picture, load and folder."""
    line = lines[0]
    busy = f"{line['threads']} threads on {line['device']}, load average {line['load_average']:.1f}"
    picture, load = line["picture_seconds"], line["load_seconds"]
    return [
        Row(
            "one picture, 20 steps, 2 idle cores",
            f"at most {MOST_SECONDS:.0f} s",
            f"{picture:.2f} s (the first {line['first_seconds']:.2f} s; {busy})",
            "",
            picture <= MOST_SECONDS,
        ),
        Row(
            "loading the model",
            f"at most {MOST_LOAD_SECONDS:.0f} s",
            f"{load:.2f} s (after {line['import_seconds']:.1f} s of imports)",
            "",
            load <= MOST_LOAD_SECONDS,
        ),
        Row(
            "the model's folder",
            f"at most {MOST_MEGABYTES:.0f} MB",
            f"{line['megabytes']:.1f} MB",
            "",
            line["megabytes"] <= MOST_MEGABYTES,
        ),
    ]


def measure(folder: Path) -> Line:
    """Return the seconds of imports, load and pictures in this process."""
    moments = [time.monotonic()]
    import torch

    from textinv_app.domain.presets import PresetRequest, settings_for
    from textinv_app.domain.specs import BaseModelRef
    from textinv_app.drawing.artist import Artist, DrawingTask
    from textinv_app.drawing.likeness import likeness_judge
    from textinv_app.models.loading import best_device, drawing_dtype, load

    moments.append(time.monotonic())
    device = best_device()
    ref = BaseModelRef(model_id="crayon", source=str(folder), family="crayon")
    model = load(ref, drawing_dtype(device), device)
    artist = Artist(model)
    likeness_judge(model)
    moments.append(time.monotonic())
    usual = settings_for(PresetRequest(family="crayon", method="lora", num_photos=1))
    for seed in range(NUM_PICTURES + 1):
        task = DrawingTask(
            prompt=_PROMPT,
            seeds=(seed,),
            num_inference_steps=20,
            guidance_scale=usual.guidance_scale,
            resolution_pixels=usual.resolution_pixels,
        )
        artist.draw(task)
        moments.append(time.monotonic())
    spent = [round(end - start, 3) for start, end in itertools.pairwise(moments)]
    return {
        "import_seconds": spent[0],
        "load_seconds": spent[1],
        "first_seconds": spent[2],
        "picture_seconds": median(spent[3:]),
        "threads": torch.get_num_threads(),
        "device": device,
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0,
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
