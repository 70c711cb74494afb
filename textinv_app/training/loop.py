"""The training loop: the same for every method and every base model."""

from __future__ import annotations

import functools
import gc
import logging
from collections.abc import Generator, Iterator
from dataclasses import replace

from torch import Tensor

from textinv_app.domain.events import Event, Noticed, Paused, PhaseChanged
from textinv_app.domain.specs import RunSpec
from textinv_app.errors import ModelUnavailable
from textinv_app.models.hub import fetch_clip
from textinv_app.models.loading import is_out_of_memory
from textinv_app.models.photo_latents import encode_photo, scaled_for_unet
from textinv_app.runs.control import ControlWatch, PauseRequested, StopRequested
from textinv_app.runs.layout import RunLayout
from textinv_app.training.faults import Faults, planned_faults
from textinv_app.training.latents import LatentCache
from textinv_app.training.plan import Machine, Plan
from textinv_app.training.redrawn import photos_to_learn
from textinv_app.training.result import publish_result
from textinv_app.training.session import Session, no_memory, plan_chosen, said_smaller
from textinv_app.training.setup import (
    Prepared,
    choose_plan,
    comes_from_hub,
    encoding,
    has_to_be_fetched,
    load_for_training,
    load_photos,
    make_session,
    next_smaller_plan,
    pictures_to_encode,
    place,
)
from textinv_app.training.state import TrainState, load_newest
from textinv_app.training.this_machine import check_graphics_card, this_machine

logger = logging.getLogger(__name__)


def train(spec: RunSpec, layout: RunLayout, control: ControlWatch) -> Iterator[Event]:
    """Train one word and publish the result; goes on from the newest whole checkpoint.

    The last event is ``Finished``, or ``Paused`` when the run was asked to pause. Raises
    ``StopRequested`` when it was stopped before there was anything to keep, ``Superseded``,
    ``PetnameError`` (``TrainingFailed``, ``ModelUnavailable``, ``BadInput``) and ``OSError``.
    Nothing is yielded inside a context of torch: whoever reads the events may stop reading.
    """
    state, damaged = load_newest(layout.checkpoints)
    for path in damaged:
        code = "notice.checkpoint_damaged" if state else "notice.checkpoints_lost"
        yield Noticed(code=code, details={"file": path.name})
    try:
        if state is None:
            control.check()
        session = yield from _prepare(spec, layout, control, state)
    except PauseRequested:
        yield Paused(step=0 if state is None else state.progress.step)
        return
    try:
        yield from _learn(session, control)
    except PauseRequested:
        yield from session.save()
        yield Paused(step=session.trainer.step)
        return
    except StopRequested:
        if not session.trainer.progress.judgements:
            raise  # Not even the untrained word has been seen.
        yield from session.stop()
        if session.trainer.step == 0:
            raise  # All that had been learnt had run away.
    yield from publish_result(session)


def _prepare(
    spec: RunSpec, layout: RunLayout, control: ControlWatch, state: TrainState | None
) -> Generator[Event, None, Session]:
    """Load the model, encode the photos once, and return the session.

    Where memory runs out already here, the next smaller plan is taken from the start.
    """
    fetched = has_to_be_fetched(spec.base_model)
    yield PhaseChanged(phase="downloading" if fetched else "loading_model")
    machine = this_machine()
    check_graphics_card(spec.base_model.family, machine)
    plan = choose_plan(spec, state, machine)
    yield plan_chosen(plan)
    faults = planned_faults()
    while True:
        try:
            session = yield from _set_up(spec, layout, control, (plan, machine, faults, state))
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            smaller = next_smaller_plan(spec, machine, plan)
            if smaller is None:
                raise no_memory() from error
            plan = smaller
        else:
            if state is not None:
                session.resume(replace(state, plan=plan))
            return session
        # The next model must not lie beside this one, which refers to itself in places.
        gc.collect()
        yield from said_smaller(plan)


def _set_up(
    spec: RunSpec,
    layout: RunLayout,
    control: ControlWatch,
    how: tuple[Plan, Machine, Faults, TrainState | None],
) -> Generator[Event, None, Session]:
    plan, machine, faults, state = how
    model = load_for_training(spec, plan)
    if comes_from_hub(spec.base_model):
        yield from _fetch_judge()
    photos = load_photos(spec, layout)
    if state is None or layout.redrawn.is_dir():
        # A run that began with its photos as they are goes on with them.
        ready = functools.partial(place, model, plan)
        photos = yield from photos_to_learn(spec, layout, ready, photos, control.check)
    pictures = pictures_to_encode(spec, photos)
    encoded: list[tuple[Tensor, Tensor]] = []
    with encoding(model, plan) as vae:
        for picture in pictures:
            yield PhaseChanged(phase="preparing_photos", fraction=len(encoded) / len(pictures))
            faults.reach("encode.picture", len(encoded))
            encoded.append(encode_photo(vae, picture))
            if state is None:
                control.check()
    latents = LatentCache(*scaled_for_unet(model.vae, encoded))
    prepared = Prepared(place(model, plan), photos, latents, plan, machine)
    return make_session(spec, layout, prepared, control.check)


def _fetch_judge() -> Iterator[Event]:
    """Bring CLIP, which judges the pictures, as the model was brought; it goes on without, too."""
    try:
        fetch_clip()
    except ModelUnavailable as error:
        logger.warning("likeness is not measured: %s", error)
        yield Noticed(code="notice.no_likeness")


def _learn(session: Session, control: ControlWatch) -> Iterator[Event]:
    """Make steps until it is good or time is up; look at the results on the way."""
    yield PhaseChanged(phase="training")
    while True:
        yield from session.guarded(session.validate)
        yield from session.guarded(session.preview)
        session.decide()
        yield from session.checkpoint()
        if session.is_over:
            return
        control.check()
        yield from session.guarded(session.step)
