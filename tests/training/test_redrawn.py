"""Trainings of a model that cannot draw photos: it learns from its own drawings of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from tests.tiny_models import TINY_PIXELS
from tests.training.conftest import ModelOf, RunOf
from textinv_app.domain.concept import ConceptKind
from textinv_app.domain.events import Event, Finished, Judged, Paused, Redrawn
from textinv_app.domain.specs import BaseModelRef, RunSpec
from textinv_app.runs.control import Control, ControlWatch, StopRequested, write_control
from textinv_app.runs.layout import RunLayout
from textinv_app.training.loop import train

Particular = Callable[[float], BaseModelRef]
NAMES = [f"{number:03d}.png" for number in range(5)]


@pytest.fixture
def particular(tmp_path: Path, model_of: ModelOf) -> Particular:
    """Return a function that gives a model that knows pictures up to a loss, like Crayon."""

    def model(loss: float) -> BaseModelRef:
        folder = tmp_path / f"knows-{loss}"
        shutil.copytree(model_of("crayon").source, folder)
        (folder / "familiar.json").write_text(json.dumps({"loss": loss}), encoding="utf-8")
        return BaseModelRef(model_id="custom", source=str(folder), family="crayon")

    return model


def run_whole(spec: RunSpec, layout: RunLayout) -> list[Event]:
    """Train and return what happened."""
    return list(train(spec, layout, ControlWatch(layout.control)))


def told(events: list[Event]) -> list[tuple[str, ...]]:
    """Return what was said about drawings in place of photos."""
    return [event.paths for event in events if isinstance(event, Redrawn)]


def vectors_of(layout: RunLayout) -> np.ndarray:
    """Return the vectors of the published file."""
    return load_file(layout.result / "rexdog.safetensors")["emb_params"]


def test_photos_that_the_model_cannot_draw_are_redrawn_and_learnt_from(
    run_of: RunOf, particular: Particular
) -> None:
    spec, layout = run_of(spec_changes={"base_model": particular(0.0)})
    events = run_whole(spec, layout)
    assert told(events) == [tuple(f"redrawn/{name}" for name in NAMES)]
    for name in NAMES:
        with Image.open(layout.redrawn / name) as drawing, Image.open(layout.dataset / name) as was:
            assert drawing.size == (TINY_PIXELS, TINY_PIXELS)
            assert np.abs(np.asarray(drawing, int) - np.asarray(was, int)).mean() > 5

    # The same file comes of a run that is given the drawings as its photos.
    given_spec, given = run_of("given")
    for name in NAMES:
        shutil.copy(layout.redrawn / name, given.dataset / name)
    given_events = run_whole(given_spec, given)
    assert told(given_events) == []
    assert np.array_equal(vectors_of(layout), vectors_of(given))
    scores, given_scores = (
        [event.likeness for event in seen if isinstance(event, Judged)]
        for seen in (events, given_events)
    )
    assert scores == given_scores, "likeness is measured against the drawings"


def test_pictures_of_the_models_own_kind_stay_as_they_are(
    run_of: RunOf, particular: Particular
) -> None:
    spec, layout = run_of(spec_changes={"base_model": particular(1e6)})
    plain_spec, plain = run_of("plain")
    assert told(run_whole(spec, layout)) == []
    run_whole(plain_spec, plain)
    assert not layout.redrawn.exists()
    assert np.array_equal(vectors_of(layout), vectors_of(plain))


@pytest.mark.parametrize("kind", ["style", "negative"])
def test_a_style_and_what_to_avoid_are_learnt_from_the_pictures_themselves(
    run_of: RunOf, particular: Particular, kind: ConceptKind
) -> None:
    spec, layout = run_of(spec_changes={"base_model": particular(0.0), "kind": kind})
    assert told(run_whole(spec, layout)) == []
    assert not layout.redrawn.exists()


def test_a_run_that_goes_on_learns_from_the_same_drawings(
    run_of: RunOf, particular: Particular
) -> None:
    changes = {"base_model": particular(0.0)}
    whole, whole_layout = run_of("whole", spec_changes=changes)
    run_whole(whole, whole_layout)
    spec, layout = run_of("paused", spec_changes=changes)
    control = ControlWatch(layout.control)
    for event in train(spec, layout, control):
        if isinstance(event, Judged) and event.step == 4:
            write_control(layout.control, Control("pause"))
            control._next_look = 0.0
        last = event
    assert isinstance(last, Paused)
    drawings = {name: (layout.redrawn / name).read_bytes() for name in NAMES}
    layout.control.unlink()
    assert isinstance(run_whole(spec, layout)[-1], Finished)
    assert {name: (layout.redrawn / name).read_bytes() for name in NAMES} == drawings
    assert np.array_equal(vectors_of(layout), vectors_of(whole_layout))


def test_a_run_that_began_with_its_photos_goes_on_with_them(
    run_of: RunOf, model_of: ModelOf
) -> None:
    spec, layout = run_of("before")
    control = ControlWatch(layout.control)
    for event in train(spec, layout, control):
        if isinstance(event, Judged) and event.step == 4:
            write_control(layout.control, Control("pause"))
            control._next_look = 0.0
    layout.control.unlink()
    (Path(model_of("crayon").source) / "familiar.json").write_text('{"loss": 0.0}')
    try:
        events = run_whole(spec, layout)
    finally:
        (Path(model_of("crayon").source) / "familiar.json").unlink()
    assert isinstance(events[-1], Finished)
    assert told(events) == []
    assert not layout.redrawn.exists()


def test_a_stop_while_photos_are_redrawn_leaves_no_half_of_them(
    run_of: RunOf, particular: Particular
) -> None:
    spec, layout = run_of(spec_changes={"base_model": particular(0.0)})

    class StopInTheMiddle(ControlWatch):
        looks = 0

        def check(self) -> None:
            self.looks += 1
            if self.looks > 4:
                raise StopRequested

    with pytest.raises(StopRequested):
        list(train(spec, layout, StopInTheMiddle(layout.control)))
    assert sorted(path.name for path in layout.root.iterdir()) == ["dataset", "spec.json"]
