"""Understanding the key names of LoRA files of every spelling in use.

Known are kohya's, diffusers' of three ages (``lora_A``, ``lora.down``, ``processor.to_q_lora``) and
raw PEFT's (``base_model.model.``). What is no plain LoRA is refused by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from textinv_app.errors import FileRefused
from textinv_app.formats.lora import KOHYA_PREFIXES, Component
from textinv_app.formats.module_names import from_sgm, split_flat_name

Role = Literal["down", "up", "alpha"]

_ROLES: dict[str, Role] = {
    "lora_down.weight": "down",
    "lora_up.weight": "up",
    "alpha": "alpha",
    "lora_A.weight": "down",
    "lora_B.weight": "up",
    "lora_A.default.weight": "down",
    "lora_B.default.weight": "up",
    "lora.down.weight": "down",
    "lora.up.weight": "up",
    "lora_linear_layer.down.weight": "down",
    "lora_linear_layer.up.weight": "up",
}
_ENDING = re.compile(r"^(.+)\.(" + "|".join(map(re.escape, _ROLES)) + ")$")
_PROCESSOR = re.compile(r"^(.+)\.processor\.(to_q|to_k|to_v|to_out)_lora\.(down|up)\.weight$")

_PEFT_PREFIX = "base_model.model."
_COMPONENTS: tuple[Component, ...] = ("text_encoder_2", "text_encoder", "unet")
_UNET_TOPS = re.compile(
    r"(down_blocks|up_blocks)\.\d+\.|mid_block\.|(conv_in|conv_out)$|(time|add)_embedding\.linear_"
)
_ENCODER_TOPS = re.compile(r"encoder\.layers\.\d+\.|text_projection$")

_OTHER_TRAININGS = (
    (re.compile(r"\.hada_"), "LyCORIS LoHa"),
    (re.compile(r"\.lokr_"), "LyCORIS LoKr"),
    (re.compile(r"\.lora_mid"), "LyCORIS LoCon with a middle layer"),
    (re.compile(r"\.diff(_b)?$"), "LyCORIS full difference"),
    (re.compile(r"\.oft_"), "OFT"),
    (re.compile(r"\.(dora_scale|lora_magnitude_vector)"), "DoRA"),
    (re.compile(r"\.(glora|(a1|a2|b1|b2)\.weight$)"), "LyCORIS GLoRA"),
    (re.compile(r"\.(on_input|ia3)"), "LyCORIS IA3"),
    (re.compile(r"\.[wb]_norm$"), "LyCORIS norms"),
    (re.compile(r"\.vera_lambda"), "VeRA"),
)
"""Each behind the layer and a dot: a word such as ``<soft_light>`` holds some of them, too."""
_OTHER_KINDS = (
    (re.compile(r"^(control_model\.|controlnet_|control_add_embedding|input_hint_block)"),
     "ControlNet"),
    (re.compile(r"^(image_proj|ip_adapter)[._]"), "IP-Adapter"),
    (re.compile(r"\.motion_modules\.|^motion_"), "motion module"),
    (re.compile(r"^(encoder|decoder)\.(conv_in|mid|down|up|mid_block)\.|^quant_conv\."), "VAE"),
)  # fmt: skip
"""Files that share the folders and endings of LoRAs, by keys that stand in no LoRA."""
_OTHER_MODELS = re.compile(
    r"^(lora_transformer_|transformer\.|diffusion_model\.|lora_unet_(double|single|joint)_blocks_"
    r"|lora_te3_|lora_prior_|lora_unet_blocks_)"
)
_WHOLE_MODELS = re.compile(
    r"^(model\.diffusion_model\.|first_stage_model\.|cond_stage_model\.|conditioner\."
    r"|down_blocks\.|text_model\.|decoder\.)"
)


@dataclass(frozen=True)
class LoraKey:
    """One key understood: which layer it belongs to and what it is there."""

    component: Component
    path: str
    """Dotted path in diffusers' naming, as in ``LoraModule``."""
    role: Role


def understand_keys(names: Iterable[str]) -> dict[str, LoraKey]:
    """Map the tensor names of a LoRA file to what they mean.

    Embeddings bundled into the file (``bundle_emb.``) are left out. Raises ``FileRefused`` when
    the file is no LoRA, of another kind than LoRA, for other models, or has an unknown layer.
    """
    kept = [name for name in names if not name.startswith("bundle_emb.")]
    for name in kept:
        _refuse_other_kinds(name)
    understood = {name: _understand(name) for name in kept}
    unknown = [name for name, key in understood.items() if key is None]
    if unknown and len(unknown) == len(kept):
        raise _nothing_known(kept)
    if unknown or not kept:
        raise FileRefused(
            "lora.unknown_layer",
            "This LoRA changes parts of the model that Petname does not know; it would work only "
            "in part.",
            layer=unknown[0][:200] if unknown else "",
        )
    return {name: key for name, key in understood.items() if key is not None}


def looks_like_lora(names: Iterable[str]) -> bool:
    """Tell whether tensor names look like those of a LoRA or one of its relatives.

    A name is a layer with what it holds behind a dot. The key of an embedding may be its word, in
    which ``lora`` says nothing: ``<floral>``, ``loracat``.
    """
    return any(
        name.startswith("bundle_emb.")
        or (name.startswith("lora_") and "." in name)
        or _ENDING.match(name)
        or _PROCESSOR.match(name)
        or any(pattern.search(name) for pattern, _ in _OTHER_TRAININGS)
        for name in names
    )


def _refuse_other_kinds(name: str) -> None:
    for pattern, title in _OTHER_TRAININGS:
        if pattern.search(name):
            raise FileRefused(
                "lora.other_training",
                f"This file was trained in another way ({title}), which Petname cannot use. Look "
                "for a plain LoRA.",
                training=title,
            )
    if _OTHER_MODELS.match(name):
        raise FileRefused(
            "lora.other_model",
            "This LoRA was made for another kind of model (such as Flux or Stable Diffusion 3). "
            "Petname works with Crayon, Stable Diffusion 1.x, 2.x and XL.",
        )


def _nothing_known(names: list[str]) -> FileRefused:
    for pattern, kind in _OTHER_KINDS:
        if any(map(pattern.search, names)):
            return FileRefused(
                "file.other_kind",
                f"This is a file of another kind ({kind}), not an embedding or a LoRA. Petname "
                "has no use for it.",
                kind=kind,
            )
    if any(_WHOLE_MODELS.match(name) for name in names):
        return FileRefused(
            "file.whole_model",
            "This is a whole image model, not an embedding or a LoRA. To teach it a word, name "
            "it as your own model on the Train tab.",
        )
    return FileRefused(
        "file.unknown_kind",
        "This file is neither an embedding nor a LoRA that Petname knows.",
        tensors=len(names),
    )


def _understand(name: str) -> LoraKey | None:
    for prefix, component in KOHYA_PREFIXES:
        if name.startswith(prefix):
            return _understand_kohya(name.removeprefix(prefix), component)
    processor = _PROCESSOR.match(name)
    if processor is not None:
        attention, layer, way = processor.groups()
        layer = "to_out.0" if layer == "to_out" else layer
        return _place(f"{attention}.{layer}", "down" if way == "down" else "up")
    ending = _ENDING.match(name)
    return None if ending is None else _place(ending.group(1), _ROLES[ending.group(2)])


def _understand_kohya(name: str, component: Component) -> LoraKey | None:
    flat, _, ending = name.partition(".")
    role, path = _ROLES.get(ending), split_flat_name(flat)
    if role is None or path is None:
        return None
    if component == "unet":
        known = path if _UNET_TOPS.match(path) else from_sgm(path)
        return None if known is None else LoraKey(component, known, role)
    return _encoder_key(component, path, role)


def _place(path: str, role: Role) -> LoraKey | None:
    path = path.removeprefix(_PEFT_PREFIX)
    for component in _COMPONENTS:
        if path.startswith(f"{component}."):
            path = path.removeprefix(f"{component}.").removeprefix(_PEFT_PREFIX)
            if component == "unet":
                return LoraKey(component, path, role) if _UNET_TOPS.match(path) else None
            return _encoder_key(component, path, role)
    if _UNET_TOPS.match(path):
        return LoraKey("unet", path, role)
    return _encoder_key("text_encoder", path, role)


def _encoder_key(component: Component, path: str, role: Role) -> LoraKey | None:
    path = path.removeprefix("text_model.")
    return LoraKey(component, path, role) if _ENCODER_TOPS.match(path) else None
