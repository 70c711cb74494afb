"""The guide: one page for itself, in the person's language, harmless whatever it is given."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from kit_makers import WORD, drawn_facts, files_of, make_part

from tests.assets_folder import REAL_ASSETS, has_real_crayon
from textinv_app.domain.concept import ConceptKind, Family, Method
from textinv_app.domain.hub import HUB_IDS
from textinv_app.kits.guide import rich
from textinv_app.kits.order import Language
from textinv_app.kits.programs import PROGRAMS, programs_for
from textinv_app.kits.words import KitWords
from textinv_app.kits.words_en import WORDS as WORDS_EN
from textinv_app.kits.words_fr import WORDS as WORDS_FR

SD_FAMILIES: tuple[Family, ...] = ("sd1", "sd2", "sdxl")
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


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_kit_of_a_pair_says_what_is_true_of_a_pair(tmp_path: Path, program: Any) -> None:
    """It told people to write a class word, which the pair has never met, and to try each alone."""
    parts = [
        make_part(tmp_path, "sd1", method, drawn=(drawn_facts("embedding", "subject", 7),))
        for method in get_args(Method)
    ]
    files = files_of(program, *parts, are_one=True)
    for name, data in files.items():
        if not name.endswith((".safetensors", ".png")):
            assert f"{WORD} dog" not in data.decode(), name
    english = guide_of(files)
    french = guide_of(files_of(program, *parts, are_one=True, language="fr"))
    assert str(rich(WORDS_EN["notes.one"])) in english
    assert "ont besoin des deux" in french
    assert "where you want it" not in english
    for key in ("notes.class", "notes.both", "a1111.note.both"):
        for guide, words in ((english, WORDS_EN), (french, WORDS_FR)):
            assert str(rich(words[key][:30])) not in guide, key
    # Files of two trainings are told apart, as before.
    alone = guide_of(files_of(program, *parts))
    assert f"{WORD} dog" in alone
    assert str(rich(WORDS_EN["notes.both"])) in alone


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_kohya_trains_on_with_as_many_vectors_and_ranks_as_the_files_have(
    tmp_path: Path, family: Any
) -> None:
    """Its scripts make room for one vector and rank 4 by themselves, and end with an error."""
    guide = guide_of(
        files_of("kohya", *(make_part(tmp_path, family, method) for method in get_args(Method)))
    )
    place = f"{WORD}-kohya"
    embedding = f"--num_vectors_per_token 3 --weights {place}/embedding/{WORD}.safetensors"
    assert f"train_textual_inversion.py --token_string {WORD} {embedding}" in guide
    assert f"--network_weights {place}/lora/{WORD}.safetensors --dim_from_weights" in guide


def test_kohyas_command_for_sdxl_does_not_draw_black_pictures(tmp_path: Path) -> None:
    """Its VAE overflows in half precision, which the command asks for."""
    for family in SD_FAMILIES:
        guide = guide_of(files_of("kohya", make_part(tmp_path, family, "embedding")))
        assert ("--no_half_vae" in guide) == (family == "sdxl")


def test_invokeais_guide_promises_no_base_model_that_invokeai_does_not_offer(
    tmp_path: Path,
) -> None:
    """None of the three usual ones is among its Starter Models, and of 2.x there is none at all."""
    for family in SD_FAMILIES:
        guide = guide_of(files_of("invokeai", make_part(tmp_path, family, "embedding")))
        offered = str(rich(WORDS_EN["invokeai.model.extra"]))
        assert "others of the family" in offered
        assert guide.count("Starter Models") == guide.count(offered) == (family != "sd2")


def test_automatic1111s_card_is_not_said_to_find_the_negative_prompt_by_itself(
    tmp_path: Path,
) -> None:
    """It writes into the box that was clicked last, at first that of what is wanted."""
    kinds: tuple[ConceptKind, ...] = ("subject", "negative")
    for kind in kinds:
        guide = guide_of(files_of("a1111", make_part(tmp_path, "sd1", "embedding", kind)))
        assert ("The card writes it for you." in guide) == (kind == "subject")
        assert ("Click into the negative prompt first" in guide) == (kind == "negative")


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


@pytest.mark.skipif(not has_real_crayon(), reason="Crayon's files are not here")
def test_crayons_guides_say_how_large_its_folder_is() -> None:
    """They said 54 MB."""
    files = [file for file in (REAL_ASSETS / "crayon").rglob("*") if file.is_file()]
    megabytes = round(sum(file.stat().st_size for file in files) / 1_000_000)
    assert f"({megabytes} MB," in WORDS_EN["crayon.where"]
    assert f"({megabytes} Mo," in WORDS_FR["crayon.where"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_kit_of_a_word_taught_on_ones_own_file_does_not_say_the_usual_model_draws_the_same(
    tmp_path: Path, program: Any
) -> None:
    """It named Stable Diffusion 1.5 as the base model of the self-test, which drew otherwise."""
    part = make_part(tmp_path, "sd1", "embedding")
    files = files_of(program, part)
    proof = files[f"{WORD}-extras/self-test-embedding.txt"].decode()
    assert "Base model: a model of your own\n" in proof
    guide = guide_of(files)
    assert "draws it so: a model of your own." in guide
    assert "<dt>Taught on</dt><dd>a model of your own</dd>" in guide
    assert ("taught on a model of your own. It works best" in guide) == (program != "diffusers")
    assert ("draw with a model of your own instead" in guide) == (program == "comfyui")
    if program == "diffusers":
        assert f"draw_{WORD}.py path/of/your-model.safetensors" in guide
        assert "draws other pictures" in files[f"draw_{WORD}.py"].decode()
    french = guide_of(files_of(program, part, language="fr"))
    assert "la dessine ainsi\u00a0: un modèle à vous." in french
    usual = make_part(tmp_path, "sd1", "lora", model_id="sd15", model_source=HUB_IDS["sd1"])
    assert "of your own" not in guide_of(files_of(program, usual))


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_kit_of_a_file_from_elsewhere_sends_nobody_to_a_picture_that_is_not_there(
    tmp_path: Path, program: Any
) -> None:
    """Its guide spoke of a self-test picture to drop, to draw and to compare with."""
    word = "Ohwx Style v2"
    nothing = {"pictures": (), "drawn": (), "class_word": "", "model_id": "sd15"}
    lora = make_part(tmp_path, "sd1", "lora", placeholder_token=word, model_source="", **nothing)
    embedding = make_part(tmp_path, "sd1", "embedding", model_source="somebody/fine", **nothing)
    for part in (lora, embedding):
        for language, words in (("en", WORDS_EN), ("fr", WORDS_FR)):
            guide = guide_of(files_of(program, part, language=language))
            none = KitWords(cast("Language", language))("test.none")
            assert none in guide
            told = guide.replace(none, "")
            for picture in ("self-test", "autotest", "with its picture", "avec son image"):
                assert picture not in told, picture
            assert words["test.wrong"] not in guide
    alone = guide_of(files_of(program, lora))
    assert f"<code>{word}</code>.</li>" in alone
    assert "in lower case" not in alone
    with_picture = guide_of(files_of(program, make_part(tmp_path, "sd1", "lora")))
    assert WORDS_EN["test.wrong"] in with_picture


def test_another_base_model_is_named(tmp_path: Path) -> None:
    part = make_part(tmp_path, "sd1", "embedding", model_source="somebody/fine-model")
    files = files_of("comfyui", part)
    assert "somebody/fine-model" in guide_of(files)
    script = files_of("diffusers", part)[f"draw_{WORD}.py"].decode()
    assert 'else "somebody/fine-model"' in script


@pytest.mark.parametrize(
    ("language", "size_bytes", "text"),
    [
        ("en", 999, "999\u00a0B"),
        ("en", 1000, "1.0\u00a0kB"),
        ("fr", 1400, "1,4\u00a0ko"),
        ("fr", 3_200_000_000, "3200\u00a0Mo"),
    ],
)
def test_sizes_are_written_as_the_language_writes_numbers(
    language: Any, size_bytes: int, text: str
) -> None:
    assert KitWords(language).size(size_bytes) == text


def test_the_program_of_a_lora_whose_name_has_dots_calls_it_without_them(tmp_path: Path) -> None:
    """A dot would end the name that diffusers gives it."""
    part = make_part(tmp_path, "sd1", "lora")
    path = part.path.rename(part.path.with_name("my.v1.5.safetensors"))
    files = files_of("diffusers", replace(part, path=path))
    (script,) = (data.decode() for name, data in files.items() if name.endswith(".py"))
    assert 'adapter_name="my_v1_5"' in script
