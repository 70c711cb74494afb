"""Pieces every tab shows: header, navigation, pet switcher, empty states, toasts, verdict words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from textinv_app.domain.views import ConceptView
from textinv_app.ui import icons, ids
from textinv_app.ui.markup import Child, Html, button, named, tag
from textinv_app.ui.words import Words

_TAB_ICONS = {
    "upload": icons.CAMERA,
    "train": icons.SPARK,
    "compare": icons.COLUMNS,
    "manage": icons.SHELF,
}
_SCRIPT_WORDS = "script."


def header(words: Words) -> Html:
    """Build the header: brand, theme button and the way to the other language."""
    spoken = {
        key.removeprefix(_SCRIPT_WORDS): text
        for key, text in words.catalogue.items()
        if key.startswith(_SCRIPT_WORDS)
    }
    other = "fr" if words.language == "en" else "en"
    brand = tag(
        "a",
        icons.LOGO,
        tag("h1", "Petname", class_="pn-brand-name"),
        href="/fr/" if words.language == "fr" else "/",
        class_="pn-brand",
        aria_label=words("header.home"),
    )
    tools = tag(
        "div",
        tag(
            "a",
            icons.GLOBE,
            tag("span", words("header.other_language")),
            href="/fr/" if other == "fr" else "/",
            lang=other,
            hreflang=other,
            class_="pn-tool",
        ),
        tag(
            "button",
            icons.MOON,
            type="button",
            class_="pn-tool",
            data_local="theme",
            aria_label=words("header.theme"),
            title=words("header.theme"),
        ),
        class_="pn-tools",
    )
    return tag(
        "header",
        brand,
        tag("p", words("header.tagline"), class_="pn-tagline"),
        tools,
        tag("div", id=ids.SPOKEN, class_="pn-spoken", role="status", aria_live="polite"),
        class_="pn-header",
        data_words=json.dumps(spoken, ensure_ascii=False),
        data_language=words.language,
        data_title=words("page.title"),
    )


def navigation(words: Words) -> Html:
    """Build the four tabs; the script moves between panels."""
    tabs = [
        tag(
            "button",
            _TAB_ICONS[name],
            tag("span", words(f"tab.{name}")),
            type="button",
            role="tab",
            id=ids.tab(name),
            aria_controls=ids.panel(name),
            aria_selected="true" if name == "upload" else "false",
            tabindex=0 if name == "upload" else -1,
            data_tab=name,
            class_="pn-tab",
        )
        for name in ids.TABS
    ]
    return tag(
        "nav", tag("div", *tabs, role="tablist", aria_label=words("tab.all")), class_="pn-nav"
    )


def switcher(words: Words, concepts: Sequence[ConceptView], current_id: str) -> Html:
    """Show the pets as name tags, the open one marked, and a way to begin another."""
    if not concepts:
        return Html("")
    tags = [_pet_tag(words, view, view.concept.concept_id == current_id) for view in concepts]
    new = button(
        words("switcher.new"), "concept.new", kind="quiet", icon=icons.PLUS, class_="pn-pet-new"
    )
    return tag(
        "div", *tags, new, class_="pn-switcher", role="group", aria_label=words("switcher.all")
    )


def _pet_tag(words: Words, view: ConceptView, current: bool) -> Html:
    photo = view.photos[0] if view.photos else None
    picture = (
        tag("img", src=photo.square_url, alt="", class_="pn-pet-picture")
        if photo
        else tag("span", icons.PAW, class_="pn-pet-picture pn-pet-nobody")
    )
    word = view.concept.placeholder_token
    return tag(
        "button",
        picture,
        tag(
            "span",
            tag("b", named(view.concept.name or words("switcher.unnamed"))),
            tag("small", word) if word else None,
        ),
        type="button",
        class_="pn-pet" + (" pn-pet-current" if current else ""),
        aria_pressed="true" if current else "false",
        data_do="concept.open",
        data_id=view.concept.concept_id,
    )


def heading(words: Words, key: str) -> Html:
    """Build the title of a section and the line under it."""
    return tag(
        "div", tag("h2", words(f"{key}.title")), tag("p", words(f"{key}.lead")), class_="pn-heading"
    )


def empty(words: Words, key: str, *actions: Child) -> Html:
    """Show that there is nothing here yet and what to do next."""
    return tag(
        "div",
        tag("span", icons.PAW, class_="pn-empty-paw"),
        tag("h3", words(f"{key}.title")),
        tag("p", words(f"{key}.text")),
        tag("div", *actions, class_="pn-actions") if actions else None,
        class_="pn-empty",
    )


def go_to(words: Words, name: str, key: str, kind: str = "primary") -> Html:
    """Build a button that opens another tab."""
    return tag(
        "button",
        tag("span", words(key)),
        icons.ARROW,
        type="button",
        class_=f"pn-button pn-button-{kind}",
        data_go=name,
    )


def can_teach(view: ConceptView | None) -> bool:
    """Tell whether the open pet can be taught: if not, the way there begins with its photos."""
    return view is not None and view.ready


def toast(text: str, kind: str, number: int, field_id: str = "") -> Html:
    """Show a short message; ``number`` makes each one new to the script that hides it.

    ``field_id`` is the field to mend, if any: whoever has pressed Start or Draw is taken there.
    """
    if not text:
        return Html("")
    icon = icons.WARN if kind == "error" else icons.CHECK
    return tag(
        "div",
        icon,
        tag("p", text),
        class_=f"pn-toast pn-toast-{kind}",
        role="alert" if kind == "error" else "status",
        data_number=number,
        data_field=field_id or None,
    )


def radio_card(name: str, value: str, checked: bool, *content: Child, **attributes: object) -> Html:
    """Build one choice of a group of cards: a real radio button with a card as its label."""
    enabled = not attributes.get("disabled")
    return tag(
        "label",
        tag(
            "input",
            type="radio",
            name=name,
            value=value,
            checked=checked and enabled,
            disabled=not enabled,
            class_="pn-card-radio",
            data_changes=str(attributes.get("changes", "")) or None,
        ),
        tag("span", *content, class_="pn-card-face"),
        class_="pn-card-choice" + ("" if enabled else " pn-card-disabled"),
    )


def field(label: str, control: Html, help_text: Child = None, *, field_id: str) -> Html:
    """Put a label above a control and a line of help under it."""
    return tag(
        "div",
        tag("label", label, for_=field_id),
        control,
        tag("p", help_text, class_="pn-help") if help_text else None,
        class_="pn-field",
    )


def likeness_meter(words: Words, likeness: float | None, of: str) -> Html:
    """Show a likeness from 0 to 100 as a bar with its number, or that it was not measured.

    ``of`` says what was measured: the ``previews`` of a step, the pictures of a ``file`` that was
    plainly asked for, or those ``drawn`` in a comparison.
    """
    if likeness is None:
        return tag("p", words("likeness.unmeasured"), class_="pn-meter-none")
    value, label = round(min(100.0, max(0.0, likeness))), words(f"likeness.{of}")
    return tag(
        "div",
        tag("span", label, class_="pn-meter-label"),
        tag(
            "span",
            tag("span", style=f"width:{value}%", class_="pn-meter-fill"),
            class_="pn-meter-track",
            role="meter",
            aria_label=label,
            aria_valuemin=0,
            aria_valuemax=100,
            aria_valuenow=value,
        ),
        tag("b", words("likeness.value", value=value), class_="pn-meter-value"),
        class_="pn-meter",
    )


def progress_bar(fraction: float, label: str) -> Html:
    """Show how far something is, ``fraction`` from 0 to 1."""
    value = round(100 * min(1.0, max(0.0, fraction)))
    return tag(
        "div",
        tag("span", style=f"width:{value}%", class_="pn-progress-fill"),
        class_="pn-progress",
        role="progressbar",
        aria_label=label,
        aria_valuemin=0,
        aria_valuemax=100,
        aria_valuenow=value,
    )


def facts(rows: Mapping[str, Child]) -> Html:
    """List facts as terms with their values; empty values are left out."""
    items: list[Child] = []
    for term, value in rows.items():
        if value:
            items.append(tag("div", tag("dt", term), tag("dd", value)))
    return tag("dl", *items, class_="pn-facts")
