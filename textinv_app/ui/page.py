"""The handlers behind the page, free of Gradio but for skipped outputs.

A page is loaded once and acts on commands. It ticks every two seconds, looks again when a tick has
woken it, and refreshes its links.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import gradio as gr

from textinv_app.domain.views import DrawingView, PublicationView, RunView
from textinv_app.errors import BadInput, NotFound, PetnameError
from textinv_app.library.api import Library
from textinv_app.ui import (
    compare_tab,
    ids,
    manage_tab,
    present,
    publish_tab,
    train_tab,
    upload_tab,
)
from textinv_app.ui.commands import Command, parse_command, parse_page
from textinv_app.ui.desk import (
    COMPARE_PARTS,
    MANAGE_PARTS,
    PICTURE_PARTS,
    TRAIN_PARTS,
    UPLOAD_PARTS,
    Part,
    Reply,
    Verb,
    Visit,
)
from textinv_app.ui.words import Words

logger = logging.getLogger(__name__)

PARTS: Mapping[str, Part] = {
    **upload_tab.PARTS,
    **train_tab.PARTS,
    **compare_tab.PARTS,
    **manage_tab.PARTS,
    **publish_tab.PARTS,
}
_TAB_PARTS = {
    "upload": UPLOAD_PARTS - {"refusals", "word_hint", "form"},
    "train": TRAIN_PARTS,
    "compare": COMPARE_PARTS,
    "manage": MANAGE_PARTS,
}


def _open_tab(visit: Visit, command: Command) -> Reply:
    name = command.text("tab")
    return Reply(visit.concept_id, frozenset(_TAB_PARTS.get(name, frozenset())))


VERBS: Mapping[str, Verb] = {
    **upload_tab.VERBS,
    **train_tab.VERBS,
    **compare_tab.VERBS,
    **manage_tab.VERBS,
    **publish_tab.VERBS,
    "tab.open": _open_tab,
}

Update = object
"""What Gradio takes for an output: a value, or ``gr.skip()``."""


@dataclass(frozen=True)
class Seen:
    """What the page shows already, so that a tick that finds nothing new sends nothing."""

    runs: str = ""
    results: str = ""
    drawing: str = ""
    publications: str = ""
    links: str = ""
    page: str = ""
    """What the person has opened and chosen there; put in by the page's script when it asks."""

    @classmethod
    def read(cls, text: str) -> Seen:
        """Read what the page says it shows; anything strange counts as nothing shown."""
        try:
            value = json.loads(text or "{}")
            return cls(**{key: str(value.get(key, "")) for key in cls.__dataclass_fields__})
        except (ValueError, AttributeError):
            return cls()

    def write(self) -> str:
        """Write it for the page to keep."""
        return json.dumps(self.__dict__, separators=(",", ":"))


def seen_now(
    runs: Iterable[RunView],
    results: str,
    drawing: DrawingView | None,
    publications: Iterable[PublicationView],
    link_window_seconds: int,
) -> Seen:
    """Return what a page drawn now shows.

    ``results`` is the version of the owner's files, ``link_window_seconds`` is how long links keep
    their address.
    """
    return Seen(
        runs=" ".join(f"{one.run_id}:{one.version}" for one in runs),
        results=results,
        drawing=f"{drawing.drawing_id}:{drawing.version}" if drawing else "",
        publications=" ".join(one.version for one in publications),
        links=str(int(time.time() // link_window_seconds)),
    )


ALL_OUTPUTS = ("owner", "concept", "seen", "toast", *PARTS)
TICK_OUTPUTS = ("seen", "toast", "wake", "train_runs")
"""Few, because Gradio builds a component anew for every output of every event, skipped or not."""
_PARTS_OF_SEEN: Mapping[str, frozenset[str]] = {
    "results": frozenset({"compare_setup", "manage_files", "manage_storage"}),
    "drawing": frozenset({"compare_results"}),
    "publications": frozenset({"publications"}),
}
"""Parts that change by themselves, the trainings apart, by the field of ``Seen`` that tells so."""
LOOK_OUTPUTS = ("seen", *sorted(frozenset().union(*_PARTS_OF_SEEN.values())))
REFRESH_OUTPUTS = ("seen", *(name for name in PARTS if name in PICTURE_PARTS))


class Page:
    """The handlers of the page in one language.

    Each returns the updates of its outputs (``ALL_OUTPUTS`` and so on); what did not change is
    skipped. Every argument comes from a browser and is checked here or by the library.
    """

    def __init__(self, library: Library, words: Words, link_window_seconds: int = 1800) -> None:
        self._library = library
        self._words = words
        self._link_window_seconds = link_window_seconds

    def load(self, token: str, concept_id: str) -> list[Update]:
        """Draw the whole page as it is now for this owner."""
        try:
            visit = self._visit(token, concept_id, parse_page(""))
            if visit.concept is None:
                newest = visit.concepts[0].concept.concept_id if visit.concepts else ""
                visit = visit.opened(newest)
            # Before the parts are drawn: what changes meanwhile is then found by the next tick.
            seen = self._seen(visit)
            changes = self._changes(visit, Reply(visit.concept_id, frozenset(PARTS)))
            changes |= {"owner": token, "seen": seen.write()}
        except PetnameError as error:
            changes = self._problem(error)
        return _listed(ALL_OUTPUTS, changes)

    def act(self, token: str, concept_id: str, command_text: str) -> list[Update]:
        """Carry out one command of the page."""
        try:
            command = parse_command(command_text)
            visit = self._visit(token, concept_id, parse_page(command.fields.get("page")))
            verb = VERBS.get(command.do)
            if verb is None:
                raise BadInput("page.bad_command", "The page sent something that makes no sense.")
            reply = verb(visit, command)
            changes = self._changes(visit.opened(reply.concept_id), reply)
        except PetnameError as error:
            changes = self._problem(error)
        return _listed(ALL_OUTPUTS, changes)

    def tick(self, token: str, concept_id: str, seen_text: str) -> list[Update]:
        """Draw the trainings again if they have changed since ``seen_text``; usually nothing.

        Where anything else has changed the page is woken, and looks for itself.
        """
        changes: dict[str, Update] = {}
        try:
            before = Seen.read(seen_text)
            visit = self._visit(token, concept_id, parse_page(before.page))
            now = self._seen(visit)
            if now.runs != before.runs:
                changes = self._changes(visit, Reply(concept_id, frozenset({"train_runs"})))
                changes["seen"] = replace(before, runs=now.runs).write()
            if _changed_parts(before, now):
                changes["wake"] = str(time.monotonic_ns())
        except (NotFound, BadInput):
            pass  # The pet was deleted in another window, which the next command will say.
        except PetnameError as error:
            changes = self._problem(error)
        return _listed(TICK_OUTPUTS, changes)

    def look(self, token: str, concept_id: str, seen_text: str) -> list[Update]:
        """Draw again what else has changed since ``seen_text``, the trainings apart."""
        changes: dict[str, Update] = {}
        try:
            before = Seen.read(seen_text)
            visit = self._visit(token, concept_id, parse_page(before.page))
            now = self._seen(visit)
            changes = self._changes(visit, Reply(concept_id, _changed_parts(before, now)))
            changes["seen"] = replace(now, runs=before.runs, links=before.links).write()
        except PetnameError as error:
            # The ticks, which come more often, say it.
            logger.info("The page could not look again: %s", error.code)
        return _listed(LOOK_OUTPUTS, changes)

    def refresh(self, token: str, concept_id: str, seen_text: str) -> list[Update]:
        """Draw everything with signed links again when the library signs others."""
        changes: dict[str, Update] = {}
        try:
            before = Seen.read(seen_text)
            visit = self._visit(token, concept_id, parse_page(before.page))
            now = self._seen(visit)
            if now.links != before.links:
                changes = self._changes(visit, Reply(concept_id, PICTURE_PARTS))
                changes["seen"] = replace(before, links=now.links, page="").write()
        except PetnameError as error:
            # The ticks, which come more often, say it.
            logger.info("The links could not be drawn again: %s", error.code)
        return _listed(REFRESH_OUTPUTS, changes)

    def _visit(self, token: str, concept_id: str, page: Command) -> Visit:
        if not isinstance(token, str) or not isinstance(concept_id, str):
            raise BadInput("page.bad_command", "The page sent something that makes no sense.")
        owner = self._library.identify(token)
        return Visit(self._library, self._words, owner, concept_id[:80], page)

    def _seen(self, visit: Visit) -> Seen:
        runs = self._library.list_runs(visit.owner, visit.concept_id) if visit.concept_id else ()
        drawing = self._library.latest_drawing(visit.owner)
        # Of all pets: what another one was taught meanwhile belongs into the collection, too.
        results = self._library.artifacts_version(visit.owner)
        publications = self._library.list_publications(visit.owner)
        return seen_now(runs, results, drawing, publications, self._link_window_seconds)

    def _changes(self, visit: Visit, reply: Reply) -> dict[str, Update]:
        changes: dict[str, Update] = {"concept": reply.concept_id}
        if reply.message:
            html = present.toast(reply.message, reply.message_kind, time.monotonic_ns())
            changes["toast"] = str(html)
        changes |= {name: str(PARTS[name](visit)) for name in reply.parts}
        return changes | {name: str(html) for name, html in reply.drawn.items()}

    def _problem(self, error: PetnameError) -> dict[str, Update]:
        logger.info("The page was answered %s", error.code)
        sentence, field_id = self._words.problem(error), _field_at_fault(error.code)
        html = present.toast(sentence, "error", time.monotonic_ns(), field_id)
        return {"toast": str(html)}


def _field_at_fault(code: str) -> str:
    """Return the id of the field to mend, which may not be shown; empty for none."""
    fields = {
        "page.prompt_without_word": ids.PROMPT_FIELD,
        "page.nothing_worn": ids.EMBEDDING_CHOICE,
        "page.different_models": ids.EMBEDDING_CHOICE,
        "page.no_model": ids.CUSTOM_MODEL_FIELD,
    }
    # Only a model of one's own has a field; the others can be chosen as they are.
    usual = ids.CUSTOM_MODEL_FIELD if code.startswith("model.") else ""
    return fields.get(code, usual)


def _listed(outputs: Iterable[str], changes: Mapping[str, Update]) -> list[Update]:
    return [changes[name] if name in changes else gr.skip() for name in outputs]


def _changed_parts(before: Seen, now: Seen) -> frozenset[str]:
    changed = [
        parts
        for name, parts in _PARTS_OF_SEEN.items()
        if getattr(now, name) != getattr(before, name)
    ]
    return frozenset().union(*changed)
