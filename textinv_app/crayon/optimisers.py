"""The optimiser of Crayon's trainings: Muon for matrices, AdamW for everything else.

Muon (K. Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) makes each weight matrix's
update orthogonal by a few Newton-Schulz steps. On a CPU, where pictures seen are what is scarce,
it reaches the same loss with fewer of them than AdamW.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from textinv_app.crayon.precision import compute_type

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Momentum with orthogonal updates for matrices and convolution kernels."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, momentum: float, weight_decay: float
    ) -> None:
        """Optimise parameters of at least two dimensions; the first counts as the rows."""
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        del closure
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(parameter)
                average = state["momentum"]
                average.lerp_(parameter.grad, 1 - group["momentum"])
                update = parameter.grad.lerp(average, group["momentum"])
                matrix = orthogonal(update.flatten(1))
                scale = max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(matrix.view_as(parameter), alpha=-group["lr"] * scale)


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """Return a nearly orthogonal matrix with the same row and column spaces, in float32."""
    first, second, third = _NEWTON_SCHULZ
    work = matrix.to(compute_type(matrix.device.type))
    tall = work.shape[0] > work.shape[1]
    if tall:
        work = work.T
    work = work / (work.norm() + 1e-7)
    for _ in range(steps):
        gram = work @ work.T
        work = first * work + (second * gram + third * gram @ gram) @ work
    result: Tensor = (work.T if tall else work).float()
    return result


class Optimisers:
    """Muon and AdamW over one model, stepped, scheduled and saved together."""

    def __init__(
        self, model: nn.Module, *, muon_lr: float, adam_lr: float, adam_names: Sequence[str]
    ) -> None:
        """Give matrices to Muon, but those whose name contains one of `adam_names` to AdamW."""
        matrices: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad:
                continue
            chosen = parameter.ndim >= 2 and not any(part in name for part in adam_names)
            (matrices if chosen and muon_lr > 0 else others).append(parameter)
        self._parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(others, lr=adam_lr, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
        ]
        if matrices:
            self._parts.append(Muon(matrices, lr=muon_lr, momentum=0.95, weight_decay=0.0))
        self._peaks = [[group["lr"] for group in part.param_groups] for part in self._parts]

    def step(self, scale: float) -> None:
        """Update the model at `scale` times the peak learning rates, and clear the gradients."""
        for part, peaks in zip(self._parts, self._peaks, strict=True):
            for group, peak in zip(part.param_groups, peaks, strict=True):
                group["lr"] = peak * scale
            part.step()
            part.zero_grad(set_to_none=True)

    def state(self) -> list[dict[str, Any]]:
        """Return what is needed to go on later."""
        return [part.state_dict() for part in self._parts]

    def restore(self, state: list[dict[str, Any]]) -> None:
        """Go on from a saved state."""
        for part, saved in zip(self._parts, state, strict=True):
            part.load_state_dict(saved)
