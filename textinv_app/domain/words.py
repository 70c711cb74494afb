"""Trigger words: what may be one, and a suggestion where it may not.

The word becomes a file name and part of prompts in half a dozen programs; each rule keeps one of
them from misreading it. Words that prompts use anyway (``cat``) would be taken over by the file.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

from textinv_app.errors import WordRefused

MIN_WORD_CHARACTERS = 3
MAX_WORD_CHARACTERS = 41

_FORM = re.compile(r"[a-z][a-z0-9_-]{2,40}")
_ALLOWED = re.compile(r"[a-z0-9_-]*")

# Keys and names with a meaning of their own in some program, and names Windows reserves.
_RESERVED = frozenset(
    [
        "emb_params",
        "emp_params",
        "clip_l",
        "clip_g",
        "learned_embeds",
        "string_to_param",
        "embedding",
        "lora",
        "startoftext",
        "endoftext",
        "pytorch_lora_weights",
        "con",
        "prn",
        "aux",
        "nul",
        "inf",
        "nan",
        "infinity",
        "none",
        "null",
        "true",
        "false",
    ]
)
# AUTOMATIC1111 splits prompts at these, also between hyphens.
_SPLITTING = frozenset({"and", "break"})
# diffusers passes over files with these in their names when it looks for a LoRA.
_PASSED_OVER = ("scheduler", "optimizer", "checkpoint")

_LINKS = ("", "the", "my", "our", "dear", "little", "good")
_LINKS_WITHOUT_NAME = ("my", "our", "dear", "little", "good")
_FOLDED = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_MAX_NAME_LETTERS = 20
_MAX_CLASS_LETTERS = 12
_UNNAMED_ANIMAL = "animal"
"""Ends words of animals that are no more than a pet: in French, "pet" is a coarse word."""


def check_word(
    word: str,
    others: Collection[str],
    class_word: str = "pet",
    forgiven: Collection[str] = (),
) -> None:
    """Raise ``WordRefused`` unless ``word`` works as a trigger word in every program.

    ``others`` are the person's other words, which must not be part of each other; ``forgiven`` are
    codes of rules that need not be kept. The error's ``details['suggestion']`` is a word that
    would be accepted.
    """
    problem = _find_problem(word, others, forgiven)
    if problem is not None:
        code, sentence = problem
        suggestion = suggest_word(word, class_word, others)
        raise WordRefused(code, f"{sentence} How about {suggestion}?", suggestion=suggestion)


def suggest_word(name: str, class_word: str, others: Collection[str]) -> str:
    """Return a trigger word for a pet of this name; ``check_word`` accepts it.

    Accents are folded, everything else is dropped: ``Rex`` and ``dog`` give ``rexdog``. A name
    without a single Latin letter gives a word made of the class word alone.
    """
    candidates = itertools.chain(_named_words(name, class_word), _made_up_words(class_word))
    return next(word for word in candidates if _find_problem(word, others) is None)


def common_words() -> frozenset[str]:
    """Return the words that no trigger word may equal: CLIP's dictionary and ordinary words."""
    return _read_common_words()


@cache
def _read_common_words() -> frozenset[str]:
    text = Path(__file__).with_name("common_words.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def _find_problem(
    word: str, others: Collection[str], forgiven: Collection[str] = ()
) -> tuple[str, str] | None:
    problems = itertools.chain(_problems_of_form(word), _problems_of_meaning(word, others))
    return next((problem for problem in problems if problem[0] not in forgiven), None)


def _problems_of_form(word: str) -> Iterator[tuple[str, str]]:
    if not word:
        yield "word.empty", "A word is needed to ask for pictures of your pet."
    if not _ALLOWED.fullmatch(word):
        yield (
            "word.letters",
            "Use only small letters a to z (no accents), digits, hyphens and underscores, so that "
            "every program understands the word.",
        )
    if len(word) < MIN_WORD_CHARACTERS:
        yield "word.too_short", f"The word needs at least {MIN_WORD_CHARACTERS} letters."
    if len(word) > MAX_WORD_CHARACTERS:
        yield "word.too_long", f"The word may have at most {MAX_WORD_CHARACTERS} letters."
    if not word[:1].isalpha():
        yield "word.start", "The word must start with a letter."
    if not word[-1:].isalpha():
        yield (
            "word.ending",
            "The word must end with a letter: programs add numbers at the end themselves.",
        )
    if "__" in word:
        yield "word.double_underscore", "Two underscores in a row mean something else in prompts."


def _problems_of_meaning(word: str, others: Collection[str]) -> Iterator[tuple[str, str]]:
    if _SPLITTING & set(re.split(r"[_-]", word)):
        yield "word.splits", "The words “and” and “break” split a prompt in two in some programs."
    if word in _RESERVED or any(part in word for part in _PASSED_OVER):
        yield "word.reserved", f"“{word}” means something else to some programs."
    if word in others:
        yield "word.taken", f"You have the word “{word}” already."
    for other in others:
        if _FORM.fullmatch(other) and (other in word or word in other):
            yield (
                "word.overlaps",
                f"“{word}” and your word “{other}” contain each other; programs would mix them up.",
            )
    if word in common_words():
        yield (
            "word.ordinary",
            f"“{word}” is a word that models know already; yours would take its place everywhere.",
        )


def _fold(text: str) -> str:
    """Return the Latin letters and digits of a text in lower case, accents dropped."""
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_FOLDED))
    return "".join(c for c in decomposed if c.isascii() and c.isalnum()).lower()


def _named_words(name: str, class_word: str) -> Iterator[str]:
    start = _fold(name).strip("0123456789")[:_MAX_NAME_LETTERS]
    end = _ending(class_word)
    if start and end and start.endswith(end):
        start = start[: -len(end)]
    if not end:
        yield start
        end = _UNNAMED_ANIMAL
    for link in _LINKS if start else _LINKS_WITHOUT_NAME:
        yield f"{start}{link}{end}"


def _made_up_words(class_word: str) -> Iterator[str]:
    """Yield invented words, first such as end in the class word; some are always left."""
    end = _ending(class_word)
    syllables = ["".join(pair) for pair in itertools.product("zkvbmtpr", "oiua")]
    for two in itertools.product(syllables, repeat=2):
        yield "".join(two) + end
    for many in itertools.product(syllables, repeat=5):
        yield "".join(many)


def _ending(class_word: str) -> str:
    letters = re.sub(r"[0-9]", "", _fold(class_word))[:_MAX_CLASS_LETTERS]
    return _UNNAMED_ANIMAL if letters == "pet" else letters
