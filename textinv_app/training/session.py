"""Everything one run needs in memory, made ready once, with the actions the loop is made of."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from PIL import Image

from textinv_app.domain.events import (
    CheckpointSaved,
    Event,
    Judged,
    NearestWords,
    Noticed,
    PlanChosen,
    PreviewSaved,
    StepDone,
    Validated,
)
from textinv_app.domain.specs import RunSpec
from textinv_app.errors import ModelUnavailable, TrainingFailed
from textinv_app.models.loading import is_out_of_memory
from textinv_app.runs.layout import RunLayout
from textinv_app.training.faults import Faults
from textinv_app.training.judging import is_better, should_stop, verdict
from textinv_app.training.methods import Method
from textinv_app.training.nearest import Dictionary
from textinv_app.training.pace import Pace
from textinv_app.training.plan import Plan
from textinv_app.training.preview import Previewer, PreviewRound
from textinv_app.training.state import (
    Judgement,
    Progress,
    StopReason,
    TrainState,
    Weights,
    encode_state,
    save_checkpoint,
)
from textinv_app.training.trainer import RanAway, Trainer

REPORT_EVERY_SECONDS = 0.5
READ_EVERY_STEPS = 25
"""Steps that a GPU may have waiting before their losses are read."""

logger = logging.getLogger(__name__)

Action = Callable[[], Iterator[Event]]


@dataclass(frozen=True)
class Equipment:
    """What a session works with."""

    spec: RunSpec
    layout: RunLayout
    method: Method
    trainer: Trainer
    previewer: Previewer
    photos: list[Image.Image]
    prediction_type: str
    dictionary: Dictionary | None
    """None for a LoRA, which has no vectors of its own."""
    faults: Faults
    smaller_plan: Callable[[Plan], Plan | None]
    """Returns the next plan that needs less memory."""
    check: Callable[[], None]
    """Raises when the run is to stop or pause; cheap."""


def _landmarks(progress: Progress) -> tuple[object, ...]:
    """Return what a checkpoint must not lack: a pause may have come between these."""
    return progress.step, progress.judgements, progress.finished_because


class Session:
    """One run from its first step to its last; each action returns the events it caused."""

    def __init__(self, equipment: Equipment) -> None:
        self.equipment = equipment
        self.trainer = equipment.trainer
        self._settings = equipment.spec.settings
        self._last_good: TrainState = self.trainer.state()
        self._saved: tuple[object, ...] = ()
        self._pace = Pace(self._settings)
        self._clock = time.monotonic()
        self._reported = 0.0
        self._queued_at = 0.0

    def resume(self, state: TrainState) -> None:
        """Go on from a checkpoint."""
        self.trainer.restore(state)
        self._last_good = state
        self._saved = _landmarks(state.progress)

    @property
    def is_over(self) -> bool:
        """Whether no further step is to be made."""
        return self.trainer.progress.finished_because is not None

    def guarded(self, action: Action) -> Iterator[Event]:
        """Do something; where memory runs out, take a smaller plan, say so and do it again.

        Memory runs out while a step is computed, hardly ever once its numbers move, so training
        goes on from where it is; Prodigy, which takes memory as it moves them, may have moved some.
        Raises ``TrainingFailed`` where there is no smaller plan.
        """
        while True:
            try:
                yield from action()
                return
            except (ModelUnavailable, RuntimeError) as error:
                if not _says_out_of_memory(error):
                    raise
                plan = self.equipment.smaller_plan(self.trainer.plan)
                if plan is None:
                    raise no_memory() from error
            # Outside of the ``except``, which holds the failed try's memory.
            yield from self._shrink(plan)

    def validate(self) -> Iterator[Event]:
        """Measure the validation loss if it is due at this step.

        Raises ``ModelUnavailable`` where the untrained model answers with no numbers already.
        """
        progress = self.trainer.progress
        measured = progress.validations and progress.validations[-1][0] == progress.step
        if measured or not self._is_due(self._settings.validate_every_steps):
            return
        loss = self.trainer.validation_loss()
        if not math.isfinite(loss):
            if progress.step == 0:
                raise ModelUnavailable(
                    "model.not_finite",
                    "The image model computes no usable numbers on this machine. Fetch it again, "
                    "or choose another model.",
                )
            yield from self._roll_back(RanAway(f"the validation loss is {loss}"))
            return
        self.trainer.progress = replace(
            progress, validations=(*progress.validations, (progress.step, loss))
        )
        yield Validated(step=progress.step, validation_loss=loss)

    def preview(self) -> Iterator[Event]:
        """Draw and judge previews if they are due at this step.

        The untrained word is drawn after the first step, which need not wait for it that way; until
        something was judged its weights are the best ones known.
        """
        step = self.trainer.step
        if step and not self.trainer.progress.judgements:
            yield from self._look(0, self.trainer.best_weights)
        judgements = self.trainer.progress.judgements
        judged = judgements and judgements[-1].step == step
        if not step or judged or not self._is_due(self._settings.preview_every_steps):
            return
        if not self.trainer.is_sound():
            yield from self._roll_back(RanAway("a weight is out of range"))
            return
        yield from self._look(step, self.trainer.weights())

    def _look(self, step: int, weights: Weights) -> Iterator[Event]:
        """Draw, show and judge the word as it was after ``step`` steps."""
        equipment, started = self.equipment, time.monotonic()
        drawn = equipment.previewer.draw_round(equipment.method, weights, step, equipment.check)
        self._pace.add_round(time.monotonic() - started)
        for picture in drawn.pictures:
            yield PreviewSaved(
                step=step,
                prompt_index=picture.prompt_index,
                prompt=picture.prompt,
                path=picture.path.relative_to(equipment.layout.root).as_posix(),
                likeness=picture.likeness,
            )
        yield from self._judge(drawn, step, weights)
        yield from self._nearest_words(step, weights)

    def checkpoint(self) -> Iterator[Event]:
        """Save a checkpoint if one is due at this step."""
        due = self.is_over or self._is_due(self._settings.checkpoint_every_steps)
        if due and self._saved != _landmarks(self.trainer.progress):
            yield from self.save()

    def save(self) -> Iterator[Event]:
        """Save a checkpoint now."""
        self._count_time()
        try:
            state = self.trainer.state()
        except RanAway as error:
            yield from self._roll_back(error)
            return
        path = save_checkpoint(
            self.equipment.layout.checkpoints, encode_state(state), self.trainer.step
        )
        self._last_good = state
        self._saved = _landmarks(self.trainer.progress)
        self.equipment.faults.reach("checkpoint.written", self.trainer.step)
        yield CheckpointSaved(
            step=self.trainer.step,
            path=path.relative_to(self.equipment.layout.root).as_posix(),
        )

    def stop(self) -> Iterator[Event]:
        """Make no further step because a person wants none, and save that.

        Queued steps may have run away unseen; the best so far is good all the same, and where
        nothing has been judged yet the last checkpoint counts.
        """
        judged, best_weights = self.trainer.progress, self.trainer.best_weights
        try:
            self.trainer.state()
        except RanAway as error:
            logger.warning("stopped after the learning ran away: %s", error)
            self.trainer.restore(replace(self._last_good, plan=self.trainer.plan))
            if judged.best is not None:
                self.trainer.progress, self.trainer.best_weights = judged, best_weights
        self.finish("stopped_by_person")
        yield from self.save()

    def step(self) -> Iterator[Event]:
        """Make one step; run-away learning is dealt with here.

        On a GPU steps are queued, and what became of them is read every so often.
        """
        step, plan = self.trainer.step, self.trainer.plan
        if self.trainer.num_unread == 0:
            self._queued_at = time.monotonic()
        try:
            self.equipment.faults.reach("train.step", step)
            if self.trainer.plan.reads_every_step:
                loss = self.trainer.make_step(
                    lambda value: self.equipment.faults.change_loss(step, value)
                )
                num_steps = 1
            else:
                self.trainer.queue_step()
                if self.trainer.plan != plan:
                    # It could not be recorded.
                    yield plan_chosen(self.trainer.plan)
                num_steps = self.trainer.num_unread
                if not self._has_to_read(num_steps):
                    return
                loss = self.trainer.read_loss()
        except RanAway as error:
            yield from self._roll_back(error)
        else:
            self._pace.add_step(time.monotonic() - self._queued_at, num_steps)
            yield from self._report(loss)

    def decide(self) -> None:
        """Note why training is over, once it is."""
        progress = self.trainer.progress
        if progress.step >= self._settings.max_steps:
            self.finish("max_steps")
        elif should_stop(progress, self._settings, self.equipment.spec.kind):
            self.finish("not_improving")

    def finish(self, reason: StopReason) -> None:
        """Note that no further step is to be made."""
        self.trainer.progress = replace(self.trainer.progress, finished_because=reason)

    def chosen(self) -> tuple[Weights, int]:
        """Return the weights worth keeping and their step: the best judged, else the newest."""
        best = self.trainer.progress.best
        if best is None:
            return self.trainer.weights(), self.trainer.step
        return self.trainer.best_weights, best.step

    def _has_to_read(self, num_unread: int) -> bool:
        """Tell whether to wait for the queued steps: there are many, or something looks at them."""
        settings = self._settings
        looks = (
            settings.validate_every_steps,
            settings.preview_every_steps,
            settings.checkpoint_every_steps,
        )
        return (
            num_unread >= READ_EVERY_STEPS
            or time.monotonic() - self._queued_at >= REPORT_EVERY_SECONDS
            or not self.trainer.progress.judgements
            or any(self._is_due(every_steps) for every_steps in looks)
        )

    def _is_due(self, every_steps: int) -> bool:
        step = self.trainer.step
        return step % every_steps == 0 or step >= self._settings.max_steps

    def _judge(self, drawn: PreviewRound, step: int, weights: Weights) -> Iterator[Event]:
        progress, kind = self.trainer.progress, self.equipment.spec.kind
        losses = [loss for measured, loss in progress.validations if measured <= step]
        judgement = Judgement(
            step=step,
            validation_loss=losses[-1] if losses else None,
            likeness=drawn.likeness,
            prompt_following=drawn.prompt_following,
        )
        # The untrained word is what everything is compared with, never a result.
        is_best = step > 0 and is_better(judgement, progress, kind)
        progress = replace(
            progress,
            judgements=(*progress.judgements, judgement),
            best=judgement if is_best else progress.best,
        )
        if is_best:
            self.trainer.best_weights = weights
        self.trainer.progress = progress
        likeness = judgement.likeness
        # A negative word is judged by what it has learnt, whether or not likeness is measured.
        if likeness is not None or kind == "negative":
            yield Judged(
                step=step,
                verdict=verdict(progress, kind),
                likeness=None if likeness is None else round(likeness, 2),
                prompt_following=judgement.prompt_following,
                is_best=is_best,
            )

    def _nearest_words(self, step: int, weights: Weights) -> Iterator[Event]:
        dictionary = self.equipment.dictionary
        if dictionary is None:
            return
        nearest = dictionary.nearest(weights["text_encoder"])
        yield NearestWords(
            step=step,
            words=tuple(word for word, _ in nearest),
            similarities=tuple(cosine for _, cosine in nearest),
        )

    def _report(self, loss: float) -> Iterator[Event]:
        now = time.monotonic()
        step = self.trainer.step
        if now - self._reported < REPORT_EVERY_SECONDS and step < self._settings.max_steps:
            return
        elapsed = self.trainer.progress.elapsed_seconds + now - self._clock
        yield StepDone(
            step=step,
            max_steps=self._settings.max_steps,
            loss=loss,
            seconds_per_step=round(self._pace.seconds_per_step, 5),
            elapsed_seconds=round(elapsed, 3),
            remaining_seconds=round(self._pace.remaining_seconds(step), 1),
        )
        self._reported = now

    def _count_time(self) -> None:
        now = time.monotonic()
        progress = self.trainer.progress
        self.trainer.progress = replace(
            progress, elapsed_seconds=progress.elapsed_seconds + now - self._clock
        )
        self._clock = now

    def _roll_back(self, error: RanAway) -> Iterator[Event]:
        at_step = self.trainer.step
        if self.trainer.progress.rate_factor < 1:
            raise TrainingFailed(
                "run.ran_away",
                f"The learning ran away at step {at_step}, twice. Try another preset or other "
                "photos.",
                step=at_step,
            ) from error
        self._count_time()
        elapsed = self.trainer.progress.elapsed_seconds
        self.trainer.restore(replace(self._last_good, plan=self.trainer.plan))
        self.trainer.progress = replace(
            self.trainer.progress, rate_factor=0.5, elapsed_seconds=elapsed
        )
        yield Noticed(
            code="notice.ran_away", details={"step": at_step, "back_to": self.trainer.step}
        )
        # At once, so that an attempt that goes on from here learns slower too.
        yield from self.save()

    def _shrink(self, plan: Plan) -> Iterator[Event]:
        self.trainer.shrink(plan)
        self.equipment.previewer.use_tiles(plan.tiled_vae)
        yield from said_smaller(plan)


def _says_out_of_memory(error: Exception) -> bool:
    if isinstance(error, ModelUnavailable):
        return error.code == "model.out_of_memory"
    return is_out_of_memory(error)


def no_memory() -> TrainingFailed:
    """Return the failure of a training for which no plan is small enough."""
    return TrainingFailed(
        "run.out_of_memory",
        "There is not enough memory to train this model here, even with the smallest setting. "
        "Close other programs or choose a smaller model.",
    )


def said_smaller(plan: Plan) -> Iterator[Event]:
    """Tell the person that a smaller plan is taken, and which."""
    yield Noticed(
        code="notice.smaller_plan",
        details={
            "pictures_at_a_time": plan.micro_batch_size,
            "gradient_checkpointing": int(plan.gradient_checkpointing),
        },
    )
    yield plan_chosen(plan)


def plan_chosen(plan: Plan) -> PlanChosen:
    """Return the event that tells how the machine is used."""
    return PlanChosen(
        device=plan.device,
        weights=plan.weights,
        pictures_at_a_time=plan.micro_batch_size,
        gradient_checkpointing=plan.gradient_checkpointing,
        cuda_graph=plan.cuda_graph,
        compile_unet=plan.compile_unet,
        fp8_storage=plan.fp8_storage,
        tiled_vae=plan.tiled_vae,
        num_threads=plan.num_threads,
        side_by_side=plan.side_by_side,
        peak_bytes=plan.peak_bytes,
    )
