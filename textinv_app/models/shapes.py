"""Which family a base model on this disk has: told by its shape, not by its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from textinv_app.domain.concept import Family
from textinv_app.errors import FileRefused, ModelUnavailable
from textinv_app.formats.families import CROSS_ATTENTION_WIDTHS
from textinv_app.formats.header import read_header

LIKENESS_FILE = "likeness.json"
"""Only models of Crayon's kind bring one."""
FAMILIAR_FILE = "familiar.json"
"""What tells a model's own kind of pictures from others: only of one that cannot draw photos."""

_LATENT_CHANNELS = 4
"""Of every Stable Diffusion that draws from text alone; others are given a picture or mask too."""
_FIRST_LAYER = "model.diffusion_model.input_blocks.0.0.weight"


def family_of_folder(folder: Path) -> Family:
    """Return the family of a diffusers folder from its configuration files.

    Raises ``ModelUnavailable`` where it is no such folder or of a kind that Petname cannot use.
    """
    if not (folder / "model_index.json").is_file():
        raise ModelUnavailable(
            "model.not_a_model",
            f"The folder {folder.name} holds no image model. Petname needs a folder in the layout "
            "of diffusers (with model_index.json) or one .safetensors checkpoint.",
            name=folder.name,
        )
    if not (folder / "unet").is_dir():
        # Newer kinds (FLUX, Stable Diffusion 3) have a transformer in its place.
        raise _unknown_kind(folder.name)
    if (folder / LIKENESS_FILE).is_file():
        return "crayon"
    return family_of_unet(_read_json(folder / "unet" / "config.json"), folder.name)


def family_of_unet(config: dict[str, Any], name: str) -> Family:
    """Return the family that a UNet's configuration speaks of; ``name`` is for the sentence.

    Raises ``ModelUnavailable``.
    """
    width = config.get("cross_attention_dim")
    family = next((one for one, known in CROSS_ATTENTION_WIDTHS.items() if known == width), None)
    channels = config.get("in_channels", _LATENT_CHANNELS)
    if family is None or (family != "crayon" and channels != _LATENT_CHANNELS):
        raise _unknown_kind(name)
    return family


def family_of_checkpoint(path: Path) -> Family:
    """Return the family of a single-file checkpoint from the header alone.

    The layout is that of Stability's own files (``model.diffusion_model.``). Raises
    ``ModelUnavailable``.
    """
    try:
        header = read_header(path)
    except FileRefused as error:
        raise ModelUnavailable("model.damaged", error.sentence, name=path.name) from error
    widths = {
        entry.shape[1]
        for name, entry in header.tensors.items()
        if name.startswith("model.diffusion_model.") and name.endswith("attn2.to_k.weight")
    }
    has_text = any(
        name.startswith(("cond_stage_model.", "conditioner.")) for name in header.tensors
    )
    first = header.tensors.get(_FIRST_LAYER)
    if len(widths) != 1 or not has_text or first is None or len(first.shape) != 4:
        raise _unknown_kind(path.name)
    config = {"cross_attention_dim": widths.pop(), "in_channels": first.shape[1]}
    return family_of_unet(config, path.name)


def _unknown_kind(name: str) -> ModelUnavailable:
    return ModelUnavailable(
        "model.unknown_kind",
        f"{name} is not a model that Petname can teach. It knows complete Stable Diffusion 1.x, "
        "2.x and XL models that draw from text, and its own Crayon.",
        name=name,
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(
            "model.damaged",
            f"The model cannot be read: {path.parent.name}/{path.name} is missing or damaged. "
            "Fetch the model again.",
            name=path.name,
        ) from error
    if not isinstance(content, dict):
        raise _unknown_kind(path.name)
    return content
