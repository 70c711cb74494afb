"""Where the time of a training goes: steps, and everything that only looks at them.

    python -m tests.benchmarks.time_shares                          # Balanced, both methods
    python -m tests.benchmarks.time_shares --preset quick --methods embedding --pet pip

Trains a sample pet on Crayon in this process with the product's own loop. Previews, their judging,
validation and checkpoints together are to take at most a tenth of a Balanced training, counted from
its first event to its last, the check of the result included.

Last figures: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.crayon_training import ROOT, Job
from textinv_app.domain.events import Event, Finished
from textinv_app.domain.presets import PRESETS
from textinv_app.runs.control import ControlWatch
from textinv_app.runs.layout import RunLayout
from textinv_app.training.loop import train
from textinv_app.training.session import Session

LOOKS = ("validate", "preview", "save")
ACTIONS = ("step", *LOOKS)
MOST_SHARE = 0.1


class Shares:
    """Seconds spent in each action of a session."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def timed(self, name: str) -> Callable[[Session], Iterator[Event]]:
        """Return the action of that name, timed while it runs and not while it waits."""
        action = getattr(Session, name)

        def run(session: Session) -> Iterator[Event]:
            events = action(session)
            while True:
                started = time.perf_counter()
                try:
                    event = next(events)
                except StopIteration:
                    return
                finally:
                    self.seconds[name] += time.perf_counter() - started
                yield event

        return run


def measure(job: Job) -> dict[str, Any]:
    """Train and return the seconds of each kind."""
    spec, shares = job.spec(), Shares()
    usual = {name: getattr(Session, name) for name in ACTIONS}
    for name in ACTIONS:
        setattr(Session, name, shares.timed(name))
    with tempfile.TemporaryDirectory(prefix="petname-benchmark-") as folder:
        layout = RunLayout(Path(folder) / "run")
        job.save_photos(layout)
        started, last = time.perf_counter(), None
        for event in train(spec, layout, ControlWatch(layout.control)):
            last = event
        whole = time.perf_counter() - started
    for name, action in usual.items():
        setattr(Session, name, action)
    if not isinstance(last, Finished):
        raise SystemExit(f"The training did not finish: {last}")
    return {"steps": last.step, "whole": whole, **shares.seconds}


def row(method: str, found: dict[str, Any]) -> str:
    """Return a line of the table."""
    looks = sum(found[name] for name in LOOKS)
    reached = "" if looks <= MOST_SHARE * found["whole"] else ": not reached"
    seconds = [f"{found[name]:.1f} s" for name in ("whole", *ACTIONS)]
    share = f"{100 * looks / found['whole']:.1f} %{reached}"
    return f"| {' | '.join([method, str(found['steps']), *seconds, share])} |"


def main() -> None:
    """Train by each method and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pet", default="biscuit")
    parser.add_argument("--preset", choices=PRESETS, default="balanced")
    parser.add_argument(
        "--methods", nargs="*", choices=("embedding", "lora"), default=("embedding", "lora")
    )
    given = parser.parse_args()
    print("| method | steps | whole | steps' | validation | previews | checkpoints | looking |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for method in given.methods:
        pet = ROOT / "assets/samples" / given.pet
        job = Job(pet, method, given.preset, ROOT / "assets/crayon", {})
        print(row(method, measure(job)), flush=True)


if __name__ == "__main__":
    main()
