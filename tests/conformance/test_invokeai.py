"""InvokeAI: by its documented rules, and with its own loaders where ``PETNAME_INVOKEAI`` is set."""

from __future__ import annotations

import pytest

from tests.conformance.answers import SourcesOf, skip_without, ways
from tests.conformance.checks import check_embedding, check_lora, check_prompt, taken_by
from tests.conformance.exported import EMBEDDING_NAMES, LORA_NAMES, WORD, Exported
from tests.conformance.layers import FAMILIES
from tests.conformance.loading import Loader
from tests.conformance.rules.invokeai import InvokeAI

_TIMES = {f"a photo of <{WORD}> in the snow": 1, f"a photo of {WORD}": 0}
_BASES = {"sd1": "sd-1", "sd2": "sd-2", "sdxl": "sdxl"}


@pytest.fixture(params=ways("invokeai"))
def loader(request: pytest.FixtureRequest, sources_of: SourcesOf) -> Loader:
    return InvokeAI() if request.param == "rules" else sources_of("invokeai", tuple(_TIMES))


@pytest.mark.parametrize("name", EMBEDDING_NAMES)
def test_an_embedding_is_installed_for_its_family_and_every_vector_arrives(
    name: str, loader: Loader, exported: Exported
) -> None:
    file = exported.embeddings[name]
    assert loader.told(file.path)["base"] == _BASES[file.family]
    check_embedding(loader, file)
    assert [family for family in FAMILIES if taken_by(loader, file, family)] == [file.family]


@pytest.mark.parametrize("text", _TIMES)
@pytest.mark.parametrize("name", EMBEDDING_NAMES)
def test_prompts_bring_the_word_in_between_angle_brackets(
    name: str, text: str, loader: Loader, exported: Exported
) -> None:
    check_prompt(loader, exported.embeddings[name], text, times=_TIMES[text])


@pytest.mark.parametrize("name", LORA_NAMES)
def test_a_lora_is_installed_for_its_family_and_every_layer_changes(
    name: str, loader: Loader, exported: Exported
) -> None:
    file = exported.loras[name]
    assert loader.told(file.path)["base"] == _BASES[file.family]
    check_lora(loader, file)


def test_the_programs_own_loaders_were_asked_as_well() -> None:
    """Says why, where they were not."""
    skip_without("invokeai")
