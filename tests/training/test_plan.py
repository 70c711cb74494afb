"""How a training uses the machine: the table of plans, and the way down when memory is short."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from textinv_app.domain.concept import Family
from textinv_app.models.catalog import catalog
from textinv_app.training.plan import (
    Machine,
    Plan,
    PlanRequest,
    describe,
    ladder,
    make_plan,
    needed_bytes,
    peak_bytes,
    smaller_plan,
    usable_cores,
)
from textinv_app.training.this_machine import free_memory_bytes

GIGABYTE = 10**9


def gpu(free_gigabytes: float, has_bf16: bool = True) -> Machine:
    """Return a machine with a graphics card."""
    return Machine(
        has_cuda=True, free_bytes=int(free_gigabytes * GIGABYTE), has_bf16=has_bf16, num_cores=2
    )


def request(family: Family, **changes: Any) -> PlanRequest:
    """Return what is to be trained: an embedding at the family's own size, four pictures a step."""
    sides = {"crayon": 128, "sd1": 512, "sd2": 768, "sdxl": 1024}
    fields: dict[str, Any] = {
        "family": family,
        "method": "embedding",
        "resolution_pixels": sides[family],
        "batch_size": 4,
    }
    return PlanRequest(**(fields | changes))


@pytest.mark.parametrize(
    ("family", "free_gigabytes", "changes", "expected"),
    [
        # Pictures at a time, recomputing, graph, fp8 storage and tiles.
        ("crayon", 2, {}, (4, False, True, False)),
        ("sd1", 24, {}, (4, False, True, False)),
        # A 4 GB card has about 3.9 free: one picture at a time, nothing computed twice.
        ("sd1", 3.9, {}, (1, False, True, False)),
        ("sd1", 24, {"method": "lora"}, (4, False, True, False)),
        ("sd2", 24, {}, (4, False, True, False)),
        ("sdxl", 80, {}, (4, False, True, False)),
        ("sdxl", 16, {}, (1, False, True, False)),
        ("sdxl", 11, {}, (4, True, True, False)),
        ("sdxl", 11, {"resolution_pixels": 512}, (2, False, True, False)),
        ("sdxl", 8.4, {}, (1, True, False, False)),
        # An 8 GB card has about 7.6 free.
        ("sdxl", 7.6, {}, (1, True, False, True)),
        ("sdxl", 6, {}, (1, True, False, True)),
        # Prodigy cannot be recorded, and never moves an embedding.
        ("sd1", 24, {"optimizer": "prodigy"}, (4, False, True, False)),
        ("sd1", 24, {"method": "lora", "optimizer": "prodigy"}, (4, False, False, False)),
    ],
)
def test_the_plan_on_a_gpu(
    family: Family,
    free_gigabytes: float,
    changes: dict[str, Any],
    expected: tuple[int, bool, bool, bool],
) -> None:
    plan = make_plan(request(family, **changes), gpu(free_gigabytes))
    assert (
        plan.micro_batch_size,
        plan.gradient_checkpointing,
        plan.cuda_graph,
        plan.fp8_storage,
    ) == expected
    assert plan.weights == "bf16"
    assert plan.tiled_vae == (not plan.cuda_graph and plan.gradient_checkpointing)


@pytest.mark.parametrize(
    ("family", "has_bf16", "wished", "weights"),
    [
        ("crayon", True, "auto", "fp32"),
        ("sd1", True, "auto", "bf16"),
        ("sd1", False, "auto", "fp32"),
        ("crayon", False, "bf16", "bf16"),
        # Emulated on CPUs, a hundred times slower.
        ("sd1", False, "fp16", "fp32"),
    ],
)
def test_the_number_type_on_a_cpu(
    family: Family, has_bf16: bool, wished: Any, weights: str
) -> None:
    machine = Machine(has_bf16=has_bf16, num_cores=2)
    plan = make_plan(request(family, mixed_precision=wished), machine)
    assert (plan.device, plan.weights, plan.num_threads) == ("cpu", weights, 2)
    assert not plan.cuda_graph


def test_old_gpus_get_fp16() -> None:
    assert make_plan(request("sd1"), gpu(16, has_bf16=False)).weights == "fp16"


def test_memory_that_is_not_known_is_enough() -> None:
    assert make_plan(request("sdxl"), Machine()).micro_batch_size == 4


@pytest.mark.parametrize("family", ["crayon", "sd1", "sd2", "sdxl"])
@pytest.mark.parametrize("machine", [gpu(80), Machine(num_cores=2)])
def test_every_plan_of_the_way_down_needs_less(family: Family, machine: Machine) -> None:
    wish = request(family)
    plans = ladder(wish, machine)
    assert (plans[0].micro_batch_size, plans[0].gradient_checkpointing) == (4, False)
    seen: list[Plan] = []
    plan: Plan | None = plans[0]
    while plan is not None:
        seen.append(plan)
        plan = smaller_plan(wish, machine, plan)
    assert seen == list(plans)
    peaks = [plan.peak_bytes for plan in seen]
    assert peaks == sorted(peaks, reverse=True)
    assert seen[-1].fp8_storage == machine.has_cuda


def test_the_way_down_keeps_threads_and_number_type() -> None:
    plan = make_plan(request("crayon"), Machine(num_cores=1))
    smaller = smaller_plan(request("crayon"), Machine(num_cores=8, has_bf16=True), plan)
    assert smaller is not None
    assert (smaller.num_threads, smaller.weights) == (1, "fp32")
    # A run begun before pictures were computed side by side goes on as it was.
    begun = replace(plan, side_by_side=False)
    later = smaller_plan(request("crayon"), Machine(num_cores=8), begun)
    assert later is not None
    assert not later.side_by_side


def test_what_could_not_be_recorded_is_not_recorded_further_down() -> None:
    refused: Plan | None = replace(make_plan(request("sdxl"), gpu(80)), cuda_graph=False)
    sizes = []
    while refused is not None:
        assert not refused.cuda_graph
        sizes.append(needed_bytes(refused))
        refused = smaller_plan(request("sdxl"), gpu(80), refused)
    assert sizes == sorted(set(sizes), reverse=True)
    assert len(sizes) > 3


def test_only_a_small_model_on_a_cpu_computes_pictures_side_by_side() -> None:
    machine = Machine(num_cores=2)
    assert make_plan(request("crayon"), machine).side_by_side
    assert not make_plan(request("sd1"), machine).side_by_side
    assert not make_plan(request("crayon"), gpu(24)).side_by_side


def test_the_smallest_plans_are_as_small_as_promised() -> None:
    peaks = {family: ladder(request(family), gpu(80)) for family in ("sd1", "sdxl")}
    one_at_a_time = next(plan for plan in peaks["sd1"] if plan.micro_batch_size == 1)
    assert one_at_a_time.peak_bytes < 3.6 * GIGABYTE
    recomputing = [plan for plan in peaks["sdxl"] if plan.gradient_checkpointing]
    smallest_recorded = [plan for plan in recomputing if plan.cuda_graph][-1]
    assert smallest_recorded.peak_bytes < 8.2 * GIGABYTE
    assert peaks["sdxl"][-1].peak_bytes < 6.0 * GIGABYTE


@pytest.mark.parametrize(
    ("model_id", "smallest_card_bytes"),
    # As nvidia-smi tells the memory of cards of 4 and 8 GB.
    [("sd15", 4096 << 20), ("sd21", 4096 << 20), ("sdxl", 8192 << 20)],
)
def test_the_catalogue_asks_for_what_the_smallest_plan_needs(
    model_id: str, smallest_card_bytes: int, tmp_path: Path
) -> None:
    (entry,) = (entry for entry in catalog(tmp_path) if entry.model_id == model_id)
    demanding = request(entry.family, method="lora", rank=16)
    smallest = ladder(demanding, gpu(smallest_card_bytes / GIGABYTE))[-1]
    never_free = 0.8 * GIGABYTE
    needed = needed_bytes(smallest) + never_free
    assert entry.train_memory_bytes == pytest.approx(needed, abs=0.05 * GIGABYTE)
    assert entry.train_memory_bytes <= smallest_card_bytes


def test_a_plan_in_words() -> None:
    text = describe(make_plan(request("sdxl"), gpu(7.6)))
    assert text.startswith("cuda in bf16, 1 at a time, recomputing, weights stored in fp8")
    assert describe(make_plan(request("crayon"), Machine(num_cores=2))).count("2 threads") == 1


@pytest.mark.parametrize(
    ("limit", "cores"),
    [("200000 100000", 2), ("50000 100000", 1), ("1600000 100000", 8), ("max 100000", 8), ("", 8)],
)
def test_cores_are_counted_within_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    limit_file = tmp_path / "cpu.max"
    limit_file.write_text(limit, encoding="ascii")
    assert usable_cores(limit_file) == cores
    assert usable_cores(tmp_path / "missing") == 8


def test_free_memory_is_read(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 8000 kB\nMemAvailable:    2000 kB\n", encoding="ascii")
    assert free_memory_bytes(meminfo) == 2000 * 1024
    assert free_memory_bytes(tmp_path / "missing") == 0


@pytest.mark.parametrize(
    ("family", "changes", "plan", "counted"),
    [
        # Rows of ``python -m tests.benchmarks.memory``, in GB.
        ("sd1", {}, {}, 2.75),
        ("sd1", {}, {"micro_batch_size": 4}, 5.10),
        ("sd1", {}, {"gradient_checkpointing": True}, 2.21),
        ("sd1", {"method": "lora", "rank": 16}, {"micro_batch_size": 4}, 5.79),
        ("sd2", {}, {}, 4.09),
        ("sdxl", {}, {}, 12.22),
        ("sdxl", {}, {"micro_batch_size": 4}, 28.59),
        ("sdxl", {}, {"gradient_checkpointing": True}, 7.49),
        ("sdxl", {}, {"gradient_checkpointing": True, "fp8_storage": True}, 5.34),
        ("sdxl", {"method": "lora", "rank": 16}, {}, 13.9),
    ],
)
def test_the_formula_gives_the_counted_memory(
    family: Family, changes: dict[str, Any], plan: dict[str, Any], counted: float
) -> None:
    fields: dict[str, Any] = {"device": "cuda", "weights": "bf16", "micro_batch_size": 1}
    estimated = peak_bytes(Plan(**(fields | plan)), request(family, **changes))
    assert estimated == pytest.approx(counted * GIGABYTE, rel=0.04)
