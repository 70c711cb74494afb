"""One training in memory: makes steps, validates, and hands its whole state out and in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from textinv_app.domain.specs import TrainingSettings
from textinv_app.training.latents import LatentCache
from textinv_app.training.losses import (
    NoiseSchedule,
    add_noise,
    min_snr_weights,
    sample_losses,
    target,
)
from textinv_app.training.methods import Method, restore, snapshot
from textinv_app.training.plan import NumberType, Plan
from textinv_app.training.rates import learning_rate
from textinv_app.training.sampling import DrawShape, StepDraw, draw_step, generator_for
from textinv_app.training.state import (
    Progress,
    TrainState,
    Weights,
    flatten_optimizer,
    restore_optimizer,
)
from textinv_app.training.text import Conditioning

NUM_VALIDATION_SAMPLES = 12
MIN_PHOTOS_TO_HOLD_ONE_OUT = 5
MAX_GRADIENT_NORM = 1.0
# Gradients of half-precision activations are tiny; Adam does not care about their scale.
FP16_LOSS_SCALE = 1024.0
LARGEST = 60_000.0

NUMBER_TYPES: dict[NumberType, torch.dtype] = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}


class RanAway(Exception):
    """The loss or a weight is no longer a number."""


@dataclass(frozen=True)
class Materials:
    """What steps are made of; all of it is frozen but the method's parameters."""

    unet: Any
    method: Method
    schedule: NoiseSchedule
    photos: LatentCache
    """Photos to train on, mirrored copies included."""
    held_out: LatentCache
    """Photos to validate on: one that is not trained on, or all where there are few."""
    settings: TrainingSettings
    has_time_ids: bool
    """Whether the UNet is told the picture's size (SDXL)."""


def split_photos(cache: LatentCache, num_photos: int, seed: int) -> tuple[LatentCache, LatentCache]:
    """Return the photos to train on and those to validate on.

    ``cache`` holds ``num_photos`` photos, mirrored copies behind them. With five photos or more one
    is held out, its mirrored copy too; with fewer every photo is needed for both.
    """
    if num_photos < MIN_PHOTOS_TO_HOLD_ONE_OUT:
        return cache, cache.subset(range(num_photos))
    chosen = int(torch.randint(num_photos, (1,), generator=generator_for(seed, "held out", 0)))
    kept = [index for index in range(len(cache)) if index % num_photos != chosen]
    return cache.subset(kept), cache.subset([chosen])


class Trainer:
    """Makes optimizer steps; what it is in the middle of goes out and in by ``TrainState``."""

    def __init__(self, materials: Materials, plan: Plan) -> None:
        self._materials = materials
        self._parameters = list(materials.method.parameters.values())
        self._optimizer = torch.optim.AdamW(
            self._parameters,
            lr=materials.settings.learning_rate,
            weight_decay=materials.method.weight_decay,
            fused=plan.device == "cuda",
        )
        self.plan = plan
        self.progress = Progress()
        self.best_weights: Weights = snapshot(materials.method)
        self._use_plan()

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return self.progress.step

    def shrink(self, plan: Plan) -> None:
        """Go on with a plan that needs less memory."""
        self._optimizer.zero_grad(set_to_none=True)
        self.plan = plan
        self._use_plan()
        if plan.device == "cuda":
            torch.cuda.empty_cache()

    def state(self) -> TrainState:
        """Return a copy of everything; raises ``RanAway`` when something is no number."""
        state = TrainState(
            progress=self.progress,
            plan=self.plan,
            weights=self.weights(),
            best_weights=self.best_weights,
            optimizer=flatten_optimizer(self._optimizer),
        )
        if not state.is_finite():
            raise RanAway(f"a weight is not finite at step {self.step}")
        return state

    def restore(self, state: TrainState) -> None:
        """Go back, or on, to a state."""
        restore(self._materials.method, state.weights)
        restore_optimizer(self._optimizer, state.optimizer)
        self.progress = state.progress
        self.best_weights = state.best_weights
        self.plan = state.plan
        self._use_plan()

    def weights(self) -> Weights:
        """Return a copy of what is trained, on the CPU."""
        return snapshot(self._materials.method)

    def is_sound(self) -> bool:
        """Tell whether every weight is a number that a file can hold (float16 for a LoRA)."""
        return all(bool(parameter.detach().abs().max() < LARGEST) for parameter in self._parameters)

    def make_step(self, change_loss: Callable[[float], float] = lambda loss: loss) -> float:
        """Make one optimizer step and return its loss; raises ``RanAway`` before anything changes.

        ``change_loss`` lets tests make the learning run away.
        """
        settings = self._materials.settings
        draw = draw_step(settings.seed, self.step, self._draw_shape())
        self._optimizer.zero_grad(set_to_none=True)
        loss = change_loss(self._backward(draw))
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, MAX_GRADIENT_NORM)
        if not math.isfinite(loss) or not bool(torch.isfinite(norm)):
            raise RanAway(f"the loss is {loss} at step {self.step}")
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(settings, self.step, self.progress.rate_factor)
        self._optimizer.step()
        self._materials.method.after_step()
        self.progress = replace(self.progress, step=self.step + 1)
        return loss

    def validation_loss(self) -> float:
        """Return the loss on fixed photos, noise and evenly spread timesteps."""
        materials = self._materials
        count = NUM_VALIDATION_SAMPLES
        spread = (torch.arange(count) + 0.5) / count
        draw = StepDraw(
            photo_indices=[number % len(materials.held_out) for number in range(count)],
            prompt_indices=[0] * count,
            timesteps=(spread * materials.schedule.num_timesteps).long(),
            noise=torch.randn(
                (count, *materials.held_out.latent_shape),
                generator=generator_for(materials.settings.seed, "validation", 0),
            ),
            latent_noise=torch.zeros(count, *materials.held_out.latent_shape),
        )
        total = 0.0
        for rows in self._micro_batches(count):
            with torch.no_grad():
                total += float(self._losses(materials.held_out, draw, rows).sum())
        return total / count

    def _backward(self, draw: StepDraw) -> float:
        count = len(draw.photo_indices)
        scale = FP16_LOSS_SCALE if self.plan.autocast == "fp16" else 1.0
        total = 0.0
        for rows in self._micro_batches(count):
            losses = self._losses(self._materials.photos, draw, rows)
            torch.autograd.backward(losses.sum() * (scale / count))
            total += float(losses.detach().sum())
        if scale != 1.0:
            for parameter in self._parameters:
                if parameter.grad is not None:
                    parameter.grad /= scale
        return total / count

    def _losses(self, photos: LatentCache, draw: StepDraw, rows: slice) -> Tensor:
        """Return the weighted loss of each picture in ``rows`` of a draw."""
        materials, device = self._materials, self.plan.device
        noise = draw.noise[rows].to(device)
        latents = photos.sample(draw.photo_indices[rows], draw.latent_noise[rows]).to(device)
        timesteps = draw.timesteps[rows].to(device)
        noisy = add_noise(materials.schedule, latents, noise, timesteps)
        with torch.autocast(
            device, NUMBER_TYPES[self.plan.autocast], enabled=self.plan.autocast != "fp32"
        ):
            conditioning = materials.method.condition(draw.prompt_indices[rows])
            prediction = self._predict(noisy, timesteps, conditioning)
        losses = sample_losses(prediction, target(materials.schedule, latents, noise, timesteps))
        gamma = materials.settings.min_snr_gamma
        if gamma is not None:
            losses = losses * min_snr_weights(materials.schedule, timesteps, gamma)
        return losses

    def _predict(self, noisy: Tensor, timesteps: Tensor, conditioning: Conditioning) -> Tensor:
        unet = self._materials.unet
        added = None
        if self._materials.has_time_ids:
            side = self._materials.settings.resolution_pixels
            time_ids = torch.tensor(
                [[side, side, 0, 0, side, side]] * len(noisy), device=noisy.device
            )
            added = {"text_embeds": conditioning.pooled, "time_ids": time_ids}
        prediction: Tensor = unet(
            noisy.to(unet.dtype),
            timesteps,
            encoder_hidden_states=conditioning.hidden_states,
            added_cond_kwargs=added,
            return_dict=False,
        )[0]
        return prediction

    def _micro_batches(self, count: int) -> list[slice]:
        size = self.plan.micro_batch_size
        return [slice(start, min(start + size, count)) for start in range(0, count, size)]

    def _draw_shape(self) -> DrawShape:
        materials = self._materials
        return DrawShape(
            num_photos=len(materials.photos),
            num_prompts=materials.method.num_prompts,
            num_timesteps=materials.schedule.num_timesteps,
            batch_size=materials.settings.batch_size,
            latent_shape=materials.photos.latent_shape,
        )

    def _use_plan(self) -> None:
        torch.set_num_threads(self.plan.num_threads)
        if self.plan.gradient_checkpointing:
            self._materials.unet.enable_gradient_checkpointing()
