"""When it is good, when to stop, which step was best: decisions on numbers alone.

Likeness comes in calibrated points (0 to 100). A round of previews is a handful of pictures, so two
rounds differ by some points by chance; ``LIKENESS_NOISE`` is that much.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import pvariance

from textinv_app.domain.concept import ConceptKind
from textinv_app.domain.events import VerdictCode
from textinv_app.domain.specs import TrainingSettings
from textinv_app.training.state import Judgement, Progress

LIKENESS_NOISE = 3.0
THIS_IS_IT = 70.0
GETTING_CLOSE = 40.0
COPYING_PROMPT_SHARE = 0.6
"""Share of the prompt following at the start below which pictures ignore their prompt."""
COPYING_VALIDATION_RISE = 1.1
PATIENCE = 2
"""Rounds without anything better after which training ends or is called not improving."""
SMOOTHING = 3
"""Measurements in one value of the smoothed validation loss."""
FLAT_SHARE = 0.998
"""Share of its best that the validation loss has to fall below to count as better."""
LEARNT_SHARE = 0.99
"""Share of its start that the loss of a negative word has to fall below to count as learnt."""
FEWEST_TO_SETTLE = 8
"""Validation losses before which the variance rule says nothing."""
SETTLED_SHARE = 0.15
"""Share of the variance of all losses below which their newer half counts as settled, as in DVAR;
a loss that falls evenly has a quarter."""
MIN_SHARE_BEFORE_STOP = 0.5
"""Share of ``max_steps`` before which a training never ends by itself."""


def verdict(progress: Progress, kind: ConceptKind) -> VerdictCode:
    """Return what to tell a person after the newest round of previews.

    A negative word is not to look like its photos, so it is judged by what it has learnt alone.
    """
    if kind == "negative":
        return _negative_verdict(progress)
    judgements = progress.judgements
    newest = judgements[-1]
    start, likeness = judgements[0].likeness or 0.0, newest.likeness or 0.0
    # The untrained word draws what the class word does, which may be like the photos by itself.
    has_learnt = newest.step > 0 and likeness >= start - LIKENESS_NOISE
    if has_learnt and likeness >= THIS_IS_IT:
        return "copying_photos" if _is_copying(progress) else "this_is_it"
    if has_stopped_improving(progress, kind):
        return "not_improving"
    close = min(max(GETTING_CLOSE, start + (THIS_IS_IT - start) * 0.4), THIS_IS_IT)
    return "getting_close" if has_learnt and likeness >= close else "too_early"


def _negative_verdict(progress: Progress) -> VerdictCode:
    losses = smoothed([loss for _, loss in progress.validations])
    has_learnt = len(losses) > 1 and losses[-1] < LEARNT_SHARE * losses[0]
    if has_stopped_improving(progress, "negative"):
        return "this_is_it" if has_learnt else "not_improving"
    return "getting_close" if has_learnt else "too_early"


def is_better(new: Judgement, progress: Progress, kind: ConceptKind) -> bool:
    """Tell whether ``new`` beats the best so far: by likeness, then by validation loss.

    Likeness within its own noise counts as equal, but nothing clearly below the highest is good
    enough: each of many steps down could be noise. Of a style and a negative word the newest is the
    best: their photos show many things, so being like them tells little.
    """
    best = progress.best
    if best is None:
        return True
    if kind != "subject":
        return not _is_astray(new, progress)
    likeness, best_likeness = new.likeness or 0.0, best.likeness or 0.0
    highest = max(entry.likeness or 0.0 for entry in progress.judgements if entry.step > 0)
    if likeness < highest - LIKENESS_NOISE:
        return False
    if likeness > best_likeness + LIKENESS_NOISE:
        return True
    if new.validation_loss is None or best.validation_loss is None:
        return likeness >= best_likeness
    return new.validation_loss < best.validation_loss


def _is_astray(new: Judgement, progress: Progress) -> bool:
    """Tell whether the loss of what is no pet has risen by more than its photos can explain.

    Each of them shows something else, so the loss on those held back tells when a word has gone
    astray, but not which step was best: of a negative word the step of the lowest loss, the 30th of
    120, left 62 % of the spoilt pictures spoilt, the last one 43 %; of a style the most alike of
    200 steps, the 100th, came into 52 % of new pictures, the last one into 85 %
    (``python -m tests.benchmarks.crayon --part style,negative``, one trial each).
    """
    losses = [entry.validation_loss for entry in progress.judgements]
    known = [loss for loss in losses if loss is not None]
    if new.validation_loss is None or not known:
        return False
    return new.validation_loss > COPYING_VALIDATION_RISE * min(known)


def smoothed(values: Sequence[float], window: int = SMOOTHING) -> list[float]:
    """Return the mean of each value and those just before it, ``window`` in all."""
    return [
        sum(values[max(0, end - window) : end]) / min(window, end)
        for end in range(1, len(values) + 1)
    ]


def has_stopped_improving(progress: Progress, kind: ConceptKind) -> bool:
    """Tell whether likeness and smoothed validation loss stood still for ``PATIENCE`` rounds."""
    judgements = progress.judgements
    if len(judgements) <= PATIENCE + 1:
        return False
    since = judgements[-PATIENCE - 1].step
    losses = smoothed([loss for _, loss in progress.validations])
    steps = [step for step, _ in progress.validations]
    old = [loss for step, loss in zip(steps, losses, strict=True) if step <= since]
    new = [loss for step, loss in zip(steps, losses, strict=True) if step > since]
    if old and new and min(new) < FLAT_SHARE * min(old):
        return False
    scores = _trained_scores(progress)
    if kind == "negative" or len(scores) <= PATIENCE:
        return True
    return max(scores[-PATIENCE:]) <= max(scores[:-PATIENCE]) + LIKENESS_NOISE


def _trained_scores(progress: Progress) -> list[float]:
    """Return the likenesses after some training: what the untrained word draws is no mark to beat.

    Its class word may be like the photos by itself, and learning starts with a fall then.
    """
    return [
        entry.likeness
        for entry in progress.judgements
        if entry.step > 0 and entry.likeness is not None
    ]


def has_settled(losses: Sequence[float]) -> bool:
    """Tell whether validation losses only wobble any more (DVAR, arXiv 2302.04841).

    They are measured on fixed photos, noise and timesteps, so what they vary by is what is learnt:
    the variance of their newer half is small beside that of all.
    """
    if len(losses) < FEWEST_TO_SETTLE:
        return False
    whole = pvariance(losses)
    return whole == 0 or pvariance(losses[len(losses) // 2 :]) < SETTLED_SHARE * whole


def likeness_is_flat(progress: Progress, kind: ConceptKind) -> bool:
    """Tell whether likeness has not grown for ``PATIENCE`` rounds; without a judge it is flat."""
    has_judge = any(entry.likeness is not None for entry in progress.judgements)
    if kind == "negative" or not has_judge:
        return True
    scores = _trained_scores(progress)
    if len(scores) <= PATIENCE:
        return False
    return max(scores[-PATIENCE:]) <= max(scores[:-PATIENCE]) + LIKENESS_NOISE


def should_stop(progress: Progress, settings: TrainingSettings, kind: ConceptKind) -> bool:
    """Tell whether training may end before ``max_steps`` because it does not get better.

    By the variance rule it may end at any step, once loss and likeness both stand still; else a
    style and a negative word take all steps: they get better without any number telling it
    (``is_better``).
    """
    if not settings.stop_early:
        return False
    if settings.stop_rule == "variance":
        losses = [loss for _, loss in progress.validations]
        return has_settled(losses) and likeness_is_flat(progress, kind)
    if kind != "subject" or progress.step < MIN_SHARE_BEFORE_STOP * settings.max_steps:
        return False
    return has_stopped_improving(progress, kind)


def _is_copying(progress: Progress) -> bool:
    """Tell whether pictures no longer follow their prompt, or an unseen photo is drawn worse."""
    start = progress.judgements[0].prompt_following
    newest = progress.judgements[-1].prompt_following
    if start is not None and newest is not None and 0 < start * COPYING_PROMPT_SHARE > newest:
        return True
    losses = smoothed([loss for _, loss in progress.validations])
    return bool(losses) and losses[-1] > COPYING_VALIDATION_RISE * min(losses)
