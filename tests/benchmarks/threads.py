"""Crayon's UNet on a CPU: all threads on each layer against pictures side by side.

    python -m tests.benchmarks.threads --batches 2 4 8

Each way in turn on the same pictures, forward alone and with the gradient of the text states, which
an embedding needs; medians. "packed" is side by side with the convolutions' weights prepared once
(`models/packed_convolutions.py`), as the product computes. Let nothing else run.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

# As the product's own processes have it, and before torch is there.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch import Tensor

from textinv_app.domain.specs import BaseModelRef
from textinv_app.models.loading import load
from textinv_app.models.packed_convolutions import pack_convolutions
from textinv_app.models.side_by_side import SideBySide

ROOT = Path(__file__).resolve().parents[2]


def measure(unet: Callable[..., tuple[Tensor]], batch: int, with_gradient: bool) -> float:
    """Return the seconds of one call, and of its way back where a gradient is wanted."""
    torch.manual_seed(0)
    sample, timesteps = torch.randn(batch, 8, 16, 16), torch.randint(0, 1000, (batch,))
    hidden_states = torch.randn(batch, 77, 256, requires_grad=with_gradient)
    started = time.perf_counter()
    with torch.set_grad_enabled(with_gradient):
        given = {"encoder_hidden_states": hidden_states, "return_dict": False}
        predicted = unet(sample, timesteps, **given)[0]
        if with_gradient:
            torch.autograd.backward(predicted.square().sum())
    return time.perf_counter() - started


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--batches", type=int, nargs="*", default=[2, 4, 8])
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    ref = BaseModelRef(model_id="crayon", source=str(ROOT / "assets/crayon"), family="crayon")
    unet, packed = (load(ref).unet.to(memory_format=torch.channels_last) for _ in range(2))
    pack_convolutions(packed)
    ways = {"together": unet, "side by side": SideBySide(unet), "packed": SideBySide(packed)}
    print(f"{torch.get_num_threads()} threads\n")
    print("| pictures | | together | side by side | packed | |\n|---|---|---|---|---|---|")
    for batch in given.batches:
        for with_gradient in (False, True):
            seconds: dict[str, list[float]] = {name: [] for name in ways}
            for number in range(given.rounds + 1):
                for name, way in ways.items():
                    taken = measure(way, batch, with_gradient)
                    if number:
                        seconds[name].append(taken)
            kind = "forward and back" if with_gradient else "forward"
            medians = [median(taken) for taken in seconds.values()]
            told = " | ".join(f"{value:.3f} s" for value in medians)
            print(f"| {batch} | {kind} | {told} | {medians[0] / medians[-1]:.2f}x |")


if __name__ == "__main__":
    main()
