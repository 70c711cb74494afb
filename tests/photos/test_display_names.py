"""Display names are safe to show and never become paths."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textinv_app.photos.names import MAX_NAME_CHARACTERS, clean_display_name, distinct_name


@given(st.text(max_size=300))
@settings(max_examples=2000, deadline=None)
def test_any_name_becomes_a_short_visible_one(name: str) -> None:
    clean = clean_display_name(name)
    assert 1 <= len(clean) <= MAX_NAME_CHARACTERS
    assert unicodedata.is_normalized("NFC", clean)
    assert "/" not in clean
    assert "\\" not in clean
    categories = {unicodedata.category(character) for character in clean}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert clean.strip(". ")
    assert clean_display_name(clean) == clean


@pytest.mark.parametrize(
    ("given_name", "clean"),
    [
        ("C:\\Users\\me\\Rex.jpg", "Rex.jpg"),
        ("../../etc/passwd", "passwd"),
        ("re\u202egpj.exe", "regpj.exe"),
        ("Ame\u0301lie  le\tchat.heic", "Amélie le chat.heic"),
        ("", "photo"),
        ("..", "photo"),
        ("x" * 200 + ".jpeg", "x" * 74 + "….jpeg"),
    ],
)
def test_examples(given_name: str, clean: str) -> None:
    assert clean_display_name(given_name) == clean


def test_a_name_that_is_taken_gets_a_number_before_its_extension() -> None:
    taken: list[str] = []
    long = "x" * 76 + ".png"
    for name in ("image.png", "image.png", "image.png", "photo", "photo", ".jpg", ".jpg"):
        taken.append(distinct_name(name, taken))
    assert taken == [
        *("image.png", "image (2).png", "image (3).png"),
        *("photo", "photo (2)", ".jpg", ".jpg (2)"),
    ]
    assert distinct_name(long, [long]) == "x" * 72 + " (2).png"
