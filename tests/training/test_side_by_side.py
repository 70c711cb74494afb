"""Pictures computed side by side: the same numbers, every time, and nothing left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.conftest import ModelOf
from tests.training.test_trainer import PLAN, trainer_of
from textinv_app.domain.concept import TrainingMethod
from textinv_app.drawing.artist import Artist, DrawingTask
from textinv_app.models.loading import load
from textinv_app.models.side_by_side import SideBySide

SIDE_BY_SIDE = replace(PLAN, micro_batch_size=3, num_threads=2, side_by_side=True)
TOGETHER = replace(SIDE_BY_SIDE, side_by_side=False)


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """Give the tests two threads, whatever the machine has."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def taught(method: TrainingMethod, plan: Any, num_steps: int = 3) -> tuple[Any, list[float]]:
    """Return what some steps of three pictures have taught, and their losses."""
    trainer, _ = trainer_of(method, batch_size=3, plan=plan)
    losses = [trainer.make_step() for _ in range(num_steps)]
    return trainer.weights(), [*losses, trainer.validation_loss()]


@pytest.mark.parametrize("method", ["embedding", "lora", "pivotal"])
def test_training_side_by_side_teaches_the_same(method: TrainingMethod) -> None:
    wanted, losses = taught(method, TOGETHER)
    start, _ = taught(method, TOGETHER, num_steps=0)
    found, found_losses = taught(method, SIDE_BY_SIDE)
    assert found_losses == pytest.approx(losses, rel=1e-5)
    for name, value in wanted.items():
        moved = (value - start[name]).abs().max()
        assert moved > 0, name
        assert (found[name] - value).abs().max() < 0.01 * moved, name


@pytest.mark.parametrize("method", ["embedding", "lora"])
def test_training_side_by_side_is_the_same_every_time(method: TrainingMethod) -> None:
    first, losses = taught(method, SIDE_BY_SIDE)
    again, losses_again = taught(method, SIDE_BY_SIDE)
    assert losses == losses_again
    assert all(torch.equal(value, again[name]) for name, value in first.items())


def test_pictures_drawn_side_by_side_are_the_pictures(model_of: ModelOf) -> None:
    model = load(model_of("crayon"))
    task = DrawingTask("a dog", seeds=(1, 2, 3), num_inference_steps=4, resolution_pixels=64)
    side_by_side = Artist(model).draw(task)
    assert "forward" not in vars(model.unet)
    torch.set_num_threads(1)
    for drawn, wanted in zip(side_by_side, Artist(model).draw(task), strict=True):
        difference = np.abs(np.asarray(drawn, dtype=float) - np.asarray(wanted, dtype=float))
        assert difference.max() <= 1
    assert np.asarray(side_by_side[0]).tolist() != np.asarray(side_by_side[1]).tolist()


def test_what_one_part_raises_is_raised_once_the_other_has_ended() -> None:
    has_ended = threading.Event()

    def forward(sample: Tensor, *_given: Any, **_options: Any) -> tuple[Tensor]:
        if sample[0, 0] == 0:
            raise RuntimeError("this part failed")
        assert not has_ended.wait(0.2)
        has_ended.set()
        return (sample,)

    with torch.no_grad(), pytest.raises(RuntimeError, match="this part failed"):
        SideBySide(forward)(torch.arange(4.0)[:, None], 0, torch.zeros(4, 1, 1))
    assert has_ended.is_set()
    assert torch.get_num_threads() == 2
