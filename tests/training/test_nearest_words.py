"""What the word means so far."""

from __future__ import annotations

import pytest
import torch

from tests.training.conftest import ModelOf
from textinv_app.models.loading import load
from textinv_app.training.nearest import Dictionary
from textinv_app.training.text import token_matrix


def test_the_nearest_words_are_whole_words_nearest_first(model_of: ModelOf) -> None:
    model = load(model_of("sd1"))
    matrix = token_matrix(model.text_encoders[0])
    ids = model.tokenizers[0]("dog cat", add_special_tokens=False)["input_ids"]
    vector = (2.0 * matrix.weight[ids[0]] + matrix.weight[ids[1]]).detach()
    nearest = Dictionary(model.tokenizers[0], matrix).nearest(vector[None], count=4)
    assert [word for word, _ in nearest[:2]] == ["dog", "cat"]
    cosines = [cosine for _, cosine in nearest]
    assert cosines == sorted(cosines, reverse=True)
    assert all(word.isalpha() and len(word) > 2 for word, _ in nearest)


def test_each_word_comes_once_for_several_vectors(model_of: ModelOf) -> None:
    model = load(model_of("sd1"))
    matrix = token_matrix(model.text_encoders[0])
    ids = model.tokenizers[0]("dog dog cat", add_special_tokens=False)["input_ids"]
    nearest = Dictionary(model.tokenizers[0], matrix).nearest(matrix.weight[ids].detach())
    assert [word for word, _ in nearest[:2]] in (["dog", "cat"], ["cat", "dog"])
    assert len({word for word, _ in nearest}) == len(nearest)
    assert nearest[1][1] == pytest.approx(1.0, abs=1e-4)


def test_a_dictionary_without_words_says_nothing() -> None:
    class Letters:
        def convert_ids_to_tokens(self, ids: list[int]) -> list[str]:
            return [f"{chr(97 + number)}</w>" for number in ids]

    assert Dictionary(Letters(), torch.nn.Embedding(5, 4)).nearest(torch.ones(1, 4)) == []
