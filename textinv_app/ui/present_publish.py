"""Publishing as HTML: the dialog, and what is on its way to the Hugging Face Hub or has arrived."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from textinv_app.domain.views import PublicationView
from textinv_app.library.api import PublishFormView
from textinv_app.ui import icons, ids, present
from textinv_app.ui.markup import Child, Html, button, esc, join, named, tag
from textinv_app.ui.words import Words

TOKENS_PAGE = "https://huggingface.co/settings/tokens"
# Where a repository's page is: the server's own setting and a name that was checked.
_OUTSIDE = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class PublishDraft:
    """What the person has put into the dialog so far; never the token."""

    repository: str
    private: bool = True
    with_photos: bool = False
    problem: str = ""
    """Why it could not be begun; empty at first."""
    at_fault: str = ""
    """Id of the field to mend; empty for the first one."""


def dialog(words: Words, form: PublishFormView, draft: PublishDraft, number: int) -> Html:
    """Show the dialog; ``number`` makes each one new to the script that opens it."""
    use = words("publish.use_crayon" if form.family == "crayon" else "publish.use")
    content = join(
        [
            tag("p", words("publish.lead", name=form.name), " ", use, class_="pn-help"),
            _problem(draft.problem),
            tag(
                "div",
                _repository(words, draft),
                _visibility(words, draft),
                _photos(words, form, draft) if form.num_photos else None,
                _token(words, form),
                class_="pn-publish-form",
                data_at_fault=draft.at_fault or None,
            ),
            tag(
                "div",
                button(
                    words("publish.go"),
                    "publish.start",
                    kind="primary",
                    icon=icons.CLOUD,
                    id=ids.PUBLISH_BUTTON,
                    data_id=form.artifact_id,
                    data_gather="publish",
                ),
                class_="pn-actions",
            ),
        ]
    )
    return _source(content, words("publish.title"), number)


def follow(words: Words, artifact_id: str, number: int) -> Html:
    """Let the dialog show how far a publication is."""
    content = join(
        [
            tag("p", words("publish.follow"), class_="pn-help"),
            tag("div", data_follow=artifact_id),
        ]
    )
    return _source(content, words("publish.title"), number)


def close_dialog(number: int) -> Html:
    """Let the dialog close."""
    return _source(Html(""), "", number)


def _source(content: Html, title: str, number: int) -> Html:
    """Hold the content of a dialog, as text: its ids must be in the document once, in the dialog.

    Not a ``template``: where Gradio draws one anew, its old content stays.
    """
    return tag(
        "div",
        str(content),
        hidden=True,
        class_="pn-dialog-source",
        data_title=title or None,
        data_number=number,
    )


def _problem(sentence: str) -> Html | None:
    if not sentence:
        return None
    return tag("p", icons.WARN, tag("span", sentence), class_="pn-notice", role="alert")


def _repository(words: Words, draft: PublishDraft) -> Html:
    control = tag(
        "input",
        type="text",
        id=ids.PUBLISH_REPOSITORY,
        value=draft.repository,
        maxlength=200,
        autocomplete="off",
        autocapitalize="off",
        spellcheck="false",
    )
    return present.field(
        words("publish.repository"),
        control,
        words("publish.repository_help"),
        field_id=ids.PUBLISH_REPOSITORY,
    )


def _visibility(words: Words, draft: PublishDraft) -> Html:
    choices = [
        present.radio_card(
            "pn-publish-visibility",
            value,
            draft.private == (value == "private"),
            tag("b", words(f"publish.{value}")),
            tag("small", words(f"publish.{value}_help")),
        )
        for value in ("private", "public")
    ]
    return tag(
        "fieldset",
        tag("legend", words("publish.visibility")),
        tag("div", *choices, class_="pn-publish-choices"),
        class_="pn-field",
    )


def _photos(words: Words, form: PublishFormView, draft: PublishDraft) -> Html:
    box = tag(
        "label",
        tag(
            "input",
            type="checkbox",
            class_="pn-check",
            id=ids.PUBLISH_PHOTOS,
            checked=draft.with_photos,
        ),
        tag("span", words.count("publish.photos", form.num_photos)),
        class_="pn-check-label",
    )
    return tag(
        "div",
        box,
        tag("p", icons.WARN, tag("span", words("publish.photos_warning")), class_="pn-notice"),
        class_="pn-field pn-publish-photos",
    )


def _token(words: Words, form: PublishFormView) -> Html:
    control = tag(
        "input",
        type="password",
        id=ids.PUBLISH_TOKEN,
        maxlength=400,
        autocomplete="off",
        spellcheck="false",
        placeholder=words("publish.token_optional") if form.has_own_token else "hf_…",
    )
    link = outside_link(words("publish.token_page"), TOKENS_PAGE)
    key = "publish.token_help_own" if form.has_own_token else "publish.token_help"
    return present.field(
        words("publish.token"),
        control,
        join([words(key), " ", link]),
        field_id=ids.PUBLISH_TOKEN,
    )


def publications(words: Words, views: Sequence[PublicationView]) -> Html:
    """Show what is being published, waits for an answer, has arrived or has failed."""
    if not views:
        return Html("")
    return tag(
        "section",
        tag("h3", words("published.title")),
        tag("div", *[_publication(words, view) for view in views], class_="pn-publications"),
    )


def _publication(words: Words, view: PublicationView) -> Html:
    """Show one publication; the dialog shows the same."""
    content = {"working": _working, "asking": _asking, "done": _done, "failed": _failed}
    return tag(
        "div",
        tag(
            "p",
            tag("b", named(view.name)),
            " → ",
            tag("code", view.repository),
            " ",
            _badge(words, view),
            class_="pn-publication-head",
        ),
        *content[view.status](words, view),
        class_=f"pn-publication pn-sheet pn-publication-{view.status}",
        data_publication=view.artifact_id,
        data_status=view.status,
        role="status",
    )


def _badge(words: Words, view: PublicationView) -> Html:
    text = words("publish.private" if view.private else "publish.public")
    if view.num_photos:
        text = f"{text} · {words.count('photos.count', view.num_photos)}"
    return tag("span", text, class_="pn-badge pn-badge-good" if view.private else "pn-badge")


def _working(words: Words, view: PublicationView) -> Sequence[Child]:
    key = f"published.{view.stage}"
    text = words(key, file=view.file_name)
    if view.stage == "uploading" and not view.file_name:
        text = words("published.preparing")
    return (
        tag("p", text, class_="pn-help"),
        present.progress_bar(view.fraction, text),
        _actions(_command(words("published.stop"), "publish.cancel", view, icons.STOP)),
    )


def _asking(words: Words, view: PublicationView) -> Sequence[Child]:
    return (
        tag("p", words("published.exists", repository=view.repository)),
        _actions(
            _command(words("published.keep"), "publish.keep", view),
            _command(words("published.update"), "publish.update", view, kind="primary"),
        ),
    )


def _done(words: Words, view: PublicationView) -> Sequence[Child]:
    link = outside_link(words("published.open"), view.url, "pn-button pn-button-primary")
    return (
        tag("p", icons.CHECK, tag("span", words("published.done")), class_="pn-published"),
        tag("p", outside_link(view.url, view.url), class_="pn-help pn-publication-url"),
        _actions(link, _command(words("published.dismiss"), "publish.dismiss", view)),
    )


def _failed(words: Words, view: PublicationView) -> Sequence[Child]:
    sentence = words.error(view.error_code, view.error_sentence, view.error_details)
    if view.leftover:
        sentence = f"{sentence} {words('published.leftover', repository=view.repository)}"
    return (
        tag("p", icons.WARN, tag("span", sentence), class_="pn-notice"),
        _actions(
            _command(words("published.dismiss"), "publish.dismiss", view),
            _command(words("published.again"), "publish.open", view, icons.RETRY),
        ),
    )


def _command(
    label: str, do: str, view: PublicationView, icon: Html | None = None, kind: str = ""
) -> Html:
    quiet = "" if kind or do == "publish.open" else "quiet"
    return button(label, do, kind=kind or quiet, icon=icon, data_id=view.artifact_id)


def _actions(*children: Child) -> Html:
    return tag("div", *children, class_="pn-actions")


def outside_link(text: str, url: str, class_: str = "") -> Html:
    """Build a link to the Hub's page of a repository, or of tokens, which opens beside this page.

    Every other address is shown as plain text: ``tag`` lets none out of this server.
    """
    if url != TOKENS_PAGE and not _OUTSIDE.fullmatch(url):
        return tag("span", text)
    kind = f' class="{esc(class_)}"' if class_ else ""
    return Html(
        f'<a href="{esc(url)}" target="_blank" rel="noopener noreferrer"{kind}>{esc(text)}</a>'
    )
