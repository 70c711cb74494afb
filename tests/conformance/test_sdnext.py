"""SD.Next: by its documented rules, and with its own loaders where ``PETNAME_SDNEXT`` is set."""

from __future__ import annotations

import pytest

from tests.conformance.answers import SourcesOf, skip_without, ways
from tests.conformance.checks import check_embedding, check_lora, check_prompt
from tests.conformance.exported import EMBEDDING_NAMES, LORA_NAMES, WORD, Exported
from tests.conformance.loading import Loader
from tests.conformance.rules.sdnext import SDNext

_TIMES = {f"a photo of {WORD} in the snow": 1, "a photo of a dog": 0}


@pytest.fixture(params=ways("sdnext"))
def loader(request: pytest.FixtureRequest, sources_of: SourcesOf) -> Loader:
    return SDNext() if request.param == "rules" else sources_of("sdnext", tuple(_TIMES))


@pytest.mark.parametrize("name", EMBEDDING_NAMES)
def test_every_vector_of_an_embedding_arrives(
    name: str, loader: Loader, exported: Exported
) -> None:
    check_embedding(loader, exported.embeddings[name])


@pytest.mark.parametrize("text", _TIMES)
@pytest.mark.parametrize("name", EMBEDDING_NAMES)
def test_prompts_bring_the_word_in(
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
    assert told["version"] == {"sd1": "sd1", "sd2": "sd2", "sdxl": "xl"}[file.family]
    assert told["alias"] == WORD


def test_the_programs_own_loaders_were_asked_as_well() -> None:
    """Says why, where they were not."""
    skip_without("sdnext")
