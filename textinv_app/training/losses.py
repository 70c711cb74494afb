"""What the UNet is asked to predict, and how far off it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from textinv_app.errors import ModelUnavailable


@dataclass(frozen=True)
class NoiseSchedule:
    """How much signal and noise a noisy latent holds at each timestep, float32 ``[timesteps]``."""

    signal: Tensor
    noise: Tensor
    prediction_type: str
    """``epsilon`` or ``v_prediction``."""

    @property
    def num_timesteps(self) -> int:
        """Number of timesteps of the model."""
        return int(self.signal.shape[0])


def noise_schedule(scheduler: Any, device: str = "cpu") -> NoiseSchedule:
    """Return the schedule that a diffusers scheduler was configured with.

    Raises ``ModelUnavailable`` for a model that predicts something else than noise or velocity.
    """
    prediction_type = str(scheduler.config.prediction_type)
    if prediction_type not in ("epsilon", "v_prediction"):
        raise ModelUnavailable(
            "model.prediction_type",
            "This base model works in a way that Petname cannot train. Choose another model.",
            prediction_type=prediction_type,
        )
    alphas = scheduler.alphas_cumprod.to(device=device, dtype=torch.float32)
    return NoiseSchedule(alphas.sqrt(), (1 - alphas).sqrt(), prediction_type)


def add_noise(schedule: NoiseSchedule, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """Return noisy latents ``[batch, channels, height, width]``; ``timesteps`` is ``[batch]``."""
    signal = schedule.signal[timesteps].view(-1, 1, 1, 1)
    return signal * latents + schedule.noise[timesteps].view(-1, 1, 1, 1) * noise


def target(schedule: NoiseSchedule, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """Return what the UNet should answer: the noise, or the velocity (arXiv 2202.00512)."""
    if schedule.prediction_type == "epsilon":
        return noise
    signal = schedule.signal[timesteps].view(-1, 1, 1, 1)
    return signal * noise - schedule.noise[timesteps].view(-1, 1, 1, 1) * latents


def sample_losses(prediction: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean squared error of each sample, float32 ``[batch]``."""
    errors = functional.mse_loss(prediction.float(), wanted.float(), reduction="none")
    return errors.mean(dim=(1, 2, 3))


def min_snr_weights(schedule: NoiseSchedule, timesteps: Tensor, gamma: float) -> Tensor:
    """Return min-SNR-gamma weights ``[batch]`` (Hang et al. 2023, arXiv 2303.09556).

    For velocity the weight of the equivalent loss on clean latents is divided by ``snr + 1``.
    """
    noise = schedule.noise[timesteps].clamp(min=1e-8)
    snr = (schedule.signal[timesteps] / noise) ** 2
    clipped = snr.clamp(max=gamma)
    if schedule.prediction_type == "v_prediction":
        return clipped / (snr + 1)
    # At the last timestep of a schedule that ends in pure noise both are zero: so is the weight.
    return clipped / snr.clamp(min=1e-8)
