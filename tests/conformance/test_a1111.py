"""AUTOMATIC1111 and Forge: by documented rules, and with their own loaders from their folders."""

from __future__ import annotations

import hashlib

import pytest

from tests.conformance.answers import SourcesOf, skip_without, ways
from tests.conformance.checks import check_embedding, check_lora, check_prompt, taken_by
from tests.conformance.exported import EMBEDDING_NAMES, LORA_NAMES, WORD, Exported
from tests.conformance.layers import FAMILIES
from tests.conformance.loading import Loader
from tests.conformance.rules.a1111 import A1111, Forge

_TIMES = {
    f"a photo of {WORD} in the snow": 1,
    f"{WORD}": 1,
    f"{WORD.upper()}, with {WORD.title()} on the snow": 2,
    "a photo of a dog": 0,
}


@pytest.fixture(params=[f"{name}-{way}" for name in ("a1111", "forge") for way in ways(name)])
def loader(request: pytest.FixtureRequest, sources_of: SourcesOf) -> Loader:
    program, _, by = request.param.partition("-")
    if by == "rules":
        return A1111() if program == "a1111" else Forge()
    return sources_of(program, tuple(_TIMES))


@pytest.mark.parametrize("name", EMBEDDING_NAMES)
def test_every_vector_of_an_embedding_arrives(
    name: str, loader: Loader, exported: Exported
) -> None:
    check_embedding(loader, exported.embeddings[name])


@pytest.mark.parametrize("name", EMBEDDING_NAMES)
def test_other_families_pass_over_an_embedding(
    name: str, loader: Loader, exported: Exported
) -> None:
    file = exported.embeddings[name]
    assert [family for family in FAMILIES if taken_by(loader, file, family)] == [file.family]


@pytest.mark.parametrize("text", _TIMES)
@pytest.mark.parametrize("name", EMBEDDING_NAMES)
def test_the_files_name_is_the_word_in_any_case(
    name: str, text: str, loader: Loader, exported: Exported
) -> None:
    check_prompt(loader, exported.embeddings[name], text, times=_TIMES[text])


@pytest.mark.parametrize("name", LORA_NAMES)
def test_every_layer_of_a_lora_changes(name: str, loader: Loader, exported: Exported) -> None:
    check_lora(loader, exported.loras[name])


@pytest.mark.parametrize("name", LORA_NAMES)
def test_a_lora_is_listed_with_its_family_under_its_own_name(
    name: str, loader: Loader, exported: Exported
) -> None:
    file = exported.loras[name]
    told = loader.told(file.path)
    assert told["version"] == {"sd1": "SD1", "sd2": "SD2", "sdxl": "SDXL"}[file.family]
    assert told["alias"] == WORD
    content = file.path.read_bytes()
    tensors = content[8 + int.from_bytes(content[:8], "little") :]
    assert told["hash"] == hashlib.sha256(tensors).hexdigest()


@pytest.mark.parametrize("program", ["a1111", "forge"])
def test_the_programs_own_loaders_were_asked_as_well(program: str) -> None:
    """Says why, where they were not."""
    skip_without(program)
