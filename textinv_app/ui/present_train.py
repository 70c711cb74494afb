"""The choices of the train tab as HTML: image model, what to teach, how careful."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textinv_app.domain.concept import Method
from textinv_app.domain.specs import PresetName
from textinv_app.domain.views import ConceptView, ModelView
from textinv_app.library.api import PresetView
from textinv_app.ui import icons, ids, present
from textinv_app.ui.markup import Html, button, named, tag
from textinv_app.ui.words import Words

PRESETS: tuple[PresetName, ...] = ("quick", "balanced", "careful")
_TEACH = ("both", "embedding", "lora")
_TEACH_ICONS = {"both": icons.COLUMNS, "embedding": icons.BOOK, "lora": icons.BRAIN}


@dataclass(frozen=True)
class TrainChoice:
    """What is chosen on the train tab."""

    model_id: str
    teach: str = "both"
    """``embedding``, ``lora`` or ``both``."""
    preset: PresetName = "quick"

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods that ``teach`` stands for."""
        if self.teach == "embedding":
            return ("embedding",)
        return ("lora",) if self.teach == "lora" else ("embedding", "lora")


def default_choice(models: Sequence[ModelView]) -> TrainChoice:
    """Choose the first model this machine can train, everything at its quickest."""
    available = [model.model_id for model in models if model.available]
    return TrainChoice(model_id=(available or ["crayon"])[0])


def setup(words: Words, view: ConceptView | None, models: Sequence[ModelView]) -> Html:
    """Show the choices, or what to do before there is anything to train."""
    if view is None or not view.ready:
        action = present.go_to(words, "upload", "train.empty_go")
        return present.empty(words, "train.empty", action)
    choice = default_choice(models)
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
        _group(
            words("train.model"),
            [*[_model(words, model, choice) for model in models], _own_model(words)],
            "models",
        ),
        _own_model_field(words),
        _group(words("train.teach"), [_teach(words, teach, choice) for teach in _TEACH], "teach"),
        class_="pn-train-setup",
    )


def _group(title: str, cards: Sequence[Html], name: str) -> Html:
    return tag(
        "fieldset",
        tag("legend", title),
        tag("div", *cards, class_=f"pn-cards pn-cards-{name}"),
        class_="pn-field",
    )


def _model(words: Words, model: ModelView, choice: TrainChoice) -> Html:
    about = f"model.{model.model_id}.about"
    needs = []
    if model.needs_download and model.download_bytes:
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


def _own_model(words: Words) -> Html:
    return present.radio_card(
        "pn-model",
        "custom",
        False,
        tag("b", words("model.custom.title")),
        tag("small", words("model.custom.about")),
        tag("small", words("model.custom.needs"), class_="pn-needs"),
        changes="train",
    )


def _own_model_field(words: Words) -> Html:
    control = tag(
        "input",
        type="text",
        id=ids.CUSTOM_MODEL_FIELD,
        placeholder=words("train.custom_example"),
        maxlength=300,
        data_keep="custom_model",
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


def word_of(view: ConceptView) -> Html:
    """Show the trigger word as a tag."""
    return tag("code", named(view.concept.placeholder_token), class_="pn-word-tag")
