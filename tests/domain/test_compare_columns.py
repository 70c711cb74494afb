"""From what is chosen to the columns of a comparison."""

from __future__ import annotations

from typing import Any

from textinv_app.domain.compare import ChosenFile, CompareChoice, columns
from textinv_app.domain.concept import Method
from textinv_app.domain.drawing import WornArtifact


def _file(method: Method, word: str = "rexdog", class_word: str = "dog", **changes: Any) -> Any:
    fields: dict[str, Any] = {
        "path": f"/files/{word}-{method}.safetensors",
        "method": method,
        "placeholder_token": word,
        "kind": "subject",
    }
    return ChosenFile(worn=WornArtifact(**(fields | changes)), class_word=class_word)


def _prompts(choice: CompareChoice) -> dict[str, str]:
    return {column.name: column.prompt for column in columns(choice)}


def test_each_column_asks_in_its_own_way() -> None:
    choice = CompareChoice(
        prompt="a photo of a RexDog in the snow",
        embedding=_file("embedding"),
        lora=_file("lora"),
    )
    assert _prompts(choice) == {
        "base": "a photo of a dog in the snow",
        "embedding": "a photo of a RexDog in the snow",
        "lora": "a photo of a RexDog dog in the snow",
        "both": "a photo of a RexDog dog in the snow",
    }
    worn = {column.name: [file.method for file in column.worn] for column in columns(choice)}
    assert worn == {
        "base": [],
        "embedding": ["embedding"],
        "lora": ["lora"],
        "both": ["embedding", "lora"],
    }


def test_the_placeholder_of_templates_is_the_word() -> None:
    choice = CompareChoice(prompt="a {word} on a beach", embedding=_file("embedding"))
    assert _prompts(choice) == {"base": "a dog on a beach", "embedding": "a rexdog on a beach"}


def test_a_class_word_that_follows_already_is_not_doubled() -> None:
    choice = CompareChoice(prompt="a rexdog dog", lora=_file("lora"))
    assert _prompts(choice) == {"base": "a dog", "lora": "a rexdog dog"}


def test_two_words_for_one_pet_take_each_others_place() -> None:
    choice = CompareChoice(
        prompt="a rexdog in the snow",
        embedding=_file("embedding"),
        lora=_file("lora", word="oldrexdog"),
    )
    prompts = _prompts(choice)
    assert prompts["base"] == "a dog in the snow"
    assert prompts["embedding"] == "a rexdog in the snow"
    assert prompts["lora"] == "a oldrexdog dog in the snow"


def test_a_pet_and_a_style_are_told_apart() -> None:
    choice = CompareChoice(
        prompt="a rexdog in the style of inkymood",
        embedding=_file("embedding"),
        lora=_file("lora", word="inkymood", class_word="drawing", kind="style"),
    )
    assert _prompts(choice) == {
        "base": "a dog in the style of drawing",
        "embedding": "a rexdog in the style of drawing",
        "lora": "a dog in the style of inkymood",
        "both": "a rexdog in the style of inkymood",
    }


def test_negative_words_go_into_the_negative_prompt_of_trained_columns() -> None:
    bad = _file("embedding", "badpics", kind="negative")
    choice = CompareChoice(
        prompt="a rexdog", negative_prompt=" blurred ", lora=_file("lora"), negatives=(bad,)
    )
    found = {column.name: column for column in columns(choice)}
    assert found["base"].negative_prompt == "blurred"
    assert found["base"].worn == ()
    for name in ("embedding", "lora"):
        assert found[name].negative_prompt == "blurred, badpics"
        assert found[name].worn[-1] == bad.worn
    assert found["embedding"].prompt == "a dog"


def test_a_negative_word_that_is_there_already_is_not_doubled() -> None:
    bad = _file("embedding", "badpics", kind="negative")
    choice = CompareChoice(prompt="a dog", negative_prompt="BadPics, dark", negatives=(bad, bad))
    assert columns(choice)[1].negative_prompt == "BadPics, dark"
    choice = CompareChoice(prompt="a dog", negatives=(bad, bad))
    assert columns(choice)[1].negative_prompt == "badpics"


def test_a_negative_embedding_chosen_as_the_embedding_is_a_negative() -> None:
    bad = _file("embedding", "badpics", kind="negative")
    found = columns(CompareChoice(prompt="a cat", embedding=bad))
    assert [(column.name, column.prompt, column.negative_prompt) for column in found] == [
        ("base", "a cat", ""),
        ("embedding", "a cat", "badpics"),
    ]
    both = columns(CompareChoice(prompt="a cat", embedding=bad, negatives=(bad,)))
    assert both[1].worn == (bad.worn,)


def test_nothing_chosen_is_the_base_model_alone() -> None:
    found = columns(CompareChoice(prompt="a cat"))
    assert [(column.name, column.prompt, column.worn) for column in found] == [
        ("base", "a cat", ())
    ]


def test_an_imported_lora_without_a_class_word_gets_the_prompt_as_it_is() -> None:
    choice = CompareChoice(prompt="a zorble", lora=_file("lora", word="zorble", class_word=""))
    assert _prompts(choice) == {"base": "a pet", "lora": "a zorble"}


def test_two_files_trained_together_are_worn_together_or_not_at_all() -> None:
    choice = CompareChoice(
        prompt="a photo of a {word}",
        embedding=_file("embedding"),
        lora=_file("lora"),
        are_pair=True,
    )
    assert _prompts(choice) == {"base": "a photo of a dog", "both": "a photo of a rexdog"}
