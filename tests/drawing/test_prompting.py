"""Prompts with worn words: where a word is found, and what the encoders make of it."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from tests.drawing.conftest import LoadedOf
from textinv_app.drawing.prompting import (
    WornWord,
    encode_prompts,
    mean_embedding,
    split_prompt,
)
from textinv_app.models.loading import text_model


def _word(name: str, num_vectors: int = 1, *widths: int) -> WornWord:
    rows = tuple(torch.full((num_vectors, width), 0.5) for width in widths or (32,))
    return WornWord(name, rows)


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("a rexdog", ["a ", 0, ""]),
        ("RexDog, REXDOG!", ["", 0, ", ", 0, "!"]),
        ("a rexdog2 and a rexdog", ["a ", 1, " and a ", 0, ""]),
        ("a myrexdog, rexdogs, rex-rexdog", ["a myrexdog, rexdogs, rex-rexdog"]),
        ("(rexdog:1.2)", ["(", 0, ":1.2)"]),
        ("", [""]),
    ],
)
def test_words_are_found_whole_and_in_any_case(prompt: str, pieces: list[str | int]) -> None:
    assert split_prompt(prompt, [_word("rexdog"), _word("rexdog2")]) == pieces


def test_a_word_with_signs_of_regular_expressions_is_taken_as_it_is() -> None:
    assert split_prompt("a c++ dog", [_word("c++")]) == ["a ", 0, " dog"]


def test_worn_vectors_reach_the_encoder_unchanged(loaded: LoadedOf) -> None:
    """A word that wears the dictionary's own vectors gives what the dictionary's word gives."""
    model = loaded("crayon")
    ids = model.tokenizers[0]("dog", add_special_tokens=False)["input_ids"]
    rows = text_model(model.text_encoders[0]).embeddings.token_embedding.weight[ids]
    worn = encode_prompts(model, ["a photo of a rexdog on snow"], [WornWord("rexdog", (rows,))])
    plain = encode_prompts(model, ["a photo of a dog on snow"], [])
    assert torch.equal(worn.hidden_states, plain.hidden_states)


def test_sdxl_pools_at_the_end_and_not_at_the_word(loaded: LoadedOf) -> None:
    """The second encoder's configuration says 2 for the end token, as SDXL's does."""
    model = loaded("sdxl")
    encoder = model.text_encoders[1]
    assert encoder.config.eos_token_id == 2
    ids = model.tokenizers[1]("dog", add_special_tokens=False)["input_ids"]
    rows = tuple(
        text_model(each).embeddings.token_embedding.weight[ids] for each in model.text_encoders
    )
    worn = encode_prompts(model, ["a rexdog on snow"], [WornWord("rexdog", rows)])
    tokens = model.tokenizers[1](
        "a dog on snow", padding="max_length", max_length=77, return_tensors="pt"
    )["input_ids"]
    with torch.no_grad():
        states = text_model(encoder)(tokens).last_hidden_state[0]
    end = int((tokens[0] == model.tokenizers[1].eos_token_id).int().argmax())
    expected = functional.linear(states[end], encoder.text_projection.weight)
    assert worn.pooled is not None
    assert torch.allclose(worn.pooled[0], expected, atol=1e-5)


def test_the_mean_of_a_class_word_is_that_of_its_tokens(loaded: LoadedOf) -> None:
    model = loaded("crayon")
    tokens = model.tokenizers[0]("dog cat", add_special_tokens=False)["input_ids"]
    assert len(tokens) == 2
    weight = text_model(model.text_encoders[0]).embeddings.token_embedding.weight
    mean = mean_embedding(model, 0, "dog cat")
    assert mean is not None
    assert torch.allclose(mean, weight[tokens].mean(dim=0))
    assert mean_embedding(model, 0, "  ") is None
