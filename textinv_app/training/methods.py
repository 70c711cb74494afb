"""What a training method is to the loop: trainable numbers, prompts, and a file at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from textinv_app.training.state import Weights
from textinv_app.training.text import Conditioning


class Method(Protocol):
    """A way to teach a word. All else in the loop is the same for every method."""

    @property
    def parameters(self) -> Mapping[str, nn.Parameter]:
        """What is trained, float32 on the device, in an order that never changes."""
        ...

    @property
    def weight_decay(self) -> float:
        """AdamW's decay for these parameters."""
        ...

    @property
    def num_prompts(self) -> int:
        """Number of training prompts; number 0 is the plain one that validation uses."""
        ...

    def condition(self, prompt_indices: Sequence[int]) -> Conditioning:
        """Return what the UNet reads for these prompts, with a gradient where one is needed."""
        ...

    def set_aside(self) -> AbstractContextManager[None]:
        """Take the trained change off the model while inside, so that a file can be worn."""
        ...

    def after_step(self) -> None:
        """Bring the parameters back to where they are allowed to be."""
        ...

    def write(self, path: Path, weights: Weights, metadata: Mapping[str, str]) -> None:
        """Write ``weights`` as the file that people download; raises ``OSError``."""
        ...


def snapshot(method: Method) -> Weights:
    """Return a copy of what is trained, on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in method.parameters.items()}


def restore(method: Method, weights: Mapping[str, Tensor]) -> None:
    """Put a copy of ``snapshot`` back into the model."""
    for name, parameter in method.parameters.items():
        parameter.data.copy_(weights[name])
