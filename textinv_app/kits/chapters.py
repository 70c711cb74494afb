"""The steps and notes of each program's guide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from markupsafe import Markup

from textinv_app.formats.embedding import DIFFUSERS_FILE_NAMES, embedding_shape
from textinv_app.formats.header import read_header
from textinv_app.kits.folders import (
    kohya_path,
    kohya_prompts,
    workflow_name,
    workflows_of,
)
from textinv_app.kits.graph import graph_svg
from textinv_app.kits.guide import Chapters, Copyable, Step, Tab, Teller
from textinv_app.kits.programs import KitProgram
from textinv_app.kits.proofs import extras_folder
from textinv_app.kits.scenes import scenes_of, spelled, word_in
from textinv_app.kits.script import script_name

_PIP = 'pip install "diffusers>=0.30" "transformers>=4.44" accelerate peft safetensors torch'


def chapters_of(teller: Teller) -> Chapters:
    """Return what the guide of a kit says, for its program."""
    return _CHAPTERS[teller.order.program](teller)


def _comfyui(teller: Teller) -> Chapters:
    order, words = teller.order, teller.words
    scenes = scenes_of(order)
    workflow = f"{workflow_name(scenes[0])}.json"
    node = words("prompt.unwanted" if order.is_negative else "prompt.wanted")
    graph = workflows_of(order, words)[scenes[0].name]
    drawing = graph_svg(graph, workflow, teller.cards()[0].picture)
    steps = (
        Step(words("comfyui.unpack.title"), (teller.rich("comfyui.unpack.text"),), teller.tree()),
        teller.model_step("models/checkpoints", "comfyui.model.extra"),
        Step(
            words("comfyui.open.title"),
            _opening_in_comfyui(teller, workflow),
            graph=drawing,
        ),
        Step(
            words("comfyui.run.title"),
            (teller.rich(f"comfyui.run.{_proof_or_text(teller)}", node=node),),
            copies=teller.sentences(),
        ),
    )
    notes = teller.notes()
    embedding = order.part("embedding")
    if embedding is not None:
        spelling = word_in("comfyui", embedding)
        notes.append(teller.rich("comfyui.note.space", spelled=spelling))
        notes.append(teller.rich("comfyui.note.strength", spelled=spelling))
    if order.part("lora") is not None:
        notes.append(teller.rich("comfyui.note.lora"))
    notes.append(teller.rich("comfyui.note.api", folder=f"{extras_folder(order)}/api"))
    return Chapters(steps, tuple(notes))


def _opening_in_comfyui(teller: Teller, workflow: str) -> tuple[Markup, ...]:
    text = teller.rich("comfyui.open.text", workflow=workflow)
    if teller.has_proof:
        text += " " + teller.rich("comfyui.open.proof")
    if not teller.own_model:
        return (text,)
    title = teller.order.base_model.title
    return text, teller.rich("comfyui.open.own", own=teller.own_model, model=title)


def _proof_or_text(teller: Teller) -> str:
    """Return the end of a key whose sentence speaks of the self-test where there is one."""
    return "proof" if teller.has_proof else "text"


def _a1111(teller: Teller) -> Chapters:
    order, words = teller.order, teller.words
    tab = "Lora" if order.parts[0].method == "lora" else "Textual Inversion"
    tabs = tuple(Tab(name, name == tab) for name in ("Generation", "Textual Inversion", "Lora"))
    steps = (
        Step(words("a1111.unpack.title"), (teller.rich("a1111.unpack.text"),), teller.tree()),
        teller.model_step("models/Stable-diffusion"),
        Step(
            words("a1111.refresh.title"),
            (teller.rich("a1111.refresh.text", tab=tab, stem=order.stem),),
            cards=teller.cards()[:1],
            typed=spelled(scenes_of(order)[0], "a1111")[int(order.is_negative)],
            tabs=tabs,
        ),
        Step(
            words("a1111.run.title"),
            (teller.rich(f"a1111.run.{_proof_or_text(teller)}"),),
            copies=teller.sentences(),
        ),
    )
    notes = teller.notes()
    lora = order.part("lora")
    if order.part("embedding") is not None:
        key = "a1111.note.negative" if order.is_negative else "a1111.note.word"
        notes.append(teller.rich(key, stem=order.stem))
    if lora is not None:
        notes.append(teller.rich("a1111.note.lora", call=f"<lora:{lora.stem}:1>"))
    if len(order.parts) == 2 and not order.are_one:
        notes.append(teller.rich("a1111.note.both", stem=order.stem))
    notes.append(teller.rich("a1111.note.sdnext"))
    return Chapters(steps, tuple(notes))


def _invokeai(teller: Teller) -> Chapters:
    order, words = teller.order, teller.words
    together = "one" if order.are_one else "both"
    which = together if len(order.parts) == 2 else order.parts[0].method
    steps = (
        Step(words("invokeai.unpack.title"), (teller.rich("invokeai.unpack.text"),), teller.tree()),
        Step(
            words("invokeai.scan.title"),
            (teller.rich("invokeai.scan.text"),),
            rows=teller.rows(),
            tabs=(Tab("URL or Local Path"), Tab("HuggingFace"), Tab("Scan Folder", True)),
        ),
        # Its Starter Models have none of the 2.x family.
        teller.model_step("", "" if order.family == "sd2" else "invokeai.model.extra"),
        Step(
            words("invokeai.run.title"),
            (teller.rich(f"invokeai.run.text.{which}"),),
            copies=teller.sentences(),
        ),
    )
    notes = teller.notes()
    if any(part.pictures for part in order.parts):
        notes.append(teller.rich("invokeai.note.picture"))
    return Chapters(steps, tuple(notes))


def _kohya(teller: Teller) -> Chapters:
    order, words = teller.order, teller.words
    scenes = scenes_of(order)
    checkpoint = order.base_model.checkpoint
    commands = tuple(
        Copyable(_kohya_command(teller, at), words(f"prompt.{scene.name}"))
        for at, scene in enumerate(scenes)
    )
    steps = (
        Step(words("kohya.unpack.title"), (teller.rich("kohya.unpack.text"),), teller.tree()),
        teller.model_step(""),
        Step(
            words("kohya.run.title"),
            (
                teller.rich(
                    "kohya.run.text", checkpoint=checkpoint, prompts=kohya_prompts(scenes[0])
                ),
            ),
            copies=commands,
        ),
        Step(
            words("kohya.on.title"),
            (teller.rich("kohya.on.text"),),
            copies=tuple(_kohya_training(teller)),
        ),
    )
    notes = teller.notes()
    if order.part("embedding") is not None:
        notes.append(teller.rich("kohya.note.vectors"))
    return Chapters(steps, tuple(notes))


def _kohya_command(teller: Teller, at: int) -> str:
    order, scene = teller.order, scenes_of(teller.order)[at]
    # The VAE of SDXL gives nothing but black in half precision.
    options = {"sdxl": "--sdxl --no_half_vae ", "sd2": "--v2 --v_parameterization "}
    model = options.get(order.family, "")
    parts = [
        f"python gen_img.py {model}--ckpt {order.base_model.checkpoint} --fp16",
        "--sampler dpmsolver++ --outdir outputs",
    ]
    if scene.embedding is not None:
        parts.append(f"--textual_inversion_embeddings {kohya_path(scene.embedding)}")
    if scene.lora is not None:
        parts.append(
            f"--network_module networks.lora --network_weights {kohya_path(scene.lora)} "
            "--network_mul 1"
        )
    return " ".join([*parts, f"--from_file {kohya_prompts(scene)}"])


def _kohya_training(teller: Teller) -> list[Copyable]:
    order, words = teller.order, teller.words
    copies = []
    embedding, lora = order.part("embedding"), order.part("lora")
    if embedding is not None:
        is_xl = order.family == "sdxl"
        script = "sdxl_train_textual_inversion.py" if is_xl else "train_textual_inversion.py"
        # Without it the script makes room for one vector, and then refuses a file with more.
        count = embedding_shape(read_header(embedding.path)).num_vectors
        text = (
            f"{script} --token_string {embedding.word} --num_vectors_per_token {count} "
            f"--weights {kohya_path(embedding)}"
        )
        copies.append(Copyable(text, words("prompt.embedding")))
    if lora is not None:
        script = "sdxl_train_network.py" if order.family == "sdxl" else "train_network.py"
        # Without the last the script makes layers of its usual rank, which the file does not fit.
        text = (
            f"{script} --network_module networks.lora --network_weights {kohya_path(lora)} "
            "--dim_from_weights"
        )
        copies.append(Copyable(text, words("prompt.lora")))
    return copies


def _diffusers(teller: Teller) -> Chapters:
    order, words = teller.order, teller.words
    script = script_name(order)
    scene = scenes_of(order)[0]
    prompt = scene.drawn.prompt.replace(chr(34), "'")
    call = f'draw(name="{order.stem}", prompt="{prompt}", …)'
    steps = (
        Step(
            words("diffusers.install.title"),
            (teller.rich("diffusers.install.text"),),
            copies=(Copyable(_PIP),),
        ),
        Step(
            words("diffusers.unpack.title"), (teller.rich("diffusers.unpack.text"),), teller.tree()
        ),
        _diffusers_run(teller),
        Step(
            words("diffusers.change.title"),
            (teller.rich("diffusers.change.text", script=script),),
            copies=(Copyable(call),),
        ),
    )
    notes = teller.notes()
    embedding = order.part("embedding")
    if embedding is not None:
        load = f'pipe.load_textual_inversion("{DIFFUSERS_FILE_NAMES[0]}", token="{embedding.word}")'
        key = "diffusers.note.xl" if order.family == "sdxl" else "diffusers.note.token"
        notes.append(teller.rich(key, call=load))
    return Chapters(steps, tuple(notes))


def _diffusers_run(teller: Teller) -> Step:
    order, words = teller.order, teller.words
    run, model = f"python {script_name(order)}", order.own_model or order.base_model.title
    text = teller.rich("diffusers.run.text", model=model)
    if order.family == "crayon":
        run += " assets/crayon"
        text = teller.rich("diffusers.run.crayon")
    elif order.parts[0].manifest.has_unnamed_model:
        run += f" {words('diffusers.run.path')}"
        text = teller.rich("diffusers.run.own", model=model)
    return Step(words("diffusers.run.title"), (text,), copies=(Copyable(run),))


_CHAPTERS: Mapping[KitProgram, Callable[[Teller], Chapters]] = MappingProxyType(
    {
        "comfyui": _comfyui,
        "a1111": _a1111,
        "invokeai": _invokeai,
        "kohya": _kohya,
        "diffusers": _diffusers,
    }
)
