"""What the machine of this process has for a training: device, free memory, cores."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from textinv_app.domain.concept import Family
from textinv_app.errors import ModelUnavailable
from textinv_app.models.bfloat16 import multiplies_bfloat16_fast
from textinv_app.models.machine import machine_facts, memory_bytes
from textinv_app.training.plan import Machine, usable_cores

_KILOBYTE = 1024


def this_machine() -> Machine:
    """Return what a plan has to know about the machine this process runs on."""
    # Whoever starts the process may give it fewer threads than there are cores.
    given = os.environ.get("OMP_NUM_THREADS", "")
    num_cores = int(given) if given.isdigit() and int(given) > 0 else usable_cores()
    if not torch.cuda.is_available():
        return Machine(
            free_bytes=min(free_memory_bytes(Path("/proc/meminfo")), memory_bytes()),
            has_bf16=multiplies_bfloat16_fast(),
            num_cores=num_cores,
        )
    free_bytes, _ = torch.cuda.mem_get_info()
    return Machine(
        has_cuda=True,
        free_bytes=int(free_bytes),
        has_bf16=torch.cuda.get_device_capability() >= (8, 0),
        num_cores=num_cores,
    )


def check_graphics_card(family: Family, machine: Machine) -> None:
    """Raise ``ModelUnavailable`` where a large model would not get the card it was offered for.

    Only torch knows whether the driver is new enough and, on Windows, which build it is. Where
    there is no card at all, or it is hidden from CUDA, a person wants the processor.
    """
    if machine.has_cuda or family == "crayon":
        return
    facts = machine_facts()
    if facts.gpu_memory_bytes:
        raise ModelUnavailable(
            "model.torch_without_cuda",
            f"The installed torch cannot use the graphics card here ({facts.gpu_name}), and "
            "without it this model would take days. Update the driver of the card, install the "
            "build of torch with CUDA, or choose Crayon.",
            card=facts.gpu_name,
        )


def free_memory_bytes(meminfo: Path) -> int:
    """Return main memory that can be had without swapping, in bytes; 0 where it is not known."""
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    for line in lines:
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * _KILOBYTE
    return 0
