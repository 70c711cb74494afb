"""Prompts: templates to train and preview with, and the placement of the placeholder token."""

from __future__ import annotations

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
