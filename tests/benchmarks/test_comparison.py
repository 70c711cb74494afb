"""The benchmark compares like with like: its own arithmetic, and equal batches on both sides."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from tests.benchmarks.cases import Case, script_for
from tests.benchmarks.equality import largest_difference
from tests.benchmarks.likeness_time import TOLERANCE, Point, smoothed, time_to
from tests.benchmarks.models import model_ref
from tests.benchmarks.photos import photo_folder
from tests.benchmarks.product import Product
from tests.benchmarks.reference import Enough, Variables, arguments_for, run_script
from tests.benchmarks.step_profile import ByteCounter, count_operations
from tests.benchmarks.training import Spread

REFERENCE = os.environ.get("PETNAME_REFERENCE", "")
"""Folder of the reference scripts, for instance diffusers' ``examples``."""

with_reference = pytest.mark.skipif(
    not REFERENCE, reason="PETNAME_REFERENCE names no folder of reference scripts"
)


def curve_of(*likeness: float) -> list[Point]:
    """Return a curve with an examination every ten seconds."""
    return [
        Point(10.0 * number, number, value, 0.0) for number, value in enumerate(likeness, start=1)
    ]


def test_a_lucky_picture_is_no_likeness() -> None:
    lucky, steady = curve_of(20, 50, 20, 20), curve_of(20, 30, 40, 50, 50)
    wanted = max(smoothed(lucky)) - TOLERANCE
    assert max(smoothed(lucky)) == pytest.approx(35)
    found = time_to(steady, wanted)
    assert found is not None
    assert found.seconds == 40.0
    assert time_to(steady, 60) is None


def test_spread_of_pairs() -> None:
    assert Spread.of([4.0, 1.0, 3.0, 2.0, 5.0]) == Spread(3.0, 2.0, 4.0)
    assert Spread.of([2.0]) == Spread(2.0, 2.0, 2.0)


def test_operations_and_bytes_are_counted_forward_and_backward() -> None:
    first = torch.randn(8, 16, requires_grad=True)
    query, key, value = (torch.randn(1, 2, 32, 8, requires_grad=True) for _ in range(3))
    pixels, weight = torch.randn(1, 4, 16, 16), torch.randn(6, 4, 3, 3)

    def work() -> None:
        (first @ torch.ones(16, 4)).sum().backward()
        functional.scaled_dot_product_attention(query, key, value).sum().backward()
        functional.conv2d(pixels, weight, padding=1)

    convolutions, products = count_operations(work)
    assert convolutions == 2 * 16 * 16 * 6 * 4 * 9
    # One product forward, one for the gradient of its first factor.
    scores = 2 * 2 * 32 * 32 * 8
    assert products == 2 * (2 * 8 * 16 * 4) + 2 * scores + 5 * scores
    with ByteCounter() as counted:
        torch.zeros(1000).add_(1.0)
        first.detach().view(-1)
    assert counted.other_bytes >= 3 * 4000
    assert counted.compute_bytes == 0


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A tiny case; generated models and photos go into the test's own folder."""
    script = script_for(Path(REFERENCE), "sd1", "embedding")
    photos = str(photo_folder("512px", tmp_path))
    return Case("tiny", "embedding", str(script), photos, 2, steps=3, work=str(tmp_path))


@with_reference
def test_both_unets_see_batches_of_the_same_kind(case: Case, tmp_path: Path) -> None:
    ours = Product.prepare(case, tmp_path / "run")
    seen: dict[str, list[Any]] = {"ours": [], "reference": []}

    def note(side: str) -> Any:
        def hook(_unet: Any, given: Any, named: Any) -> None:
            states = given[2] if len(given) > 2 else named["encoder_hidden_states"]
            shapes = [tuple(tensor.shape) for tensor in (given[0], given[1], states)]
            seen[side].append((shapes, given[0].dtype, states.dtype, torch.get_num_threads()))

        return hook

    ours.session.trainer._materials.unet.register_forward_pre_hook(note("ours"), with_kwargs=True)

    def after_step(variables: Variables) -> None:
        unet = variables["unet"]
        if not unet._forward_pre_hooks:
            unet.register_forward_pre_hook(note("reference"), with_kwargs=True)
            return
        ours.step()
        if len(seen["ours"]) == 2:
            raise Enough

    model = model_ref(case.model, tmp_path).source
    run_script(Path(case.script), arguments_for(case, model, tmp_path / "output"), after_step)
    assert len(seen["ours"]) == 2
    assert seen["ours"] == seen["reference"]
    assert {tuple(shapes[0]) for shapes, *_ in seen["ours"]} == {(2, 4, 8, 8)}


@with_reference
def test_equal_batches_lead_to_equal_vectors(case: Case, tmp_path: Path) -> None:
    found = largest_difference(replace(case, batch=1, steps=10), tmp_path / "equal")
    assert found["moved"] > 1e-3
    assert found["difference"] < 1e-6
