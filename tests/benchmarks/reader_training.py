"""Training of the attribute reader, and its own accuracy on drawings it has never seen."""

from __future__ import annotations

import dataclasses
import logging
import math
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.benchmarks.reader_data import COAT_UNKNOWN, UNKNOWN, Lessons, as_tensor
from tests.benchmarks.reader_net import HEADS, NetOptions, ReaderNet
from textinv_app.crayon.optimisers import Optimisers

log = logging.getLogger(__name__)

_WEIGHTS = {"pattern": 1.5, "fault": 1.5, "accessory_colour": 0.5, "background_colour": 0.5}
"""Weight of a head's loss; 1 for the others."""
_COAT_WEIGHT = 2.0
_SOFTENED_EVERY = 5
"""One in so many pictures is a reconstructed one."""
_MOST_SHIFT_PIXELS = 6
_SOUND = HEADS["fault"].index("")


@dataclasses.dataclass(frozen=True)
class TrainingOptions:
    """How the reader is trained; the same numbers give the same reader."""

    drawings: int = 16_000
    reconstructed: int = 1600
    """How many of them are kept a second time as the autoencoder gives them back."""
    small_steps: int = 3000
    """Steps on pictures of half the side, at a quarter of the cost, before those on whole ones."""
    whole_steps: int = 2200
    batch_size: int = 32
    muon_lr: float = 0.02
    adam_lr: float = 3e-3
    seed: int = 1


def train_reader(
    lessons: Lessons, softened: Lessons, options: TrainingOptions, net: NetOptions
) -> ReaderNet:
    """Return a trained reader; `softened` are the first lessons as the autoencoder gives them."""
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    reader = ReaderNet(net).to(memory_format=torch.channels_last)
    optimisers = Optimisers(
        reader,
        muon_lr=options.muon_lr,
        adam_lr=options.adam_lr,
        adam_names=("heads", "stem.0", "coat"),
    )
    steps = options.small_steps + options.whole_steps
    started = time.monotonic()
    running: dict[str, float] = {}
    for step in range(steps):
        pictures, labels, coats = _batch(rng, lessons, softened, options.batch_size)
        if step < options.small_steps:
            pictures = F.avg_pool2d(pictures, 2)
        losses = _losses(
            reader, pictures.contiguous(memory_format=torch.channels_last), labels, coats
        )
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 2.0)
        optimisers.step(_rate(step / steps))
        for name, loss in losses.items():
            value = float(loss.detach())
            running[name] = 0.95 * running.get(name, value) + 0.05 * value
        if (step + 1) % 100 == 0:
            told = ", ".join(f"{name} {value:.2f}" for name, value in running.items())
            log.info(
                "reader: step %d of %d, %.0f s: %s",
                step + 1,
                steps,
                time.monotonic() - started,
                told,
            )
    return reader.eval()


@torch.no_grad()
def accuracies(reader: ReaderNet, lessons: Lessons) -> dict[str, float]:
    """Return the share of pictures read rightly, by head, spoilt ones only for the fault.

    `spoilt found` is the share of spoilt pictures called spoilt, whatever the fault is called, and
    `sound called spoilt` that of the others called so. `coat` is the share of coat cells and other
    cells told apart rightly, each kind counting half.
    """
    predicted, coats = _predict(reader, lessons)
    found: dict[str, float] = {}
    sound = lessons.labels[:, list(HEADS).index("fault")] == _SOUND
    for column, name in enumerate(HEADS):
        truth = lessons.labels[:, column]
        known = truth != UNKNOWN
        if name != "fault":
            known &= sound
            found[name] = float((predicted[name].argmax(1) == truth)[known].mean())
    called_spoilt = predicted["fault"][:, _SOUND] < 0.5
    found["fault named"] = float(
        (predicted["fault"].argmax(1) == lessons.labels[:, list(HEADS).index("fault")])[
            ~sound
        ].mean()
    )
    found["spoilt found"] = float(called_spoilt[~sound].mean())
    found["sound called spoilt"] = float(called_spoilt[sound].mean())
    known = lessons.coats != COAT_UNKNOWN
    is_coat, is_other = known & (lessons.coats > 150), known & (lessons.coats < 50)
    found["coat"] = float(((coats[is_coat] > 0.5).mean() + (coats[is_other] < 0.5).mean()) / 2)
    return found


def _predict(reader: ReaderNet, lessons: Lessons) -> tuple[dict[str, np.ndarray], np.ndarray]:
    parts: dict[str, list[np.ndarray]] = {name: [] for name in (*HEADS, "coat")}
    for start in range(0, len(lessons), 64):
        logits, coat = reader(as_tensor(lessons.pixels[start : start + 64]))
        for name, values in logits.items():
            parts[name].append(values.softmax(1).numpy())
        parts["coat"].append(coat.sigmoid().numpy())
    joined = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    return joined, joined.pop("coat")


def _batch(
    rng: np.random.Generator, lessons: Lessons, softened: Lessons, size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return augmented pictures, their labels and where their coats are (NaN where not known)."""
    num_softened = size // _SOFTENED_EVERY if len(softened) else 0
    parts = []
    for source, count in ((lessons, size - num_softened), (softened, num_softened)):
        chosen = np.sort(rng.integers(0, max(1, len(source)), count))
        parts.append((source.pixels[chosen], source.labels[chosen], source.coats[chosen]))
    pixels, labels, coats = (np.concatenate(column) for column in zip(*parts, strict=True))
    known = np.where(coats == COAT_UNKNOWN, np.nan, coats / 200).astype(np.float32)
    pictures, places = _augmented(as_tensor(pixels), torch.from_numpy(known), rng)
    return pictures, torch.from_numpy(labels), places


def _augmented(pictures: Tensor, coats: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Mirror, shift, soften, and change light and grain a little, as a drawn picture may differ.

    Colours move by less than two names of colours are apart.
    """
    if rng.random() < 0.5:
        pictures, coats = pictures.flip(-1), coats.flip(-1)
    # Whole cells of the coat's map, so that both move alike.
    down, across = (4 * int(step) for step in rng.integers(-1, 2, 2))
    pictures = _shifted(pictures, down, across)
    coats = _shifted(coats[:, None], down // 4, across // 4)[:, 0]
    down, across = rng.integers(-(_MOST_SHIFT_PIXELS - 4), _MOST_SHIFT_PIXELS - 3, 2)
    pictures = _shifted(pictures, int(down), int(across))
    blur = rng.uniform(0.3, 1.1) if rng.random() < 0.5 else 0.0
    if blur:
        pictures = _blurred(pictures, blur)
    count = len(pictures)
    gain = 1 + 0.04 * torch.from_numpy(rng.normal(size=(count, 3, 1, 1)).astype(np.float32))
    lift = 0.02 * torch.from_numpy(rng.normal(size=(count, 1, 1, 1)).astype(np.float32))
    grain = rng.uniform(0, 0.03)
    noise = torch.from_numpy(rng.normal(size=pictures.shape).astype(np.float32))
    return ((pictures + 1) * gain - 1 + lift + grain * noise).clamp(-1, 1), coats


def _shifted(pictures: Tensor, down: int, across: int) -> Tensor:
    reach = max(abs(down), abs(across))
    if not reach:
        return pictures
    height, width = pictures.shape[-2:]
    padded = F.pad(pictures, (reach,) * 4, mode="replicate")
    top, left = reach + down, reach + across
    return padded[..., top : top + height, left : left + width]


def _blurred(pictures: Tensor, sigma_pixels: float) -> Tensor:
    places = torch.arange(-2, 3, dtype=torch.float32)
    bell = torch.exp(-places.square() / (2 * sigma_pixels**2))
    bell = (bell / bell.sum()).expand(3, 1, 1, 5)
    padded = F.pad(pictures, (2, 2, 2, 2), mode="replicate")
    across = F.conv2d(padded, bell, groups=3)
    return F.conv2d(across, bell.transpose(2, 3), groups=3)


def _losses(
    reader: ReaderNet, pictures: Tensor, labels: Tensor, coats: Tensor
) -> dict[str, Tensor]:
    logits, coat = reader(pictures)
    losses = {}
    for column, (name, values) in enumerate(logits.items()):
        truth = labels[:, column]
        if bool((truth != UNKNOWN).any()):
            losses[name] = _WEIGHTS.get(name, 1.0) * F.cross_entropy(
                values, truth, ignore_index=UNKNOWN
            )
    if coat.shape[-1] != coats.shape[-1]:
        coats = F.avg_pool2d(coats[:, None], 2)[:, 0]
    known = ~coats.isnan()
    if bool(known.any()):
        losses["coat"] = _COAT_WEIGHT * F.binary_cross_entropy_with_logits(
            coat[known], coats[known]
        )
    return losses


def _rate(share: float) -> float:
    """Rise over the first twentieth, then fall to nothing by a cosine."""
    if share < 0.05:
        return (share + 0.002) / 0.052
    return 0.5 * (1 + math.cos(math.pi * (share - 0.05) / 0.95))
