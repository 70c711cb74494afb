"""The train tab: choices, Start, Pause, Resume, Stop, as commands and parts."""

from __future__ import annotations

from textinv_app.domain.views import ModelView
from textinv_app.errors import BadInput
from textinv_app.library.api import TrainingOrder
from textinv_app.ui import present_runs, present_train
from textinv_app.ui.commands import Command
from textinv_app.ui.desk import COMPARE_PARTS, MANAGE_PARTS, Part, Reply, Verb, Visit
from textinv_app.ui.markup import Html
from textinv_app.ui.present_train import PRESETS, TrainChoice

_TEACH = ("both", "embedding", "lora")
_RUNS = frozenset({"train_runs"})


def _choice_of(command: Command, models: tuple[ModelView, ...]) -> TrainChoice:
    usual = present_train.default_choice(models)
    model_id = command.text("model") or usual.model_id
    if model_id == "custom":
        model_id = command.text("custom", 300)
    teach, preset = command.text("teach") or "both", command.text("preset") or "quick"
    if teach not in _TEACH or preset not in PRESETS:
        raise BadInput("page.bad_command", "The page sent something that makes no sense.")
    return TrainChoice(model_id=model_id, teach=teach, preset=preset)


def _draw_presets(visit: Visit, choice: TrainChoice) -> Html:
    view = visit.concept
    if view is None or not view.ready:
        return Html("")
    # A model of one's own that is not named yet has no times.
    times = visit.library.list_presets(choice.model_id, len(view.photos)) if choice.model_id else ()
    return present_train.presets(visit.words, view, times, choice)


def choose(visit: Visit, command: Command) -> Reply:
    """Show how long the presets take for what is chosen."""
    choice = _choice_of(command, visit.library.list_models())
    return Reply(visit.concept_id, drawn={"train_presets": _draw_presets(visit, choice)})


def start(visit: Visit, command: Command) -> Reply:
    """Queue the runs that are chosen."""
    choice = _choice_of(command, visit.library.list_models())
    if not choice.model_id:
        raise BadInput("page.no_model", "Write which model to use, or choose one of the list.")
    order = TrainingOrder(
        concept_id=visit.concept_id,
        methods=choice.methods,
        model_id=choice.model_id,
        preset=choice.preset,
        idempotency_key=command.text("key", 80),
    )
    started = visit.library.start_training(visit.owner, order)
    return Reply(visit.concept_id, _RUNS, message=visit.words.count("train.started", len(started)))


def pause(visit: Visit, command: Command) -> Reply:
    """Ask a run to pause."""
    visit.library.pause_run(visit.owner, command.text("id"))
    return Reply(visit.concept_id, _RUNS)


def resume(visit: Visit, command: Command) -> Reply:
    """Let a paused or failed run go on."""
    visit.library.resume_run(visit.owner, command.text("id"))
    return Reply(visit.concept_id, _RUNS)


def stop(visit: Visit, command: Command) -> Reply:
    """Ask a run to end and keep its best."""
    visit.library.stop_run(visit.owner, command.text("id"))
    return Reply(visit.concept_id, _RUNS | COMPARE_PARTS | MANAGE_PARTS)


VERBS: dict[str, Verb] = {
    "train.choose": choose,
    "train.start": start,
    "run.pause": pause,
    "run.resume": resume,
    "run.stop": stop,
}


def _draw_setup(visit: Visit) -> Html:
    return present_train.setup(visit.words, visit.concept, visit.library.list_models())


def _draw_usual_presets(visit: Visit) -> Html:
    return _draw_presets(visit, present_train.default_choice(visit.library.list_models()))


def _draw_runs(visit: Visit) -> Html:
    if visit.concept is None:
        return Html("")
    return present_runs.runs(visit.words, visit.library.list_runs(visit.owner, visit.concept_id))


PARTS: dict[str, Part] = {
    "train_setup": _draw_setup,
    "train_presets": _draw_usual_presets,
    "train_runs": _draw_runs,
}
