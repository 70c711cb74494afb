"""The train tab: choices, Start, Pause, Resume, Stop, as commands and parts."""

from __future__ import annotations

import time
from dataclasses import replace

from textinv_app.domain.concept import ConceptKind
from textinv_app.domain.presets import PRESETS
from textinv_app.domain.recipe import Recipe
from textinv_app.domain.views import ArtifactView
from textinv_app.errors import BadInput, ModelUnavailable
from textinv_app.library.api import TrainingOrder
from textinv_app.ui import present_runs, present_train
from textinv_app.ui.commands import Command
from textinv_app.ui.desk import (
    ALL_PARTS,
    COMPARE_PARTS,
    MANAGE_PARTS,
    Part,
    Reply,
    Verb,
    Visit,
)
from textinv_app.ui.markup import Html
from textinv_app.ui.present_train import TEACH, Liking, OnOffer, TrainChoice

_RUNS = frozenset({"train_runs"})


def _kind(visit: Visit) -> ConceptKind:
    return visit.concept.concept.kind if visit.concept else "subject"


def _usual_choice(visit: Visit) -> TrainChoice:
    return present_train.default_choice(visit.models, _kind(visit))


def _teachable(visit: Visit, teach: str) -> str:
    """Return what is to be taught, or the usual where a word of this kind cannot be taught so."""
    offered = present_train.teachable(_kind(visit))
    return teach if teach in offered else offered[0]


def _choice_of(visit: Visit, command: Command) -> TrainChoice:
    usual = _usual_choice(visit)
    model_id = command.text("model") or usual.model_id
    if model_id == "custom":
        model_id = command.text("custom", 300)
    teach, preset = command.text("teach") or usual.teach, command.text("preset") or usual.preset
    if teach not in TEACH or preset not in PRESETS:
        raise BadInput("page.bad_command", "The page sent something that makes no sense.")
    return TrainChoice(
        model_id=model_id,
        teach=teach,
        preset=preset,
        like_id=command.text("like", 80),
        drawn=command.text("drawn", 80),
    )


def _setup(visit: Visit, choice: TrainChoice, liking: Liking | None = None) -> Html:
    on_offer = OnOffer(visit.models, visit.library.own_models_allowed())
    return present_train.setup(visit.words, visit.concept, on_offer, choice, liking)


def _draw_presets(visit: Visit, choice: TrainChoice) -> Html:
    view = visit.concept
    if view is None or not view.ready:
        return Html("")
    if not choice.model_id:
        # A model of one's own that is not named yet has no times.
        return present_train.presets(visit.words, view, (), choice)
    like = _liked(visit, choice)
    recipe = visit.library.recipe(visit.owner, like.artifact_id) if like else None
    times = visit.library.list_presets(choice.model_id, len(view.photos), recipe)
    return present_train.presets(visit.words, view, times, choice)


def _liked(visit: Visit, choice: TrainChoice) -> ArtifactView | None:
    """Return the file that the training is to be like; None for none, or one that is gone."""
    return next((one for one in visit.artifacts if one.artifact_id == choice.like_id), None)


def _chosen(visit: Visit) -> TrainChoice:
    """Return what is chosen on the page for the open pet, or else the usual choice."""
    drawn_for = visit.page.text("drawn", 80).partition(" ")[0]
    if not drawn_for or drawn_for != visit.concept_id:
        return _usual_choice(visit)
    choice = _choice_of(visit, visit.page)
    return replace(choice, teach=_teachable(visit, choice.teach))


def choose(visit: Visit, command: Command) -> Reply:
    """Show how long the presets take for what is chosen."""
    choice = _choice_of(visit, command)
    return Reply(visit.concept_id, drawn={"train_presets": _draw_presets(visit, choice)})


def start(visit: Visit, command: Command) -> Reply:
    """Queue the runs that are chosen."""
    choice = _choice_of(visit, command)
    if not choice.model_id:
        raise BadInput("page.no_model", "Write which model to use, or choose one of the list.")
    order = TrainingOrder(
        concept_id=visit.concept_id,
        methods=choice.methods,
        model_id=choice.model_id,
        preset=choice.preset,
        idempotency_key=command.text("key", 80),
        like_id=choice.like_id,
    )
    started = visit.library.start_training(visit.owner, order)
    return Reply(visit.concept_id, _RUNS, message=visit.words.count("train.started", len(started)))


def recreate(visit: Visit, command: Command) -> Reply:
    """Fill in the form as a file says it was trained, for its own pet or the open one."""
    artifact = visit.library.artifact(visit.owner, command.text("id", 80))
    recipe = visit.library.recipe(visit.owner, artifact.artifact_id)
    own = visit.opened(artifact.concept_id)
    at = own if own.concept is not None and own.concept.ready else visit
    if at.concept is None or not at.concept.ready:
        raise BadInput(
            "recreate.no_photos",
            "Open a pet with photos and a word first; then this file can be trained like again.",
        )
    choice, other_model = _like_choice(at, artifact.artifact_id, recipe)
    choice = replace(choice, drawn=f"{at.concept_id} {time.monotonic_ns()}")
    try:
        presets = _draw_presets(at, choice)
    except ModelUnavailable:
        other_model = choice.model_id
        choice = replace(choice, model_id=_usual_choice(at).model_id)
        presets = _draw_presets(at, choice)
    liking = Liking(artifact.name, recipe, other_model)
    drawn = {
        "train_setup": _setup(at, choice, liking),
        "train_presets": presets,
    }
    parts = ALL_PARTS - set(drawn) if at is own else _RUNS
    return Reply(at.concept_id, parts, drawn)


def forget(visit: Visit, _command: Command) -> Reply:
    """Go back to the usual choices."""
    choice = _usual_choice(visit)
    drawn = {
        "train_setup": _setup(visit, choice),
        "train_presets": _draw_presets(visit, choice),
    }
    return Reply(visit.concept_id, drawn=drawn)


def _like_choice(visit: Visit, like_id: str, recipe: Recipe) -> tuple[TrainChoice, str]:
    """Return what to choose, and the name of the file's model where it cannot be chosen here."""
    usual = _usual_choice(visit)
    other_model = _missing_model(visit, recipe)
    model_id = usual.model_id if other_model else recipe.base_model or usual.model_id
    choice = TrainChoice(
        model_id=model_id,
        teach=_teachable(visit, recipe.training),
        preset=recipe.preset,
        like_id=like_id,
    )
    return choice, other_model


def _missing_model(visit: Visit, recipe: Recipe) -> str:
    """Return the name of a file's model where it is one of ours that this machine cannot train."""
    unusable = [one for one in visit.models if not one.available]
    wanted = [one for one in unusable if one.model_id == recipe.base_model]
    return wanted[0].title if wanted else ""


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


def remove(visit: Visit, command: Command) -> Reply:
    """Remove a run that came to nothing."""
    visit.library.remove_run(visit.owner, command.text("id"))
    return Reply(visit.concept_id, _RUNS | MANAGE_PARTS, message=visit.words("run.removed"))


VERBS: dict[str, Verb] = {
    "train.choose": choose,
    "train.start": start,
    "train.forget": forget,
    "artifact.recreate": recreate,
    "run.pause": pause,
    "run.resume": resume,
    "run.stop": stop,
    "run.remove": remove,
}


def _draw_setup(visit: Visit) -> Html:
    choice = _chosen(visit)
    like = _liked(visit, choice)
    if like is None:
        choice = replace(choice, like_id="")
        return _setup(visit, choice)
    recipe = visit.library.recipe(visit.owner, like.artifact_id)
    liking = Liking(like.name, recipe, _missing_model(visit, recipe))
    return _setup(visit, choice, liking)


def _draw_chosen_presets(visit: Visit) -> Html:
    choice = _chosen(visit)
    if choice.model_id not in {one.model_id for one in visit.models}:
        # To look for a model of one's own takes time, and may fail: that is for who chooses it.
        return present_train.presets(visit.words, visit.concept, (), choice)
    return _draw_presets(visit, choice)


def _draw_runs(visit: Visit) -> Html:
    if visit.concept is None:
        return Html("")
    return present_runs.runs(visit.words, visit.library.list_runs(visit.owner, visit.concept_id))


PARTS: dict[str, Part] = {
    "train_setup": _draw_setup,
    "train_presets": _draw_chosen_presets,
    "train_runs": _draw_runs,
}
