"""The training set: scenes by number, their drawings in files of raw pixels.

Scene `i` is worked out from its number alone, so captions and identities need no file; only the
drawings are stored, because drawing is slower than reading.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import multiprocessing
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from textinv_app.crayon.contrasts import twin_of
from textinv_app.crayon.drawing import draw
from textinv_app.crayon.textures import texture
from textinv_app.crayon.world import Pet, Scene, is_held_out, random_pet, scene_of

log = logging.getLogger(__name__)

SCENES_PER_PET = 3
SIZE_PIXELS = 128
_CHUNK = 1000
_PET_SEED = 7_000_000
_HELD_OUT_SEED = 900_000_000


@dataclasses.dataclass(frozen=True)
class Drawings:
    """The stored drawings: `pixels` is `(count, 128, 128, 3)` uint8, on disk."""

    pixels: npt.NDArray[np.uint8]
    first: int
    """Number of the scene that the first of them shows; the others follow."""

    def __len__(self) -> int:
        """Return how many drawings there are."""
        return int(self.pixels.shape[0])


def training_pet(index: int) -> Pet:
    """Return training pet number `index`; it is never a held-out one."""
    return _pet(_PET_SEED + index, held_out=False)


def held_out_pet(index: int) -> Pet:
    """Return held-out pet number `index`; it never appears in the training set."""
    return _pet(_HELD_OUT_SEED + index, held_out=True)


def training_scene(index: int) -> Scene:
    """Return training scene number `index`; `SCENES_PER_PET` neighbours show one pet."""
    return scene_of(training_pet(index // SCENES_PER_PET), random.Random(f"scene {index}"))


def training_twin(index: int) -> Scene:
    """Return the twin of training scene number `index`: one thing of it is another."""
    return twin_of(training_scene(index), random.Random(f"twin {index}"))


def held_out_scene(pet_index: int, scene_index: int) -> Scene:
    """Return scene `scene_index` of held-out pet `pet_index`."""
    rng = random.Random(f"held-out {pet_index} {scene_index}")
    return scene_of(held_out_pet(pet_index), rng)


SETS: dict[str, Callable[[int], Scene]] = {"drawings": training_scene, "twins": training_twin}
"""The stored sets of drawings, by the names of their files; scene and twin have one number."""


def open_drawings(work: Path, name: str = "drawings") -> Drawings:
    """Return a set of drawings that `render_drawings` has stored in the work folder."""
    told = json.loads((work / f"{name}.json").read_text(encoding="utf-8"))
    return Drawings(np.load(work / f"{name}.npy", mmap_mode="r"), int(told.get("first", 0)))


def render_drawings(work: Path, scenes: range, processes: int = 1) -> None:
    """Draw scenes for training and their twins; goes on where an earlier call was cut off."""
    work.mkdir(parents=True, exist_ok=True)
    for name in SETS:
        _render_set(work, name, scenes, processes)


def _render_set(work: Path, name: str, scenes: range, processes: int) -> None:
    path, progress_path = work / f"{name}.npy", work / f"{name}.json"
    which = {"first": scenes.start, "count": len(scenes)}
    done = 0
    if path.exists() and progress_path.exists():
        progress = json.loads(progress_path.read_text(encoding="utf-8"))
        done = int(progress["done"]) if which.items() <= progress.items() else 0
    if done >= len(scenes):
        return
    if not done:
        # Latents of other scenes would be learnt with these scenes' captions.
        for stale in (*work.glob(f"{name}.latents.*.npy"), work / "paired_latents.npy"):
            stale.unlink(missing_ok=True)
    shape = (len(scenes), SIZE_PIXELS, SIZE_PIXELS, 3)
    pixels = np.lib.format.open_memmap(
        path, mode="r+" if done else "w+", dtype=np.uint8, shape=shape
    )
    chunks = [scenes[begin : begin + _CHUNK] for begin in range(done, len(scenes), _CHUNK)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for chunk, pictures in zip(
            chunks, pool.imap(functools.partial(_render, name), chunks), strict=True
        ):
            pixels[done : done + len(chunk)] = pictures
            pixels.flush()
            done += len(chunk)
            progress_path.write_text(json.dumps({**which, "done": done}), encoding="utf-8")
            log.info("data: %d of %d %s", done, len(scenes), name)


def _render(name: str, indices: range) -> npt.NDArray[np.uint8]:
    scene_of_index = SETS[name]
    return np.stack(
        [np.asarray(draw(scene_of_index(index), index, SIZE_PIXELS)) for index in indices]
    )


def _pet(seed: int, *, held_out: bool) -> Pet:
    rng = random.Random(seed)
    while True:
        pet = random_pet(rng)
        if is_held_out(pet) == held_out:
            return pet


def render_textures(work: Path, count: int) -> None:
    """Make the procedural pictures that teach the VAE photographs; a finished file is kept."""
    path = work / "textures.npy"
    if path.exists() and np.load(path, mmap_mode="r").shape[0] == count:
        return
    pixels = np.stack([texture(index, SIZE_PIXELS) for index in range(count)])
    temporary = work / "textures.tmp.npy"
    np.save(temporary, pixels)
    temporary.replace(path)
    log.info("data: %d textures", count)
