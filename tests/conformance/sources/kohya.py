"""The loaders of kohya's scripts, from the folder of its sources."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import nn

from tests.conformance.layers import NARROW_WIDTHS, Shared, layers
from tests.conformance.loading import Array, LoadedLora, Place
from tests.conformance.rules.names import ENCODER_NAMES
from tests.conformance.sources.imagined import imagine
from tests.conformance.sources.models import as_arrays, change_of, text_encoder

_TRAINERS: dict[Shared, tuple[str, str]] = {
    "sd1": ("train_textual_inversion", "TextualInversionTrainer"),
    "sd2": ("train_textual_inversion", "TextualInversionTrainer"),
    "sdxl": ("sdxl_train_textual_inversion", "SdxlTextualInversionTrainer"),
}
_UNET_WIDTHS = (320, 640, 1280, 1280)
# What the scripts need for pictures, captions and progress, and loading does not.
_UNNEEDED = (
    *("einops", "torchvision", "cv2", "toml", "voluptuous", "imagesize", "tensorboard"),
    *("library.train_util", "library.config_util", "library.huggingface_util"),
    *("library.deepspeed_utils", "library.custom_train_functions", "library.sdxl_train_util"),
    *("library.strategy_base", "library.strategy_sd", "library.strategy_sdxl"),
)


class Kohya:
    """What kohya's scripts make of a file."""

    def __init__(self, folder: Path) -> None:
        sys.path.insert(0, os.fspath(folder.resolve()))
        imagine(*_UNNEEDED)
        import library.original_unet
        import library.sdxl_original_unet
        import networks.lora

        self._library: Any = library
        self._lora: Any = networks.lora

    def embedding(self, path: Path, family: Shared) -> Mapping[str, Array]:
        """Load the weights that a training goes on from."""
        script, trainer = _TRAINERS[family]
        loaded = getattr(importlib.import_module(script), trainer)().load_weights(str(path))
        return as_arrays(dict(zip(ENCODER_NAMES[family], loaded, strict=True)))

    def prompt(self, path: Path, family: Shared, text: str) -> Mapping[str, Array]:
        """Return nothing: its scripts draw only to test."""
        return {}

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Make a network from the file, load it, and ask each module for its weight."""
        encoders = [text_encoder(family)]
        if family == "sdxl":
            encoders.append(text_encoder(family, "text_encoder_2"))
        network, tensors = self._lora.create_network_from_weights(
            *(1.0, str(path), None, encoders if family == "sdxl" else encoders[0]),
            *(self._unet(family, _is_narrow(path)),),
            for_inference=True,
        )
        modules = network.text_encoder_loras + network.unet_loras
        for module in modules:
            network.add_module(module.lora_name, module)
        told = network.load_state_dict(tensors, False)
        missing = [name for name in told.missing_keys if ".org_module." not in name]
        if missing:
            raise AssertionError(f"not in the file: {missing[:3]}")
        changes = {
            _places(family)[module.lora_name]: change_of(module.get_weight()) for module in modules
        }
        return LoadedLora(changes, tuple(told.unexpected_keys))

    def told(self, path: Path) -> Mapping[str, str]:
        """Return nothing."""
        return {}

    @cache  # noqa: B019 - one loader lives as long as its process
    def _unet(self, family: Shared, narrow: bool) -> nn.Module:
        real = _UNET_WIDTHS
        self._library.original_unet.BLOCK_OUT_CHANNELS = NARROW_WIDTHS if narrow else real
        with torch.device("meta"):
            if family == "sdxl":
                model = self._library.sdxl_original_unet.SdxlUNet2DConditionModel()
            else:
                second = family == "sd2"
                model = self._library.original_unet.UNet2DConditionModel(
                    sample_size=64,
                    attention_head_dim=(5, 10, 20, 20) if second else 8,
                    cross_attention_dim=1024 if second else 768,
                    use_linear_projection=second,
                )
        unet: nn.Module = model
        return unet


def _is_narrow(path: Path) -> bool:
    """Tell whether a file is for the narrow model of the real training."""
    with safe_open(path, "np") as file:
        shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118
    return max(max(shape, default=0) for shape in shapes) < _UNET_WIDTHS[-1]


@cache
def _places(family: Shared) -> dict[str, Place]:
    """Return our layers by kohya's names."""
    places: dict[str, Place] = {}
    for layer in layers(family):
        if layer.component == "unet":
            name = "lora_unet." + (layer.original if family == "sdxl" else layer.path)
        elif family != "sdxl":
            name = f"lora_te.{layer.original}"
        else:
            number = 1 if layer.component == "text_encoder" else 2
            name = f"lora_te{number}.{layer.original}"
        places[name.replace(".", "_")] = (layer.component, layer.path)
    return places


def open_program(folder: Path) -> Kohya:
    """Return the loaders of kohya's scripts."""
    return Kohya(folder)
