"""Our training against the reference scripts of diffusers, side by side.

    python -m tests.benchmarks.training --reference examples              # steps, on Crayon
    python -m tests.benchmarks.training --reference examples --models sd15-random --dtype bf16
    python -m tests.benchmarks.training --reference examples --method lora --photos 12mp
    python -m tests.benchmarks.training --reference examples --part likeness --pets 8
    python -m tests.benchmarks.training --part profile --models crayon sd15-random

``--reference`` is a script (``textual_inversion.py``, ``textual_inversion_sdxl.py``,
``train_dreambooth_lora.py``) or a folder that holds them, for instance diffusers' ``examples``; it
is imported as it is. The parts:

- ``steps``: both make steps in turn in one process, on the same model, photos, batch, number type
  and threads. The ratio is the median of the pairs' ratios, with quartiles; memory is measured
  apart.
- ``equal``: both on equal batches and noise; how far apart are their vectors (embedding only)?
- ``likeness``: how long until the reference's best likeness to drawings that neither has seen.
- ``profile``: one step of ours against the floor of this machine.

Photos are ``512px``, ``12mp`` or a folder. Let nothing else run. Last figures: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tests.benchmarks.cases import FAMILIES, ROOT, WORK, Case, script_for
from tests.benchmarks.photos import photo_folder

_SHOWN_CHARACTERS = 4000


@dataclass(frozen=True)
class Spread:
    """Median and quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of some numbers."""
        if len(values) < 2:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}..{self.high:.2f}]"


def ask(module: str, case: Case, *arguments: str) -> dict[str, Any]:
    """Work on a case in a process of its own and return its answer."""
    return run_apart([module, case.to_json(), *arguments], case.environment())


def run_apart(
    module_and_arguments: Sequence[str], environment: Mapping[str, str]
) -> dict[str, Any]:
    """Run a module of this folder in a process of its own and return the JSON it ends with.

    A process has one ``Accelerator``, one highest memory and one number of threads.
    """
    module, *arguments = module_and_arguments
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr[-_SHOWN_CHARACTERS:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def machine_line(given: argparse.Namespace) -> str:
    """Return machine, date, versions and command, as they stand above a table."""
    import importlib.metadata

    versions = [
        f"{name} {importlib.metadata.version(name)}"
        for name in ("torch", "diffusers", "transformers")
    ]
    processor = platform.processor() or platform.machine()
    for line in _lines(Path("/proc/cpuinfo")):
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
            break
    command = " ".join(["python -m tests.benchmarks.training", *sys.argv[1:]])
    facts = [processor, f"{given.threads} threads", *versions, date.today().isoformat()]
    return f"{', '.join(facts)}\n`{command}`\n"


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def cases_of(given: argparse.Namespace) -> list[Case]:
    """Return the cases that the command line asks for."""
    work = given.work
    found = []
    for model in given.models:
        for photos in given.photos:
            script = ""
            if given.reference is not None:
                script = str(script_for(given.reference, FAMILIES[model], given.method).resolve())
            found.append(
                Case(
                    model=model,
                    method=given.method,
                    script=script,
                    photos=str(photo_folder(photos, work)),
                    batch=given.batch,
                    dtype=given.dtype,
                    device=given.device,
                    steps=given.steps,
                    pixels=given.pixels,
                    threads=given.threads,
                    workers=given.workers,
                    checkpointing=given.checkpointing,
                    work=str(work),
                )
            )
    return found


def compare_steps(given: argparse.Namespace) -> None:
    """Print a table of paired steps."""
    print(
        "| model | photos | pairs | reference, s | ours, s | reference / ours | "
        "memory, reference / ours | once |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    for case in cases_of(given):
        found = ask("side_by_side", case, "both")
        if found["threads"] != [given.threads]:
            raise SystemExit(f"The sides used {found['threads']} threads.")
        reference, ours = zip(*found["pairs"], strict=True)
        ratios = Spread.of([first / second for first, second in found["pairs"]])
        memory = ""
        if given.memory:
            peaks = [ask("side_by_side", case, side)["steps"] for side in ("reference", "ours")]
            memory = " / ".join(f"{peak / 1e9:.2f} GB" for peak in peaks)
        print(
            f"| {case.model} {case.resolution_pixels} px, {case.method}, {case.dtype}, batch "
            f"{case.batch} | {Path(case.photos).name} | {len(ratios_of(found))} | "
            f"{statistics.median(reference):.4f} | {statistics.median(ours):.4f} | {ratios} | "
            f"{memory} | {found['once']:.2f} s |",
            flush=True,
        )
        if given.verbose:
            print(f"  {found['plan']}", flush=True)


def compare_vectors(given: argparse.Namespace) -> None:
    """Print how far apart the vectors of both are after every step on equal batches."""
    print("| model | steps | moved by | largest difference |\n| --- | --- | --- | --- |")
    for case in cases_of(given):
        found = ask("equality", case)
        print(
            f"| {case.model} {case.resolution_pixels} px, {case.dtype} | {found['steps']} | "
            f"{found['moved']:.3g} | {found['difference']:.3g} |",
            flush=True,
        )


def ratios_of(found: dict[str, Any]) -> list[float]:
    """Return how much longer the reference took in each pair."""
    return [first / second for first, second in found["pairs"]]


def main() -> None:
    """Run the part that the command line asks for."""
    given = _parser().parse_args()
    print(machine_line(given))
    if given.part != "profile" and given.reference is None:
        raise SystemExit("Give --reference: the script to compare with, or the folder it is in.")
    if given.part == "steps":
        compare_steps(given)
    elif given.part == "equal":
        compare_vectors(given)
    elif given.part == "likeness":
        from tests.benchmarks.likeness_time import compare_likeness

        compare_likeness(given)
    else:
        from tests.benchmarks.step_profile import Profile, describe

        for case in cases_of(given):
            print(describe(Profile(**ask("step_profile", case)), case), "\n", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--reference", type=Path, help="script, or folder with the scripts")
    parser.add_argument(
        "--part", choices=["steps", "equal", "likeness", "profile"], default="steps"
    )
    parser.add_argument("--models", nargs="+", choices=sorted(FAMILIES), default=["crayon"])
    parser.add_argument("--photos", nargs="+", default=["512px", "12mp"])
    parser.add_argument("--method", choices=["embedding", "lora"], default="embedding")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--dtype", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--steps", type=int, default=12, help="pairs to measure")
    parser.add_argument("--pixels", type=int, default=0, help="0: the model's own size")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0, help="reference's loader processes")
    parser.add_argument("--checkpointing", action="store_true", help="the reference recomputes")
    parser.add_argument("--no-memory", dest="memory", action="store_false")
    parser.add_argument("--work", type=Path, default=WORK, help="generated models and photos")
    parser.add_argument("--verbose", action="store_true", help="print our plan too")
    likeness = parser.add_argument_group("likeness")
    likeness.add_argument("--pets", type=int, default=8)
    likeness.add_argument("--processes", type=int, default=1, help="trainings at a time")
    likeness.add_argument("--preset", default="balanced", help="ours")
    likeness.add_argument("--reference-steps", type=int, default=0, help="0: the README's")
    likeness.add_argument("--examine-every", type=int, default=0, help="steps of the reference")
    likeness.add_argument("--examine-ours-every", type=int, default=10, help="steps of ours")
    likeness.add_argument("--our-steps", type=int, default=0, help="0: the preset's")
    likeness.add_argument("--output", type=Path, help="JSON lines; finished ones are not done anew")
    return parser


if __name__ == "__main__":
    main()
