"""Stage `clip`: the text and image towers, by contrast.

Two drawings of each pet in a batch. Each drawing must find its own caption among all (text and
image agree), and its pet's other drawing among all others (so that nearness of image embeddings
says "the same pet"). The second is what likeness is measured with.
"""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import CLIPTokenizer

from textinv_app.crayon.captions import caption
from textinv_app.crayon.clip_model import ClipOptions, CrayonClip, token_ids
from textinv_app.crayon.dataset import SCENES_PER_PET, Drawings, open_drawings, training_scene
from textinv_app.crayon.optimisers import Optimisers
from textinv_app.crayon.precision import attend_plainly, narrowed, training_device
from textinv_app.crayon.sittings import Budget, Sitting
from textinv_app.crayon.team import Team
from textinv_app.crayon.training import Course, Done, Pace, Turn, train

TEXT_LENGTH = 32


@dataclasses.dataclass(frozen=True)
class ClipTraining:
    """How the towers are trained."""

    towers: ClipOptions = dataclasses.field(default_factory=ClipOptions)
    pets_per_batch: int = 48
    pet_weight: float = 0.6
    muon_lr: float = 0.015
    adam_lr: float = 1.5e-3
    freeze_text: bool = False
    """Train only the image tower and the projections: after the text encoder has moved on."""
    seed: int = 2


@dataclasses.dataclass(frozen=True)
class _Batch:
    pixels: Tensor
    captions: Tensor

    def to(self, device: torch.device) -> _Batch:
        """Return the batch on a device."""
        return _Batch(self.pixels.to(device), self.captions.to(device))


def train_clip(
    work: Path,
    tokenizer: CLIPTokenizer,
    training: ClipTraining,
    budget: Budget,
    *,
    stage: str = "clip",
    start: CrayonClip | None = None,
) -> None:
    """Train or go on training; the checkpoint `<stage>.pt` holds the averaged weights.

    Not in a team: a drawing has to be told from all others of a batch, which none should split.
    """
    torch.manual_seed(training.seed)
    clip = start or CrayonClip(tokenizer, training.towers)
    clip.train().to(training_device())
    attend_plainly(clip)
    clip.requires_grad_(True)
    if training.freeze_text:
        clip.text.requires_grad_(False)
    train(_ClipCourse(clip, work, tokenizer, training), Sitting(work, stage, budget), Team())


def load_trained_clip(
    work: Path, tokenizer: CLIPTokenizer, towers: ClipOptions, stage: str = "clip"
) -> CrayonClip:
    """Return the towers of the last checkpoint of a stage, averaged, ready to use."""
    state = torch.load(work / f"{stage}.pt", map_location="cpu", weights_only=True)
    clip = CrayonClip(tokenizer, towers)
    clip.load_state_dict(state["average"]["weights"])
    clip.eval().requires_grad_(False)
    return clip


class _ClipCourse(Course[CrayonClip]):
    """Both towers over pairs of drawings."""

    def __init__(
        self, clip: CrayonClip, work: Path, tokenizer: CLIPTokenizer, training: ClipTraining
    ) -> None:
        optimisers = Optimisers(
            clip,
            muon_lr=training.muon_lr,
            adam_lr=training.adam_lr,
            adam_names=("embedding", "projection.weight", "scale"),
        )
        super().__init__(clip, {"optimisers": optimisers}, 0.995, Pace(training.seed))
        self._tokenizer, self._training = tokenizer, training
        self._drawings = open_drawings(work)

    def step(self, turn: Turn) -> Done:
        """Tell drawings, captions and pets apart."""
        pets = self._training.pets_per_batch
        batch = _batch(turn.rng, self._drawings, self._tokenizer, pets)
        device = self.model.text_scale.device
        return Done(len(batch.pixels), _step(self.model, batch.to(device), self._training))


def _batch(
    rng: np.random.Generator,
    drawings: Drawings,
    tokenizer: CLIPTokenizer,
    pets: int,
) -> _Batch:
    chosen = rng.choice(len(drawings) // SCENES_PER_PET, pets, replace=False)
    words = random.Random(int(rng.integers(2**31)))
    first, second = [], []
    for pet in chosen:
        pair = rng.choice(SCENES_PER_PET, 2, replace=False)
        first.append(int(pet) * SCENES_PER_PET + int(pair[0]))
        second.append(int(pet) * SCENES_PER_PET + int(pair[1]))
    indices = first + second
    texts = [caption(training_scene(drawings.first + index), words) for index in indices]
    pictures = torch.from_numpy(np.stack([drawings.pixels[index] for index in indices]))
    floats = pictures.permute(0, 3, 1, 2).float() / 127.5 - 1
    return _Batch(_roughened(floats, rng), token_ids(tokenizer, texts, TEXT_LENGTH))


def _roughened(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Return the pictures, some softened or shifted, as drawings of a model will be."""
    soft = torch.from_numpy(rng.random(len(pictures)) < 0.3)
    small = F.avg_pool2d(pictures[soft], 2)
    pictures[soft] = F.interpolate(small, scale_factor=2.0, mode="bilinear")
    for index in np.flatnonzero(rng.random(len(pictures)) < 0.5):
        scale, shift = rng.uniform(0.85, 1.05), rng.uniform(-0.08, 0.08, 2)
        matrix = torch.tensor([[[scale, 0, shift[0]], [0, scale, shift[1]]]], dtype=torch.float32)
        grid = F.affine_grid(matrix, [1, 3, *pictures.shape[2:]], align_corners=False)
        picture = pictures[index : index + 1]
        pictures[index : index + 1] = F.grid_sample(
            picture, grid, padding_mode="border", align_corners=False
        )
    return pictures


def _step(clip: CrayonClip, batch: _Batch, training: ClipTraining) -> dict[str, float]:
    device = batch.pixels.device
    with narrowed(device):
        images = clip.embed_images(batch.pixels)
        texts = clip.embed_texts(batch.captions)
    count = len(images) // 2
    own = torch.arange(2 * count, device=device)
    logits = clip.text_scale.clamp(max=4.2).exp() * images @ texts.T
    # The other drawing of the same pet is no wrong answer: its caption may fit as well.
    twin = torch.zeros_like(logits, dtype=torch.bool)
    twin[own, (own + count) % (2 * count)] = True
    logits = logits.masked_fill(twin, -1e4)
    text_loss = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
    alike = clip.pet_scale.clamp(max=3.4).exp() * images @ images.T
    alike = alike.masked_fill(torch.eye(2 * count, dtype=torch.bool, device=device), -1e4)
    partner = (own + count) % (2 * count)
    pet_loss = F.cross_entropy(alike, partner)
    loss: Tensor = text_loss + training.pet_weight * pet_loss
    torch.autograd.backward(loss)
    found = (alike.argmax(1) == partner).float().mean()
    right = (logits.argmax(1) == own).float().mean()
    return {
        "text": text_loss.item(),
        "pet": pet_loss.item(),
        "text_right": right.item(),
        "pet_found": found.item(),
    }
