"""Prompts: templates to train and preview with, and the placement of the placeholder token.

How a word is asked for depends on what was trained:

- **embedding**: the word alone, ``a photo of a rexdog``; its vectors take the word's place.
- **lora**: the word as plain text followed by its class word, ``a photo of a rexdog dog``. The text
  encoder stays as it was, so an invented word alone would mean little to it; with the class word
  behind it the model starts from what it knows, and the file works with the same plain prompt in
  any program. Training and drawing both go through ``lora_prompt``.
- **base model**, to compare with: the class word in the word's place (``base_prompt``).

For a style or a negative concept the class word describes no thing, and a LoRA gets the word alone.
"""

from __future__ import annotations

import re

from textinv_app.domain.concept import ConceptKind

WORD = "{word}"

# Templates in the manner of Gal et al. 2022 (arXiv 2208.01618), in our own words: they name
# only what varies between pictures, so that the new word has to hold what they share.
_SUBJECT = (
    "a photo of a {word}",
    "a photo of my {word}",
    "a picture of a {word}",
    "a close-up photo of a {word}",
    "a bright photo of the {word}",
    "a cropped photo of the {word}",
    "a good photo of a {word}",
    "a drawing of a {word}",
    "a {word}",
)
_STYLE = (
    "a picture in the style of {word}",
    "a drawing in the style of {word}",
    "a painting in the style of {word}",
    "an animal in the style of {word}",
    "{word} style",
)
_NEGATIVE = ("{word}", "a {word} picture", "a picture in the style of {word}")

_PREVIEWS: dict[ConceptKind, tuple[str, str]] = {
    "subject": ("a photo of a {word}", "a {word} with a red scarf in the snow"),
    "style": ("a cat in the style of {word}", "a dog on the beach in the style of {word}"),
    "negative": ("a photo of a cat", "a dog on the beach"),
}


def training_templates(kind: ConceptKind) -> tuple[str, ...]:
    """Return the prompt templates of a concept kind; each holds ``{word}`` exactly once."""
    return {"subject": _SUBJECT, "style": _STYLE, "negative": _NEGATIVE}[kind]


def preview_prompts(kind: ConceptKind) -> tuple[str, str]:
    """Return two preview prompts, one plain and one hard.

    For a negative concept they do not hold ``{word}``: the word goes into the negative prompt.
    """
    return _PREVIEWS[kind]


def put_word(template: str, word: str) -> str:
    """Replace ``{word}`` in a template; other braces are left as they are."""
    return template.replace(WORD, word)


def find_word(word: str) -> re.Pattern[str]:
    """Return a pattern that finds ``word`` in a prompt, whole and in any case.

    Letters, digits, ``-`` and ``_`` around it make it another word.
    """
    return re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])", re.IGNORECASE)


def add_word(prompt: str, word: str) -> str:
    """Return ``prompt`` with a word behind it, unless it holds the word already."""
    if not word or find_word(word).search(prompt):
        return prompt.strip()
    return ", ".join(filter(None, (prompt.strip(), word)))


def base_prompt(prompt: str, word: str, class_word: str) -> str:
    """Return ``prompt`` for the untrained model: the class word takes the word's place.

    ``prompt`` holds ``{word}`` or the word itself; ``rexdog dog`` becomes ``dog``, not ``dog dog``.
    """
    if not word:
        return put_word(prompt, class_word)
    joined = re.sub(
        rf"{find_word(word).pattern}\s+{find_word(class_word).pattern}",
        lambda _match: class_word,
        put_word(prompt, word),
        flags=re.IGNORECASE,
    )
    return find_word(word).sub(lambda _match: class_word, joined)


def lora_prompt(prompt: str, word: str, class_word: str, kind: ConceptKind = "subject") -> str:
    """Return ``prompt`` as a LoRA gets it, in training and drawing: the word, then its class word.

    ``prompt`` holds ``{word}`` or the word itself; a class word already there is not doubled.
    """
    plain = put_word(prompt, word)
    if kind != "subject" or not class_word:
        return plain
    behind = rf"(?!\s+{re.escape(class_word)}(?![\w-]))"
    return re.sub(
        find_word(word).pattern + behind,
        lambda match: f"{match.group(0)} {class_word}",
        plain,
        flags=re.IGNORECASE,
    )
