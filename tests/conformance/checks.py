"""What every program has to make of our files."""

from __future__ import annotations

import numpy as np

from tests.conformance.exported import ExportedEmbedding, ExportedLora
from tests.conformance.layers import Shared
from tests.conformance.loading import Loader, differences


def check_embedding(loader: Loader, file: ExportedEmbedding) -> None:
    """Every encoder gets every vector, to the bit."""
    loaded = loader.embedding(file.path, file.family)
    assert loaded.keys() == file.vectors.keys()
    for name, vectors in file.vectors.items():
        assert np.array_equal(loaded[name], vectors), name


def check_prompt(loader: Loader, file: ExportedEmbedding, text: str, times: int) -> None:
    """A prompt brings in the word's vectors, in order, ``times`` times."""
    found = loader.prompt(file.path, file.family, text)
    for name, vectors in file.vectors.items():
        if times == 0:
            assert name not in found
        else:
            assert np.array_equal(found[name], np.concatenate([vectors] * times)), name


def check_lora(loader: Loader, file: ExportedLora) -> None:
    """Every layer changes as it was exported, no other does, and nothing is left over."""
    loaded = loader.lora(file.path, file.family)
    assert differences(file.expected, loaded, file.tolerance) == []
    assert len(loaded.changes) == len(file.modules)


def taken_by(loader: Loader, file: ExportedEmbedding, family: Shared) -> bool:
    """Tell whether models of another family would use the file at all; a refusal is a no."""
    try:
        return bool(loader.embedding(file.path, family))
    except (AssertionError, KeyError):
        return False
