"""A ComfyUI workflow as a small drawing for the guide."""

from __future__ import annotations

from markupsafe import Markup

from textinv_app.kits.workflow import Node, Workflow

_MARGIN = 16
_BAR_PIXELS = 38
_SLOT_TOP = 20
_SLOT_STEP = 22
_LETTER_PIXELS = 13.5
_TITLE_LETTER_PIXELS = 11.5
_LINE_PIXELS = 29
_MAX_LINES = 4
_SHOWN_SETTINGS = {
    "CheckpointLoaderSimple": ("ckpt_name",),
    "LoraLoader": ("lora_name", "strength_model"),
    "EmptyLatentImage": ("width", "height"),
    "KSampler": ("seed", "steps", "cfg", "sampler_name"),
}
_NAMELESS = frozenset({"ckpt_name", "lora_name", "sampler_name"})
_WIRE_COLOURS = {
    "MODEL": "#9c8bd0",
    "CLIP": "#d9a441",
    "VAE": "#d46a6a",
    "CONDITIONING": "#d98a4e",
    "LATENT": "#c97fb5",
    "IMAGE": "#5fa0c4",
}


def graph_svg(workflow: Workflow, label: str, picture: str = "") -> Markup:
    """Return the workflow as SVG markup, nodes where ComfyUI shows them.

    ``picture`` is a ``data:`` link of what the last node shows; empty for nothing.
    """
    left = min(node.place[0] for node in workflow.nodes) - _MARGIN
    top = min(node.place[1] for node in workflow.nodes) - _BAR_PIXELS - _MARGIN
    right = max(node.place[0] + node.place[2] for node in workflow.nodes) + _MARGIN
    bottom = max(node.place[1] + node.place[3] for node in workflow.nodes) + _MARGIN
    wires = Markup("").join(_wires(node) for node in workflow.nodes)
    boxes = Markup("").join(_box(node) for node in workflow.nodes)
    shown = _picture(workflow.nodes[-1], picture) if picture else Markup("")
    return Markup(
        '<svg class="graph" viewBox="{} {} {} {}" role="img" aria-label="{}">{}{}{}</svg>'
    ).format(left, top, right - left, bottom - top, label, wires, boxes, shown)


def _wires(node: Node) -> Markup:
    drawn = []
    for slot, (source, output) in enumerate(node.inputs.values()):
        x1 = source.place[0] + source.place[2]
        y1 = source.place[1] + _SLOT_TOP + _SLOT_STEP * output
        x2, y2 = node.place[0], node.place[1] + _SLOT_TOP + _SLOT_STEP * slot
        bend = max(40, abs(x2 - x1) // 2)
        colour = _WIRE_COLOURS.get(source.outputs[output][1], "#999999")
        drawn.append(
            Markup('<path d="M{} {}C{} {} {} {} {} {}" class="wire" stroke="{}"/>').format(
                x1, y1, x1 + bend, y1, x2 - bend, y2, x2, y2, colour
            )
        )
    return Markup("").join(drawn)


def _box(node: Node) -> Markup:
    x, y, width, height = node.place
    letters = int((width - 36) / _LETTER_PIXELS)
    lines = Markup("").join(
        Markup('<text x="{}" y="{}" class="inside">{}</text>').format(
            x + 18, y + _LINE_PIXELS * (at + 1) + 4, line
        )
        for at, line in enumerate(_lines(node, letters))
    )
    return Markup(
        '<g class="node {}"><rect x="{}" y="{}" width="{}" height="{}" rx="13"/>'
        '<text x="{}" y="{}" class="title">{}</text>{}</g>'
    ).format(
        node.colours or "plain", x, y - _BAR_PIXELS, width, height + _BAR_PIXELS,
        x + 18, y - 9, _cut(node.title, int((width - 36) / _TITLE_LETTER_PIXELS)), lines,
    )  # fmt: skip


def _picture(node: Node, picture: str) -> Markup:
    x, y, width, height = node.place
    side = min(width, height) - 32
    return Markup('<image href="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        picture, x + (width - side) / 2, y + (height - side) / 2, side, side
    )


def _lines(node: Node, letters: int) -> list[str]:
    """Return what is worth reading on a node: its prompt, or its settings."""
    text = str(node.settings.get("text", ""))
    if text:
        return _wrapped(text, letters)
    return [
        _cut(
            str(node.settings[key]) if key in _NAMELESS else f"{key} {node.settings[key]}", letters
        )
        for key in _SHOWN_SETTINGS.get(node.kind, ())
    ]


def _wrapped(text: str, letters: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < letters:
            lines[-1] += f" {word}"
        else:
            lines.append(_cut(word, letters))
    return lines[:_MAX_LINES]


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
