"""Counts the memory of a training step of each plan, without the memory and without a GPU.

    python -m tests.benchmarks.memory                          # every family, the usual plans
    python -m tests.benchmarks.memory --families sdxl --methods lora --pixels 768

The very step that trains runs on fake tensors, which have a size but no numbers, and every storage
that is alive is counted. Where attention has no flash kernel, a GPU needs more. These are the
numbers behind ``textinv_app/training/plan.py``; a GPU adds its context, workspaces and fragments.
"""

from __future__ import annotations

import argparse
import functools
import weakref
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.benchmarks.full_width import model_of
from textinv_app.domain.concept import Family, TrainingMethod
from textinv_app.domain.specs import TrainingSettings
from textinv_app.training.latents import LatentCache
from textinv_app.training.lora import Lora
from textinv_app.training.losses import noise_schedule
from textinv_app.training.narrow_storage import STORAGE_TYPE, linear_layers
from textinv_app.training.optimizing import TrainingOptimizer
from textinv_app.training.pivotal import Pivotal
from textinv_app.training.plan import Plan
from textinv_app.training.stepping import Batch, Materials, TrainingStep, set_up_unet
from textinv_app.training.textual_inversion import TextualInversion

PIXELS: dict[Family, int] = {"sd1": 512, "sd2": 768, "sdxl": 1024}
PLANS = (
    ("1 at a time", {}),
    ("4 at a time", {"micro_batch_size": 4}),
    ("1, recomputing", {"gradient_checkpointing": True}),
    ("4, recomputing", {"gradient_checkpointing": True, "micro_batch_size": 4}),
    ("1, recomputing, fp8", {"gradient_checkpointing": True, "fp8_storage": True}),
)


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all storages that are alive, and the most there ever were."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.peak = 0
        self._known: dict[int, int] = {}

    def watch(self, tensor: torch.Tensor) -> None:
        """Count a tensor's storage from now until it dies."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._known:
            return
        self._known[key] = storage.nbytes()
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._forget, key)

    def _forget(self, key: int) -> None:
        self.now -= self._known.pop(key, 0)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and count what it made."""
        made = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(made):
            if isinstance(leaf, torch.Tensor):
                self.watch(leaf)
        return made


def store_like_fp8(unet: nn.Module) -> None:
    """Do what ``store_in_fp8`` does, which swaps memory in place, in a way fake tensors know."""
    for _, layer in linear_layers(unet):
        for name, value in list(layer.named_parameters()):
            setattr(layer, name, nn.Parameter(value.to(STORAGE_TYPE), requires_grad=False))
        layer.forward = functools.partial(_widened, layer)


def _widened(layer: nn.Linear, given: torch.Tensor) -> torch.Tensor:
    bias = None if layer.bias is None else layer.bias.to(given.dtype)
    return nn.functional.linear(given, layer.weight.to(given.dtype), bias)


def step_of(
    family: Family, method: TrainingMethod, pixels: int, plan: Plan, rank: int
) -> tuple[TrainingStep, Any]:
    """Return the step of a training on fake tensors, and its model."""
    # Fake tensors cannot be laid out anew in place.
    model = model_of(family, pixels, torch.bfloat16, channels_last=False)
    settings = TrainingSettings(
        resolution_pixels=pixels,
        max_steps=100,
        batch_size=plan.micro_batch_size,
        learning_rate=1e-3,
        rank=rank,
    )
    rows = TextualInversion(model.text_encoders, model.tokenizers, ["a {word}"], "dog", 2)
    teaching: Any = rows
    if method == "lora":
        teaching = Lora(model, ["a photo of a rexdog dog"], rank, 0, family)
    elif method == "pivotal":
        teaching = Pivotal(rows, Lora(model, [], rank, 0, family))
    if plan.fp8_storage:
        store_like_fp8(model.unet)
    side, count = pixels // 8, plan.micro_batch_size
    cache = LatentCache(torch.zeros(2, 4, side, side), torch.zeros(2, 4, side, side))
    materials = Materials(
        unet=model.unet,
        method=teaching,
        schedule=noise_schedule(model.scheduler),
        photos=cache,
        held_out=cache,
        settings=settings,
        has_time_ids=family == "sdxl",
    )
    numbers = torch.zeros(count, dtype=torch.long)
    noise = torch.zeros(count, 4, side, side)
    set_up_unet(model.unet, plan)
    optimizer = TrainingOptimizer(teaching.groups(settings), "cpu")
    batch = Batch(numbers, numbers.clone(), numbers.clone(), noise, noise.clone())
    return TrainingStep(materials, plan, optimizer, batch), model


def count(
    family: Family, method: TrainingMethod, pixels: int, plan: Plan, rank: int
) -> tuple[int, int]:
    """Return the bytes of the frozen weights, and the most that is alive in two whole steps."""
    with FakeTensorMode(allow_non_fake_inputs=True):
        step, model = step_of(family, method, pixels, plan, rank)
        modules: list[nn.Module] = [model.unet, *model.text_encoders]
        with LiveBytes() as live:
            for module in modules:
                for tensor in (*module.parameters(), *module.buffers()):
                    live.watch(tensor)
            weights = live.now
            for _ in range(2):
                step.compute()
                step.update()
    return weights, live.peak


def main() -> None:
    """Count what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--families", nargs="*", default=sorted(PIXELS), choices=sorted(PIXELS))
    parser.add_argument("--methods", nargs="*", default=["embedding", "lora"])
    parser.add_argument("--pixels", type=int)
    parser.add_argument("--rank", type=int, default=16)
    given = parser.parse_args()
    print("| family | method | pixels | plan | weights GB | peak GB |\n|---|---|---|---|---|---|")
    for family in given.families:
        pixels = given.pixels or PIXELS[family]
        for method in given.methods:
            for name, changes in PLANS:
                plan = replace(Plan("cpu", "bf16", 1), **changes)
                weights, peak = count(family, method, pixels, plan, given.rank)
                print(
                    f"| {family} | {method} | {pixels} | {name} | {weights / 1e9:.2f} "
                    f"| {peak / 1e9:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
