"""The model card: the README.md of a published file, with the metadata that the Hub reads.

Keys of the metadata: https://huggingface.co/docs/hub/model-cards and, for the gallery,
https://huggingface.co/docs/hub/model-cards-components. The text is English, as the Hub is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from huggingface_hub import ModelCardData

from textinv_app.domain.hub import HUB_IDS
from textinv_app.domain.manifest import ResultManifest
from textinv_app.domain.prompts import lora_prompt, preview_prompts, put_word
from textinv_app.domain.publication import PublicationRequest
from textinv_app.formats.embedding import DIFFUSERS_FILE_NAMES
from textinv_app.formats.families import FAMILY_TITLES

PLAIN_PROMPT = "a photo of a dog on the beach"
"""What pictures with a negative word are asked for in examples."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!&$])")


@dataclass(frozen=True)
class GalleryPicture:
    """One picture of the gallery: where it lies in the repository and what it was asked for."""

    path: str
    prompt: str


def model_card(
    request: PublicationRequest, repository: str, gallery: Sequence[GalleryPicture]
) -> str:
    """Return the whole README.md of a file that goes to ``repository`` (``owner/name``)."""
    metadata = ModelCardData(**_metadata(request, gallery)).to_yaml(line_break="\n")
    body = "\n".join(_body(request, repository, has_gallery=bool(gallery)))
    return f"---\n{metadata}\n---\n\n{body}\n"


def instance_prompt(manifest: ResultManifest) -> str:
    """Return the shortest prompt that shows what the file does; of a negative one, its word."""
    word = manifest.placeholder_token
    if is_negative(manifest):
        return word
    template = preview_prompts(manifest.kind)[0]
    # The LoRA of a pair has met its word as the embedding's vectors, without a class word.
    if manifest.method == "lora" and manifest.companion is None:
        return lora_prompt(template, word, manifest.class_word, manifest.kind)
    return put_word(template, word)


def is_negative(manifest: ResultManifest) -> bool:
    """Tell whether the word belongs into the negative prompt."""
    is_lora = manifest.method == "lora" and manifest.companion is None
    return manifest.kind == "negative" and not is_lora


def _metadata(request: PublicationRequest, gallery: Sequence[GalleryPicture]) -> dict[str, Any]:
    manifest = request.manifest
    known: dict[str, Any] = {
        "base_model": request.base_model or None,
        "base_model_relation": "adapter" if request.base_model else None,
        "library_name": "diffusers",
        "license": request.licence or None,
        "pipeline_tag": "text-to-image",
        "tags": _tags(request),
        "instance_prompt": instance_prompt(manifest),
        "widget": [_widget(picture, manifest) for picture in gallery] or None,
    }
    return {key: value for key, value in known.items() if value is not None}


def _tags(request: PublicationRequest) -> list[str]:
    families = {
        "crayon": ["crayon"],
        "sd1": ["stable-diffusion", "stable-diffusion-diffusers"],
        "sd2": ["stable-diffusion", "stable-diffusion-diffusers"],
        "sdxl": ["stable-diffusion-xl", "stable-diffusion-xl-diffusers"],
    }
    methods = {
        "embedding": ["textual_inversion"],
        # The template is how the Hub knows a card with a gallery.
        "lora": ["lora", "template:sd-lora"],
    }
    tags = ["text-to-image", "diffusers", *families[request.manifest.family]]
    for file in request.files:
        tags += methods[file.method]
    return [*tags, "petname"]


def _widget(picture: GalleryPicture, manifest: ResultManifest) -> dict[str, Any]:
    widget: dict[str, Any] = {"text": picture.prompt or instance_prompt(manifest)}
    if is_negative(manifest):
        widget["text"] = picture.prompt or PLAIN_PROMPT
        widget["parameters"] = {"negative_prompt": manifest.placeholder_token}
    return {**widget, "output": {"url": picture.path}}


def _body(request: PublicationRequest, repository: str, *, has_gallery: bool) -> Iterator[str]:
    manifest = request.manifest
    yield f"# {_plain(request.title)}"
    if has_gallery:
        yield from ("", "<Gallery />")
    yield from ("", _what(request), "", "## Trigger word", "", _how(manifest))
    yield from ("", "## Use it with diffusers", "")
    if manifest.family == "crayon":
        yield "Crayon comes with Petname; put the path of its folder into the third line."
        yield ""
    if manifest.has_unnamed_model:
        yield "It was taught on a model of its author's own; this one draws other pictures:"
        yield ""
    yield from ("```python", *_program(request, repository), "```")
    if manifest.family != "crayon":
        yield from ("", "## Use it in other programs", "")
        for file in request.files:
            yield from _other_programs(file)
    yield from ("", "## Training", "", "| | |", "| --- | --- |")
    yield from (f"| {name} | {value} |" for name, value in _facts(request))


def _what(request: PublicationRequest) -> str:
    manifest = request.manifest
    kind = {"subject": "a pet", "style": "a style", "negative": "what pictures should not be like"}
    names = {"embedding": "a textual inversion embedding", "lora": "a LoRA"}
    if manifest.kind == "negative":
        names["embedding"] = "a negative textual inversion embedding"
    what = " and ".join(names[file.method] for file in request.files)
    what = f"{what[0].upper()}{what[1:]}"
    made = "" if manifest.steps is None else ", taught with Petname"
    of = f" of {kind[manifest.kind]}" if made else ""
    sentence = f"{what}{of} for {FAMILY_TITLES[manifest.family]}{made}."
    if manifest.companion is not None:
        sentence += " They were trained together: each is little without the other."
    if manifest.half_of:
        other = _code(f"{manifest.half_of}.safetensors")
        sentence += f" It was trained together with {other} and is little without it."
    return f"{sentence} No other models fit."


def _how(manifest: ResultManifest) -> str:
    word = _code(manifest.placeholder_token)
    if is_negative(manifest):
        return f"Put {word} into the **negative** prompt."
    example = _code(instance_prompt(manifest))
    return f"Write {word} in the prompt, for instance: {example}"


def _program(request: PublicationRequest, repository: str) -> Iterator[str]:
    """Yield the lines of a program that loads the file from the repository and draws."""
    manifest = request.manifest
    pipeline = "StableDiffusionXLPipeline" if manifest.family == "sdxl" else "DiffusionPipeline"
    usual = HUB_IDS.get(manifest.family, "petname/assets/crayon")
    base = json.dumps(request.base_model or usual)
    place = json.dumps(repository)
    yield f"from diffusers import {pipeline}"
    yield ""
    yield f"pipe = {pipeline}.from_pretrained({base})"
    for file in request.files:
        if file.method == "lora":
            name = json.dumps(file.file_name)
            yield f"pipe.load_lora_weights({place}, weight_name={name})"
        elif file.family == "sdxl":
            yield from _two_calls(place)
        else:
            yield f"pipe.load_textual_inversion({place})"
    if is_negative(manifest):
        word = json.dumps(manifest.placeholder_token)
        yield f"picture = pipe({json.dumps(PLAIN_PROMPT)}, negative_prompt={word}).images[0]"
    else:
        yield f"picture = pipe({json.dumps(instance_prompt(manifest))}).images[0]"


def _two_calls(place: str) -> Iterator[str]:
    for number, file_name in zip(("", "_2"), DIFFUSERS_FILE_NAMES, strict=True):
        yield f"pipe.load_textual_inversion({place}, weight_name={json.dumps(file_name)},"
        yield f"    text_encoder=pipe.text_encoder{number}, tokenizer=pipe.tokenizer{number})"
    yield "# Some models look for the prompt's end at the highest number: that is the new word."
    yield "pipe.text_encoder_2.text_model.eos_token_id = pipe.tokenizer_2.eos_token_id"


def _other_programs(manifest: ResultManifest) -> Iterator[str]:
    file, word = _code(manifest.file_name), manifest.placeholder_token
    if manifest.method == "lora":
        yield f"- **ComfyUI**: put {file} into `models/loras` and add a “Load LoRA” node."
        lora = _code(f"<lora:{manifest.file_name.removesuffix('.safetensors')}:1>")
        yield f"- **AUTOMATIC1111, Forge**: put {file} into `models/Lora` and write {lora}."
        yield f"- **InvokeAI**: add {file} in the Model Manager."
        return
    where = "negative prompt" if is_negative(manifest) else "prompt"
    name = _code(f"embedding:{word}")
    yield f"- **ComfyUI**: put {file} into `models/embeddings` and write {name} in the {where}."
    yield (
        f"- **AUTOMATIC1111, Forge**: put {file} into `embeddings` and write "
        f"{_code(word)} in the {where}."
    )
    name = _code(f"<{word}>")
    yield f"- **InvokeAI**: add {file} in the Model Manager and write {name} in the {where}."


def _facts(request: PublicationRequest) -> Iterator[tuple[str, str]]:
    manifest = request.manifest
    base_model = request.base_model or FAMILY_TITLES[manifest.family]
    if manifest.has_unnamed_model:
        base_model = f"a model of its author's own, of {base_model}"
    yield "Base model", _plain(base_model)
    if request.licence:
        yield "Licence", f"that of the base model, {_code(request.licence)}"
    else:
        yield "Licence", "that of the base model"
    if manifest.steps is not None:
        best = "" if manifest.best_step is None else f" (the best was {manifest.best_step})"
        yield "Steps", f"{manifest.steps}{best}"
    if manifest.seconds is not None:
        yield "Time", f"{manifest.seconds / 60:.1f} minutes"
    if manifest.likeness_end is not None and manifest.kind != "negative":
        yield "Likeness to the pictures it learnt from, 0 to 100", f"{manifest.likeness_end:.0f}"
    for file in request.files:
        yield f"SHA-256 of {_code(file.file_name)}", _code(file.sha256)


def _plain(text: str) -> str:
    """Return text that shows as itself in Markdown, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    return "`" + " ".join(text.split()).replace("`", "'").replace("|", "\\|") + "`"
