"""The few transforms of torchvision that the reference scripts use, for machines without it.

They do what torchvision does to PIL pictures; where the real one can be imported it is used.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import random
import sys
from collections.abc import Callable, Sequence
from enum import Enum
from types import ModuleType
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor


class InterpolationMode(Enum):
    """Ways to resize."""

    NEAREST = Image.Resampling.NEAREST
    BILINEAR = Image.Resampling.BILINEAR
    BICUBIC = Image.Resampling.BICUBIC
    LANCZOS = Image.Resampling.LANCZOS


class Compose:
    """One after the other."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self._transforms = transforms

    def __call__(self, picture: Any) -> Any:
        for transform in self._transforms:
            picture = transform(picture)
        return picture


class Resize:
    """Bring the shorter side to a size."""

    def __init__(
        self, size: int, interpolation: InterpolationMode = InterpolationMode.BILINEAR
    ) -> None:
        self._size, self._interpolation = size, interpolation

    def __call__(self, picture: Image.Image) -> Image.Image:
        scale = self._size / min(picture.size)
        size = tuple(max(self._size, int(side * scale)) for side in picture.size)
        return picture.resize((size[0], size[1]), self._interpolation.value)


class RandomCrop:
    """Cut a square out anywhere; ``get_params`` says where it would be."""

    def __init__(self, size: int | tuple[int, int]) -> None:
        self._size = (size, size) if isinstance(size, int) else size

    def __call__(self, picture: Image.Image) -> Image.Image:
        top, left, height, width = self.get_params(picture, self._size)
        return picture.crop((left, top, left + width, top + height))

    @staticmethod
    def get_params(picture: Image.Image, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Return top, left, height and width."""
        height, width = size
        top = random.randint(0, picture.height - height)
        return top, random.randint(0, picture.width - width), height, width


class CenterCrop(RandomCrop):
    """Cut a square out of the middle."""

    @staticmethod
    def get_params(picture: Image.Image, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Return top, left, height and width."""
        height, width = size
        return (picture.height - height) // 2, (picture.width - width) // 2, height, width


class RandomHorizontalFlip:
    """Mirror with a probability."""

    def __init__(self, p: float = 0.5) -> None:
        self._probability = p

    def __call__(self, picture: Image.Image) -> Image.Image:
        if torch.rand(1).item() < self._probability:
            return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return picture


class ToTensor:
    """Picture to float32 ``[channels, height, width]`` from 0 to 1."""

    def __call__(self, picture: Image.Image) -> Tensor:
        return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float().div(255)


class Normalize:
    """Subtract a mean and divide by a spread."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        self._mean, self._std = torch.tensor(mean), torch.tensor(std)

    def __call__(self, pixels: Tensor) -> Tensor:
        return (pixels - self._mean[:, None, None]) / self._std[:, None, None]


def crop(picture: Image.Image, top: int, left: int, height: int, width: int) -> Image.Image:
    """Cut a part out of a picture."""
    return picture.crop((left, top, left + width, top + height))


def install() -> bool:
    """Let ``import torchvision.transforms`` work; tells whether this stub is what it finds."""
    if importlib.util.find_spec("torchvision") is not None:
        return False
    root, transforms, functional = (
        _module(name)
        for name in (
            "torchvision",
            "torchvision.transforms",
            "torchvision.transforms.functional",
        )
    )
    for part in (
        Compose,
        Resize,
        RandomCrop,
        CenterCrop,
        RandomHorizontalFlip,
        ToTensor,
        Normalize,
        InterpolationMode,
    ):
        setattr(transforms, part.__name__, part)
    functional.crop = crop  # type: ignore[attr-defined]
    transforms.functional = functional  # type: ignore[attr-defined]
    root.transforms = transforms  # type: ignore[attr-defined]
    return True


def _module(name: str) -> ModuleType:
    module = ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, loader=None)
    sys.modules[name] = module
    return module
