"""How Gradio is dressed: theme, head and the options of mounting; the style sheet is our own."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

ASSETS_DIR = Path(__file__).resolve().parents[2] / "assets"
ASSETS_URL = "/petname/assets"
SCRIPTS = (
    "petname.js",
    "petname-fields.js",
    "petname-dialogs.js",
    "petname-square.js",
    "petname-uploads.js",
    "petname-signs.js",
    "petname-compare.js",
)
_FONTS = ("fraunces-latin-soft-normal.woff2", "nunito-latin-wght-normal.woff2")


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((ASSETS_DIR / name).read_bytes()).hexdigest()[:12]


def theme() -> gr.themes.Base:
    """Return the theme under the style sheet: our fonts, no look-ups of others."""
    return gr.themes.Base(
        primary_hue="orange",
        neutral_hue="stone",
        font=["Nunito Variable", "Nunito", "ui-rounded", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"],
    )


def head(language: str) -> str:
    """Return what the page puts into its head: language, fonts, style sheet, script, icon."""
    fonts = "".join(
        f'<link rel="preload" href="{ASSETS_URL}/fonts/{font}" as="font" type="font/woff2"'
        " crossorigin>"
        for font in _FONTS
    )
    scripts = "".join(
        f'<script src="{ASSETS_URL}/{name}?v={_fingerprint(name)}" defer></script>'
        for name in SCRIPTS
    )
    return (
        f'<script>document.documentElement.lang = "{language}"</script>'
        '<meta name="theme-color" content="#bd4d35">'
        f'{fonts}<link rel="icon" type="image/svg+xml" href="{ASSETS_URL}/favicon.svg">'
        f'<link rel="stylesheet" href="{ASSETS_URL}/style.css?v={_fingerprint("style.css")}">'
        f"{scripts}"
    )


def mount_options(language: str) -> dict[str, Any]:
    """Return the keyword arguments of ``gr.mount_gradio_app`` that concern the look."""
    return {"theme": theme(), "head": head(language), "footer_links": [], "run_history": False}
