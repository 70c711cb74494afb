"""What lies where in each program's kit: the files, named as that program wants them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from textinv_app.domain.concept import Method
from textinv_app.domain.prompts import lora_prompt
from textinv_app.formats.converting import diffusers_embedding, diffusers_lora
from textinv_app.formats.embedding import read_embedding
from textinv_app.formats.encoding import ReadyFile, ready_bytes, ready_copy, ready_text
from textinv_app.formats.lora_reading import read_lora
from textinv_app.kits.order import KitOrder, KitPart
from textinv_app.kits.pictures import png_of
from textinv_app.kits.programs import KitProgram
from textinv_app.kits.proofs import (
    extras_folder,
    infotext,
    json_text,
    proof_files,
    sidecar,
)
from textinv_app.kits.scenes import Scene, SceneName, ideas, scenes_of, spelled
from textinv_app.kits.script import diffusers_script, script_name
from textinv_app.kits.words import KitWords
from textinv_app.kits.workflow import Workflow, workflow_for

WORKFLOW_FOLDER = "user/default/workflows"
"""Where ComfyUI keeps what its page lists under Workflows."""

_COMFYUI: Mapping[Method, str] = {"embedding": "models/embeddings", "lora": "models/loras"}
_A1111: Mapping[Method, str] = {"embedding": "embeddings", "lora": "models/Lora"}


def trained_words(order: KitOrder, part: KitPart) -> str:
    """Return the word as it stood in training: a LoRA's with its class word behind it."""
    if part.method != "lora":
        return part.word
    return lora_prompt(part.word, part.word, order.class_word)


def workflow_name(scene: Scene) -> str:
    """Return the name of a ComfyUI workflow without its ending."""
    return f"{scene.parts[0].stem}-{scene.name}"


def workflows_of(order: KitOrder, words: KitWords) -> dict[SceneName, Workflow]:
    """Return a ComfyUI workflow for each scene, by the scene's name."""
    titles = (words("prompt.wanted"), words("prompt.unwanted"))
    note = words("comfyui.sticky", fits=words(f"fits.{order.family}"))
    return {
        scene.name: workflow_for(scene, order.base_model, titles, note)
        for scene in scenes_of(order)
    }


def program_files(order: KitOrder, words: KitWords) -> tuple[ReadyFile, ...]:
    """Return all files of a kit but the guide; raises ``OSError``."""
    return _FOLDERS[order.program](order, words)


def _comfyui(order: KitOrder, words: KitWords) -> tuple[ReadyFile, ...]:
    files = _installed(order, _COMFYUI)
    notes: dict[SceneName, dict[str, str]] = {}
    for scene in scenes_of(order):
        workflow = workflows_of(order, words)[scene.name]
        page, api = workflow.for_page(), workflow.for_api()
        name = workflow_name(scene)
        files.append(ready_text(f"{WORKFLOW_FOLDER}/{name}.json", json_text(page)))
        files.append(ready_text(f"{extras_folder(order)}/api/{name}.json", json_text(api)))
        # ComfyUI's page opens a picture that carries these as it opens a workflow.
        notes[scene.name] = {"workflow": json.dumps(page), "prompt": json.dumps(api)}
    return (*files, *proof_files(order, words, notes))


def _a1111(order: KitOrder, words: KitWords) -> tuple[ReadyFile, ...]:
    files = _installed(order, _A1111)
    for part in order.parts:
        notes = json_text(sidecar(order, trained_words(order, part), words))
        files.append(ready_text(f"{_A1111[part.method]}/{part.stem}.json", notes))
    scenes = scenes_of(order)
    prompts = "\n\n".join(infotext(one) for scene in scenes for one in (scene, *ideas(scene)))
    files.append(ready_text(f"{extras_folder(order)}/prompts.txt", prompts + "\n"))
    notes_of = {scene.name: {"parameters": infotext(scene)} for scene in scenes}
    return (*files, *proof_files(order, words, notes_of))


def _invokeai(order: KitOrder, words: KitWords) -> tuple[ReadyFile, ...]:
    files: list[ReadyFile] = []
    for part in order.parts:
        # Two folders, because both files have the same name.
        place = f"{order.stem}-invokeai/{part.method}/{part.stem}"
        files.append(ready_copy(f"{place}.safetensors", part.path))
        notes = json_text(sidecar(order, trained_words(order, part), words))
        files.append(ready_text(f"{place}.json", notes))
        if part.pictures:
            files.append(ready_bytes(f"{place}.png", png_of(part.pictures[0])))
    files.append(ready_text(f"{extras_folder(order)}/prompts.txt", _plain_prompts(order)))
    return (*files, *proof_files(order, words, {}))


def _kohya(order: KitOrder, words: KitWords) -> tuple[ReadyFile, ...]:
    files = [ready_copy(kohya_path(part), part.path) for part in order.parts]
    for scene in scenes_of(order):
        lines = "".join(_kohya_line(one) + "\n" for one in (scene, *ideas(scene)))
        files.append(ready_text(kohya_prompts(scene), lines))
    return (*files, *proof_files(order, words, {}))


def kohya_path(part: KitPart) -> str:
    """Return where a file of kohya's kit lies."""
    return f"{part.stem}-kohya/{part.method}/{part.stem}.safetensors"


def kohya_prompts(scene: Scene) -> str:
    """Return where the prompts of a scene lie in kohya's kit."""
    return f"{scene.parts[0].stem}-kohya/prompts-{scene.name}.txt"


def _kohya_line(scene: Scene) -> str:
    """Return a line for ``gen_img.py --from_file``: the prompt with its options behind."""
    prompt, negative_prompt = spelled(scene, "kohya")
    drawn = scene.drawn
    options = {
        "n": negative_prompt,
        "w": drawn.resolution_pixels,
        "h": drawn.resolution_pixels,
        "d": drawn.seed,
        "s": drawn.num_inference_steps,
        "l": f"{drawn.guidance_scale:g}",
    }
    return " ".join(
        [prompt, *(f"--{key} {value}" for key, value in options.items() if value != "")]
    )


def _diffusers(order: KitOrder, words: KitWords) -> tuple[ReadyFile, ...]:
    files: list[ReadyFile] = []
    for part in order.parts:
        if part.method == "embedding":
            files += diffusers_embedding(read_embedding(part.path), part.word)
        else:
            files.append(diffusers_lora(read_lora(part.path, dtype=np.float16)))
    model = order.own_model or order.base_model.hub_id
    is_unnamed = order.parts[0].manifest.has_unnamed_model
    sentences = (
        words("diffusers.script.what", name=order.name),
        words("diffusers.script.own" if is_unnamed else "diffusers.script.model", model=model),
        words("diffusers.script.draw"),
    )
    files.append(ready_text(script_name(order), diffusers_script(order, sentences)))
    return (*files, *proof_files(order, words, {}))


def _installed(order: KitOrder, folders: Mapping[Method, str]) -> list[ReadyFile]:
    """Return the files in their folders, with previews under the name both programs look for.

    A plain ``<stem>.png`` beside an embedding would be tried as an embedding by AUTOMATIC1111.
    """
    files: list[ReadyFile] = []
    for part in order.parts:
        place = f"{folders[part.method]}/{part.stem}"
        files.append(ready_copy(f"{place}.safetensors", part.path))
        if part.pictures:
            files.append(ready_bytes(f"{place}.preview.png", png_of(part.pictures[0])))
    return files


def _plain_prompts(order: KitOrder) -> str:
    lines = []
    for scene in scenes_of(order):
        for one in (scene, *ideas(scene)):
            prompt, negative_prompt = spelled(one, order.program)
            lines.append(prompt + (f"\n  - {negative_prompt}" if negative_prompt else ""))
    return "\n".join(lines) + "\n"


_FOLDERS: Mapping[KitProgram, Callable[[KitOrder, KitWords], tuple[ReadyFile, ...]]] = (
    MappingProxyType(
        {
            "comfyui": _comfyui,
            "a1111": _a1111,
            "invokeai": _invokeai,
            "kohya": _kohya,
            "diffusers": _diffusers,
        }
    )
)
