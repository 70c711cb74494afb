"""One optimizer step on fixed memory: written into, computed, and on a GPU recorded and replayed.

``TrainingStep.compute`` and ``update`` are the whole step. They read nothing back and copy nothing
from the host, so that a CUDA graph can record them; on a CPU the very same functions just run.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from textinv_app.domain.specs import TrainingSettings
from textinv_app.models.packed_convolutions import pack_convolutions
from textinv_app.models.side_by_side import SideBySide
from textinv_app.training.latents import LatentCache
from textinv_app.training.losses import (
    NoiseSchedule,
    add_noise,
    min_snr_weights,
    sample_losses,
    target,
)
from textinv_app.training.methods import Method
from textinv_app.training.optimizing import TrainingOptimizer
from textinv_app.training.plan import NumberType, Plan
from textinv_app.training.sampling import StepDraw
from textinv_app.training.text import Conditioning

MAX_GRADIENT_NORM = 1.0
# Gradients of half-precision activations are tiny. A fixed scale needs no look at the numbers, and
# Adam does not care about it.
FP16_LOSS_SCALE = 1024.0
NUM_WARM_UP_STEPS = 3

NUMBER_TYPES: dict[NumberType, torch.dtype] = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}


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


@dataclass(frozen=True)
class Batch:
    """The random choices of one step, on the device."""

    photo_indices: Tensor
    """int64 ``[batch]``."""
    prompt_indices: Tensor
    """int64 ``[batch]``."""
    timesteps: Tensor
    """int64 ``[batch]``."""
    noise: Tensor
    """float32 ``[batch, channels, height, width]``."""
    latent_noise: Tensor
    """float32, same shape: where in its posterior each latent is taken."""

    def __len__(self) -> int:
        """Return the number of pictures."""
        return int(self.timesteps.shape[0])

    def rows(self, rows: slice) -> Batch:
        """Return some of the pictures, as views."""
        return Batch(*(getattr(self, field.name)[rows] for field in fields(self)))

    def write(self, draw: StepDraw) -> None:
        """Put a step's choices into this memory; does not wait for a GPU."""
        for field, value in zip(fields(self), _tensors_of(draw), strict=True):
            into: Tensor = getattr(self, field.name)
            if into.device.type == "cpu":
                into.copy_(value)
            else:
                # Page-locked memory of torch's own pool, which waits until the copy is done.
                into.copy_(value.pin_memory(), non_blocking=True)


def batch_of(draw: StepDraw, device: str) -> Batch:
    """Return a step's choices on a device, in memory of their own."""
    return Batch(*(value.to(device, copy=True) for value in _tensors_of(draw)))


def _tensors_of(draw: StepDraw) -> tuple[Tensor, ...]:
    return (
        torch.tensor(draw.photo_indices, dtype=torch.long),
        torch.tensor(draw.prompt_indices, dtype=torch.long),
        draw.timesteps,
        draw.noise,
        draw.latent_noise,
    )


class Denoiser:
    """The loss of pictures under a plan; no gradient of its own, no state."""

    def __init__(self, materials: Materials, plan: Plan) -> None:
        self._materials = materials
        self._plan = plan
        self._dtype = NUMBER_TYPES[plan.weights]
        self._unet = materials.unet
        if plan.side_by_side:
            trained = tuple(materials.method.parameters.values())
            self._unet = SideBySide(materials.unet, trained)
        side = materials.settings.resolution_pixels
        self._time_ids = torch.tensor([[side, side, 0, 0, side, side]], device=plan.device)

    def losses(self, photos: LatentCache, batch: Batch) -> Tensor:
        """Return the weighted loss of each picture, float32 ``[batch]``."""
        materials = self._materials
        latents = photos.sample(batch.photo_indices, batch.latent_noise)
        noisy = add_noise(materials.schedule, latents, batch.noise, batch.timesteps)
        conditioning = materials.method.condition(batch.prompt_indices)
        prediction = self._predict(noisy, batch.timesteps, conditioning)
        wanted = target(materials.schedule, latents, batch.noise, batch.timesteps)
        losses = sample_losses(prediction, wanted)
        gamma = materials.settings.min_snr_gamma
        if gamma is not None:
            losses = losses * min_snr_weights(materials.schedule, batch.timesteps, gamma)
        return losses

    def micro_batches(self, count: int) -> list[slice]:
        """Return the slices of ``count`` pictures that are computed one after the other."""
        size = self._plan.micro_batch_size
        return [slice(start, min(start + size, count)) for start in range(0, count, size)]

    def _predict(self, noisy: Tensor, timesteps: Tensor, conditioning: Conditioning) -> Tensor:
        added = None
        if self._materials.has_time_ids:
            added = {
                "text_embeds": conditioning.pooled,
                "time_ids": self._time_ids.expand(len(noisy), -1),
            }
        prediction: Tensor = self._unet(
            noisy.to(self._dtype),
            timesteps,
            encoder_hidden_states=conditioning.hidden_states,
            added_cond_kwargs=added,
            return_dict=False,
        )[0]
        return prediction


class TrainingStep:
    """The step of one training under one plan."""

    def __init__(
        self, materials: Materials, plan: Plan, optimizer: TrainingOptimizer, batch: Batch
    ) -> None:
        """``batch`` is the memory that every step is written into."""
        self._materials = materials
        self._plan = plan
        self._optimizer = optimizer
        self._denoiser = Denoiser(materials, plan)
        self.batch = batch
        self.loss = torch.zeros((), device=plan.device)
        """Mean loss of the newest step; NaN where loss or gradient was no number."""
        self._graph: Any = None

    def run(self) -> None:
        """Make the whole step for what was written into ``batch``; replays it where it may."""
        if not self._plan.cuda_graph:
            self.compute()
            self.update()
            return
        if self._graph is None:
            self._graph = self._record()
        self._graph.replay()

    def compute(self) -> None:
        """Fill the gradients and ``loss``."""
        materials, count = self._materials, len(self.batch)
        scale = FP16_LOSS_SCALE if self._plan.weights == "fp16" else 1.0
        self._optimizer.forget_gradients()
        total = torch.zeros((), device=self._plan.device)
        for rows in self._denoiser.micro_batches(count):
            losses = self._denoiser.losses(materials.photos, self.batch.rows(rows))
            torch.autograd.backward(losses.sum() * (scale / count))
            total = total + losses.detach().sum()
        norm = self._finish_gradients(scale)
        self.loss.copy_(torch.where(torch.isfinite(norm), total / count, torch.nan))

    def update(self) -> None:
        """Move the parameters by their gradients."""
        self._optimizer.step()

    def _finish_gradients(self, scale: float) -> Tensor:
        """Undo the loss scale, add the method's own pull, clip; return the norm before that."""
        parameters = self._optimizer.parameters
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        if scale != 1.0:
            torch._foreach_div_(gradients, scale)
        self._materials.method.add_pull()
        return torch.nn.utils.clip_grad_norm_(parameters, MAX_GRADIENT_NORM, foreach=True)

    def _record(self) -> Any:
        """Run some steps on the side, undo them, and return the step as a CUDA graph."""
        main = torch.cuda.current_stream()
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        with self._undone():
            side.wait_stream(main)
            try:
                with torch.cuda.stream(side):
                    for _ in range(NUM_WARM_UP_STEPS):
                        self.compute()
                        self.update()
            finally:
                main.wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.compute()
            self.update()
        return graph

    @contextmanager
    def _undone(self) -> Iterator[None]:
        """Undo the steps that are made inside, also where one fails."""
        parameters = self._optimizer.parameters
        before = [parameter.detach().clone() for parameter in parameters]
        state = self._optimizer.state()
        try:
            yield
        finally:
            with torch.no_grad():
                for parameter, value in zip(parameters, before, strict=True):
                    parameter.copy_(value)
            # In place: the graph writes to where the numbers are now.
            self._optimizer.overwrite(state)


def mean_loss(denoiser: Denoiser, photos: LatentCache, batch: Batch) -> float:
    """Return the mean loss of a batch without training on it."""
    total = 0.0
    for rows in denoiser.micro_batches(len(batch)):
        with torch.no_grad():
            total += float(denoiser.losses(photos, batch.rows(rows)).sum())
    return total / len(batch)


def set_up_unet(unet: Any, plan: Plan) -> None:
    """Bring a UNet into the shape a plan asks for; what it is already stays."""
    if plan.side_by_side:
        pack_convolutions(unet)
    if plan.gradient_checkpointing:
        # Nothing here is random, and a recorded graph may not ask for the generator's state.
        unet.enable_gradient_checkpointing(
            functools.partial(_checkpointed, use_reentrant=False, preserve_rng_state=False)
        )
    if plan.compile_unet and not getattr(unet, "petname_is_compiled", False):
        unet.compile_repeated_blocks(fullgraph=True)
        unet.petname_is_compiled = True


def _checkpointed(module: Any, *inputs: Any, **options: Any) -> Any:
    return checkpoint(module.__call__, *inputs, **options)


def parameters_are_sound(parameters: Sequence[Tensor], largest: float) -> bool:
    """Tell whether every number of every tensor is smaller than ``largest``."""
    return all(bool(parameter.detach().abs().max() < largest) for parameter in parameters)
