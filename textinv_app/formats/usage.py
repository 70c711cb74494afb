"""How to use a file in other programs: steps as codes, and the text to copy.

The steps are keys of the page's words catalogues; the copyable text is the same in any language.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from textinv_app.domain.concept import ConceptKind, Family, Method
from textinv_app.domain.hub import HUB_IDS
from textinv_app.domain.prompts import lora_prompt

Program = Literal["comfyui", "a1111", "invokeai", "diffusers"]

PROGRAM_TITLES: tuple[tuple[Program, str], ...] = (
    ("comfyui", "ComfyUI"),
    ("a1111", "AUTOMATIC1111 / Forge"),
    ("invokeai", "InvokeAI"),
    ("diffusers", "diffusers (Python)"),
)

_PROMPTS: dict[ConceptKind, str] = {
    "subject": "a photo of {} in the snow",
    "style": "a cat in the style of {}",
    "negative": "{}",
}
_NEUTRAL_PROMPT = "a photo of a dog on the beach"
_FOLDERS: dict[tuple[Program, Method], str] = {
    ("comfyui", "embedding"): "models/embeddings",
    ("comfyui", "lora"): "models/loras",
    ("a1111", "embedding"): "embeddings",
    ("a1111", "lora"): "models/Lora",
}
"""Where a program wants a file, from its own folder; one that is not named here asks."""


@dataclass(frozen=True)
class UsedFile:
    """The file to be explained."""

    placeholder_token: str
    """The trigger word; of a LoRA from elsewhere it may be several words."""
    method: Method
    family: Family
    kind: ConceptKind
    base_model: str = ""
    """Hub id of the model it was trained on; empty or a local name: a usual one is shown."""
    strength: float = 1.0
    """Strength of a LoRA that works well."""
    class_word: str = ""
    """What stood behind the word of a LoRA in training; empty for one of a pair."""
    stem: str = ""
    """Stem of the file where it is not the word, as that of a LoRA may be."""
    companion: str = ""
    """Stem of the other file of a pair, without which this one is little; empty for none."""

    @property
    def name(self) -> str:
        """Name of the file without its ending: of an embedding, the word in most programs."""
        return self.stem or self.placeholder_token

    @property
    def file_name(self) -> str:
        """Name of the file."""
        return f"{self.name}.safetensors"

    def stem_of(self, method: Method) -> str:
        """Return the stem of the file of a method that is used, this one or its companion."""
        return self.name if method == self.method else self.companion

    @property
    def is_negative(self) -> bool:
        """Whether the word belongs into the negative prompt."""
        return self.kind == "negative" and self.method == "embedding"


@dataclass(frozen=True)
class UsageGuide:
    """How to use the file in one program."""

    program: Program
    title: str
    usable: bool
    """False where the program cannot use the file at all (Crayon's files outside Python)."""
    step_codes: tuple[str, ...]
    """Keys of the words catalogues, in order; their blanks are the keys of ``details``."""
    details: Mapping[str, str]
    """Names of files and folders, as they stand in the steps."""
    copyable: str
    """Text to copy: a prompt, or a program for diffusers."""


def usage_guides(used: UsedFile) -> tuple[UsageGuide, ...]:
    """Return a guide for each program, in the order to be shown."""
    return tuple(_guide(program, title, used) for program, title in PROGRAM_TITLES)


def all_step_codes() -> tuple[str, ...]:
    """Return every code that ``step_codes`` may hold, sorted, for checking the catalogues."""
    kinds: tuple[ConceptKind, ...] = ("subject", "negative")
    guides = [
        guide
        for method in get_args(Method)
        for family in get_args(Family)
        for kind in kinds
        for companion in ("", "other")
        for guide in usage_guides(UsedFile("word", method, family, kind, companion=companion))
    ]
    return tuple(sorted({code for guide in guides for code in guide.step_codes}))


def _guide(program: Program, title: str, used: UsedFile) -> UsageGuide:
    details = _details(program, used)
    steps: tuple[str, ...]
    if program == "diffusers":
        steps = ("usage.diffusers.install", *_companion_steps(program, used), "usage.diffusers.run")
        return UsageGuide(program, title, True, steps, details, diffusers_program(used))
    if used.family == "crayon":
        return UsageGuide(program, title, False, ("usage.crayon_only",), details, "")
    writing = "lora_prompt" if used.stem_of("lora") else "embedding_prompt"
    if used.is_negative:
        writing = "embedding_negative_prompt"
    steps = (
        f"usage.{program}.put_{used.method}",
        *_companion_steps(program, used),
        "usage.choose_model." + used.family,
        f"usage.{program}.{writing}",
    )
    return UsageGuide(program, title, True, steps, details, _prompt_text(program, used))


def _companion_steps(program: Program, used: UsedFile) -> tuple[str, ...]:
    if not used.companion:
        return ()
    has_folder = (program, used.method) in _FOLDERS
    return ("usage.companion_folder" if has_folder else "usage.companion",)


def _details(program: Program, used: UsedFile) -> Mapping[str, str]:
    other: Method = "embedding" if used.method == "lora" else "lora"
    return {
        "file": used.file_name,
        "folder": _FOLDERS.get((program, used.method), ""),
        "companion": f"{used.companion}.safetensors",
        "companion_folder": _FOLDERS.get((program, other), ""),
        "lora": f"{used.stem_of('lora')}.safetensors",
    }


def _prompt_text(program: Program, used: UsedFile) -> str:
    word, embedding, lora = used.placeholder_token, used.stem_of("embedding"), used.stem_of("lora")
    if embedding:
        # ComfyUI knows the word only after a space or at the start, and no full stop behind it.
        spelled = {"comfyui": f"embedding:{embedding}", "invokeai": f"<{embedding}>"}
        word = spelled.get(program, embedding)
    prompt = _prompt(used, word)
    if lora and program == "a1111":
        return f"{prompt} <lora:{lora}:{used.strength:g}>"
    return prompt


def _prompt(used: UsedFile, spelled: str) -> str:
    """Return an example with the word as a program spells it; a LoRA's with its class word."""
    prompt = _PROMPTS[used.kind].format(spelled)
    if used.method != "lora":
        return prompt
    return lora_prompt(prompt, used.placeholder_token, used.class_word, used.kind)


def diffusers_program(used: UsedFile) -> str:
    """Return a Python program that loads the file with diffusers and draws one picture."""
    model = used.base_model if "/" in used.base_model else HUB_IDS.get(used.family, "assets/crayon")
    pipeline = "StableDiffusionXLPipeline" if used.family == "sdxl" else "StableDiffusionPipeline"
    lines = [
        "import torch",
        f"from diffusers import {pipeline}",
        *(["from safetensors.torch import load_file"] if _needs_two_calls(used) else []),
        "",
        'device = "cuda" if torch.cuda.is_available() else "cpu"',
        'dtype = torch.float16 if device == "cuda" else torch.float32',
        f"pipe = {pipeline}.from_pretrained({json.dumps(model)}, torch_dtype=dtype).to(device)",
        *_loading_lines(used),
        *_drawing_lines(used),
        f"picture.save({json.dumps(used.name + '.png')})",
    ]
    return "\n".join(lines) + "\n"


def _needs_two_calls(used: UsedFile) -> bool:
    return bool(used.stem_of("embedding")) and used.family == "sdxl"


def _loading_lines(used: UsedFile) -> list[str]:
    embedding, lora = used.stem_of("embedding"), used.stem_of("lora")
    return [
        *(_embedding_lines(used, f"{embedding}.safetensors") if embedding else []),
        *(_lora_lines(lora, used.strength) if lora else []),
    ]


def _lora_lines(stem: str, strength: float) -> list[str]:
    # The name of an adapter may hold no dot; that of a file of ours holds none.
    file_name, name = json.dumps(f"{stem}.safetensors"), json.dumps(stem)
    lines = [f'pipe.load_lora_weights(".", weight_name={file_name}, adapter_name={name})']
    if strength != 1.0:
        lines.append(f"pipe.set_adapters([{name}], [{strength:g}])")
    return lines


def _embedding_lines(used: UsedFile, file_name: str) -> list[str]:
    place, word = json.dumps(file_name), json.dumps(used.placeholder_token)
    if not _needs_two_calls(used):
        return [f"pipe.load_textual_inversion({place}, token={word})"]
    return [
        f"vectors = load_file({place})",
        f'pipe.load_textual_inversion(vectors["clip_l"], token={word},',
        "                            text_encoder=pipe.text_encoder, tokenizer=pipe.tokenizer)",
        f'pipe.load_textual_inversion(vectors["clip_g"], token={word},',
        "                            text_encoder=pipe.text_encoder_2, tokenizer=pipe.tokenizer_2)",
        "# Some models look for the end of the prompt at the highest number: that is the new word.",
        "pipe.text_encoder_2.text_model.eos_token_id = pipe.tokenizer_2.eos_token_id",
    ]


def _drawing_lines(used: UsedFile) -> list[str]:
    if used.is_negative:
        return [
            f"picture = pipe({json.dumps(_NEUTRAL_PROMPT)},",
            f"               negative_prompt={json.dumps(used.placeholder_token)}).images[0]",
        ]
    prompt = _prompt(used, used.placeholder_token)
    return [f"picture = pipe({json.dumps(prompt)}).images[0]"]
