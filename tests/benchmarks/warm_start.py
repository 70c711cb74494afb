"""From the claim of a run to its first step, started cold and handed to a runner that waits.

    python -m tests.benchmarks.warm_start                 # Crayon, five rounds of each
    python -m tests.benchmarks.warm_start --method lora --rounds 3

The claim is the moment in which the executor is told to launch. ``ready`` is when the training
phase begins (model loaded, photos encoded), ``first step`` when the first optimizer step begins:
between the two the untrained word is validated; it is drawn after that step. Let nothing else run.

Last figures: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path

from tests.benchmarks.cases import Case
from tests.benchmarks.photos import photo_folder
from tests.benchmarks.product import make_run, spec_for
from textinv_app.domain.events import Event
from textinv_app.domain.presets import PresetRequest, settings_for
from textinv_app.executors.local import LocalExecutor
from textinv_app.runs.event_log import read_events
from textinv_app.runs.layout import RunLayout

READY_SECONDS = 120.0
GIVE_UP_SECONDS = 300.0


def measure(executor: LocalExecutor, layout: RunLayout) -> dict[str, float]:
    """Launch a run, end it after its first picture, and return seconds since the claim."""
    claimed_at, claimed = time.time(), time.monotonic()
    executor.launch(layout.root, 1)
    events: list[Event] = []
    while not {"preview", "failed"} & {event.type for event in events}:
        if time.monotonic() - claimed > GIVE_UP_SECONDS:
            raise SystemExit(layout.log.read_text(encoding="utf-8")[-3000:])
        time.sleep(0.01)
        events, _ = read_events(layout.events)
    executor.kill(layout.root)
    while executor.is_alive(layout.root):
        time.sleep(0.01)
    first_step = next((event for event in events if event.type == "step"), None)
    if first_step is None:
        raise SystemExit(layout.log.read_text(encoding="utf-8")[-3000:])
    times = {
        name: _seconds(next(event for event in events if _is(event, name))) - claimed_at
        for name in ("starting", "loading_model", "preparing_photos", "training", "preview")
    }
    times["first step"] = _seconds(first_step) - first_step.seconds_per_step - claimed_at
    return {("ready" if name == "training" else name): value for name, value in times.items()}


def _is(event: Event, name: str) -> bool:
    return event.type == name or (event.type == "phase" and event.phase == name)


def _seconds(event: Event) -> float:
    return datetime.fromisoformat(event.at).timestamp()


def wait_until_ready(executor: LocalExecutor) -> None:
    """Wait until the waiting runner has nothing left to prepare: it uses the processor no more."""
    waiting = executor._waiting._waiting
    assert waiting is not None
    path = Path(f"/proc/{waiting.process.pid}/stat")
    give_up, used = time.monotonic() + READY_SECONDS, -1
    while time.monotonic() < give_up:
        fields = path.read_text(encoding="ascii").rsplit(")", 1)[-1].split()
        now = int(fields[11]) + int(fields[12])
        if now == used and now > 0:
            return
        used = now
        time.sleep(1.5)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="crayon", choices=["crayon", "tiny"])
    parser.add_argument("--method", default="embedding", choices=["embedding", "lora"])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    case = Case(given.model, given.method, "", str(photo_folder("512px")))
    request = PresetRequest(family="crayon", method=given.method, preset="quick", num_photos=5)
    spec = spec_for(case, settings_for(request))
    found: dict[str, list[dict[str, float]]] = {"cold": [], "warm": []}
    with tempfile.TemporaryDirectory() as name:
        # So that the warm ones are like a run on a model that was used before.
        first = make_run(case, spec, Path(name) / "first")
        for number in range(given.rounds):
            for start, times in found.items():
                executor = LocalExecutor()
                layout = make_run(case, spec, Path(name) / f"{start}-{number}")
                if start == "warm":
                    executor.warm_up(first.spec)
                    wait_until_ready(executor)
                times.append(measure(executor, layout))
                rounded = {key: round(value, 2) for key, value in times[-1].items()}
                print(json.dumps({"start": start, **rounded}), flush=True)
    for start, times in found.items():
        middle = {key: statistics.median(entry[key] for entry in times) for key in times[0]}
        parts = ", ".join(f"{key} {value:.2f} s" for key, value in middle.items())
        print(f"{start}, median of {len(times)}: {parts}")


if __name__ == "__main__":
    main()
