"""The handlers of the compare tab on a library in memory: what is drawn with what."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from fake_browser import Browser, bring, finished
from fake_library import FakeLibrary

from textinv_app.library.api import DrawingOrder


def test_a_comparison_is_drawn_with_what_was_chosen(with_pet: Browser) -> None:
    files = finished(with_pet)
    with_pet.do("compare.draw", prompt="a biscuitdog", seed="41", num_images="2", **files)
    drawing = with_pet.library.latest_drawing(with_pet.owner)
    assert drawing is not None
    assert drawing.columns == ("base", "embedding", "lora", "both")
    assert (drawing.seed, drawing.num_images) == (41, 2)
    assert with_pet.shown["compare_results"].count("pn-tile-waiting") == 8
    with_pet.library.draw(with_pet.owner, drawing.drawing_id, 8)
    with_pet.tick()
    html = with_pet.shown["compare_results"]
    assert "the model’s dictionary" in html
    assert "1.4\u00a0MB" in html
    assert 'class="pn-slider-input"' in html
    assert "Download them all as one picture" in html


def test_the_seconds_of_one_run_count_once_for_its_two_files(with_pet: Browser) -> None:
    for method in ("embedding", "lora"):
        bring(with_pet, method, method=method, run_id="r1", imported=False, training_seconds=120.0)
    for run_id, told in (("r1", "2\u00a0min<"), ("r2", "4\u00a0min<")):
        bring(
            with_pet, "lora", method="lora", run_id=run_id, imported=False, training_seconds=120.0
        )
        with_pet.do("compare.draw", prompt="a embedding", embedding="embedding", lora="lora")
        both = with_pet.shown["compare_results"].split('data-column="both"')[1]
        assert told in both


@pytest.mark.parametrize(
    ("language", "said"), [("en", "You ended this drawing."), ("fr", "Vous avez arrêté ce dessin.")]
)
def test_a_comparison_that_was_ended_says_so(
    library: FakeLibrary, language: str, said: str
) -> None:
    """Columns that were never drawn were said not to be measured."""
    browser = Browser(library, language)
    browser.do("sample.use", id="biscuit")
    browser.do("compare.draw", prompt="a biscuitdog", **finished(browser))
    drawing = library.latest_drawing(browser.owner)
    assert drawing is not None
    library.draw(browser.owner, drawing.drawing_id, 1)
    browser.do("compare.cancel", id=drawing.drawing_id)
    shown = browser.shown["compare_results"]
    assert said in shown
    assert shown.count("pn-meter") == 1, "of the column that was drawn"


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Without the new word"), ("fr", "Sans le nouveau mot")]
)
def test_the_sheet_of_a_comparison_is_headed_as_the_page_is(
    library: FakeLibrary, language: str, title: str
) -> None:
    browser = Browser(library, language)
    bring(browser, "fluffy")
    browser.do("compare.draw", prompt="a fluffy", embedding="fluffy")
    assert library.orders[-1].titles["base"] == title
    assert f"<h4>{title}</h4>" in browser.shown["compare_results"]


def test_a_failed_drawing_names_the_model_that_is_missing(with_pet: Browser) -> None:
    files = finished(with_pet)
    with_pet.do("compare.draw", prompt="a biscuitdog", **files)
    drawing = with_pet.library.latest_drawing(with_pet.owner)
    assert drawing is not None
    with_pet.library._mine(with_pet.owner).drawings[drawing.drawing_id] = replace(
        drawing,
        status="failed",
        version="failed",
        error_code="model.offline",
        error_details={"name": "somebody/model"},
    )
    with_pet.tick()
    assert "somebody/model is not on this machine" in with_pet.shown["compare_results"]


def test_a_drawing_that_gives_way_to_a_training_says_so(with_pet: Browser) -> None:
    drawing = with_pet.library.start_drawing(
        with_pet.owner, DrawingOrder(model_id="crayon", prompt="a dog")
    )
    with_pet.tick()
    assert "Waiting for a pencil" in with_pet.shown["compare_results"]
    waiting = replace(drawing, waits_for_training=True, version="waits")
    with_pet.library._mine(with_pet.owner).drawings[drawing.drawing_id] = waiting
    with_pet.tick()
    assert "Waiting until the training is done" in with_pet.shown["compare_results"]


def test_a_style_is_asked_for_as_it_was_taught(browser: Browser) -> None:
    """It was given a pet's sentences, a party hat among them."""
    bring(browser, "inky", kind="style")
    browser.do("tab.open", tab="compare")
    setup = browser.shown["compare_setup"]
    assert "a cat in the style of inky</textarea>" in setup
    assert setup.count('data-kind="style"') == 7, "six sentences and the file"
    assert "a photo of a inky" not in setup


def test_examples_of_a_pet_and_of_a_style_are_told_apart(browser: Browser) -> None:
    bring(browser, "inky", kind="style")
    bring(browser, "fluffy")
    browser.do("tab.open", tab="compare")
    setup = browser.shown["compare_setup"]
    assert "a photo of a fluffy</textarea>" in setup
    assert setup.count('style="display:none" data-local="example" data-kind="style"') == 6


def _preselected(browser: Browser) -> list[str]:
    """Return the embedding and the LoRA that are chosen to begin with, empty for none."""
    browser.load(browser.shown["concept"])
    return re.findall('<option value="([^"]*)" selected data-word', browser.shown["compare_setup"])


def test_a_comparison_begins_with_files_that_belong_together(with_pet: Browser) -> None:
    """It began with another pet's LoRA, or with one for another model, which was refused."""
    files = finished(with_pet)
    bring(with_pet, "mia", method="lora", concept_id="mia")
    bring(with_pet, "mia-xl", family="sdxl", concept_id="mia")
    assert _preselected(with_pet) == [files["embedding"], files["lora"]]
    for method, chosen in (("embedding", ["", files["lora"]]), ("lora", ["mia-xl", ""])):
        with_pet.library.delete_artifact(with_pet.owner, files[method])
        assert _preselected(with_pet) == chosen


def test_a_comparison_begins_with_both_files_of_a_pair(browser: Browser) -> None:
    bring(browser, "rex-lora", method="lora", concept_id="rex", companion_id="rex")
    bring(browser, "later", method="lora", concept_id="rex")
    bring(browser, "rex", concept_id="rex", companion_id="rex-lora")
    assert _preselected(browser) == ["rex", "rex-lora"]


def test_a_prompt_without_the_word_is_sent_back(with_pet: Browser) -> None:
    files = finished(with_pet)
    with_pet.do("compare.draw", prompt="a dog", **files)
    assert "Put the word “biscuitdog”" in with_pet.shown["toast"]
    assert with_pet.library.latest_drawing(with_pet.owner) is None


def test_a_negative_embedding_alone_can_be_compared(browser: Browser) -> None:
    bring(browser, "easynegative", kind="negative")
    browser.do("tab.open", tab="compare")
    assert "compare.draw" in browser.shown["compare_setup"]
    browser.do("compare.draw", prompt="a cat", negative_ids=["easynegative"])
    assert browser.library.orders[-1].negative_ids == ("easynegative",)
    assert browser.library.orders[-1].model_id == "sd15"


def test_ticked_negatives_for_other_models_are_left_out(with_pet: Browser) -> None:
    """They are ticked from the start, and once kept every other model from being drawn with."""
    files = finished(with_pet)
    bring(with_pet, "easynegative", kind="negative")
    with_pet.do("compare.draw", prompt="a biscuitdog", negative_ids=["easynegative"], **files)
    assert with_pet.library.orders[-1].negative_ids == ()


def test_two_files_for_different_models_are_told_apart_by_name(browser: Browser) -> None:
    bring(browser, "fluffy")
    bring(browser, "painting", method="lora", family="sdxl", model_id="sdxl")
    browser.do("compare.draw", prompt="a fluffy", embedding="fluffy", lora="painting")
    assert (
        "Fluffy was made for Stable Diffusion 1.x, Painting for Stable Diffusion XL."
        in browser.shown["toast"]
    )


def test_a_longer_word_does_not_pass_for_the_word_itself(with_pet: Browser) -> None:
    files = finished(with_pet)
    with_pet.do("compare.draw", prompt="two biscuitdogs", **files)
    assert "Put the word “biscuitdog”" in with_pet.shown["toast"]
    with_pet.do("compare.draw", prompt="a Biscuitdog, asleep", **files)
    assert with_pet.library.latest_drawing(with_pet.owner) is not None


def test_many_negative_embeddings_can_be_drawn_with_and_only_the_newest_are_ticked(
    browser: Browser,
) -> None:
    for number in range(25):
        bring(browser, f"bad{number}", kind="negative")
    browser.do("tab.open", tab="compare")
    ticked = re.findall(r'value="(bad[0-9]+)" checked', browser.shown["compare_setup"])
    assert ticked == [f"bad{number}" for number in range(24, 14, -1)]
    every = [f"bad{number}" for number in range(25)]
    browser.do("compare.draw", prompt="a cat", negative_ids=every)
    assert len(browser.library.orders[-1].negative_ids) == 25


def test_of_a_negative_word_taught_twice_the_newest_file_is_ticked(browser: Browser) -> None:
    for name in ("old", "new"):
        bring(browser, name, kind="negative", placeholder_token="badpics")
    browser.do("tab.open", tab="compare")
    ticked = re.findall(r'value="(\w+)" checked', browser.shown["compare_setup"])
    assert ticked == ["new"]
