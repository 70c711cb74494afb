"""Photos as latents: encoded once, mean and spread kept, so that sampling stays random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from textinv_app.errors import BadInput


@dataclass(frozen=True)
class LatentCache:
    """Latents of all photos, float32, scaled as the UNet expects them."""

    mean: Tensor
    """``[photos, channels, height, width]``."""
    std: Tensor
    """Same shape: the spread of the VAE's posterior."""

    def __len__(self) -> int:
        """Return the number of photos, mirrored copies included."""
        return int(self.mean.shape[0])

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one latent."""
        channels, height, width = self.mean.shape[1:]
        return int(channels), int(height), int(width)

    def sample(self, indices: Tensor, noise: Tensor) -> Tensor:
        """Return latents ``[batch, channels, height, width]`` drawn from the posteriors.

        ``indices`` is int64 ``[batch]`` on the same device, ``noise`` as large as the latents.
        """
        return self.mean[indices] + self.std[indices] * noise

    def to(self, device: str) -> LatentCache:
        """Return the same latents on another device."""
        return LatentCache(self.mean.to(device), self.std.to(device))

    def subset(self, indices: Sequence[int]) -> LatentCache:
        """Return a cache of some of the photos."""
        chosen = torch.tensor(list(indices), dtype=torch.long)
        return LatentCache(self.mean[chosen], self.std[chosen])


def photo_paths(dataset: Path) -> list[Path]:
    """Return the prepared photos of a run in order; raises ``BadInput`` when there is none."""
    paths = sorted(dataset.glob("*.png"))
    if not paths:
        raise BadInput("run.no_photos", "There are no photos to learn from. Add some photos first.")
    return paths


def load_photo(path: Path, resolution_pixels: int) -> Image.Image:
    """Return a prepared photo as an RGB square of ``resolution_pixels``."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    if picture.size != (resolution_pixels, resolution_pixels):
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        picture = picture.crop((left, top, left + side, top + side))
        picture = picture.resize((resolution_pixels, resolution_pixels), Image.Resampling.LANCZOS)
    return picture


def with_mirrored(photos: Sequence[Image.Image]) -> list[Image.Image]:
    """Return the photos followed by their mirror images."""
    return [*photos, *(photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for photo in photos)]
