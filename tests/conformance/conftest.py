"""The exported files, and each program's loaders: by its rules, or its own from a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conformance.answers import (
    TIMEOUT_SECONDS,
    AskedLoader,
    SourcesOf,
    ask,
    folder_of,
    jobs_for,
)
from tests.conformance.exported import Exported, write_random_files
from tests.conformance.trained import save_model, train_embedding, train_lora


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Return all files: with random numbers at full width, and from a short real training."""
    folder = tmp_path_factory.mktemp("exported")
    files = write_random_files(folder / "random")
    model = save_model(folder / "model")
    return Exported(
        {**files.embeddings, "sd1-trained": train_embedding(folder / "embedding", model)},
        {**files.loras, "sd1-trained": train_lora(folder / "lora", model)},
        folder / "model",
    )


@pytest.fixture(scope="session")
def sources_of(exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> SourcesOf:
    """Return a function that asks a program's own loaders."""
    asked: dict[str, AskedLoader] = {}

    def sources(program: str, prompts: Sequence[str]) -> AskedLoader:
        folder = folder_of(program)
        if program not in asked and folder is not None:
            scratch: Path = tmp_path_factory.mktemp(program)
            asked[program] = ask(program, folder, jobs_for(exported, prompts), scratch)
        return asked[program]

    return sources


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a program's own loaders their time: the first test that needs them waits for all."""
    for item in items:
        if item.path.parent == Path(__file__).parent and "sources" in item.name:
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))
