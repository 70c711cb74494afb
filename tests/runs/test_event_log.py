"""The event log: torn tails, repeated steps, readers that come at any moment."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from textinv_app.domain.events import (
    Event,
    Noticed,
    PhaseChanged,
    PreviewSaved,
    StepDone,
    Validated,
)
from textinv_app.runs.event_log import EventLog, EventReader, read_events


def validated(step: int, loss: float = 0.5) -> Validated:
    return Validated(step=step, validation_loss=loss)


def write(path: Path, attempt: int, *events: Event) -> None:
    with EventLog(path, attempt) as log:
        for event in events:
            log.append(event)


def test_events_come_back_with_attempt_and_time(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, 3, validated(1), Noticed(code="notice.slow", details={"minutes": 5}))
    events, offset = read_events(path)
    assert [event.attempt for event in events] == [3, 3]
    assert all(event.at.endswith("+00:00") for event in events)
    assert offset == path.stat().st_size
    assert read_events(path, offset) == ([], offset)


def test_no_file_holds_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path / "none.jsonl", 0) == ([], 0)


def test_a_torn_tail_waits_and_is_closed_off_by_the_next_attempt(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, 1, validated(1), validated(2))
    os.truncate(path, path.stat().st_size - 7)
    events, offset = read_events(path)
    assert [event.step for event in events] == [1]  # type: ignore[union-attr]
    write(path, 2, validated(2))
    events, _ = read_events(path, offset)
    assert [(event.attempt, event.step) for event in events] == [(2, 2)]  # type: ignore[union-attr]


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(min_value=0, max_value=400))
def test_any_cut_loses_only_what_is_behind_it(tmp_path_factory: object, cut: int) -> None:
    path = tmp_path_factory.mktemp("log") / "events.jsonl"  # type: ignore[attr-defined]
    write(path, 1, validated(1), validated(2), validated(3))
    whole = path.read_bytes()
    os.truncate(path, min(cut, len(whole)))
    num_whole_lines = whole[:cut].count(b"\n")
    assert len(read_events(path)[0]) == num_whole_lines
    write(path, 2, validated(9))
    after = [event.step for event in read_events(path)[0]]  # type: ignore[union-attr]
    # A cut just before a newline leaves a whole event: closing it off makes it count again.
    whole_ones = [1, 2, 3][:num_whole_lines], [1, 2, 3][: num_whole_lines + 1]
    assert after in [[*steps, 9] for steps in whole_ones]


@settings(max_examples=100, deadline=None)
@given(cuts=st.lists(st.integers(min_value=1, max_value=60), min_size=1, max_size=30))
def test_reading_in_pieces_is_reading_at_once(tmp_path_factory: object, cuts: list[int]) -> None:
    folder = tmp_path_factory.mktemp("log")  # type: ignore[attr-defined]
    path, growing = folder / "whole.jsonl", folder / "growing.jsonl"
    write(path, 1, *(validated(step) for step in range(1, 8)))
    whole = path.read_bytes()
    reader = EventReader(growing)
    with growing.open("ab") as file:
        position = 0
        for length in [*cuts, len(whole)]:
            file.write(whole[position : position + length])
            file.flush()
            position += length
            reader.refresh()
    at_once = EventReader(path)
    at_once.refresh()
    assert reader.events() == at_once.events()
    assert reader.num_read == 7


def test_the_last_word_on_a_step_counts(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, 1, *(validated(step, 1.0) for step in (10, 20, 30, 40)))
    # Killed; the checkpoint was of step 20.
    write(path, 2, validated(30, 2.0))
    reader = EventReader(path)
    reader.refresh()
    seen = [(event.step, event.validation_loss) for event in reader.events()]  # type: ignore[union-attr]
    assert seen == [(10, 1.0), (20, 1.0), (30, 2.0)]


def test_previews_of_one_step_stand_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    previews = [
        PreviewSaved(step=5, prompt_index=index, prompt="a dog", path=f"previews/{index}.webp")
        for index in (1, 0)
    ]
    write(path, 1, *previews)
    reader = EventReader(path)
    assert reader.refresh()
    assert not reader.refresh()
    assert [event.prompt_index for event in reader.events()] == [0, 1]  # type: ignore[union-attr]


def test_the_newest_phase_and_step_are_at_hand(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    step = StepDone(
        step=1, max_steps=9, loss=1, seconds_per_step=1, elapsed_seconds=1, remaining_seconds=8
    )
    write(path, 1, PhaseChanged(phase="starting"), step, PhaseChanged(phase="exporting"))
    reader = EventReader(path)
    reader.refresh()
    assert reader.last_phase is not None
    assert reader.last_phase.phase == "exporting"
    assert reader.last_step is not None
    assert reader.last_step.step == 1


def test_lines_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"type":"new_kind","step":1}\nnot json\n\xff\n', encoding="latin-1")
    write(path, 1, validated(1))
    assert len(read_events(path)[0]) == 1
