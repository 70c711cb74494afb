"""Pictures as a VAE's latents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

Encoded = tuple[Tensor, Tensor]
"""Mean and spread of a latent, float32 ``[channels, height, width]`` each, on the CPU."""


def to_pixels(picture: Image.Image) -> Tensor:
    """Return an RGB picture as float32 ``[3, height, width]`` from -1 to 1."""
    array = np.asarray(picture, dtype=np.float32) / 127.5 - 1.0
    return torch.from_numpy(array).permute(2, 0, 1).contiguous()


def encode_photo(vae: Any, photo: Image.Image) -> Encoded:
    """Return mean and spread of an RGB photo's latent, as the VAE gives them.

    The VAE is used in float32, because half precision overflows in that of SDXL, and the time is
    spent only once.
    """
    original_type = vae.dtype
    if original_type != torch.float32:
        vae.to(dtype=torch.float32)
    with torch.no_grad():
        posterior = vae.encode(to_pixels(photo)[None].to(vae.device)).latent_dist
    if original_type != torch.float32:
        vae.to(dtype=original_type)
    return posterior.mean[0].float().cpu(), posterior.std[0].float().cpu()


def use_tiles(vae: Any, side_pixels: int) -> None:
    """Make a VAE compute pictures of ``side_pixels`` in tiles of half that side.

    By itself it leaves whole what is no larger than the size it was made for.
    """
    tile_latents = side_pixels // 2 // 2 ** (len(vae.config.block_out_channels) - 1)
    vae.enable_tiling()
    vae.tile_sample_min_size, vae.tile_latent_min_size = side_pixels // 2, tile_latents


def scaled_for_unet(vae: Any, encoded: Sequence[Encoded]) -> Encoded:
    """Return means and spreads ``[photos, channels, height, width]``, scaled for the UNet."""
    scale = float(vae.config.scaling_factor)
    shift = float(getattr(vae.config, "shift_factor", None) or 0.0)
    mean = torch.stack([mean for mean, _ in encoded])
    std = torch.stack([std for _, std in encoded])
    return (mean - shift) * scale, std * scale
