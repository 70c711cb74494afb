"""A pickle read without running anything: only plain values and tables of numbers come out of it.

torch keeps old files as pickles, small programs that call whatever they name. Here they may name
the few things that embeddings and LoRAs are made of, and each of these is an inert stand-in; the
first other name ends the reading (the idea of AUTOMATIC1111's ``modules/safe.py`` and of torch's
``weights_only``). Nothing is trusted until ``to_array`` has checked it.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import BinaryIO

import numpy as np

from textinv_app.formats.foreign.refusals import refusal
from textinv_app.formats.header import FloatArray

_FLOATS = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
}
_OTHER_BYTES = {
    "LongStorage": 8,
    "IntStorage": 4,
    "ShortStorage": 2,
    "CharStorage": 1,
    "ByteStorage": 1,
    "BoolStorage": 1,
}
_MISMATCHES = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    RecursionError,
    ImportError,
)
"""What the unpickler raises on a program that makes no sense."""


class StorageType:
    """Stands for ``torch.FloatStorage`` and its like: what kind of numbers a storage holds."""

    __slots__ = ("dtype", "item_bytes")

    def __init__(self, dtype: str | None, item_bytes: int) -> None:
        self.dtype = dtype
        """numpy's name, ``bfloat16``, or None for whole numbers."""
        self.item_bytes = item_bytes


class Storage:
    """The numbers of one or several tensors; ``data`` comes from the container of the pickle."""

    __slots__ = ("data", "key", "kind", "num_values")

    def __init__(self, kind: StorageType, key: str, num_values: int) -> None:
        self.kind = kind
        self.key = key
        self.num_values = num_values
        self.data: memoryview | None = None

    @property
    def num_bytes(self) -> int:
        """Bytes that its numbers take."""
        return self.num_values * self.kind.item_bytes


class PickledTensor:
    """A tensor as the pickle describes it, unchecked: a window on a storage."""

    __slots__ = ("offset", "shape", "storage", "strides")

    def __init__(self, storage: object, offset: object, shape: object, strides: object) -> None:
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.strides = strides


class ParameterDict:
    """Stands for ``torch.nn.ParameterDict`` of any age: they differ, but all keep their state."""

    __slots__ = ("parameters",)

    def __init__(self) -> None:
        self.parameters: Mapping[object, object] = {}

    def __setstate__(self, state: object) -> None:
        kept = state.get("_parameters") if isinstance(state, dict) else None
        self.parameters = kept if isinstance(kept, dict) else {}


class _Ignored:
    """Stands for a device or a type of numbers, which nothing here depends on."""

    __slots__ = ()

    def __init__(self, *_arguments: object) -> None:
        """Take anything."""


def _rebuild_tensor(*arguments: object) -> PickledTensor:
    """Stands for ``torch._utils._rebuild_tensor`` and ``_rebuild_tensor_v2``."""
    storage, offset, shape, strides, *_hooks = arguments
    return PickledTensor(storage, offset, shape, strides)


def _rebuild_parameter(*arguments: object) -> object:
    """Stands for ``torch._utils._rebuild_parameter``: the tensor is all that counts."""
    return arguments[0]


_STORAGES = {name: StorageType(dtype, 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize)
             for name, dtype in _FLOATS.items()} | {
    name: StorageType(None, item_bytes) for name, item_bytes in _OTHER_BYTES.items()
}  # fmt: skip
_ALLOWED: Mapping[tuple[str, str], object] = MappingProxyType(
    {
        ("collections", "OrderedDict"): OrderedDict,
        ("__builtin__", "set"): set,
        ("builtins", "set"): set,
        ("torch", "Size"): tuple,
        ("torch", "device"): _Ignored,
        ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
        ("torch._utils", "_rebuild_parameter_with_state"): _rebuild_parameter,
        ("torch.nn.modules.container", "ParameterDict"): ParameterDict,
        **{("torch", name): kind for name, kind in _STORAGES.items()},
    }
)
"""Everything a pickle may name. None of it does anything but keep what it is given."""


class _ClosedUnpickler(pickle.Unpickler):
    """Knows the names of ``_ALLOWED`` and no other, and takes storages from ``storages``."""

    def __init__(self, file: BinaryIO, storages: dict[str, Storage]) -> None:
        # latin-1 never fails on the bytes that Python 2 called text.
        super().__init__(file, encoding="latin-1")
        self._storages = storages

    def find_class(self, module_name: str, global_name: str, /) -> object:
        """Return the stand-in for a name; raises ``FileRefused`` for every other name."""
        found = _ALLOWED.get((module_name, global_name))
        if found is None:
            name = f"{module_name}.{global_name}"[:80]
            readable = "".join(c if c.isascii() and c.isprintable() else "?" for c in name)
            raise refusal("file.pickle_program", name=readable)
        return found

    def persistent_load(self, pid: object, /) -> object:
        """Return the storage of a tensor, which lies outside the pickle."""
        if isinstance(pid, tuple) and pid[:2] == ("module", ParameterDict):
            # The old container brings the source text of such classes along.
            return ParameterDict
        if not isinstance(pid, tuple) or len(pid) not in (5, 6) or pid[0] != "storage":
            raise pickle.UnpicklingError("a reference to something else than a storage")
        kind, key, num_values = pid[1], pid[2], pid[4]
        if not isinstance(kind, StorageType) or (len(pid) == 6 and pid[5] is not None):
            raise pickle.UnpicklingError("a storage of an unknown kind")
        if not isinstance(key, str) or type(num_values) is not int or not 0 <= num_values < 2**40:
            raise pickle.UnpicklingError("an impossible storage")
        known = self._storages.setdefault(key, Storage(kind, key, num_values))
        if (known.kind, known.num_values) != (kind, num_values):
            raise pickle.UnpicklingError("a storage that is described twice, and differently")
        return known


def read_pickle(file: BinaryIO, storages: dict[str, Storage]) -> object:
    """Read the next pickle of a file; storages that it mentions are added to ``storages``.

    Raises ``FileRefused``, with the name of what it tried to use, for a pickle that names anything
    but plain values and tensors, and for one that is damaged; and ``MemoryError``.
    """
    try:
        return _ClosedUnpickler(file, storages).load()
    except _MISMATCHES as error:
        raise refusal("file.damaged", reason="its table of contents cannot be read") from error


def to_array(tensor: PickledTensor) -> FloatArray | None:
    """Return the numbers of a tensor as an array of floats; None for whole numbers.

    bfloat16 becomes float32. Raises ``FileRefused`` when the tensor does not lie within its
    storage, claims more numbers than that holds, or the storage is missing.
    """
    storage, offset = tensor.storage, tensor.offset
    shape, strides = _sizes(tensor.shape), _sizes(tensor.strides)
    if not isinstance(storage, Storage) or shape is None or strides is None:
        raise refusal("file.damaged", reason="a tensor is described wrongly")
    if type(offset) is not int or offset < 0 or len(shape) != len(strides):
        raise refusal("file.damaged", reason="a tensor is described wrongly")
    if storage.kind.dtype is None:
        return None
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    num_values = int(np.prod(shape, dtype=object)) if shape else 1
    if 0 in shape or num_values > storage.num_values or last >= storage.num_values:
        raise refusal("file.damaged", reason="a tensor reaches beyond its numbers")
    if storage.data is None or len(storage.data) != storage.num_bytes:
        raise refusal("file.damaged", reason="the numbers of a tensor are missing")
    return _window(storage.data, storage.kind.dtype, (offset, shape, strides))


def _sizes(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, tuple) or len(value) > 8:
        return None
    if not all(type(size) is int and 0 <= size < 2**40 for size in value):
        return None
    return value


def _window(
    data: memoryview, dtype: str, place: tuple[int, tuple[int, ...], tuple[int, ...]]
) -> FloatArray:
    offset, shape, strides = place
    stored = np.frombuffer(data, dtype="<u2" if dtype == "bfloat16" else dtype)
    item = stored.dtype.itemsize
    window = np.lib.stride_tricks.as_strided(
        stored[offset:], shape, tuple(stride * item for stride in strides), writeable=False
    )
    array = np.ascontiguousarray(window).reshape(shape)
    if dtype == "bfloat16":
        # bfloat16 is the upper half of a float32.
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array
