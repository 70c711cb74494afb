"""Trainings on a model of the hub: what judges the pictures comes with it, or is done without."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub_stand_in import Answer, HubStandIn, Repository
from tests.tiny_models import save_tiny_clip, save_tiny_model
from tests.training.conftest import RunOf
from textinv_app.domain.events import Event, Finished, Noticed, PhaseChanged
from textinv_app.domain.specs import BaseModelRef
from textinv_app.models.hub import CLIP_REPOSITORY
from textinv_app.runs.event_log import read_events
from textinv_app.runs.layout import RunLayout

ROOT = Path(__file__).resolve().parents[2]
MODEL = BaseModelRef(model_id="custom", source="anna/tiny", family="sd1")

pytestmark = pytest.mark.slow


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubStandIn]:
    """Give a hub with a base model and CLIP, both tiny."""
    save_tiny_model(tmp_path / "model", "sd1")
    save_tiny_clip(tmp_path / "clip")
    hub = HubStandIn()
    for name, folder in ((MODEL.source, "model"), (CLIP_REPOSITORY, "clip")):
        found = (path for path in (tmp_path / folder).rglob("*") if path.is_file())
        files = {
            path.relative_to(tmp_path / folder).as_posix(): path.read_bytes() for path in found
        }
        hub.repositories[name] = Repository(
            private=False, files=files | {"pytorch_model.bin": b"unused"}
        )
    with hub:
        yield hub


def run(hub: HubStandIn, layout: RunLayout, cache: Path) -> list[Event]:
    """Run a training to its end in a process of its own and return its events."""
    settings = hub.environment | {"HF_HUB_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    finished = subprocess.run(
        [sys.executable, "-m", "textinv_app.runner", layout.root, "--attempt", "1"],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    return read_events(layout.events)[0]


def test_likeness_is_measured_with_a_model_of_the_hub(
    hub: HubStandIn, run_of: RunOf, tmp_path: Path
) -> None:
    """It was only where somebody had fetched CLIP by hand."""
    cache = tmp_path / "cache"
    _, layout = run_of("first", spec_changes={"base_model": MODEL}, max_steps=2)
    events = run(hub, layout, cache)
    (finished,) = (event for event in events if isinstance(event, Finished))
    assert finished.likeness_end is not None
    assert not list(cache.rglob("pytorch_model.bin"))

    asked = len(hub.asked(CLIP_REPOSITORY))
    _, layout = run_of("second", spec_changes={"base_model": MODEL}, max_steps=2)
    phases = [e.phase for e in run(hub, layout, cache) if isinstance(e, PhaseChanged)]
    assert "downloading" not in phases
    assert len(hub.asked(CLIP_REPOSITORY)) == asked, "it is here already"


def test_a_training_goes_on_where_what_judges_it_cannot_be_had(
    hub: HubStandIn, run_of: RunOf, tmp_path: Path
) -> None:
    hub.fail(f"GET /{CLIP_REPOSITORY}/resolve", Answer(503))
    _, layout = run_of("run", spec_changes={"base_model": MODEL}, max_steps=2)
    events = run(hub, layout, tmp_path / "cache")
    assert "notice.no_likeness" in {e.code for e in events if isinstance(e, Noticed)}
    (finished,) = (event for event in events if isinstance(event, Finished))
    assert finished.likeness_end is None
