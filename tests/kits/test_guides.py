"""The guide: one page for itself, in the person's language, harmless whatever it is given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from kit_makers import WORD, files_of, make_part

from textinv_app.kits.programs import PROGRAMS, programs_for
from textinv_app.kits.words_en import WORDS as WORDS_EN
from textinv_app.kits.words_fr import WORDS as WORDS_FR

_BLANKS = re.compile(r"\{(\w+)\}")


def guide_of(files: dict[str, bytes]) -> str:
    """Return the guide of a kit."""
    return next(data for name, data in files.items() if name.endswith(".html")).decode("utf-8")


def test_both_languages_say_the_same_with_the_same_blanks() -> None:
    assert set(WORDS_EN) == set(WORDS_FR)
    for key, text in WORDS_EN.items():
        french = WORDS_FR[key]
        assert set(_BLANKS.findall(text)) == set(_BLANKS.findall(french)), key
        assert text.count("`") % 2 == french.count("`") % 2 == 0, key


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_guide_needs_nothing_from_anywhere(tmp_path: Path, program: Any) -> None:
    guide = guide_of(files_of(program, make_part(tmp_path, "sd1", "embedding")))
    assert not re.findall(r'(?:src|url)\s*[=(]\s*"?(?!data:)[a-z./]', guide)
    assert "<link" not in guide
    assert guide.count("data:image/jpeg;base64,") >= 2
    assert "default-src 'none'" in guide


@pytest.mark.parametrize("family", ["sd1", "crayon"])
def test_the_french_guide_is_french_and_typeset(tmp_path: Path, family: Any) -> None:
    parts = [make_part(tmp_path, family, "embedding"), make_part(tmp_path, family, "lora")]
    for program in programs_for(family):
        guide = guide_of(files_of(program, *parts, language="fr"))
        assert '<html lang="fr">' in guide
        assert "Est-ce que ça marche\u202f?" in guide
        assert not re.search("«\u202f|\u202f[»:]", guide), "spaced as on the page"
        body = guide.split("<body>")[1].split("<script>")[0]
        for english in ("Unpack", "Good to know", "Copy<", "self-test and", "Write "):
            assert english not in body


def test_names_cannot_put_anything_into_the_page(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>`**{{7*7}}{name}"
    files = files_of("comfyui", make_part(tmp_path, "sd1", "embedding"), name=evil)
    guide = guide_of(files)
    assert "<script>alert" not in guide
    assert guide.count("<script>") == 1
    assert "{{7*7}}" in guide
    script = files_of("diffusers", make_part(tmp_path, "sd1", "embedding"), name='"""\n1/0 #')
    compile(script[f"draw_{WORD}.py"], "draw.py", "exec")


def test_crayons_guide_says_plainly_what_it_fits(tmp_path: Path) -> None:
    guide = guide_of(files_of("diffusers", make_part(tmp_path, "crayon", "lora")))
    assert "256 numbers" in guide
    assert "cannot load Crayon" in guide
    assert "assets/crayon" in guide


def test_another_base_model_is_named(tmp_path: Path) -> None:
    part = make_part(tmp_path, "sd1", "embedding", model_source="somebody/fine-model")
    files = files_of("comfyui", part)
    assert "somebody/fine-model" in guide_of(files)
    script = files_of("diffusers", part)[f"draw_{WORD}.py"].decode()
    assert 'else "somebody/fine-model"' in script
