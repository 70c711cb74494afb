"""Curves: inside their frame, labelled, and steady when values are strange."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textinv_app.ui.charts import Chart, line_chart, smooth


def _chart(points: tuple[tuple[float, float], ...], **changes: object) -> str:
    values: dict[str, object] = {
        "points": points,
        "x_label": "steps",
        "y_label": "likeness",
        "summary": "Likeness from 20 to 80.",
        **changes,
    }
    return line_chart(Chart(**values))  # type: ignore[arg-type]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_the_line_stays_inside_the_frame(values: list[float]) -> None:
    svg = _chart(tuple((25.0 * at, value) for at, value in enumerate(values)))
    places = re.findall(r'<circle cx="([\d.-]+)" cy="([\d.-]+)"', svg)
    assert places
    for x, y in places:
        assert 0 <= float(x) <= 440
        assert 0 <= float(y) <= 230


def test_axes_are_named_and_the_chart_speaks_for_itself() -> None:
    svg = _chart(((0, 20.0), (50, 80.0)), y_range=(0.0, 100.0), x_max=100.0)
    assert ">steps</text>" in svg
    assert ">likeness</text>" in svg
    assert 'aria-label="Likeness from 20 to 80."' in svg
    assert ">100</text>" in svg


@pytest.mark.parametrize("points", [(), ((0.0, 0.2),)])
def test_a_chart_without_a_line_still_has_axes(points: tuple[tuple[float, float], ...]) -> None:
    svg = _chart(points)
    assert "pn-chart-line" not in svg
    assert "pn-chart-grid" in svg


def test_numbers_follow_the_language() -> None:
    svg = _chart(((0, 0.21), (50, 0.14)), language="fr")
    assert re.search(r">0,\d+</text>", svg)


def test_smoothing_starts_at_the_first_value_and_calms_the_rest() -> None:
    smoothed = smooth([1.0, 0.0, 1.0, 0.0, 1.0, 0.0])
    assert smoothed[0] == pytest.approx(1.0)
    assert max(smoothed[2:]) - min(smoothed[2:]) < 0.5


@pytest.mark.parametrize("span", [0.0004, 0.02, 3.0, 5000.0])
def test_no_two_marks_of_an_axis_read_the_same(span: float) -> None:
    svg = _chart(tuple((25.0 * at, 0.49 + span * at / 8) for at in range(9)))
    marks = re.findall(r'text-anchor="end">([^<]+)<', svg)
    assert len(marks) >= 2
    assert len(set(marks)) == len(marks)
