"""How a training uses the machine: one plan, chosen by a pure function from counted memory.

A plan changes how a step is computed, not what it computes, apart from rounding. ``ladder`` holds
the plans of a training from the fastest to the one that needs the least memory; ``make_plan`` takes
the first that fits, ``smaller_plan`` the next one where memory ran out all the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from textinv_app.domain.concept import SMALL_FAMILIES, Family, TrainingMethod
from textinv_app.domain.specs import OptimizerName, TrainingSettings

NumberType = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True)
class _Counted:
    """Bytes counted with fake tensors over whole steps in a 16-bit type, at the native size.

    ``python -m tests.benchmarks.memory`` counts them again.
    """

    weights: float
    """UNet and text encoders."""
    linear_weights: float
    """The UNet's linear layers alone, which ``fp8_storage`` halves."""
    sample: float
    """Activations for one picture of a step of an embedding."""
    lora_sample: float
    """The same of a LoRA, which keeps the inputs of the layers it changes."""
    checkpointed_sample: float
    """The same with gradient checkpointing."""
    lora_rank: float
    """Factors of one rank, with gradient and both moments, all fp32."""
    native_pixels: int


_COUNTED: dict[Family, _Counted] = {
    # Crayon's are halves of what its own steps in fp32 take.
    "crayon": _Counted(0.046e9, 0.01e9, 0.007e9, 0.007e9, 0.004e9, 0.001e9, 128),
    "sd1": _Counted(1.97e9, 0.48e9, 0.79e9, 0.95e9, 0.25e9, 0.006e9, 512),
    "sd2": _Counted(2.41e9, 0.55e9, 1.68e9, 1.98e9, 0.47e9, 0.006e9, 768),
    "sdxl": _Counted(6.77e9, 4.42e9, 5.46e9, 6.46e9, 0.75e9, 0.042e9, 1024),
}
# Kernels' workspaces, fragmentation, and the pictures drawn between steps.
_CUDA_RESERVE_BYTES = 600_000_000
_CPU_RESERVE_BYTES = 700_000_000
# A captured graph keeps its memory to itself; pictures drawn between steps need their own.
_GRAPH_RESERVE_BYTES = 500_000_000


@dataclass(frozen=True)
class Machine:
    """What a plan has to know about the machine."""

    has_cuda: bool = False
    free_bytes: int = 0
    """Memory free on the device that trains; 0 where it is not known."""
    has_bf16: bool = False
    """Whether that device multiplies bf16 at full speed."""
    num_cores: int = 1


@dataclass(frozen=True)
class Plan:
    """How one training uses the machine."""

    device: str
    """``cpu`` or ``cuda``."""
    weights: NumberType
    """Type of the frozen weights and of what is computed; what is trained is always fp32."""
    micro_batch_size: int
    """Pictures at a time; a step of more adds their gradients up."""
    gradient_checkpointing: bool = False
    """Compute activations twice instead of keeping them: slower, much less memory."""
    num_threads: int = 1
    """CPU threads; kept over a resume, because sums are split by thread."""
    side_by_side: bool = False
    """Give each CPU thread pictures of its own instead of all threads each layer, and prepare the
    convolutions' weights once: for small models."""
    cuda_graph: bool = False
    """Record the whole step once and replay it: no time between the kernels."""
    compile_unet: bool = False
    """``torch.compile`` the UNet's repeated blocks: a minute first, then faster steps."""
    fp8_storage: bool = False
    """Keep the UNet's linear weights in 8 bits and widen each layer while it computes."""
    tiled_vae: bool = False
    """Encode and decode pictures in tiles of half their side."""
    peak_bytes: int = 0
    """Counted memory of a step, weights included."""

    @property
    def reads_every_step(self) -> bool:
        """Whether reading the loss after each step costs nothing."""
        return self.device == "cpu"


@dataclass(frozen=True)
class PlanRequest:
    """What is to be trained, as far as memory and speed depend on it."""

    family: Family
    method: TrainingMethod
    resolution_pixels: int
    batch_size: int
    rank: int = 8
    mixed_precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    optimizer: OptimizerName = "adamw"
    compile_unet: bool = False


def plan_request(family: Family, method: TrainingMethod, settings: TrainingSettings) -> PlanRequest:
    """Return what a plan has to know about a training."""
    return PlanRequest(
        family=family,
        method=method,
        resolution_pixels=settings.resolution_pixels,
        batch_size=settings.batch_size,
        rank=settings.rank,
        mixed_precision=settings.mixed_precision,
        optimizer=settings.optimizer,
        compile_unet=settings.compile_unet,
    )


def make_plan(request: PlanRequest, machine: Machine) -> Plan:
    """Return the fastest plan that fits the free memory; the smallest where none does."""
    plans = ladder(request, machine)
    for plan in plans:
        if machine.free_bytes == 0 or needed_bytes(plan) <= machine.free_bytes:
            return plan
    return plans[-1]


def smaller_plan(request: PlanRequest, machine: Machine, plan: Plan) -> Plan | None:
    """Return the next plan that needs less memory, or None when this is the smallest.

    Threads, what they share and number type stay, also where another machine made ``plan``; what
    could not be recorded is not tried again.
    """
    for rung in ladder(request, machine):
        candidate = replace(
            rung,
            num_threads=plan.num_threads,
            side_by_side=plan.side_by_side,
            weights=plan.weights,
            cuda_graph=rung.cuda_graph and plan.cuda_graph,
        )
        if candidate.device == plan.device and needed_bytes(candidate) < needed_bytes(plan):
            return candidate
    return None


def ladder(request: PlanRequest, machine: Machine) -> tuple[Plan, ...]:
    """Return the plans of a training, the fastest first, each smaller than the one before."""
    weights = _number_type(request, machine)
    fastest = Plan(
        device="cuda" if machine.has_cuda else "cpu",
        weights=weights,
        micro_batch_size=request.batch_size,
        num_threads=machine.num_cores,
        side_by_side=not machine.has_cuda and request.family in SMALL_FAMILIES,
        # Prodigy reads numbers back in the middle of its step, which cannot be recorded. It never
        # moves the rows of an embedding.
        cuda_graph=machine.has_cuda
        and (request.optimizer == "adamw" or request.method == "embedding"),
        compile_unet=machine.has_cuda and request.compile_unet,
    )
    plans: list[Plan] = []
    for rung in _rungs(fastest):
        plan = replace(rung, peak_bytes=peak_bytes(rung, request))
        if not plans or needed_bytes(plan) < needed_bytes(plans[-1]):
            plans.append(plan)
    return tuple(plans)


def peak_bytes(plan: Plan, request: PlanRequest) -> int:
    """Return the counted memory of a step, weights included, in bytes."""
    counted = _COUNTED[request.family]
    width = 2 if plan.weights == "fp32" else 1
    weights = counted.weights * width
    if plan.fp8_storage:
        weights -= counted.linear_weights * (width - 0.5)
    share = (request.resolution_pixels / counted.native_pixels) ** 2
    has_lora = request.method != "embedding"
    sample = counted.lora_sample if has_lora else counted.sample
    if plan.gradient_checkpointing:
        sample = counted.checkpointed_sample
    trained = counted.lora_rank * request.rank if has_lora else 0
    return int(weights + trained + sample * width * share * plan.micro_batch_size)


def needed_bytes(plan: Plan) -> int:
    """Return what has to be free for a plan: its step and what goes on beside it."""
    reserve = _CUDA_RESERVE_BYTES if plan.device == "cuda" else _CPU_RESERVE_BYTES
    return plan.peak_bytes + reserve + plan.cuda_graph * _GRAPH_RESERVE_BYTES


def describe(plan: Plan) -> str:
    """Return a plan in a few words, for ``doctor`` and the command line."""
    parts = [
        f"{plan.device} in {plan.weights}",
        f"{plan.micro_batch_size} at a time",
        "recomputing" if plan.gradient_checkpointing else "",
        "recorded as a CUDA graph" if plan.cuda_graph else "",
        "compiled" if plan.compile_unet else "",
        "weights stored in fp8" if plan.fp8_storage else "",
        "VAE in tiles" if plan.tiled_vae else "",
        f"{plan.num_threads} threads" if plan.device == "cpu" else "",
        "pictures side by side" if plan.side_by_side else "",
        f"about {plan.peak_bytes / 1e9:.1f} GB",
    ]
    return ", ".join(part for part in parts if part)


def usable_cores(limit_file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Return how many CPU cores this process may use, limits of a container included."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, _container_cores(limit_file) or cores))


def _container_cores(limit_file: Path) -> int | None:
    """Read a control group's CPU limit (cgroup v2 ``cpu.max``: quota and period, or ``max``)."""
    try:
        quota, period = limit_file.read_text(encoding="ascii").split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        return None


def _rungs(fastest: Plan) -> Iterator[Plan]:
    """Yield smaller and smaller plans: fewer pictures, then recomputing, then narrow storage.

    One picture at a time without recomputing comes before four with it, which is a third slower.
    """
    for checkpointing in (False, True):
        size = fastest.micro_batch_size
        while True:
            yield replace(fastest, micro_batch_size=size, gradient_checkpointing=checkpointing)
            if size == 1:
                break
            size //= 2
    last = replace(fastest, micro_batch_size=1, gradient_checkpointing=True, compile_unet=False)
    if fastest.cuda_graph:
        yield replace(last, cuda_graph=False, tiled_vae=True)
    if fastest.device == "cuda":
        # Widening swaps the weights' memory under way, which a recorded graph would not notice.
        yield replace(last, cuda_graph=False, tiled_vae=True, fp8_storage=True)


def _number_type(request: PlanRequest, machine: Machine) -> NumberType:
    wished = request.mixed_precision
    if machine.has_cuda:
        return wished if wished != "auto" else ("bf16" if machine.has_bf16 else "fp16")
    # fp16 multiplications are emulated on CPUs, a hundred times slower. Crayon is small enough to
    # be exact.
    if wished == "bf16":
        return "bf16"
    narrow = wished == "auto" and machine.has_bf16 and request.family != "crayon"
    return "bf16" if narrow else "fp32"
