"""What a file says about itself: modelspec and kohya metadata, and nothing private.

Keys and spellings follow kohya's ``sai_model_spec`` (ModelSpec 1.0.1) and ``train_network``;
AUTOMATIC1111 sorts LoRAs by ``ss_base_model_version`` and ``ss_v2``, Forge by the architecture.
Folders, photo names, captions and names of people are not written at all.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from textinv_app.domain.concept import ConceptKind, Family, Method
from textinv_app.domain.hub import HUB_IDS, USUAL_MODELS, is_hub_id
from textinv_app.domain.prompts import lora_prompt
from textinv_app.domain.specs import EmbeddingVariant, OptimizerName, PresetName
from textinv_app.formats.families import FAMILY_TITLES, family_of_architecture

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
    file_stem: str = ""
    """Stem of the file where it is not the word."""
    companion: str = ""
    """Stem of the file that was trained together with this one; empty where there is none."""
    preset: str = ""
    """Name of the preset it was trained with; empty where that is not known."""
    max_steps: int = 0
    """Steps it was given, of which ``steps`` were the best; 0 where that is not known."""
    mirror: bool = False
    """Whether mirrored copies of the photos were trained on."""
    embedding_variant: EmbeddingVariant = "plain"
    optimizer: OptimizerName = "adamw"
    min_snr_gamma: float | None = None
    base_model_sha256: str = ""
    """Of the base model's checkpoint file or UNet; empty where that is not known."""
    is_checkpoint: bool = False
    """Whether the base model was one file, the hash of which other programs know."""
    thumbnail_jpeg: bytes = b""
    """A small picture drawn with the result, at most 60 KB; never a photo."""
    taught_kind: str = ""
    """What it was taught as, where a person has made a negative word of it since."""


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
    if base_model in USUAL_MODELS.values() or is_hub_id(base_model):
        return base_model
    return "custom"


def model_source(metadata: Mapping[str, str]) -> str:
    """Return the base model that a file of ours names: a hub id, or ``custom`` for a person's own.

    Empty where it names none, and for Crayon, which lies in another folder on every machine.
    """
    named = metadata.get("petname.base_model", "")
    if not named:
        return ""
    for family, usual in USUAL_MODELS.items():
        if named == usual:
            return HUB_IDS.get(family, "")
    return public_model_name(named)


def companion_of(metadata: Mapping[str, str]) -> str:
    """Return the stem of the file that one was trained together with; empty where it was alone."""
    return clean_text(metadata.get("petname.companion", ""), 60)


def class_word_of(metadata: Mapping[str, str]) -> str:
    """Return what stands behind the word of a file.

    The LoRA of a pair has met its word as the embedding's vectors, without a class word.
    """
    return "" if companion_of(metadata) else metadata.get("petname.class_word", "")


def clean_text(text: str, max_characters: int = 500_000) -> str:
    """Return ``text`` without control characters and broken surrogates, cut to a length."""
    readable = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
    return readable.encode("utf-8", "ignore").decode("utf-8")[:max_characters].strip()


def usage_hint(facts: FileFacts) -> str:
    """Return one or two plain sentences: how to use the file and which models it fits."""
    if facts.companion:
        return _hint_of_pair(facts)
    return _hint(facts, facts.kind == "negative")


def _hint_of_pair(facts: FileFacts) -> str:
    word, fits = facts.placeholder_token, _FITS[facts.family]
    if facts.method == "lora":
        return f"Load it together with the embedding {facts.companion}. {fits}"
    return f"Write {word} in the prompt and load the LoRA {facts.companion}, too. {fits}"


def _hint(facts: FileFacts | ImportFacts, is_negative: bool) -> str:
    word, fits = facts.placeholder_token, _FITS[facts.family]
    if facts.method == "lora":
        if isinstance(facts, FileFacts):
            word = lora_prompt(word, word, facts.class_word, facts.kind)
        return f"Load the LoRA and write {word} in the prompt. {fits}"
    if is_negative:
        return f"Put {word} into the negative prompt. {fits}"
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
    if facts.base_model_sha256:
        metadata["petname.base_model_sha256"] = facts.base_model_sha256
    if facts.companion:
        metadata["petname.companion"] = facts.companion
    if facts.taught_kind:
        metadata["petname.taught_kind"] = facts.taught_kind
    if facts.preset:
        metadata |= _training_keys(facts)
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


def _training_keys(facts: FileFacts) -> dict[str, str]:
    """Return how it was trained; the settings that only the command line has, where they differ."""
    keys = {
        "petname.preset": facts.preset,
        "petname.max_steps": str(facts.max_steps),
        "petname.mirror": "true" if facts.mirror else "false",
    }
    if facts.embedding_variant != "plain":
        keys["petname.embedding_variant"] = facts.embedding_variant
    if facts.optimizer != "adamw":
        keys["petname.optimizer"] = facts.optimizer
    if facts.min_snr_gamma is not None:
        keys["petname.min_snr_gamma"] = str(facts.min_snr_gamma)
    return keys


def _implementation(facts: FileFacts) -> str:
    if facts.method == "lora" and facts.family != "sdxl":
        return "diffusers"
    return "https://github.com/Stability-AI/generative-models"


def _kohya(facts: FileFacts) -> dict[str, str]:
    metadata = _family_keys(facts.family, facts.prediction_type)
    if facts.base_model_sha256 and facts.is_checkpoint:
        metadata["ss_new_sd_model_hash"] = facts.base_model_sha256
    side = facts.resolution_pixels
    return metadata | {
        "ss_output_name": facts.file_stem or facts.placeholder_token,
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
    num_vectors: int = 0
    """0 where it is not told; the metadata's own number then counts."""
    is_negative: bool | None = None
    """Whether an embedding belongs into the negative prompt; None: what the metadata say."""
    file_stem: str = ""
    """Stem of the file where it is not the word."""


def imported_metadata(foreign: Mapping[str, str], facts: ImportFacts) -> dict[str, str]:
    """Return metadata for an imported file: our own keys, and of the foreign ones the harmless.

    Foreign text is cut to 2,000 characters; folders, captions and unknown keys are dropped. What
    Petname itself has written is read, checked value by value and written again, the same.
    """
    known = own_facts(foreign, facts)
    if known is not None:
        metadata = build_metadata(known)
        if facts.method == "lora":
            metadata["ss_output_name"] = facts.file_stem or facts.placeholder_token
        return metadata
    kept = {
        key: clean_text(value, _MAX_FOREIGN_CHARACTERS)
        for key, value in foreign.items()
        if _KEPT_OF_FOREIGN.fullmatch(key)
    }
    predicts_v = kept.get("modelspec.prediction_type", "").startswith("v") or foreign.get(
        "ss_base_model_version", ""
    ).endswith("_v")
    prediction_type: PredictionType = "v" if predicts_v else "epsilon"
    said = kept.get("modelspec.is_negative_embedding", "").lower() == "true"
    is_negative = said if facts.is_negative is None else facts.is_negative
    own = {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": architecture(facts.family, facts.method, prediction_type),
        "modelspec.title": kept.get("modelspec.title", facts.placeholder_token),
        "modelspec.trigger_phrase": facts.placeholder_token,
        "modelspec.usage_hint": _hint(facts, is_negative),
        "modelspec.hash_sha256": "",
    }
    if facts.method == "embedding":
        # The word of an embedding is the name of its file, whatever it was before.
        own["modelspec.is_negative_embedding"] = "true" if is_negative else "false"
    else:
        # A LoRA answers to what it was taught with.
        for key in ("modelspec.trigger_phrase", "modelspec.usage_hint"):
            own[key] = kept.get(key, own[key])
        own |= _family_keys(facts.family, prediction_type) | {
            "ss_output_name": facts.file_stem or facts.placeholder_token,
            "ss_network_module": "networks.lora",
            "ss_network_dim": str(facts.rank),
            "ss_network_alpha": str(float(facts.rank)),
            "sshs_model_hash": "",
        }
    return kept | own


def own_facts(metadata: Mapping[str, str], found: ImportFacts) -> FileFacts | None:
    """Return what a file of Petname's own says about itself; None where it is not one, or damaged.

    ``found`` is what its tensors show: metadata that says otherwise is not believed. The word of an
    embedding is the name of its file; that of a LoRA is the one it was trained with.
    """
    kind, word = metadata.get("petname.kind", ""), metadata.get("modelspec.trigger_phrase", "")
    side = re.fullmatch(r"(\d{2,4})x\1", metadata.get("modelspec.resolution", ""))
    numbers = [_whole(metadata.get(key, "")) for key in ("ss_steps", "ss_seed")]
    said = metadata.get("modelspec.architecture", "")
    as_found = family_of_architecture(said) == found.family and said.endswith(
        architecture(found.family, found.method, "epsilon").rpartition("/")[2]
    )
    if kind not in get_args(ConceptKind) or side is None or None in numbers or not word:
        return None
    if not as_found:
        return None
    is_embedding = found.method == "embedding"
    taught_kind = metadata.get("petname.taught_kind", "")
    if is_embedding and found.is_negative is not None and found.is_negative != (kind == "negative"):
        kind, taught_kind = _moved(kind, taught_kind)
    return FileFacts(
        placeholder_token=found.placeholder_token if is_embedding else word[:100],
        title=clean_text(metadata.get("modelspec.title", ""), 100),
        method=found.method,
        family=found.family,
        kind=cast("ConceptKind", kind),
        base_model=public_model_name(metadata.get("petname.base_model", "")),
        resolution_pixels=int(side.group(1)),
        steps=numbers[0] or 0,
        seed=numbers[1] or 0,
        created_at=_moment(metadata.get("modelspec.date", "")),
        prediction_type="v" if metadata.get("modelspec.prediction_type") == "v" else "epsilon",
        num_vectors=found.num_vectors or _whole(metadata.get("petname.num_vectors", "")) or 1,
        rank=found.rank,
        num_photos=_whole(metadata.get("ss_num_train_images", "")) or 0,
        class_word=clean_text(metadata.get("petname.class_word", ""), 40),
        companion=companion_of(metadata),
        preset=preset_of(metadata),
        max_steps=_whole(metadata.get("petname.max_steps", "")) or 0,
        mirror=metadata.get("petname.mirror") == "true",
        embedding_variant=cast(
            "EmbeddingVariant",
            _known(metadata.get("petname.embedding_variant"), EmbeddingVariant, "plain"),
        ),
        optimizer=cast(
            "OptimizerName", _known(metadata.get("petname.optimizer"), OptimizerName, "adamw")
        ),
        min_snr_gamma=_positive(metadata.get("petname.min_snr_gamma", "")),
        base_model_sha256=_sha256(metadata.get("petname.base_model_sha256", "")),
        is_checkpoint="ss_new_sd_model_hash" in metadata,
        taught_kind=taught_kind if taught_kind in get_args(ConceptKind) else "",
        thumbnail_jpeg=_thumbnail(metadata.get("modelspec.thumbnail", "")),
    )


def _moved(kind: str, taught_kind: str) -> tuple[str, str]:
    """Return both kinds of a file after a person has moved it to the other prompt."""
    if kind != "negative":
        return "negative", kind
    return taught_kind if taught_kind == "style" else "subject", ""


def preset_of(metadata: Mapping[str, str]) -> str:
    """Return the name of the preset a file was trained with; empty where it names none of ours."""
    return _known(metadata.get("petname.preset"), PresetName, "")


def _known(text: str | None, names: Any, usual: str) -> str:
    """Return ``text`` where it is one of the ``names`` of a ``Literal``, else the usual one."""
    return text if text is not None and text in get_args(names) else usual


def _sha256(text: str) -> str:
    return text if re.fullmatch(r"[0-9a-f]{64}", text) else ""


def _whole(text: str) -> int | None:
    """Read a number that is not negative, as metadata spell it; None for anything else."""
    return int(text) if re.fullmatch(r"\d{1,12}", text) else None


def _positive(text: str) -> float | None:
    """Read a number above zero, as metadata spell it; None for anything else."""
    return (float(text) or None) if re.fullmatch(r"\d{1,6}(\.\d{1,16})?", text) else None


def _moment(text: str) -> str:
    return text if re.fullmatch(r"[\d:.+TZ-]{10,40}", text) else ""


def _thumbnail(data_url: str) -> bytes:
    """Return the JPEG in a thumbnail; nothing where it is none, or too large."""
    marked, _, encoded = data_url.partition(",")
    if marked != "data:image/jpeg;base64" or len(encoded) > 2 * MAX_THUMBNAIL_BYTES:
        return b""
    try:
        jpeg = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return b""
    return jpeg if jpeg.startswith(b"\xff\xd8\xff") and len(jpeg) <= MAX_THUMBNAIL_BYTES else b""
