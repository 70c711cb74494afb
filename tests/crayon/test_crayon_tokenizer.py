"""The tokenizer: the world's words are single tokens, and any text at all tokenizes."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from transformers import CLIPTokenizer

from textinv_app.crayon.captions import caption
from textinv_app.crayon.dataset import training_scene
from textinv_app.crayon.tokenizer import build_tokenizer, save_tokenizer, world_words
from textinv_app.domain.prompts import preview_prompts, training_templates


@pytest.fixture(scope="module")
def tokenizer() -> CLIPTokenizer:
    return build_tokenizer()


def test_every_word_of_the_world_is_one_token(tokenizer: CLIPTokenizer) -> None:
    split = [word for word in world_words() if len(tokenizer.tokenize(word)) != 1]
    assert split == []


def test_every_word_of_captions_and_templates_is_one_token(tokenizer: CLIPTokenizer) -> None:
    rng = random.Random(11)
    texts = [caption(training_scene(index), rng) for index in range(20_000, 21_000)]
    for kind in ("subject", "style", "negative"):
        texts += [*training_templates(kind), *preview_prompts(kind)]
    words = {word for text in texts for word in re.findall(r"[a-z]+", text.lower())}
    assert [word for word in sorted(words) if len(tokenizer.tokenize(word)) != 1] == []


@pytest.mark.parametrize(
    "text", ["biscuit", "größe", "日本 の 犬", "🐶", "naïve façade", "x_1 @#%", "żółw", "a\u200bb"]
)
def test_any_text_survives_there_and_back(tokenizer: CLIPTokenizer, text: str) -> None:
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.unk_token_id not in ids[1:-1]
    back = tokenizer.decode(ids, skip_special_tokens=True)
    assert re.sub(r"\s", "", back) == re.sub(r"\s", "", text.lower())


def test_the_saved_folder_loads_with_the_standard_class(
    tokenizer: CLIPTokenizer, tmp_path: Path
) -> None:
    save_tokenizer(tokenizer, tmp_path)
    loaded = CLIPTokenizer.from_pretrained(str(tmp_path))
    text = "a photo of a golden dog with a red scarf in the snow"
    assert loaded(text)["input_ids"] == tokenizer(text)["input_ids"]
    assert len(loaded) == len(tokenizer)
    assert loaded.model_max_length == 77
    padded = loaded("", padding="max_length")["input_ids"]
    assert len(padded) == 77
    assert padded[1] == loaded.eos_token_id


def test_a_word_can_be_added_as_textual_inversion_does(tokenizer: CLIPTokenizer) -> None:
    own = build_tokenizer()
    assert own.add_tokens("rexdog") == 1
    assert own.tokenize("a photo of a rexdog dog")[-2] == "rexdog"
