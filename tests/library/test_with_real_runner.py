"""The library with the real runner and the real painter, on a tiny model that draws noise."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from library_world import draw_photo, token_of

from textinv_app.domain.status import RunStatus
from textinv_app.formats.inspecting import inspect
from textinv_app.library.api import ConceptChange, DrawingOrder, ReceivedFile, TrainingOrder
from textinv_app.library.config import LibraryConfig
from textinv_app.library.service import Service
from textinv_app.library.supervisor import newest_checkpoint_step
from textinv_app.runs.lock import read_holder

PATIENCE_SECONDS = 240.0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A library with its thread, as the web process has it."""
    from tests.tiny_models import save_tiny_model

    save_tiny_model(tmp_path / "assets" / "crayon", "crayon")
    # Like Crayon it cannot draw photos, so it learns from its own drawings of them.
    (tmp_path / "assets" / "crayon" / "familiar.json").write_text('{"loss": 0.0}')
    opened = Service(LibraryConfig(tmp_path / "data", tmp_path / "assets", min_free_bytes=0))
    opened.start()
    yield opened
    for folder in (tmp_path / "data" / "runs").iterdir():
        holder = read_holder(folder / "runner.lock")
        if holder is not None and opened._parts.supervisor._executor.is_alive(folder):
            os.kill(holder.pid, signal.SIGKILL)
    opened.close()


def wait_until(reached: Callable[[], Any]) -> Any:
    """Wait until something is so."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        found = reached()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


@pytest.mark.slow
def test_taught_killed_stopped_and_drawn_with(service: Service, tmp_path: Path) -> None:
    owner = service.identify(token_of("anna"))
    concept_id = service.create_concept(owner).concept.concept_id
    service.update_concept(
        owner, concept_id, ConceptChange(name="Rex", class_word="dog", placeholder_token="rexdog")
    )
    files = []
    for number in range(3):
        path = draw_photo(tmp_path / f"{number}.png", number)
        files.append(ReceivedFile(path, path.name))
    service.add_photos(owner, concept_id, files)
    order = TrainingOrder(concept_id, ("embedding",), "crayon", "quick", seed=1)
    (run,) = service.start_training(owner, order)

    def seen() -> Any:
        return service.run(owner, run.run_id)

    run_dir = tmp_path / "data" / "runs" / run.run_id
    wait_until(lambda: newest_checkpoint_step(run_dir / "checkpoints") or seen().error_code)
    assert seen().error_code == "", seen().error_sentence
    assert seen().previews
    holder = read_holder(run_dir / "runner.lock")
    assert holder is not None
    os.kill(holder.pid, signal.SIGKILL)
    wait_until(lambda: seen().attempts == 2)
    service.stop_run(owner, run.run_id)
    wait_until(lambda: seen().status.is_final)
    assert seen().status is RunStatus.DONE, seen().error_sentence

    (artifact,) = service.list_artifacts(owner)
    found = inspect(service.artifact_path(owner, artifact.artifact_id))
    assert (found.kind, found.family, found.trigger_word) == ("embedding", "crayon", "rexdog")
    assert artifact.thumbnail_urls
    assert len(seen().redrawn) == 3
    previews = [preview.url for preview in seen().previews]
    for url in (*artifact.thumbnail_urls, *previews, *seen().redrawn):
        assert service.resolve_link(url.removeprefix("/media/")).path.is_file()

    drawing = service.start_drawing(
        owner,
        DrawingOrder(
            "crayon",
            "a rexdog in the snow",
            embedding_id=artifact.artifact_id,
            num_inference_steps=2,
        ),
    )
    request = tmp_path / "data" / "drawings" / drawing.drawing_id / "request.json"
    measured_against = json.loads(request.read_text(encoding="utf-8"))["reference_photos"]
    assert measured_against == [str(path) for path in sorted((run_dir / "redrawn").iterdir())]
    wait_until(lambda: service.drawing(owner, drawing.drawing_id).status in {"done", "failed"})
    drawn = service.drawing(owner, drawing.drawing_id)
    assert drawn.status == "done", drawn.error_sentence
    assert {picture.column for picture in drawn.pictures} == {"base", "embedding"}
