"""Builds the page: hidden fields that say who asks, four panels of HTML parts, five events."""

from __future__ import annotations

import os
from dataclasses import dataclass

from textinv_app.library.api import Library
from textinv_app.ui import ids, present, present_upload
from textinv_app.ui.markup import Html
from textinv_app.ui.page import (
    ALL_OUTPUTS,
    LOOK_OUTPUTS,
    REFRESH_OUTPUTS,
    TICK_OUTPUTS,
    Page,
)
from textinv_app.ui.words import Words

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
import gradio as gr

TICK_SECONDS = 1.8
REFRESH_SECONDS = 60
"""How often it looks whether links have to be drawn again; more often where they live shortly."""

# The token stays in the browser; these few lines stand here because the page may load before the
# script file does.
_IDENTITY = """() => {
  const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(32)),
    (byte) => byte.toString(16).padStart(2, '0')).join('');
  let token = window.petnameToken || '';
  let concept = '';
  try {
    token = token || localStorage.getItem('petname.owner') || '';
    concept = localStorage.getItem('petname.concept') || '';
  } catch (error) { /* storage is closed: the token lives as long as the page */ }
  if (!/^[0-9a-f]{64}$/.test(token)) token = fresh();
  window.petnameToken = token;
  try { localStorage.setItem('petname.owner', token); } catch (error) { /* as above */ }
  return [token, concept];
}"""
_TAKE = "(token, concept) => [token, concept, window.petname?.take ? window.petname.take() : '{}']"
_LOOK = """(token, concept, seen) =>
  [token, concept, window.petname?.seen ? window.petname.seen(seen) : seen]"""
_DONE = """(concept) => {
  window.petnameConcept = concept;
  if (window.petname?.done) window.petname.done(concept);
}"""

_PANEL_PARTS = {
    "upload": ("samples", "refusals", "photos", "form", "word_hint", "next_step"),
    "train": ("train_setup", "train_presets", "train_runs"),
    "compare": ("compare_setup", "compare_results"),
    "manage": (
        "publish_dialog",
        "publications",
        "manage_files",
        "import_refusals",
        "manage_pets",
        "manage_storage",
    ),
}
_PART_IDS = {
    "switcher": ids.SWITCHER,
    "samples": ids.UPLOAD_SAMPLES,
    "refusals": "pn-upload-refusals",
    "photos": ids.UPLOAD_PHOTOS,
    "form": ids.UPLOAD_FORM,
    "word_hint": ids.UPLOAD_WORD_HINT,
    "next_step": ids.UPLOAD_NEXT,
    "train_setup": ids.TRAIN_SETUP,
    "train_presets": ids.TRAIN_PRESETS,
    "train_runs": ids.TRAIN_RUNS,
    "compare_setup": ids.COMPARE_SETUP,
    "compare_results": ids.COMPARE_RESULTS,
    "publish_dialog": ids.PUBLISH_DIALOG,
    "manage_files": ids.MANAGE_LIST,
    "publications": ids.PUBLICATIONS,
    "import_refusals": "pn-import-refusals",
    "manage_pets": ids.MANAGE_PETS,
    "manage_storage": ids.MANAGE_STORAGE,
}


@dataclass(frozen=True)
class PageLimits:
    """What the page has to know of the server it stands on."""

    keep_days: int = 0
    """After how many days it deletes what nobody opens; 0 for never."""
    upload_bytes: int = 60_000_000
    """Largest request with photos."""
    import_bytes: int = 1_000_000_000
    """Largest request with an embedding or LoRA."""
    link_window_seconds: int = 1800
    """How long links keep their address; they work for at least twice as long."""


def build_page(
    library: Library, language: str = "en", limits: PageLimits | None = None
) -> gr.Blocks:
    """Build the page in one language (``en`` or ``fr``) on a library."""
    limits = limits or PageLimits()
    words = Words(language)
    page = Page(library, words, limits.link_window_seconds)
    with gr.Blocks(title=words("page.title"), analytics_enabled=False, fill_width=True) as blocks:
        owner = gr.Textbox(visible=False, elem_id=ids.OWNER)
        concept = gr.Textbox(visible=False, elem_id=ids.CONCEPT)
        seen = gr.Textbox(visible=False, elem_id=ids.SEEN)
        # Hidden, yet there: a part that is not drawn at all tells nobody that it has changed.
        wake = gr.Textbox(visible="hidden", elem_id=ids.WAKE)
        command = gr.Textbox(visible=False, elem_id=ids.COMMAND)
        bus = gr.Button("", visible="hidden", elem_id=ids.BUS)
        _html(present.header(words), ids.HEADER)
        parts = {"switcher": _html(Html(""), _PART_IDS["switcher"])}
        _html(present.navigation(words), "pn-navigation")
        for name, part_names in _PANEL_PARTS.items():
            parts |= _panel(words, name, part_names, limits)
        toast = _html(Html(""), ids.TOAST)
        hidden = {"owner": owner, "concept": concept, "seen": seen, "wake": wake}
        places = {**hidden, "toast": toast, **parts}
        everything, ticked, looked, refreshed = (
            [places[name] for name in names]
            for names in (ALL_OUTPUTS, TICK_OUTPUTS, LOOK_OUTPUTS, REFRESH_OUTPUTS)
        )
        quiet = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        blocks.load(page.load, [owner, concept], everything, js=_IDENTITY, **quiet).then(
            None, [concept], None, js=_DONE
        )
        bus.click(
            page.act,
            [owner, concept, command],
            everything,
            js=_TAKE,
            trigger_mode="multiple",
            **quiet,
        ).then(None, [concept], None, js=_DONE)
        asking = [owner, concept, seen]
        gr.Timer(TICK_SECONDS).tick(page.tick, asking, ticked, trigger_mode="once", **quiet)
        wake.change(page.look, asking, looked, js=_LOOK, **quiet)
        gr.Timer(min(REFRESH_SECONDS, limits.link_window_seconds)).tick(
            page.refresh, asking, refreshed, js=_LOOK, trigger_mode="once", **quiet
        )
    return blocks


def _html(value: Html, elem_id: str) -> gr.HTML:
    return gr.HTML(
        str(value),
        elem_id=elem_id,
        elem_classes=["pn-part"],
        apply_default_css=False,
        js_on_load=None,
    )


def _panel(
    words: Words, name: str, part_names: tuple[str, ...], limits: PageLimits
) -> dict[str, gr.HTML]:
    parts: dict[str, gr.HTML] = {}
    with gr.Column(elem_id=ids.panel(name), elem_classes=["pn-panel"]):
        if name == "upload":
            _html(present.heading(words, "upload"), "pn-upload-heading")
            zone = present_upload.drop_zone(words, limits.upload_bytes, limits.keep_days)
            _html(zone, ids.UPLOAD_DROP)
        for part_name in part_names:
            if part_name == "import_refusals":
                _html(present_upload.import_zone(words, limits.import_bytes), ids.IMPORT_DROP)
            if part_name == "form":
                with gr.Column(elem_classes=["pn-form-sheet"]):
                    for inner in ("form", "word_hint"):
                        parts[inner] = _html(Html(""), _PART_IDS[inner])
            elif part_name != "word_hint":
                parts[part_name] = _html(Html(""), _PART_IDS[part_name])
    return parts
