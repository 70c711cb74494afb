"""Names and class words as people type them, made safe to keep and to show."""

from __future__ import annotations

import unicodedata

from textinv_app.errors import BadInput

MAX_NAME_CHARACTERS = 40
MAX_CLASS_WORD_CHARACTERS = 40
_ALLOWED_MARKS = frozenset(" -_'’")


def clean_name(text: str) -> str:
    """Return a name: letters of any script, digits, space, ``-_'``; 1 to 40 characters, NFKC.

    White space is made single spaces. Raises ``BadInput`` for other characters or lengths.
    """
    name = _normal(text)
    if not name:
        raise BadInput("name.empty", "Please give it a name.")
    if len(name) > MAX_NAME_CHARACTERS:
        raise BadInput(
            "name.too_long",
            f"The name may have at most {MAX_NAME_CHARACTERS} characters.",
            limit=MAX_NAME_CHARACTERS,
        )
    _refuse_letters(name, "name.letters", "name")
    return name


def clean_class_word(text: str) -> str:
    """Return the ordinary word the new one starts from, in small letters, one to three words.

    Raises ``BadInput`` where it is empty, too long or has characters that a name may not have.
    """
    word = _normal(text).lower()
    if not word:
        raise BadInput("class_word.empty", "Please say what it is, for instance: dog.")
    if len(word) > MAX_CLASS_WORD_CHARACTERS or len(word.split()) > 3:
        raise BadInput(
            "class_word.too_long", "Please say in one to three words what it is, for instance: dog."
        )
    _refuse_letters(word, "class_word.letters", "word for what it is")
    return word


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _refuse_letters(text: str, code: str, what: str) -> None:
    wrong = [letter for letter in text if not _is_allowed(letter)]
    if wrong:
        raise BadInput(
            code,
            f"The {what} may hold letters, digits, spaces, hyphens and apostrophes, but not "
            f"“{_shown(wrong[0])}”.",
            letter=_shown(wrong[0]),
        )


def _is_allowed(letter: str) -> bool:
    # Combining marks belong to the letters of many scripts.
    return letter in _ALLOWED_MARKS or unicodedata.category(letter)[0] in "LMN"


def _shown(letter: str) -> str:
    return letter if letter.isprintable() and letter not in "<>&" else f"U+{ord(letter):04X}"
