"""When a runner is kept ready, and that the library gives its run to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from library_world import World

from textinv_app.domain.status import RunStatus
from textinv_app.library.memory import available_memory_bytes
from textinv_app.library.warming import PAUSE_SECONDS, Outlook, WarmLimits, decide_warmth
from textinv_app.runs.lock import is_running, process_start_time, read_holder

GIGABYTE = 1_000_000_000
LIMITS = WarmLimits(idle_seconds=600, min_available_bytes=3 * GIGABYTE)
COLD = Outlook(
    is_warm=False,
    num_running=0,
    num_waiting=0,
    quiet_seconds=10,
    since_start_seconds=PAUSE_SECONDS + 1,
    available_bytes=8 * GIGABYTE,
)
WARM = replace(COLD, is_warm=True)


@pytest.mark.parametrize(
    ("seen", "decision"),
    [
        (COLD, "warm_up"),
        # Nobody is about to teach anything.
        (replace(COLD, quiet_seconds=601), "leave"),
        # It would leave too little for others.
        (replace(COLD, available_bytes=4 * GIGABYTE), "leave"),
        # One has just been started: it died, or a training has just begun with it.
        (replace(COLD, since_start_seconds=PAUSE_SECONDS - 1), "leave"),
        # A training has the machine, and none waits behind it.
        (replace(COLD, num_running=1, quiet_seconds=0), "leave"),
        (replace(COLD, num_running=1, num_waiting=1, quiet_seconds=0), "warm_up"),
        (WARM, "leave"),
        (replace(WARM, num_running=1, quiet_seconds=0), "leave"),
        # Enough is enough.
        (replace(WARM, quiet_seconds=601), "cool_down"),
        # Something else needs the memory.
        (replace(WARM, available_bytes=2 * GIGABYTE), "cool_down"),
        (replace(WARM, available_bytes=4 * GIGABYTE), "leave"),
    ],
)
def test_decisions(seen: Outlook, decision: str) -> None:
    assert decide_warmth(seen, LIMITS) == decision


def test_it_can_be_switched_off() -> None:
    off = replace(LIMITS, idle_seconds=0)
    assert decide_warmth(replace(COLD, quiet_seconds=0), off) == "leave"
    assert decide_warmth(WARM, off) == "cool_down"


def settle(world: World) -> None:
    """Give a world plenty of memory, whatever the machine has."""
    world.service._parts.warming.available_bytes = lambda: 64 * GIGABYTE


def waiting_pid(world: World) -> int:
    """Return the process that waits."""
    waiting = world.executor._waiting._waiting
    assert waiting is not None
    return int(waiting.process.pid)


def test_photos_bring_one_and_the_training_gets_it(make_world: Callable[..., World]) -> None:
    world = make_world(warm_idle_seconds=600)
    settle(world)
    world.service.tick()
    assert not world.executor.is_warm
    concept_id = world.concept().concept.concept_id
    world.service.tick()
    pid = waiting_pid(world)
    run_id = world.start(concept_id).run_id
    world.tick_until_status(run_id, RunStatus.DONE)
    holder = read_holder(world.run_dir(run_id) / "runner.lock")
    assert holder is not None
    assert holder.pid == pid


def test_closing_the_library_ends_it(make_world: Callable[..., World]) -> None:
    world = make_world(warm_idle_seconds=600)
    settle(world)
    world.concept()
    world.service.tick()
    pid = waiting_pid(world)
    start_time = process_start_time(pid)
    world.service.close()
    assert not is_running(pid, start_time)
    world.open()


def test_it_is_given_back_when_memory_is_short_or_nobody_comes(
    make_world: Callable[..., World],
) -> None:
    world = make_world(warm_idle_seconds=600)
    settle(world)
    warming = world.service._parts.warming
    clock = Clock()
    warming.clock = clock
    world.concept()
    warming.tick()
    assert world.executor.is_warm
    warming.available_bytes = lambda: GIGABYTE
    warming.tick()
    assert not world.executor.is_warm
    settle(world)
    clock.now += PAUSE_SECONDS + 1
    warming.tick()
    assert world.executor.is_warm
    clock.now += 600
    warming.tick()
    assert not world.executor.is_warm


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Recorder:
    """An executor that notes what it is to load ahead."""

    is_warm: bool = False
    likes: list[Path | None] = field(default_factory=list)

    def warm_up(self, like: Path | None = None) -> None:
        self.likes.append(like)

    def cool_down(self) -> None:
        """None waits."""


def test_the_model_of_the_next_training_is_loaded_where_it_fits(
    make_world: Callable[..., World],
) -> None:
    world = make_world(warm_idle_seconds=600)
    settle(world)
    warming = world.service._parts.warming
    recorder, clock = Recorder(), Clock()
    warming._executor, warming.clock = recorder, clock  # type: ignore[assignment]

    def look() -> Path | None:
        clock.now += PAUSE_SECONDS + 1
        warming.tick()
        return recorder.likes[-1]

    concept_id = world.concept().concept.concept_id
    assert look() is None
    run_id = world.start(concept_id).run_id
    spec = world.run_dir(run_id) / "spec.json"
    assert look() == spec
    warming.has_gpu = lambda: True
    assert look() is None
    warming.has_gpu = lambda: False
    weights = world.root / "assets" / "crayon" / "unet.safetensors"
    with weights.open("wb") as file:
        # A hole: as large as it says, and nothing on the disk.
        file.truncate(3 * GIGABYTE)
    warming.available_bytes = lambda: 8 * GIGABYTE
    assert look() is None
    settle(world)
    assert look() == spec


def test_a_containers_limit_counts(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 16000000 kB\nMemAvailable: 8000000 kB\n", encoding="ascii")
    assert available_memory_bytes(meminfo, tmp_path) == 8000000 * 1024
    group = {"memory.max": "2000000", "memory.current": "1500000"}
    for name, text in group.items():
        (tmp_path / name).write_text(text + "\n", encoding="ascii")
    (tmp_path / "memory.stat").write_text("anon 9\ninactive_file 400000\n", encoding="ascii")
    assert available_memory_bytes(meminfo, tmp_path) == 900000
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert available_memory_bytes(meminfo, tmp_path) == 8000000 * 1024
    assert available_memory_bytes(tmp_path / "none", tmp_path) is None
