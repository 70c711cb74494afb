"""The manage tab as HTML: files with their pictures, how to use them, pets, storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from textinv_app.domain.views import ArtifactView, ConceptView, StorageView
from textinv_app.library.api import KitView, UsageText
from textinv_app.ui import icons, present
from textinv_app.ui.markup import Child, Html, button, named, tag
from textinv_app.ui.words import Words


def files(
    words: Words,
    artifacts: Sequence[ArtifactView],
    usage: Mapping[str, Sequence[UsageText]],
    num_shown: int = 24,
    kits: Mapping[str, Sequence[KitView]] = MappingProxyType({}),
    concept: ConceptView | None = None,
) -> Html:
    """Show everything taught or imported; ``usage`` holds the guides that are unfolded.

    Where there is nothing, ``concept``, the open pet, says where teaching begins.
    """
    if not artifacts:
        tab = "train" if present.can_teach(concept) else "upload"
        return tag(
            "section",
            present.heading(words, "manage"),
            present.empty(words, "manage.empty", present.go_to(words, tab, "manage.empty_go")),
        )
    cards = [
        _file(words, one, usage.get(one.artifact_id, ()), kits.get(one.artifact_id, ()))
        for one in artifacts[:num_shown]
    ]
    more = None
    if len(artifacts) > num_shown:
        more = button(words("manage.more"), "artifact.more", kind="quiet", icon=icons.PLUS)
    return tag(
        "section",
        present.heading(words, "manage"),
        tag("div", *cards, class_="pn-files", data_shown=num_shown),
        more,
    )


def _file(
    words: Words, one: ArtifactView, usage: Sequence[UsageText], kits: Sequence[KitView]
) -> Html:
    return tag(
        "article",
        _thumbnails(words, one),
        tag(
            "div",
            _name(words, one),
            tag("p", _line(words, one), class_="pn-help"),
            present.facts(_facts(words, one)),
            _likeness(words, one),
            _negative_switch(words, one),
            _actions(words, one, bool(usage), kits),
            class_="pn-file-about",
        ),
        tag("div", *[_guide(words, text) for text in usage], class_="pn-guides") if usage else None,
        class_="pn-file pn-sheet",
        data_artifact=one.artifact_id,
        data_method=one.method,
    )


def _thumbnails(words: Words, one: ArtifactView) -> Html:
    pictures = [tag("img", src=url, alt="", loading="lazy") for url in one.thumbnail_urls[:4]]
    if not pictures:
        return tag("div", icons.PAW, class_="pn-file-pictures pn-file-nothing")
    return tag(
        "div",
        *pictures,
        class_=f"pn-file-pictures pn-file-pictures-{len(pictures)}",
        role="img",
        aria_label=words("manage.pictures", name=one.name),
    )


def _name(words: Words, one: ArtifactView) -> Html:
    return tag(
        "div",
        tag("h3", named(one.name)),
        tag(
            "button",
            icons.PENCIL,
            type="button",
            class_="pn-button pn-button-square",
            data_local="rename",
            data_id=one.artifact_id,
            data_name=one.name,
            aria_label=words("manage.rename", name=one.name),
            title=words("manage.rename_short"),
        ),
        class_="pn-file-name",
    )


def _line(words: Words, one: ArtifactView) -> str:
    """Say what a file is, and of one from elsewhere no more than it tells itself."""
    model_key = f"model.{one.model_id}.title"
    is_known = words.has(model_key) and not one.imported
    model = words(model_key if is_known else f"family.{one.family}")
    # A subject is what is taken for granted where nothing is told: it may be anything.
    is_told = not one.imported or one.kind != "subject"
    kind = words(f"kind.{one.kind}") if is_told else ""
    return " · ".join(part for part in (words(f"method.{one.method}"), kind, model) if part)


def _facts(words: Words, one: ArtifactView) -> dict[str, Child]:
    return {
        words("facts.word"): tag("code", named(one.placeholder_token))
        if one.placeholder_token
        else None,
        words("facts.date"): words.day(one.created_at),
        words("facts.size"): words.size(one.size_bytes),
        words("facts.time"): words.duration(one.training_seconds)
        if one.training_seconds is not None
        else None,
        words("facts.origin"): words("facts.imported") if one.imported else None,
        words("manage.pair"): words(f"manage.pair_{one.method}")
        if one.companion_id or one.half_of
        else None,
    }


def _likeness(words: Words, one: ArtifactView) -> Html | None:
    """Show how like the photos its pictures are, where that is what was wanted."""
    if one.likeness is None or one.kind == "negative":
        return None
    return present.likeness_meter(words, one.likeness, "file")


def _negative_switch(words: Words, one: ArtifactView) -> Html | None:
    """Offer to move an embedding from elsewhere to the other prompt: its file may not say."""
    if not one.imported or one.method != "embedding":
        return None
    negative = one.kind == "negative"
    return button(
        words("manage.negative"),
        "artifact.negative",
        kind="quiet",
        icon=tag("span", class_="pn-switch-track", aria_hidden="true"),
        class_="pn-file-switch",
        role="switch",
        aria_checked="true" if negative else "false",
        data_id=one.artifact_id,
    )


def _actions(words: Words, one: ArtifactView, unfolded: bool, kits: Sequence[KitView]) -> Html:
    return tag(
        "div",
        tag(
            "a",
            icons.DOWNLOAD,
            tag("span", words("manage.download")),
            href=one.download_url,
            download=one.file_name,
            class_="pn-button pn-button-primary",
            data_download=one.artifact_id,
        ),
        _kits(words, one, kits) if kits else None,
        button(
            words("manage.recreate"),
            "artifact.recreate",
            icon=icons.SPARK,
            data_id=one.artifact_id,
            title=words("manage.recreate_title"),
        ),
        button(
            words("publish.open"),
            "publish.open",
            icon=icons.CLOUD,
            data_id=one.artifact_id,
            title=words("publish.title"),
        ),
        button(
            words("manage.usage_hide") if unfolded else words("manage.usage"),
            "artifact.usage",
            icon=icons.BOOK,
            data_id=one.artifact_id,
            aria_expanded="true" if unfolded else "false",
        ),
        button(
            words("manage.delete"),
            "artifact.delete",
            kind="danger",
            icon=icons.TRASH,
            data_id=one.artifact_id,
            data_confirm=_delete_question(words, one),
            data_confirm_button=words("manage.delete_yes"),
        ),
        class_="pn-actions",
    )


def _delete_question(words: Words, one: ArtifactView) -> str:
    """Ask with all that would go: a training, and the other file that it made."""
    if one.companion_id:
        return words("manage.delete_pair", name=one.name)
    return words(f"manage.delete_{'imported_' if one.imported else ''}{one.method}", name=one.name)


def _kits(words: Words, one: ArtifactView, kits: Sequence[KitView]) -> Html:
    """Offer the kits, and the file alone in each spelling there is."""
    whole = [kit for kit in kits if not kit.is_file_alone]
    alone = [kit for kit in kits if kit.is_file_alone]
    items = [
        _kit_link(
            kit.url,
            kit.title,
            words("kits.both") if kit.holds_both else words("kits.one"),
            kit.program,
        )
        for kit in whole
    ]
    files = [
        _kit_link(
            kit.url,
            words("kits.file_for", program=kit.title),
            words("kits.file_about"),
            f"{kit.program}-file",
        )
        for kit in alone
    ]
    return tag(
        "details",
        tag("summary", icons.BOX, tag("span", words("kits.open")), class_="pn-button"),
        tag(
            "div",
            tag("p", words("kits.lead"), class_="pn-help"),
            tag("p", words("kits.crayon"), class_="pn-help") if one.family == "crayon" else None,
            tag("ul", *items, *files),
            class_="pn-kit-list",
        ),
        class_="pn-kits",
        data_fold=f"kits-{one.artifact_id}",
    )


def _kit_link(url: str, title: str, about: str, kit: str) -> Html:
    link = tag(
        "a",
        icons.DOWNLOAD,
        tag("span", tag("b", title), tag("small", about)),
        href=url,
        class_="pn-kit",
        download=True,
        data_kit=kit,
    )
    return tag("li", link)


def _guide(words: Words, text: UsageText) -> Html:
    steps: list[Child] = [
        tag("li", words.error(code, code, text.details)) for code in text.step_codes
    ]
    return tag(
        "details",
        tag("summary", text.title),
        tag("ol", *steps),
        _copyable(words, text.copy_text) if text.copy_text else None,
        class_="pn-guide",
        data_program=text.program,
        data_fold=text.program,
    )


def _copyable(words: Words, text: str) -> Html:
    return tag(
        "div",
        tag("pre", tag("code", text), tabindex=0),
        tag(
            "button",
            icons.COPY,
            tag("span", words("manage.copy")),
            type="button",
            class_="pn-button pn-button-quiet",
            data_local="copy",
        ),
        class_="pn-copy",
    )


def pets(words: Words, concepts: Sequence[ConceptView]) -> Html:
    """Show the pets with their photos and the two ways to delete."""
    if not concepts:
        return Html("")
    cards = [_pet(words, view) for view in concepts]
    return tag(
        "section",
        tag("h3", words("pets.title")),
        tag("div", *cards, class_="pn-pet-list"),
    )


def _pet(words: Words, view: ConceptView) -> Html:
    name = view.concept.name or words("switcher.unnamed")
    concept_id = view.concept.concept_id
    photo = view.photos[0].square_url if view.photos else ""
    return tag(
        "div",
        tag("img", src=photo, alt="", class_="pn-pet-picture")
        if photo
        else tag("span", icons.PAW, class_="pn-pet-picture pn-pet-nobody"),
        tag(
            "div",
            tag("b", named(name)),
            tag("small", words.count("photos.count", len(view.photos))),
            class_="pn-pet-about",
        ),
        tag(
            "div",
            button(
                words("pets.delete_photos"),
                "concept.delete_photos",
                kind="quiet",
                data_confirm=words("pets.delete_photos_sure", name=name),
                data_confirm_button=words("pets.delete_photos"),
                data_id=concept_id,
            )
            if view.photos
            else None,
            button(
                words("pets.delete"),
                "concept.delete",
                kind="danger",
                icon=icons.TRASH,
                data_confirm=words("pets.delete_sure", name=name),
                data_confirm_button=words("manage.delete_yes"),
                data_id=concept_id,
            ),
            class_="pn-actions",
        ),
        class_="pn-pet-row pn-sheet",
        data_concept=view.concept.concept_id,
    )


def storage(words: Words, view: StorageView) -> Html:
    """Show the space used by photos, results and drawings, and what is left."""
    quota = max(1, view.quota_bytes)
    parts = (
        ("photos", view.photos_bytes),
        ("results", view.results_bytes),
        ("drawings", view.drawings_bytes),
    )
    slices = [
        tag("span", class_=f"pn-slice pn-slice-{name}", style=f"width:{100 * size / quota:.2f}%")
        for name, size in parts
    ]
    legend = [
        tag("li", tag("i", class_=f"pn-slice-{name}"), words(f"storage.{name}"), " ",
            tag("b", words.size(size)))
        for name, size in parts
    ]  # fmt: skip
    text = words(
        "storage.text",
        used=words.size(view.used_bytes),
        quota=words.size(view.quota_bytes),
        free=words.size(view.free_bytes),
    )
    return tag(
        "section",
        tag("h3", words("storage.title")),
        tag("p", text, class_="pn-help"),
        tag("div", *slices, class_="pn-storage-bar", role="img", aria_label=text),
        tag("ul", *legend, class_="pn-storage-legend"),
        class_="pn-storage pn-sheet",
    )
