"""How a training uses the machine: device, number type, pictures at a time. Pure decisions.

A plan changes how a step is computed, not what it computes, apart from rounding.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from textinv_app.domain.concept import Family, Method
from textinv_app.domain.specs import TrainingSettings

NumberType = Literal["fp32", "bf16", "fp16"]

# Bytes that training needs beside the weights, for one picture of a step, with and without
# gradient checkpointing; counted with fake tensors at the family's own resolution in bf16.
_SAMPLE_BYTES: dict[Family, tuple[int, int]] = {
    "crayon": (60_000_000, 30_000_000),
    "sd1": (800_000_000, 250_000_000),
    "sd2": (2_000_000_000, 500_000_000),
    "sdxl": (5_400_000_000, 650_000_000),
}
_WEIGHT_BYTES: dict[Family, int] = {
    "crayon": 100_000_000,
    "sd1": 2_600_000_000,
    "sd2": 3_200_000_000,
    "sdxl": 7_500_000_000,
}


@dataclass(frozen=True)
class Machine:
    """What a plan has to know about the machine."""

    has_cuda: bool = False
    cuda_free_bytes: int = 0
    has_bf16: bool = False
    """Whether the accelerator multiplies bf16 at full speed."""
    num_cores: int = 1


@dataclass(frozen=True)
class Plan:
    """How one training uses the machine."""

    device: str
    """``cpu`` or ``cuda``."""
    weights: NumberType
    """Type of the frozen weights in memory; what is trained is always fp32."""
    autocast: NumberType
    """Type that multiplications run in; ``fp32`` means no autocast."""
    micro_batch_size: int
    """Pictures at a time; a step of more adds their gradients up."""
    gradient_checkpointing: bool
    """Compute activations twice instead of keeping them: slower, much less memory."""
    num_threads: int
    """CPU threads; kept over a resume, because sums are split by thread."""

    @property
    def moves_vae(self) -> bool:
        """Whether the VAE leaves the device while steps are made."""
        return self.device != "cpu"


def make_plan(family: Family, method: Method, settings: TrainingSettings, machine: Machine) -> Plan:
    """Return the plan for a training: the fastest one that fits the memory that is free."""
    if not machine.has_cuda:
        return Plan(
            device="cpu",
            weights="fp32",
            autocast=_cpu_autocast(settings),
            micro_batch_size=settings.batch_size,
            gradient_checkpointing=False,
            num_threads=machine.num_cores,
        )
    number_type = _cuda_type(settings, machine)
    plain, checkpointed = _SAMPLE_BYTES[family]
    room = machine.cuda_free_bytes - _WEIGHT_BYTES[family] - (method == "lora") * 200_000_000
    fits = max(1, room // plain) if room >= plain else 0
    gradient_checkpointing = fits == 0
    if gradient_checkpointing:
        fits = max(1, room // checkpointed)
    return Plan(
        device="cuda",
        weights=number_type,
        autocast=number_type,
        micro_batch_size=min(settings.batch_size, int(fits)),
        gradient_checkpointing=gradient_checkpointing,
        num_threads=machine.num_cores,
    )


def smaller_plan(plan: Plan) -> Plan | None:
    """Return the next plan that needs less memory, or None when this is the smallest."""
    if plan.micro_batch_size > 1:
        return replace(plan, micro_batch_size=max(1, plan.micro_batch_size // 2))
    if not plan.gradient_checkpointing:
        return replace(plan, gradient_checkpointing=True)
    return None


def usable_cores() -> int:
    """Return how many CPU cores this process may use, limits of a container included."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, _container_cores(Path("/sys/fs/cgroup/cpu.max")) or cores))


def _container_cores(limit_file: Path) -> int | None:
    """Read a control group's CPU limit (cgroup v2 ``cpu.max``: quota and period, or ``max``)."""
    try:
        quota, period = limit_file.read_text(encoding="ascii").split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        return None


def _cpu_autocast(settings: TrainingSettings) -> NumberType:
    # fp16 multiplications are emulated on CPUs, a hundred times slower.
    return "bf16" if settings.mixed_precision == "bf16" else "fp32"


def _cuda_type(settings: TrainingSettings, machine: Machine) -> NumberType:
    if settings.mixed_precision == "auto":
        return "bf16" if machine.has_bf16 else "fp16"
    return settings.mixed_precision
