"""What is wanted of a run, as its runner sees it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from textinv_app.runs.control import (
    LOOK_EVERY_SECONDS,
    Control,
    ControlWatch,
    PauseRequested,
    StopRequested,
    Superseded,
    read_control,
    write_control,
)


def look_again() -> None:
    time.sleep(LOOK_EVERY_SECONDS + 0.05)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "control.json"
    assert read_control(path) == Control("run", 1)
    write_control(path, Control("pause", 4))
    assert read_control(path) == Control("pause", 4)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"wanted": "dance", "attempt": 1}', '{"wanted": "stop"}']
)
def test_a_damaged_file_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "control.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError):  # noqa: PT011
        read_control(path)


def test_a_wish_is_seen_soon_and_not_before_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "control.json"
    watch = ControlWatch(path, attempt=1)
    watch.check()
    write_control(path, Control("pause", 1))
    look_again()
    with pytest.raises(PauseRequested):
        watch.check()
    write_control(path, Control("run", 1))
    look_again()
    watch.check()
    write_control(path, Control("stop", 1))
    look_again()
    with pytest.raises(StopRequested):
        watch.check()


def test_a_later_attempt_sends_this_one_away(tmp_path: Path) -> None:
    path = tmp_path / "control.json"
    write_control(path, Control("run", 3))
    with pytest.raises(Superseded):
        ControlWatch(path, attempt=2).check()
    ControlWatch(path, attempt=3).check()


def test_two_wishes_within_a_second_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "control.json"
    write_control(path, Control("run", 1))
    os.utime(path, ns=(0, 1_000_000_000))
    watch = ControlWatch(path, attempt=1)
    watch.check()
    write_control(path, Control("run", 2))
    os.utime(path, ns=(0, 1_500_000_000))
    look_again()
    with pytest.raises(Superseded):
        watch.check()


def test_termination_is_a_pause_and_stop_wins_over_it(tmp_path: Path) -> None:
    path = tmp_path / "control.json"
    previous = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        watch = ControlWatch(path)
        watch.pause_on_termination()
        watch.check()
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(PauseRequested):
            watch.check()
        write_control(path, Control("stop", 1))
        look_again()
        with pytest.raises(StopRequested):
            watch.check()
    finally:
        signal.signal(signal.SIGTERM, previous[0])
        signal.signal(signal.SIGINT, previous[1])


def test_checking_costs_next_to_nothing(tmp_path: Path) -> None:
    path = tmp_path / "control.json"
    write_control(path, Control("run", 1))
    watch = ControlWatch(path)
    watch.check()
    path.unlink()
    # Not looked at again within the interval: the file could not be read now.
    for _ in range(1000):
        watch.check()
