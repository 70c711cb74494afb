"""Optimizers: which numbers move at which rate, and their state for checkpoints.

Every optimizer here makes its step without reading a number back from the device, but for Prodigy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

_SMALLEST = 1e-12
_GROUP = "group"
_NUMBERS_OF_A_STEP = ("d_denom", "d_hat")
"""What Prodigy notes in its group while it makes a step; absent before the first."""


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that are trained alike."""

    parameters: tuple[nn.Parameter, ...]
    peak_rate: float
    weight_decay: float = 0.0
    kind: Literal["adamw", "prodigy", "sphere"] = "adamw"
    prior: float = 0.0
    """Strength of the pull towards the starting direction (``sphere`` only)."""


class SphereDescent(torch.optim.Optimizer):
    """Steepest descent over directions: each row keeps the length it starts with.

    The gradient is projected onto the tangent space of the sphere and brought to unit length, so
    that the rate is the angle of a step in radians; a von Mises-Fisher prior of strength ``prior``
    pulls towards the direction the row starts with (arXiv 2512.13672).
    """

    def __init__(self, parameters: Sequence[nn.Parameter], lr: float, prior: float) -> None:
        super().__init__(parameters, {"lr": lr})
        self._prior = prior
        self._starts = [parameter.detach().clone() for parameter in parameters]

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every row along its sphere; there is no line search, so ``closure`` must be None."""
        if closure is not None:
            raise ValueError("this optimizer evaluates nothing by itself")
        (group,) = self.param_groups
        for rows, start in zip(group["params"], self._starts, strict=True):
            if rows.grad is None:
                continue
            length = start.norm(dim=-1, keepdim=True).clamp(min=_SMALLEST)
            direction = rows / length
            gradient = rows.grad * length - self._prior * (start / length)
            tangent = gradient - (gradient * direction).sum(dim=-1, keepdim=True) * direction
            tangent /= tangent.norm(dim=-1, keepdim=True).clamp(min=_SMALLEST)
            moved = direction - group["lr"] * tangent
            rows.copy_(moved * (length / moved.norm(dim=-1, keepdim=True).clamp(min=_SMALLEST)))


class TrainingOptimizer:
    """One optimizer for each group, used as if they were one."""

    def __init__(self, groups: Sequence[ParameterGroup], device: str) -> None:
        self.parameters = [parameter for group in groups for parameter in group.parameters]
        self._peak_rates = [group.peak_rate for group in groups]
        self._optimizers = [_make(group, device) for group in groups]

    def set_rates(self, share: float) -> None:
        """Set every rate to ``share`` of its peak; reads nothing back."""
        for optimizer, peak_rate in zip(self._optimizers, self._peak_rates, strict=True):
            for group in optimizer.param_groups:
                if isinstance(group["lr"], Tensor):
                    group["lr"].fill_(peak_rate * share)
                else:
                    group["lr"] = peak_rate * share

    def forget_gradients(self) -> None:
        """Drop the gradients of the last step."""
        for optimizer in self._optimizers:
            optimizer.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Move all parameters by their gradients."""
        for optimizer in self._optimizers:
            optimizer.step()

    def state(self) -> dict[str, Tensor]:
        """Return copies of all state on the CPU by flat names."""
        flat: dict[str, Tensor] = {}
        for number, optimizer in enumerate(self._optimizers):
            whole = optimizer.state_dict()
            for parameter, entries in whole["state"].items():
                for name, value in entries.items():
                    key = f"{number}.{parameter}.{name}"
                    flat[key] = torch.as_tensor(value).detach().cpu().clone()
            for name in _numbers_of(optimizer):
                value = optimizer.param_groups[0][name]
                flat[f"{number}.{_GROUP}.{name}"] = torch.tensor(value, dtype=torch.float64)
        return flat

    def restore(self, flat: Mapping[str, Tensor]) -> None:
        """Put back what ``state`` returned; an empty mapping makes the optimizers new.

        The tensors inside are new ones afterwards.
        """
        for number, optimizer in enumerate(self._optimizers):
            state: dict[int, dict[str, Tensor]] = {}
            groups = optimizer.state_dict()["param_groups"]
            for name in _NUMBERS_OF_A_STEP:
                groups[0].pop(name, None)
            for key, value in flat.items():
                at, parameter, name = key.split(".", 2)
                if int(at) != number:
                    continue
                if parameter == _GROUP:
                    groups[0][name] = float(value)
                else:
                    state.setdefault(int(parameter), {})[name] = value.clone()
            if not flat:
                _reset_numbers(groups[0])
            optimizer.load_state_dict({"state": state, "param_groups": groups})

    def overwrite(self, flat: Mapping[str, Tensor]) -> None:
        """Put ``flat`` into the tensors that are there, which keep their place in memory.

        What ``flat`` lacks becomes zero, as it was before the first step.
        """
        for number, optimizer in enumerate(self._optimizers):
            for parameter, entries in optimizer.state_dict()["state"].items():
                for name, tensor in entries.items():
                    value = flat.get(f"{number}.{parameter}.{name}")
                    if value is None:
                        tensor.zero_()
                    else:
                        tensor.copy_(value)


def _make(group: ParameterGroup, device: str) -> torch.optim.Optimizer:
    if group.kind == "sphere":
        optimizer: torch.optim.Optimizer = SphereDescent(
            group.parameters, lr=group.peak_rate, prior=group.prior
        )
        if device != "cpu":
            optimizer.param_groups[0]["lr"] = torch.tensor(group.peak_rate, device=device)
        return optimizer
    if group.kind == "prodigy":
        # It brings torch.distributed along, which takes a while and is rarely needed.
        from prodigyopt import Prodigy

        optimizer = Prodigy(
            list(group.parameters),
            lr=group.peak_rate,
            use_bias_correction=True,
            safeguard_warmup=True,
        )
        # Given to the constructor it prints a line.
        optimizer.param_groups[0]["weight_decay"] = group.weight_decay
        return optimizer
    if device == "cpu":
        return torch.optim.AdamW(
            group.parameters, lr=group.peak_rate, weight_decay=group.weight_decay, fused=True
        )
    return torch.optim.AdamW(
        group.parameters,
        lr=torch.tensor(group.peak_rate, device=device),
        weight_decay=group.weight_decay,
        fused=True,
        capturable=True,
    )


def _numbers_of(optimizer: torch.optim.Optimizer) -> tuple[str, ...]:
    """Return the names of what Prodigy keeps in its group: its estimate of the distance."""
    names = ("d", "d_max", "d_numerator", "k", *_NUMBERS_OF_A_STEP)
    return tuple(name for name in names if name in optimizer.param_groups[0])


def _reset_numbers(group: dict[str, Any]) -> None:
    if "d0" in group:
        group |= {"d": group["d0"], "d_max": group["d0"], "d_numerator": 0.0, "k": 0}
