"""Where a word goes in a prompt."""

from __future__ import annotations

import pytest

from textinv_app.domain.concept import ConceptKind
from textinv_app.domain.prompts import (
    WORD,
    add_word,
    base_prompt,
    lora_prompt,
    preview_prompts,
    put_word,
    training_templates,
)

KINDS: tuple[ConceptKind, ...] = ("subject", "style", "negative")


@pytest.mark.parametrize("kind", KINDS)
def test_every_template_holds_the_word_once(kind: ConceptKind) -> None:
    assert all(template.count(WORD) == 1 for template in training_templates(kind))


def test_previews_of_a_negative_word_do_not_name_it() -> None:
    assert not any(WORD in prompt for prompt in preview_prompts("negative"))
    assert all(WORD in prompt for prompt in preview_prompts("subject"))


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a photo of a {word}", "a photo of a rexdog dog"),
        ("a photo of a rexdog", "a photo of a rexdog dog"),
        # Not doubled, not changed inside other words, any case.
        ("a rexdog dog and a Rexdog", "a rexdog dog and a Rexdog dog"),
        ("rexdogs, my-rexdog, rexdog_2", "rexdogs, my-rexdog, rexdog_2"),
        ("a rexdog, running", "a rexdog dog, running"),
        ("rexdog doghouse", "rexdog dog doghouse"),
        ("no word here", "no word here"),
    ],
)
def test_a_lora_gets_the_word_and_its_class_word(prompt: str, expected: str) -> None:
    assert lora_prompt(prompt, "rexdog", "dog") == expected


def test_a_style_lora_gets_the_word_alone() -> None:
    prompt = lora_prompt("a cat in the style of {word}", "inkstyle", "drawing", "style")
    assert prompt == "a cat in the style of inkstyle"


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a photo of a {word}", "a photo of a dog"),
        ("a RexDog and a rexdog dog", "a dog and a dog"),
        ("a RexDog dog", "a dog"),
        ("rexdogs", "rexdogs"),
    ],
)
def test_the_untrained_model_gets_the_class_word(prompt: str, expected: str) -> None:
    assert base_prompt(prompt, "rexdog", "dog") == expected


def test_a_word_is_added_where_only_another_one_holds_it() -> None:
    assert add_word("BadPics, dark", "badpics") == "BadPics, dark"
    assert add_word("badpicsx", "badpics") == "badpicsx, badpics"


def test_words_with_signs_are_taken_literally() -> None:
    assert put_word("a {word} {other}", "r\\1") == "a r\\1 {other}"
    assert base_prompt("a rex-dog", "rex-dog", r"d\1g") == r"a d\1g"
