"""Which base models there are, what they need, and whether this machine has it.

Nothing here imports torch or opens a weight; a hub repository is only asked for when somebody names
one that is not in the catalogue.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from textinv_app.domain.concept import Family
from textinv_app.domain.hub import HUB_IDS, is_hub_id
from textinv_app.domain.specs import BaseModelRef
from textinv_app.errors import ModelUnavailable
from textinv_app.models.hub import (
    CLIP_DOWNLOAD_BYTES,
    config_of_hub,
    hub_cache_dir,
    is_cached,
    is_clip_cached,
)
from textinv_app.models.machine import MachineFacts
from textinv_app.models.shapes import family_of_checkpoint, family_of_folder, family_of_unet

PredictionType = Literal["epsilon", "v_prediction"]

GIGABYTE = 1_000_000_000


@dataclass(frozen=True)
class CatalogEntry:
    """One base model that Petname offers."""

    model_id: str
    title: str
    source: str
    """Hub id, or path of the folder."""
    family: Family
    licence: str
    download_bytes: int
    """What is fetched the first time; 0 for what comes with Petname."""
    train_memory_bytes: int
    """Memory of the smallest GPU (main memory for Crayon) on which every training has a plan."""
    draw_memory_bytes: int
    resolution_pixels: int
    prediction_type: PredictionType
    revision: str | None = None
    """Commit of the hub repository."""

    @property
    def needs_gpu(self) -> bool:
        """Whether training on a CPU would take days rather than minutes."""
        return self.family != "crayon"

    def ref(self) -> BaseModelRef:
        """Return how a run names this model."""
        return BaseModelRef(
            model_id=self.model_id, source=self.source, family=self.family, revision=self.revision
        )


# Downloads: sizes of the half-precision files of the pinned commits. Memory: what the smallest plan
# of a careful LoRA needs (``training/plan.py``) and 0.8 GB that a GPU never has free, for driver,
# context and screen; or weights in half precision and drawing one picture.
_HUB_ENTRIES = (
    CatalogEntry(
        model_id="sd15",
        title="Stable Diffusion 1.5",
        source=HUB_IDS["sd1"],
        family="sd1",
        licence="CreativeML OpenRAIL-M",
        download_bytes=2_140_000_000,
        train_memory_bytes=3_500_000_000,
        draw_memory_bytes=3 * GIGABYTE,
        resolution_pixels=512,
        prediction_type="epsilon",
        revision="451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
    ),
    CatalogEntry(
        model_id="sd21",
        title="Stable Diffusion 2.1",
        source=HUB_IDS["sd2"],
        family="sd2",
        licence="CreativeML Open RAIL++-M",
        download_bytes=2_580_000_000,
        train_memory_bytes=4_100_000_000,
        draw_memory_bytes=4 * GIGABYTE,
        resolution_pixels=768,
        prediction_type="v_prediction",
        revision="bb2154823665391b4fb29b0b9cf82a198964ee05",
    ),
    CatalogEntry(
        model_id="sdxl",
        title="Stable Diffusion XL",
        source=HUB_IDS["sdxl"],
        family="sdxl",
        licence="CreativeML Open RAIL++-M",
        download_bytes=6_940_000_000,
        train_memory_bytes=7_400_000_000,
        draw_memory_bytes=9 * GIGABYTE,
        resolution_pixels=1024,
        prediction_type="epsilon",
        revision="462165984030d82259a11f4367a4eed129e94a7b",
    ),
)


@dataclass(frozen=True)
class Availability:
    """Whether a model can be trained here, and if not, the code of why."""

    available: bool
    reason: str = ""
    """``model.missing``, ``model.needs_gpu``, ``model.needs_cuda`` (torch cannot use the card that
    is there), ``model.needs_memory`` or ``model.needs_disk``."""


def catalog(assets_dir: Path) -> tuple[CatalogEntry, ...]:
    """Return the base models that Petname offers, the built-in one first."""
    crayon = CatalogEntry(
        model_id="crayon",
        title="Crayon",
        source=str((assets_dir / "crayon").resolve()),
        family="crayon",
        licence="Apache-2.0",
        download_bytes=0,
        train_memory_bytes=1_500_000_000,
        draw_memory_bytes=1_000_000_000,
        resolution_pixels=128,
        prediction_type="v_prediction",
    )
    return (crayon, *_HUB_ENTRIES)


def entry_for(ref: BaseModelRef, assets_dir: Path) -> CatalogEntry | None:
    """Return the catalogue's entry for a model; None for a person's own."""
    entries = catalog(assets_dir)
    return next((entry for entry in entries if entry.model_id == ref.model_id), None)


def availability(entry: CatalogEntry, facts: MachineFacts) -> Availability:
    """Tell whether this machine can train a model now: presence, GPU, memory and disk.

    A graphics card counts as far as it can be told without torch (``machine_facts``); the runner
    looks once more.
    """
    if not entry.needs_gpu:
        if not (Path(entry.source) / "model_index.json").is_file():
            return Availability(False, "model.missing")
        enough = not facts.memory_bytes or facts.memory_bytes >= entry.train_memory_bytes
        return Availability(enough, "" if enough else "model.needs_memory")
    if not facts.gpu_memory_bytes:
        return Availability(False, "model.needs_cuda" if facts.gpu_name else "model.needs_gpu")
    if facts.gpu_memory_bytes < entry.train_memory_bytes:
        return Availability(False, "model.needs_memory")
    missing_bytes = bytes_to_download(entry)
    if missing_bytes and _free_bytes(hub_cache_dir()) < missing_bytes + GIGABYTE:
        return Availability(False, "model.needs_disk")
    return Availability(True)


def needs_download(entry: CatalogEntry) -> bool:
    """Tell whether the model has to be fetched before its first use."""
    return entry.download_bytes > 0 and not is_cached(entry.source, entry.revision)


def bytes_to_download(entry: CatalogEntry) -> int:
    """Return what is fetched before the first training: the model, and CLIP that judges it.

    0 where everything is here, and for a model of a person's own, of which it is not known.
    """
    if not entry.download_bytes:
        return 0
    clip_bytes = 0 if is_clip_cached() else CLIP_DOWNLOAD_BYTES
    return (entry.download_bytes if needs_download(entry) else 0) + clip_bytes


def resolve(name: str, assets_dir: Path, *, own_hub_login: bool = True) -> BaseModelRef:
    """Return the model a person means by an id of the catalogue, a path or a hub id.

    The family is told by shape: configuration files of a folder, header of a single file. A hub id
    that is not in the catalogue is asked for over the network: by this computer's login, or without
    ``own_hub_login`` as nobody. Raises ``ModelUnavailable`` with a sentence that says what to do.
    """
    for entry in catalog(assets_dir):
        if name in (entry.model_id, entry.source):
            return entry.ref()
    path = Path(name).expanduser()
    if path.is_dir():
        return _local(path, family_of_folder(path))
    if path.is_file():
        return _local(path, _family_of_file(path))
    if is_hub_id(name) and not path.is_absolute():
        config, revision = config_of_hub(name, own_login=own_hub_login)
        family = family_of_unet(config, name)
        return BaseModelRef(model_id="custom", source=name, family=family, revision=revision)
    known = ", ".join(entry.model_id for entry in catalog(assets_dir))
    raise ModelUnavailable(
        "model.unknown",
        f"There is no image model “{name}”. Choose one of {known}, or name a hub repository "
        "(like owner/model), a folder or a .safetensors file.",
        name=name,
    )


def _local(path: Path, family: Family) -> BaseModelRef:
    return BaseModelRef(model_id="custom", source=str(path.resolve()), family=family)


def _family_of_file(path: Path) -> Family:
    if path.suffix.lower() != ".safetensors":
        raise ModelUnavailable(
            "model.not_safetensors",
            f"{path.name} is not a .safetensors file. Other kinds can run programs when they are "
            "opened, so Petname leaves them shut; look for a .safetensors version.",
            name=path.name,
        )
    return family_of_checkpoint(path)


def _free_bytes(folder: Path) -> int:
    """Return the free space where ``folder`` is or will be."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return shutil.disk_usage(existing).free
