"""Getting one run ready: plan, model, latents, method, and the session that holds them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from textinv_app.domain.prompts import lora_prompt, training_templates
from textinv_app.domain.specs import BaseModelRef, RunSpec
from textinv_app.drawing.likeness import likeness_judge
from textinv_app.models.hub import is_cached, is_clip_cached
from textinv_app.models.loading import LoadedModel, load
from textinv_app.models.photo_latents import use_tiles
from textinv_app.runs.layout import RunLayout
from textinv_app.training.faults import planned_faults
from textinv_app.training.latents import LatentCache, load_photo, photo_paths, with_mirrored
from textinv_app.training.lora import Lora
from textinv_app.training.losses import noise_schedule
from textinv_app.training.methods import Method
from textinv_app.training.narrow_storage import store_in_fp8
from textinv_app.training.nearest import Dictionary
from textinv_app.training.pivotal import Pivotal
from textinv_app.training.plan import Machine, Plan, make_plan, plan_request, smaller_plan
from textinv_app.training.preview import Previewer
from textinv_app.training.session import Equipment, Session
from textinv_app.training.state import TrainState
from textinv_app.training.text import token_matrix
from textinv_app.training.textual_inversion import TextualInversion
from textinv_app.training.this_machine import this_machine as this_machine
from textinv_app.training.trainer import NUMBER_TYPES, Materials, Trainer, split_photos


@dataclass(frozen=True)
class Prepared:
    """What a session is built from."""

    model: Any
    photos: list[Image.Image]
    latents: LatentCache
    """The photos, and their mirror images behind them where those are trained on."""
    plan: Plan
    machine: Machine


def choose_plan(spec: RunSpec, state: TrainState | None, machine: Machine) -> Plan:
    """Return the plan of an attempt: the one of its checkpoint wherever that is still possible."""
    plan = make_plan(plan_request(spec.base_model.family, spec.method, spec.settings), machine)
    if state is not None and state.plan.device == plan.device:
        return state.plan
    return plan


def next_smaller_plan(spec: RunSpec, machine: Machine, plan: Plan) -> Plan | None:
    """Return the next plan of a run that needs less memory, or None."""
    request = plan_request(spec.base_model.family, spec.method, spec.settings)
    return smaller_plan(request, machine, plan)


def comes_from_hub(ref: BaseModelRef) -> bool:
    """Tell whether a base model is one of the hub, not of this disk."""
    return not Path(ref.source).exists()


def has_to_be_fetched(ref: BaseModelRef) -> bool:
    """Tell whether a base model lies on the hub and it, or what judges it, not on this disk yet."""
    is_here = is_cached(ref.source, ref.revision) and is_clip_cached()
    return comes_from_hub(ref) and not is_here


def load_for_training(spec: RunSpec, plan: Plan) -> LoadedModel:
    """Load the base model, frozen, into main memory; raises ``ModelUnavailable``.

    ``place`` brings it to where it computes, once the photos are encoded: a VAE in float32 and a
    UNet need not fit beside each other.
    """
    torch.set_num_threads(plan.num_threads)
    # Every step has the same shapes, so the search for the fastest kernels pays.
    torch.backends.cudnn.benchmark = plan.device == "cuda"
    model = load(spec.base_model, dtype=NUMBER_TYPES[plan.weights], device="cpu")
    model.unet.to(memory_format=torch.channels_last)
    if plan.tiled_vae:
        use_tiles(model.vae, spec.settings.resolution_pixels)
    return model


@contextmanager
def encoding(model: LoadedModel, plan: Plan) -> Iterator[Any]:
    """Give the VAE in float32 on the plan's device; afterwards it is in main memory again."""
    original_type = model.vae.dtype
    try:
        if original_type != torch.float32:
            model.vae.to(dtype=torch.float32)
        yield model.vae.to(plan.device)
    finally:
        model.vae.to("cpu")
        if original_type != torch.float32:
            model.vae.to(dtype=original_type)


def place(model: LoadedModel, plan: Plan) -> LoadedModel:
    """Return the model with UNet and text encoders on the plan's device, weights as it says."""
    if plan.fp8_storage:
        store_in_fp8(model.unet, NUMBER_TYPES[plan.weights])
    for module in (model.unet, *model.text_encoders):
        module.to(plan.device)
    return replace(model, device=plan.device)


def load_photos(spec: RunSpec, layout: RunLayout) -> list[Image.Image]:
    """Return the photos of a run at training size; raises ``BadInput``."""
    side = spec.settings.resolution_pixels
    return [load_photo(path, side) for path in photo_paths(layout.dataset)]


def pictures_to_encode(spec: RunSpec, photos: list[Image.Image]) -> list[Image.Image]:
    """Return the photos, and their mirror images behind them where those are allowed."""
    return with_mirrored(photos) if spec.settings.mirror else list(photos)


def make_method(spec: RunSpec, model: Any) -> Method:
    """Return what is trained; every method puts its parameters where the model is."""
    if spec.method == "embedding":
        return _embedding(spec, model)
    if spec.method == "pivotal":
        return Pivotal(_embedding(spec, model), _lora(spec, model, []))
    prompts = [
        lora_prompt(template, spec.placeholder_token, spec.class_word, spec.kind)
        for template in training_templates(spec.kind)
    ]
    return _lora(spec, model, prompts)


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
    if spec.method != "lora":
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
            smaller_plan=functools.partial(next_smaller_plan, spec, prepared.machine),
            check=check,
        )
    )


def _embedding(spec: RunSpec, model: Any) -> TextualInversion:
    return TextualInversion(
        model.text_encoders,
        model.tokenizers,
        training_templates(spec.kind),
        spec.class_word,
        spec.settings.num_vectors,
        spec.settings.embedding_variant,
    )


def _lora(spec: RunSpec, model: Any, prompts: list[str]) -> Lora:
    settings = spec.settings
    return Lora(model, prompts, settings.rank, settings.seed, spec.base_model.family)
