"""The handlers behind the page: load, command and tick, free of Gradio but for skipped outputs."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import gradio as gr

from textinv_app.domain.views import DrawingView, PublicationView, RunView
from textinv_app.errors import BadInput, NotFound, PetnameError
from textinv_app.library.api import Library
from textinv_app.ui import compare_tab, manage_tab, present, publish_tab, train_tab, upload_tab
from textinv_app.ui.commands import Command, parse_command
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
_LINKS_FRESH_SECONDS = 20 * 60


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
    drawing: DrawingView | None,
    publications: Iterable[PublicationView] = (),
) -> Seen:
    """Return what a page drawn now shows."""
    runs = tuple(runs)
    return Seen(
        runs=" ".join(f"{one.run_id}:{one.version}" for one in runs),
        results=" ".join(sorted(one.artifact_id for one in runs if one.artifact_id)),
        drawing=f"{drawing.drawing_id}:{drawing.version}" if drawing else "",
        publications=" ".join(one.version for one in publications),
        links=str(int(time.time() // _LINKS_FRESH_SECONDS)),
    )


class Page:
    """The handlers of the page in one language.

    Each returns the updates of (owner, concept, seen, toast, \\*parts); what did not change is
    skipped. Every argument comes from a browser and is checked here or by the library.
    """

    def __init__(self, library: Library, words: Words) -> None:
        self._library = library
        self._words = words

    def load(self, token: str, concept_id: str) -> list[Update]:
        """Draw the whole page as it is now for this owner."""
        try:
            visit = self._visit(token, concept_id)
            if visit.concept is None:
                newest = visit.concepts[0].concept.concept_id if visit.concepts else ""
                visit = visit.opened(newest)
            reply = Reply(visit.concept_id, frozenset(PARTS))
            return self._updates(visit, reply, token=token, seen=self._seen(visit).write())
        except PetnameError as error:
            return self._problem(error)

    def act(self, token: str, concept_id: str, command_text: str) -> list[Update]:
        """Carry out one command of the page."""
        try:
            visit = self._visit(token, concept_id)
            command = parse_command(command_text)
            verb = VERBS.get(command.do)
            if verb is None:
                raise BadInput("page.bad_command", "The page sent something that makes no sense.")
            reply = verb(visit, command)
            return self._updates(visit.opened(reply.concept_id), reply)
        except PetnameError as error:
            return self._problem(error)

    def tick(self, token: str, concept_id: str, seen_text: str) -> list[Update]:
        """Draw again what has changed since ``seen_text``; usually nothing."""
        try:
            visit = self._visit(token, concept_id)
            before, now = Seen.read(seen_text), self._seen(visit)
            parts = _changed_parts(before, now)
            if not parts:
                return self._nothing()
            return self._updates(visit, Reply(concept_id, parts), seen=now.write())
        except (NotFound, BadInput):
            return self._nothing()
        except PetnameError as error:
            return self._problem(error)

    def _visit(self, token: str, concept_id: str) -> Visit:
        if not isinstance(token, str) or not isinstance(concept_id, str):
            raise BadInput("page.bad_command", "The page sent something that makes no sense.")
        return Visit(self._library, self._words, self._library.identify(token), concept_id[:80])

    def _seen(self, visit: Visit) -> Seen:
        runs = self._library.list_runs(visit.owner, visit.concept_id) if visit.concept_id else ()
        drawing = self._library.latest_drawing(visit.owner)
        return seen_now(runs, drawing, self._library.list_publications(visit.owner))

    def _updates(
        self, visit: Visit, reply: Reply, *, token: str | None = None, seen: str | None = None
    ) -> list[Update]:
        message = gr.skip()
        if reply.message:
            message = present.toast(reply.message, reply.message_kind, time.monotonic_ns())
        drawn: list[Update] = []
        for name, part in PARTS.items():
            if name in reply.drawn:
                drawn.append(str(reply.drawn[name]))
            elif name in reply.parts:
                drawn.append(str(part(visit)))
            else:
                drawn.append(gr.skip())
        return [
            gr.skip() if token is None else token,
            reply.concept_id,
            gr.skip() if seen is None else seen,
            message if isinstance(message, dict) else str(message),
            *drawn,
        ]

    def _nothing(self) -> list[Update]:
        return [gr.skip() for _ in range(4 + len(PARTS))]

    def _problem(self, error: PetnameError) -> list[Update]:
        logger.info("The page was answered %s", error.code)
        updates = self._nothing()
        html = present.toast(self._words.problem(error), "error", time.monotonic_ns())
        updates[3] = str(html)
        return updates


def _changed_parts(before: Seen, now: Seen) -> frozenset[str]:
    if now.links != before.links:
        return PICTURE_PARTS
    parts: set[str] = set()
    if now.runs != before.runs:
        parts.add("train_runs")
    if now.results != before.results:
        parts |= {"compare_setup", "manage_files", "manage_storage"}
    if now.drawing != before.drawing:
        parts.add("compare_results")
    if now.publications != before.publications:
        parts.add("publications")
    return frozenset(parts)
