"""The published configurations of the UNets, as far as they decide which layers there are."""

from __future__ import annotations

from typing import Any

from tests.conformance.layers import Shared

UNET_CONFIGS: dict[Shared, dict[str, Any]] = {
    "sd1": {"cross_attention_dim": 768, "block_out_channels": (320, 640, 1280, 1280)},
    "sd2": {
        "cross_attention_dim": 1024,
        "block_out_channels": (320, 640, 1280, 1280),
        "attention_head_dim": (5, 10, 20, 20),
        "use_linear_projection": True,
    },
    "sdxl": {
        "cross_attention_dim": 2048,
        "block_out_channels": (320, 640, 1280),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "transformer_layers_per_block": (1, 2, 10),
        "attention_head_dim": (5, 10, 20),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
}
