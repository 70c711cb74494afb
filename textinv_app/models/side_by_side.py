"""A small UNet on a CPU: the pictures of a batch side by side, each on its share of the threads.

Threads that share a small layer wait for each other longer than they compute. Threads that have a
picture each meet only at the end, so a step of four pictures takes about three quarters of the time
on two cores (``python -m tests.benchmarks.threads``). What is computed stays the same,
apart from rounding, and is the same every time for a number of threads.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

Result = TypeVar("Result")


class SideBySide:
    """Calls a UNet as it is called itself, for parts of the batch at the same time."""

    def __init__(self, forward: Callable[..., Any], trained: Sequence[Tensor] = ()) -> None:
        """``trained`` are the parameters inside the UNet that a gradient has to reach."""
        self._forward = forward
        self._trained = tuple(trained)

    def __call__(
        self, sample: Tensor, timestep: Any, encoder_hidden_states: Tensor, **options: Any
    ) -> tuple[Tensor]:
        """Return the prediction ``[batch, channels, height, width]``, alone in a tuple.

        The gradient reaches ``encoder_hidden_states`` and what is trained. Raises what the UNet
        raises, once every part has ended.
        """
        call = _Call(self._forward, sample, timestep, options | {"return_dict": False})
        if len(call.parts) == 1:
            return (call.make(slice(None), encoder_hidden_states),)
        if not torch.is_grad_enabled():
            part = _without_gradient(call, encoder_hidden_states)
            return (torch.cat(_together(call.parts, part)),)
        predicted: Tensor = _Parts.apply(  # type: ignore[no-untyped-call]
            call, encoder_hidden_states, *self._trained
        )
        return (predicted,)


@contextmanager
def computing_side_by_side(unet: Any) -> Iterator[None]:
    """Let a UNet compute the pictures of a batch side by side while inside, without a gradient."""
    forward, is_own = unet.forward, "forward" in vars(unet)
    unet.forward = SideBySide(forward)
    try:
        yield
    finally:
        if is_own:
            unet.forward = forward
        else:
            # What the object has of its own hides the method of its class.
            del unet.forward


@dataclass(frozen=True)
class _Call:
    """One call of the UNet, all but what the gradient goes through."""

    forward: Callable[..., Any]
    sample: Tensor
    timestep: Any
    options: dict[str, Any]

    @functools.cached_property
    def parts(self) -> list[slice]:
        """The pictures of each part, as even as can be, at most one part for each thread."""
        count = len(self.sample)
        num_parts = max(1, min(count, torch.get_num_threads()))
        ends = [count * number // num_parts for number in range(num_parts + 1)]
        return [slice(start, end) for start, end in itertools.pairwise(ends)]

    def make(self, rows: slice, hidden_states: Tensor) -> Tensor:
        """Return the prediction for some pictures; ``hidden_states`` are theirs already."""
        predicted: Tensor = self.forward(
            self.sample[rows],
            self._rows(self.timestep, rows),
            encoder_hidden_states=hidden_states,
            **self._rows(self.options, rows),
        )[0]
        return predicted

    def _rows(self, value: Any, rows: slice) -> Any:
        """Take the pictures' share of whatever there is one of for each picture."""
        if isinstance(value, dict):
            return {name: self._rows(entry, rows) for name, entry in value.items()}
        if isinstance(value, Tensor) and value.ndim and len(value) == len(self.sample):
            return value[rows]
        return value


class _Parts(torch.autograd.Function):
    """The parts as one operation; each keeps its own graph, and goes back over it by itself."""

    @staticmethod
    def forward(ctx: Any, call: _Call, hidden_states: Tensor, *trained: Tensor) -> Tensor:
        """Predict every part, and keep the graphs."""
        needs_gradient = hidden_states.requires_grad

        def part(rows: slice) -> tuple[Tensor, Tensor]:
            with torch.enable_grad():
                own = hidden_states[rows].detach().requires_grad_(needs_gradient)
                return call.make(rows, own), own

        ctx.call, ctx.trained = call, trained
        ctx.made = _together(call.parts, part)
        return torch.cat([predicted.detach() for predicted, _ in ctx.made])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of the text states and of what is trained, parts added in order."""
        rows_of_part = ctx.call.parts
        through_text = ctx.made[0][1].requires_grad

        def part(number: int) -> tuple[Tensor | None, ...]:
            predicted, own = ctx.made[number]
            into = (own, *ctx.trained) if through_text else ctx.trained
            return torch.autograd.grad(
                predicted, into, gradient[rows_of_part[number]], allow_unused=True
            )

        found = _together(range(len(rows_of_part)), part)
        ctx.made = ()
        of_text = None
        if through_text:
            of_text = torch.cat([each[0] for each in found if each[0] is not None])
        of_trained = zip(*(each[through_text:] for each in found), strict=True)
        return (None, of_text, *(_sum(column) for column in of_trained))


def _without_gradient(call: _Call, hidden_states: Tensor) -> Callable[[slice], Tensor]:
    def part(rows: slice) -> Tensor:
        # Whether gradients are kept is a setting of each thread.
        with torch.no_grad():
            return call.make(rows, hidden_states[rows])

    return part


def _together(parts: Sequence[Any], work: Callable[[Any], Result]) -> list[Result]:
    """Work on all parts at once, and return the results in their order."""
    num_threads = torch.get_num_threads()
    threads_each = max(1, num_threads // len(parts))

    def one(part: Any) -> Result:
        torch.set_num_threads(threads_each)
        return work(part)

    pool = _pool(len(parts))
    started = [pool.submit(one, part) for part in parts]
    # All of them, also where one failed: none may go on behind the back of whoever cleans up.
    wait(started)
    # One of the libraries inside has a single number for the whole process.
    torch.set_num_threads(num_threads)
    return [each.result() for each in started]


@functools.cache
def _pool(num_workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(num_workers, thread_name_prefix="petname-part")


def _sum(gradients: Sequence[Tensor | None]) -> Tensor | None:
    there = [gradient for gradient in gradients if gradient is not None]
    if not there:
        return None
    total = there[0]
    for gradient in there[1:]:
        total = total + gradient
    return total
