"""From what an old file or a picture holds to named tables of numbers, all else left behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from textinv_app.formats.foreign import limits
from textinv_app.formats.foreign.pickled import ParameterDict, PickledTensor, to_array
from textinv_app.formats.foreign.refusals import refusal
from textinv_app.formats.header import FloatArray

_SINGLE_KEY = "emb_params"
_PICTURE_TENSOR = "TORCHTENSOR"
_HYPERNETWORK_WIDTHS = frozenset({320, 640, 768, 1024, 1280})


@dataclass(frozen=True)
class Gathered:
    """Tables of numbers by name, and the little that is known about them."""

    tensors: Mapping[str, FloatArray]
    name: str = ""
    """What the file calls itself inside; empty where it does not."""
    steps: int | None = None
    """Steps it was trained for."""


def gather(value: object) -> Gathered:
    """Return the tables of an embedding or LoRA; which of them it is, their names tell.

    Known are a lone tensor, AUTOMATIC1111's ``string_to_param``, and tensors by name (also behind
    ``state_dict``). Raises ``FileRefused`` for anything else.
    """
    alone = _array(value)
    if alone is not None:
        return Gathered({_SINGLE_KEY: alone})
    content = _mapping(value)
    if content is None:
        raise refusal("file.unknown_kind")
    if "string_to_param" in content:
        return _of_string_to_param(content)
    if len(_HYPERNETWORK_WIDTHS.intersection(k for k in content if isinstance(k, int))) > 1:
        raise refusal("file.other_kind", kind="hypernetwork")
    return Gathered(_by_name(_mapping(content.get("state_dict")) or content))


def _mapping(value: object) -> Mapping[object, object] | None:
    if isinstance(value, ParameterDict):
        value = value.parameters
    return value if isinstance(value, dict) else None


def _array(value: object) -> FloatArray | None:
    if isinstance(value, PickledTensor):
        return to_array(value)
    if isinstance(value, dict) and _PICTURE_TENSOR in value:
        try:
            return np.array(value[_PICTURE_TENSOR], dtype=np.float32)
        except (ValueError, TypeError, OverflowError) as error:
            raise refusal("file.damaged", reason="a table of numbers is broken") from error
    return None


def _of_string_to_param(content: Mapping[object, object]) -> Gathered:
    tensors = _by_name(_mapping(content["string_to_param"]) or {})
    if len(tensors) > 1:
        raise refusal("embedding.several_words", words=len(tensors))
    name, steps = content.get("name"), content.get("step")
    return Gathered(
        {_SINGLE_KEY: next(iter(tensors.values()))},
        name if isinstance(name, str) else "",
        steps if type(steps) is int and 0 <= steps < 2**40 else None,
    )


def _by_name(content: Mapping[object, object]) -> dict[str, FloatArray]:
    if len(content) > limits.MAX_TENSORS:
        raise refusal("file.too_many_tensors", tensors=len(content))
    tensors: dict[str, FloatArray] = {}
    for name, value in content.items():
        array = _array(value) if isinstance(name, str) else None
        if array is not None and isinstance(name, str):
            tensors[_checked_name(name)] = array
    if not tensors:
        raise refusal("file.unknown_kind")
    return tensors


def _checked_name(name: str) -> str:
    if len(name) > limits.MAX_NAME_CHARACTERS or name == "__metadata__" or not name.isprintable():
        raise refusal("file.damaged", reason="a table of numbers has an impossible name")
    return name
