"""What a file says about itself: modelspec and kohya metadata, and nothing private.

Keys and spellings follow kohya's ``sai_model_spec`` (ModelSpec 1.0.1) and ``train_network``;
AUTOMATIC1111 sorts LoRAs by ``ss_base_model_version`` and ``ss_v2``, Forge by the architecture.
Folders, photo names, captions and names of people are not written at all.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from textinv_app.domain.concept import ConceptKind, Family, Method
from textinv_app.formats.families import FAMILY_TITLES

PredictionType = Literal["epsilon", "v"]

MAX_THUMBNAIL_BYTES = 60_000

_ARCHITECTURES: dict[tuple[Family, PredictionType], str] = {
    ("crayon", "epsilon"): "petname-crayon-v1",
    ("crayon", "v"): "petname-crayon-v1",
    ("sd1", "epsilon"): "stable-diffusion-v1",
    ("sd1", "v"): "stable-diffusion-v1",
    ("sd2", "epsilon"): "stable-diffusion-v2-512",
    ("sd2", "v"): "stable-diffusion-v2-768-v",
    ("sdxl", "epsilon"): "stable-diffusion-xl-v1-base",
    ("sdxl", "v"): "stable-diffusion-xl-v1-base",
}
_BASE_VERSIONS: dict[tuple[Family, PredictionType], str] = {
    ("crayon", "epsilon"): "petname_crayon_v1",
    ("crayon", "v"): "petname_crayon_v1",
    ("sd1", "epsilon"): "sd_v1",
    ("sd1", "v"): "sd_v1",
    ("sd2", "epsilon"): "sd_v2",
    ("sd2", "v"): "sd_v2_v",
    ("sdxl", "epsilon"): "sdxl_base_v1-0",
    ("sdxl", "v"): "sdxl_base_v1-0",
}
_FITS = {
    "crayon": "Fits Crayon, the model built into Petname, and no other.",
    "sd1": "Fits Stable Diffusion 1.x models only.",
    "sd2": "Fits Stable Diffusion 2.x models only.",
    "sdxl": "Fits Stable Diffusion XL models only.",
}
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_KEPT_OF_FOREIGN = re.compile(
    r"modelspec\.(title|description|license|tags|usage_hint|trigger_phrase|is_negative_embedding"
    r"|resolution|prediction_type)|ss_(steps|epoch|seed|resolution|clip_skip)"
)
_MAX_FOREIGN_CHARACTERS = 2_000


@dataclass(frozen=True)
class FileFacts:
    """Everything that goes into the metadata of one file; only facts that may be published."""

    placeholder_token: str
    """The trigger word, also the stem of the file."""
    title: str
    method: Method
    family: Family
    kind: ConceptKind
    base_model: str
    """``crayon`` or a hub id; anything else (a local path) is written as ``custom``."""
    resolution_pixels: int
    steps: int
    seed: int
    created_at: str
    """UTC, ISO 8601: passed in, so that the same file can be made again."""
    prediction_type: PredictionType = "epsilon"
    num_vectors: int = 1
    """Vectors of the word (embedding only)."""
    rank: int = 0
    """Rank of the LoRA, which is also its alpha (LoRA only)."""
    num_photos: int = 0
    class_word: str = ""
    thumbnail_jpeg: bytes = b""
    """A small picture drawn with the result, at most 60 KB; never a photo."""


def build_metadata(facts: FileFacts) -> dict[str, str]:
    """Return the metadata of a file; the hashes are filled in when it is written.

    Raises ``ValueError`` when the thumbnail is over 60 KB.
    """
    metadata = _modelspec(facts)
    metadata.update(_kohya(facts) if facts.method == "lora" else {})
    return {key: clean_text(value) for key, value in metadata.items()}


def architecture(family: Family, method: Method, prediction_type: PredictionType) -> str:
    """Return ``modelspec.architecture``, with the slash that kohya, Forge and InvokeAI expect."""
    kind = "lora" if method == "lora" else "textual-inversion"
    return f"{_ARCHITECTURES[family, prediction_type]}/{kind}"


def public_model_name(base_model: str) -> str:
    """Return a base model's name fit for publishing: ``crayon``, a hub id, or ``custom``."""
    if base_model in {"crayon", "sd15", "sd21", "sdxl"} or _HUB_ID.fullmatch(base_model):
        return base_model
    return "custom"


def clean_text(text: str, max_characters: int = 500_000) -> str:
    """Return ``text`` without control characters and broken surrogates, cut to a length."""
    readable = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
    return readable.encode("utf-8", "ignore").decode("utf-8")[:max_characters].strip()


def usage_hint(facts: FileFacts) -> str:
    """Return one or two plain sentences: how to use the file and which models it fits."""
    word, fits = facts.placeholder_token, _FITS[facts.family]
    if facts.kind == "negative" and facts.method == "embedding":
        return f"Put {word} into the negative prompt. {fits}"
    if facts.method == "lora":
        return f"Load the LoRA and write {word} in the prompt. {fits}"
    return f"Write {word} in the prompt (ComfyUI: embedding:{word}). {fits}"


def _modelspec(facts: FileFacts) -> dict[str, str]:
    side = facts.resolution_pixels
    kinds = {"subject": "pet", "style": "style", "negative": "negative"}
    metadata = {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": architecture(facts.family, facts.method, facts.prediction_type),
        "modelspec.implementation": _implementation(facts),
        "modelspec.title": facts.title.replace("/", " ").replace("\\", " ") or "Petname",
        "modelspec.description": f"Made with Petname for {FAMILY_TITLES[facts.family]}.",
        "modelspec.resolution": f"{side}x{side}",
        "modelspec.date": facts.created_at,
        "modelspec.prediction_type": facts.prediction_type,
        "modelspec.trigger_phrase": facts.placeholder_token,
        "modelspec.usage_hint": usage_hint(facts),
        "modelspec.tags": f"petname,{kinds[facts.kind]}",
        "modelspec.hash_sha256": "",
        "ss_steps": str(facts.steps),
        "ss_seed": str(facts.seed),
        "petname.base_model": public_model_name(facts.base_model),
        "petname.kind": facts.kind,
        "petname.class_word": facts.class_word,
    }
    if facts.method == "embedding":
        negative = facts.kind == "negative"
        metadata["modelspec.is_negative_embedding"] = "true" if negative else "false"
        metadata["petname.num_vectors"] = str(facts.num_vectors)
    if len(facts.thumbnail_jpeg) > MAX_THUMBNAIL_BYTES:
        raise ValueError(f"thumbnail of {len(facts.thumbnail_jpeg)} bytes is too large")
    if facts.thumbnail_jpeg:
        encoded = base64.b64encode(facts.thumbnail_jpeg).decode("ascii")
        metadata["modelspec.thumbnail"] = f"data:image/jpeg;base64,{encoded}"
    return metadata


def _implementation(facts: FileFacts) -> str:
    if facts.method == "lora" and facts.family != "sdxl":
        return "diffusers"
    return "https://github.com/Stability-AI/generative-models"


def _kohya(facts: FileFacts) -> dict[str, str]:
    metadata = _family_keys(facts.family, facts.prediction_type)
    side = facts.resolution_pixels
    return metadata | {
        "ss_output_name": facts.placeholder_token,
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(facts.rank),
        "ss_network_alpha": str(float(facts.rank)),
        "ss_resolution": f"({side}, {side})",
        "ss_clip_skip": "None",
        "ss_num_train_images": str(facts.num_photos),
        "ss_epoch": "1",
        "ss_tag_frequency": json.dumps(
            {"petname": {facts.placeholder_token: max(1, facts.num_photos)}}, sort_keys=True
        ),
        "sshs_model_hash": "",
    }


def _family_keys(family: Family, prediction_type: PredictionType) -> dict[str, str]:
    return {
        "ss_base_model_version": _BASE_VERSIONS[family, prediction_type],
        "ss_v2": str(family == "sd2"),
    }


@dataclass(frozen=True)
class ImportFacts:
    """What is known of an imported file when its metadata is written anew."""

    placeholder_token: str
    method: Method
    family: Family
    rank: int = 0


def imported_metadata(foreign: Mapping[str, str], facts: ImportFacts) -> dict[str, str]:
    """Return metadata for an imported file: our own keys, and of the foreign ones the harmless.

    Foreign text is cut to 2,000 characters; folders, captions and unknown keys are dropped.
    """
    kept = {
        key: clean_text(value, _MAX_FOREIGN_CHARACTERS)
        for key, value in foreign.items()
        if _KEPT_OF_FOREIGN.fullmatch(key)
    }
    predicts_v = kept.get("modelspec.prediction_type", "").startswith("v") or foreign.get(
        "ss_base_model_version", ""
    ).endswith("_v")
    prediction_type: PredictionType = "v" if predicts_v else "epsilon"
    own = {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": architecture(facts.family, facts.method, prediction_type),
        "modelspec.title": kept.get("modelspec.title", facts.placeholder_token),
        "modelspec.trigger_phrase": kept.get("modelspec.trigger_phrase", facts.placeholder_token),
        "modelspec.hash_sha256": "",
    }
    if facts.method == "lora":
        own |= _family_keys(facts.family, prediction_type) | {
            "ss_output_name": facts.placeholder_token,
            "ss_network_module": "networks.lora",
            "ss_network_dim": str(facts.rank),
            "ss_network_alpha": str(float(facts.rank)),
            "sshs_model_hash": "",
        }
    return kept | own
