"""A team: several one-thread processes that train one model together.

Two processes with a thread each get more done on two cores than one process with two threads,
and far more when other programs use the cores as well, because they wait for each other once a
step instead of at every operation.
"""

from __future__ import annotations

import logging
import os
import signal
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.multiprocessing.spawn import start_processes


class Team:
    """The processes that train together; a team of one does nothing extra."""

    def __init__(self, rank: int = 0, size: int = 1, meeting_file: str = "") -> None:
        """Join the team as member `rank` of `size`, who meet by a file."""
        self.rank = rank
        self.size = size
        self._starter = os.getppid()
        if size > 1:
            dist.init_process_group(
                "gloo", init_method=f"file://{meeting_file}", rank=rank, world_size=size
            )

    def average_gradients(self, model: nn.Module) -> None:
        """Replace every gradient by its mean over the team."""
        if self.size == 1:
            return
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.size
        _pour(flat, gradients)

    def share_work(
        self,
        job: Callable[[Tensor], Tensor],
        items: Sequence[Tensor],
        cost: Callable[[Tensor], int],
    ) -> list[Tensor]:
        """Return the result of a job on each item, in every member, each having done a part.

        All members have the same items; a result has the shape of its item, and float32.
        """
        if self.size == 1:
            return [job(item) for item in items]
        owners = _dealt([cost(item) for item in items], self.size)
        results: list[Tensor] = [torch.empty_like(item) for item in items]
        for result, item, owner in zip(results, items, owners, strict=True):
            if owner == self.rank:
                result.copy_(job(item))
        for rank in range(self.size):
            parts = [one for one, owner in zip(results, owners, strict=True) if owner == rank]
            if not parts:
                continue
            flat = torch.cat([part.flatten() for part in parts])
            dist.broadcast(flat, rank)
            _pour(flat, parts)
        return results

    def leader_says(self, value: float) -> float:
        """Return the value that the first member passed, in every member."""
        if self.size == 1:
            return value
        said: Tensor = torch.tensor([value], dtype=torch.float64)
        dist.broadcast(said, 0)
        return float(said.item())

    def spread_weights(self, model: nn.Module) -> None:
        """Give every member the first member's weights."""
        if self.size > 1:
            for parameter in model.parameters():
                dist.broadcast(parameter.data, 0)

    @property
    def is_orphaned(self) -> bool:
        """Whether who started this member is gone, so that nobody wants its work any more."""
        return self.size > 1 and os.getppid() != self._starter

    def leave(self) -> None:
        """Leave the team."""
        if self.size > 1:
            dist.destroy_process_group()


def _pour(flat: Tensor, parts: Sequence[Tensor]) -> None:
    """Fill the parts, in order, from one long row of numbers."""
    start = 0
    for part in parts:
        end = start + part.numel()
        part.copy_(flat[start:end].view_as(part))
        start = end


def _dealt(costs: Sequence[int], size: int) -> list[int]:
    """Return who of the team takes each piece of work: the largest first, to who has least."""
    owners, loads = [0] * len(costs), [0] * size
    for index in sorted(range(len(costs)), key=lambda place: -costs[place]):
        owner = loads.index(min(loads))
        owners[index] = owner
        loads[owner] += costs[index]
    return owners


def gather_team(size: int, job: Callable[[Team], None]) -> None:
    """Run the job in a team of `size` new processes, or in this one where the size is 1.

    `job` must be importable by the new processes (a module-level function or a partial of one).
    When one member dies, the others are ended and an error is raised.
    """
    if size == 1:
        job(Team())
        return
    with tempfile.TemporaryDirectory() as folder:
        meeting_file = str(Path(folder) / "meeting")
        arguments = (size, meeting_file, job)
        start_processes(_member, arguments, nprocs=size, start_method="spawn")  # type: ignore[no-untyped-call]


def tell_progress(rank: int = 0) -> None:
    """Log to standard error, what goes on by the first member of a team only."""
    level = logging.INFO if rank == 0 else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(message)s")


def _member(rank: int, size: int, meeting_file: str, job: Callable[[Team], None]) -> None:
    tell_progress(rank)
    # torch has it sent where whoever started the team is gone; a shell's background ignores it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    team = Team(rank, size, meeting_file)
    job(team)
    team.leave()
