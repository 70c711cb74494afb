"""``doctor``: what Petname finds on this machine, and what is wrong with it."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pydantic import SecretStr

from textinv_app.commands.reporting import Reporter
from textinv_app.domain.concept import TrainingMethod
from textinv_app.domain.presets import PresetRequest, settings_for
from textinv_app.errors import BadInput
from textinv_app.models.catalog import (
    GIGABYTE,
    CatalogEntry,
    availability,
    bytes_to_download,
    catalog,
)
from textinv_app.models.machine import MachineFacts, machine_facts
from textinv_app.runs.file_systems import is_unsafe, kind_of
from textinv_app.settings import FOUND, PROGRAM_FOLDER, Settings, read_settings
from textinv_app.training.plan import describe, make_plan, plan_request

_PACKAGES = ("torch", "diffusers", "transformers", "gradio", "pillow", "safetensors")
_MIN_PYTHON = (3, 11)
_REASONS = {
    "model.missing": "its files are missing; install Petname again",
    "model.needs_gpu": "needs an NVIDIA GPU",
    "model.needs_cuda": "needs a torch that can use the graphics card",
    "model.needs_memory": "needs more memory",
    "model.needs_disk": "needs more free disk space for its download",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    value: str
    is_fine: bool = True
    """False where Petname cannot work as it is."""


def run_doctor(_given: argparse.Namespace, reporter: Reporter) -> int:
    """Tell what is found; 1 where something must be put right first."""
    findings = []
    for finding in _findings():
        findings.append(finding)
        reporter.record(
            {
                "type": "finding",
                "name": finding.name,
                "value": finding.value,
                "is_fine": finding.is_fine,
            }
        )
        mark = "ok " if finding.is_fine else "BAD"
        reporter.say(f"{mark} {finding.name}: {finding.value}")
    broken = [finding.name for finding in findings if not finding.is_fine]
    reporter.record({"type": "result", "is_fine": not broken, "broken": broken})
    reporter.say(f"To put right: {', '.join(broken)}." if broken else "All is well.")
    return 1 if broken else 0


def _findings() -> Iterator[Finding]:
    facts = machine_facts()
    yield _python()
    yield from _packages()
    yield from _machine(facts)
    try:
        settings = read_settings()
    except BadInput as error:
        yield Finding("settings", error.sentence, is_fine=False)
        settings = read_settings({}, allow_any_data_dir=True)
    yield from _data_folder(settings)
    yield from _settings(settings)
    yield from _models(settings, facts)


def _python() -> Finding:
    version = platform.python_version_tuple()
    is_fine = tuple(int(part) for part in version[:2]) >= _MIN_PYTHON
    return Finding("python", f"{platform.python_version()} on {platform.platform()}", is_fine)


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield Finding(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "not installed", is_fine=False)


def _machine(facts: MachineFacts) -> Iterator[Finding]:
    memory = f"{facts.memory_bytes / GIGABYTE:.1f} GB" if facts.memory_bytes else "not known"
    yield Finding("memory", memory, not 0 < facts.memory_bytes < 2 * GIGABYTE)
    yield Finding("processor cores", str(facts.num_cores))
    try:
        # Imported here: the other commands must not wait seconds for it.
        import torch

        device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU only"
    except (ImportError, OSError, RuntimeError) as error:
        yield Finding("device", f"torch cannot be used: {error}", is_fine=False)
        return
    wasted = device == "CPU only" and bool(facts.gpu_name)
    if wasted:
        device = (
            f"CPU only; the installed torch cannot use the {facts.gpu_name}: install the build of "
            "torch with CUDA, or update the driver of the card"
        )
    yield Finding("device", device, is_fine=not wasted)


def _data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    can_write = os.access(existing, os.W_OK)
    yield Finding(
        "data folder", f"{folder}{'' if can_write else ' (cannot be written)'}", can_write
    )
    kind = kind_of(existing.resolve())
    if kind:
        said = f"{kind}, a network or shared disk, where lists get damaged"
        yield Finding("file system", said if is_unsafe(kind) else kind, not is_unsafe(kind))
    free = shutil.disk_usage(existing).free
    enough = free > settings.min_free_bytes
    yield Finding("free disk space", f"{free / GIGABYTE:.1f} GB", enough)


def _settings(settings: Settings) -> Iterator[Finding]:
    if settings.on_space:
        yield Finding("on a Space", settings.space_host or "yes")
    for name in sorted(set(Settings.model_fields) - FOUND):
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = "set" if value.get_secret_value() else "not set"
        yield Finding(f"PETNAME_{name.upper()}", _shown(value))


def _shown(value: object) -> str:
    if isinstance(value, Path) and value.is_relative_to(PROGRAM_FOLDER):
        return f"{value.relative_to(PROGRAM_FOLDER)} (in Petname's folder)"
    return str(value)


def _models(settings: Settings, facts: MachineFacts) -> Iterator[Finding]:
    for entry in catalog(settings.assets_dir):
        fits = availability(entry, facts)
        said = "can be taught here" if fits.available else _REASONS.get(fits.reason, fits.reason)
        missing_bytes = bytes_to_download(entry)
        if fits.available and missing_bytes:
            said += f", after a download of {missing_bytes / GIGABYTE:.1f} GB"
        # The others are extras; without the built-in model there is nothing to begin with.
        is_fine = fits.available or entry.model_id != "crayon"
        yield Finding(f"model {entry.model_id}", f"{entry.title}: {said}", is_fine)
        if fits.available:
            yield from _plans(entry)


def _plans(entry: CatalogEntry) -> Iterator[Finding]:
    """Tell how a training of each method would use this machine now."""
    try:
        # Imported here: the other commands must not wait seconds for torch.
        from textinv_app.training.this_machine import this_machine

        machine = this_machine()
    except (ImportError, OSError, RuntimeError) as error:
        yield Finding(f"plan {entry.model_id}", f"torch cannot be used: {error}", is_fine=False)
        return
    for method in get_args(TrainingMethod):
        settings = settings_for(PresetRequest(family=entry.family, method=method, num_photos=1))
        plan = make_plan(plan_request(entry.family, method, settings), machine)
        yield Finding(f"plan {entry.model_id} {method}", describe(plan))
