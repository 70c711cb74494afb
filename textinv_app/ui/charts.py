"""Line charts as SVG text: colours come from the stylesheet, so they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textinv_app.ui.markup import Child, Html, join, tag

_WIDTH, _HEIGHT = 440, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 14, 14, 44


@dataclass(frozen=True)
class Chart:
    """What a line chart shows; texts are plain and in the person's language."""

    points: tuple[tuple[float, float], ...]
    """(x, y), x rising."""
    x_label: str
    y_label: str
    summary: str
    """One sentence for those who cannot see the chart."""
    y_range: tuple[float, float] | None = None
    """Fixed range of y; None fits the points."""
    x_max: float | None = None
    """End of x where it is known beforehand, so that the line grows into the chart."""
    kind: str = "loss"
    """``loss`` or ``likeness``: the colour."""
    marked_x: float | None = None
    """x of the point to mark as the best."""
    language: str = "en"


def _nice_step(span: float, num_ticks: int) -> float:
    raw = span / max(1, num_ticks)
    magnitude = 10 ** math.floor(math.log10(raw)) if raw > 0 else 1.0
    for factor in (1, 2, 2.5, 5, 10):
        if raw <= factor * magnitude:
            return float(factor * magnitude)
    return 10.0 * magnitude


def _ticks(low: float, high: float, step: float) -> list[float]:
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def _range_of(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = (high - low) * 0.12 or abs(high) * 0.1 or 0.5
    return low - margin, high + margin


def _tick_text(value: float, step: float, language: str) -> str:
    digits = next((digits for digits in range(7) if math.isclose(round(step, digits), step)), 7)
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if language == "fr" else text


def smooth(values: Sequence[float], weight: float = 0.55) -> list[float]:
    """Smooth a series by an exponential mean without its usual lag at the start."""
    smoothed: list[float] = []
    mean, norm = 0.0, 0.0
    for value in values:
        mean = weight * mean + (1 - weight) * value
        norm = weight * norm + (1 - weight)
        smoothed.append(mean / norm)
    return smoothed


def _frame(chart: Chart) -> tuple[float, float, float, float]:
    xs = [x for x, _ in chart.points]
    low, high = chart.y_range or _range_of([y for _, y in chart.points])
    right = max([*xs, chart.x_max or 0.0, 1.0])
    return 0.0, right, low, high


def line_chart(chart: Chart) -> Html:
    """Draw a chart; with fewer than two points only its axes stand, waiting."""
    points = chart.points or ((0.0, 0.0),)
    frame = _frame(chart if chart.points else _empty_like(chart))
    x_low, x_high, y_low, y_high = frame

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x - x_low) / (x_high - x_low) * (_WIDTH - _LEFT - _RIGHT)
        up = (y - y_low) / (y_high - y_low) * (_HEIGHT - _TOP - _BOTTOM)
        return round(_LEFT + across, 1), round(_HEIGHT - _BOTTOM - up, 1)

    parts: list[Child] = [tag("title", chart.summary)]
    y_step, x_step = _nice_step(y_high - y_low, 4), _nice_step(x_high - x_low, 5)
    for value in _ticks(y_low, y_high, y_step):
        _, y = at(0, value)
        parts += [
            tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="pn-chart-grid"),
            tag(
                "text",
                _tick_text(value, y_step, chart.language),
                x=_LEFT - 7,
                y=y + 4,
                class_="pn-chart-tick",
                text_anchor="end",
            ),
        ]
    for value in _ticks(x_low, x_high, x_step):
        x, _ = at(value, y_low)
        parts.append(
            tag(
                "text",
                _tick_text(value, x_step, chart.language),
                x=x,
                y=_HEIGHT - _BOTTOM + 17,
                class_="pn-chart-tick",
                text_anchor="middle",
            )
        )
    parts += _axis_labels(chart)
    if chart.points:
        parts += _line(chart, [at(x, y) for x, y in points])
    return tag(
        "svg",
        *parts,
        class_=f"pn-chart pn-chart-{chart.kind}",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_label=chart.summary,
    )


def _empty_like(chart: Chart) -> Chart:
    low, high = chart.y_range or (0.0, 1.0)
    return Chart(
        points=((0.0, low), (0.0, high)),
        x_label="",
        y_label="",
        summary="",
        y_range=(low, high),
        x_max=chart.x_max or 100,
    )


def _axis_labels(chart: Chart) -> list[Html]:
    middle_x = (_LEFT + _WIDTH - _RIGHT) / 2
    middle_y = (_TOP + _HEIGHT - _BOTTOM) / 2
    return [
        tag(
            "text",
            chart.x_label,
            x=middle_x,
            y=_HEIGHT - 6,
            class_="pn-chart-axis",
            text_anchor="middle",
        ),
        tag(
            "text",
            chart.y_label,
            transform=f"translate(13 {middle_y}) rotate(-90)",
            class_="pn-chart-axis pn-chart-axis-y",
            text_anchor="middle",
        ),
    ]


def _line(chart: Chart, places: list[tuple[float, float]]) -> list[Html]:
    path = "M" + " L".join(f"{x} {y}" for x, y in places)
    floor = _HEIGHT - _BOTTOM
    parts: list[Html] = []
    if len(places) > 1:
        area = f"{path} L{places[-1][0]} {floor} L{places[0][0]} {floor} Z"
        parts += [
            tag("path", d=area, class_="pn-chart-area"),
            tag("path", d=path, class_="pn-chart-line"),
        ]
    if chart.marked_x is not None:
        best = [
            place for (x, _), place in zip(chart.points, places, strict=True) if x == chart.marked_x
        ]
        parts += [tag("circle", cx=x, cy=y, r=8, class_="pn-chart-best") for x, y in best[-1:]]
    last_x, last_y = places[-1]
    parts.append(tag("circle", cx=last_x, cy=last_y, r=4.5, class_="pn-chart-dot"))
    return [join(parts)]
