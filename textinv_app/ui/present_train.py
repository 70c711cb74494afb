"""The choices of the train tab as HTML: image model, what to teach, how careful."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textinv_app.domain.concept import ConceptKind, TrainingMethod, methods_of
from textinv_app.domain.presets import PRESETS
from textinv_app.domain.recipe import Recipe
from textinv_app.domain.specs import PresetName
from textinv_app.domain.views import ConceptView, ModelView
from textinv_app.library.api import PresetView
from textinv_app.ui import icons, ids, present
from textinv_app.ui.markup import Html, button, tag
from textinv_app.ui.words import Words

TEACH = ("both", "embedding", "lora", "pivotal")
_TEACH_ICONS = {
    "both": icons.COLUMNS,
    "embedding": icons.BOOK,
    "lora": icons.BRAIN,
    "pivotal": icons.SPARK,
}


@dataclass(frozen=True)
class TrainChoice:
    """What is chosen on the train tab."""

    model_id: str
    teach: str = "both"
    """``embedding``, ``lora``, ``pivotal`` or ``both``."""
    preset: PresetName = "quick"
    like_id: str = ""
    """File that the training is to be like; empty for none."""
    drawn: str = ""
    """Says, after the pet's id, which drawing of the form this is; empty for the usual one."""

    @property
    def methods(self) -> tuple[TrainingMethod, ...]:
        """The methods that ``teach`` stands for."""
        if self.teach == "embedding":
            return ("embedding",)
        if self.teach == "pivotal":
            return ("pivotal",)
        return ("lora",) if self.teach == "lora" else ("embedding", "lora")


def teachable(kind: ConceptKind) -> tuple[str, ...]:
    """Return what may be taught of a kind, the usual one first."""
    possible = set(methods_of(kind))
    return tuple(teach for teach in TEACH if possible.issuperset(TrainChoice("", teach).methods))


def default_choice(models: Sequence[ModelView], kind: ConceptKind = "subject") -> TrainChoice:
    """Choose the first model this machine can train, everything at its quickest."""
    available = [model.model_id for model in models if model.available]
    return TrainChoice(model_id=(available or ["crayon"])[0], teach=teachable(kind)[0])


@dataclass(frozen=True)
class OnOffer:
    """The image models that can be chosen from."""

    models: Sequence[ModelView]
    own_allowed: bool = True
    """Whether a model of one's own may be named beside them."""


@dataclass(frozen=True)
class Liking:
    """A training that is to be like that of a file."""

    name: str
    """Shown name of the file."""
    recipe: Recipe
    other_model: str = ""
    """Name of the image model it was taught on where that cannot be used here."""


def setup(
    words: Words,
    view: ConceptView | None,
    on_offer: OnOffer,
    choice: TrainChoice,
    liking: Liking | None = None,
) -> Html:
    """Show the choices, or what to do before there is anything to train."""
    if view is None or not view.ready:
        action = present.go_to(words, "upload", "train.empty_go")
        return present.empty(words, "train.empty", action)
    models = on_offer.models
    is_own = on_offer.own_allowed and choice.model_id not in {one.model_id for one in models}
    return tag(
        "section",
        tag(
            "div",
            tag("h2", words("train.title", name=view.concept.name)),
            tag(
                "p",
                words.count("train.lead", len(view.photos), word=view.concept.placeholder_token),
            ),
            class_="pn-heading",
        ),
        None if liking is None else _like(words, liking),
        tag("input", type="hidden", id=ids.LIKE_FIELD, value=choice.like_id),
        _group(
            words("train.model"),
            [
                *[_model(words, model, choice) for model in models if model.available],
                _own_model(words, is_own) if on_offer.own_allowed else None,
            ],
            "models",
        ),
        _own_model_field(words, choice.model_id if is_own else "", is_draft=liking is None)
        if on_offer.own_allowed
        else None,
        _unusable_models(words, [model for model in models if not model.available], choice),
        _group(
            words("train.teach"),
            [_teach(words, teach, choice) for teach in teachable(view.concept.kind)],
            "teach",
        ),
        class_="pn-train-setup",
        data_drawn=_drawn(view, choice),
    )


def _drawn(view: ConceptView, choice: TrainChoice) -> str:
    return choice.drawn or view.concept.concept_id


def _group(title: str, cards: Sequence[Html | None], name: str) -> Html:
    return tag(
        "fieldset",
        tag("legend", title),
        tag("div", *cards, class_=f"pn-cards pn-cards-{name}"),
        class_="pn-field",
    )


def _model(words: Words, model: ModelView, choice: TrainChoice) -> Html:
    about = f"model.{model.model_id}.about"
    needs = []
    if model.download_bytes:
        needs.append(words("model.download", size=words.size(model.download_bytes)))
    if model.memory_bytes:
        needs.append(words("model.memory", size=words.size(model.memory_bytes)))
    if not needs:
        needs.append(words("model.nothing"))
    status = (
        tag("span", icons.CHECK, words("model.can"), class_="pn-badge pn-badge-good")
        if model.available
        else tag(
            "span",
            icons.WARN,
            words.error(model.reason, model.reason, {"needed": words.size(model.memory_bytes)}),
            class_="pn-badge pn-badge-warn",
        )
    )
    return present.radio_card(
        "pn-model",
        model.model_id,
        model.model_id == choice.model_id,
        tag("b", model.title),
        tag("small", words(about)) if words.has(about) else None,
        tag("small", " · ".join(needs), class_="pn-needs"),
        tag("small", words("model.licence", licence=model.licence), class_="pn-needs")
        if model.licence
        else None,
        status,
        changes="train",
        disabled=not model.available,
    )


def _unusable_models(words: Words, models: Sequence[ModelView], choice: TrainChoice) -> Html | None:
    """Fold away the models that cannot be chosen here, each with what it lacks."""
    if not models:
        return None
    cards = [_model(words, model, choice) for model in models]
    return tag(
        "details",
        tag("summary", words("train.unusable")),
        tag("div", *cards, class_="pn-cards pn-cards-models"),
        class_="pn-guide",
        data_fold="unusable-models",
    )


def _like(words: Words, liking: Liking) -> Html:
    """Say what the training will be like, and offer to forget it."""
    recipe = liking.recipe
    facts = [
        words.count("like.vectors", recipe.num_vectors) if recipe.num_vectors else "",
        words("like.rank", rank=recipe.rank) if recipe.rank else "",
        words("like.steps", steps=recipe.max_steps) if recipe.max_steps else "",
        words("like.seed", seed=recipe.seed) if recipe.seed is not None else "",
    ]
    return tag(
        "div",
        icons.SPARK,
        tag(
            "div",
            tag("b", words("like.title", name=liking.name)),
            tag("p", " · ".join(fact for fact in facts if fact)) if any(facts) else None,
            tag("p", words("like.incomplete")) if not recipe.is_complete else None,
            tag("p", words("like.other_model", model=liking.other_model))
            if liking.other_model
            else None,
        ),
        button(words("like.forget"), "train.forget", kind="quiet"),
        class_="pn-like",
        role="status",
    )


def _own_model(words: Words, chosen: bool) -> Html:
    return present.radio_card(
        "pn-model",
        "custom",
        chosen,
        tag("b", words("model.custom.title")),
        tag("small", words("model.custom.about")),
        tag("small", words("model.custom.needs"), class_="pn-needs"),
        changes="train",
    )


def _own_model_field(words: Words, value: str, is_draft: bool) -> Html:
    control = tag(
        "input",
        type="text",
        id=ids.CUSTOM_MODEL_FIELD,
        value=value or None,
        placeholder=words("train.custom_example"),
        maxlength=300,
        data_keep="custom_model" if is_draft else None,
        data_changes="train",
        autocomplete="off",
        spellcheck="false",
    )
    return tag(
        "div",
        present.field(words("train.custom"), control, field_id=ids.CUSTOM_MODEL_FIELD),
        class_="pn-custom-model",
    )


def _teach(words: Words, teach: str, choice: TrainChoice) -> Html:
    return present.radio_card(
        "pn-teach",
        teach,
        teach == choice.teach,
        _TEACH_ICONS[teach],
        tag("b", words(f"teach.{teach}")),
        tag("small", words(f"teach.{teach}_text")),
        changes="train",
    )


def presets(
    words: Words, view: ConceptView | None, times: Sequence[PresetView], choice: TrainChoice
) -> Html:
    """Show how careful to be, with the minutes each takes here, and the Start button."""
    if view is None or not view.ready:
        return Html("")
    cards = [_preset(words, preset, times, choice) for preset in PRESETS]
    return tag(
        "section",
        _group(words("train.care"), cards, "presets"),
        tag(
            "div",
            button(
                words("train.start"),
                "train.start",
                kind="primary",
                icon=icons.PLAY,
                class_="pn-button-large",
                id=ids.START_BUTTON,
                data_gather="train",
            ),
            tag("p", words("train.leave"), class_="pn-help"),
            class_="pn-start",
        ),
        data_drawn=_drawn(view, choice),
    )


def _preset(
    words: Words, preset: PresetName, times: Sequence[PresetView], choice: TrainChoice
) -> Html:
    chosen = [time for time in times if time.preset == preset and time.method in choice.methods]
    seconds = sum(time.estimated_seconds for time in chosen)
    duration = words("preset.about", time=words.duration(_rounded(seconds))) if chosen else ""
    return present.radio_card(
        "pn-preset",
        preset,
        preset == choice.preset,
        tag("b", words(f"preset.{preset}")),
        tag("span", duration, class_="pn-minutes") if duration else None,
        tag("small", words(f"preset.{preset}_text")),
        changes="",
    )


def _rounded(seconds: float) -> float:
    if seconds < 90:
        return max(15.0, 15 * round(seconds / 15))
    return 60.0 * max(1, round(seconds / 60))
