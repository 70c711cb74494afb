"""Every word that is allowed is read as one word, with its weight, by every program."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.conformance.answers import folder_of, skip_without
from tests.conformance.rules.comfyui import words_in
from tests.conformance.rules.invokeai import triggers_in
from textinv_app.domain.words import check_word
from textinv_app.errors import WordRefused

_PARTS = ("rex", "dog", "and", "break", "light", "e", "inf", "nan", "-", "_", "x")


def _is_allowed(word: str) -> bool:
    try:
        check_word(word, ())
    except WordRefused:
        return False
    return True


@given(
    word=st.one_of(
        st.from_regex(r"[a-z][a-z0-9_-]{2,40}", fullmatch=True),
        st.lists(st.sampled_from(_PARTS), min_size=1, max_size=6).map("".join),
    )
)
@settings(max_examples=200, deadline=None)
def test_an_allowed_word_is_read_as_one_word_by_every_program(word: str) -> None:
    assume(_is_allowed(word))
    # ComfyUI: behind its marker, in brackets with a weight, before a comma.
    assert list(words_in(f"a photo of embedding:{word} in the snow")) == [(word, 1.0)]
    assert list(words_in(f"(embedding:{word}:1.2), red")) == [(word, 1.2)]
    assert list(words_in(f"embedding:{word}, red")) == [(word, 1.0)]
    [(name, weight)] = words_in(f"(embedding:{word})")
    assert (name, round(weight, 6)) == (word, 1.1)
    # InvokeAI: between angle brackets.
    assert triggers_in(f"a photo of <{word}> in the snow") == [word]
    # AUTOMATIC1111: AND and BREAK split a prompt where they stand alone, in any case.
    assert len(re.split(r"\b(?:AND|BREAK)\b", f"a {word} here", flags=re.IGNORECASE)) == 1
    # Numbers behind a word are those of diffusers and kohya for its further vectors.
    assert not re.search(r"\d$", word)
    # Windows, and a number is a weight to ComfyUI.
    assert word not in {"con", "prn", "aux", "nul"}
    with pytest.raises(ValueError, match="float"):
        float(word)


@pytest.mark.parametrize(
    "text",
    ["a,embedding:rexdog", "embedding:rexdog.", "embedding:rexdog)", "embedding :rexdog"],
)
def test_what_comfyui_reads_otherwise_is_known(text: str) -> None:
    assert list(words_in(text)) != [("rexdog", 1.0)]


def test_no_word_of_clips_own_dictionary_is_allowed() -> None:
    """Such a word would take over the ordinary one; the dictionary comes with ComfyUI."""
    skip_without("comfyui")
    folder = folder_of("comfyui")
    assert folder is not None
    path = Path(folder) / "comfy" / "sd1_tokenizer" / "vocab.json"
    vocabulary = json.loads(path.read_text(encoding="utf-8"))
    words = {token.removesuffix("</w>") for token in vocabulary}
    assert len(words) > 40_000
    assert [word for word in sorted(words) if _is_allowed(word)] == []
