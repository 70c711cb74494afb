"""The web process dies, the trainer dies, both die, two start: nothing lost, nothing doubled."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from library_world import QUICK_STEPS, REPOSITORY, World, scripted_executor

from textinv_app.domain.status import RunStatus
from textinv_app.library.opening import FolderInUse
from textinv_app.library.service import Service
from textinv_app.library.store import Store
from textinv_app.runs.event_log import read_events
from textinv_app.runs.lock import read_holder

HOST = Path(__file__).with_name("host_process.py")


def state_after(num_steps: int) -> bytes:
    """Return what a scripted training holds after so many steps."""
    state = hashlib.sha256(b"7").hexdigest()
    for _ in range(num_steps):
        state = hashlib.sha256(state.encode()).hexdigest()
    return state.encode()


@pytest.fixture
def start_host() -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    """Start web processes that are killed at the end."""
    hosts: list[subprocess.Popen[str]] = []

    def start(root: Path) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        host = subprocess.Popen(
            [sys.executable, str(HOST), str(root)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        hosts.append(host)
        return host

    yield start
    for host in hosts:
        host.kill()
        host.communicate()


def prepared(world: World) -> str:
    """Queue a run and give the folder back, so that a process can have it."""
    run_id = world.start(world.concept().concept.concept_id).run_id
    world.service.close()
    return run_id


def wait_for_step(world: World, run_id: str, step: int) -> None:
    """Wait until the runner, which somebody else looks after, has come so far."""
    import time

    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        events, _ = read_events(world.run_dir(run_id) / "events.jsonl")
        if any(getattr(event, "step", 0) >= step for event in events):
            return
        time.sleep(0.05)
    raise AssertionError("it did not come so far")


def runner_pid(world: World, run_id: str) -> int:
    """Return the process that holds the lock of a run."""
    holder = read_holder(world.run_dir(run_id) / "runner.lock")
    assert holder is not None
    return holder.pid


def test_a_runner_outlives_the_web_process_and_is_adopted(
    world: World, start_host: Callable[[Path], subprocess.Popen[str]]
) -> None:
    run_id = prepared(world)
    host = start_host(world.root)
    assert host.stdout is not None
    assert host.stdout.readline() == "open\n"
    wait_for_step(world, run_id, 10)
    pid = runner_pid(world, run_id)
    host.send_signal(signal.SIGKILL)
    host.wait()

    world.open()
    world.service.tick()
    assert world.run(run_id).status is RunStatus.RUNNING
    assert world.executor.is_alive(world.run_dir(run_id))
    done = world.tick_until_status(run_id, RunStatus.DONE)

    assert done.attempts == 1
    assert runner_pid(world, run_id) == pid
    path = world.service.artifact_path(world.owner, done.artifact_id)
    assert path.read_bytes() == state_after(QUICK_STEPS)


def test_an_adopted_runner_can_be_stopped(
    world: World, start_host: Callable[[Path], subprocess.Popen[str]]
) -> None:
    run_id = prepared(world)
    host = start_host(world.root)
    wait_for_step(world, run_id, 5)
    host.kill()
    host.wait()
    world.open()
    world.service.stop_run(world.owner, run_id)
    done = world.tick_until_status(run_id, RunStatus.DONE)
    assert done.attempts == 1
    assert done.step is not None
    assert done.step.step < QUICK_STEPS


def test_both_killed_and_it_goes_on_by_itself(
    world: World, start_host: Callable[[Path], subprocess.Popen[str]]
) -> None:
    run_id = prepared(world)
    host = start_host(world.root)
    wait_for_step(world, run_id, 20)
    pid = runner_pid(world, run_id)
    host.kill()
    os.kill(pid, signal.SIGKILL)
    host.wait()

    world.open()
    done = world.tick_until_status(run_id, RunStatus.DONE)
    assert done.attempts == 2
    path = world.service.artifact_path(world.owner, done.artifact_id)
    assert path.read_bytes() == state_after(QUICK_STEPS)


def test_a_second_petname_on_the_folder_is_refused_with_the_address_of_the_first(
    world: World, start_host: Callable[[Path], subprocess.Popen[str]]
) -> None:
    world.service.close()
    first = start_host(world.root)
    assert first.stdout is not None
    assert first.stdout.readline() == "open\n"
    second = start_host(world.root)
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 3
    assert f"process {first.pid}" in said
    assert "http://127.0.0.1:7860/" in said

    first.kill()
    first.wait()
    world.open()


def test_a_second_service_in_this_process_is_refused_too(world: World) -> None:
    with pytest.raises(FolderInUse):
        Service(world.config, scripted_executor())


def test_fifty_threads_in_each_of_two_processes_queue_one_run(tmp_path: Path) -> None:
    database = tmp_path / "petname.db"
    script = Path(__file__).with_name("double_start.py")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    processes = [
        subprocess.Popen(
            [sys.executable, str(script), str(database), prefix, "owner"],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for prefix in ("a", "b")
    ]
    said = [process.communicate(timeout=120)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(said) == ["0", "1"]
    store = Store(database)
    assert [row[0] for row in store.rows("SELECT COUNT(*) FROM runs")] == [1]
    store.close()


def test_what_was_running_without_a_runner_is_queued_again_at_the_first_look(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    run_id = world.start(world.concept().concept.concept_id).run_id
    claimed = world.service._parts.tables.runs.claim_next()
    assert claimed is not None
    # As if the web process had died between the claim and the start of the runner.
    world.crash()
    world.service.tick()
    assert world.run(run_id).attempts in {1, 2}
    world.tick_until_status(run_id, RunStatus.DONE)
