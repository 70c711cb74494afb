"""Getting one run ready: plan, model, latents, method, and the session that holds them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from textinv_app.domain.prompts import lora_prompt, training_templates
from textinv_app.domain.specs import BaseModelRef, RunSpec
from textinv_app.drawing.likeness import likeness_judge
from textinv_app.models.hub import is_cached
from textinv_app.models.loading import load
from textinv_app.runs.layout import RunLayout
from textinv_app.training.faults import planned_faults
from textinv_app.training.latents import LatentCache, load_photo, photo_paths, with_mirrored
from textinv_app.training.lora import Lora
from textinv_app.training.losses import noise_schedule
from textinv_app.training.methods import Method
from textinv_app.training.nearest import Dictionary
from textinv_app.training.plan import Machine, Plan, make_plan, usable_cores
from textinv_app.training.preview import Previewer
from textinv_app.training.session import Equipment, Session
from textinv_app.training.state import TrainState
from textinv_app.training.text import token_matrix
from textinv_app.training.textual_inversion import TextualInversion
from textinv_app.training.trainer import NUMBER_TYPES, Materials, Trainer, split_photos


@dataclass(frozen=True)
class Prepared:
    """What a session is built from."""

    model: Any
    photos: list[Image.Image]
    latents: LatentCache
    """The photos, and their mirror images behind them where those are trained on."""
    plan: Plan


def this_machine() -> Machine:
    """Return what a plan has to know about the machine this process runs on."""
    # Whoever starts the process may give it fewer threads than there are cores.
    given = os.environ.get("OMP_NUM_THREADS", "")
    num_cores = int(given) if given.isdigit() and int(given) > 0 else usable_cores()
    if not torch.cuda.is_available():
        return Machine(num_cores=num_cores)
    free_bytes, _ = torch.cuda.mem_get_info()
    return Machine(
        has_cuda=True,
        cuda_free_bytes=int(free_bytes),
        has_bf16=torch.cuda.get_device_capability() >= (8, 0),
        num_cores=num_cores,
    )


def choose_plan(spec: RunSpec, state: TrainState | None, machine: Machine) -> Plan:
    """Return the plan of an attempt: the one of its checkpoint wherever that is still possible."""
    plan = make_plan(spec.base_model.family, spec.method, spec.settings, machine)
    if state is not None and state.plan.device == plan.device:
        return state.plan
    return plan


def has_to_be_fetched(ref: BaseModelRef) -> bool:
    """Tell whether a base model lies on the hub and not on this disk yet."""
    return not Path(ref.source).exists() and not is_cached(ref.source, ref.revision)


def load_for_training(spec: RunSpec, plan: Plan) -> Any:
    """Load the base model, frozen; raises ``ModelUnavailable``."""
    torch.set_num_threads(plan.num_threads)
    # Every step has the same shapes, so the search for the fastest kernels pays.
    torch.backends.cudnn.benchmark = plan.device == "cuda"
    model = load(spec.base_model, dtype=NUMBER_TYPES[plan.weights], device=plan.device)
    for module in (model.unet, model.vae, *model.text_encoders):
        module.requires_grad_(False)
        module.eval()
    model.unet.to(memory_format=torch.channels_last)
    return model


def load_photos(spec: RunSpec, layout: RunLayout) -> list[Image.Image]:
    """Return the photos of a run at training size; raises ``BadInput``."""
    side = spec.settings.resolution_pixels
    return [load_photo(path, side) for path in photo_paths(layout.dataset)]


def pictures_to_encode(spec: RunSpec, photos: list[Image.Image]) -> list[Image.Image]:
    """Return the photos, and their mirror images behind them where those are allowed."""
    return with_mirrored(photos) if spec.settings.mirror else list(photos)


def make_method(spec: RunSpec, model: Any) -> Method:
    """Return what is trained; both methods put their parameters where the model is."""
    templates = training_templates(spec.kind)
    if spec.method == "embedding":
        return TextualInversion(
            model.text_encoders,
            model.tokenizers,
            templates,
            spec.class_word,
            spec.settings.num_vectors,
        )
    prompts = [
        lora_prompt(template, spec.placeholder_token, spec.class_word, spec.kind)
        for template in templates
    ]
    settings = spec.settings
    return Lora(model, prompts, settings.rank, settings.seed, spec.base_model.family)


def make_session(
    spec: RunSpec, layout: RunLayout, prepared: Prepared, check: Callable[[], None]
) -> Session:
    """Put everything together; the session starts at step 0. ``check`` raises to stop or pause."""
    model, photos = prepared.model, prepared.photos
    schedule = noise_schedule(model.scheduler, prepared.plan.device)
    method = make_method(spec, model)
    training, held_out = split_photos(prepared.latents, len(photos), spec.settings.seed)
    materials = Materials(
        unet=model.unet,
        method=method,
        schedule=schedule,
        photos=training,
        held_out=held_out,
        settings=spec.settings,
        has_time_ids=spec.base_model.family == "sdxl",
    )
    dictionary = None
    if spec.method == "embedding":
        dictionary = Dictionary(model.tokenizers[0], token_matrix(model.text_encoders[0]))
    return Session(
        Equipment(
            spec=spec,
            layout=layout,
            method=method,
            trainer=Trainer(materials, prepared.plan),
            previewer=Previewer(model, spec, layout, likeness_judge(model), photos),
            photos=photos,
            prediction_type=schedule.prediction_type,
            dictionary=dictionary,
            faults=planned_faults(),
            check=check,
        )
    )
