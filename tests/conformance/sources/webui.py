"""What AUTOMATIC1111's and Forge's code have in common: embeddings, metadata, and their stubs."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from tests.conformance.layers import Shared
from tests.conformance.loading import Array
from tests.conformance.rules.names import ENCODER_NAMES, ENCODER_WIDTHS, read_metadata
from tests.conformance.sources.imagined import put_in
from tests.conformance.sources.models import as_arrays

_KEYS = {"text_encoder": "clip_l", "text_encoder_2": "clip_g"}


def put_in_surroundings(scratch: Path) -> None:
    """Put in what the loaders use of the rest of the program, without its page and its models."""
    put_in("modules.devices", device=torch.device("cpu"), cpu=torch.device("cpu"),
           dtype=torch.float32, autocast=contextlib.nullcontext)  # fmt: skip
    put_in("modules.hashes", sha256=lambda *_, **__: "", sha256_from_cache=lambda *_, **__: "")
    put_in("modules.cache", cached_data_for_file=lambda _, __, ___, read: read())
    put_in("modules.sd_models", read_metadata_from_safetensors=lambda path: read_metadata(path))
    options = type("Options", (), {"lora_preferred_name": "Alias from file"})()
    folders = type("Folders", (), {"lora_dir": str(scratch), "lyco_dir_backcompat": str(scratch)})()
    put_in("modules.shared", opts=options, cmd_opts=folders, walk_files=lambda *_, **__: ())


def embedding_of(loaded: Any, family: Shared) -> dict[str, Array]:
    """Return the vectors of an ``Embedding`` object by text encoder."""
    vectors = loaded.vec
    if not isinstance(vectors, dict):
        return as_arrays({"text_encoder": vectors})
    return as_arrays({name: vectors[_KEYS[name]] for name in ENCODER_NAMES[family]})


def total_width(family: Shared) -> int:
    """Return the width that the program expects of an embedding."""
    return sum(ENCODER_WIDTHS[family])


def found_in_prompt(database: Any, tokens: list[int], family: Shared) -> Mapping[str, Array]:
    """Walk through the tokens of a prompt as the program does and collect what it finds."""
    parts: list[dict[str, Array]] = []
    position = 0
    while position < len(tokens):
        loaded, length = database.find_embedding_at_position(tokens, position)
        if loaded is not None:
            parts.append(embedding_of(loaded, family))
        position += length or 1
    if not parts:
        return {}
    return as_arrays(
        {name: torch.cat([torch.from_numpy(part[name]) for part in parts]) for name in parts[0]}
    )


def told_by(network_on_disk: Any) -> dict[str, str]:
    """Return what the list of LoRAs shows."""
    return {
        "version": network_on_disk.sd_version.name,
        "alias": network_on_disk.alias,
        "hash": network_on_disk.hash,
    }
