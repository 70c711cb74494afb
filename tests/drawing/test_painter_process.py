"""The painter as a real process: requests in, pictures, progress and outcome out."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.drawing.conftest import LoadedOf, RefOf, make_embedding, make_lora
from textinv_app.domain.drawing import (
    DrawingColumn,
    DrawingOutcome,
    DrawingProgress,
    DrawingRequest,
)
from textinv_app.drawing.artist import Artist
from textinv_app.drawing.commission import Commission, read_request
from textinv_app.drawing.likeness import likeness_judge

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120.0


class PainterProcess:
    """A running painter and what is said to it."""

    def __init__(self, log: Path, *arguments: str) -> None:
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "textinv_app.drawing.painter", *arguments],
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                cwd=REPOSITORY,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        self._log = log

    def order(self, folder: Path) -> None:
        """Name a drawing directory."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{folder}\n".encode())
        self.process.stdin.flush()

    def wait_for(self, what: Callable[[], bool]) -> None:
        """Wait until ``what`` holds; fails when the painter dies first or it takes too long."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not what():
            assert self.process.poll() is None, self._log.read_text(encoding="utf-8")
            assert time.monotonic() < give_up, self._log.read_text(encoding="utf-8")
            time.sleep(0.05)

    def end(self) -> int:
        """Close the input and return the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(PATIENCE_SECONDS)


@pytest.fixture
def painter(tmp_path: Path) -> Iterator[PainterProcess]:
    """Start a painter and end it afterwards."""
    process = PainterProcess(tmp_path / "painter.txt")
    yield process
    process.process.kill()
    process.process.wait()
    if process.process.stdin is not None and not process.process.stdin.closed:
        process.process.stdin.close()


def _order(root: Path, ref_of: RefOf, loaded: LoadedOf, name: str, **changes: Any) -> Path:
    folder = root / name
    folder.mkdir()
    model = loaded("crayon")
    embedding, lora = make_embedding(root, model), make_lora(root, model)
    photo = root / "photo.png"
    Image.new("RGB", (64, 64), (200, 120, 40)).save(photo)
    fields: dict[str, Any] = {
        "drawing_id": name,
        "base_model": ref_of("crayon"),
        "columns": (
            DrawingColumn(name="base", prompt="a dog"),
            DrawingColumn(name="embedding", prompt="a rexdog", worn=(embedding,)),
            DrawingColumn(name="lora", prompt="a rexdog dog", worn=(lora,)),
            DrawingColumn(name="both", prompt="a rexdog dog", worn=(embedding, lora)),
        ),
        "seed": 2**32 - 1,
        "num_images": 2,
        "num_inference_steps": 2,
        "resolution_pixels": 64,
        "reference_photos": (str(photo), str(root / "gone.png")),
    }
    request = DrawingRequest(**(fields | changes))
    (folder / "request.json").write_text(request.model_dump_json(), encoding="utf-8")
    return folder


def _outcome(folder: Path) -> DrawingOutcome:
    return DrawingOutcome.model_validate_json((folder / "outcome.json").read_bytes())


def _is_over(folder: Path) -> bool:
    return (folder / "outcome.json").exists()


def test_a_comparison_is_drawn_and_a_second_one_with_the_warm_model(
    painter: PainterProcess, tmp_path: Path, ref_of: RefOf, loaded: LoadedOf
) -> None:
    first = _order(tmp_path, ref_of, loaded, "first")
    second = _order(tmp_path, ref_of, loaded, "second", reference_photos=())
    painter.order(first)
    painter.order(second)
    painter.wait_for(lambda: _is_over(second))
    outcome = _outcome(first)
    assert (outcome.status, outcome.error_code) == ("done", "")
    assert len(outcome.pictures) == 8
    assert {(p.column, p.index) for p in outcome.pictures} == {
        (name, row) for name in ("base", "embedding", "lora", "both") for row in (0, 1)
    }
    for picture in outcome.pictures:
        with Image.open(first / picture.file_name) as image:
            assert image.size == (64, 64)
        assert picture.likeness is not None
        assert 0 <= picture.likeness <= 100
    with Image.open(first / "grid.webp") as grid:
        assert grid.width > grid.height
    progress = DrawingProgress.model_validate_json((first / "progress.json").read_bytes())
    assert progress.fraction == 1.0
    assert progress.pictures == outcome.pictures
    again = _outcome(second)
    assert all(picture.likeness is None for picture in again.pictures)
    for picture in again.pictures:
        names = (first / picture.file_name, second / picture.file_name)
        assert names[0].read_bytes() == names[1].read_bytes()
    assert painter.end() == 0


def _drawn_here(folder: Path, loaded: LoadedOf) -> Commission:
    """Draw what lies in a folder in this process."""
    commission = Commission(folder, read_request(folder))
    model = loaded("crayon")
    commission.draw(Artist(model), likeness_judge(model))
    return commission


def test_the_sheet_is_headed_in_the_words_of_the_page(
    tmp_path: Path, ref_of: RefOf, loaded: LoadedOf
) -> None:
    """It had English words of its own above the columns, whatever the page said."""
    columns = (DrawingColumn(name="base", prompt="a dog"),)
    sheets = []
    for title in ("Without the new word", "Sans le nouveau mot"):
        given = {"columns": columns, "titles": {"base": title}}
        folder = _order(tmp_path, ref_of, loaded, title, **given)
        _drawn_here(folder, loaded)
        sheets.append((folder / "grid.webp").read_bytes())
    assert sheets[0] != sheets[1]


def test_a_column_that_shows_another_pet_is_not_measured(
    tmp_path: Path, ref_of: RefOf, loaded: LoadedOf
) -> None:
    columns = (
        DrawingColumn(name="base", prompt="a dog"),
        DrawingColumn(name="lora", prompt="a cat", measured=False),
    )
    folder = _order(tmp_path, ref_of, loaded, "two", columns=columns, num_images=1)
    base, lora = _drawn_here(folder, loaded).pictures
    assert base.likeness is not None
    assert lora.likeness is None


def test_a_killed_painter_leaves_no_outcome_and_the_next_one_draws_it(
    painter: PainterProcess, tmp_path: Path, ref_of: RefOf, loaded: LoadedOf
) -> None:
    folder = _order(tmp_path, ref_of, loaded, "killed", num_inference_steps=100, num_images=4)
    painter.order(folder)
    painter.wait_for(lambda: (folder / "base-3.webp").exists())
    painter.process.kill()
    painter.process.wait()
    assert not _is_over(folder)
    # The same folder with less to do, so that the test is short.
    request = DrawingRequest.model_validate_json((folder / "request.json").read_bytes())
    shorter = request.model_copy(update={"num_inference_steps": 2})
    (folder / "request.json").write_text(shorter.model_dump_json(), encoding="utf-8")
    next_one = PainterProcess(tmp_path / "next.txt")
    try:
        next_one.order(folder)
        next_one.wait_for(lambda: _is_over(folder))
    finally:
        next_one.end()
    assert _outcome(folder).status == "done"
    assert len(_outcome(folder).pictures) == 16


def test_what_cannot_be_drawn_ends_with_a_sentence(
    painter: PainterProcess, tmp_path: Path, ref_of: RefOf, loaded: LoadedOf
) -> None:
    missing = loaded("crayon").ref.model_copy(update={"source": str(tmp_path / "nowhere")})
    without_model = _order(tmp_path, ref_of, loaded, "without-model", base_model=missing)
    nonsense = tmp_path / "nonsense"
    nonsense.mkdir()
    (nonsense / "request.json").write_text("{", encoding="utf-8")
    bad_file = tmp_path / "bad.safetensors"
    bad_file.write_bytes(b"not a file of numbers")
    worn = make_embedding(tmp_path, loaded("crayon")).model_copy(update={"path": str(bad_file)})
    column = DrawingColumn(name="embedding", prompt="a rexdog", worn=(worn,))
    without_file = _order(tmp_path, ref_of, loaded, "without-file", columns=(column,))
    fine = _order(tmp_path, ref_of, loaded, "fine")
    for folder in (tmp_path / "no-such-folder", without_model, nonsense, without_file, fine):
        painter.order(folder)
    painter.wait_for(lambda: _is_over(fine))
    assert _outcome(fine).status == "done"
    # The page says it in the person's language, and names the model.
    assert _outcome(without_model).error_details == {"name": "nowhere"}
    for folder, code in ((without_model, "model.moved"), (nonsense, "drawing.unreadable")):
        assert _outcome(folder).error_code == code
    for folder in (without_model, nonsense, without_file):
        outcome = _outcome(folder)
        assert outcome.status == "failed"
        assert outcome.error_sentence.endswith(".")
        assert "Traceback" not in outcome.error_sentence


def test_an_idle_painter_leaves(tmp_path: Path) -> None:
    process = PainterProcess(tmp_path / "idle.txt", "--idle-seconds", "0.2")
    assert process.process.wait(PATIENCE_SECONDS) == 0
    assert process.process.stdin is not None
    process.process.stdin.close()
