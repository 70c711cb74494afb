"""One comparison in a process of its own: the reference's steps and ours in turn, or one alone.

    python -m tests.benchmarks.side_by_side '{"model": "tiny", "method": "embedding", ...}' both

After every step of the unmodified script ours makes one on the same photos, batch, type and
threads, so that what else the machine does hits both alike; the result is a ratio for each pair.
``ours`` and ``reference`` run alone and tell the highest memory. One line of JSON is the answer;
``tests.benchmarks.training`` makes tables of it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.cases import Case
from tests.benchmarks.models import model_ref
from tests.benchmarks.product import Product
from tests.benchmarks.reference import Enough, Variables, arguments_for, run_script

WARM_UP_STEPS = 2
"""Steps of each side that are not counted: kernels are chosen and memory is taken in them."""
STEPS_ALONE = 3
_KILOBYTE = 1024


class Clock:
    """Seconds, with nothing left running on the device."""

    def __init__(self, device: str) -> None:
        self._device = device

    def now(self) -> float:
        """Wait for the device and return the time."""
        if self._device == "cuda":
            import torch

            torch.cuda.synchronize()
        return time.perf_counter()


def both(case: Case, folder: Path) -> dict[str, Any]:
    """Make steps in turn; returns seconds of each step of both sides, warm-up left out."""
    clock = Clock(case.device)
    ours = Product.prepare(case, folder / "run")
    pairs: list[tuple[float, float]] = []
    threads: set[int] = set()
    resumed = clock.now()

    def after_step(_variables: Variables) -> None:
        nonlocal resumed
        reference_end = clock.now()
        threads.add(_num_threads())
        ours.step()
        threads.add(_num_threads())
        ours_end = clock.now()
        pairs.append((reference_end - resumed, ours_end - reference_end))
        if len(pairs) >= case.steps + WARM_UP_STEPS:
            raise Enough
        resumed = clock.now()

    _run(case, folder, after_step)
    return {
        "pairs": pairs[WARM_UP_STEPS:],
        "threads": sorted(threads),
        "once": ours.seconds_once,
        "plan": repr(ours.session.trainer.plan),
    }


def ours(case: Case, folder: Path) -> dict[str, Any]:
    """Make some steps of ours and return the highest memory."""
    product = Product.prepare(case, folder / "run")
    product.step()
    _forget_peak(case)
    for _ in range(STEPS_ALONE - 1):
        product.step()
    return _peaks(case)


def reference(case: Case, folder: Path) -> dict[str, Any]:
    """Make some steps of the reference and return the highest memory."""
    done = 0

    def after_step(_variables: Variables) -> None:
        nonlocal done
        done += 1
        if done == 1:
            _forget_peak(case)
        if done >= STEPS_ALONE:
            raise Enough

    _run(case, folder, after_step)
    return _peaks(case)


def _run(case: Case, folder: Path, after_step: Any) -> None:
    model = model_ref(case.model, Path(case.work)).source
    # One more than will be made: the script is left before it saves anything.
    steps = case.steps + WARM_UP_STEPS + 1
    longer = Case.from_json(json.dumps(json.loads(case.to_json()) | {"steps": steps}))
    run_script(Path(case.script), arguments_for(longer, model, folder / "output"), after_step)


def _num_threads() -> int:
    import torch

    return torch.get_num_threads()


def _forget_peak(case: Case) -> None:
    """Begin to count the highest memory anew, so that loading does not count."""
    if case.device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
    elif Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peaks(case: Case) -> dict[str, Any]:
    """Return the highest memory of the whole process and while steps were made, in bytes."""
    import resource

    whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTE
    if case.device == "cuda":
        import torch

        return {"whole": whole, "steps": torch.cuda.max_memory_allocated()}
    status = Path("/proc/self/status")
    if not status.exists():
        return {"whole": whole, "steps": whole}
    lines = status.read_text(encoding="ascii").splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return {"whole": whole, "steps": int(peak.split()[1]) * _KILOBYTE}


SIDES = {"both": both, "ours": ours, "reference": reference}


def main() -> None:
    """Work on the case and print one line; what libraries and the script print goes elsewhere."""
    case, side = Case.from_json(sys.argv[1]), sys.argv[2]
    answer = os.dup(1)
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory(prefix="petname-benchmark-") as name:
        found = SIDES[side](case, Path(name))
    os.write(answer, json.dumps(found).encode("utf-8") + b"\n")


if __name__ == "__main__":
    main()
