"""Likeness and prompt following with a tiny image encoder."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.drawing.conftest import LoadedOf, RefOf
from tests.tiny_models import save_tiny_clip
from textinv_app.domain.specs import BaseModelRef
from textinv_app.drawing.likeness import (
    Calibration,
    LikenessJudge,
    likeness_judge,
)
from textinv_app.errors import ModelUnavailable
from textinv_app.models.hub import CLIP_REPOSITORY
from textinv_app.models.loading import load


def _picture(seed: int) -> Image.Image:
    blocks = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((64, 64), Image.Resampling.NEAREST)


@pytest.fixture(scope="module")
def judge(loaded: LoadedOf) -> LikenessJudge:
    """Return the judge of the tiny Crayon."""
    found = likeness_judge(loaded("crayon"))
    assert found is not None
    return found


def test_a_photo_itself_is_most_like_the_photo(judge: LikenessJudge) -> None:
    photo = _picture(1)
    scores = judge.likeness([photo, _picture(2), _picture(3)], [photo])
    assert scores[0] == pytest.approx(100.0, abs=0.01)
    assert scores[0] > max(scores[1:])


def test_likeness_is_the_mean_over_the_photos(judge: LikenessJudge) -> None:
    picture, photos = _picture(1), [_picture(4), _picture(5)]
    apart = [judge.likeness([picture], [photo])[0] for photo in photos]
    together = judge.likeness([picture], photos)[0]
    assert together == pytest.approx(sum(apart) / 2, abs=0.01)


def test_other_photos_are_noticed(judge: LikenessJudge) -> None:
    picture = _picture(1)
    first = judge.likeness([picture], [_picture(6)])
    second = judge.likeness([picture], [_picture(7)])
    assert first != second
    assert judge.likeness([picture], [_picture(6)]) == first


def test_nothing_to_compare_with_is_an_error(judge: LikenessJudge) -> None:
    assert judge.likeness([], [_picture(1)]) == []
    with pytest.raises(ValueError, match="photo"):
        judge.likeness([_picture(1)], [])


def test_prompt_following_differs_between_prompts(judge: LikenessJudge) -> None:
    dog = judge.prompt_following([_picture(1)], "a photo of a dog")
    snow = judge.prompt_following([_picture(1)], "a cat on snow")
    assert len(dog) == 1
    assert -100 <= dog[0] <= 100
    assert dog != snow


def test_models_without_an_image_encoder_have_no_judge(loaded: LoadedOf) -> None:
    assert likeness_judge(loaded("sd1")) is None


def save_cached_clip(cache: Path) -> None:
    """Put a tiny CLIP into a cache of the hub's client, in the place of the real one."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = cache / f"models--{CLIP_REPOSITORY.replace('/', '--')}"
    save_tiny_clip(repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit, encoding="utf-8")


def test_clip_judges_in_main_memory_wherever_the_model_is(
    loaded: LoadedOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan of a training counts on all the memory of the GPU."""
    save_cached_clip(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    # On this device nothing can be computed.
    judge = likeness_judge(replace(loaded("sd1"), device="meta"))
    assert judge is not None
    photo = _picture(1)
    assert judge.likeness([photo], [photo]) == [pytest.approx(100.0)]
    assert len(judge.prompt_following([photo], "a photo of a dog")) == 1


def test_a_damaged_judge_is_said_in_words(ref_of: RefOf, tmp_path: Path) -> None:
    folder = tmp_path / "crayon"
    shutil.copytree(ref_of("crayon").source, folder)
    (folder / "likeness.json").write_text("{", encoding="utf-8")
    model = load(BaseModelRef(model_id="custom", source=str(folder), family="crayon"))
    with pytest.raises(ModelUnavailable, match="damaged"):
        likeness_judge(model)
    (folder / "likeness.json").write_text(json.dumps({"points": [[0, 0], [1, 100]]}))
    shutil.rmtree(folder / "image_encoder")
    with pytest.raises(ModelUnavailable, match="damaged"):
        likeness_judge(model)


def test_calibration_runs_straight_between_its_points() -> None:
    calibration = Calibration((0.2, 0.6, 0.8), (0.0, 50.0, 100.0))
    points = [calibration.score(cosine, None) for cosine in (0.1, 0.2, 0.4, 0.7, 0.95)]
    assert points == pytest.approx([0.0, 0.0, 25.0, 75.0, 100.0])


def test_calibration_by_photos_gives_100_for_what_is_as_like_as_they_are() -> None:
    calibration = Calibration((0.5,), (0.0,), by_photos=True)
    assert calibration.score(0.8, 0.8) == pytest.approx(100.0)
    assert calibration.score(0.65, 0.8) == pytest.approx(50.0)
    assert calibration.score(0.4, 0.8) == 0.0
    assert calibration.score(0.9, None) == pytest.approx(100.0)
