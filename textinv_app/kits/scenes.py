"""Scenes: pictures to draw with a kit, each with its prompt in the spelling of a program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from textinv_app.domain.concept import ConceptKind
from textinv_app.domain.manifest import DrawnFacts
from textinv_app.domain.presets import PresetRequest, settings_for
from textinv_app.domain.prompts import find_word, lora_prompt, preview_prompts, put_word
from textinv_app.kits.order import KitOrder, KitPart
from textinv_app.kits.programs import KitProgram

SceneName = Literal["embedding", "lora", "both"]

DEFAULT_SEED = 7
_IDEAS: dict[ConceptKind, tuple[str, ...]] = {
    "subject": (
        "a {word} with a red scarf in the snow",
        "a watercolor painting of a {word}",
        "a {word} asleep in an armchair",
    ),
    "style": (
        "a dog on the beach in the style of {word}",
        "a lighthouse at night in the style of {word}",
        "a bowl of fruit in the style of {word}",
    ),
    "negative": ("a dog on the beach", "a lighthouse at night", "a bowl of fruit"),
}


@dataclass(frozen=True)
class Scene:
    """One picture to draw and what it is drawn with."""

    name: SceneName
    parts: tuple[KitPart, ...]
    drawn: DrawnFacts
    """Prompts in Petname's own spelling, seed and settings."""
    is_proof: bool
    """Whether Petname drew exactly this picture, so that it can be compared."""
    class_word: str
    """What stands behind the word where the LoRA is worn; empty where nothing does."""

    @property
    def embedding(self) -> KitPart | None:
        """The embedding that is worn, or None."""
        return next((part for part in self.parts if part.method == "embedding"), None)

    @property
    def lora(self) -> KitPart | None:
        """The LoRA that is worn, or None."""
        return next((part for part in self.parts if part.method == "lora"), None)

    def asking(self, template: str) -> Scene:
        """Return the same scene with another prompt; ``template`` holds ``{word}``."""
        return replace(self, drawn=_drawn(self.parts, template, self.class_word), is_proof=False)


def scenes_of(order: KitOrder) -> tuple[Scene, ...]:
    """Return a scene for each part, and one for both together where there are two.

    Parts that were trained together are worn together only.
    """
    class_word = order.class_word
    if order.are_one:
        return (_scene_of("both", order.parts, class_word),)
    scenes = [_scene_of(part.method, (part,), class_word) for part in order.parts]
    if len(order.parts) == 2:
        template = preview_prompts(order.parts[0].manifest.kind)[0]
        together = _drawn(order.parts, template, class_word)
        together = together.model_copy(update={"seed": scenes[0].drawn.seed})
        scenes.append(Scene("both", order.parts, together, False, class_word))
    return tuple(scenes)


def ideas(scene: Scene) -> tuple[Scene, ...]:
    """Return more pictures to try with what a scene wears."""
    kind = scene.parts[0].manifest.kind
    return tuple(scene.asking(template) for template in _IDEAS[kind])


def spelled(scene: Scene, program: KitProgram) -> tuple[str, str]:
    """Return prompt and negative prompt as a program reads them."""
    return _spell(scene, scene.drawn.prompt, program) + _lora_call(scene, program), _spell(
        scene, scene.drawn.negative_prompt, program
    )


def word_in(program: KitProgram, part: KitPart) -> str:
    """Return how a word is written in a program's prompt."""
    if part.method == "lora":
        return part.word
    # ComfyUI knows the word only after a space or at the start, and no full stop behind it.
    return {"comfyui": f"embedding:{part.stem}", "invokeai": f"<{part.stem}>"}.get(
        program, part.stem
    )


def _spell(scene: Scene, prompt: str, program: KitProgram) -> str:
    part = scene.embedding
    if part is None:
        return prompt
    return find_word(part.word).sub(lambda _match: word_in(program, part), prompt)


def _lora_call(scene: Scene, program: KitProgram) -> str:
    if program != "a1111" or scene.lora is None:
        return ""
    return f" <lora:{scene.lora.stem}:1>"


def _scene_of(name: SceneName, parts: tuple[KitPart, ...], class_word: str) -> Scene:
    proof = parts[0].proof
    if proof is not None:
        return Scene(name, parts, proof[1], True, class_word)
    template = preview_prompts(parts[0].manifest.kind)[0]
    return Scene(name, parts, _drawn(parts, template, class_word), False, class_word)


def _drawn(parts: tuple[KitPart, ...], template: str, class_word: str) -> DrawnFacts:
    """Return a picture with the usual settings of the family, as training asks for it."""
    manifest, word = parts[0].manifest, parts[0].word
    usual = settings_for(PresetRequest(family=manifest.family, method="lora", num_photos=1))
    prompt = put_word(template, word)
    if any(part.method == "lora" for part in parts):
        prompt = lora_prompt(prompt, word, class_word)
    return DrawnFacts(
        prompt=prompt,
        negative_prompt=word if manifest.kind == "negative" else "",
        seed=DEFAULT_SEED,
        num_inference_steps=usual.final_inference_steps,
        guidance_scale=usual.guidance_scale,
        resolution_pixels=usual.resolution_pixels,
    )
