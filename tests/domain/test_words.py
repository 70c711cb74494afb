"""Trigger words: every rule refuses what it should, and every suggestion is accepted."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textinv_app.domain.words import check_word, common_words, suggest_word
from textinv_app.errors import WordRefused


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("", "word.empty"),
        ("Rexdog", "word.letters"),
        ("éclairdog", "word.letters"),
        ("rex dog", "word.letters"),
        ("rex.dog", "word.letters"),
        ("rex:dog", "word.letters"),
        ("rexdog\n", "word.letters"),
        ("re", "word.too_short"),
        ("r" * 42, "word.too_long"),
        ("1rexdog", "word.start"),
        ("-rexdog", "word.start"),
        ("rexdog1", "word.ending"),
        ("rexdog_1", "word.ending"),
        ("rexdog-", "word.ending"),
        ("1e3", "word.start"),
        ("rex__dog", "word.double_underscore"),
        ("light-break", "word.splits"),
        ("salt_and_pepperdog", "word.splits"),
        ("inf", "word.reserved"),
        ("nan", "word.reserved"),
        ("infinity", "word.reserved"),
        ("con", "word.reserved"),
        ("nul", "word.reserved"),
        ("emb_params", "word.reserved"),
        ("clip_g", "word.reserved"),
        ("myoptimizerdog", "word.reserved"),
        ("mycheckpointdog", "word.reserved"),
        ("cat", "word.ordinary"),
        ("corgi", "word.ordinary"),
        ("chien", "word.ordinary"),
        ("luna", "word.ordinary"),
        ("anteater", "word.ordinary"),
    ],
)
def test_refuses_what_some_program_would_misread(word: str, code: str) -> None:
    with pytest.raises(WordRefused) as caught:
        check_word(word, [], "dog")
    assert caught.value.code == code
    check_word(str(caught.value.details["suggestion"]), [], "dog")


@pytest.mark.parametrize("word", ["rexdog", "eclair-cat", "my_rex", "minouchat", "zoki", "r" * 41])
def test_accepts_words_no_program_misreads(word: str) -> None:
    check_word(word, ["lunadog", "another"])


@pytest.mark.parametrize(
    ("word", "other", "code"),
    [
        ("rexdog", "rexdog", "word.taken"),
        ("rexdogs", "rexdog", "word.overlaps"),
        ("rexdog", "rexdogs", "word.overlaps"),
        ("myrexdog", "rexdog", "word.overlaps"),
    ],
)
def test_refuses_words_that_another_word_would_garble(word: str, other: str, code: str) -> None:
    with pytest.raises(WordRefused) as caught:
        check_word(word, [other], "dog")
    assert caught.value.code == code
    check_word(str(caught.value.details["suggestion"]), [other], "dog")


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("rexdog2", "word.overlaps"),
        ("easynegative1", "word.taken"),
        ("clip_l_and_2", "word.splits"),
        ("mycheckpoint9", "word.reserved"),
        ("éclair1", "word.letters"),
        ("", "word.empty"),
    ],
)
def test_a_forgiven_rule_hides_none_behind_it(word: str, code: str) -> None:
    """A word that ended with a digit was asked nothing else."""
    with pytest.raises(WordRefused) as caught:
        check_word(word, ["rexdog", "easynegative1"], forgiven={"word.ending", "word.start"})
    assert caught.value.code == code


def test_a_forgiven_rule_need_not_be_kept() -> None:
    check_word("4fluffy2", ["rexdog"], forgiven={"word.ending", "word.start"})


@pytest.mark.parametrize(
    ("name", "class_word", "others", "expected"),
    [
        ("Rex", "dog", [], "rexdog"),
        ("Rex", "dog", ["rexdog"], "rexthedog"),
        ("Éclair", "dog", [], "eclairdog"),
        ("Œdipe", "chat", [], "oedipechat"),
        ("Mr. Whiskers", "cat", [], "mrwhiskerscat"),
        ("rexdog 1", "dog", [], "rexdog"),
        ("小白", "cat", [], "mycat"),
        ("🐶", "dog", [], "mydog"),
        ("", "", [], "myanimal"),
        ("Rex", "pet", [], "rexanimal"),
        ("EasyNegative", "", [], "easynegative"),
    ],
)
def test_suggestions_read_like_the_name(
    name: str, class_word: str, others: list[str], expected: str
) -> None:
    assert suggest_word(name, class_word, others) == expected


@given(
    name=st.text(max_size=60),
    class_word=st.one_of(
        st.sampled_from(["dog", "cat", "style", "", "chien"]), st.text(max_size=20)
    ),
    others=st.lists(st.from_regex(r"[a-z][a-z0-9_-]{2,10}", fullmatch=True), max_size=6),
)
@example(name="scheduler", class_word="checkpoint", others=[])
@example(name="and", class_word="break", others=["mybreak", "ourbreak", "zozobreak"])
@example(name="A" * 500, class_word="B" * 500, others=["aaa", "bbb", "zoz"])
@settings(max_examples=300, deadline=None)
def test_every_suggestion_is_accepted(name: str, class_word: str, others: list[str]) -> None:
    suggestion = suggest_word(name, class_word, others)
    check_word(suggestion, others)


def test_suggestions_do_not_run_out() -> None:
    others: list[str] = []
    for _ in range(60):
        others.append(suggest_word("Rex", "dog", others))
        check_word(others[-1], others[:-1])
    assert len(set(others)) == 60


def test_the_dictionary_is_lower_case_sorted_and_large() -> None:
    words = common_words()
    assert len(words) > 40_000
    assert {"dog", "cat", "hamster", "photo", "chat", "rex"} <= words
    assert all(word == word.lower() and word[-1].isalpha() for word in words)
