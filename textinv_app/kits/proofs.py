"""The self-test of a kit: a picture drawn already, and all that is needed to draw it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

from textinv_app.formats.encoding import ReadyFile, ready_bytes, ready_text
from textinv_app.kits.order import KitOrder
from textinv_app.kits.pictures import png_of
from textinv_app.kits.programs import KitProgram
from textinv_app.kits.scenes import Scene, SceneName, scenes_of, spelled
from textinv_app.kits.words import KitWords

SAMPLER = "DPM++ 2M"
SCHEDULES: Mapping[KitProgram, str] = MappingProxyType({"comfyui": "normal", "a1111": "Uniform"})
"""Petname's even spacing of the steps, by the name of each program that lets people choose."""


def extras_folder(order: KitOrder) -> str:
    """Return the folder of a kit for what is not installed anywhere."""
    return f"{order.stem}-extras"


def proof_name(order: KitOrder, scene: Scene) -> str:
    """Return the path of a self-test picture inside a kit."""
    return f"{extras_folder(order)}/self-test-{scene.name}.png"


def proofs_of(order: KitOrder) -> tuple[Scene, ...]:
    """Return the scenes that Petname has drawn itself; empty where it kept none."""
    return tuple(scene for scene in scenes_of(order) if scene.is_proof)


def taught_on(order: KitOrder, words: KitWords) -> str:
    """Return what the model it was taught on is called; empty where it is the usual one."""
    unnamed = words("base.unnamed") if order.parts[0].manifest.has_unnamed_model else ""
    return order.own_model or unnamed


def proof_rows(order: KitOrder, scene: Scene, words: KitWords) -> dict[str, str]:
    """Return the settings of a self-test, by what they are called."""
    prompt, negative_prompt = spelled(scene, order.program)
    drawn = scene.drawn
    rows = {
        words("test.prompt"): prompt,
        words("test.negative"): negative_prompt,
        words("test.seed"): str(drawn.seed),
        words("test.steps"): str(drawn.num_inference_steps),
        words("test.guidance"): f"{drawn.guidance_scale:g}",
        words("test.size"): f"{drawn.resolution_pixels} × {drawn.resolution_pixels}",
        words("test.sampler"): SAMPLER,
        words("test.schedule"): SCHEDULES.get(order.program, ""),
        words("test.model"): taught_on(order, words) or order.base_model.title,
    }
    return {name: value for name, value in rows.items() if value}


def proof_files(
    order: KitOrder, words: KitWords, notes: Mapping[SceneName, Mapping[str, str]]
) -> tuple[ReadyFile, ...]:
    """Return each self-test as a picture and as text; ``notes`` go into the pictures, by scene.

    Raises ``OSError`` where a picture cannot be read.
    """
    files: list[ReadyFile] = []
    for scene in proofs_of(order):
        proof = scene.parts[0].proof
        if proof is None:
            continue
        name = proof_name(order, scene)
        files.append(ready_bytes(name, png_of(proof[0], notes.get(scene.name, {}))))
        rows = proof_rows(order, scene, words)
        text = "".join(f"{key}: {value}\n" for key, value in rows.items())
        files.append(ready_text(f"{name.removesuffix('.png')}.txt", text))
    return tuple(files)


def infotext(scene: Scene) -> str:
    """Return a scene as AUTOMATIC1111 writes it into pictures and reads it from the prompt box."""
    prompt, negative_prompt = spelled(scene, "a1111")
    drawn = scene.drawn
    settings = {
        "Steps": drawn.num_inference_steps,
        "Sampler": SAMPLER,
        # Where these two are missing, it takes Karras and noise of the graphics card.
        "Schedule type": SCHEDULES["a1111"],
        "CFG scale": f"{drawn.guidance_scale:g}",
        "Seed": drawn.seed,
        "Size": f"{drawn.resolution_pixels}x{drawn.resolution_pixels}",
        "RNG": "CPU",
    }
    lines = [prompt]
    if negative_prompt:
        lines.append(f"Negative prompt: {negative_prompt}")
    lines.append(", ".join(f"{name}: {value}" for name, value in settings.items()))
    return "\n".join(lines)


def sidecar(order: KitOrder, method_words: str, words: KitWords) -> dict[str, object]:
    """Return the notes that AUTOMATIC1111 and InvokeAI read beside a file."""
    kind = order.parts[0].manifest.kind
    fits = words(f"fits.{order.family}")
    versions = {"sd1": "SD1", "sd2": "SD2", "sdxl": "SDXL"}
    return {
        "description": words("sidecar.description", name=order.name),
        "sd version": versions.get(order.family, "Unknown"),
        "activation text": method_words,
        "preferred weight": 1.0,
        "negative text": method_words if kind == "negative" else "",
        "notes": words(f"sidecar.notes.{kind}", words=method_words, fits=fits),
    }


def json_text(value: object) -> str:
    """Return JSON for people to read, the same each time."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
