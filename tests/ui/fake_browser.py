"""A browser without a page: it sends the commands and keeps what is shown."""

from __future__ import annotations

import json

import gradio as gr
from fake_library import FakeLibrary

from textinv_app.domain.views import ArtifactView
from textinv_app.ui.page import (
    ALL_OUTPUTS,
    LOOK_OUTPUTS,
    REFRESH_OUTPUTS,
    TICK_OUTPUTS,
    Page,
)
from textinv_app.ui.words import Words

TOKEN = "a" * 64
STRANGER = "b" * 64


class Browser:
    """Sends commands as the page does and keeps what it shows."""

    def __init__(self, library: FakeLibrary, language: str = "en", token: str = TOKEN) -> None:
        self.library = library
        self.page = Page(library, Words(language))
        self.token = token
        self.shown = dict.fromkeys(ALL_OUTPUTS, "")
        self.changed: set[str] = set()
        self.opened: dict[str, object] = {}
        """What the person has opened and chosen, as the page's script would say."""

    def _seen(self) -> str:
        return json.dumps({**json.loads(self.shown["seen"]), "page": json.dumps(self.opened)})

    def _take(self, updates: list[object], names: tuple[str, ...] = ALL_OUTPUTS) -> None:
        new = {
            name: update for name, update in zip(names, updates, strict=True) if update != gr.skip()
        }
        self.changed = set(new)
        self.shown.update(new)  # type: ignore[arg-type]

    def load(self, concept: str = "") -> None:
        self._take(self.page.load(self.token, concept))

    def do(self, do: str, **fields: object) -> None:
        command = json.dumps({"do": do, "page": json.dumps(self.opened), **fields})
        self._take(self.page.act(self.token, self.shown["concept"], command))

    def tick(self) -> None:
        updates = self.page.tick(self.token, self.shown["concept"], self.shown["seen"])
        self._take(updates, TICK_OUTPUTS)
        if "wake" in self.changed:
            ticked = self.changed - {"wake"}
            updates = self.page.look(self.token, self.shown["concept"], self._seen())
            self._take(updates, LOOK_OUTPUTS)
            self.changed |= ticked

    def refresh(self) -> None:
        updates = self.page.refresh(self.token, self.shown["concept"], self._seen())
        self._take(updates, REFRESH_OUTPUTS)

    @property
    def owner(self) -> str:
        return self.library.identify(self.token)

    def start(self, **fields: object) -> None:
        chosen = {"model": "crayon", "teach": "both", "preset": "quick", "key": "k", **fields}
        self.do("train.start", **chosen)

    def start_one(self, method: str) -> str:
        """Start a training of one method; returns its id."""
        self.start(teach=method)
        return self.library.list_runs(self.owner)[0].run_id


def finished(browser: Browser) -> dict[str, str]:
    """Teach both ways to the end; returns the files by method."""
    browser.start()
    for run in browser.library.list_runs(browser.owner):
        browser.library.advance(browser.owner, run.run_id, 250)
        browser.library.finish(browser.owner, run.run_id)
    return {one.method: one.artifact_id for one in browser.library.list_artifacts(browser.owner)}


def bring(browser: Browser, artifact_id: str, **changes: object) -> None:
    """Put a file from elsewhere into the collection."""
    values = {
        "artifact_id": artifact_id, "concept_id": "", "run_id": "", "name": artifact_id.title(),
        "placeholder_token": artifact_id, "kind": "subject", "method": "embedding",
        "family": "sd1", "model_id": "sd15", "file_name": f"{artifact_id}.safetensors",
        "size_bytes": 3_000, "created_at": "2026-11-24T18:00:00+00:00", "training_seconds": None,
        "steps": None, "likeness": None, "download_url": "/media/x", "thumbnail_urls": (),
        "imported": True,
    }  # fmt: skip
    view = ArtifactView(**(values | changes))
    browser.library._mine(browser.owner).artifacts[artifact_id] = view
