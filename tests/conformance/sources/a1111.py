"""AUTOMATIC1111's own loaders, from the folder of its sources."""

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
from torch import nn

from tests.conformance.layers import Component, Shared, layers
from tests.conformance.loading import Array, LoadedLora, Place
from tests.conformance.sources.imagined import imagine, put_in
from tests.conformance.sources.models import (
    changes_of_network,
    chosen_layers,
    original_unet,
    text_encoder,
    tree,
)
from tests.conformance.sources.webui import (
    embedding_of,
    found_in_prompt,
    put_in_surroundings,
    told_by,
    total_width,
)
from tests.tiny_models import tiny_tokenizer

# open_clip's names, and what its attention keeps in one matrix.
_OPEN_CLIP = {"fc1": "mlp.c_fc", "fc2": "mlp.c_proj", "out_proj": "attn.out_proj"}


class A1111:
    """What AUTOMATIC1111's code makes of a file."""

    def __init__(self, folder: Path) -> None:
        for below in ("extensions-builtin/Lora", "."):
            sys.path.insert(0, os.fspath((folder / below).resolve()))
        inversion = folder.resolve() / "modules" / "textual_inversion"
        imagine(
            *("modules", "einops", "lora_patches"),
            real={
                f"modules.textual_inversion.{name}": inversion / name
                for name in ("textual_inversion", "image_embedding")
            },
        )
        put_in_surroundings(Path(tempfile.mkdtemp()))
        put_in("modules.models.sd3.mmdit", QkvLinear=type("QkvLinear", (nn.Linear,), {}))
        put_in("modules.sd_models", read_state_dict=load_file)
        import modules.textual_inversion.textual_inversion
        import network
        import networks

        self._shared: Any = sys.modules["modules.shared"]
        self._inversion: Any = modules.textual_inversion.textual_inversion
        self._networks: Any = networks
        self._network: Any = network
        tokenizer = tiny_tokenizer()
        self._tokenize = lambda texts: tokenizer(texts, add_special_tokens=False)["input_ids"]

    def embedding(self, path: Path, family: Shared) -> Mapping[str, Array]:
        """Load the folder of embeddings as it does when a model is chosen."""
        loaded = self._database(path, family).word_embeddings.get(path.stem)
        return {} if loaded is None else embedding_of(loaded, family)

    def prompt(self, path: Path, family: Shared, text: str) -> Mapping[str, Array]:
        """Find embeddings in a prompt."""
        tokens = self._tokenize([text])[0]
        return found_in_prompt(self._database(path, family), tokens, family)

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Load a network and ask each of its modules for its change to weights of zero."""
        self._shared.sd_model = _model(family)
        self._networks.assign_network_names_to_compvis_modules(self._shared.sd_model)
        network = self._networks.load_network(
            path.stem, self._network.NetworkOnDisk(path.stem, str(path))
        )
        network.dyn_dim = None
        return changes_of_network(network, load_file(path), _places(family), family)

    def told(self, path: Path) -> Mapping[str, str]:
        """Return what the list of LoRAs shows."""
        return told_by(self._network.NetworkOnDisk(path.stem, str(path)))

    def _database(self, path: Path, family: Shared) -> Any:
        encoder = SimpleNamespace(
            tokenize=self._tokenize,
            encode_embedding_init_text=lambda *_: torch.zeros(1, total_width(family)),
        )
        self._shared.sd_model = SimpleNamespace(cond_stage_model=encoder)
        self._shared.opts.textual_inversion_print_at_load = False
        database = self._inversion.EmbeddingDatabase()
        database.add_embedding_dir(str(path.parent))
        database.load_textual_inversion_embeddings(force_reload=True)
        return database


@cache
def _model(family: Shared) -> Any:
    """Return a model by the names that latent diffusion and open_clip give its parts."""
    model = nn.Module()
    model.add_module("diffusion_model", original_unet(family))
    if family != "sdxl":
        encoder = _open_clip("sd2", "text_encoder") if family == "sd2" else _clip("sd1")
        return SimpleNamespace(is_sdxl=False, model=model, cond_stage_model=_wrapped(encoder))
    embedders = [_wrapped(_clip("sdxl")), _wrapped(_open_clip("sdxl", "text_encoder_2"))]
    conditioner = SimpleNamespace(embedders=embedders)
    return SimpleNamespace(is_sdxl=True, model=model, conditioner=conditioner)


def _wrapped(module: nn.Module) -> Any:
    return SimpleNamespace(wrapped=module)


def _clip(family: Shared) -> nn.Module:
    holder = nn.Module()
    holder.add_module("transformer", text_encoder(family))
    return holder


def _open_clip(family: Shared, component: Component) -> nn.Module:
    found = chosen_layers(family, component)
    width = found[0].shape[0]
    modules: dict[str, nn.Module] = {}
    for number in range(len(found) // 6):
        block = f"model.transformer.resblocks.{number}"
        attention = nn.MultiheadAttention(width, width // 64, device="meta")
        modules[f"{block}.attn"] = attention
        modules[f"{block}.mlp.c_fc"] = nn.Linear(width, 4 * width, device="meta")
        modules[f"{block}.mlp.c_proj"] = nn.Linear(4 * width, width, device="meta")
    return tree(modules)


@cache
def _places(family: Shared) -> dict[str, Place]:
    """Return our layers by the names AUTOMATIC1111 gives what it matched."""
    places: dict[str, Place] = {}
    for layer in layers(family):
        open_clip = layer.component == "text_encoder_2" or (
            family == "sd2" and layer.component == "text_encoder"
        )
        if layer.component == "unet":
            name = f"diffusion_model.{layer.original}"
        elif open_clip:
            start = "1.model" if family == "sdxl" else "model"
            number, part = layer.path.split(".")[2], layer.path.rsplit(".", 1)[1]
            inner = _OPEN_CLIP.get(part, f"attn.{part}")
            name = f"{start}.transformer.resblocks.{number}.{inner}"
        else:
            name = f"{'0.' if family == 'sdxl' else ''}transformer.{layer.original}"
        places[name.replace(".", "_")] = (layer.component, layer.path)
    return places


def open_program(folder: Path) -> A1111:
    """Return AUTOMATIC1111's loaders."""
    return A1111(folder)
