"""Verdicts, the choice of the best step, and stopping early."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.training.conftest import tiny_settings
from textinv_app.domain.concept import ConceptKind
from textinv_app.training.judging import (
    has_settled,
    has_stopped_improving,
    is_better,
    likeness_is_flat,
    should_stop,
    verdict,
)
from textinv_app.training.state import Judgement, Progress


def progress_of(
    likenesses: list[float], losses: list[float], following: list[float] | None = None
) -> Progress:
    """Return the progress of a training judged every 50 steps."""
    prompts = following or [0.3] * len(likenesses)
    judgements = tuple(
        Judgement(50 * number, losses[number], likeness, prompts[number])
        for number, likeness in enumerate(likenesses)
    )
    validations = tuple((50 * number, loss) for number, loss in enumerate(losses))
    step = 50 * (len(likenesses) - 1)
    return Progress(step=step, judgements=judgements, validations=validations)


@pytest.mark.parametrize(
    ("likenesses", "losses", "following", "expected"),
    [
        ([10.0], [0.5], None, "too_early"),
        ([10.0, 12.0], [0.5, 0.49], None, "too_early"),
        ([10.0, 45.0], [0.5, 0.45], None, "getting_close"),
        # A class word that is near already has not been taught anything at step 0.
        ([60.0], [0.5], None, "too_early"),
        ([85.0], [0.5], None, "too_early"),
        ([85.0, 84.0], [0.5, 0.4], None, "this_is_it"),
        # One that got worse has not become it.
        ([90.0, 80.0], [0.5, 0.49], None, "too_early"),
        ([90.0] + [75.0] * 5, [0.5] * 6, None, "not_improving"),
        ([10.0, 82.0], [0.5, 0.4], None, "this_is_it"),
        ([10.0, 82.0, 90.0], [0.5, 0.4, 0.9], None, "copying_photos"),
        ([10.0, 82.0, 90.0], [0.5, 0.4, 0.4], [0.3, 0.28, 0.1], "copying_photos"),
        ([10.0] * 6, [0.5] * 6, None, "not_improving"),
    ],
)
def test_verdict_of_a_subject(
    likenesses: list[float], losses: list[float], following: list[float] | None, expected: str
) -> None:
    assert verdict(progress_of(likenesses, losses, following), "subject") == expected


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([0.5, 0.5], "too_early"),
        ([0.5, 0.4], "getting_close"),
        ([0.5, 0.4, 0.35, 0.35, 0.36, 0.36, 0.36, 0.36], "this_is_it"),
        ([0.5] * 7, "not_improving"),
    ],
)
def test_a_negative_word_is_judged_by_its_loss(losses: list[float], expected: str) -> None:
    likenesses = [80.0] * len(losses)
    assert verdict(progress_of(likenesses, losses), "negative") == expected


def beats(new: Judgement, best: Judgement, kind: ConceptKind = "subject") -> bool:
    """Tell whether ``new`` is better than the only judgement before it."""
    return is_better(new, Progress(judgements=(best,), best=best), kind)


def test_the_best_is_the_most_alike_then_the_lowest_loss() -> None:
    best = Judgement(50, 0.40, 60.0)
    assert beats(Judgement(100, 0.45, 70.0), best)
    assert not beats(Judgement(100, 0.30, 50.0), best)
    assert beats(Judgement(100, 0.39, 59.0), best)
    assert not beats(Judgement(100, 0.41, 61.0), best)
    assert is_better(Judgement(100, 0.41, 61.0), Progress(), "subject")


@pytest.mark.parametrize("kind", ["style", "negative"])
def test_of_what_is_no_pet_the_newest_is_the_best_unless_it_has_gone_astray(
    kind: ConceptKind,
) -> None:
    """The lowest loss on one bad photo chose the 30th step of 120, and half was left to learn."""
    best = Judgement(50, 0.40, 60.0)
    assert beats(Judgement(100, 0.41, 0.0), best, kind)
    assert beats(Judgement(100, 0.39, 90.0), best, kind)
    assert beats(Judgement(100, None), best, kind)
    # Being like the photos is no merit.
    assert not beats(Judgement(100, 0.45, 90.0), best, kind)
    crept = Progress(judgements=(best, Judgement(100, 0.43)), best=Judgement(100, 0.43))
    assert not is_better(Judgement(150, 0.45), crept, kind), "measured from the lowest"


def test_without_a_judge_the_lowest_loss_is_the_best() -> None:
    assert beats(Judgement(100, 0.3), Judgement(50, 0.4))
    assert not beats(Judgement(100, 0.5), Judgement(50, 0.4))


def test_the_best_step_does_not_slide_down_within_the_noise() -> None:
    progress = Progress()
    for number, likeness in enumerate([80.0, 77.5, 75.0, 72.5, 70.0]):
        new = Judgement(50 * (number + 1), 0.5 - 0.01 * number, likeness)
        better = is_better(new, progress, "subject")
        progress = replace(
            progress,
            judgements=(*progress.judgements, new),
            best=new if better else progress.best,
        )
    assert progress.best is not None
    assert progress.best.likeness == 77.5


def test_training_stops_only_when_nothing_gets_better() -> None:
    settings = tiny_settings(max_steps=400, stop_early=True)
    likenesses = [10.0, 50.0, 60.0, 61.0, 60.0, 62.0, 61.0, 61.0]
    losses = [0.5, 0.4, 0.35, 0.35, 0.36, 0.36, 0.36, 0.36]
    flat = progress_of(likenesses, losses)
    assert has_stopped_improving(flat, "subject")
    assert should_stop(flat, settings, "subject")
    falling = progress_of(likenesses, [0.5, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1])
    assert not should_stop(falling, settings, "subject")
    rising = progress_of([10.0, 50.0, 60.0, 66.0, 72.0, 80.0, 85.0, 90.0], losses)
    assert not should_stop(rising, settings, "subject")
    assert not should_stop(replace(flat, step=100), settings, "subject")
    assert not should_stop(flat, tiny_settings(max_steps=400, stop_early=False), "subject")
    for kind in ("style", "negative"):
        assert not should_stop(flat, settings, kind), "it gets better without any number telling"


def test_losses_settle_once_they_only_wobble() -> None:
    falling = [0.5 - 0.02 * number for number in range(16)]
    wobbling = [0.2 + 0.002 * (number % 2) for number in range(8)]
    assert not has_settled(falling)
    assert not has_settled(falling[:8])
    assert has_settled([*falling[:8], *wobbling])


def test_the_variance_rule_waits_for_the_likeness_too() -> None:
    settings = tiny_settings(max_steps=4000, stop_early=True, stop_rule="variance")
    losses = [0.5 - 0.03 * number for number in range(10)] + [0.2, 0.201] * 4
    flat = [10.0, 40.0, 60.0] + [60.0] * 15
    rising = [4.0 * number for number in range(18)]
    assert should_stop(progress_of(flat, losses), settings, "subject")
    assert not should_stop(progress_of(rising, losses), settings, "subject")
    assert not should_stop(
        progress_of(flat, [0.5 - 0.01 * n for n in range(18)]), settings, "subject"
    )


def test_what_the_untrained_word_draws_is_no_mark_that_training_has_to_beat() -> None:
    likenesses = [72.0, 40.0, 48.0, 56.0, 64.0]
    progress = progress_of(likenesses, [0.5] * 5)
    assert not has_stopped_improving(progress, "subject")
    assert verdict(progress, "subject") != "not_improving"
    assert not likeness_is_flat(progress, "subject")
    assert likeness_is_flat(progress_of([72.0, 40.0, 40.0, 41.0], [0.5] * 4), "subject")


def test_a_likeness_of_the_untrained_word_alone_is_not_flat() -> None:
    assert not likeness_is_flat(progress_of([72.0], [0.5]), "subject")
    assert likeness_is_flat(Progress(judgements=(Judgement(0, 0.5),)), "subject")
