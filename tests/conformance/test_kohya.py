"""kohya's scripts: by documented rules, and with their loaders where ``PETNAME_KOHYA`` is set."""

from __future__ import annotations

import pytest

from tests.conformance.answers import SourcesOf, skip_without, ways
from tests.conformance.checks import check_embedding, check_lora
from tests.conformance.exported import EMBEDDING_NAMES, LORA_NAMES, Exported
from tests.conformance.loading import Loader
from tests.conformance.rules.kohya import Kohya


@pytest.fixture(params=ways("kohya"))
def loader(request: pytest.FixtureRequest, sources_of: SourcesOf) -> Loader:
    return Kohya() if request.param == "rules" else sources_of("kohya", ())


@pytest.mark.parametrize("name", EMBEDDING_NAMES)
def test_a_training_can_go_on_from_every_vector_of_an_embedding(
    name: str, loader: Loader, exported: Exported
) -> None:
    check_embedding(loader, exported.embeddings[name])


@pytest.mark.parametrize("name", LORA_NAMES)
def test_every_layer_of_a_lora_is_loaded(name: str, loader: Loader, exported: Exported) -> None:
    check_lora(loader, exported.loras[name])


def test_the_programs_own_loaders_were_asked_as_well() -> None:
    """Says why, where they were not."""
    skip_without("kohya")
