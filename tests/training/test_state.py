"""Checkpoints: whole or noticed, and the one before is always there."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from textinv_app.training.plan import Plan
from textinv_app.training.state import (
    DamagedCheckpoint,
    Judgement,
    Progress,
    TrainState,
    checkpoint_path,
    decode_state,
    encode_state,
    load_newest,
    save_checkpoint,
)


def state_at(step: int) -> TrainState:
    """Return a small state with something in every field."""
    best = Judgement(step, 0.25, 61.5, None)
    generator = torch.Generator().manual_seed(step)
    return TrainState(
        progress=Progress(
            step=step,
            rate_factor=0.5,
            elapsed_seconds=12.5,
            validations=((0, 0.5), (step, 0.25)),
            judgements=(Judgement(0, 0.5, 10.0, 0.2), best),
            best=best,
            finished_because="max_steps",
        ),
        plan=Plan("cpu", "bf16", 3, gradient_checkpointing=True, num_threads=2),
        weights={"rows": torch.randn(2, 8, generator=generator)},
        best_weights={"rows": torch.randn(2, 8, generator=generator)},
        optimizer={
            "0.exp_avg": torch.randn(2, 8, generator=generator),
            "0.step": torch.tensor(4.0),
        },
    )


def same(first: TrainState, second: TrainState) -> bool:
    """Tell whether two states are equal, tensors bit for bit."""
    tensors = (
        (first.weights, second.weights),
        (first.best_weights, second.best_weights),
        (first.optimizer, second.optimizer),
    )
    return (
        first.progress == second.progress
        and first.plan == second.plan
        and all(
            sorted(a) == sorted(b) and all(torch.equal(a[name], b[name]) for name in a)
            for a, b in tensors
        )
    )


def test_a_state_comes_back_whole() -> None:
    state = state_at(40)
    assert same(decode_state(encode_state(state)), state)


def test_every_flipped_byte_and_every_cut_is_noticed() -> None:
    data = encode_state(state_at(40))
    chooser = random.Random(5)
    for place in chooser.sample(range(len(data)), 64):
        flipped = bytearray(data)
        flipped[place] ^= 1 << chooser.randrange(8)
        with pytest.raises(DamagedCheckpoint):
            decode_state(bytes(flipped))
    for length in chooser.sample(range(len(data)), 16):
        with pytest.raises(DamagedCheckpoint):
            decode_state(data[:length])


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    for step in (10, 20, 30):
        save_checkpoint(tmp_path / "checkpoints", encode_state(state_at(step)), step)
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert names == ["step-000020.ckpt", "step-000030.ckpt"]


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    for step in (10, 20):
        save_checkpoint(tmp_path, encode_state(state_at(step)), step)
    newest = checkpoint_path(tmp_path, 20)
    newest.write_bytes(newest.read_bytes()[:-100])
    (tmp_path / ".tmp-0123-step-000030.ckpt").write_bytes(b"half written")
    state, damaged = load_newest(tmp_path)
    assert state is not None
    assert same(state, state_at(10))
    assert damaged == [newest]
    assert [path.name for path in tmp_path.iterdir()] == ["step-000010.ckpt"]


def test_damaged_checkpoints_of_later_steps_do_not_displace_new_ones(tmp_path: Path) -> None:
    """Each new one was removed as it was written, and the training began anew for ever."""
    for step in (95, 100):
        checkpoint_path(tmp_path, step).write_bytes(b"damaged")
    state, damaged = load_newest(tmp_path)
    assert state is None
    assert [path.name for path in damaged] == ["step-000100.ckpt", "step-000095.ckpt"]
    assert save_checkpoint(tmp_path, encode_state(state_at(5)), 5).exists()
    state, damaged = load_newest(tmp_path)
    assert state is not None
    assert same(state, state_at(5))
    assert damaged == []


def test_no_checkpoint_is_no_state(tmp_path: Path) -> None:
    assert load_newest(tmp_path / "missing") == (None, [])


def test_a_state_with_a_nan_says_so() -> None:
    state = state_at(10)
    assert state.is_finite()
    state.optimizer["0.exp_avg"][0, 0] = float("nan")
    assert not state.is_finite()
