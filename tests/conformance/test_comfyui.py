"""ComfyUI: by its documented rules, and with its own loaders where ``PETNAME_COMFYUI`` is set."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.answers import SourcesOf, skip_without, ways
from tests.conformance.checks import check_embedding, check_lora, check_prompt
from tests.conformance.exported import EMBEDDING_NAMES, LORA_NAMES, WORD, Exported
from tests.conformance.loading import Loader
from tests.conformance.rules.comfyui import ComfyUI
from textinv_app.domain.concept import ConceptKind
from textinv_app.formats.usage import UsedFile, usage_guides

_WEIGHTS: dict[str, list[float]] = {
    f"embedding:{WORD}": [1.0],
    f"a photo of embedding:{WORD} in the snow": [1.0],
    f"a photo of (embedding:{WORD}:1.2) in the snow": [1.2],
    f"embedding:{WORD}, in the snow": [1.0],
    f"((embedding:{WORD})) and embedding:{WORD}": [1.21, 1.0],
    # Read as text: what people must be told, and what our guides must never write.
    f"a photo,embedding:{WORD}": [],
    f"in the snow with embedding:{WORD}.": [],
    f"embedding:{WORD.upper()}": [],
}


@pytest.fixture(params=ways("comfyui"))
def loader(request: pytest.FixtureRequest, sources_of: SourcesOf) -> Loader:
    return ComfyUI() if request.param == "rules" else sources_of("comfyui", tuple(_WEIGHTS))


@pytest.mark.parametrize("name", EMBEDDING_NAMES)
def test_every_vector_of_an_embedding_arrives(
    name: str, loader: Loader, exported: Exported
) -> None:
    check_embedding(loader, exported.embeddings[name])


@pytest.mark.parametrize("text", _WEIGHTS)
@pytest.mark.parametrize("name", EMBEDDING_NAMES)
def test_prompts_bring_the_word_in_with_its_weight(
    name: str, text: str, loader: Loader, exported: Exported
) -> None:
    file, weights = exported.embeddings[name], _WEIGHTS[text]
    check_prompt(loader, file, text, times=len(weights))
    if weights:
        found = loader.prompt(file.path, file.family, text)["text_encoder.weights"]
        assert np.allclose(found, np.repeat(weights, file.count))


@pytest.mark.parametrize("name", LORA_NAMES)
def test_every_layer_of_a_lora_changes(name: str, loader: Loader, exported: Exported) -> None:
    check_lora(loader, exported.loras[name])


@pytest.mark.parametrize("kind", ["subject", "style", "negative"])
def test_the_prompt_in_our_guide_brings_the_word_in(kind: ConceptKind, exported: Exported) -> None:
    used = UsedFile(WORD, "embedding", "sd1", kind)
    guide = next(guide for guide in usage_guides(used) if guide.program == "comfyui")
    check_prompt(ComfyUI(), exported.embeddings["sd1-4-vectors"], guide.copyable, times=1)


def test_an_sdxl_word_is_taken_half_by_sd1_so_the_file_says_what_it_fits(
    exported: Exported,
) -> None:
    """ComfyUI says nothing there; the usage hint is where people find out."""
    file = exported.embeddings["sdxl-4-vectors"]
    assert set(ComfyUI().embedding(file.path, "sd1")) == {"text_encoder"}
    assert ComfyUI().embedding(exported.embeddings["sd1-4-vectors"].path, "sd2") == {}


def test_the_programs_own_loaders_were_asked_as_well() -> None:
    """Says why, where they were not."""
    skip_without("comfyui")
