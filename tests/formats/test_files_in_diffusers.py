"""Our files in the real diffusers: same vectors, same weights, every layer counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from format_makers import facts, lora_module, random_vectors
from format_pipelines import draw_latents, tiny_pipeline, tiny_xl_pipeline
from peft import LoraConfig
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file, save_file

from textinv_app.formats.converting import diffusers_lora
from textinv_app.formats.embedding import write_embedding
from textinv_app.formats.header import read_header
from textinv_app.formats.lora import LoraFile, LoraModule, write_lora
from textinv_app.formats.lora_reading import read_lora
from textinv_app.formats.metadata import build_metadata

_ENCODER_LAYERS = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
_UNET_LAYERS = ["to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2"]
_CONVOLUTIONS = ["conv1", "conv2", "time_emb_proj", "proj_in", "proj_out"]


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize(("family", "width"), [("crayon", 256), ("sd1", 768), ("sd2", 1024)])
def test_diffusers_gets_every_vector_exactly(
    tmp_path: Path, family: Any, width: int, count: int
) -> None:
    vectors = random_vectors(family, (width,), count)
    path = tmp_path / "rexdog.safetensors"
    write_embedding(path, vectors, build_metadata(facts(family=family)))
    pipeline = tiny_pipeline(width)
    plain = draw_latents(pipeline, "a photo of rexdog")
    pipeline.load_textual_inversion(str(path), token="rexdog")
    names = ["rexdog", *(f"rexdog_{index}" for index in range(1, count))]
    ids = pipeline.tokenizer.convert_tokens_to_ids(names)
    rows = pipeline.text_encoder.get_input_embeddings().weight.detach()[ids].numpy()
    assert np.array_equal(rows, vectors["text_encoder"])
    worn = draw_latents(pipeline, "a photo of rexdog")
    assert not torch.equal(plain, worn)
    avoided = draw_latents(pipeline, "a photo", negative_prompt="rexdog")
    assert not torch.equal(avoided, draw_latents(pipeline, "a photo", negative_prompt="dog"))
    pipeline.unload_textual_inversion("rexdog")
    assert torch.equal(plain, draw_latents(pipeline, "a photo of rexdog"))


def test_diffusers_gets_both_halves_of_an_sdxl_embedding(tmp_path: Path) -> None:
    vectors = random_vectors("sdxl", (768, 1280), 3)
    path = tmp_path / "rexdog.safetensors"
    write_embedding(path, vectors, build_metadata(facts(family="sdxl")))
    pipeline, stored = tiny_xl_pipeline(), load_file(path)
    for key, name, suffix in (("clip_l", "text_encoder", ""), ("clip_g", "text_encoder_2", "_2")):
        encoder = getattr(pipeline, name)
        tokenizer = getattr(pipeline, f"tokenizer{suffix}")
        pipeline.load_textual_inversion(
            stored[key], token="rexdog", text_encoder=encoder, tokenizer=tokenizer
        )
        ids = tokenizer.convert_tokens_to_ids(["rexdog", "rexdog_1", "rexdog_2"])
        rows = encoder.get_input_embeddings().weight.detach()[ids].numpy()
        assert np.array_equal(rows, vectors[name])


def _add_lora(component: Any, targets: list[str], rank: int, alpha: int) -> int:
    """Give a component LoRA layers of random numbers that half precision holds; count them."""
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets)
    component.add_adapter(config, adapter_name="trained")
    layers = [module for module in component.modules() if isinstance(module, LoraLayer)]
    generator = torch.manual_seed(5)
    for layer in layers:
        for part in (layer.lora_A, layer.lora_B):
            weight = part["trained"].weight
            noise = torch.randn(weight.shape, generator=generator) * 0.2
            # Steps of 1/512 stay exact in half precision when alpha is folded in.
            weight.data = (noise * 512).round() / 512
    return len(layers)


def _modules(component: Any, name: Any) -> list[LoraModule]:
    return [
        LoraModule(
            component=name,
            path=path.removeprefix("text_model."),
            down=layer.lora_A["trained"].weight.detach().numpy(),
            up=layer.lora_B["trained"].weight.detach().numpy(),
            alpha=layer.scaling["trained"] * layer.r["trained"],
        )
        for path, layer in component.named_modules()
        if isinstance(layer, LoraLayer)
    ]


def _count_layers(pipeline: Any) -> int:
    return sum(
        isinstance(module, LoraLayer)
        for component in pipeline.components.values()
        if isinstance(component, torch.nn.Module)
        for module in component.modules()
    )


def _pipeline(family: str) -> Any:
    widths = {"crayon": 256, "sd1": 768, "sd2": 1024}
    return tiny_xl_pipeline() if family == "sdxl" else tiny_pipeline(widths[family])


@pytest.mark.parametrize(("parts", "alpha"), [("unet", 4), ("text", 4), ("all", 4), ("all", 2)])
@pytest.mark.parametrize("family", ["crayon", "sd1", "sd2", "sdxl"])
def test_diffusers_draws_the_same_with_the_exported_lora(
    tmp_path: Path, family: Any, parts: str, alpha: int
) -> None:
    trained, count, modules = _pipeline(family), 0, []
    plain = draw_latents(trained, "a photo of rexdog")
    for name in ("unet", "text_encoder", "text_encoder_2"):
        component = getattr(trained, name, None)
        if component is None or parts not in ("all", "unet" if name == "unet" else "text"):
            continue
        targets = _UNET_LAYERS + _CONVOLUTIONS if name == "unet" else _ENCODER_LAYERS
        count += _add_lora(component, targets, rank=4, alpha=alpha)
        modules += _modules(component, name)
    expected = draw_latents(trained, "a photo of rexdog")
    path = tmp_path / "rexdog.safetensors"
    metadata = build_metadata(facts(method="lora", family=family, rank=4))
    write_lora(path, family, modules, metadata)
    fresh = _pipeline(family)
    fresh.load_lora_weights(str(tmp_path), weight_name=path.name)
    assert _count_layers(fresh) == count == len(modules) == len(read_lora(path).modules)
    drawn = draw_latents(fresh, "a photo of rexdog")
    assert not torch.allclose(plain, expected, atol=1e-2)
    assert torch.equal(drawn, expected)


def test_rounding_to_half_precision_changes_little(tmp_path: Path) -> None:
    trained = tiny_pipeline()
    _add_lora(trained.unet, _UNET_LAYERS, rank=8, alpha=8)
    generator = torch.manual_seed(6)
    for layer in trained.unet.modules():
        if isinstance(layer, LoraLayer):
            weight = layer.lora_B["trained"].weight
            weight.data = torch.randn(weight.shape, generator=generator) * 0.02
    expected = draw_latents(trained, "a photo of rexdog")
    path = tmp_path / "rexdog.safetensors"
    write_lora(path, "sd1", _modules(trained.unet, "unet"), {})
    fresh = tiny_pipeline()
    fresh.load_lora_weights(str(tmp_path), weight_name=path.name)
    difference = (draw_latents(fresh, "a photo of rexdog") - expected).abs().max()
    assert 0 < float(difference) <= 5e-3


def test_diffusers_and_petname_read_the_same_strengths(tmp_path: Path) -> None:
    """Keys of peft's patterns are the last parts of a layer's name; rank may be stabilised."""
    block = "down_blocks.1.attentions.0.transformer_blocks.0"
    modules = [
        lora_module(f"{block}.attn2.to_k", (768, 4, 16)),
        lora_module(f"{block}.attn2.to_v", (768, 4, 16)),
        *(
            lora_module(f"encoder.layers.0.self_attn.{name}", (768, 4, 768), "text_encoder")
            for name in ("q_proj", "k_proj")
        ),
    ]
    ready = diffusers_lora(LoraFile("sd1", tuple(modules), {}))
    path = tmp_path / ready.name
    path.write_bytes(b"".join(ready.chunks()))
    settings = json.loads(read_header(path).metadata["lora_adapter_metadata"])
    settings |= {"unet.use_rslora": True, "unet.lora_alpha": 3, "text_encoder.lora_alpha": 5}
    settings |= {
        "unet.alpha_pattern": {"attn2.to_k": 2, "tn2.to_v": 7},
        "text_encoder.alpha_pattern": {"layers.0.self_attn.q_proj": 6, "self_attn.q_proj": 8},
    }
    save_file(load_file(path), path, {"lora_adapter_metadata": json.dumps(settings)})
    pipeline = tiny_pipeline()
    pipeline.load_lora_weights(tmp_path, weight_name=path.name)
    theirs = {
        name.removeprefix("text_model."): next(iter(layer.scaling.values()))
        for component in (pipeline.unet, pipeline.text_encoder)
        for name, layer in component.named_modules()
        if isinstance(layer, LoraLayer)
    }
    assert theirs == {m.path: m.alpha / m.rank for m in read_lora(path).modules}
