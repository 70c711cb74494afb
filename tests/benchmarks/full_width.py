"""One step of each method on models of full width with random weights: time and memory.

    python -m tests.benchmarks.full_width sd1 embedding --pixels 512
    python -m tests.benchmarks.full_width sdxl lora --pixels 1024

Proves that the real sizes of Stable Diffusion 1.x, 2.x and XL go through the trainer, with no
download. On a CPU count on 8 GB of memory and a minute for ``sd1``, 16 GB and several for ``sdxl``.
"""

from __future__ import annotations

import argparse
import resource
import time
from types import SimpleNamespace
from typing import Any

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from tests.tiny_models import tiny_tokenizer
from textinv_app.domain.specs import TrainingSettings
from textinv_app.training.latents import LatentCache
from textinv_app.training.lora import Lora
from textinv_app.training.losses import noise_schedule
from textinv_app.training.plan import Plan
from textinv_app.training.textual_inversion import TextualInversion
from textinv_app.training.trainer import NUMBER_TYPES, Materials, Trainer

_CROSS = "CrossAttnDownBlock2D"
_UP_CROSS = "CrossAttnUpBlock2D"
UNETS: dict[str, dict[str, Any]] = {
    "sd1": {"cross_attention_dim": 768, "attention_head_dim": 8},
    "sd2": {
        "cross_attention_dim": 1024,
        "attention_head_dim": (5, 10, 20, 20),
        "use_linear_projection": True,
    },
    "sdxl": {
        "cross_attention_dim": 2048,
        "attention_head_dim": (5, 10, 20),
        "use_linear_projection": True,
        "block_out_channels": (320, 640, 1280),
        "down_block_types": ("DownBlock2D", _CROSS, _CROSS),
        "up_block_types": (_UP_CROSS, _UP_CROSS, "UpBlock2D"),
        "transformer_layers_per_block": (1, 2, 10),
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
}
# Width, layers, heads, projection.
ENCODERS: dict[str, list[tuple[int, int, int, int]]] = {
    "sd1": [(768, 12, 12, 768)],
    "sd2": [(1024, 23, 16, 512)],
    "sdxl": [(768, 12, 12, 768), (1280, 32, 20, 1280)],
}


def text_encoder(width: int, layers: int, heads: int, projection: int, pooled: bool) -> Any:
    """Return a text encoder of the true size with a small dictionary."""
    tokenizer = tiny_tokenizer()
    config = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=width,
        intermediate_size=width * 4,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        projection_dim=projection,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return (CLIPTextModelWithProjection if pooled else CLIPTextModel)(config)


def model_of(
    family: str, pixels: int, dtype: torch.dtype, channels_last: bool = True
) -> SimpleNamespace:
    """Return a model of full width with random weights, as the trainer sees one."""
    torch.manual_seed(0)
    # In its own type from the start: a float32 copy of SDXL alone is 14 GB.
    torch.set_default_dtype(dtype)
    encoders = [
        text_encoder(*sizes, pooled=number == 1) for number, sizes in enumerate(ENCODERS[family])
    ]
    unet = UNet2DConditionModel(sample_size=pixels // 8, **UNETS[family])
    torch.set_default_dtype(torch.float32)
    for module in (unet, *encoders):
        module.requires_grad_(False).eval()
    if channels_last:
        unet.to(memory_format=torch.channels_last)
    prediction_type = "v_prediction" if family == "sd2" else "epsilon"
    return SimpleNamespace(
        unet=unet,
        text_encoders=encoders,
        tokenizers=[tiny_tokenizer() for _ in encoders],
        scheduler=DDIMScheduler(beta_schedule="scaled_linear", prediction_type=prediction_type),
    )


def main() -> None:
    """Make the steps and print what they took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("family", choices=sorted(UNETS))
    parser.add_argument("method", choices=["embedding", "lora"])
    parser.add_argument("--pixels", type=int, default=512)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--type", choices=["fp32", "bf16"], default="fp32")
    given = parser.parse_args()
    model = model_of(given.family, given.pixels, NUMBER_TYPES[given.type])
    settings = TrainingSettings(
        resolution_pixels=given.pixels, max_steps=100, batch_size=1, learning_rate=1e-3
    )
    method: Any
    if given.method == "embedding":
        method = TextualInversion(
            model.text_encoders, model.tokenizers, ["a photo of a {word}"], "dog", 2
        )
    else:
        method = Lora(model, ["a photo of a rexdog dog"], 8, 0, given.family)
    side = given.pixels // 8
    cache = LatentCache(torch.randn(2, 4, side, side), torch.full((2, 4, side, side), 0.1))
    trainer = Trainer(
        Materials(
            unet=model.unet,
            method=method,
            schedule=noise_schedule(model.scheduler),
            photos=cache,
            held_out=cache,
            settings=settings,
            has_time_ids=given.family == "sdxl",
        ),
        Plan("cpu", given.type, 1, num_threads=torch.get_num_threads()),
    )
    for _ in range(given.steps):
        started = time.monotonic()
        loss = trainer.make_step()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        numbers = sum(value.numel() for value in method.parameters.values())
        print(
            f"{given.family} {given.method} {given.pixels} px: {time.monotonic() - started:.1f} s, "
            f"loss {loss:.3f}, {numbers:,} numbers trained, {peak:.1f} GB at most",
            flush=True,
        )


if __name__ == "__main__":
    main()
