"""Both languages say everything, and every code of the project has its sentence."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from textinv_app.domain.class_words import CLASS_WORDS
from textinv_app.errors import BadInput
from textinv_app.formats.usage import all_step_codes
from textinv_app.ui.errors_en import ERRORS as ERRORS_EN
from textinv_app.ui.errors_fr import ERRORS as ERRORS_FR
from textinv_app.ui.files_en import FILES as FILES_EN
from textinv_app.ui.files_fr import FILES as FILES_FR
from textinv_app.ui.words import Words
from textinv_app.ui.words_en import WORDS as WORDS_EN
from textinv_app.ui.words_fr import WORDS as WORDS_FR

PACKAGE = Path(__file__).resolve().parents[2] / "textinv_app"
CODES = {**ERRORS_EN, **FILES_EN}
PAIRS = [
    pytest.param(WORDS_EN, WORDS_FR, id="words"),
    pytest.param(ERRORS_EN, ERRORS_FR, id="errors"),
    pytest.param(FILES_EN, FILES_FR, id="files"),
]
CRAYON_DICTIONARY = PACKAGE.parent / "assets" / "crayon" / "tokenizer" / "vocab.json"
_EXAMPLE_PROMPT = re.compile(r"compare\.(subject|style)_example\d")
_CODE = re.compile(r"[a-z_]+(\.[a-z0-9_]+){1,2}")
_ERROR_CLASSES = {
    "BadInput",
    "FileRefused",
    "ModelUnavailable",
    "NotFound",
    "PhotoRefused",
    "PublishingFailed",
    "QuotaReached",
    "StorageFailed",
    "TrainingFailed",
    "WordRefused",
}
# The command line speaks English, and Crayon's own training has no page.
_ENGLISH_ONLY = {"ui", "crayon", "commands", "cli.py"}
# Strings that look like codes and are keys or names of something else.
_OTHER_STRINGS = re.compile(r".*\.(weight|alpha|bias|json|txt|webp|png|safetensors|db|lock|key)")


def _constants() -> list[tuple[str, str]]:
    """Return every text that looks like a code with prefixes of the catalogues, and its place."""
    prefixes = {code.split(".")[0] for code in CODES if "." in code}
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if _ENGLISH_ONLY & set(path.relative_to(PACKAGE).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                looks_right = _CODE.fullmatch(text) and not _OTHER_STRINGS.fullmatch(text)
                if looks_right and text.split(".")[0] in prefixes:
                    found.append((text, f"{path.name}:{node.lineno}"))
    return found


def _raised() -> list[tuple[str, str]]:
    """Return the first argument of every error of the tree that is written out."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if {"commands", "cli.py"} & set(path.relative_to(PACKAGE).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if named and node.func.id in _ERROR_CLASSES and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.append((first.value, f"{path.name}:{node.lineno}"))
    return found


@pytest.mark.parametrize(("english", "french"), PAIRS)
def test_both_languages_have_the_same_sentences_and_blanks(
    english: dict[str, str], french: dict[str, str]
) -> None:
    assert set(english) == set(french)
    for key, text in english.items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", french[key])), (
            key
        )
        assert french[key].strip() or not text.strip(), key


def test_every_code_of_the_project_has_a_sentence() -> None:
    known = set(CODES)
    missing = sorted({f"{code} ({place})" for code, place in _constants() if code not in known})
    assert not missing


def test_every_error_that_is_raised_has_a_sentence() -> None:
    raised = _raised()
    assert len(raised) > 30
    assert not sorted({f"{code} ({place})" for code, place in raised if code not in CODES})


def test_every_step_of_the_guides_has_a_sentence_and_no_sentence_is_for_none() -> None:
    told = {key for key in FILES_EN if key.startswith("usage.")}
    assert told == set(all_step_codes())


def test_french_punctuation_never_breaks_from_its_word() -> None:
    words = Words("fr")
    assert words("form.title") == "Qui est-ce\u202f?"
    assert words("train.lead.many", n=8, word="rexdog").endswith("«\u00a0rexdog\u00a0».")
    for text in words.catalogue.values():
        assert not re.search(r" [;:!?»]|« ", text), text


def test_every_class_word_has_its_french() -> None:
    """But for the breeds and pets that both languages call the same, and the young of an animal."""
    pairs = (pair.split("=") for pair in WORDS_FR["form.class_translations"].split(" | "))
    translated = {english: french for french, english in pairs}
    same = {"beagle", "chihuahua", "corgi", "hamster", "husky", "labrador", "rat", "terrier"}
    assert set(CLASS_WORDS) - set(translated) - same == {"puppy", "kitten"}


def test_a_percentage_and_a_size_never_break_from_their_number() -> None:
    """The French percentage could break, the English one had a space at all."""
    details = {"name": "a.jpg", "missing_percent": 40, "size_mb": 70, "limit_mb": 60}
    assert "manque 40\u202f%." in Words("fr").error("photo.broken_off", "", details)
    assert "40% of it" in Words("en").error("photo.broken_off", "", details)
    assert "limite est de 60\u00a0Mo." in Words("fr").error("file.too_large", "", details)


def test_an_error_is_said_in_the_language_with_its_details() -> None:
    error = BadInput("quota.concepts", "You have 3 words.", limit=3)
    assert Words("fr").problem(error).startswith("Vous avez 3 mots")
    assert Words("en").problem(error).startswith("You have 3 words")


def test_an_unknown_code_is_said_in_its_own_sentence() -> None:
    assert Words("fr").error("new.code", "Something new.", {}) == "Something new."
    assert Words("fr").error("", "", {}) == Words("fr")("page.unexpected")


def test_a_missing_blank_never_breaks_a_sentence() -> None:
    assert "…" in Words("en").error("quota.runs", "", {})


@pytest.mark.parametrize(
    ("language", "number", "text"),
    [("en", 1, "1 photo"), ("en", 0, "0 photos"), ("fr", 0, "0 photo"), ("fr", 2, "2 photos")],
)
def test_counting_follows_the_language(language: str, number: int, text: str) -> None:
    assert Words(language).count("photos.count", number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(8.4, "8\u00a0s"), (75, "1\u00a0min 15\u00a0s"), (660, "11\u00a0min"), (5400, "1\u00a0h 30")],
)
def test_durations_are_said_as_people_do(seconds: float, text: str) -> None:
    assert Words("en").duration(seconds) == text


def test_sizes_and_days_follow_the_language() -> None:
    assert Words("en").size(1_420_000) == "1.4\u00a0MB"
    assert Words("fr").size(3_214) == "3,2\u00a0ko"
    assert Words("fr").day("2026-08-02T10:00:00Z") == "2\u00a0août 2026"
    assert Words("fr").day("2026-01-01T10:00:00Z") == "1er\u00a0janv. 2026"
    assert Words("en").day("2026-01-01T10:00:00Z") == "1\u00a0Jan 2026"
    assert Words("en").day("not a time") == ""


@pytest.mark.parametrize("catalogue", [WORDS_EN, WORDS_FR], ids=["en", "fr"])
def test_crayon_knows_every_word_of_the_offered_examples(catalogue: dict[str, str]) -> None:
    """A horse and a party hat were offered, and Crayon can draw neither."""
    dictionary = json.loads(CRAYON_DICTIONARY.read_text(encoding="utf-8"))
    examples = [text for code, text in catalogue.items() if _EXAMPLE_PROMPT.fullmatch(code)]
    assert len(examples) == 12
    words = re.findall(r"[a-z]+", " ".join(examples).replace("{word}", ""))
    assert [word for word in words if f"{word}</w>" not in dictionary] == []
