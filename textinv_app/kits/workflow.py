"""ComfyUI workflows: a small graph, written as the page opens it and as its API takes it.

Node types, slots and the order of widgets are those of ComfyUI's own nodes (``nodes.py``); the
layout of the file is schema 0.4 of ComfyUI_frontend (``workflowSchema.ts``), which its page has
read since the first releases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from textinv_app.domain.manifest import DrawnFacts
from textinv_app.kits.order import KitPart
from textinv_app.kits.programs import BaseModel
from textinv_app.kits.scenes import Scene, spelled

_COLOURS = {"word": ("#3d2b26", "#5a3a30"), "calm": ("#2b3330", "#3b4743")}


@dataclass
class Node:
    """One node: where it stands, what it is set to, and what its inputs are fed by."""

    number: int
    kind: str
    title: str
    place: tuple[int, int, int, int]
    """Left, top, width and height, in pixels of the canvas."""
    settings: dict[str, Any]
    """Widgets by name, in the order they stand on the node."""
    outputs: tuple[tuple[str, str], ...] = ()
    """Name and type of each output."""
    inputs: dict[str, tuple[Node, int]] = field(default_factory=dict)
    """For each input the node and the number of the output that feed it."""
    colours: str = ""
    models: tuple[dict[str, str], ...] = ()
    """Files the node needs, which the page offers to download."""


@dataclass(frozen=True)
class Workflow:
    """A graph that draws one scene."""

    nodes: tuple[Node, ...]
    note: str
    """What stands on the sticky note; empty for none."""

    def for_page(self) -> dict[str, Any]:
        """Return the file that is dropped onto ComfyUI's canvas."""
        links: list[list[Any]] = []
        taken: dict[tuple[int, int], list[int]] = {}
        for node in self.nodes:
            for slot, (source, output) in enumerate(node.inputs.values()):
                number = len(links) + 1
                kind = source.outputs[output][1]
                links.append([number, source.number, output, node.number, slot, kind])
                taken.setdefault((source.number, output), []).append(number)
        fed = {(link[3], link[4]): link[0] for link in links}
        nodes = [_page_node(at, node, fed, taken) for at, node in enumerate(self.nodes)]
        if self.note:
            nodes.append(_sticky_note(len(nodes), self.note))
        return {
            "last_node_id": max(node["id"] for node in nodes),
            "last_link_id": len(links),
            "nodes": nodes,
            "links": links,
            "groups": [],
            "config": {},
            "extra": {},
            "version": 0.4,
        }

    def for_api(self) -> dict[str, Any]:
        """Return what is posted to ``/prompt`` of a running ComfyUI."""
        return {
            str(node.number): {
                "class_type": node.kind,
                "inputs": {
                    **{k: v for k, v in node.settings.items() if k != "control_after_generate"},
                    **{
                        name: [str(source.number), output]
                        for name, (source, output) in node.inputs.items()
                    },
                },
                "_meta": {"title": node.title},
            }
            for node in self.nodes
        }


def workflow_for(scene: Scene, base_model: BaseModel, titles: Sequence[str], note: str) -> Workflow:
    """Return the graph that draws a scene; ``titles`` name the wanted and the unwanted prompt."""
    loader = _loader(base_model)
    worn = [] if scene.lora is None else [_lora(scene.lora, loader)]
    # A LoRA stands between the model and all that uses it, with outputs in the same order.
    source = worn[-1] if worn else loader
    wanted, unwanted = _prompts(scene, titles, source)
    paper = _paper(scene.drawn.resolution_pixels)
    sampler = _sampler(
        scene.drawn,
        {
            "model": (source, 0),
            "positive": (wanted, 0),
            "negative": (unwanted, 0),
            "latent_image": (paper, 0),
        },
    )
    decoder = Node(
        7, "VAEDecode", "VAEDecode", (910, 490, 315, 46), {}, (("IMAGE", "IMAGE"),),
        {"samples": (sampler, 0), "vae": (loader, 2)},
    )  # fmt: skip
    saver = Node(
        8, "SaveImage", "SaveImage", (1285, 160, 400, 460),
        {"filename_prefix": scene.parts[0].stem}, (), {"images": (decoder, 0)},
    )  # fmt: skip
    return Workflow((loader, *worn, wanted, unwanted, paper, sampler, decoder, saver), note)


def _loader(base_model: BaseModel) -> Node:
    file = {"name": base_model.checkpoint, "url": base_model.url, "directory": "checkpoints"}
    return Node(
        1, "CheckpointLoaderSimple", base_model.title, (40, 160, 330, 98),
        {"ckpt_name": base_model.checkpoint},
        (("MODEL", "MODEL"), ("CLIP", "CLIP"), ("VAE", "VAE")), models=(file,),
    )  # fmt: skip


def _lora(part: KitPart, loader: Node) -> Node:
    return Node(
        2, "LoraLoader", f"LoRA: {part.word}", (40, 330, 330, 126),
        {"lora_name": f"{part.stem}.safetensors", "strength_model": 1.0, "strength_clip": 1.0},
        (("MODEL", "MODEL"), ("CLIP", "CLIP")),
        {"model": (loader, 0), "clip": (loader, 1)}, "word",
    )  # fmt: skip


def _prompts(scene: Scene, titles: Sequence[str], source: Node) -> tuple[Node, Node]:
    """Return the wanted and the unwanted prompt; the one that holds the word stands out."""
    prompt, negative_prompt = spelled(scene, "comfyui")
    word_is_unwanted = bool(scene.drawn.negative_prompt)

    def node(number: int, title: str, top: int, text: str, is_word: bool) -> Node:
        return Node(
            number, "CLIPTextEncode", title, (430, top, 420, 150), {"text": text},
            (("CONDITIONING", "CONDITIONING"),), {"clip": (source, 1)},
            "word" if is_word else "calm",
        )  # fmt: skip

    return (
        node(3, titles[0], 160, prompt, not word_is_unwanted),
        node(4, titles[1], 370, negative_prompt, word_is_unwanted),
    )


def _paper(side: int) -> Node:
    return Node(
        5, "EmptyLatentImage", "EmptyLatentImage", (430, 580, 420, 106),
        {"width": side, "height": side, "batch_size": 1}, (("LATENT", "LATENT"),),
    )  # fmt: skip


def _sampler(drawn: DrawnFacts, inputs: dict[str, tuple[Node, int]]) -> Node:
    return Node(
        6, "KSampler", "KSampler", (910, 160, 315, 262),
        {
            "seed": drawn.seed,
            "control_after_generate": "fixed",
            "steps": drawn.num_inference_steps,
            "cfg": drawn.guidance_scale,
            "sampler_name": "dpmpp_2m",
            "scheduler": "normal",
            "denoise": 1.0,
        },
        (("LATENT", "LATENT"),), inputs,
    )  # fmt: skip


def _page_node(
    at: int,
    node: Node,
    fed: dict[tuple[int, int], int],
    taken: dict[tuple[int, int], list[int]],
) -> dict[str, Any]:
    left, top, width, height = node.place
    drawn: dict[str, Any] = {
        "id": node.number,
        "type": node.kind,
        "pos": [left, top],
        "size": [width, height],
        "flags": {},
        "order": at,
        "mode": 0,
        "inputs": [
            {"name": name, "type": source.outputs[output][1], "link": fed[node.number, slot]}
            for slot, (name, (source, output)) in enumerate(node.inputs.items())
        ],
        "outputs": [
            {
                "name": name,
                "type": kind,
                "links": taken.get((node.number, slot), []),
                "slot_index": slot,
            }
            for slot, (name, kind) in enumerate(node.outputs)
        ],
        "properties": {"Node name for S&R": node.kind},
        "widgets_values": list(node.settings.values()),
    }
    if node.models:
        drawn["properties"]["models"] = list(node.models)
    if node.title != node.kind:
        drawn["title"] = node.title
    if node.colours:
        drawn["color"], drawn["bgcolor"] = _COLOURS[node.colours]
    return drawn


def _sticky_note(at: int, text: str) -> dict[str, Any]:
    return {
        "id": 9,
        "type": "Note",
        "title": "Petname",
        "pos": [40, 500],
        "size": [330, 190],
        "flags": {},
        "order": at,
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "properties": {"text": ""},
        "widgets_values": [text],
        "color": "#432",
        "bgcolor": "#653",
    }
