"""ComfyUI's own loaders, from the folder of its sources."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import nn

from tests.conformance.layers import Shared, layers
from tests.conformance.loading import Array, LoadedLora, Place
from tests.conformance.rules.names import ENCODER_NAMES, ENCODER_WIDTHS
from tests.conformance.sources.imagined import imagine
from tests.conformance.sources.models import as_arrays, change_of, zero_weight
from tests.conformance.unets import UNET_CONFIGS


class _Listener(logging.Handler):
    """Keeps the names that ComfyUI says it did not load."""

    def __init__(self) -> None:
        super().__init__()
        self.left_over: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("lora key not loaded: "):
            self.left_over.append(message.removeprefix("lora key not loaded: "))


class ComfyUI:
    """What ComfyUI's code makes of a file."""

    def __init__(self, folder: Path) -> None:
        sys.path.insert(0, str(folder))
        sys.argv = ["comfyui", "--cpu"]
        imagine("einops", "torchsde", "torchaudio", "kornia", "spandrel", "av", "torchvision")
        import comfy.options

        comfy.options.enable_args_parsing()
        import comfy.lora
        import comfy.lora_convert
        import comfy.model_detection
        import comfy.ops
        import comfy.sd1_clip
        import comfy.sdxl_clip
        import comfy.text_encoders.sd2_clip
        import comfy.utils

        self._comfy: Any = comfy

    def embedding(self, path: Path, family: Shared) -> Mapping[str, Array]:
        """Load by name, as its tokenizers do; other widths are ignored when they are encoded."""
        return {
            name: rows
            for name, rows in self.prompt(path, family, f"embedding:{path.stem}").items()
            if not name.endswith(".weights")
        }

    def prompt(self, path: Path, family: Shared, text: str) -> Mapping[str, Array]:
        """Tokenize a prompt and return the vectors among the tokens, with their weights."""
        tokens = self._tokenizer(family, str(path.parent)).tokenize_with_weights(text)
        keys = ("l", "g") if family == "sdxl" else (next(iter(tokens)),)
        found = {}
        for name, width, key in zip(
            ENCODER_NAMES[family], ENCODER_WIDTHS[family], keys, strict=True
        ):
            pairs = [pair for batch in tokens[key] for pair in batch]
            rows = [pair for pair in pairs if torch.is_tensor(pair[0]) and len(pair[0]) == width]
            if rows:
                found[name] = torch.stack([row for row, _ in rows])
                found[f"{name}.weights"] = torch.tensor([weight for _, weight in rows])
        return as_arrays(found)

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Load as the LoRA node does and add the result to weights of zero."""
        comfy, listener = self._comfy, _Listener()
        unet, encoder = self._unet(family), self._encoder(family)
        keys = comfy.lora.model_lora_keys_unet(unet, {})
        keys = comfy.lora.model_lora_keys_clip(encoder, keys)
        tensors = comfy.utils.load_torch_file(str(path), safe_load=True)
        logging.getLogger().addHandler(listener)
        try:
            patches = comfy.lora.load_lora(comfy.lora_convert.convert_lora(tensors), keys)
        finally:
            logging.getLogger().removeHandler(listener)
        weights = unet.state_dict() | encoder.state_dict()
        shapes = {name: tensor.shape for name, tensor in weights.items()}
        changes: dict[Place, Array] = {}
        places = _places(family)
        for key, patch in patches.items():
            up, down = patch.weights[:2]
            zeros = zero_weight(shapes[key], down, up)
            weight = comfy.lora.calculate_weight([(1.0, patch, 1.0, None, None)], zeros, key)
            changes[places[key]] = change_of(weight)
        return LoadedLora(changes, tuple(listener.left_over))

    def told(self, path: Path) -> Mapping[str, str]:
        """Return nothing."""
        return {}

    def _tokenizer(self, family: Shared, folder: str) -> Any:
        comfy = self._comfy
        kinds = {
            "sd1": comfy.sd1_clip.SD1Tokenizer,
            "sd2": comfy.text_encoders.sd2_clip.SD2Tokenizer,
            "sdxl": comfy.sdxl_clip.SDXLTokenizer,
        }
        return kinds[family](embedding_directory=[folder])

    @cache  # noqa: B019 - one loader lives as long as its process
    def _unet(self, family: Shared) -> nn.Module:
        from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel

        comfy = self._comfy
        with torch.device("meta"):
            ours = UNet2DConditionModel(**UNET_CONFIGS[family])
        config = comfy.model_detection.unet_config_from_diffusers_unet(
            ours.state_dict(), torch.float32
        )
        model = nn.Module()
        known = {
            key: value for key, value in config.items() if key != "disable_unet_model_creation"
        }
        heads = {} if {"num_heads", "num_head_channels"} & known.keys() else {"num_heads": 8}
        model.diffusion_model = UNetModel(
            **known, **heads, device="meta", operations=comfy.ops.disable_weight_init
        )
        model.model_config = type("Config", (), {"unet_config": config})()
        return model

    @cache  # noqa: B019 - one loader lives as long as its process
    def _encoder(self, family: Shared) -> nn.Module:
        comfy = self._comfy
        kinds = {
            "sd1": comfy.sd1_clip.SD1ClipModel,
            "sd2": comfy.text_encoders.sd2_clip.SD2ClipModel,
            "sdxl": comfy.sdxl_clip.SDXLClipModel,
        }
        model: nn.Module = kinds[family](device="meta", dtype=torch.float32)
        return model


@cache
def _places(family: Shared) -> dict[str, Place]:
    """Return our layers by the names of ComfyUI's weights."""
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


def open_program(folder: Path) -> ComfyUI:
    """Return ComfyUI's loaders."""
    return ComfyUI(folder)
