"""What the UNet in a single checkpoint file predicts, told as other programs tell it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textinv_app.domain.concept import Family
from textinv_app.formats.header import read_header, read_tensor

_SAYS_VELOCITY = "v_pred"
_SAYS_ENDS_IN_NOISE = "ztsnr"
_SD2_BIAS = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias"
_SD2_VELOCITY_SPREAD = 0.09


def scheduler_changes(path: Path, family: Family) -> dict[str, Any]:
    """Return what a checkpoint tells about its noise schedule, by the names of diffusers.

    Two tensors without numbers say it by their names (AUTOMATIC1111, Forge, ComfyUI). Stable
    Diffusion 2.x says nothing; its two kinds differ in the spread of one layer, as ComfyUI tells
    them. Empty where the usual schedule counts. Raises ``FileRefused`` and ``OSError``.
    """
    tensors = read_header(path).tensors
    if _SAYS_VELOCITY in tensors:
        changes: dict[str, Any] = {"prediction_type": "v_prediction"}
        if _SAYS_ENDS_IN_NOISE in tensors:
            # Drawing has to begin at its last step, which alone is pure noise (arXiv 2305.08891).
            changes |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
        return changes
    if family != "sd2" or _SD2_BIAS not in tensors:
        return {}
    with path.open("rb") as file:
        spread = float(read_tensor(file, tensors[_SD2_BIAS]).std())
    is_velocity = spread > _SD2_VELOCITY_SPREAD
    return {"prediction_type": "v_prediction" if is_velocity else "epsilon"}
