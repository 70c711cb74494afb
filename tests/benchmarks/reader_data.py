"""What the attribute reader learns from: drawings of the world with every attribute known.

Attributes are drawn more evenly than the world draws them, because the rare ones must be read as
surely as the common ones. A share of the drawings is kept a second time as the shipped autoencoder
gives it back, with a little noise in its latents, because that is how a drawn picture looks.
Pets are the world's training pets; what is measured is measured on its held-out pets.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import random
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL
from PIL import Image
from torch import Tensor

from tests.benchmarks.reader_net import HEADS
from textinv_app.crayon.dataset import SIZE_PIXELS
from textinv_app.crayon.drawing import draw
from textinv_app.crayon.palette import ACCESSORY_COLOURS, FUR_COLOURS, PLAIN_COLOURS, Rgb
from textinv_app.crayon.world import (
    ACCESSORIES,
    BACKGROUNDS,
    FAULTS,
    PATTERNS,
    SPECIES,
    Scene,
    is_held_out,
    random_pet,
    scene_of,
)

log = logging.getLogger(__name__)

Bytes = npt.NDArray[np.uint8]
UNKNOWN = -100
"""Label of what cannot be read off a picture, such as the fur colour of a pencil sketch."""
COAT_SIDE = SIZE_PIXELS // 4
COAT_UNKNOWN = 255

_STYLES = {"flat": 52, "sketch": 14, "wash": 17, "print": 17}
_SOUND_SHARE = 0.68
_COAT_SHARE = 0.4
"""How many of the drawings tell where the coat is; it takes a second drawing each."""
_COLOURLESS_STYLES = ("sketch", "print")
_COLOUR_STEP = 18
_COAT_RESPONSE = 0.62
"""A muzzle follows a change of the fur's colour by 0.4, a belly by 0.55, shaded fur by 0.7."""
_MOST_LATENT_NOISE = 0.25


@dataclasses.dataclass(frozen=True)
class Lessons:
    """Pictures and what is to be read off them, in order."""

    pixels: Bytes
    """`(count, 128, 128, 3)`."""
    labels: npt.NDArray[np.int64]
    """`(count, heads)`: index of the value in `HEADS`, or `UNKNOWN`."""
    coats: Bytes
    """`(count, 32, 32)`: share of the main coat, 0..200 for 0..1, or `COAT_UNKNOWN`."""

    def __len__(self) -> int:
        """Return how many pictures there are."""
        return len(self.pixels)


def reader_scene(index: int, *, held_out: bool = False) -> Scene:
    """Return scene `index` for the reader: one to learn from, or a held-out one to measure with."""
    rng = random.Random(f"reader {index} {held_out}")
    while True:
        fur = rng.choice(list(FUR_COLOURS)) if rng.random() < 0.3 else None
        pet = random_pet(rng, species=rng.choice(SPECIES), fur=fur)
        pet = dataclasses.replace(pet, pattern=rng.choice(PATTERNS))
        if is_held_out(pet) == held_out:
            break
    background = rng.choice(BACKGROUNDS)
    accessory = rng.choice(ACCESSORIES)
    return dataclasses.replace(
        scene_of(pet, rng),
        background=background,
        background_colour=rng.choice(list(PLAIN_COLOURS)) if background == "plain" else "",
        accessory=accessory,
        accessory_colour=rng.choice(list(ACCESSORY_COLOURS)) if accessory != "none" else "",
        style=rng.choices(list(_STYLES), list(_STYLES.values()))[0],
        fault="" if rng.random() < _SOUND_SHARE else rng.choice([f for f in FAULTS if f]),
    )


def facts_of(scene: Scene) -> dict[str, str]:
    """Return what a drawing of the scene shows, by head; what cannot be seen is left out."""
    facts = {
        "species": scene.pet.species,
        "pattern": scene.pet.pattern,
        "accessory": scene.accessory,
        "background": scene.background,
        "style": scene.style,
        "fault": scene.fault,
    }
    if scene.style not in _COLOURLESS_STYLES and scene.fault != "colours":
        facts["fur"] = scene.pet.fur
        if scene.accessory_colour:
            facts["accessory_colour"] = scene.accessory_colour
        if scene.background_colour:
            facts["background_colour"] = scene.background_colour
    return facts


def labels_of(scene: Scene) -> list[int]:
    """Return the index of each head's value, or `UNKNOWN`."""
    facts = facts_of(scene)
    return [
        values.index(facts[name]) if name in facts else UNKNOWN for name, values in HEADS.items()
    ]


def coat_of(scene: Scene, seed: int) -> Bytes:
    """Return `(32, 32)`, 0..200: which share of each cell is painted with the main fur colour.

    The scene is drawn twice with fur of two near shades: what changes by as much is that fur. Where
    a fault or a pencil moves things, the place is not known.
    """
    if scene.fault or scene.style in _COLOURLESS_STYLES:
        return np.full((COAT_SIDE, COAT_SIDE), COAT_UNKNOWN, dtype=np.uint8)
    flat = dataclasses.replace(scene, style="flat")
    other = dataclasses.replace(
        flat, pet=dataclasses.replace(scene.pet, fur_rgb=_stepped(scene.pet.fur_rgb))
    )
    first, second = (
        np.asarray(draw(one, seed, SIZE_PIXELS), dtype=np.float32) for one in (flat, other)
    )
    response = np.abs(second - first).mean(-1) / _COLOUR_STEP
    coat = (response > _COAT_RESPONSE).astype(np.float32)
    cells = coat.reshape(COAT_SIDE, 4, COAT_SIDE, 4).mean((1, 3))
    return (cells * 200).round().astype(np.uint8)


def draw_lessons(work: Path, count: int, *, held_out: bool = False) -> Lessons:
    """Draw the lessons into the work folder; goes on where an earlier call was cut off."""
    name = "held-out" if held_out else "lessons"
    paths = [work / f"{name}-{part}.npy" for part in ("pixels", "labels", "coats")]
    sizes = ((SIZE_PIXELS, SIZE_PIXELS, 3), (len(HEADS),), (COAT_SIDE, COAT_SIDE))
    progress_path = work / f"{name}.json"
    stamp = {"count": count, "world": world_fingerprint()}
    done = 0
    if progress_path.exists():
        progress = json.loads(progress_path.read_text(encoding="utf-8"))
        done = int(progress["done"]) if {key: progress[key] for key in stamp} == stamp else 0
    work.mkdir(parents=True, exist_ok=True)
    arrays = [
        np.lib.format.open_memmap(path, "r+" if done else "w+", dtype=kind, shape=(count, *size))
        for path, kind, size in zip(paths, (np.uint8, np.int64, np.uint8), sizes, strict=True)
    ]
    for index in range(done, count):
        scene = reader_scene(index, held_out=held_out)
        pixels, labels, coats = arrays
        pixels[index] = np.asarray(draw(scene, index, SIZE_PIXELS))
        labels[index] = labels_of(scene)
        coats[index] = coat_of(scene, index) if (index * 0.618) % 1 < _COAT_SHARE else COAT_UNKNOWN
        if (index + 1) % 500 == 0 or index + 1 == count:
            for array in arrays:
                array.flush()
            progress_path.write_text(json.dumps({**stamp, "done": index + 1}), encoding="utf-8")
            log.info("%s: %d of %d drawings", name, index + 1, count)
    return Lessons(*arrays)


def soften_lessons(work: Path, lessons: Lessons, vae: AutoencoderKL, count: int) -> Lessons:
    """Return the first lessons as the autoencoder gives them back, a little noisy; kept on disk."""
    path, stamp_path = work / "softened.npy", work / "softened.json"
    weights = hashlib.sha256()
    for value in vae.state_dict().values():
        weights.update(value.numpy().tobytes())
    stamp = {"count": count, "world": world_fingerprint(), "vae": weights.hexdigest()[:12]}
    if stamp_path.exists() and json.loads(stamp_path.read_text(encoding="utf-8")) == stamp:
        return Lessons(np.load(path), lessons.labels[:count], lessons.coats[:count])
    softened = reconstructed(lessons, vae, range(count), noise=True)
    np.save(path, softened.pixels)
    stamp_path.write_text(json.dumps(stamp), encoding="utf-8")
    return softened


def reconstructed(lessons: Lessons, vae: AutoencoderKL, indices: range, *, noise: bool) -> Lessons:
    """Return some of the lessons as the autoencoder gives them back, with noise in the latents."""
    scale = float(vae.config.scaling_factor)
    generator = torch.Generator().manual_seed(len(indices))
    pictures = []
    with torch.no_grad():
        for start in range(indices.start, indices.stop, 16):
            batch = as_tensor(lessons.pixels[start : min(start + 16, indices.stop)])
            latents = vae.encode(batch).latent_dist.mean
            if noise:
                amounts = torch.rand(len(batch), 1, 1, 1, generator=generator) * _MOST_LATENT_NOISE
                latents += amounts / scale * torch.randn(latents.shape, generator=generator)
            pictures.append(as_bytes(vae.decode(latents).sample))
    part = slice(indices.start, indices.stop)
    return Lessons(np.concatenate(pictures), lessons.labels[part], lessons.coats[part])


def reconstruct(vae: AutoencoderKL, pictures: list[Image.Image]) -> list[Image.Image]:
    """Return the pictures as the autoencoder gives them back."""
    given = []
    with torch.no_grad():
        for start in range(0, len(pictures), 16):
            arrays = np.stack([np.asarray(one) for one in pictures[start : start + 16]])
            latents = vae.encode(as_tensor(arrays)).latent_dist.mean
            given += [Image.fromarray(one) for one in as_bytes(vae.decode(latents).sample)]
    return given


def as_tensor(pixels: Bytes) -> Tensor:
    """Return pictures `(batch, side, side, 3)` as `(batch, 3, side, side)`, -1..1."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


def as_bytes(pictures: Tensor) -> Bytes:
    """Return pictures `(batch, 3, side, side)`, -1..1, as `(batch, side, side, 3)` bytes."""
    levels = ((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return np.asarray(levels.permute(0, 2, 3, 1).numpy())


def world_fingerprint() -> str:
    """Return twelve hex digits that change when the world draws differently."""
    digest = hashlib.sha256(json.dumps({name: list(v) for name, v in HEADS.items()}).encode())
    for index in range(24):
        digest.update(draw(reader_scene(index), index, 64).tobytes())
    return digest.hexdigest()[:12]


def _stepped(colour: Rgb) -> Rgb:
    red, green, blue = (
        level + (_COLOUR_STEP if level < 128 else -_COLOUR_STEP) for level in colour
    )
    return (red, green, blue)
