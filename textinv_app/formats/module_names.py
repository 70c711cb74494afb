"""Names of the layers a LoRA changes: the model's own dotted paths and the flat ones of kohya.

kohya joins a path with underscores, which names like ``to_out`` and ``proj_in`` contain as well;
going back needs the list of names there are. For SDXL kohya uses the paths of Stability's own
code (``input_blocks.4.1``) and not those of diffusers (``down_blocks.1.attentions.0``).
"""

from __future__ import annotations

import re

_SEGMENTS = (
    "down_blocks", "up_blocks", "mid_block", "attentions", "resnets", "downsamplers", "upsamplers",
    "transformer_blocks", "attn1", "attn2", "to_q", "to_k", "to_v", "to_out", "ff", "net", "proj",
    "proj_in", "proj_out", "conv", "conv1", "conv2", "conv_shortcut", "time_emb_proj", "conv_in",
    "conv_out", "time_embedding", "add_embedding", "linear_1", "linear_2",
    "input_blocks", "middle_block", "output_blocks", "in_layers", "emb_layers", "out_layers",
    "skip_connection", "op", "out", "time_embed", "label_emb",
    "text_model", "encoder", "layers", "self_attn", "q_proj", "k_proj", "v_proj", "out_proj",
    "mlp", "fc1", "fc2", "text_projection",
)  # fmt: skip
_ONE_SEGMENT = re.compile(
    "(" + "|".join(sorted(_SEGMENTS, key=len, reverse=True)) + r"|\d{1,3})(?:_|$)"
)

_RESNET_TO_SGM = {
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_RESNET_FROM_SGM = {sgm: ours for ours, sgm in _RESNET_TO_SGM.items()}
_TOP_TO_SGM = {
    "conv_in": "input_blocks.0.0",
    "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}
_TOP_FROM_SGM = {sgm: ours for ours, sgm in _TOP_TO_SGM.items()}

_DIFFUSERS_BLOCK = re.compile(
    r"(down|up)_blocks\.(\d+)\.(attentions|resnets|downsamplers|upsamplers)\.(\d+)\.?(.*)"
)
_DIFFUSERS_MIDDLE = re.compile(r"mid_block\.(attentions|resnets)\.([01])\.(.+)")
_SGM_BLOCK = re.compile(r"(input|output)_blocks\.(\d+)\.(\d)\.(.+)")
_SGM_MIDDLE = re.compile(r"middle_block\.([012])\.(.+)")

_LAYERS_A_BLOCK = 3
"""Layers of a block in Stability's numbering: two on the way down and a third for the sampler."""


def flat_name(path: str) -> str:
    """Return the name kohya gives the layer at a dotted path."""
    return path.replace(".", "_")


def split_flat_name(name: str) -> str | None:
    """Return the dotted path of a kohya name (without its prefix); None when it is no known one."""
    parts: list[str] = []
    position = 0
    while position < len(name):
        match = _ONE_SEGMENT.match(name, position)
        if match is None:
            return None
        parts.append(match.group(1))
        position = match.end()
    return ".".join(parts) if parts and not name.endswith("_") else None


def to_sgm(path: str) -> str:
    """Return Stability's path of a UNet layer named as in diffusers.

    Holds for UNets with two layers a block, as SDXL and Stable Diffusion have. Raises
    ``ValueError`` for a layer that has no counterpart.
    """
    if path in _TOP_TO_SGM:
        return _TOP_TO_SGM[path]
    middle = _DIFFUSERS_MIDDLE.fullmatch(path)
    if middle is not None:
        kind, index, rest = middle.groups()
        place = 1 if kind == "attentions" else 2 * int(index)
        return f"middle_block.{place}.{_inner_to_sgm(kind, rest)}"
    block = _DIFFUSERS_BLOCK.fullmatch(path)
    if block is None:
        raise ValueError(f"{path} has no name in Stability's numbering")
    way, kind, rest = block.group(1), block.group(3), block.group(5)
    index, layer = int(block.group(2)), int(block.group(4))
    if kind == "downsamplers":
        return f"input_blocks.{_LAYERS_A_BLOCK * (index + 1)}.0.op"
    if kind == "upsamplers":
        return f"output_blocks.{_LAYERS_A_BLOCK * index + 2}.2.conv"
    if way == "down":
        position, blocks = _LAYERS_A_BLOCK * index + layer + 1, "input_blocks"
    else:
        position, blocks = _LAYERS_A_BLOCK * index + layer, "output_blocks"
    place = 1 if kind == "attentions" else 0
    return f"{blocks}.{position}.{place}.{_inner_to_sgm(kind, rest)}"


def _inner_to_sgm(kind: str, rest: str) -> str:
    return _RESNET_TO_SGM.get(rest, rest) if kind == "resnets" else rest


def from_sgm(path: str) -> str | None:
    """Return the diffusers path of a UNet layer in Stability's numbering; None for no known one."""
    if path in _TOP_FROM_SGM:
        return _TOP_FROM_SGM[path]
    middle = _SGM_MIDDLE.fullmatch(path)
    if middle is not None:
        place, rest = int(middle.group(1)), middle.group(2)
        if place == 1:
            return f"mid_block.attentions.0.{rest}"
        return f"mid_block.resnets.{place // 2}.{_RESNET_FROM_SGM.get(rest, rest)}"
    block = _SGM_BLOCK.fullmatch(path)
    if block is None:
        return None
    way, rest = block.group(1), block.group(4)
    return _block_from_sgm(way, int(block.group(2)), int(block.group(3)), rest)


def _block_from_sgm(way: str, position: int, place: int, rest: str) -> str | None:
    if rest == "op" and way == "input":
        return f"down_blocks.{position // _LAYERS_A_BLOCK - 1}.downsamplers.0.conv"
    if rest == "conv" and way == "output":
        return f"up_blocks.{position // _LAYERS_A_BLOCK}.upsamplers.0.conv"
    if place > 1 or (way == "input" and position == 0):
        return None
    index, layer = divmod(position - (way == "input"), _LAYERS_A_BLOCK)
    blocks = "down_blocks" if way == "input" else "up_blocks"
    if place == 1:
        return f"{blocks}.{index}.attentions.{layer}.{rest}"
    return f"{blocks}.{index}.resnets.{layer}.{_RESNET_FROM_SGM.get(rest, rest)}"
