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
from textinv_app.crayon.team import Team

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Momentum with orthogonal updates for matrices and convolution kernels.

    A team shares the work: each member makes some of the matrices orthogonal for all.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        momentum: float,
        weight_decay: float = 0.0,
        team: Team | None = None,
    ) -> None:
        """Optimise parameters of at least two dimensions; the first counts as the rows.

        Each step takes `lr * weight_decay` of every weight away (Loshchilov, Hutter 2019): without,
        updates of one size let the weights grow for as long as the training lasts.
        """
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(parameters, defaults)
        self._team = team or Team()

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        del closure
        for group in self.param_groups:
            moved = [parameter for parameter in group["params"] if parameter.grad is not None]
            matrices = [self._with_momentum(one, group["momentum"]).flatten(1) for one in moved]
            updates = self._team.share_work(orthogonal, matrices, _cost)
            for parameter, update in zip(moved, updates, strict=True):
                scale = max(1.0, update.shape[0] / update.shape[1]) ** 0.5
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update.view_as(parameter), alpha=-group["lr"] * scale)

    def _with_momentum(self, parameter: nn.Parameter, momentum: float) -> Tensor:
        """Return the gradient moved by what earlier ones were (Nesterov)."""
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        gradient = parameter.grad
        if gradient is None:
            raise ValueError("a parameter without a gradient is not moved")
        average: Tensor = state["momentum"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(average, momentum)


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """Return a nearly orthogonal matrix with the same row and column spaces, in float32.

    A long matrix in float32 is multiplied once only: the steps depend on its small square product
    with itself alone, and are gathered there.
    """
    work = matrix.to(compute_type(matrix.device.type))
    tall = work.shape[0] > work.shape[1]
    if tall:
        work = work.T
    work = work / (work.norm() + 1e-7)
    if work.dtype is torch.float32 and work.shape[1] > 2 * work.shape[0]:
        work = _gathered_steps(work @ work.T, steps) @ work
    else:
        for _ in range(steps):
            work = _newton_schulz(work @ work.T) @ work
    result: Tensor = (work.T if tall else work).float()
    return result


def _newton_schulz(gram: Tensor) -> Tensor:
    """Return what a matrix with this product with itself is multiplied by in one step."""
    first, second, third = _NEWTON_SCHULZ
    factor = second * gram + third * gram @ gram
    factor.diagonal().add_(first)
    return factor


def _gathered_steps(gram: Tensor, steps: int) -> Tensor:
    """Return the product of the factors of all steps."""
    product = _newton_schulz(gram)
    for _ in range(steps - 1):
        factor = _newton_schulz(product @ gram @ product.T)
        product = factor @ product
    return product


def _cost(matrix: Tensor) -> int:
    rows, columns = sorted(matrix.shape)
    return rows * rows * (columns + 8 * rows)


class Optimisers:
    """Muon and AdamW over one model, stepped, scheduled and saved together."""

    def __init__(
        self,
        model: nn.Module,
        *,
        muon_lr: float,
        adam_lr: float,
        adam_names: Sequence[str],
        weight_decay: float = 0.0,
        team: Team | None = None,
    ) -> None:
        """Give matrices to Muon, but those whose name contains one of `adam_names` to AdamW.

        The weight decay is Muon's; AdamW has none.
        """
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
            muon = Muon(matrices, lr=muon_lr, momentum=0.95, weight_decay=weight_decay, team=team)
            self._parts.append(muon)
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
