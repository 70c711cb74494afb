"""Photos drawn anew by a model: the same every time, each for itself, lighter where it is dark."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.drawing.conftest import LoadedOf, RefOf
from textinv_app.domain.specs import BaseModelRef
from textinv_app.drawing.artist import Artist, DrawingTask
from textinv_app.drawing.redrawing import familiar_loss, lightened, redraw, surprise
from textinv_app.errors import ModelUnavailable
from textinv_app.models.loading import load

SIDE = 64


def _photos() -> list[Image.Image]:
    """Return three squares of one colour each, with a brighter half."""
    photos = []
    for colour in ((200, 60, 40), (40, 180, 80), (60, 80, 220)):
        photo = Image.new("RGB", (SIDE, SIDE), colour)
        photo.paste((230, 230, 230), (0, 0, SIDE, SIDE // 2))
        photos.append(photo)
    return photos


def _pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture).astype(np.int64)


def test_a_photo_is_redrawn_the_same_alone_and_with_others(loaded: LoadedOf) -> None:
    model = loaded("crayon")
    shares: list[float] = []
    together = redraw(model, _photos(), "dog", 3, shares.append)
    again = redraw(model, _photos(), "dog", 3, lambda _share: None)
    assert [list(map(int, _pixels(one).ravel())) for one in together] == [
        list(map(int, _pixels(one).ravel())) for one in again
    ]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    alone = redraw(model, _photos()[:1], "dog", 3, lambda _share: None)
    assert np.abs(_pixels(alone[0]) - _pixels(together[0])).max() <= 1
    other = redraw(model, _photos()[:1], "dog", 4, lambda _share: None)
    assert np.abs(_pixels(other[0]) - _pixels(together[0])).mean() > 1


def test_more_strength_leaves_less_of_the_photo(loaded: LoadedOf) -> None:
    """Two photos drawn from the same noise differ by what is left of them."""
    artist = Artist(loaded("crayon"))
    left = []
    for strength in (0.2, 0.6, 1.0):
        task = DrawingTask("a dog", seeds=(1, 1), num_inference_steps=20, resolution_pixels=SIDE)
        one, other = artist.redraw(task, _photos()[:2], strength)
        left.append(np.abs(_pixels(one) - _pixels(other)).mean())
    assert left[0] > 1.5 * left[1] > 0
    assert left[1] > 1.5 * left[2]


def test_many_photos_are_redrawn_a_few_at_a_time(
    loaded: LoadedOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = redraw(loaded("crayon"), _photos(), "dog", 3, lambda _share: None)
    monkeypatch.setattr(Artist, "_pictures_at_a_time", lambda _self, _side: 2)
    apart = redraw(loaded("crayon"), _photos(), "dog", 3, lambda _share: None)
    assert len(apart) == 3
    for one, other in zip(together, apart, strict=True):
        assert np.abs(_pixels(one) - _pixels(other)).max() <= 1


def test_surprise_is_the_median_of_the_pictures(loaded: LoadedOf) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    photos = _photos()
    usual = surprise(loaded("crayon"), photos, "dog")
    assert surprise(loaded("crayon"), photos, "dog") == usual
    with_one_odd = surprise(loaded("crayon"), [*photos[:2], Image.fromarray(noise)], "dog")
    assert with_one_odd == pytest.approx(usual, rel=0.2)


@pytest.mark.parametrize("family", ["sd1", "sd2"])
def test_models_that_know_photos_have_no_limit(loaded: LoadedOf, family: str) -> None:
    assert familiar_loss(loaded(family)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("content", ["{", "{}", '{"loss": "much"}', "[]"])
def test_a_damaged_limit_is_said_in_words(ref_of: RefOf, tmp_path: Path, content: str) -> None:
    folder = tmp_path / "crayon"
    shutil.copytree(ref_of("crayon").source, folder)
    (folder / "familiar.json").write_text(json.dumps({"loss": 0.25}), encoding="utf-8")
    model = load(BaseModelRef(model_id="custom", source=str(folder), family="crayon"))
    assert familiar_loss(model) == 0.25
    (folder / "familiar.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="damaged") as refused:
        familiar_loss(model)
    assert refused.value.code == "model.damaged", "it is not the built-in one"
    built_in = load(BaseModelRef(model_id="crayon", source=str(folder), family="crayon"))
    with pytest.raises(ModelUnavailable, match="Install Petname again"):
        familiar_loss(built_in)


def test_a_dark_photo_becomes_lighter_and_a_bright_one_stays() -> None:
    dark = Image.new("RGB", (8, 8), (60, 40, 20))
    lighter = _pixels(lightened(dark))
    assert 255 * 0.35 < lighter.mean() < 255 * 0.5
    assert lighter[0, 0, 0] > lighter[0, 0, 1] > lighter[0, 0, 2], "the hue stays"
    bright = Image.new("RGB", (8, 8), (220, 180, 140))
    assert lightened(bright).tobytes() == bright.tobytes()
    assert _pixels(lightened(Image.new("RGB", (8, 8)))).max() == 0
