"""A runner without torch: it keeps the whole protocol of the run directory and computes a hash.

Usage: ``scripted_runner.py RUN_DIR --attempt N``, or ``--wait`` as the real one. Each step hashes
the state on; checkpoints hold state and step, so that a run that was killed must end with the hash
of an undisturbed one. The environment says how it behaves: ``SCRIPT_STEP_SECONDS``,
``SCRIPT_CHECKPOINT_EVERY``, and ``SCRIPT_MISBEHAVE`` (``deaf`` ignores control and SIGTERM,
``fail``, ``die_at_start``, ``silent``).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from textinv_app.domain.events import (
    CheckpointSaved,
    Event,
    Failed,
    Finished,
    Outcome,
    Paused,
    PhaseChanged,
    StepDone,
    Validated,
)
from textinv_app.domain.manifest import ResultManifest
from textinv_app.domain.specs import RunSpec
from textinv_app.runs.atomic import atomic_write_text, publish_directory
from textinv_app.runs.control import ControlWatch, PauseRequested, StopRequested, Superseded
from textinv_app.runs.event_log import EventLog
from textinv_app.runs.handover import become, wait_for_run
from textinv_app.runs.layout import RunLayout
from textinv_app.runs.lock import AlreadyLocked, RunLock

STEP_SECONDS = float(os.environ.get("SCRIPT_STEP_SECONDS", "0.01"))
CHECKPOINT_EVERY = int(os.environ.get("SCRIPT_CHECKPOINT_EVERY", "5"))
MISBEHAVE = os.environ.get("SCRIPT_MISBEHAVE", "")


class ScriptedRun:
    """One attempt."""

    def __init__(self, layout: RunLayout, spec: RunSpec, attempt: int) -> None:
        self.layout, self.spec, self.attempt = layout, spec, attempt
        self.step, self.state = 0, hashlib.sha256(str(spec.settings.seed).encode()).hexdigest()
        self.watch = ControlWatch(layout.control, attempt)
        self.log: EventLog

    def load(self) -> None:
        for path in sorted(self.layout.checkpoints.glob("step-*.ckpt"), reverse=True):
            state, _, checksum = path.read_text(encoding="utf-8").partition(" ")
            if hashlib.sha256(state.encode()).hexdigest() == checksum:
                self.step, self.state = int(path.stem.removeprefix("step-")), state
                return

    def save(self) -> None:
        self.layout.checkpoints.mkdir(exist_ok=True)
        path = self.layout.checkpoints / f"step-{self.step:06d}.ckpt"
        checksum = hashlib.sha256(self.state.encode()).hexdigest()
        atomic_write_text(path, f"{self.state} {checksum}")
        for old in sorted(self.layout.checkpoints.glob("step-*.ckpt"))[:-2]:
            old.unlink()
        self.say(CheckpointSaved(step=self.step, path=f"checkpoints/{path.name}"))

    def say(self, event: Event) -> None:
        self.log.append(event)

    def advance(self) -> None:
        self.state = hashlib.sha256(self.state.encode()).hexdigest()
        self.step += 1
        time.sleep(STEP_SECONDS)
        max_steps = self.spec.settings.max_steps
        self.say(
            StepDone(
                step=self.step, max_steps=max_steps, loss=1.0 / self.step,
                seconds_per_step=STEP_SECONDS, elapsed_seconds=self.step * STEP_SECONDS,
                remaining_seconds=(max_steps - self.step) * STEP_SECONDS,
            )
        )  # fmt: skip
        self.say(Validated(step=self.step, validation_loss=1.0 / self.step))
        if self.step % CHECKPOINT_EVERY == 0:
            self.save()

    def train(self) -> int:
        self.say(PhaseChanged(phase="starting"))
        self.load()
        self.say(PhaseChanged(phase="training"))
        because = "max_steps"
        try:
            while self.step < self.spec.settings.max_steps:
                if MISBEHAVE != "deaf":
                    self.watch.check()
                self.advance()
        except PauseRequested:
            self.save()
            self.say(Paused(step=self.step))
            return 3
        except StopRequested:
            because = "stopped_by_person"
            if not self.step:
                self.end(Outcome(status="cancelled", attempt=self.attempt, step=0))
                return 0
        self.say(PhaseChanged(phase="exporting"))
        self.publish()
        finished = Finished(
            step=self.step, best_step=self.step, artifact=f"result/{self.file_name}", seconds=1.0,
            stopped_because=because, likeness_start=10.0, likeness_end=60.0,
        )  # fmt: skip
        self.end(Outcome(status="done", attempt=self.attempt, step=self.step, finished=finished))
        self.say(finished)
        return 0

    @property
    def file_name(self) -> str:
        return f"{self.spec.placeholder_token}.safetensors"

    def publish(self) -> None:
        prepared = self.layout.root / ".tmp-result"
        shutil.rmtree(prepared, ignore_errors=True)
        shutil.rmtree(self.layout.result, ignore_errors=True)
        prepared.mkdir()
        data = self.state.encode()
        (prepared / self.file_name).write_bytes(data)
        (prepared / "picture-0.webp").write_bytes(b"RIFF-picture-of-" + self.spec.run_id.encode())
        manifest = ResultManifest(
            file_name=self.file_name,
            method="lora" if self.spec.method == "lora" else "embedding",
            family=self.spec.base_model.family,
            model_id=self.spec.base_model.model_id,
            model_source=self.spec.base_model.source,
            placeholder_token=self.spec.placeholder_token,
            kind=self.spec.kind,
            concept_name=self.spec.concept_name,
            class_word=self.spec.class_word,
            steps=self.step,
            best_step=self.step,
            seconds=1.0,
            likeness_start=10.0,
            likeness_end=60.0,
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            pictures=("picture-0.webp",),
            created_at=self.spec.created_at,
        )
        if self.spec.method == "pivotal":
            second = f"{self.spec.placeholder_token}-lora.safetensors"
            (prepared / second).write_bytes(data)
            companion = manifest.model_copy(update={"file_name": second, "method": "lora"})
            manifest = manifest.model_copy(update={"companion": companion})
        atomic_write_text(prepared / "manifest.json", manifest.model_dump_json())
        publish_directory(prepared, self.layout.result)

    def end(self, outcome: Outcome) -> None:
        atomic_write_text(self.layout.outcome, outcome.model_dump_json())


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("run_dir", type=Path, nargs="?")
    parser.add_argument("--attempt", type=int, default=1)
    parser.add_argument("--wait", action="store_true")
    given = parser.parse_args()
    if MISBEHAVE == "die_at_start":
        return 9
    run_dir, attempt = given.run_dir, given.attempt
    if given.wait:
        print("printed while waiting", flush=True)
        order = wait_for_run(sys.stdin.buffer)
        if order is None:
            return 0
        become(order)
        run_dir, attempt = order.run_dir, order.attempt
    return make_attempt(RunLayout(run_dir), attempt)


def make_attempt(layout: RunLayout, attempt: int) -> int:
    facts = {"cwd": str(Path.cwd()), "environment": dict(os.environ)}
    print(f"surroundings: {json.dumps(facts)}", flush=True)
    spec = RunSpec.model_validate_json(layout.spec.read_text(encoding="utf-8"))
    run = ScriptedRun(layout, spec, attempt)
    if MISBEHAVE == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        run.watch.pause_on_termination()
    try:
        with (
            RunLock(layout.lock, {"attempt": str(attempt)}),
            EventLog(layout.events, attempt) as run.log,
        ):
            if MISBEHAVE == "fail":
                failed = Failed(
                    code="run.out_of_memory", sentence="It did not fit.", details={"mb": 1}
                )
                run.end(Outcome(status="failed", attempt=attempt, step=0, failed=failed))
                return 1
            while MISBEHAVE == "silent":
                time.sleep(0.1)
            return run.train()
    except (AlreadyLocked, Superseded):
        return 4


if __name__ == "__main__":
    sys.exit(main())
