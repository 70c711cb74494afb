"""Which photos, prompts, timesteps and noise a step gets: a pure function of seed and step.

Nothing is carried from step to step, so a training that is resumed at a step, or a step that is
made again, sees exactly what an undisturbed one would.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class StepDraw:
    """The random choices of one optimizer step, on the CPU."""

    photo_indices: list[int]
    prompt_indices: list[int]
    timesteps: Tensor
    """int64 ``[batch]``."""
    noise: Tensor
    """float32 ``[batch, channels, height, width]``."""
    latent_noise: Tensor
    """float32, same shape: where in its posterior each latent is taken."""


@dataclass(frozen=True)
class DrawShape:
    """What there is to draw from."""

    num_photos: int
    num_prompts: int
    num_timesteps: int
    batch_size: int
    latent_shape: tuple[int, int, int]
    stratified: bool = True
    """Whether the timesteps of a step come from equal ranges, one from each."""


def generator_for(seed: int, purpose: str, number: int) -> torch.Generator:
    """Return a CPU generator whose state follows from its name alone."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{number}".encode()).digest()
    generator = torch.Generator("cpu")
    generator.manual_seed(int.from_bytes(digest[:8], "little") >> 1)
    return generator


def draw_step(seed: int, step: int, shape: DrawShape) -> StepDraw:
    """Draw what optimizer step ``step`` (counted from 0) trains on.

    Photos come in shuffled rounds, each photo once a round. Stratified timesteps, one from each of
    ``batch_size`` equal ranges, halve the noise of the gradient at no cost.
    """
    generator = generator_for(seed, "step", step)
    size = (shape.batch_size, *shape.latent_shape)
    strata = torch.randperm(shape.batch_size, generator=generator)
    offsets = torch.rand(shape.batch_size, generator=generator)
    if not shape.stratified:
        strata, offsets = torch.zeros_like(strata), offsets * shape.batch_size
    positions = (strata + offsets) / shape.batch_size * shape.num_timesteps
    return StepDraw(
        photo_indices=_photo_indices(seed, step, shape),
        prompt_indices=torch.randint(
            shape.num_prompts, (shape.batch_size,), generator=generator
        ).tolist(),
        timesteps=positions.long().clamp(max=shape.num_timesteps - 1),
        noise=torch.randn(size, generator=generator),
        latent_noise=torch.randn(size, generator=generator),
    )


def _photo_indices(seed: int, step: int, shape: DrawShape) -> list[int]:
    indices = []
    order: list[int] = []
    order_round = -1
    for position in range(step * shape.batch_size, (step + 1) * shape.batch_size):
        number, place = divmod(position, shape.num_photos)
        if number != order_round:
            generator = generator_for(seed, "round", number)
            order = torch.randperm(shape.num_photos, generator=generator).tolist()
            order_round = number
        indices.append(order[place])
    return indices
