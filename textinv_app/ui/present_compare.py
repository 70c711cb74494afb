"""The controls of the compare tab as HTML: what to wear, what to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textinv_app.domain.views import ArtifactView, ConceptView, DrawingView
from textinv_app.ui import icons, ids, present
from textinv_app.ui.markup import Html, button, tag
from textinv_app.ui.words import Words

_NUM_EXAMPLES = 6
_MAX_TICKED = 10
"""Negative embeddings of one family that are worn without being asked for: prompts are short."""


@dataclass(frozen=True)
class CompareView:
    """What the compare tab needs to know."""

    concept: ConceptView | None
    artifacts: tuple[ArtifactView, ...]
    drawing: DrawingView | None


def wearable(view: CompareView, method: str) -> list[ArtifactView]:
    """Return the files of one method that are worn by choice, those of the open pet first."""
    return [one for one in _all_wearable(view) if one.method == method]


def preselected(view: CompareView) -> list[ArtifactView]:
    """Return what is chosen to begin with: a file, and where it has one its like of the other kind.

    That is the other file of its pair, or one of the same pet for the same kind of model: two files
    that have nothing to do with each other are only worn together by choice.
    """
    files = _all_wearable(view)
    first = files[:1]
    return first + [one for one in files if any(_belong(one, other) for other in first)][:1]


def _belong(one: ArtifactView, first: ArtifactView) -> bool:
    if one.companion_id or first.companion_id:
        return one.artifact_id == first.companion_id
    same_pet = one.concept_id == first.concept_id != ""
    return same_pet and one.family == first.family and one.method != first.method


def _all_wearable(view: CompareView) -> list[ArtifactView]:
    """Return the files worn by choice, the one first whose sentences are shown first.

    Those of the open pet come first, and among them embeddings.
    """
    concept_id = view.concept.concept.concept_id if view.concept else ""
    fitting = [one for one in view.artifacts if one.kind != "negative"]
    return sorted(
        fitting,
        key=lambda one: (one.concept_id != concept_id or not concept_id, one.method == "lora"),
    )


def _kinds(view: CompareView) -> tuple[str, ...]:
    """Return the kinds of the files, that of the first one first; a pet where there is none."""
    return tuple(dict.fromkeys(one.kind for one in _all_wearable(view))) or ("subject",)


def negatives(view: CompareView) -> list[ArtifactView]:
    """Return the negative embeddings, which are worn by themselves."""
    return [one for one in view.artifacts if one.kind == "negative" and one.method == "embedding"]


def chosen_word(view: CompareView) -> str:
    """Return the trigger word the prompt needs, of the open pet or of the newest file."""
    for one in _all_wearable(view)[:1]:
        return one.placeholder_token
    concept = view.concept.concept if view.concept else None
    if negatives(view):
        # Nothing but what should not be seen: any animal will do.
        is_pet = concept is not None and concept.kind == "subject"
        return (concept.class_word if concept and is_pet else "") or "cat"
    return concept.placeholder_token if concept else ""


def setup(words: Words, view: CompareView) -> Html:
    """Show the controls, or what to do before there is anything to compare."""
    if not _all_wearable(view) and not negatives(view):
        way = present.go_to(words, "upload", "train.empty_go")
        if present.can_teach(view.concept):
            way = present.go_to(words, "train", "compare.empty_go")
        return present.empty(words, "compare.empty", way)
    word = chosen_word(view)
    return tag(
        "section",
        present.heading(words, "compare"),
        tag(
            "div",
            _prompt(words, view, word),
            _choices(words, view),
            _numbers(words, view),
            _more(words, view),
            tag(
                "div",
                button(
                    words("compare.draw"),
                    "compare.draw",
                    kind="primary",
                    icon=icons.SPARK,
                    class_="pn-button-large",
                    id=ids.DRAW_BUTTON,
                    data_gather="compare",
                ),
                class_="pn-actions",
            ),
            class_="pn-sheet pn-compare-form",
        ),
        data_drawn=view.concept.concept.concept_id if view.concept else "",
    )


def _prompt(words: Words, view: CompareView, word: str) -> Html:
    kinds = _kinds(view)
    text = view.drawing.prompt if view.drawing and word and word in view.drawing.prompt else ""
    control = tag(
        "textarea",
        text or words(f"compare.{kinds[0]}_example1", word=word),
        id=ids.PROMPT_FIELD,
        rows=2,
        maxlength=500,
        data_keep="prompt",
        spellcheck="false",
    )
    insert = tag(
        "button",
        icons.PLUS,
        tag("span", words("compare.insert")),
        " ",
        tag("code", word, data_word_shown=True),
        type="button",
        class_="pn-chip pn-chip-word",
        data_local="insert-word",
        data_word=word,
    )
    examples = [
        tag(
            "button",
            words(f"compare.{kind}_example{number}", word=word),
            type="button",
            class_="pn-chip",
            # The script shows those that fit the chosen file.
            style=None if kind == kinds[0] else "display:none",
            data_local="example",
            data_kind=kind,
            data_template=words(f"compare.{kind}_example{number}", word="{word}"),
        )
        for kind in kinds
        for number in range(1, _NUM_EXAMPLES + 1)
    ]
    return tag(
        "div",
        tag("label", words("compare.prompt"), for_=ids.PROMPT_FIELD),
        control,
        tag("div", insert, *examples, class_="pn-chips pn-examples"),
        class_="pn-field",
    )


def _choices(words: Words, view: CompareView) -> Html:
    return tag(
        "div",
        _choice(words, view, "embedding", ids.EMBEDDING_CHOICE),
        _strength(words, view, "embedding", ids.EMBEDDING_STRENGTH),
        _choice(words, view, "lora", ids.LORA_CHOICE),
        _strength(words, view, "lora", ids.LORA_STRENGTH),
        class_="pn-compare-choices",
    )


def _choice(words: Words, view: CompareView, method: str, field_id: str) -> Html:
    chosen = [one.artifact_id for one in preselected(view) if one.method == method]
    options = [
        tag(
            "option",
            f"{one.name} · {one.placeholder_token} · {words.day(one.created_at)}",
            value=one.artifact_id,
            selected=one.artifact_id in chosen,
            data_word=one.placeholder_token,
            data_kind=one.kind,
            data_family=one.family,
        )
        for one in wearable(view, method)
    ]
    nothing = tag("option", words("compare.none"), value="", selected=not chosen, data_word="")
    control = tag(
        "select", *options, nothing, id=field_id, data_keep=method, data_local="choose-file"
    )
    return present.field(words(f"compare.{method}"), control, field_id=field_id)


def _strength(words: Words, view: CompareView, method: str, field_id: str) -> Html:
    control = tag(
        "div",
        tag(
            "input",
            type="range",
            id=field_id,
            min="0",
            max="1.5",
            step="0.05",
            value="1",
            disabled=not wearable(view, method),
            data_keep=f"{method}_strength",
        ),
        tag("output", "1", for_=field_id),
        class_="pn-range",
    )
    return present.field(words(f"compare.{method}_strength"), control, field_id=field_id)


def _numbers(words: Words, view: CompareView) -> Html:
    seed = tag(
        "div",
        tag(
            "input",
            type="number",
            inputmode="numeric",
            id=ids.SEED_FIELD,
            min="0",
            max="4294967295",
            step="1",
            value=str(view.drawing.seed if view.drawing else 7),
            data_keep="seed",
        ),
        tag(
            "button",
            icons.DICE,
            type="button",
            class_="pn-button pn-button-square",
            data_local="dice",
            aria_label=words("compare.dice"),
            title=words("compare.dice"),
        ),
        class_="pn-input-row",
    )
    counts = [tag("option", str(n), value=str(n), selected=n == 1) for n in (1, 2, 3, 4)]
    number = tag("select", *counts, id=ids.NUM_IMAGES_FIELD, data_keep="num_images")
    return tag(
        "div",
        present.field(
            words("compare.seed"), seed, words("compare.seed_help"), field_id=ids.SEED_FIELD
        ),
        present.field(words("compare.num_images"), number, field_id=ids.NUM_IMAGES_FIELD),
        class_="pn-form-row",
    )


def _is_ticked(one: ArtifactView, files: Sequence[ArtifactView]) -> bool:
    """Tell whether a negative embedding is worn to begin with.

    The newest words of its family are, each by its newest file.
    """
    alike: dict[str, str] = {}
    for other in files:
        if other.family == one.family:
            alike.setdefault(other.placeholder_token, other.artifact_id)
    return one.artifact_id in list(alike.values())[:_MAX_TICKED]


def _more(words: Words, view: CompareView) -> Html:
    control = tag(
        "input",
        type="text",
        id=ids.NEGATIVE_PROMPT_FIELD,
        maxlength=500,
        data_keep="negative_prompt",
        placeholder=words("compare.negative_example"),
        spellcheck="false",
    )
    return tag(
        "div",
        present.field(
            words("compare.negative"),
            control,
            words("compare.negative_help"),
            field_id=ids.NEGATIVE_PROMPT_FIELD,
        ),
        _negative_files(words, view),
        present.field(
            words("compare.steps"),
            _steps(),
            words("compare.steps_help"),
            field_id=ids.STEPS_FIELD,
        ),
        class_="pn-form-row",
    )


def _negative_files(words: Words, view: CompareView) -> Html | None:
    files = negatives(view)
    if not files:
        return None
    boxes = [
        tag(
            "label",
            tag(
                "input",
                type="checkbox",
                class_="pn-check",
                name="pn-negative",
                value=one.artifact_id,
                checked=_is_ticked(one, files),
                data_keep=f"negative_{one.artifact_id}",
            ),
            tag("span", one.name, " ", tag("code", one.placeholder_token)),
            tag("small", words(f"family.{one.family}"), class_="pn-help"),
            class_="pn-check-label",
            data_family=one.family,
        )
        for one in files
    ]
    return tag("div", tag("p", words("compare.negative_files"), class_="pn-help"), *boxes)


def _steps() -> Html:
    slider = tag(
        "input",
        type="range",
        id=ids.STEPS_FIELD,
        min="5",
        max="50",
        step="1",
        value="20",
        data_keep="steps",
    )
    return tag("div", slider, tag("output", "20", for_=ids.STEPS_FIELD), class_="pn-range")
