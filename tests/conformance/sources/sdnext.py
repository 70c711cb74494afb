"""SD.Next's own loaders, from the folder of its sources."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import load_file

from tests.conformance.layers import Shared, layers
from tests.conformance.loading import Array, LoadedLora, Place
from tests.conformance.rules.names import ENCODER_NAMES, ENCODER_WIDTHS, read_metadata
from tests.conformance.sources.imagined import imagine, put_in
from tests.conformance.sources.models import (
    as_arrays,
    changes_of_network,
    diffusers_unet,
    text_encoder,
)
from tests.conformance.sources.tables import Table
from tests.tiny_models import tiny_tokenizer

_TYPES: dict[Shared, str] = {"sd1": "sd", "sd2": "sd", "sdxl": "sdxl"}


class SDNext:
    """What SD.Next's code makes of a file."""

    def __init__(self, folder: Path) -> None:
        sys.path.insert(0, os.fspath(folder.resolve()))
        real = ("lora", "textual_inversion", "errorlimiter")
        modules_folder = folder.resolve() / "modules"
        imagine(
            *("modules", "installer", "einops"),
            real={f"modules.{name}": modules_folder / name for name in real},
        )
        options = SimpleNamespace(
            diffusers_enable_embed=True,
            diffusers_convert_embed=False,
            extra_networks_default_multiplier=1.0,
            lora_fuse_native=True,
            lora_fuse_diffusers=True,
            lora_force_diffusers=False,
            lora_in_memory_limit=0,
            embeddings_dir="/",
        )
        folders = SimpleNamespace(lora_dir=tempfile.mkdtemp(), no_metadata=False)
        self._shared = put_in("modules.shared", opts=options, cmd_opts=folders, sd_loaded=True)
        put_in(
            "modules.devices",
            device=torch.device("cpu"),
            cpu=torch.device("cpu"),
            dtype=torch.float32,
            inference_context=torch.no_grad,
        )
        put_in("modules.hashes", sha256=_no_hash, sha256_from_cache=_no_hash)
        put_in("modules.sd_checkpoint", read_metadata_from_safetensors=read_metadata)
        put_in("modules.sd_models", read_state_dict=lambda path, **_: load_file(path))
        import modules.lora.lora_load
        import modules.lora.network
        import modules.textual_inversion

        self._lora: Any = modules.lora
        self._inversion: Any = modules.textual_inversion

    def embedding(self, path: Path, family: Shared) -> Mapping[str, Array]:
        """Load the file into text encoders of the right width and read their tables."""
        model = self._worn(path, family)
        count = max((len(words) for words in model.words.values()), default=0)
        return self.prompt(path, family, path.stem) if count else {}

    def prompt(self, path: Path, family: Shared, text: str) -> Mapping[str, Array]:
        """Tokenize a prompt whose word was written out as all of its tokens."""
        model = self._worn(path, family)
        found = {}
        for name, tokenizer, encoder in model.parts:
            words = model.words.get(path.stem, [])
            written = text.replace(path.stem, " ".join(words)) if words else text
            ids = tokenizer(written, add_special_tokens=False)["input_ids"]
            ours = set(tokenizer.convert_tokens_to_ids(words)) if words else set()
            rows = encoder.get_input_embeddings().weight[[i for i in ids if i in ours]]
            if len(rows):
                found[name] = rows
        return as_arrays(found)

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Load a network and ask each of its modules for its change to weights of zero."""
        model = SimpleNamespace(unet=diffusers_unet(family), text_encoder=text_encoder(family))
        if family == "sdxl":
            model.text_encoder_2 = text_encoder(family, "text_encoder_2")
        self._shared.sd_model, self._shared.sd_model_type = model, _TYPES[family]
        on_disk = self._lora.network.NetworkOnDisk(path.stem, str(path))
        self._lora.lora_load.lora_cache.clear()
        network = self._lora.lora_load.load_safetensors(path.stem, on_disk)
        return changes_of_network(network, load_file(path), _places(family), family)

    def told(self, path: Path) -> Mapping[str, str]:
        """Return what the list of LoRAs shows."""
        on_disk = self._lora.network.NetworkOnDisk(path.stem, str(path))
        return {"version": on_disk.sd_version, "alias": on_disk.alias}

    @cache  # noqa: B019 - one loader lives as long as its process
    def _worn(self, path: Path, family: Shared) -> Any:
        names, widths = ENCODER_NAMES[family], ENCODER_WIDTHS[family]
        parts = [
            (name, tiny_tokenizer(), Table(width))
            for name, width in zip(names, widths, strict=True)
        ]
        model = SimpleNamespace()
        for name, tokenizer, encoder in parts:
            setattr(model, name, encoder)
            setattr(model, name.replace("text_encoder", "tokenizer"), tokenizer)
        for _, tokenizer, encoder in parts:
            encoder.resize_token_embeddings(len(tokenizer))
        self._shared.sd_model, self._shared.sd_model_type = model, _TYPES[family]
        database = self._inversion.EmbeddingDatabase()
        database.load_diffusers_embedding([str(path)])
        words = {name: loaded.tokens for name, loaded in database.word_embeddings.items()}
        return SimpleNamespace(parts=parts, words=words)


def _no_hash(*_: Any, **__: Any) -> str:
    return ""


@cache
def _places(family: Shared) -> dict[str, Place]:
    """Return our layers by the names SD.Next gives what it matched."""
    places: dict[str, Place] = {}
    for layer in layers(family):
        if layer.component == "unet":
            name = f"lora_unet.{layer.path}"
        elif family != "sdxl":
            name = f"lora_te.{layer.original}"
        else:
            number = 1 if layer.component == "text_encoder" else 2
            name = f"lora_te{number}.{layer.original}"
        places[name.replace(".", "_")] = (layer.component, layer.path)
    return places


def open_program(folder: Path) -> SDNext:
    """Return SD.Next's loaders."""
    return SDNext(folder)
