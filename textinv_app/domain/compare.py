"""A comparison: from what a person chose to the columns that the painter draws.

Every column is asked for the same thing in its own way (``domain/prompts.py``): the base model with
the class word, an embedding with its word alone, a LoRA with its word and the class word behind it.
"""

from __future__ import annotations

from pydantic import Field

from textinv_app.domain.concept import Value
from textinv_app.domain.drawing import ColumnName, DrawingColumn, WornArtifact
from textinv_app.domain.prompts import add_word, base_prompt, find_word, lora_prompt, put_word


class ChosenFile(Value):
    """One file that was chosen for a comparison."""

    worn: WornArtifact
    class_word: str = ""
    """Stands for the word where the file is not worn; empty where it is not known."""
    other_pet: bool = False
    """Whether it shows another pet than the photos that likeness is measured against."""


class CompareChoice(Value):
    """What was chosen for a comparison."""

    prompt: str
    """Holds the trigger word, or ``{word}`` in its place."""
    negative_prompt: str = ""
    embedding: ChosenFile | None = None
    lora: ChosenFile | None = None
    are_pair: bool = False
    """Whether embedding and LoRA were trained together: each is little without the other."""
    negatives: tuple[ChosenFile, ...] = Field(default=())
    """Negative embeddings; their words go into the negative prompt of every trained column."""


def columns(choice: CompareChoice) -> tuple[DrawingColumn, ...]:
    """Return the columns that follow from what is chosen, the base model's first.

    A negative embedding chosen as the embedding is treated as one of the negatives. Two files that
    were trained together are worn together or not at all.
    """
    choice = _sorted_out(choice)
    names: list[ColumnName] = ["base"]
    if choice.are_pair and choice.embedding and choice.lora:
        return tuple(_column(name, choice) for name in (*names, "both"))
    if choice.embedding or choice.negatives:
        names.append("embedding")
    if choice.lora:
        names.append("lora")
    if choice.embedding and choice.lora:
        names.append("both")
    return tuple(_column(name, choice) for name in names)


def _sorted_out(choice: CompareChoice) -> CompareChoice:
    chosen = choice.embedding
    if chosen is None or chosen.worn.kind != "negative":
        return choice
    negatives = choice.negatives if chosen in choice.negatives else (*choice.negatives, chosen)
    return choice.model_copy(update={"embedding": None, "negatives": negatives})


def _column(name: ColumnName, choice: CompareChoice) -> DrawingColumn:
    worn: list[ChosenFile] = []
    if name in {"embedding", "both"} and choice.embedding:
        worn.append(choice.embedding)
    if name in {"lora", "both"} and choice.lora:
        worn.append(choice.lora)
    negatives = () if name == "base" else choice.negatives
    unwanted = choice.negative_prompt.strip()
    for file in negatives:
        unwanted = add_word(unwanted, file.worn.placeholder_token)
    return DrawingColumn(
        name=name,
        prompt=_prompt(choice, worn),
        negative_prompt=unwanted,
        worn=tuple(file.worn for file in (*worn, *negatives)),
        measured=not any(file.other_pet for file in worn),
    )


def _prompt(choice: CompareChoice, worn: list[ChosenFile]) -> str:
    """Return the prompt of a column that wears these files."""
    trained = [file for file in (choice.embedding, choice.lora) if file is not None]
    first_word = trained[0].worn.placeholder_token if trained else ""
    prompt = put_word(choice.prompt.strip(), first_word)
    words = {file.worn.placeholder_token for file in worn}
    for file in trained:
        word = file.worn.placeholder_token
        if word in words or not word:
            continue
        if worn and not _names_any(prompt, words):
            # Two files of one pet under two words: each column asks with its own.
            prompt = _replace(prompt, word, worn[0].worn.placeholder_token)
        else:
            prompt = _without_word(prompt, file)
    for file in worn:
        word = file.worn.placeholder_token
        # The LoRA of a pair has met its word as the embedding's vectors, without a class word.
        if file.worn.method == "lora" and word and not choice.are_pair:
            prompt = lora_prompt(prompt, word, file.class_word, file.worn.kind)
    return prompt


def _without_word(prompt: str, file: ChosenFile) -> str:
    """Put the class word in the place of a file's word; a style without one stays as it is."""
    class_word = file.class_word or ("pet" if file.worn.kind == "subject" else "")
    return base_prompt(prompt, file.worn.placeholder_token, class_word) if class_word else prompt


def _names_any(prompt: str, words: set[str]) -> bool:
    return any(word and find_word(word).search(prompt) for word in words)


def _replace(prompt: str, word: str, replacement: str) -> str:
    return find_word(word).sub(lambda _match: replacement, prompt)
