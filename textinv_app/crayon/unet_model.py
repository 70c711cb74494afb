"""Crayon's UNet and noise schedule, of diffusers' standard classes."""

from __future__ import annotations

import dataclasses

from diffusers import DDIMScheduler, UNet2DConditionModel

LATENT_PIXELS = 16


@dataclasses.dataclass(frozen=True)
class UnetOptions:
    """Sizes of the UNet."""

    latent_channels: int = 8
    block_out_channels: tuple[int, ...] = (96, 160, 256)
    layers_per_block: int = 1
    text_width: int = 256


def new_unet(options: UnetOptions) -> UNet2DConditionModel:
    """Return an untrained UNet; the widest grid has no attention, the others look at the text."""
    deeper = len(options.block_out_channels) - 1
    return UNet2DConditionModel(
        sample_size=LATENT_PIXELS,
        in_channels=options.latent_channels,
        out_channels=options.latent_channels,
        block_out_channels=options.block_out_channels,
        layers_per_block=options.layers_per_block,
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * deeper),
        up_block_types=(*("CrossAttnUpBlock2D",) * deeper, "UpBlock2D"),
        cross_attention_dim=options.text_width,
        attention_head_dim=8,
        norm_num_groups=16,
    )


def new_scheduler() -> DDIMScheduler:
    """Return the noise schedule of Crayon: Stable Diffusion's, with v-prediction."""
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
    )
