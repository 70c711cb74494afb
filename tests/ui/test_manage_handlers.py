"""The handlers of the manage tab on a library in memory: files, guides, names."""

from __future__ import annotations

import time

import pytest
from fake_browser import Browser, bring, finished


def test_what_a_file_from_elsewhere_was_trained_in_is_not_told(browser: Browser) -> None:
    """A LoRA with layers of the text encoder was said to have trained the UNet alone."""
    bring(browser, "ours", concept_id="pet", run_id="r1", method="lora", imported=False)
    bring(browser, "theirs", method="lora")
    for name, times in (("ours", 1), ("theirs", 0)):
        browser.do("compare.draw", prompt=f"a {name}", lora=name)
        assert browser.shown["compare_results"].count("the UNet, the part that paints") == times


def test_each_likeness_of_a_file_says_what_it_was_measured_on(with_pet: Browser) -> None:
    """One file had three numbers under one name."""
    with_pet.start(teach="embedding")
    (run,) = with_pet.library.list_runs(with_pet.owner)
    with_pet.library.advance(with_pet.owner, run.run_id, 250)
    with_pet.library.finish(with_pet.owner, run.run_id)
    (artifact,) = with_pet.library.list_artifacts(with_pet.owner)
    with_pet.do("compare.draw", prompt="a biscuitdog", embedding=artifact.artifact_id)
    drawing = with_pet.library.latest_drawing(with_pet.owner)
    assert drawing is not None
    with_pet.library.draw(with_pet.owner, drawing.drawing_id, 2)
    with_pet.load(with_pet.shown["concept"])
    for part, label in (
        ("train_runs", "Likeness, easy and hard previews"),
        ("manage_files", "Likeness, plainly asked"),
        ("compare_results", "Likeness of these pictures"),
    ):
        assert f'aria-label="{label}"' in with_pet.shown[part]


def test_a_file_is_renamed_explained_and_deleted(with_pet: Browser) -> None:
    files = finished(with_pet)
    with_pet.do("artifact.rename", id=files["lora"], name="Biscuit by night")
    assert "Biscuit by night" in with_pet.shown["manage_files"]
    with_pet.do("artifact.usage", id=files["lora"], expanded="false")
    assert "load_textual_inversion" in with_pet.shown["manage_files"]
    with_pet.do("artifact.delete", id=files["lora"])
    assert "Biscuit by night" not in with_pet.shown["manage_files"]
    assert len(with_pet.library.list_artifacts(with_pet.owner)) == 1


def test_who_deletes_a_file_is_told_all_that_goes(with_pet: Browser) -> None:
    """Both files of a pet are called the same, one of a pair takes the other along, and a file from
    elsewhere has no training here."""
    finished(with_pet)
    bring(with_pet, "fluffy")
    pair = {"imported": False, "run_id": "r9"}
    bring(with_pet, "rexdog", companion_id="other", **pair)
    with_pet.do("tab.open", tab="manage")
    for question in (
        "Delete the embedding Biscuit with its training?",
        "Delete the LoRA Biscuit with its training?",
        "Delete the embedding Fluffy? This cannot be undone.",
        "Delete Rexdog with its training? The embedding and the LoRA both go.",
    ):
        assert with_pet.shown["manage_files"].count(question) == 1


def test_half_a_pair_from_elsewhere_is_said_to_be_half(with_pet: Browser) -> None:
    bring(with_pet, "fluffy")
    with_pet.do("tab.open", tab="manage")
    assert "each is little without the other" not in with_pet.shown["manage_files"]
    bring(with_pet, "rexdog", half_of="rexdog-lora")
    with_pet.do("tab.open", tab="manage")
    assert "each is little without the other" in with_pet.shown["manage_files"]


def test_a_file_that_moves_in_is_introduced(browser: Browser) -> None:
    bring(browser, "fluffy", family="sdxl", model_id="sdxl")
    browser.do("files.arrived", added=1, refused=[])
    said = browser.shown["toast"]
    assert "Fluffy has moved in: an embedding, made for Stable Diffusion XL." in said
    browser.do("files.arrived", added=3, refused=[])
    assert "3 files have moved in." in browser.shown["toast"]


def test_of_a_file_from_elsewhere_nothing_is_said_that_it_does_not_tell(browser: Browser) -> None:
    """It was called a pet, and for 1.5 where the message said 1.x."""
    bring(browser, "fluffy")
    bring(browser, "inky", kind="style")
    browser.do("tab.open", tab="manage")
    assert "Embedding · Stable Diffusion 1.x" in browser.shown["manage_files"]
    assert "Embedding · A style · Stable Diffusion 1.x" in browser.shown["manage_files"]


def test_a_file_from_elsewhere_can_be_moved_to_the_negative_prompt(browser: Browser) -> None:
    bring(browser, "fluffy")
    browser.do("tab.open", tab="manage")
    assert 'aria-checked="false"' in browser.shown["manage_files"]
    browser.do("artifact.negative", id="fluffy", checked="false")
    assert browser.library.artifact(browser.owner, "fluffy").kind == "negative"
    assert 'aria-checked="true"' in browser.shown["manage_files"]
    browser.do("artifact.negative", id="fluffy", checked="true")
    assert browser.library.artifact(browser.owner, "fluffy").kind == "subject"


def test_files_of_ones_own_and_loras_have_no_such_switch(with_pet: Browser) -> None:
    finished(with_pet)
    bring(with_pet, "fluffy", method="lora")
    with_pet.do("tab.open", tab="manage")
    assert "artifact.negative" not in with_pet.shown["manage_files"]


def test_kits_are_offered_with_guides_in_the_persons_language(with_pet: Browser) -> None:
    with_pet.start(teach="embedding")
    (run,) = with_pet.library.list_runs(with_pet.owner)
    with_pet.library.finish(with_pet.owner, run.run_id)
    with_pet.do("tab.open", tab="manage")
    shown = with_pet.shown["manage_files"]
    assert "Kit for a program…" in shown
    assert 'href="/media/k.en"' in shown
    assert "Kit with embedding and LoRA" in shown
    assert "other programs cannot load it" in shown
    french = Browser(with_pet.library, "fr")
    french.load()
    assert 'href="/media/k.fr"' in french.shown["manage_files"]
    assert "Kit pour un programme…" in french.shown["manage_files"]


def test_the_collection_stays_unfolded_when_it_is_drawn_again(
    with_pet: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        bring(with_pet, f"file{number}")
    with_pet.do("tab.open", tab="manage")
    with_pet.do("artifact.more")
    assert with_pet.shown["manage_files"].count("<article") == 40
    with_pet.opened = {"shown": "48"}
    with_pet.do("artifact.usage", id="file3", expanded="false")
    with_pet.opened["guide"] = "file3"
    later = time.time() + 31 * 60
    monkeypatch.setattr("textinv_app.ui.page.time.time", lambda: later)
    changes = [
        lambda: with_pet.do("artifact.rename", id="file9", name="Nine"),
        lambda: with_pet.do("artifact.negative", id="file5", checked="false"),
        lambda: with_pet.do("artifact.delete", id="file6"),
        lambda: with_pet.do("tab.open", tab="manage"),
        with_pet.refresh,
    ]
    for change in changes:
        change()
        assert "manage_files" in with_pet.changed
        assert with_pet.shown["manage_files"].count("<article") >= 39
        assert "load_textual_inversion" in with_pet.shown["manage_files"]
    with_pet.do("artifact.delete", id="file3")
    assert "load_textual_inversion" not in with_pet.shown["manage_files"]
