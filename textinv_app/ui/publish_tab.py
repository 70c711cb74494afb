"""Publishing, on the manage tab: commands of the dialog, and the part that shows how far it is."""

from __future__ import annotations

import time

from textinv_app.errors import NotFound, PetnameError
from textinv_app.library.api import PublishOrder
from textinv_app.ui import ids, present_publish
from textinv_app.ui.commands import Command
from textinv_app.ui.desk import Part, Reply, Verb, Visit
from textinv_app.ui.markup import Html
from textinv_app.ui.present_publish import PublishDraft

_MAX_TOKEN_CHARACTERS = 4096
_PART = frozenset({"publications"})


def open_dialog(visit: Visit, command: Command) -> Reply:
    """Open the dialog for a file, with what was wanted before where it did not work."""
    artifact_id = command.text("id", 80)
    form = visit.library.publish_form(visit.owner, artifact_id)
    draft = PublishDraft(form.repository)
    for one in visit.library.list_publications(visit.owner):
        if one.artifact_id == form.artifact_id and one.status == "failed":
            draft = PublishDraft(one.repository, one.private, one.num_photos > 0)
    dialog = present_publish.dialog(visit.words, form, draft, time.monotonic_ns())
    return Reply(visit.concept_id, drawn={"publish_dialog": dialog})


def start(visit: Visit, command: Command) -> Reply:
    """Begin to publish; what is wrong is said in the dialog, which stays open.

    Pressed twice, it goes on to show what has begun.
    """
    order = PublishOrder(
        artifact_id=command.text("id", 80),
        repository=command.text("repository"),
        private=command.text("visibility", 20) != "public",
        with_photos=command.flag("photos"),
        token=command.text("token", _MAX_TOKEN_CHARACTERS),
    )
    try:
        visit.library.start_publishing(visit.owner, order)
    except NotFound:
        raise
    except PetnameError as error:
        if error.code != "publish.under_way":
            return _again(visit, order, error)
    dialog = present_publish.follow(visit.words, order.artifact_id, time.monotonic_ns())
    return Reply(visit.concept_id, _PART, {"publish_dialog": dialog})


def _again(visit: Visit, order: PublishOrder, error: PetnameError) -> Reply:
    repository = str(error.details.get("suggestion", order.repository))
    at_fault = ids.PUBLISH_TOKEN if error.code.endswith("_token") else ""
    problem = visit.words.problem(error)
    draft = PublishDraft(repository, order.private, order.with_photos, problem, at_fault)
    form = visit.library.publish_form(visit.owner, order.artifact_id)
    dialog = present_publish.dialog(visit.words, form, draft, time.monotonic_ns())
    return Reply(visit.concept_id, drawn={"publish_dialog": dialog})


def update(visit: Visit, command: Command) -> Reply:
    """Let the files of a repository that exists already be replaced."""
    visit.library.answer_publication(visit.owner, command.text("id", 80), update=True)
    return Reply(visit.concept_id, _PART)


def keep(visit: Visit, command: Command) -> Reply:
    """Leave a repository that exists already as it is."""
    visit.library.answer_publication(visit.owner, command.text("id", 80), update=False)
    return Reply(visit.concept_id, _PART)


def cancel(visit: Visit, command: Command) -> Reply:
    """End a publication."""
    visit.library.cancel_publication(visit.owner, command.text("id", 80))
    return Reply(visit.concept_id, _PART)


def dismiss(visit: Visit, command: Command) -> Reply:
    """Show a publication no more that is over."""
    visit.library.dismiss_publication(visit.owner, command.text("id", 80))
    closed = present_publish.close_dialog(time.monotonic_ns())
    return Reply(visit.concept_id, _PART, {"publish_dialog": closed})


VERBS: dict[str, Verb] = {
    "publish.open": open_dialog,
    "publish.start": start,
    "publish.update": update,
    "publish.keep": keep,
    "publish.cancel": cancel,
    "publish.dismiss": dismiss,
}


def _draw(visit: Visit) -> Html:
    views = visit.library.list_publications(visit.owner)
    return present_publish.publications(visit.words, views)


PARTS: dict[str, Part] = {"publications": _draw, "publish_dialog": lambda _visit: Html("")}
