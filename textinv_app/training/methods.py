"""What a training method is to the loop: trainable numbers, prompts, and files at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from textinv_app.domain.concept import Method as FileKind
from textinv_app.domain.specs import TrainingSettings
from textinv_app.training.optimizing import ParameterGroup
from textinv_app.training.state import Weights
from textinv_app.training.text import Conditioning, Indices

WriteFile = Callable[[Path, Weights, Mapping[str, str]], None]


@dataclass(frozen=True)
class Product:
    """One file that a training makes."""

    kind: FileKind
    names: tuple[str, ...]
    """Which of the method's parameters go into it."""
    write: WriteFile
    """Writes weights and metadata to a path; raises ``OSError``."""

    def select(self, weights: Weights) -> Weights:
        """Return the weights that go into this file."""
        return {name: weights[name] for name in self.names}


class Method(Protocol):
    """A way to teach a word. All else in the loop is the same for every method."""

    @property
    def parameters(self) -> Mapping[str, nn.Parameter]:
        """What is trained, float32 on the device, in an order that never changes."""
        ...

    @property
    def num_prompts(self) -> int:
        """Number of training prompts; number 0 is the plain one that validation uses."""
        ...

    @property
    def products(self) -> tuple[Product, ...]:
        """The files it makes; the first bears the word's name."""
        ...

    def groups(self, settings: TrainingSettings) -> tuple[ParameterGroup, ...]:
        """Return which parameters are trained how."""
        ...

    def condition(self, prompt_indices: Indices) -> Conditioning:
        """Return what the UNet reads for these prompts, with a gradient where one is needed."""
        ...

    def set_aside(self) -> AbstractContextManager[None]:
        """Take the trained change off the model while inside, so that a file can be worn."""
        ...

    def add_pull(self) -> None:
        """Add to the gradients what does not come from pictures; reads nothing back."""
        ...


def snapshot(method: Method) -> Weights:
    """Return a copy of what is trained, on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in method.parameters.items()}


def restore(method: Method, weights: Mapping[str, Tensor]) -> None:
    """Put a copy of ``snapshot`` back into the model."""
    for name, parameter in method.parameters.items():
        parameter.data.copy_(weights[name])
