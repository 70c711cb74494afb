"""Stage `latents`: every drawing through the finished autoencoder, once."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from textinv_app.crayon.dataset import SETS, open_drawings
from textinv_app.crayon.precision import narrowed, training_device

log = logging.getLogger(__name__)

_BATCH = 32


def measure_scaling(vae: AutoencoderKL, work: Path, count: int = 512) -> float:
    """Return the factor that brings the latents of the drawings to a standard deviation of 1."""
    vae.to(training_device())
    pixels = open_drawings(work).pixels
    chosen = np.linspace(0, len(pixels) - 1, min(count, len(pixels))).astype(int)
    values = [_encode(vae, pixels[chosen[i : i + _BATCH]]) for i in range(0, len(chosen), _BATCH)]
    return float(1 / torch.cat(values).std())


def cache_latents(vae: AutoencoderKL, work: Path, part: int = 0, parts: int = 1) -> None:
    """Store the scaled latents of one part of the drawings and twins; a finished part is kept.

    With several parts, several processes can share the work; `join_latents` puts them together.
    """
    vae.to(training_device())
    for name in SETS:
        _cache_set(vae, work, name, part, parts)


def _cache_set(vae: AutoencoderKL, work: Path, name: str, part: int, parts: int) -> None:
    path = work / f"{name}.latents.{part}.npy"
    if path.exists():
        return
    pixels = open_drawings(work, name).pixels
    edges = np.linspace(0, len(pixels), parts + 1).astype(int)
    scaling = float(json.loads((work / "scaling.json").read_text(encoding="utf-8")))
    stored = []
    for start in range(edges[part], edges[part + 1], _BATCH):
        end = min(start + _BATCH, edges[part + 1])
        stored.append((_encode(vae, pixels[start:end]) * scaling).half().numpy())
        if (start // _BATCH) % 200 == 0:
            log.info("latents: %s, part %d, %d of %d", name, part, end, edges[part + 1])
    temporary = work / f"{name}.latents.{part}.tmp.npy"
    np.save(temporary, np.concatenate(stored))
    temporary.replace(path)


def join_latents(work: Path, parts: int) -> None:
    """Put the parts together as `paired_latents.npy`, `(2, count, channels, 16, 16)` float16.

    First the drawings, then their twins.
    """
    joined = np.stack(
        [
            np.concatenate([np.load(work / f"{name}.latents.{part}.npy") for part in range(parts)])
            for name in SETS
        ]
    )
    temporary = work / "latents.tmp.npy"
    np.save(temporary, joined)
    temporary.replace(work / "paired_latents.npy")


@torch.no_grad()
def _encode(
    vae: AutoencoderKL, pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
) -> torch.Tensor:
    batch = torch.from_numpy(np.array(pixels)).to(vae.device).permute(0, 3, 1, 2).float()
    with narrowed(vae.device):
        latents: torch.Tensor = vae.encode(batch / 127.5 - 1).latent_dist.mean.float()
        return latents.cpu()
