"""The loop that every stage of Crayon's training runs: resume, step, average, save."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import numpy as np
from torch import nn

from textinv_app.crayon.optimisers import Optimisers
from textinv_app.crayon.sittings import Average, Sitting
from textinv_app.crayon.team import Team

Model = TypeVar("Model", bound=nn.Module)
_MOST_GRADIENT_NORM = 1.0


@dataclasses.dataclass(frozen=True)
class Turn:
    """What a step may depend on."""

    rng: np.random.Generator
    """Of this step and this member of the team alone: a step taken again is the same."""
    share: float
    """How much of the budget is spent, 0..1, the same in the whole team."""


@dataclasses.dataclass(frozen=True)
class Done:
    """What a step has done, apart from the gradients it has left."""

    pictures: int
    losses: dict[str, float]


@dataclasses.dataclass(frozen=True)
class Pace:
    """How the learning rate moves over the budget, and from which seed chance comes."""

    seed: int
    warm_up_steps: int = 100
    decay_share: float = 0.35


class Course(abc.ABC, Generic[Model]):
    """A model with what trains it: what differs between the stages."""

    def __init__(
        self, model: Model, optimisers: Mapping[str, Optimisers], average_decay: float, pace: Pace
    ) -> None:
        """Take the model where it is; `optimisers` by the names they have in a checkpoint."""
        self.model = model
        self.optimisers = optimisers
        self.average = Average(model, average_decay)
        self.pace = pace

    @abc.abstractmethod
    def step(self, turn: Turn) -> Done:
        """Draw a batch and leave its gradients on the model."""

    def state(self) -> dict[str, Any]:
        """Return what is needed to go on later."""
        states = {name: one.state() for name, one in self.optimisers.items()}
        return {"model": self.model.state_dict(), "average": self.average.state(), **states}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        self.model.load_state_dict(state["model"])
        self.average.restore(state["average"])
        for name, one in self.optimisers.items():
            one.restore(state[name])


def train(course: Course[Any], sitting: Sitting, team: Team) -> None:
    """Train or go on training until the budget of the sitting is spent.

    The first member of the team keeps the averaged weights and writes the checkpoints. Raises
    ``SystemExit`` in a team whose build was ended, so that no checkpoint is written for nobody.
    """
    saved = sitting.saved()
    if saved is not None:
        course.restore(saved)
    pace = course.pace
    while not team.leader_says(float(sitting.over())):
        if team.is_orphaned:
            raise SystemExit("the build that started this was ended")
        rng = np.random.default_rng((pace.seed, sitting.progress.steps, team.rank))
        done = course.step(Turn(rng, team.leader_says(sitting.share())))
        team.average_gradients(course.model)
        nn.utils.clip_grad_norm_(course.model.parameters(), _MOST_GRADIENT_NORM)
        rate = team.leader_says(sitting.rate(pace.warm_up_steps, pace.decay_share))
        for optimisers in course.optimisers.values():
            optimisers.step(rate)
        sitting.step_done(done.pictures * team.size, done.losses, rate)
        if team.rank:
            continue
        course.average.update(course.model)
        if sitting.save_is_due():
            sitting.save(course.state())
