"""The handlers of the upload tab on a library in memory: photos, name, word."""

from __future__ import annotations

from fake_browser import Browser, bring
from fake_library import FakeLibrary


def test_a_sample_pet_is_ready_with_one_click(with_pet: Browser) -> None:
    assert with_pet.shown["concept"]
    assert with_pet.shown["photos"].count('class="pn-photo pn-photo-') == 8
    assert "Continue to training" in with_pet.shown["next_step"]
    assert "Teach Biscuit" in with_pet.shown["train_setup"]


def test_a_first_name_brings_a_word_that_follows_the_class_word(browser: Browser) -> None:
    browser.do("concept.new")
    browser.do("concept.change", field="name", value="Rex")
    browser.do("concept.change", field="class_word", value="Dog")
    view = browser.library.list_concepts(browser.owner)[0]
    assert view.concept.placeholder_token == "rexdog"
    assert 'value="rexdog"' in browser.shown["form"]


def test_a_word_chosen_by_hand_stays_when_the_name_changes(browser: Browser) -> None:
    browser.do("concept.new")
    browser.do("concept.change", field="name", value="Rex")
    browser.do("concept.change", field="placeholder_token", value="grumblehound")
    browser.do("concept.change", field="name", value="Max")
    view = browser.library.list_concepts(browser.owner)[0]
    assert view.concept.placeholder_token == "grumblehound"


def test_an_animal_is_chosen_with_one_touch(browser: Browser) -> None:
    browser.start()
    browser.do("concept.change", field="name", value="Biscuit")
    assert "“Pet” is vague" in browser.shown["form"]
    assert 'aria-pressed="true"' not in browser.shown["form"]
    browser.do("class_word.choose", word="rabbit")
    concept = browser.library.list_concepts(browser.owner)[0].concept
    assert concept.class_word == "rabbit"
    assert concept.placeholder_token == "biscuitrabbit"
    form = browser.shown["form"]
    assert form.count('aria-pressed="true"') == 1
    assert "is vague" not in form
    browser.do("concept.change", field="kind", value="style")
    assert "class_word.choose" not in browser.shown["form"]


def test_a_style_is_named_after_a_picture_not_a_pet(browser: Browser) -> None:
    browser.do("concept.new")
    browser.do("concept.change", field="kind", value="style")
    browser.do("concept.change", field="name", value="Van Gogh")
    concept = browser.library.list_concepts(browser.owner)[0].concept
    assert (concept.class_word, concept.placeholder_token) == ("picture", "vangoghpicture")
    assert "painting, drawing, watercolor" in browser.shown["form"]


def test_a_french_class_word_is_translated_for_the_model(library: FakeLibrary) -> None:
    """Of the usual pets many reached the model in French."""
    browser = Browser(library, "fr")
    browser.load()
    browser.do("concept.new")
    for typed, class_word in (
        *(("Lapin", "rabbit"), ("furet", "ferret"), ("souris", "mouse"), ("poisson", "fish")),
        *(("poney", "pony"), ("âne", "donkey"), ("ane", "donkey"), ("serpent", "snake")),
        *(("cochon d'Inde", "guinea pig"), ("cochon d’inde", "guinea pig"), ("axolotl", "axolotl")),
    ):
        browser.do("concept.change", field="class_word", value=typed)
        assert library.list_concepts(browser.owner)[0].concept.class_word == class_word


def test_in_french_no_field_begins_with_a_rude_word(library: FakeLibrary) -> None:
    """It began with “pet”, English for a pet."""
    browser = Browser(library, "fr")
    browser.load()
    browser.do("concept.new")
    assert 'value="animal"' in browser.shown["form"]
    assert 'value="pet"' not in browser.shown["form"]
    assert "Animal\u00a0» reste vague" in browser.shown["form"]
    browser.do("concept.change", field="class_word", value="animal")
    assert library.list_concepts(browser.owner)[0].concept.class_word == "pet"


def test_a_word_that_does_not_work_is_refused_with_a_better_one(with_pet: Browser) -> None:
    with_pet.do("word.check", value="dog")
    assert "pn-word-bad" in with_pet.shown["word_hint"]
    assert 'data-do="word.take"' in with_pet.shown["word_hint"]
    with_pet.do("concept.change", field="placeholder_token", value="dog")
    view = with_pet.library.concept(with_pet.owner, with_pet.shown["concept"])
    assert view.concept.placeholder_token == "biscuitdog"


def test_a_refused_word_is_not_taken_for_the_one_that_will_be_taught(with_pet: Browser) -> None:
    """The field showed it over a bar that said all was ready; the old word was taught."""
    with_pet.do("concept.change", field="placeholder_token", value="dog")
    assert "it stays “biscuitdog”" in with_pet.shown["word_hint"]
    assert "The word will be “biscuitdog”" in with_pet.shown["next_step"]
    with_pet.do("concept.new")
    with_pet.do("concept.change", field="placeholder_token", value="dog")
    assert "it stays" not in with_pet.shown["word_hint"], "there is no word yet"


def test_the_page_knows_the_words_of_files_from_elsewhere(browser: Browser) -> None:
    """A name was answered with an error and brought no word, and a taken word was called free."""
    bring(browser, "moved-in", placeholder_token="rexdog")
    browser.do("concept.new")
    browser.do("class_word.choose", word="dog")
    browser.do("concept.change", field="name", value="Rex")
    concept = browser.library.list_concepts(browser.owner)[0].concept
    assert (concept.name, concept.placeholder_token) == ("Rex", "rexthedog")
    assert browser.shown["toast"] == ""
    browser.do("word.check", value="rexdog")
    assert "You have this word already." in browser.shown["word_hint"]


def test_a_pet_deleted_in_another_window_is_not_made_anew_by_a_field(with_pet: Browser) -> None:
    with_pet.library.delete_concept(with_pet.owner, with_pet.shown["concept"])
    with_pet.do("concept.change", field="name", value="Mia")
    assert with_pet.changed == {"toast"}
    assert with_pet.library.list_concepts(with_pet.owner) == ()


def test_a_field_filled_in_before_there_is_a_pet_makes_one(browser: Browser) -> None:
    assert browser.shown["concept"] == ""
    browser.do("concept.change", field="name", value="Mia")
    (view,) = browser.library.list_concepts(browser.owner)
    assert (view.concept.name, view.concept.concept_id) == ("Mia", browser.shown["concept"])


def test_a_removed_photo_is_gone(with_pet: Browser) -> None:
    view = with_pet.library.concept(with_pet.owner, with_pet.shown["concept"])
    with_pet.do("photo.remove", id=view.photos[0].photo_id)
    assert f'data-photo="{view.photos[0].photo_id}"' not in with_pet.shown["photos"]
    assert "7 photos" in with_pet.shown["photos"]


def test_a_moved_square_is_kept(with_pet: Browser) -> None:
    photo_id = (
        with_pet.library.concept(with_pet.owner, with_pet.shown["concept"]).photos[0].photo_id
    )
    with_pet.do("photo.square", id=photo_id, left=12.4, top=3, side=90)
    photo = with_pet.library.concept(with_pet.owner, with_pet.shown["concept"]).photos[0]
    assert (photo.left, photo.top, photo.side) == (12, 3, 90)


def test_refused_files_are_named_in_the_persons_language(library: FakeLibrary) -> None:
    browser = Browser(library, "fr")
    browser.load()
    browser.do("concept.new")
    refused = [{"display_name": "a<b>.pdf", "code": "photo.pdf", "sentence": "x", "details": {}}]
    browser.do("photos.arrived", concept_id=browser.shown["concept"], added=2, refused=refused)
    assert "a&lt;b&gt;.pdf est un PDF" in browser.shown["refusals"]
    assert "2 photos ajoutées" in browser.shown["toast"]


def test_forty_refused_files_are_named_and_all_are_counted(browser: Browser) -> None:
    browser.do("concept.new")
    refused = [
        {
            "display_name": f"a-rather-long-file-name-of-a-phone-{number}.tiff",
            "code": "photo.other_picture",
            "sentence": "x" * 300,
            "details": {"name": f"a-rather-long-file-name-of-a-phone-{number}.tiff"},
        }
        for number in range(40)
    ]
    arrived = {"concept_id": browser.shown["concept"], "refused": refused}
    browser.do("photos.arrived", added=0, num_refused=57, **arrived)
    assert browser.shown["refusals"].count("<li>") == 40
    assert "57 files could not be used.</b>" in browser.shown["refusals"]
    browser.do("photos.arrived", added=3, num_refused=40, **arrived)
    assert "40 files could not be used. The others are kept.</b>" in browser.shown["refusals"]
    browser.do("photos.arrived", added=0, concept_id="", refused=refused[:1])
    assert "One file could not be used.</b>" in browser.shown["refusals"]
