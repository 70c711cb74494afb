"""Forge's own loaders, from the folder of its sources."""

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
from torch import nn

from tests.conformance.layers import Shared, layers
from tests.conformance.loading import Array, LoadedLora, Place
from tests.conformance.sources.imagined import imagine, put_in
from tests.conformance.sources.models import change_of, text_encoder, zero_weight
from tests.conformance.sources.webui import (
    embedding_of,
    found_in_prompt,
    put_in_surroundings,
    told_by,
    total_width,
)

_ATTENTION = {"use_spatial_transformer": True, "in_channels": 4, "out_channels": 4}
_SMALL = {
    "model_channels": 320,
    "num_res_blocks": [2, 2, 2, 2],
    "channel_mult": [1, 2, 4, 4],
    "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
    "transformer_depth_output": [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
    "transformer_depth_middle": 1,
}
# As the model's own configuration has them.
_UNETS: dict[Shared, dict[str, Any]] = {
    "sd1": _ATTENTION | _SMALL | {"context_dim": 768, "num_heads": 8},
    "sd2": _ATTENTION
    | _SMALL
    | {"context_dim": 1024, "num_head_channels": 64, "use_linear_in_transformer": True},
    "sdxl": _ATTENTION
    | {
        "model_channels": 320,
        "num_res_blocks": [2, 2, 2],
        "channel_mult": [1, 2, 4],
        "transformer_depth": [0, 0, 2, 2, 10, 10],
        "transformer_depth_output": [0, 0, 0, 2, 2, 2, 10, 10, 10],
        "transformer_depth_middle": 10,
        "context_dim": 2048,
        "num_head_channels": 64,
        "use_linear_in_transformer": True,
        "num_classes": "sequential",
        "adm_in_channels": 2816,
    },
}
_TOKENIZER = "backend/huggingface/runwayml/stable-diffusion-v1-5/tokenizer"


class Forge:
    """What Forge's code makes of a file."""

    def __init__(self, folder: Path) -> None:
        sys.argv = ["forge", "--always-cpu"]
        for below in ("packages_3rdparty", "extensions-builtin/sd_forge_lora", "."):
            sys.path.insert(0, os.fspath((folder / below).resolve()))
        imagine("einops", "gguf", "modules", "bitsandbytes", "xformers", "torchvision")
        put_in_surroundings(Path(tempfile.mkdtemp()))
        put_in("networks", available_network_hash_lookup={}, forbidden_network_aliases={})
        import backend.nn.unet
        import backend.patcher.lora
        import backend.text_processing.textual_inversion
        import backend.utils
        import network
        from transformers import CLIPTokenizer

        self._backend: Any = backend
        self._network: Any = network
        self._tokenizer = CLIPTokenizer.from_pretrained(folder / _TOKENIZER)

    def embedding(self, path: Path, family: Shared) -> Mapping[str, Array]:
        """Load the folder of embeddings as it does when a model is chosen."""
        loaded = self._database(path, family).word_embeddings.get(path.stem)
        return {} if loaded is None else embedding_of(loaded, family)

    def prompt(self, path: Path, family: Shared, text: str) -> Mapping[str, Array]:
        """Find embeddings in a prompt."""
        tokens = self._tokenizer([text], truncation=False, add_special_tokens=False)["input_ids"][0]
        return found_in_prompt(self._database(path, family), tokens, family)

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Match names with the UNet, then the rest with the text encoders, and merge into zeros."""
        lora = self._backend.patcher.lora
        unet, encoders = self._unet(family), _encoders(family)
        rest = self._backend.utils.load_torch_file(str(path), safe_load=True)
        patches = {}
        for keys in (lora.model_lora_keys_unet(unet, {}), lora.model_lora_keys_clip(encoders, {})):
            found, rest = lora.load_lora(rest, keys)
            patches |= found
        weights = unet.state_dict() | encoders.state_dict()
        shapes = {name: tensor.shape for name, tensor in weights.items()}
        changes: dict[Place, Array] = {}
        for key, patch in patches.items():
            up, down = patch[1][:2]
            zeros = zero_weight(shapes[key], down, up)
            weight = lora.merge_lora_to_weight([(1.0, patch, 1.0, None, None)], zeros, key)
            changes[_places(family)[key]] = change_of(weight)
        return LoadedLora(changes, tuple(rest))

    def told(self, path: Path) -> Mapping[str, str]:
        """Return what the list of LoRAs shows."""
        return told_by(self._network.NetworkOnDisk(path.stem, str(path)))

    def _database(self, path: Path, family: Shared) -> Any:
        module = self._backend.text_processing.textual_inversion
        database = module.EmbeddingDatabase(self._tokenizer, total_width(family))
        database.add_embedding_dir(str(path.parent))
        database.load_textual_inversion_embeddings()
        return database

    @cache  # noqa: B019 - one loader lives as long as its process
    def _unet(self, family: Shared) -> nn.Module:
        model = nn.Module()
        with torch.device("meta"):
            model.diffusion_model = self._backend.nn.unet.IntegratedUNet2DConditionModel(
                **_UNETS[family]
            )
        model.config = SimpleNamespace(huggingface_repo=f"stable diffusion {family}")
        return model


@cache
def _encoders(family: Shared) -> nn.Module:
    root = nn.Module()
    names = {"text_encoder": "clip_h" if family == "sd2" else "clip_l", "text_encoder_2": "clip_g"}
    for component in dict.fromkeys(layer.component for layer in layers(family)):
        if component != "unet":
            holder = nn.Module()
            holder.add_module("transformer", text_encoder(family, component))
            root.add_module(names[component], holder)
    return root


@cache
def _places(family: Shared) -> dict[str, Place]:
    """Return our layers by the names of Forge's weights."""
    first = "clip_h" if family == "sd2" else "clip_l"
    starts = {
        "unet": "diffusion_model.",
        "text_encoder": f"{first}.transformer.",
        "text_encoder_2": "clip_g.transformer.",
    }
    return {
        f"{starts[layer.component]}{layer.original}.weight": (layer.component, layer.path)
        for layer in layers(family)
    }


def open_program(folder: Path) -> Forge:
    """Return Forge's loaders."""
    return Forge(folder)
