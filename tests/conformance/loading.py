"""What a program makes of a file, in one form for all programs, and how to compare it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tests.conformance.layers import Component, Shared

SMALL_CHANGE = 1e-3
"""Changes below are rounded more coarsely: float16 has fewer digits for numbers below 6e-5."""

Array = NDArray[np.floating[Any]]
Place = tuple[Component, str]
"""A component and the diffusers path of a layer in it."""


@dataclass(frozen=True)
class LoadedLora:
    """What a program would change, and what of the file it would pass over."""

    changes: Mapping[Place, Array] = field(default_factory=dict)
    """For each layer that changes, the change of its weight times ``probe``."""
    left_over: tuple[str, ...] = ()
    """Names in the file that the program matches with no layer."""


class Loader(Protocol):
    """How a program takes files, by its documented rules or with its own code."""

    def embedding(self, path: Path, family: Shared) -> Mapping[str, Array]:
        """Return ``[n, width]`` vectors by text encoder as a model of ``family`` gets them.

        Empty when the program passes over the file.
        """
        ...

    def prompt(self, path: Path, family: Shared, text: str) -> Mapping[str, Array]:
        """Return the vectors ``[m, width]`` that a prompt brings in, in order, by text encoder.

        The file at ``path`` lies in the program's folder of embeddings under its own name.
        """
        ...

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Return what a model of ``family`` gets from a LoRA."""
        ...

    def told(self, path: Path) -> Mapping[str, str]:
        """Return what the program tells people about the file, in its own words."""
        ...


@cache
def probe(width: int) -> Array:
    """Return a fixed vector ``[width]`` that shows a change of weights without storing it."""
    generator = np.random.default_rng(zlib.crc32(str(width).encode()))
    return generator.standard_normal(width) / np.sqrt(width)


def probe_change(down: Array, up: Array, scale: float) -> Array:
    """Return ``scale * up @ down @ probe`` ``[out]`` for factors of two or four dimensions."""
    down = down.reshape(down.shape[0], -1).astype(np.float64)
    up = up.reshape(up.shape[0], -1).astype(np.float64)
    return scale * (up @ (down @ probe(down.shape[1])))


def differences(expected: Mapping[Place, Array], loaded: LoadedLora, tolerance: float) -> list[str]:
    """Return what a program got otherwise than was exported, in words; empty when all is well.

    ``tolerance`` is relative to the largest value of a change, or to ``SMALL_CHANGE``.
    """
    found = [f"not loaded: {place}" for place in expected.keys() - loaded.changes.keys()]
    found += [f"changed as well: {place}" for place in loaded.changes.keys() - expected.keys()]
    found += [f"left over: {name}" for name in loaded.left_over]
    for place in expected.keys() & loaded.changes.keys():
        ours, theirs = expected[place], loaded.changes[place]
        if ours.shape != theirs.shape:
            found.append(f"{place}: {theirs.shape} instead of {ours.shape}")
        elif np.abs(ours - theirs).max() > tolerance * (np.abs(ours).max() + SMALL_CHANGE):
            found.append(f"{place}: differs by {np.abs(ours - theirs).max():.2e}")
    return sorted(found)
