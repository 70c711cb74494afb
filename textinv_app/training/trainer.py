"""One training in memory: makes steps, validates, and hands its whole state out and in."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from textinv_app.models.loading import is_out_of_memory
from textinv_app.training.latents import LatentCache
from textinv_app.training.methods import restore, snapshot
from textinv_app.training.narrow_storage import store_in_fp8
from textinv_app.training.optimizing import TrainingOptimizer
from textinv_app.training.plan import Plan
from textinv_app.training.rates import rate_share
from textinv_app.training.sampling import DrawShape, StepDraw, draw_step, generator_for
from textinv_app.training.state import Progress, TrainState, Weights
from textinv_app.training.stepping import (
    NUMBER_TYPES,
    Denoiser,
    Materials,
    TrainingStep,
    batch_of,
    mean_loss,
    parameters_are_sound,
    set_up_unet,
)

__all__ = ["NUMBER_TYPES", "Materials", "RanAway", "Trainer", "split_photos"]

NUM_VALIDATION_SAMPLES = 10
MIN_PHOTOS_TO_HOLD_ONE_OUT = 5
LARGEST = 60_000.0

logger = logging.getLogger(__name__)


class RanAway(Exception):
    """The loss or a weight is no longer a number."""


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
        self._materials = replace(
            materials,
            photos=materials.photos.to(plan.device),
            held_out=materials.held_out.to(plan.device),
        )
        self._optimizer = TrainingOptimizer(
            materials.method.groups(materials.settings), plan.device
        )
        self._batch = batch_of(self._draw(0), plan.device)
        self._fixed = batch_of(self._validation_draw(), plan.device)
        self._unread: list[Tensor] = []
        self.plan = plan
        self.progress = Progress()
        self.best_weights: Weights = snapshot(materials.method)
        self._use_plan()

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return self.progress.step

    @property
    def num_unread(self) -> int:
        """Steps whose loss has not been read."""
        return len(self._unread)

    def shrink(self, plan: Plan) -> None:
        """Go on with a plan that needs less memory."""
        self._optimizer.forget_gradients()
        self._unread.clear()
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
            optimizer=self._optimizer.state(),
        )
        if not state.is_finite():
            raise RanAway(f"a weight is not finite at step {self.step}")
        return state

    def restore(self, state: TrainState) -> None:
        """Go back, or on, to a state."""
        restore(self._materials.method, state.weights)
        self._optimizer.restore(state.optimizer)
        self._unread.clear()
        self.progress = state.progress
        self.best_weights = state.best_weights
        self.plan = state.plan
        self._use_plan()

    def weights(self) -> Weights:
        """Return a copy of what is trained, on the CPU."""
        return snapshot(self._materials.method)

    def is_sound(self) -> bool:
        """Tell whether every weight is a number that a file can hold (float16 for a LoRA)."""
        return parameters_are_sound(self._optimizer.parameters, LARGEST)

    def make_step(self, change_loss: Callable[[float], float] = lambda loss: loss) -> float:
        """Make one optimizer step and return its loss; raises ``RanAway`` before anything changes.

        ``change_loss`` lets tests make the learning run away. Waits for a GPU; ``queue_step`` does
        not.
        """
        if not self.plan.reads_every_step:
            self.queue_step()
            return self.read_loss()
        self._write_step()
        self._step.compute()
        loss = change_loss(float(self._step.loss))
        if not math.isfinite(loss):
            raise RanAway(f"the loss is {loss} at step {self.step}")
        self._step.update()
        self.progress = replace(self.progress, step=self.step + 1)
        return loss

    def queue_step(self) -> None:
        """Hand one optimizer step to the device without waiting for it."""
        self._write_step()
        if not self._could_run():
            self.shrink(replace(self.plan, cuda_graph=False))
            self._write_step()
            self._step.run()
        self._unread.append(self._step.loss.clone())
        self.progress = replace(self.progress, step=self.step + 1)

    def read_loss(self) -> float:
        """Wait for the queued steps and return their mean loss; raises ``RanAway``."""
        losses = torch.stack(self._unread).tolist()
        first = self.step - len(losses)
        self._unread.clear()
        for number, loss in enumerate(losses):
            if not math.isfinite(loss):
                raise RanAway(f"the loss is {loss} at step {first + number}")
        return float(sum(losses) / len(losses))

    def validation_loss(self) -> float:
        """Return the loss on fixed photos, noise and evenly spread timesteps."""
        return mean_loss(
            Denoiser(self._materials, self.plan), self._materials.held_out, self._fixed
        )

    def _could_run(self) -> bool:
        """Run the step that was written; tell whether it could be recorded, if it had to be.

        Whoever goes on without does so outside of the ``except``, which holds the failed try's
        memory.
        """
        try:
            self._step.run()
        except RuntimeError as error:
            if not self.plan.cuda_graph or is_out_of_memory(error):
                raise
            # What a driver or a library will not have recorded still runs step by step.
            logger.warning("the step cannot be recorded, going on without: %s", error)
            return False
        return True

    def _write_step(self) -> None:
        settings = self._materials.settings
        self._batch.write(self._draw(self.step))
        self._optimizer.set_rates(rate_share(settings, self.step, self.progress.rate_factor))

    def _draw(self, step: int) -> StepDraw:
        materials = self._materials
        shape = DrawShape(
            num_photos=len(materials.photos),
            num_prompts=materials.method.num_prompts,
            num_timesteps=materials.schedule.num_timesteps,
            batch_size=materials.settings.batch_size,
            latent_shape=materials.photos.latent_shape,
            stratified=materials.settings.timesteps == "stratified",
        )
        return draw_step(materials.settings.seed, step, shape)

    def _validation_draw(self) -> StepDraw:
        materials, count = self._materials, NUM_VALIDATION_SAMPLES
        spread = (torch.arange(count) + 0.5) / count
        return StepDraw(
            photo_indices=[number % len(materials.held_out) for number in range(count)],
            prompt_indices=[0] * count,
            timesteps=(spread * materials.schedule.num_timesteps).long(),
            noise=torch.randn(
                (count, *materials.held_out.latent_shape),
                generator=generator_for(materials.settings.seed, "validation", 0),
            ),
            latent_noise=torch.zeros(count, *materials.held_out.latent_shape),
        )

    def _use_plan(self) -> None:
        """Set the machine up for the plan; a graph that was recorded is dropped."""
        torch.set_num_threads(self.plan.num_threads)
        set_up_unet(self._materials.unet, self.plan)
        if self.plan.fp8_storage:
            store_in_fp8(self._materials.unet, NUMBER_TYPES[self.plan.weights])
        self._step = TrainingStep(self._materials, self.plan, self._optimizer, self._batch)
