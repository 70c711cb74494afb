"""What tells the model families apart in files: text widths, names, sayings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from textinv_app.domain.concept import Family

TEXT_WIDTHS: Mapping[Family, tuple[int, ...]] = MappingProxyType(
    {"crayon": (256,), "sd1": (768,), "sd2": (1024,), "sdxl": (768, 1280)}
)
"""Width of an embedding vector, one for each text encoder of the family."""

CROSS_ATTENTION_WIDTHS: Mapping[Family, int] = MappingProxyType(
    {family: sum(widths) for family, widths in TEXT_WIDTHS.items()}
)
"""Width of what the UNet's cross attention reads: all text encoders side by side."""

ENCODERS: Mapping[Family, tuple[str, ...]] = MappingProxyType(
    {
        "crayon": ("text_encoder",),
        "sd1": ("text_encoder",),
        "sd2": ("text_encoder",),
        "sdxl": ("text_encoder", "text_encoder_2"),
    }
)
"""The text encoders of a family, by the names diffusers gives them in a pipeline."""

FAMILY_TITLES: Mapping[Family, str] = MappingProxyType(
    {
        "crayon": "Crayon (Petname's built-in model)",
        "sd1": "Stable Diffusion 1.x",
        "sd2": "Stable Diffusion 2.x",
        "sdxl": "Stable Diffusion XL",
    }
)
"""Families in words."""


def family_of_architecture(architecture: str) -> Family | None:
    """Return the family named by ``modelspec.architecture``; None when it is unknown or empty."""
    base = architecture.split("/", 1)[0]
    prefixes: tuple[tuple[str, Family], ...] = (
        ("petname-crayon", "crayon"),
        ("stable-diffusion-v1", "sd1"),
        ("stable-diffusion-v2", "sd2"),
        ("stable-diffusion-xl", "sdxl"),
    )
    return next((family for prefix, family in prefixes if base.startswith(prefix)), None)


def family_of_metadata(metadata: Mapping[str, str]) -> Family | None:
    """Return the family that a file's own metadata names; None when it says nothing clear."""
    family = family_of_architecture(metadata.get("modelspec.architecture", ""))
    if family is not None:
        return family
    version = metadata.get("ss_base_model_version", "")
    versions: tuple[tuple[str, Family], ...] = (
        ("petname_crayon", "crayon"),
        ("sdxl_", "sdxl"),
        ("sd_v2", "sd2"),
        ("sd_v1", "sd1"),
    )
    return next((family for prefix, family in versions if version.startswith(prefix)), None)
