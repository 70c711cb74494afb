"""Stages `vae` and `decoder`: the autoencoder between pictures and latents.

Small crops at first, because a crop of 64 pixels costs a quarter of a whole picture and teaches
edges and colours just as well; whole pictures in the last third. In stage `decoder` the encoder
stays as it is and the decoder goes on, on whole pictures: latents mean what they meant, so a UNet
that was trained on them draws sharper pictures without a step of its own.
"""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor

from textinv_app.crayon import shipped
from textinv_app.crayon.dataset import open_drawings
from textinv_app.crayon.optimisers import Optimisers
from textinv_app.crayon.precision import narrowed, training_device
from textinv_app.crayon.sittings import Budget, Sitting
from textinv_app.crayon.team import Team
from textinv_app.crayon.training import Course, Done, Pace, Turn, train

log = logging.getLogger(__name__)

LATENT_CHANNELS = 8


@dataclasses.dataclass(frozen=True)
class VaeOptions:
    """How the autoencoder is built and trained."""

    block_out_channels: tuple[int, ...] = (16, 32, 64, 128)
    batch_size: int = 16
    """Crops a member of the team takes for each step."""
    crop_pixels: int = 64
    whole_share: float = 0.3
    """The last share of the budget trained on whole pictures."""
    texture_share: float = 0.25
    kl_weight: float = 1e-6
    square_weight: float = 4.0
    """Weight of the squared error, which is what a signal-to-noise ratio counts."""
    muon_lr: float = 0.02
    adam_lr: float = 1e-3
    seed: int = 1


def new_vae(options: VaeOptions) -> AutoencoderKL:
    """Return an untrained autoencoder: eight-fold smaller latents, 128-pixel pictures."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=options.block_out_channels,
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=8,
        sample_size=128,
    )


def train_vae(
    team: Team, work: Path, options: VaeOptions, budget: Budget, start: Path | None = None
) -> None:
    """Train or go on training; the checkpoint `vae.pt` holds the averaged weights.

    `start` names a model folder whose autoencoder is the beginning, in place of random weights.
    """
    torch.manual_seed(options.seed)
    vae = new_vae(options)
    if start is not None:
        shipped.load_vae(start, vae)
    vae.to(training_device())
    train(_VaeCourse(vae, work, options, team), Sitting(work, "vae", budget), team)


def train_decoder(team: Team, work: Path, options: VaeOptions, budget: Budget) -> None:
    """Train the decoder of the trained autoencoder on; the checkpoint `decoder.pt` holds both."""
    torch.manual_seed(options.seed)
    vae = load_trained_vae(work, options)
    for part in (vae.decoder, vae.post_quant_conv):
        part.train().requires_grad_(True)
    vae.to(training_device())
    options = dataclasses.replace(options, whole_share=1.0)
    train(_VaeCourse(vae, work, options, team), Sitting(work, "decoder", budget), team)


def load_finished_vae(work: Path, options: VaeOptions, start: Path | None = None) -> AutoencoderKL:
    """Return the autoencoder with the decoder that was trained on, where it was.

    Where none was trained here it is that of the model folder `start`, as it is.
    """
    if start is not None and not (work / "vae.pt").exists():
        return load_given_vae(start, options)
    stage = "decoder" if (work / "decoder.pt").exists() else "vae"
    return load_trained_vae(work, options, stage)


def load_given_vae(folder: Path, options: VaeOptions) -> AutoencoderKL:
    """Return the autoencoder of an exported model as it is, ready to use."""
    vae = new_vae(options)
    shipped.load_vae(folder, vae)
    vae.eval().requires_grad_(False)
    return vae


def load_trained_vae(work: Path, options: VaeOptions, stage: str = "vae") -> AutoencoderKL:
    """Return the autoencoder of a stage's last checkpoint, averaged, ready to use."""
    state = torch.load(work / f"{stage}.pt", map_location="cpu", weights_only=True)
    vae = new_vae(options)
    vae.load_state_dict(state["average"]["weights"])
    vae.eval().requires_grad_(False)
    return vae


class _VaeCourse(Course[AutoencoderKL]):
    """The autoencoder over drawings and textures."""

    def __init__(self, vae: AutoencoderKL, work: Path, options: VaeOptions, team: Team) -> None:
        optimisers = Optimisers(
            vae,
            muon_lr=options.muon_lr,
            adam_lr=options.adam_lr,
            adam_names=("conv_in", "conv_out", "quant_conv"),
            team=team,
        )
        super().__init__(vae, {"optimisers": optimisers}, 0.998, Pace(options.seed))
        self._options = options
        textures = np.load(work / "textures.npy", mmap_mode="r")
        self._sources = (open_drawings(work).pixels, textures)

    def step(self, turn: Turn) -> Done:
        """Encode and decode crops, or whole pictures towards the end."""
        batch = _batch(turn.rng, self._sources, self._options, turn.share)
        return Done(len(batch), _step(self.model, batch.to(self.model.device), self._options))


def _batch(
    rng: np.random.Generator,
    sources: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]],
    options: VaeOptions,
    share: float,
) -> Tensor:
    whole = share >= 1 - options.whole_share
    size = sources[0].shape[1] if whole else options.crop_pixels
    count = max(1, options.batch_size // 4) if whole else options.batch_size
    pictures = []
    for _ in range(count):
        source = sources[1] if rng.random() < options.texture_share else sources[0]
        picture = source[rng.integers(len(source))]
        # Crops on the grid of the latents' cells and off it alike.
        top, left = rng.integers(0, source.shape[1] - size + 1, 2)
        crop = picture[top : top + size, left : left + size]
        pictures.append(crop[:, ::-1] if rng.random() < 0.5 else crop)
    stacked = torch.from_numpy(np.ascontiguousarray(np.stack(pictures)))
    return stacked.permute(0, 3, 1, 2).float() / 127.5 - 1


def _step(vae: AutoencoderKL, batch: Tensor, options: VaeOptions) -> dict[str, float]:
    learns = any(parameter.requires_grad for parameter in vae.encoder.parameters())
    with narrowed(batch.device):
        with torch.set_grad_enabled(learns):
            posterior = vae.encode(batch).latent_dist
        decoded = vae.decode(posterior.sample()).sample
    decoded = decoded.float()
    plain = (decoded - batch).abs().mean()
    edges = _edge_loss(decoded, batch)
    coarse = _coarse_loss(decoded, batch)
    divergence = posterior.kl().float().mean() / batch[0].numel()
    square = (decoded - batch).pow(2).mean()
    loss = plain + edges + 0.5 * coarse + options.square_weight * square
    loss = loss + options.kl_weight * batch[0].numel() * divergence
    loss.backward()
    return {
        "l1": plain.item(),
        "square": square.item(),
        "edges": edges.item(),
        "kl": divergence.item(),
    }


def _edge_loss(decoded: Tensor, batch: Tensor) -> Tensor:
    error = decoded - batch
    across = (error[..., :, 1:] - error[..., :, :-1]).abs().mean()
    down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    return across + down


def _coarse_loss(decoded: Tensor, batch: Tensor) -> Tensor:
    error = decoded - batch
    half = F.avg_pool2d(error, 2)
    return half.abs().mean() + F.avg_pool2d(half, 2).abs().mean()
