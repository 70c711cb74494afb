"""The table: what was to be reached and what was measured, with the machine and the day."""

from __future__ import annotations

import dataclasses
import datetime
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import torch


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    wanted: str
    measured: str
    alone: str = ""
    """The same of the class word alone, or of the untaught model."""
    reached: bool | None = None
    """None where nothing was asked for."""


_TITLES = {"alone": "class word", "embedding": "embedding", "lora": "LoRA"}


def title_of(way: str) -> str:
    """Return what the table and the sheets call a way of drawing a word."""
    return _TITLES[way]


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| what | to reach | measured | class word alone | |",
        "| --- | --- | --- | --- | --- |",
    ]
    signs = {True: "reached", False: "**not reached**", None: ""}
    lines += [
        f"| {row.what} | {row.wanted} | {row.measured} | {row.alone} | {signs[row.reached]} |"
        for row in rows
    ]
    return "\n".join(lines)


def heading(stamp: str) -> str:
    """Return what the figures were measured on, when, and with which command."""
    command = shlex.join(["python", "-m", "tests.benchmarks.crayon", *sys.argv[1:]])
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "not known"
    weights, reader = stamp.split("-")
    return "\n".join(
        [
            f"`{command}`",
            "",
            f"Measured {datetime.datetime.now(datetime.UTC):%Y-%m-%d} on {machine()}; "
            f"load average {load} at the end; weights {weights}, reader {reader}.",
        ]
    )


def machine() -> str:
    """Return processor, cores, GPU and versions in a few words."""
    name = platform.processor() or platform.machine()
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        lines = facts.read_text(encoding="utf-8").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        name = names[0] if names else name
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    version = f"Python {platform.python_version()}, torch {torch.__version__}"
    return f"{name}, {cores} cores, {gpu}, {version}"


def percent(hits: Sequence[bool]) -> str:
    """Return the share of hits with their number, for instance `93 % of 41`."""
    return f"{100 * fmean(hits):.0f} % of {len(hits)}" if hits else "none asked"


def share(hits: Sequence[bool]) -> float:
    """Return the share of hits, 0..1; 0 of nothing."""
    return fmean(hits) if hits else 0.0
