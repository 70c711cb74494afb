"""What a cosine between image embeddings means, measured on held-out pets in stage `export`."""

from __future__ import annotations

import dataclasses
import itertools
import random

import numpy as np
import numpy.typing as npt
import torch

from textinv_app.crayon.clip_model import CrayonClip
from textinv_app.crayon.dataset import SIZE_PIXELS, held_out_scene
from textinv_app.crayon.drawing import draw
from textinv_app.crayon.world import Pet

Vectors = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Mean cosines of three kinds of pairs, and how well the cosine tells them apart.

    The areas under the curve say how often a pair of the nearer kind scores above a pair of the
    farther kind: 1 is always, 0.5 is chance.
    """

    same_pet: float
    same_kind: float
    """Another pet of the same species and fur colour."""
    other_species: float
    auc_same_pet_over_same_kind: float
    auc_same_kind_over_other_species: float
    auc_same_pet_over_other_species: float

    def score_points(self) -> list[tuple[float, float]]:
        """Return `(cosine, score 0..100)` points; between them the score runs straight."""
        return [
            (min(0.0, self.other_species - 0.3), 0.0),
            (self.other_species, 15.0),
            (self.same_kind, 50.0),
            (self.same_pet, 95.0),
            (1.0, 100.0),
        ]


def calibrate(clip: CrayonClip, pets: int = 240, drawings: int = 4) -> Calibration:
    """Return the calibration measured on drawings of held-out pets."""
    known, vectors = _held_out_vectors(clip, pets, drawings)
    same_pet, same_kind, other_species = _pairs(known, vectors)
    return Calibration(
        same_pet=float(np.mean(same_pet)),
        same_kind=float(np.mean(same_kind)),
        other_species=float(np.mean(other_species)),
        auc_same_pet_over_same_kind=area_under_curve(same_pet, same_kind),
        auc_same_kind_over_other_species=area_under_curve(same_kind, other_species),
        auc_same_pet_over_other_species=area_under_curve(same_pet, other_species),
    )


def area_under_curve(higher: Vectors, lower: Vectors) -> float:
    """Return how often a value of the first list exceeds one of the second; ties count half."""
    ordered = np.sort(lower)
    below = np.searchsorted(ordered, higher, side="left")
    not_above = np.searchsorted(ordered, higher, side="right")
    return float(((below + not_above) / 2).mean() / len(ordered))


@torch.no_grad()
def embed(clip: CrayonClip, pictures: list[npt.NDArray[np.uint8]]) -> Vectors:
    """Return unit vectors `(count, shared_width)` of pictures `(128, 128, 3)` uint8."""
    vectors = []
    for start in range(0, len(pictures), 64):
        batch = torch.from_numpy(np.stack(pictures[start : start + 64]))
        pixels = batch.permute(0, 3, 1, 2).float() / 127.5 - 1
        vectors.append(clip.embed_images(pixels).numpy())
    return np.concatenate(vectors)


def _held_out_vectors(
    clip: CrayonClip, pets: int, drawings: int
) -> tuple[list[Pet], npt.NDArray[np.float32]]:
    known, pictures = [], []
    for pet_index in range(pets):
        for scene_index in range(drawings):
            scene = held_out_scene(pet_index, scene_index)
            # A sketch has no colours to compare; likeness is not asked of it.
            scene = dataclasses.replace(scene, style="flat", fault="")
            pictures.append(np.asarray(draw(scene, scene_index + 1, SIZE_PIXELS)))
        known.append(scene.pet)
    vectors = embed(clip, pictures)
    return known, vectors.reshape(pets, drawings, -1)


def _pairs(known: list[Pet], vectors: Vectors) -> tuple[Vectors, Vectors, Vectors]:
    rng = random.Random(0)
    same_pet = [
        float(own[first] @ own[second])
        for own in vectors
        for first, second in itertools.combinations(range(len(own)), 2)
    ]
    same_kind, other_species = [], []
    for first, second in itertools.combinations(range(len(known)), 2):
        one, two = known[first], known[second]
        draws = vectors.shape[1]
        cosine = float(vectors[first, rng.randrange(draws)] @ vectors[second, rng.randrange(draws)])
        if one.species != two.species:
            other_species.append(cosine)
        elif one.fur == two.fur:
            same_kind.append(cosine)
    return (
        np.array(same_pet, dtype=np.float32),
        np.array(same_kind, dtype=np.float32),
        np.array(other_species, dtype=np.float32),
    )
