"""InvokeAI's own loaders, from the folder of its sources."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from tests.conformance.layers import Component, Shared, layer_at
from tests.conformance.loading import Array, LoadedLora, Place
from tests.conformance.rules.names import ENCODER_NAMES, ENCODER_WIDTHS
from tests.conformance.sources.imagined import imagine, put_in
from tests.conformance.sources.models import (
    as_arrays,
    change_of,
    diffusers_unet,
    text_encoder,
    zero_weight,
)
from tests.conformance.sources.tables import Table
from tests.tiny_models import tiny_tokenizer

_BASES: dict[str, Shared] = {"sd-1": "sd1", "sd-2": "sd2", "sdxl": "sdxl"}
# What identifying and loading these two kinds of files does not need.
_UNNEEDED = (
    *("onnxruntime", "picklescan", "gguf", "compel", "deprecated", "spandrel", "cv2", "einops"),
    *("torchvision", "bitsandbytes", "blake3", "omegaconf", "invokeai.app.services"),
    *("invokeai.app.shared", "invokeai.app.invocations", "invokeai.backend.util.logging"),
    *("invokeai.backend.model_manager.load", "invokeai.backend.quantization"),
    *("invokeai.backend.util.devices", "invokeai.backend.util.fp8"),
    *("invokeai.backend.util.original_weights_storage", "invokeai.backend.model_hash"),
)


class InvokeAI:
    """What InvokeAI's code makes of a file."""

    def __init__(self, folder: Path) -> None:
        sys.path.insert(0, os.fspath(folder.resolve()))
        optimizations = folder.resolve() / "invokeai/backend/model_manager/load/optimizations"
        imagine(
            *_UNNEEDED, real={"invokeai.backend.model_manager.load.optimizations": optimizations}
        )
        on_cpu = SimpleNamespace(choose_torch_device=lambda: torch.device("cpu"))
        put_in("invokeai.backend.util.devices", TorchDevice=on_cpu)
        from invokeai.app.util import ti_utils
        from invokeai.backend import model_patcher, textual_inversion
        from invokeai.backend.model_manager import model_on_disk
        from invokeai.backend.model_manager.configs import lora as lora_configs
        from invokeai.backend.model_manager.configs import textual_inversion as inversion_configs
        from invokeai.backend.patches import layer_patcher
        from invokeai.backend.patches.lora_conversions import (
            sd_lora_conversion_utils,
            sdxl_lora_conversion_utils,
        )

        self._triggers: Any = ti_utils.extract_ti_triggers_from_prompt
        self._raw_embedding: Any = textual_inversion.TextualInversionModelRaw
        self._model_patcher: Any = model_patcher.ModelPatcher
        self._model_on_disk: Any = model_on_disk.ModelOnDisk
        self._embedding_config: Any = inversion_configs.TI_File_Config_Base
        self._lora_config: Any = lora_configs.LoRA_LyCORIS_Config_Base
        self._layer_patcher: Any = layer_patcher.LayerPatcher
        self._read_lora: Any = sd_lora_conversion_utils.lora_model_from_sd_state_dict
        self._to_diffusers: Any = sdxl_lora_conversion_utils.convert_sdxl_keys_to_diffusers_format

    def embedding(self, path: Path, family: Shared) -> Mapping[str, Array]:
        """Identify the file, and wear it where it was told to be of the model's base."""
        return self.prompt(path, family, f"<{path.stem}>")

    def prompt(self, path: Path, family: Shared, text: str) -> Mapping[str, Array]:
        """Find triggers in a prompt, wear the files they name, and tokenize it."""
        if _BASES.get(self.told(path)["base"]) != family:
            return {}
        triggers = [trigger[1:-1] for trigger in self._triggers(text)]
        raw = self._raw_embedding.from_checkpoint(path)
        worn = [(name, raw) for name in dict.fromkeys(triggers) if name == path.stem]
        found = {}
        for name, width in zip(ENCODER_NAMES[family], ENCODER_WIDTHS[family], strict=True):
            tokenizer, encoder = tiny_tokenizer(), Table(width)
            encoder.resize_token_embeddings(len(tokenizer))
            known = len(tokenizer)
            with self._model_patcher.apply_ti(tokenizer, encoder, worn) as (words, manager):
                ids = words(text, add_special_tokens=False)["input_ids"]
                ids = manager.expand_textual_inversion_token_ids_if_necessary(ids)
                places = [place for place in ids if place >= known]
                rows = encoder.get_input_embeddings().weight.detach()[places].clone()
            if len(rows):
                found[name] = rows
        return as_arrays(found)

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Convert names as its loader does, find each layer, and ask for its change."""
        tensors = load_file(path)
        if family == "sdxl":
            tensors = self._to_diffusers(tensors)
        patch = self._read_lora(tensors)
        changes: dict[Place, Array] = {}
        rest = []
        for key, layer in patch.layers.items():
            place = self._place(key, family)
            if place is None:
                rest.append(key)
                continue
            layer.to(dtype=torch.float32)
            zeros = zero_weight(layer_at(family, *place).shape, layer.down, layer.up)
            changes[place] = change_of(layer.get_parameters({"weight": zeros}, 1.0)["weight"])
        return LoadedLora(changes, tuple(rest))

    def told(self, path: Path) -> Mapping[str, str]:
        """Return the base model it installs the file for."""
        on_disk = self._model_on_disk(path)
        names = on_disk.load_state_dict().keys()
        if any(name.startswith("lora_") for name in names):
            self._lora_config._validate_looks_like_lora(on_disk)
            return {"base": self._lora_config._get_base_or_raise(on_disk).value}
        if not self._embedding_config._file_looks_like_embedding(on_disk):
            raise AssertionError("model does not look like a textual inversion embedding file")
        return {"base": self._embedding_config._get_base_or_raise(on_disk).value}

    def _place(self, key: str, family: Shared) -> Place | None:
        for prefix, component, model in _models(family):
            if key.startswith(prefix):
                try:
                    path, _ = self._layer_patcher._get_submodule(
                        model, key.removeprefix(prefix), layer_key_is_flattened=True
                    )
                except AttributeError:
                    return None
                return component, path.removeprefix("text_model.")
        return None


@cache
def _models(family: Shared) -> tuple[tuple[str, Component, nn.Module], ...]:
    first = "lora_te1_" if family == "sdxl" else "lora_te_"
    models: list[tuple[str, Component, nn.Module]] = [
        ("lora_unet_", "unet", diffusers_unet(family)),
        (first, "text_encoder", text_encoder(family)),
    ]
    if family == "sdxl":
        second: Component = "text_encoder_2"
        models.append(("lora_te2_", second, text_encoder(family, second)))
    return tuple(models)


def open_program(folder: Path) -> InvokeAI:
    """Return InvokeAI's loaders."""
    return InvokeAI(folder)
