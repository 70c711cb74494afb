"""Prompts with a new word read as diffusers reads them once the file is loaded."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.tiny_models import tiny_pipeline
from tests.training.conftest import ModelOf
from textinv_app.domain.concept import Family
from textinv_app.models.loading import LoadedModel, load, text_model
from textinv_app.training.text import token_ids, token_matrix
from textinv_app.training.textual_inversion import TextualInversion, start_rows

TEMPLATES = ("a photo of a {word} in the snow", "the {word}", "{word}, my dog")
NUM_VECTORS = 3


def trained(model: LoadedModel) -> TextualInversion:
    """Return a method whose rows are some random numbers."""
    method = TextualInversion(model.text_encoders, model.tokenizers, TEMPLATES, "dog", NUM_VECTORS)
    generator = torch.Generator().manual_seed(1)
    for rows in method.parameters.values():
        rows.data.copy_(torch.randn(rows.shape, generator=generator))
    return method


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_prompts_are_encoded_as_diffusers_does(family: Family, model_of: ModelOf) -> None:
    method = trained(load(model_of(family)))
    pipeline = tiny_pipeline(family)
    with torch.no_grad():
        ours = method.condition([0, 1, 2])
    rows = {name: value.detach() for name, value in method.parameters.items()}
    pipeline.load_textual_inversion(
        rows["text_encoder"], "rexdog", pipeline.tokenizer, pipeline.text_encoder
    )
    if family == "sdxl":
        # Its configuration says 2, which would pool at the new word (formats of old models).
        text_model(pipeline.text_encoder_2).eos_token_id = pipeline.tokenizer_2.eos_token_id
        pipeline.load_textual_inversion(
            rows["text_encoder_2"], "rexdog", pipeline.tokenizer_2, pipeline.text_encoder_2
        )
    prompts = [template.replace("{word}", "rexdog") for template in TEMPLATES]
    theirs = pipeline.encode_prompt(
        prompts, device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=False
    )
    assert torch.allclose(ours.hidden_states, theirs[0], atol=1e-5)
    if family == "sdxl":
        assert ours.pooled is not None
        assert torch.allclose(ours.pooled, theirs[2], atol=1e-5)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_only_the_rows_get_a_gradient_and_the_matrix_stays(
    family: Family, model_of: ModelOf
) -> None:
    model = load(model_of(family))
    method = trained(model)
    encoders = model.text_encoders
    before = [encoder.state_dict() for encoder in encoders]
    copies = [{name: value.clone() for name, value in state.items()} for state in before]
    torch.autograd.backward(method.condition([0, 1]).hidden_states.square().mean())
    assert all(bool(rows.grad.abs().sum() > 0) for rows in method.parameters.values())  # type: ignore[union-attr]
    for encoder, copy in zip(encoders, copies, strict=True):
        after = encoder.state_dict()
        assert list(after) == list(copy)
        assert all(torch.equal(after[name], copy[name]) for name in copy)
        assert all(parameter.grad is None for parameter in encoder.parameters())


def test_a_word_that_is_too_long_is_cut_before_the_end_token(model_of: ModelOf) -> None:
    model = load(model_of("sd1"))
    prompt = "dog " * 100 + "{word}"
    method = TextualInversion(model.text_encoders, model.tokenizers, [prompt], "dog", 8)
    states = method.condition([0]).hidden_states
    assert states.shape[1] == 77
    tokenizer, encoder = model.tokenizers[0], model.text_encoders[0]
    placeholders = range(90_000, 90_008)
    ids = token_ids(tokenizer, encoder, "dog " * 72 + "{word}", placeholders)
    assert len(ids) == 77
    assert ids.index(tokenizer.eos_token_id) == 76
    assert ids[73:76] == list(placeholders[:3])


def first_rows_of(class_word: str, num_vectors: int) -> tuple[Tensor, Tensor]:
    """Return the first rows of a word and the dictionary's vectors of its tokens."""
    pipeline = tiny_pipeline("sd1")
    matrix = token_matrix(pipeline.text_encoder)
    ids = pipeline.tokenizer(class_word, add_special_tokens=False)["input_ids"]
    rows = start_rows(pipeline.text_encoder, pipeline.tokenizer, class_word, num_vectors, "plain")
    return rows, matrix.weight[ids]


def test_a_word_starts_as_its_class_word() -> None:
    rows, known = first_rows_of("dog", 3)
    assert torch.equal(rows, known.repeat(3, 1))


def test_a_class_word_of_two_tokens_is_spelt_out_where_there_is_room() -> None:
    rows, known = first_rows_of("red dog", 3)
    assert torch.equal(rows, torch.cat([known, known[-1:]]))


def test_a_long_class_word_is_averaged() -> None:
    rows, known = first_rows_of("zorse", 1)
    assert len(known) > 1
    assert torch.allclose(rows, known.mean(dim=0, keepdim=True))


def test_cross_initialization_starts_from_what_the_encoder_makes_of_the_word() -> None:
    pipeline = tiny_pipeline("sd1")
    rows = start_rows(pipeline.text_encoder, pipeline.tokenizer, "dog", 2, "cross")
    ids = pipeline.tokenizer("dog", padding="max_length", max_length=77, return_tensors="pt")
    with torch.no_grad():
        states = pipeline.text_encoder(ids["input_ids"]).last_hidden_state
    assert torch.allclose(rows, states[0, 1].repeat(2, 1), atol=1e-6)
