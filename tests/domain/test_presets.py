"""Presets: full settings for every order, and estimates that make sense."""

from __future__ import annotations

from typing import get_args

import pytest

from textinv_app.domain.concept import ConceptKind, Family, Method, TrainingMethod
from textinv_app.domain.presets import (
    PRESETS,
    PastTraining,
    PresetRequest,
    estimate_seconds,
    pace_of,
    settings_for,
)
from textinv_app.domain.recipe import usual_steps
from textinv_app.domain.specs import PresetName

FAMILIES: tuple[Family, ...] = get_args(Family)
METHODS: tuple[Method, ...] = get_args(Method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", FAMILIES)
def test_more_careful_is_longer(family: Family, method: Method) -> None:
    steps, seconds = [], []
    for preset in PRESETS:
        request = PresetRequest(family=family, method=method, preset=preset, num_photos=5)
        settings = settings_for(request)
        steps.append(settings.max_steps * settings.batch_size)
        seconds.append(estimate_seconds(request, has_gpu=True))
    assert steps == sorted(steps)
    assert len(set(steps)) == len(steps)
    assert seconds == sorted(seconds)


def test_quick_on_crayon_keeps_its_promise() -> None:
    for method, seconds in (("embedding", 90), ("lora", 180)):
        request = PresetRequest(family="crayon", method=method, preset="quick", num_photos=5)
        assert estimate_seconds(request, has_gpu=False) <= seconds


@pytest.mark.parametrize("max_steps", [1, 7, 60, 5000])
def test_a_given_number_of_steps_is_made_and_looked_at(max_steps: int) -> None:
    request = PresetRequest(family="crayon", method="lora", num_photos=5, max_steps=max_steps)
    settings = settings_for(request)
    assert settings.max_steps == max_steps
    assert not settings.stop_early
    assert settings.warmup_steps < max_steps
    # Previews, validation and checkpoints meet, so that a judged step is also a saved one.
    assert settings.preview_every_steps % settings.checkpoint_every_steps == 0
    assert settings.preview_every_steps % settings.validate_every_steps == 0


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("method", ["embedding", "lora", "pivotal"])
@pytest.mark.parametrize("family", ["crayon", "sd1", "sd2", "sdxl"])
def test_the_last_two_rounds_of_previews_lie_apart(
    family: Family, method: TrainingMethod, preset: PresetName
) -> None:
    """A round eight steps before the last one drew the same pictures and used up the patience."""
    request = PresetRequest(family=family, method=method, num_photos=8, preset=preset)
    settings = settings_for(request)
    after_the_last_full_round = settings.max_steps % settings.preview_every_steps
    assert after_the_last_full_round == 0 or (
        2 * after_the_last_full_round > settings.preview_every_steps
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_a_style_on_crayon_is_taught_faster_to_a_lora_only(preset: PresetName) -> None:
    """At a pet's rate it came into half of the pictures."""

    def rate(**asked: str) -> float:
        request = PresetRequest(num_photos=8, preset=preset, **asked)  # type: ignore[arg-type]
        return settings_for(request).learning_rate

    for family in ("crayon", "sd1"):
        for method in ("lora", "embedding"):
            share = 2 if (family, method) == ("crayon", "lora") else 1
            pet = rate(family=family, method=method)
            assert rate(family=family, method=method, kind="style") == share * pet
            assert rate(family=family, method=method, kind="negative") == pet


def test_seed_and_mirroring_are_passed_on() -> None:
    request = PresetRequest(
        family="sd1", method="embedding", num_photos=8, seed=2**32 - 1, mirror=True
    )
    settings = settings_for(request)
    assert settings.seed == 2**32 - 1
    assert settings.mirror
    assert settings_for(request) == settings


def _past(request: PresetRequest, seconds: float, num_steps: int = 0) -> PastTraining:
    settings = settings_for(request)
    steps = num_steps or settings.max_steps
    return PastTraining(request.family, request.method, settings, steps, seconds)


def test_what_trainings_took_here_is_what_the_next_one_is_said_to_take() -> None:
    request = PresetRequest(family="crayon", method="lora", num_photos=5)
    usual = estimate_seconds(request, has_gpu=False)
    assert pace_of([], has_gpu=False) == 1.0
    twice = [_past(request, 0.5 * usual), _past(request, 0.5 * usual)]
    pace = pace_of([*twice, _past(request, 100 * usual)], has_gpu=False)
    assert 0.5 < pace < 0.8, "the rest of a training is not in what was measured"
    assert estimate_seconds(request, has_gpu=False, pace=pace) == pytest.approx(pace * usual)
    stopped = _past(request, 0.25 * usual, settings_for(request).max_steps // 2)
    assert pace_of([stopped], has_gpu=False) == pytest.approx(pace, rel=0.1)
    assert pace_of([_past(request, 1e9)], has_gpu=False) == 20.0


@pytest.mark.parametrize("preset", PRESETS)
def test_what_to_avoid_has_vectors_for_several_things_on_crayon(preset: PresetName) -> None:
    def vectors(kind: ConceptKind, family: Family = "crayon") -> int:
        request = PresetRequest(
            family=family, method="embedding", kind=kind, preset=preset, num_photos=10
        )
        return settings_for(request).num_vectors

    assert vectors("negative") >= 4
    assert vectors("negative") >= vectors("subject")
    assert vectors("negative", "sd1") == vectors("subject", "sd1")


def test_a_quick_word_for_what_to_avoid_on_crayon_takes_more_steps() -> None:
    """After 120 steps 56 of 100 pictures that were asked to be bad were bad, after 320 33."""

    def steps(kind: ConceptKind, preset: PresetName, family: Family = "crayon") -> int:
        return usual_steps(family, "embedding", preset, kind)

    assert steps("negative", "quick") == 320
    assert steps("negative", "balanced") == steps("subject", "balanced")
    assert steps("negative", "quick", "sd1") == steps("subject", "quick", "sd1")


def test_a_quick_style_on_crayon_takes_more_steps_of_a_lora_only() -> None:
    """After 120 steps 24 of 40 new pictures were in the style, after 200 34."""

    def steps(kind: ConceptKind, method: TrainingMethod, preset: PresetName) -> int:
        return usual_steps("crayon", method, preset, kind)

    assert steps("style", "lora", "quick") == 200
    assert steps("style", "embedding", "quick") == steps("subject", "embedding", "quick")
    assert steps("style", "lora", "balanced") == steps("subject", "lora", "balanced")
