"""How well the autoencoder carries a drawing."""

from __future__ import annotations

import numpy as np
import torch
from diffusers import AutoencoderKL

from textinv_app.crayon.dataset import SIZE_PIXELS
from textinv_app.crayon.drawing import draw
from textinv_app.crayon.world import Scene


@torch.no_grad()
def reconstruction_psnr_db(vae: AutoencoderKL, scenes: list[Scene]) -> float:
    """Return the mean peak signal-to-noise ratio of the reconstructed drawings, in decibels."""
    values = []
    for index, scene in enumerate(scenes):
        drawn = torch.from_numpy(np.array(draw(scene, index, SIZE_PIXELS)))
        pixels = drawn.permute(2, 0, 1)[None].float() / 127.5 - 1
        decoded = vae.decode(vae.encode(pixels).latent_dist.mean).sample.clamp(-1, 1)
        error = ((decoded - pixels) / 2).pow(2).mean()
        values.append(float(-10 * error.log10()))
    return float(np.mean(values))
