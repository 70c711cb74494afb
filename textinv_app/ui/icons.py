"""Small line drawings of the page, inline so that nothing is fetched."""

from __future__ import annotations

from textinv_app.ui.markup import Html


def _icon(path: str, *, fill: bool = False) -> Html:
    paint = (
        'fill="currentColor"'
        if fill
        else (
            'fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round" '
            'stroke-linejoin="round"'
        )
    )
    return Html(
        f'<svg class="pn-icon" viewBox="0 0 24 24" {paint} aria-hidden="true" focusable="false">'
        f"{path}</svg>"
    )


_PAW_PATH = (
    '<ellipse cx="6.2" cy="11" rx="2" ry="2.7"/><ellipse cx="10" cy="6.4" rx="2" ry="2.8"/>'
    '<ellipse cx="14.4" cy="6.4" rx="2" ry="2.8"/><ellipse cx="18.1" cy="11" rx="2" ry="2.7"/>'
    '<path d="M12.2 11.6c2.3 0 5.1 3.3 5.1 5.7 0 1.7-1.2 2.5-2.7 2.5-.9 0-1.6-.4-2.4-.4'
    's-1.5.4-2.4.4c-1.5 0-2.7-.8-2.7-2.5 0-2.4 2.8-5.7 5.1-5.7z"/>'
)
PAW = _icon(_PAW_PATH, fill=True)
CAMERA = _icon(
    '<path d="M4 8h3l1.6-2.4h6.8L17 8h3a1.5 1.5 0 0 1 1.5 1.5v8.5a1.5 1.5 0 0 1-1.5 1.5H4'
    'a1.5 1.5 0 0 1-1.5-1.5V9.5A1.5 1.5 0 0 1 4 8z"/><circle cx="12" cy="13.5" r="3.6"/>'
)
SPARK = _icon(
    '<path d="M12 3.5l1.9 5.1 5.1 1.9-5.1 1.9L12 17.5l-1.9-5.1L5 10.5l5.1-1.9z"/>'
    '<path d="M19 16.5v4M17 18.5h4"/>'
)
COLUMNS = _icon(
    '<rect x="3.5" y="5" width="7" height="14" rx="1.8"/>'
    '<rect x="13.5" y="5" width="7" height="14" rx="1.8"/>'
)
SHELF = _icon(
    '<rect x="4" y="4" width="7" height="7" rx="1.6"/>'
    '<rect x="13" y="4" width="7" height="7" rx="1.6"/>'
    '<rect x="4" y="13" width="7" height="7" rx="1.6"/>'
    '<rect x="13" y="13" width="7" height="7" rx="1.6"/>'
)
CHECK = _icon('<path d="M5 12.5l4.5 4.5L19 7.5"/>')
WARN = _icon('<path d="M12 4.5l8.5 15h-17z"/><path d="M12 10.5v4M12 17.2v.1"/>')
CROSS = _icon('<path d="M6.5 6.5l11 11M17.5 6.5l-11 11"/>')
PLUS = _icon('<path d="M12 5.5v13M5.5 12h13"/>')
TRASH = _icon('<path d="M5 7h14M10 7V5h4v2M7 7l.8 12h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5"/>')
CROP = _icon('<path d="M7 3.5v13.5h13.5M3.5 7H17v13.5"/>')
PLAY = _icon('<path d="M8 5.5l10.5 6.5L8 18.5z"/>', fill=True)
PAUSE = _icon(
    '<rect x="6.5" y="5.5" width="4" height="13" rx="1.2"/>'
    '<rect x="13.5" y="5.5" width="4" height="13" rx="1.2"/>',
    fill=True,
)
STOP = _icon('<rect x="6" y="6" width="12" height="12" rx="2.5"/>', fill=True)
DOWNLOAD = _icon('<path d="M12 4.5v10M7.8 10.7L12 15l4.2-4.3M5 19h14"/>')
DICE = _icon(
    '<rect x="4" y="4" width="16" height="16" rx="4"/>'
    '<path d="M8.5 8.5h.1M15.5 8.5h.1M12 12h.1M8.5 15.5h.1M15.5 15.5h.1" stroke-width="2.8"/>'
)
PENCIL = _icon('<path d="M5 19l1-4L15.5 5.5l3 3L9 18zM13.5 7.5l3 3"/>')
COPY = _icon(
    '<rect x="8.5" y="8.5" width="11" height="11" rx="2.2"/>'
    '<path d="M15.5 5.5v-.2a1.8 1.8 0 0 0-1.8-1.8H6.3'
    'a1.8 1.8 0 0 0-1.8 1.8v7.4a1.8 1.8 0 0 0 1.8 1.8h.2"/>'
)
MOON = _icon('<path d="M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z"/>')
GLOBE = _icon(
    '<circle cx="12" cy="12" r="8.5"/>'
    '<path d="M3.5 12h17M12 3.5c2.6 2.5 3.6 5.4 3.6 8.5s-1 6-3.6 8.5'
    'c-2.6-2.5-3.6-5.4-3.6-8.5s1-6 3.6-8.5z"/>'
)
ARROW = _icon('<path d="M5 12h14M13 6l6 6-6 6"/>')
BOOK = _icon(
    '<path d="M12 6.5C10 5 7 4.6 4 5v13c3-.4 6 0 8 1.5 2-1.5 5-1.9 8-1.5V5c-3-.4-6 0-8 1.5z'
    'M12 6.5v13"/>'
)
BRAIN = _icon(
    '<rect x="3.5" y="9" width="4" height="6" rx="1.3"/>'
    '<rect x="10" y="5" width="4" height="14" rx="1.3"/>'
    '<rect x="16.5" y="9" width="4" height="6" rx="1.3"/><path d="M7.5 12H10M14 12h2.5"/>'
)
RETRY = _icon('<path d="M19 12a7 7 0 1 1-2.2-5.1M19 4v4.5h-4.5"/>')

CLOUD = _icon(
    '<path d="M7.5 18.5a4.2 4.2 0 0 1-.6-8.4 5.5 5.5 0 0 1 10.5 1.2 3.6 3.6 0 0 1-.4 7.2"/>'
    '<path d="M12 20v-7M9.3 15.5L12 12.8l2.7 2.7"/>'
)
LOGO = Html(
    '<svg class="pn-logo" viewBox="0 0 48 48" aria-hidden="true" focusable="false">'
    '<circle class="pn-logo-ring" cx="24" cy="6.5" r="4" fill="none" stroke-width="2.5"/>'
    '<path class="pn-logo-tag" d="M24 9.5c9.8 0 17 6.9 17 16.3'
    'C41 36.3 33 45 24 45S7 36.3 7 25.8C7 16.4 14.2 9.5 24 9.5z"/>'
    f'<g class="pn-logo-paw" transform="translate(9.4 13.4) scale(1.2)">{_PAW_PATH}</g></svg>'
)
BOX = _icon(
    '<path d="M4 8.2 12 4l8 4.2v7.6L12 20l-8-4.2z"/><path d="M4 8.2 12 12.4l8-4.2M12 12.4V20"/>'
)
