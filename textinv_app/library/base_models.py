"""Base models for the page: which there are, whether this machine can use them, how long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from textinv_app.domain.concept import TrainingMethod
from textinv_app.domain.presets import (
    PRESETS,
    PastTraining,
    PresetRequest,
    estimate_seconds,
    pace_of,
    settings_for,
)
from textinv_app.domain.recipe import Recipe
from textinv_app.domain.specs import BaseModelRef
from textinv_app.domain.views import ModelView
from textinv_app.errors import ModelUnavailable
from textinv_app.library.api import PresetView
from textinv_app.models.catalog import (
    CatalogEntry,
    availability,
    bytes_to_download,
    catalog,
    entry_for,
    needs_download,
    resolve,
)
from textinv_app.models.machine import MachineFacts, machine_facts

_METHODS: tuple[TrainingMethod, ...] = get_args(TrainingMethod)
_REFUSALS = {
    "model.missing": (
        "model.cannot.missing",
        "The files of {title} are not there. Install Petname again.",
    ),
    "model.needs_gpu": (
        "model.cannot.needs_gpu",
        "{title} needs a computer with an NVIDIA graphics card. Use one that has it, or choose "
        "Crayon.",
    ),
    "model.needs_cuda": (
        "model.cannot.needs_cuda",
        "{title} needs the graphics card, which the installed torch cannot use. Install torch with "
        "CUDA, or choose Crayon.",
    ),
    "model.needs_memory": (
        "model.cannot.needs_memory",
        "{title} needs more memory than this machine has. Choose a smaller model.",
    ),
    "model.needs_disk": (
        "model.cannot.needs_disk",
        "There is too little free disk space to download {title}. Free some, then try again.",
    ),
}
"""Code and sentence for each reason of ``availability``, which by itself is but a card's label."""


@dataclass(frozen=True)
class DrawingDefaults:
    """How pictures of one base model are drawn."""

    resolution_pixels: int
    guidance_scale: float


class BaseModels:
    """The catalogue of base models as the library uses it; looks at the machine once."""

    def __init__(
        self,
        assets_dir: Path,
        custom_models_allowed: bool = True,
        own_hub_login: bool = True,
        look: Callable[[], MachineFacts] = machine_facts,
    ) -> None:
        self._assets_dir = assets_dir
        self._custom_models_allowed = custom_models_allowed
        self._own_hub_login = own_hub_login
        self._look = look
        self.past_trainings: Callable[[BaseModelRef], Sequence[PastTraining]] = lambda _model: ()
        """Finds the newest trainings on a model; what they took is what the next one is said to."""
        self._guard = threading.Lock()
        self._facts: MachineFacts | None = None

    @property
    def own_models_allowed(self) -> bool:
        """Whether models beside those of the list may be named."""
        return self._custom_models_allowed

    def views(self) -> tuple[ModelView, ...]:
        """Return the models of the catalogue and whether this machine can train them."""
        return tuple(self._view(entry) for entry in catalog(self._assets_dir))

    def available(self, model_id: str) -> BaseModelRef:
        """Return a model that this machine can train now; raises ``ModelUnavailable``."""
        ref = self._resolve(model_id)
        entry = self._entry(ref)
        fits = availability(entry, self._machine())
        if not fits.available:
            raise _unavailable(entry, fits.reason)
        return ref

    def drawable(self, model_id: str) -> BaseModelRef:
        """Return a model that this machine can draw with; raises ``ModelUnavailable``.

        Without a graphics card a model that is here already may still draw, slowly.
        """
        ref = self._resolve(model_id)
        entry = self._entry(ref)
        fits = availability(entry, self._machine())
        facts = self._machine()
        slow_but_possible = (
            fits.reason in {"model.needs_gpu", "model.needs_cuda"}
            and not needs_download(entry)
            and facts.memory_bytes > 2 * entry.draw_memory_bytes
        ) or (
            fits.reason == "model.needs_memory"
            and facts.gpu_memory_bytes >= entry.draw_memory_bytes
        )
        if not fits.available and not slow_but_possible:
            raise _unavailable(entry, fits.reason)
        return ref

    def presets(
        self, model_id: str, num_photos: int, like: Recipe | None = None
    ) -> tuple[PresetView, ...]:
        """Return what each preset takes here, for each method; raises ``ModelUnavailable``.

        The one that fits ``like`` takes as many steps as that says.
        """
        ref = self._resolve(model_id)
        has_gpu = self.has_gpu()
        pace = pace_of(self.past_trainings(ref), has_gpu)
        requests = [
            PresetRequest(
                family=ref.family,
                method=method,
                preset=preset,
                num_photos=max(1, num_photos),
                max_steps=like.max_steps if like and like.fits(method, preset) else None,
            )
            for method in _METHODS
            for preset in PRESETS
        ]
        return tuple(
            PresetView(
                preset=request.preset,
                method=request.method,
                estimated_seconds=estimate_seconds(request, has_gpu, pace),
                max_steps=settings_for(request).max_steps,
            )
            for request in requests
        )

    def has_gpu(self) -> bool:
        """Tell whether base models run on a GPU here, as far as that is known without torch."""
        return self._machine().gpu_memory_bytes > 0

    def drawing_defaults(self, base_model: BaseModelRef) -> DrawingDefaults:
        """Return the size and guidance that previews of this family are drawn with."""
        request = PresetRequest(family=base_model.family, method="lora", num_photos=1)
        settings = settings_for(request)
        return DrawingDefaults(settings.resolution_pixels, settings.guidance_scale)

    def _view(self, entry: CatalogEntry) -> ModelView:
        fits = availability(entry, self._machine())
        return ModelView(
            model_id=entry.model_id,
            title=entry.title,
            family=entry.family,
            source=entry.source,
            licence=entry.licence,
            download_bytes=bytes_to_download(entry),
            memory_bytes=entry.train_memory_bytes,
            available=fits.available,
            reason=fits.reason,
        )

    def _resolve(self, model_id: str) -> BaseModelRef:
        known = {entry.model_id for entry in catalog(self._assets_dir)}
        if model_id not in known and not self._custom_models_allowed:
            raise ModelUnavailable(
                "model.custom_closed",
                "Only the models of the list can be used here. To use your own, run Petname on "
                "your own computer.",
            )
        return resolve(model_id, self._assets_dir, own_hub_login=self._own_hub_login)

    def _entry(self, ref: BaseModelRef) -> CatalogEntry:
        """Return the entry of a model; a person's own needs what its family needs."""
        entry = entry_for(ref, self._assets_dir)
        if entry is not None:
            return entry
        entries = catalog(self._assets_dir)
        like = next(entry for entry in entries if entry.family == ref.family)
        # Its size on the hub is not known; a download that finds no room ends in model.disk_full.
        return replace(
            like, model_id="custom", title=ref.source, source=ref.source, download_bytes=0
        )

    def _machine(self) -> MachineFacts:
        with self._guard:
            if self._facts is None:
                self._facts = self._look()
            return self._facts


def _unavailable(entry: CatalogEntry, reason: str) -> ModelUnavailable:
    code, sentence = _REFUSALS[reason]
    return ModelUnavailable(code, sentence.format(title=entry.title), title=entry.title)
