"""The form about the pet as HTML: name, class word, kind, markings and the trigger word."""

from __future__ import annotations

from textinv_app.domain.concept import Concept, usual_class_word
from textinv_app.domain.views import ConceptView
from textinv_app.ui import icons, ids, present
from textinv_app.ui.markup import Html, button, tag
from textinv_app.ui.words import Words

_KINDS = ("subject", "style", "negative")
_ANIMALS = ("dog", "cat", "rabbit", "hamster", "parrot")


def form(words: Words, view: ConceptView | None) -> Html:
    """Build the form about the pet: name, kind, class word, trigger word, markings."""
    if view is None:
        return Html("")
    concept = view.concept
    return tag(
        "section",
        present.heading(words, "form"),
        tag(
            "div",
            _name(words, concept),
            _class_word(words, concept),
            class_="pn-form-row",
        ),
        _kinds(words, concept),
        _markings(words, concept) if concept.kind == "subject" else None,
        _word(words, concept),
        class_="pn-form",
        data_drawn=concept.concept_id,
    )


def _text_input(
    field_id: str, value: str, changes: str, **attributes: str | int | bool | None
) -> Html:
    return tag(
        "input",
        type="text",
        id=field_id,
        value=value,
        data_changes=changes,
        autocomplete="off",
        spellcheck="false",
        **attributes,
    )


def _name(words: Words, concept: Concept) -> Html:
    control = _text_input(
        ids.NAME_FIELD, concept.name, "name", maxlength=40, placeholder=words("form.name_example")
    )
    return present.field(words(f"form.name_{concept.kind}"), control, field_id=ids.NAME_FIELD)


def _class_word(words: Words, concept: Concept) -> Html:
    suggestions = words(f"form.class_words_{concept.kind}").split("|")
    options = tag(
        "datalist", *[tag("option", value=word) for word in suggestions], id="pn-class-words"
    )
    is_vague = concept.kind == "subject" and concept.class_word == usual_class_word("subject")
    # Nobody has typed it, and in French it means something rude.
    shown = words("class.pet") if is_vague else concept.class_word
    control = _text_input(
        ids.CLASS_WORD_FIELD, shown, "class_word", maxlength=30, list="pn-class-words"
    )
    return present.field(
        words(f"form.class_word_{concept.kind}"),
        tag("div", control, options, _animals(words, concept)),
        words("form.class_word_vague" if is_vague else f"form.class_word_help_{concept.kind}"),
        field_id=ids.CLASS_WORD_FIELD,
    )


def _animals(words: Words, concept: Concept) -> Html | None:
    """Offer the usual animals, one touch each: nothing helps a pet's word more than its kind."""
    if concept.kind != "subject":
        return None
    chips = [
        tag(
            "button",
            words(f"class.{animal}"),
            type="button",
            class_="pn-chip",
            data_do="class_word.choose",
            data_word=animal,
            aria_pressed="true" if animal == concept.class_word else "false",
        )
        for animal in _ANIMALS
    ]
    return tag("div", *chips, class_="pn-chips")


def _word(words: Words, concept: Concept) -> Html:
    control = tag(
        "div",
        _text_input(
            ids.WORD_FIELD,
            concept.placeholder_token,
            "placeholder_token",
            maxlength=40,
            data_checks="word",
            autocapitalize="off",
            placeholder=words("form.word_example"),
            aria_describedby=ids.UPLOAD_WORD_HINT,
        ),
        button(words("form.suggest"), "word.suggest", kind="quiet", icon=icons.SPARK),
        class_="pn-input-row",
    )
    return present.field(
        words("form.word"), control, words("form.word_help"), field_id=ids.WORD_FIELD
    )


def word_hint(words: Words, text: str, good: bool, suggestion: str = "") -> Html:
    """Say under the word whether it works, and offer one that does."""
    if not text:
        return Html("")
    offer = (
        button(words("form.take", word=suggestion), "word.take", kind="quiet", data_word=suggestion)
        if suggestion
        else None
    )
    return tag(
        "div",
        icons.CHECK if good else icons.WARN,
        tag("span", text),
        offer,
        class_=f"pn-word-hint pn-word-{'good' if good else 'bad'}",
        role="status",
    )


def _kinds(words: Words, concept: Concept) -> Html:
    cards = [
        present.radio_card(
            "pn-kind",
            kind,
            concept.kind == kind,
            tag("b", words(f"kind.{kind}")),
            tag("small", words(f"kind.{kind}_text")),
            changes="kind",
        )
        for kind in _KINDS
    ]
    return tag(
        "fieldset",
        tag("legend", words("form.kind")),
        tag("div", *cards, class_="pn-cards"),
        class_="pn-field",
    )


def _markings(words: Words, concept: Concept) -> Html:
    choices = (("false", "form.markings_yes"), ("true", "form.markings_no"))
    cards = [
        present.radio_card(
            "pn-mirror",
            value,
            concept.mirror_allowed == (value == "true"),
            tag("b", words(key)),
            tag("small", words(f"{key}_text")),
            changes="mirror_allowed",
        )
        for value, key in choices
    ]
    return tag(
        "fieldset",
        tag("legend", words("form.markings")),
        tag("div", *cards, class_="pn-cards"),
        class_="pn-field",
    )
