"""diffusers itself, always at hand: full width without memory, and drawing with what was trained.

``tests/formats/test_files_in_diffusers.py`` draws with random LoRAs of all families, of the UNet
and of the text encoders alone and together, alpha unlike the rank among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from peft import LoraConfig
from peft.tuners.lora import LoraLayer
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from tests.conformance.checks import check_embedding, check_lora
from tests.conformance.exported import (
    EMBEDDING_NAMES,
    LORA_NAMES,
    WORD,
    Exported,
    ExportedLora,
)
from tests.conformance.layers import FAMILIES, Component, Shared, layers
from tests.conformance.loading import Array, LoadedLora, Place, probe_change
from tests.conformance.rules.names import ENCODER_NAMES, ENCODER_WIDTHS
from tests.conformance.unets import UNET_CONFIGS
from tests.tiny_models import tiny_pipeline, tiny_tokenizer
from textinv_app.formats.embedding import write_embedding
from textinv_app.formats.lora import LoraModule, write_lora

_ADAPTER = "default_0"
# Every layer of each family, and once the UNet alone.
_FULL_WIDTH = ("sd1-as-trained-here", *(name for name in LORA_NAMES if "every-layer" in name))


@cache
def _config(width: int, num_layers: int) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tiny_tokenizer()),
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=num_layers,
        num_attention_heads=width // 64,
        projection_dim=width,
    )


def _empty_parts(family: Shared) -> dict[Component, nn.Module]:
    """Return UNet and text encoders of real size that take no memory."""
    with torch.device("meta"):
        parts: dict[Component, nn.Module] = {"unet": UNet2DConditionModel(**UNET_CONFIGS[family])}
        parts["text_encoder"] = CLIPTextModel(
            _config(ENCODER_WIDTHS[family][0], 23 if family == "sd2" else 12)
        )
        if family == "sdxl":
            parts["text_encoder_2"] = CLIPTextModelWithProjection(_config(1280, 32))
    for name, part in parts.items():
        if name != "unet":
            # transformers loads onto the model's device: memory that is asked for, never touched.
            part.to_empty(device="cpu")
    return parts


class Diffusers:
    """What diffusers makes of a file."""

    def lora(self, path: Path, family: Shared) -> LoadedLora:
        """Load into empty models of real size and read every layer's factors back."""
        kind = StableDiffusionXLPipeline if family == "sdxl" else StableDiffusionPipeline
        parts = _empty_parts(family)
        state, alphas = kind.lora_state_dict(str(path), unet_config=parts["unet"].config)
        options = {"adapter_name": _ADAPTER, "low_cpu_mem_usage": True}
        with patch.object(LoraLayer, "_move_adapter_to_device_of_base_layer", _leave_in_place):
            kind.load_lora_into_unet(state, alphas, parts["unet"], **options)
            for name, part in parts.items():
                if name != "unet":
                    kind.load_lora_into_text_encoder(state, alphas, part, prefix=name, **options)
        return LoadedLora(dict(_changes(parts)))


def _leave_in_place(*_: Any, **__: Any) -> None:
    """Stay: beside a layer without memory the factors would lose theirs."""


def _changes(parts: dict[Component, nn.Module]) -> Iterator[tuple[Place, Array]]:
    for name, part in parts.items():
        for path, layer in part.named_modules():
            if isinstance(layer, LoraLayer):
                down, up = (
                    factor[_ADAPTER].weight.detach().float().numpy()
                    for factor in (layer.lora_A, layer.lora_B)
                )
                scale = layer.scaling[_ADAPTER]
                # Alpha is written as the rank: every program has to get the strength 1.
                assert scale == 1.0
                place = (name, path.removeprefix("text_model."))
                yield place, probe_change(down, up, scale)


@pytest.mark.parametrize("name", _FULL_WIDTH)
def test_every_layer_of_a_lora_changes(name: str, exported: Exported) -> None:
    check_lora(Diffusers(), exported.loras[name])  # type: ignore[arg-type]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_lists_of_layers_are_those_of_the_real_models(family: Shared) -> None:
    """What every other module of this suite rests on."""
    without = ("conv_in", "conv_out", "time_embedding.", "add_embedding.", "text_projection")
    real = {
        (name, path.removeprefix("text_model.")): tuple(module.weight.shape)
        for name, part in _empty_parts(family).items()
        for path, module in part.named_modules()
        if isinstance(module, (nn.Linear, nn.Conv2d)) and not path.startswith(without)
    }
    assert real == {(layer.component, layer.path): layer.shape for layer in layers(family)}


class _Words:
    """Text encoders of real width, of which only the tables of words are looked at."""

    def __init__(self, family: Shared) -> None:
        kind = StableDiffusionPipeline
        self.names = ENCODER_NAMES[family]
        self.parts = {}
        for name, width in zip(self.names, ENCODER_WIDTHS[family], strict=True):
            encoder = CLIPTextModel(_config(width, 0))
            self.parts[name] = (encoder, tiny_tokenizer())
        self._load: Any = kind.load_textual_inversion

    def embedding(self, path: Path, family: Shared) -> dict[str, Array]:
        """Load with ``token=`` and read the rows of the word and of its further vectors."""
        tensors = list(load_file(path).values())
        tensors.sort(key=lambda tensor: tensor.shape[1])
        found = {}
        for (name, (encoder, tokenizer)), vectors in zip(self.parts.items(), tensors, strict=True):
            pipeline = _pipeline_of(encoder, tokenizer)
            pipeline.load_textual_inversion(vectors, token=WORD)
            ids = tokenizer.convert_tokens_to_ids(
                [WORD, *(f"{WORD}_{number}" for number in range(1, len(vectors)))]
            )
            table = encoder.get_input_embeddings().weight.detach()
            found[name] = table[ids].numpy().copy()
            pipeline.unload_textual_inversion(WORD)
            assert tokenizer.convert_tokens_to_ids(WORD) == tokenizer.unk_token_id
        return found


def _pipeline_of(encoder: Any, tokenizer: Any) -> Any:
    base = tiny_pipeline("sd1")
    return StableDiffusionPipeline(
        vae=base.vae,
        text_encoder=encoder,
        tokenizer=tokenizer,
        unet=base.unet,
        scheduler=base.scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


@pytest.mark.parametrize("name", EMBEDDING_NAMES)
def test_every_vector_of_an_embedding_arrives(name: str, exported: Exported) -> None:
    file = exported.embeddings[name]
    check_embedding(_Words(file.family), file)  # type: ignore[arg-type]


def _draw(pipeline: Any) -> torch.Tensor:
    with torch.no_grad():
        return pipeline(
            f"a photo of a {WORD} dog in the snow",
            num_inference_steps=2,
            height=64,
            width=64,
            generator=torch.manual_seed(1),
            output_type="latent",
        ).images


def _open(model: Path) -> Any:
    pipeline = StableDiffusionPipeline.from_pretrained(model, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _wear(unet: Any, file: ExportedLora, dtype: torch.dtype) -> None:
    """Give a UNet the factors as they came out of the training, in a number type."""
    paths = [module.path for module in file.modules]
    unet.add_adapter(LoraConfig(r=4, lora_alpha=4, target_modules=paths), adapter_name="trained")
    for module in file.modules:
        layer = unet.get_submodule(module.path)
        for factor, values in ((layer.lora_A, module.down), (layer.lora_B, module.up)):
            rounded = torch.from_numpy(values).to(dtype).to(torch.float32)
            factor["trained"].weight.data.copy_(rounded)


def test_a_trained_lora_draws_as_it_did_when_it_was_trained(exported: Exported) -> None:
    """In float16 as the file is: exactly; in the training's float32: almost."""
    file = exported.loras["sd1-trained"]
    loaded = _open(exported.model)
    plain = _draw(loaded)
    loaded.load_lora_weights(str(file.path.parent), weight_name=file.path.name)
    counted = [part for part in loaded.unet.modules() if isinstance(part, LoraLayer)]
    assert len(counted) == len(file.modules) == 160
    drawn = _draw(loaded)
    rounded, exact = _open(exported.model), _open(exported.model)
    _wear(rounded.unet, file, torch.float16)
    _wear(exact.unet, file, torch.float32)
    assert torch.equal(drawn, _draw(rounded))
    assert float((drawn - _draw(exact)).abs().max()) <= 5e-3
    assert float((drawn - plain).abs().max()) > 1e-4


def test_a_trained_embedding_draws_as_a_word_and_as_a_negative_word(exported: Exported) -> None:
    file = exported.embeddings["sd1-trained"]
    pipeline = _open(exported.model)
    plain = _draw(pipeline)
    pipeline.load_textual_inversion(str(file.path), token=WORD)
    assert not torch.equal(_draw(pipeline), plain)


@pytest.mark.parametrize("alpha", [4, 2, 8])
def test_text_encoders_are_named_and_weighed_the_same_whatever_transformers_does(
    alpha: int, tmp_path: Path
) -> None:
    """A release renamed their parts, another exporter writes the rank for alpha: pinned here."""
    encoder = CLIPTextModel(_config(64, 2))
    encoder.add_adapter(
        LoraConfig(r=4, lora_alpha=alpha, target_modules=["q_proj", "fc1"]), adapter_name="trained"
    )
    modules = []
    generator = np.random.default_rng(1)
    for path, layer in encoder.named_modules():
        if isinstance(layer, LoraLayer):
            down, up = (
                (generator.integers(-512, 513, factor["trained"].weight.shape) / 1024)
                for factor in (layer.lora_A, layer.lora_B)
            )
            trained_alpha = layer.scaling["trained"] * layer.r["trained"]
            modules.append(LoraModule("text_encoder", path, down, up, trained_alpha))
    path = tmp_path / f"{WORD}.safetensors"
    write_lora(path, "sd1", modules, {})
    with safe_open(path, "np") as file:
        names = sorted({key.partition(".")[0] for key in file.keys()})  # noqa: SIM118
        for module, name in zip(sorted(modules, key=lambda one: one.path), names, strict=True):
            down, up = (file.get_tensor(f"{name}.lora_{way}.weight") for way in ("down", "up"))
            strength = float(file.get_tensor(f"{name}.alpha")) / len(down)
            expected = probe_change(module.down, module.up, alpha / 4)
            assert np.allclose(probe_change(down, up, strength), expected)
    start = "lora_te_text_model_encoder_layers_"
    assert names == [
        f"{start}{number}_{part}" for number in (0, 1) for part in ("mlp_fc1", "self_attn_q_proj")
    ]


def test_sdxl_pools_at_the_end_of_a_prompt_with_the_word_in_it(tmp_path: Path) -> None:
    """Old configurations name 2 as the end, which is taken for the highest number: the word."""
    pipeline = tiny_pipeline("sdxl")
    path = tmp_path / f"{WORD}.safetensors"
    generator = np.random.default_rng(2)
    vectors = {
        "text_encoder": generator.normal(size=(2, 32)),
        "text_encoder_2": generator.normal(size=(2, 48)),
    }
    write_embedding(path, vectors, {})
    second, tokenizer = pipeline.text_encoder_2, pipeline.tokenizer_2
    for key, encoder, words in (
        ("clip_l", pipeline.text_encoder, pipeline.tokenizer),
        ("clip_g", second, tokenizer),
    ):
        pipeline.load_textual_inversion(
            load_file(path)[key], token=WORD, text_encoder=encoder, tokenizer=words
        )
    # The last line that our program for diffusers has about SDXL.
    second.text_model.eos_token_id = tokenizer.eos_token_id
    text = pipeline.maybe_convert_prompt(f"a photo of {WORD} in the snow", tokenizer)
    ids = tokenizer(text, return_tensors="pt").input_ids
    assert int(ids.max()) > tokenizer.eos_token_id
    with torch.no_grad():
        told = second(ids, output_hidden_states=True)
        last = second.text_model.final_layer_norm(told.hidden_states[-1])
    end = int((ids[0] == tokenizer.eos_token_id).nonzero()[0])
    assert torch.allclose(told.text_embeds[0], second.text_projection(last[0, end]), atol=1e-5)
