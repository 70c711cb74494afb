"""Stage `unet`: the denoiser over cached latents, together with the text encoder.

v-prediction (Salimans, Ho 2022) with the min-SNR weighting (Hang et al. 2023); a share of captions
is empty for classifier-free guidance. In the last part of the budget each drawing comes with its
twin (`batches`). The text encoder starts from the contrastive stage and moves at a lower rate, for
the first part.
"""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from textinv_app.crayon import shipped
from textinv_app.crayon.batches import (
    captions,
    contrast,
    paired_rows,
    single_rows,
    stored_latents,
)
from textinv_app.crayon.clip_model import ClipOptions, new_text_encoder, token_ids
from textinv_app.crayon.dataset import open_drawings
from textinv_app.crayon.optimisers import Optimisers
from textinv_app.crayon.precision import attend_plainly, narrowed, training_device
from textinv_app.crayon.sittings import Average, Budget, Sitting
from textinv_app.crayon.team import Team
from textinv_app.crayon.training import Course, Done, Pace, Turn, train
from textinv_app.crayon.unet_model import UnetOptions, new_scheduler, new_unet

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class UnetTraining:
    """How the denoiser is trained."""

    unet: UnetOptions = dataclasses.field(default_factory=UnetOptions)
    towers: ClipOptions = dataclasses.field(default_factory=ClipOptions)
    batch_size: int = 16
    """Scenes a member of the team draws for each step."""
    twins_share: float = 0.4
    """The last share of the budget, in which each scene comes with its twin."""
    contrast_weight: float = 2.0
    """How much more a cell weighs in which twins differ by a standard deviation of the latents."""
    muon_lr: float = 0.015
    adam_lr: float = 1e-3
    weight_decay: float = 0.03
    """Of the matrices; without it they grow with every step, and a LoRA counts for less."""
    text_rate: float = 0.2
    """The text encoder's learning rate as a share of the UNet's."""
    text_share: float = 0.3
    """The first share of the budget, in which the text encoder learns along; then it stays."""
    empty_share: float = 0.1
    snr_cap: float = 5.0
    average_decay: float = 0.996
    seed: int = 3


class Denoiser(nn.Module):
    """UNet and text encoder as one trained module."""

    def __init__(self, tokenizer: CLIPTokenizer, training: UnetTraining) -> None:
        """Build both untrained."""
        super().__init__()
        self.unet: UNet2DConditionModel = new_unet(training.unet)
        self.text: CLIPTextModel = new_text_encoder(tokenizer, training.towers)

    def forward(self, noisy: Tensor, timesteps: Tensor, captions: Tensor) -> Tensor:
        """Return the predicted velocity of noisy latents `(batch, channels, 16, 16)`."""
        states = self.text(input_ids=captions).last_hidden_state
        predicted: Tensor = self.unet(noisy, timesteps, states).sample
        return predicted


def train_unet(
    team: Team,
    work: Path,
    tokenizer: CLIPTokenizer,
    training: UnetTraining,
    budget: Budget,
    start: Path | None = None,
) -> None:
    """Train or go on training; the checkpoint `unet.pt` holds the averaged weights.

    `start` names a model folder whose UNet and text encoder are the beginning; without it the UNet
    is new and the text encoder that of the stage `clip`.
    """
    torch.manual_seed(training.seed)
    denoiser = Denoiser(tokenizer, training)
    if start is not None:
        shipped.load_unet(start, denoiser.unet)
        shipped.load_text(start, denoiser.text, tokenizer)
    else:
        contrasted = torch.load(work / "clip.pt", map_location="cpu", weights_only=True)
        denoiser.text.load_state_dict(_text_weights(contrasted["average"]["weights"]))
    denoiser.to(training_device())
    attend_plainly(denoiser)
    course = _UnetCourse(denoiser, work, tokenizer, training, team)
    train(course, Sitting(work, "unet", budget), team)


def load_trained_denoiser(work: Path, tokenizer: CLIPTokenizer, training: UnetTraining) -> Denoiser:
    """Return UNet and text encoder of the last checkpoint, averaged, ready to use."""
    state = torch.load(work / "unet.pt", map_location="cpu", weights_only=True)
    denoiser = Denoiser(tokenizer, training)
    denoiser.load_state_dict(state["average"]["weights"])
    denoiser.eval().requires_grad_(False)
    return denoiser


class _UnetCourse(Course[Denoiser]):
    """The denoiser over cached latents; the text encoder learns along at first."""

    def __init__(
        self,
        denoiser: Denoiser,
        work: Path,
        tokenizer: CLIPTokenizer,
        training: UnetTraining,
        team: Team,
    ) -> None:
        unet_optimisers = Optimisers(
            denoiser.unet,
            muon_lr=training.muon_lr,
            adam_lr=training.adam_lr,
            adam_names=("conv_in", "conv_out", "time_embedding"),
            weight_decay=training.weight_decay,
            team=team,
        )
        text_optimisers = Optimisers(
            denoiser.text,
            muon_lr=training.muon_lr * training.text_rate,
            adam_lr=training.adam_lr * training.text_rate,
            adam_names=("embedding",),
            team=team,
        )
        super().__init__(
            denoiser,
            {"optimisers": unet_optimisers, "text_optimisers": text_optimisers},
            training.average_decay,
            Pace(training.seed, warm_up_steps=60, decay_share=0.45),
        )
        self._tokenizer, self._training, self._team = tokenizer, training, team
        self._latents = np.load(work / "paired_latents.npy", mmap_mode="r")
        self._first_scene = open_drawings(work).first
        self._schedule = _Schedule(training.snr_cap, denoiser.unet.device)
        self._text_learns = True

    def step(self, turn: Turn) -> Done:
        """Predict the velocity of noisy latents; settle the text encoder when its time is up."""
        if self._text_learns and turn.share >= self._training.text_share:
            self._text_learns = False
            _settle_text(self._team, self.model, self.average)
        training, device = self._training, self.model.unet.device
        paired = turn.share >= 1 - training.twins_share
        choose = paired_rows if paired else single_rows
        rows = choose(turn.rng, self._latents.shape[1], training.batch_size)
        told = captions(rows, self._first_scene, training.empty_share)
        tokens = token_ids(self._tokenizer, told, 77).to(device)
        clean = stored_latents(self._latents, rows).to(device)
        weight = training.contrast_weight if paired else None
        loss = _step(self.model, self._schedule, clean, tokens, weight)
        return Done(len(clean), {"v": loss})


class _Schedule:
    """Signal and noise shares of each timestep, and the weight of its loss."""

    def __init__(self, snr_cap: float, device: torch.device) -> None:
        signal = new_scheduler().alphas_cumprod.to(device)
        self.signal = signal.sqrt()
        self.noise = (1 - signal).sqrt()
        ratio = signal / (1 - signal)
        self.weight = ratio.clamp(max=snr_cap) / (ratio + 1)
        # The noisiest steps decide what the picture shows at all; they keep a fair say.
        self.weight = self.weight.clamp(min=0.35)


def _step(
    denoiser: Denoiser,
    schedule: _Schedule,
    clean: Tensor,
    captions: Tensor,
    contrast_weight: float | None,
) -> float:
    """Leave the gradients of a batch; with a contrast weight its second half are twins."""
    device, pairs = clean.device, 1 if contrast_weight is None else 2
    count = len(clean) // pairs
    # Spread evenly over the schedule: less noise in the gradient than independent draws.
    spread = (torch.arange(count, device=device) + torch.rand(count, device=device)) / count
    timesteps = (spread * 1000).long().clamp(max=999).repeat(pairs)
    noise = torch.randn_like(clean[:count]).repeat(pairs, 1, 1, 1)
    signal = schedule.signal[timesteps].view(-1, 1, 1, 1)
    share = schedule.noise[timesteps].view(-1, 1, 1, 1)
    noisy = signal * clean + share * noise
    velocity = signal * noise - share * clean
    with narrowed(device):
        predicted = denoiser(noisy, timesteps, captions)
    errors = (predicted.float() - velocity).pow(2).mean(1)
    weights = schedule.weight[timesteps]
    counted = errors if contrast_weight is None else errors * contrast(clean, contrast_weight)
    loss = (counted.mean((1, 2)) * weights).sum() / weights.sum()
    loss.backward()
    return float(errors.mean().item())


def _settle_text(team: Team, denoiser: Denoiser, average: Average) -> None:
    """Give the text encoder its averaged weights for good; later steps are faster for it."""
    if team.rank == 0:
        denoiser.text.load_state_dict(_text_weights(average.weights))
    team.spread_weights(denoiser.text)
    denoiser.text.requires_grad_(False)
    log.info("unet: the text encoder stays as it is from here on")


def _text_weights(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    prefix = "text."
    return {k[len(prefix) :]: v for k, v in weights.items() if k.startswith(prefix)}
