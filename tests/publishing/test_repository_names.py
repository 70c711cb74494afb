"""Names of repositories: what the Hub takes, and a suggestion where it would not."""

from __future__ import annotations

import pytest
from huggingface_hub.utils import validate_repo_id
from hypothesis import given
from hypothesis import strategies as st

from textinv_app.errors import BadInput
from textinv_app.publishing.names import check_repository_name, suggest_repository_name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("rexdog", "rexdog"),
        ("  anna/rex.dog_1-2 ", "anna/rex.dog_1-2"),
        ("https://huggingface.co/anna/rexdog", "anna/rexdog"),
        ("https://huggingface.co/anna/rexdog/", "anna/rexdog"),
    ],
)
def test_good_names_are_taken(typed: str, name: str) -> None:
    assert check_repository_name(typed) == name


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("my pet", "my-pet"),
        ("Chloé", "Chloe"),
        ("rex--dog", "rex-dog"),
        ("rex..dog", "rex.dog"),
        ("-rex-", "rex"),
        ("rex.git", "rex"),
        ("anna/my pet", "anna/my-pet"),
        ("a/b/c d", "c-d"),
        ("猫", "petname"),
        ("../../etc/passwd", "passwd"),
        ("x" * 97, "x" * 96),
    ],
)
def test_bad_names_are_refused_with_a_good_one(typed: str, suggestion: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_repository_name(typed)
    assert caught.value.details["suggestion"] == suggestion
    assert check_repository_name(suggestion) == suggestion


def test_no_name_is_asked_for() -> None:
    with pytest.raises(BadInput) as caught:
        check_repository_name("  ")
    assert caught.value.code == "publish.no_name"


@given(st.text(max_size=120))
def test_what_is_taken_or_suggested_is_a_name_for_the_hub_too(typed: str) -> None:
    try:
        name = check_repository_name(typed)
    except BadInput as error:
        name = str(error.details.get("suggestion", "petname"))
    validate_repo_id(name)
    assert check_repository_name(name) == name


def test_the_first_suggestion_says_what_it_is() -> None:
    assert suggest_repository_name("rexdog", "embedding") == "rexdog-embedding"
    assert suggest_repository_name("rexdog", "lora") == "rexdog-lora"
