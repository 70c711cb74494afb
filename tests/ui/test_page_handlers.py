"""The handlers of the page on a library in memory: what a press of a button changes."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace

import gradio as gr
import pytest
from fake_library import MAX_PETS, FakeLibrary

from textinv_app.domain.status import RunStatus
from textinv_app.domain.views import ArtifactView
from textinv_app.errors import NotFound
from textinv_app.library.api import DrawingOrder
from textinv_app.library.links import link_window_seconds
from textinv_app.ui.desk import Visit
from textinv_app.ui.markup import Html
from textinv_app.ui.page import (
    ALL_OUTPUTS,
    LOOK_OUTPUTS,
    PARTS,
    REFRESH_OUTPUTS,
    TICK_OUTPUTS,
    Page,
    Seen,
)
from textinv_app.ui.words import Words

TOKEN = "a" * 64
STRANGER = "b" * 64


class Browser:
    """Sends commands as the page does and keeps what it shows."""

    def __init__(self, library: FakeLibrary, language: str = "en", token: str = TOKEN) -> None:
        self.library = library
        self.page = Page(library, Words(language))
        self.token = token
        self.shown = dict.fromkeys(ALL_OUTPUTS, "")
        self.changed: set[str] = set()
        self.opened: dict[str, object] = {}
        """What the person has opened and chosen, as the page's script would say."""

    def _seen(self) -> str:
        return json.dumps({**json.loads(self.shown["seen"]), "page": json.dumps(self.opened)})

    def _take(self, updates: list[object], names: tuple[str, ...] = ALL_OUTPUTS) -> None:
        new = {
            name: update for name, update in zip(names, updates, strict=True) if update != gr.skip()
        }
        self.changed = set(new)
        self.shown.update(new)  # type: ignore[arg-type]

    def load(self, concept: str = "") -> None:
        self._take(self.page.load(self.token, concept))

    def do(self, do: str, **fields: object) -> None:
        command = json.dumps({"do": do, "page": json.dumps(self.opened), **fields})
        self._take(self.page.act(self.token, self.shown["concept"], command))

    def tick(self) -> None:
        updates = self.page.tick(self.token, self.shown["concept"], self.shown["seen"])
        self._take(updates, TICK_OUTPUTS)
        if "wake" in self.changed:
            ticked = self.changed - {"wake"}
            updates = self.page.look(self.token, self.shown["concept"], self._seen())
            self._take(updates, LOOK_OUTPUTS)
            self.changed |= ticked

    def refresh(self) -> None:
        updates = self.page.refresh(self.token, self.shown["concept"], self._seen())
        self._take(updates, REFRESH_OUTPUTS)

    @property
    def owner(self) -> str:
        return self.library.identify(self.token)

    def start(self, **fields: object) -> None:
        chosen = {"model": "crayon", "teach": "both", "preset": "quick", "key": "k", **fields}
        self.do("train.start", **chosen)


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture
def browser(library: FakeLibrary) -> Browser:
    browser = Browser(library)
    browser.load()
    return browser


@pytest.fixture
def with_pet(browser: Browser) -> Browser:
    browser.do("sample.use", id="biscuit")
    return browser


def test_an_empty_page_says_what_to_do_next(browser: Browser) -> None:
    assert "Biscuit" in browser.shown["samples"]
    assert "Nobody to teach yet" in browser.shown["train_setup"]
    assert "Nothing to compare yet" in browser.shown["compare_setup"]
    assert "collection is still empty" in browser.shown["manage_files"]


def test_an_empty_tab_leads_to_the_photos_until_a_pet_can_be_taught(browser: Browser) -> None:
    """Compare and the collection led to the training, which was empty and sent on."""
    tabs = ("compare_setup", "manage_files")
    for tab in tabs:
        assert re.findall('data-go="([^"]*)"', browser.shown[tab]) == ["upload"]
    assert "Go to the photos" in browser.shown["compare_setup"]
    browser.do("sample.use", id="biscuit")
    for tab in tabs:
        assert re.findall('data-go="([^"]*)"', browser.shown[tab]) == ["train"]


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
    _bring(browser, "moved-in", placeholder_token="rexdog")
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


def test_start_queues_one_run_for_each_method_and_only_once(with_pet: Browser) -> None:
    with_pet.start()
    with_pet.start()
    runs = with_pet.library.list_runs(with_pet.owner)
    assert [one.method for one in runs] == ["lora", "embedding"]
    assert with_pet.shown["train_runs"].count("<article") == 2
    assert "next in line" in with_pet.shown["train_runs"]


def test_models_that_cannot_run_here_are_folded_away(with_pet: Browser) -> None:
    """On a phone three of them came before the first choice."""
    usable, folded = with_pet.shown["train_setup"].split("<details", 1)
    assert 'value="crayon"' in usable
    assert 'value="custom"' in usable
    assert "disabled" not in usable
    assert "Models that cannot run here" in folded
    assert folded.count("Needs a computer with an NVIDIA graphics card") == 3


def test_minutes_follow_what_is_chosen(with_pet: Browser) -> None:
    both = with_pet.shown["train_presets"]
    with_pet.do("train.choose", model="crayon", teach="embedding", preset="quick")
    assert "at most about 3\u00a0min" in both, "a training may end by itself before"
    assert "about 1\u00a0min 15\u00a0s" in with_pet.shown["train_presets"]


def test_pause_resume_and_stop_reach_the_run(with_pet: Browser) -> None:
    with_pet.start(teach="lora")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.advance(with_pet.owner, run_id, 50)
    with_pet.do("run.pause", id=run_id)
    assert "Nothing is lost" in with_pet.shown["train_runs"]
    with_pet.do("run.resume", id=run_id)
    assert with_pet.library.run(with_pet.owner, run_id).status is RunStatus.QUEUED
    with_pet.library.advance(with_pet.owner, run_id, 75)
    with_pet.do("run.stop", id=run_id)
    assert with_pet.library.run(with_pet.owner, run_id).status is RunStatus.DONE
    assert "Compare the pictures" in with_pet.shown["train_runs"]
    assert 'id="pn-draw"' in with_pet.shown["compare_setup"]
    assert "Download" in with_pet.shown["manage_files"]


def test_a_run_that_has_not_begun_is_not_said_to_keep_its_best(with_pet: Browser) -> None:
    with_pet.start(teach="lora")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    stopping = {"status": RunStatus.RUNNING, "wanted": "stop"}
    with_pet.library._change(with_pet.owner, run_id, **stopping)
    with_pet.tick()
    assert "Cancelling…" in with_pet.shown["train_runs"]
    with_pet.library.advance(with_pet.owner, run_id, 50)
    with_pet.library._change(with_pet.owner, run_id, **stopping)
    with_pet.tick()
    assert "Stopping: keeping the best…" in with_pet.shown["train_runs"]


def test_stop_never_takes_the_place_of_a_pause_that_was_just_pressed(with_pet: Browser) -> None:
    with_pet.start(teach="lora")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.advance(with_pet.owner, run_id, 50)
    with_pet.library._change(with_pet.owner, run_id, wanted="pause")
    with_pet.tick()
    html = with_pet.shown["train_runs"]
    assert "run.pause" not in html
    assert 0 < html.index('aria-disabled="true"') < html.index('data-do="run.stop"')


def test_a_live_run_shows_progress_curves_previews_verdict_and_words(with_pet: Browser) -> None:
    with_pet.start(teach="embedding")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.advance(with_pet.owner, run_id, 100)
    with_pet.tick()
    html = with_pet.shown["train_runs"]
    assert 'aria-valuenow="40"' in html
    assert "step 100 of 250" in html
    assert "45\u00a0s left" in html
    assert html.count('<svg class="pn-chart') == 2
    assert 'data-preview-step="0"' in html
    assert "Getting close to Biscuit." in html
    assert "puppy" in html


@pytest.mark.parametrize(
    "otherwise",
    [{"wanted": "stop"}, {"wanted": "pause"}, {"phase": "exporting"}, {"phase": "loading_model"}],
)
def test_time_left_is_told_only_while_it_learns(
    with_pet: Browser, otherwise: dict[str, str]
) -> None:
    """It said "5 min left" beside "Keeping the best so far"."""
    with_pet.start(teach="embedding")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.advance(with_pet.owner, run_id, 100)
    with_pet.tick()
    assert "s left" in with_pet.shown["train_runs"]
    with_pet.library._change(with_pet.owner, run_id, **otherwise)
    with_pet.tick()
    assert "s left" not in with_pet.shown["train_runs"]
    assert "step 100 of 250" in with_pet.shown["train_runs"]


def test_photos_that_crayon_has_redrawn_are_shown_and_folded_away_at_the_end(
    with_pet: Browser,
) -> None:
    with_pet.start(teach="embedding")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.advance(with_pet.owner, run_id, 25)
    with_pet.tick()
    assert "pn-redrawn" not in with_pet.shown["train_runs"]
    assert "how much your photos still surprise" in with_pet.shown["train_runs"]
    with_pet.library.redraw(with_pet.owner, run_id, 3)
    with_pet.tick()
    html = with_pet.shown["train_runs"]
    assert "Your photos, the way Crayon draws them" in html
    # The curves are of the drawings, too.
    assert "how much the drawings of your photos still surprise" in html
    assert "look like the drawings of your photos" in html
    assert "how much your photos still surprise" not in html
    assert [f"Photo {number}, drawn by Crayon" in html for number in (1, 2, 3, 4)] == [
        *(True, True, True),
        False,
    ]
    assert f'data-fold="{run_id}-redrawn"' not in html
    with_pet.library.finish(with_pet.owner, run_id)
    with_pet.tick()
    html = with_pet.shown["train_runs"]
    assert f'data-fold="{run_id}-redrawn"' in html
    assert "Photo 3, drawn by Crayon" in html


def test_a_finished_run_is_judged_by_the_step_that_is_kept(with_pet: Browser) -> None:
    """It said "Too early to tell" of a training that was over."""
    with_pet.start(teach="embedding")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.advance(with_pet.owner, run_id, 50)
    run = with_pet.library.run(with_pet.owner, run_id)
    worse = run.verdicts[-1].model_copy(update={"step": 75, "likeness": 12.0, "is_best": False})
    kept = run.verdicts[-1]
    with_pet.library._change(with_pet.owner, run_id, verdicts=(*run.verdicts, worse))
    with_pet.tick()
    assert "Too early to tell." in with_pet.shown["train_runs"]
    assert "12 / 100" in with_pet.shown["train_runs"]
    with_pet.library.finish(with_pet.owner, run_id)
    with_pet.tick()
    html = with_pet.shown["train_runs"]
    assert "It does not look much like Biscuit yet." in html
    assert f"{round(kept.likeness)} / 100" in html
    assert f"Step {kept.step} was the best and is kept." in html
    assert "so far" not in html


@pytest.mark.parametrize("status", [RunStatus.PAUSED, RunStatus.QUEUED, RunStatus.FAILED])
def test_a_run_that_does_not_learn_is_not_told_to_stop(
    with_pet: Browser, status: RunStatus
) -> None:
    """A failed one was hailed with "This is Rex!"."""
    with_pet.start(teach="embedding")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.advance(with_pet.owner, run_id, 250)
    with_pet.tick()
    assert "This is Biscuit!" in with_pet.shown["train_runs"]
    with_pet.library._change(with_pet.owner, run_id, status=status)
    with_pet.tick()
    html = with_pet.shown["train_runs"]
    assert "This is Biscuit!" not in html
    assert "pn-verdict-" not in html
    is_over = status is RunStatus.FAILED
    assert ('role="meter"' in html, "Best so far: step 250." in html) == (not is_over, not is_over)
    # The curves and pictures stay.
    assert html.count('<svg class="pn-chart') == 2
    assert 'data-preview-step="250"' in html


def test_what_pictures_should_not_be_like_is_taught_to_an_embedding_alone(
    with_pet: Browser,
) -> None:
    """A LoRA of it could never be worn, yet "both" was what was chosen."""
    with_pet.do("concept.change", field="kind", value="negative")
    assert with_pet.shown["train_setup"].count('name="pn-teach"') == 1
    assert 'value="embedding" checked' in with_pet.shown["train_setup"]
    assert "about 1\u00a0min 15\u00a0s" in with_pet.shown["train_presets"]
    with_pet.start(teach="")
    assert [one.method for one in with_pet.library.list_runs(with_pet.owner)] == ["embedding"]


def test_a_negative_run_is_judged_by_what_it_has_learnt(with_pet: Browser) -> None:
    """It was hailed as the pet itself, with a meter of its likeness to spoilt pictures."""
    with_pet.do("concept.change", field="kind", value="negative")
    with_pet.start(teach="embedding")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.advance(with_pet.owner, run_id, 250)
    with_pet.tick()
    assert "It knows what to keep out" in with_pet.shown["train_runs"]
    with_pet.library.finish(with_pet.owner, run_id)
    with_pet.tick()
    html = with_pet.shown["train_runs"]
    assert "It knows what to keep out of pictures." in html
    assert "Step 250 was the best and is kept." in html
    for wrong in ("This is", "Best so far", "Likeness", "Higher is better"):
        assert wrong not in html
    assert "Likeness" not in with_pet.shown["manage_files"]


def test_with_nothing_but_negatives_a_cat_is_drawn(with_pet: Browser) -> None:
    """Its examples were photos of a picture."""
    with_pet.do("concept.change", field="kind", value="negative")
    with_pet.do("concept.change", field="class_word", value="picture")
    with_pet.start(teach="embedding")
    (run,) = with_pet.library.list_runs(with_pet.owner)
    with_pet.library.finish(with_pet.owner, run.run_id)
    with_pet.do("tab.open", tab="compare")
    assert "a photo of a cat" in with_pet.shown["compare_setup"]
    assert "of a picture" not in with_pet.shown["compare_setup"]


def test_where_likeness_is_not_measured_no_curve_of_it_is_promised(with_pet: Browser) -> None:
    """ "The curve of the likeness begins soon." stood there for ever."""
    with_pet.start(teach="embedding")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.advance(with_pet.owner, run_id, 50)
    run = with_pet.library.run(with_pet.owner, run_id)
    untrained = tuple(one for one in run.previews if one.step == 0)
    with_pet.library._change(with_pet.owner, run_id, verdicts=(), previews=untrained)
    with_pet.tick()
    assert "The curve of the likeness begins soon." in with_pet.shown["train_runs"]
    with_pet.library._change(with_pet.owner, run_id, previews=run.previews)
    with_pet.tick()
    for _ in range(2):
        html = with_pet.shown["train_runs"]
        assert "Likeness was not measured here." in html
        assert "begins soon" not in html
        assert html.count('<svg class="pn-chart') == 1
        with_pet.library.finish(with_pet.owner, run_id)
        with_pet.tick()


def test_a_failed_run_says_why_and_offers_another_try(with_pet: Browser) -> None:
    with_pet.start(teach="embedding")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.fail(with_pet.owner, run_id, "run.out_of_memory", "x")
    with_pet.tick()
    assert "not enough memory" in with_pet.shown["train_runs"]
    assert 'data-do="run.resume"' in with_pet.shown["train_runs"]


@pytest.mark.parametrize("ending", ["failed", "cancelled"])
def test_a_run_that_came_to_nothing_can_be_put_away(with_pet: Browser, ending: str) -> None:
    with_pet.start(teach="embedding")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.tick()
    assert "run.remove" not in with_pet.shown["train_runs"], "it may yet come to something"
    if ending == "failed":
        with_pet.library.fail(with_pet.owner, run_id, "run.out_of_memory", "x")
    else:
        with_pet.library.stop_run(with_pet.owner, run_id)
    with_pet.tick()
    html = with_pet.shown["train_runs"]
    asks = "It cannot be tried again after that." in html
    assert asks == (ending == "failed"), "of a cancelled one there is nothing to lose"
    with_pet.do("run.remove", id=run_id)
    assert with_pet.shown["train_runs"] == ""
    assert with_pet.library.list_runs(with_pet.owner) == ()


def test_a_run_that_made_a_file_is_not_put_away_from_the_train_tab(with_pet: Browser) -> None:
    _finished(with_pet)
    with_pet.tick()
    assert 'data-status="done"' in with_pet.shown["train_runs"]
    assert "run.remove" not in with_pet.shown["train_runs"]


def test_a_tick_that_finds_nothing_new_sends_nothing(with_pet: Browser) -> None:
    with_pet.start()
    with_pet.tick()
    assert "train_runs" in with_pet.changed
    with_pet.tick()
    assert with_pet.changed == set()


def test_a_tick_draws_only_what_changed(with_pet: Browser) -> None:
    with_pet.start(teach="embedding")
    with_pet.tick()
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.advance(with_pet.owner, run_id, 25)
    with_pet.tick()
    assert with_pet.changed == {"seen", "train_runs"}


def test_links_are_drawn_again_before_they_expire_and_not_sooner(
    with_pet: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_pet.load(with_pet.shown["concept"])
    with_pet.refresh()
    assert with_pet.changed == set()
    later = time.time() + 31 * 60
    monkeypatch.setattr("textinv_app.ui.page.time.time", lambda: later)
    with_pet.tick()
    assert with_pet.changed == set()
    with_pet.refresh()
    assert {"photos", "samples", "seen"} <= with_pet.changed
    with_pet.refresh()
    assert with_pet.changed == set()


def test_links_that_live_a_minute_are_drawn_again_twice_in_it(
    with_pet: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were drawn again every twenty minutes, and dead for most of them."""
    with_pet.page = Page(with_pet.library, Words("en"), link_window_seconds(60))
    with_pet.load(with_pet.shown["concept"])
    later = time.time() + 30
    monkeypatch.setattr("textinv_app.ui.page.time.time", lambda: later)
    with_pet.refresh()
    assert {"photos", "samples", "seen"} <= with_pet.changed


def test_a_finished_run_reaches_compare_and_collection_by_itself(with_pet: Browser) -> None:
    with_pet.start(teach="embedding")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.advance(with_pet.owner, run_id, 250)
    with_pet.tick()
    with_pet.library.finish(with_pet.owner, run_id)
    with_pet.tick()
    assert {"compare_setup", "manage_files"} <= with_pet.changed
    assert "biscuitdog.safetensors" in with_pet.shown["manage_files"]


def test_a_run_that_ends_while_the_page_is_loaded_is_noticed(
    with_pet: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was shown as learning for up to half an hour."""
    with_pet.start(teach="embedding")
    run_id = with_pet.library.list_runs(with_pet.owner)[0].run_id
    with_pet.library.advance(with_pet.owner, run_id, 250)
    draw_storage = PARTS["manage_storage"]

    def end_meanwhile(visit: Visit) -> Html:
        with_pet.library.finish(with_pet.owner, run_id)
        return draw_storage(visit)

    with monkeypatch.context() as patch:
        # The last part but those of the dialog: the trainings are drawn already.
        patch.setitem(PARTS, "manage_storage", end_meanwhile)
        with_pet.load(with_pet.shown["concept"])
    with_pet.tick()
    assert 'data-status="done"' in with_pet.shown["train_runs"]
    assert "biscuitdog.safetensors" in with_pet.shown["manage_files"]


def test_a_training_of_another_pet_reaches_the_collection_by_itself(with_pet: Browser) -> None:
    """It appeared when the tab was pressed the next time."""
    with_pet.start(teach="embedding")
    (run,) = with_pet.library.list_runs(with_pet.owner)
    with_pet.do("sample.use", id="clover")
    with_pet.tick()
    with_pet.library.finish(with_pet.owner, run.run_id)
    with_pet.tick()
    assert {"compare_setup", "manage_files"} <= with_pet.changed
    assert "biscuitdog.safetensors" in with_pet.shown["manage_files"]
    with_pet.tick()
    assert with_pet.changed == set()


def test_everything_is_there_again_in_another_browser(with_pet: Browser) -> None:
    with_pet.start()
    other = Browser(with_pet.library)
    other.load()
    assert other.shown["concept"] == with_pet.shown["concept"]
    assert other.shown["train_runs"] == with_pet.shown["train_runs"]
    assert "8 photos" in other.shown["photos"]


def _finished(browser: Browser) -> dict[str, str]:
    browser.start()
    for run in browser.library.list_runs(browser.owner):
        browser.library.advance(browser.owner, run.run_id, 250)
        browser.library.finish(browser.owner, run.run_id)
    return {one.method: one.artifact_id for one in browser.library.list_artifacts(browser.owner)}


def test_a_comparison_is_drawn_with_what_was_chosen(with_pet: Browser) -> None:
    files = _finished(with_pet)
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
        _bring(with_pet, method, method=method, run_id="r1", imported=False, training_seconds=120.0)
    for run_id, told in (("r1", "2\u00a0min<"), ("r2", "4\u00a0min<")):
        _bring(
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
    browser.do("compare.draw", prompt="a biscuitdog", **_finished(browser))
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
    _bring(browser, "fluffy")
    browser.do("compare.draw", prompt="a fluffy", embedding="fluffy")
    assert library.orders[-1].titles["base"] == title
    assert f"<h4>{title}</h4>" in browser.shown["compare_results"]


def test_what_a_file_from_elsewhere_was_trained_in_is_not_told(browser: Browser) -> None:
    """A LoRA with layers of the text encoder was said to have trained the UNet alone."""
    _bring(browser, "ours", concept_id="pet", run_id="r1", method="lora", imported=False)
    _bring(browser, "theirs", method="lora")
    for name, times in (("ours", 1), ("theirs", 0)):
        browser.do("compare.draw", prompt=f"a {name}", lora=name)
        assert browser.shown["compare_results"].count("the UNet, the part that paints") == times


def test_a_failed_drawing_names_the_model_that_is_missing(with_pet: Browser) -> None:
    files = _finished(with_pet)
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
    _bring(browser, "inky", kind="style")
    browser.do("tab.open", tab="compare")
    setup = browser.shown["compare_setup"]
    assert "a cat in the style of inky</textarea>" in setup
    assert setup.count('data-kind="style"') == 7, "six sentences and the file"
    assert "a photo of a inky" not in setup


def test_examples_of_a_pet_and_of_a_style_are_told_apart(browser: Browser) -> None:
    _bring(browser, "inky", kind="style")
    _bring(browser, "fluffy")
    browser.do("tab.open", tab="compare")
    setup = browser.shown["compare_setup"]
    assert "a photo of a fluffy</textarea>" in setup
    assert setup.count('style="display:none" data-local="example" data-kind="style"') == 6


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


def _preselected(browser: Browser) -> list[str]:
    """Return the embedding and the LoRA that are chosen to begin with, empty for none."""
    browser.load(browser.shown["concept"])
    return re.findall('<option value="([^"]*)" selected data-word', browser.shown["compare_setup"])


def test_a_comparison_begins_with_files_that_belong_together(with_pet: Browser) -> None:
    """It began with another pet's LoRA, or with one for another model, which was refused."""
    files = _finished(with_pet)
    _bring(with_pet, "mia", method="lora", concept_id="mia")
    _bring(with_pet, "mia-xl", family="sdxl", concept_id="mia")
    assert _preselected(with_pet) == [files["embedding"], files["lora"]]
    for method, chosen in (("embedding", ["", files["lora"]]), ("lora", ["mia-xl", ""])):
        with_pet.library.delete_artifact(with_pet.owner, files[method])
        assert _preselected(with_pet) == chosen


def test_a_comparison_begins_with_both_files_of_a_pair(browser: Browser) -> None:
    _bring(browser, "rex-lora", method="lora", concept_id="rex", companion_id="rex")
    _bring(browser, "later", method="lora", concept_id="rex")
    _bring(browser, "rex", concept_id="rex", companion_id="rex-lora")
    assert _preselected(browser) == ["rex", "rex-lora"]


def test_a_prompt_without_the_word_is_sent_back(with_pet: Browser) -> None:
    files = _finished(with_pet)
    with_pet.do("compare.draw", prompt="a dog", **files)
    assert "Put the word “biscuitdog”" in with_pet.shown["toast"]
    assert with_pet.library.latest_drawing(with_pet.owner) is None


def test_a_file_is_renamed_explained_and_deleted(with_pet: Browser) -> None:
    files = _finished(with_pet)
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
    _finished(with_pet)
    _bring(with_pet, "fluffy")
    pair = {"imported": False, "run_id": "r9"}
    _bring(with_pet, "rexdog", companion_id="other", **pair)
    with_pet.do("tab.open", tab="manage")
    for question in (
        "Delete the embedding Biscuit with its training?",
        "Delete the LoRA Biscuit with its training?",
        "Delete the embedding Fluffy? This cannot be undone.",
        "Delete Rexdog with its training? The embedding and the LoRA both go.",
    ):
        assert with_pet.shown["manage_files"].count(question) == 1


def test_half_a_pair_from_elsewhere_is_said_to_be_half(with_pet: Browser) -> None:
    _bring(with_pet, "fluffy")
    with_pet.do("tab.open", tab="manage")
    assert "each is little without the other" not in with_pet.shown["manage_files"]
    _bring(with_pet, "rexdog", half_of="rexdog-lora")
    with_pet.do("tab.open", tab="manage")
    assert "each is little without the other" in with_pet.shown["manage_files"]


def _bring(browser: Browser, artifact_id: str, **changes: object) -> None:
    """Put a file from elsewhere into the collection."""
    values = {
        "artifact_id": artifact_id, "concept_id": "", "run_id": "", "name": artifact_id.title(),
        "placeholder_token": artifact_id, "kind": "subject", "method": "embedding",
        "family": "sd1", "model_id": "sd15", "file_name": f"{artifact_id}.safetensors",
        "size_bytes": 3_000, "created_at": "2026-11-24T18:00:00+00:00", "training_seconds": None,
        "steps": None, "likeness": None, "download_url": "/media/x", "thumbnail_urls": (),
        "imported": True,
    }  # fmt: skip
    view = ArtifactView(**(values | changes))
    browser.library._mine(browser.owner).artifacts[artifact_id] = view


def test_a_file_that_moves_in_is_introduced(browser: Browser) -> None:
    _bring(browser, "fluffy", family="sdxl", model_id="sdxl")
    browser.do("files.arrived", added=1, refused=[])
    said = browser.shown["toast"]
    assert "Fluffy has moved in: an embedding, made for Stable Diffusion XL." in said
    browser.do("files.arrived", added=3, refused=[])
    assert "3 files have moved in." in browser.shown["toast"]


def test_of_a_file_from_elsewhere_nothing_is_said_that_it_does_not_tell(browser: Browser) -> None:
    """It was called a pet, and for 1.5 where the message said 1.x."""
    _bring(browser, "fluffy")
    _bring(browser, "inky", kind="style")
    browser.do("tab.open", tab="manage")
    assert "Embedding · Stable Diffusion 1.x" in browser.shown["manage_files"]
    assert "Embedding · A style · Stable Diffusion 1.x" in browser.shown["manage_files"]


def test_a_file_from_elsewhere_can_be_moved_to_the_negative_prompt(browser: Browser) -> None:
    _bring(browser, "fluffy")
    browser.do("tab.open", tab="manage")
    assert 'aria-checked="false"' in browser.shown["manage_files"]
    browser.do("artifact.negative", id="fluffy", checked="false")
    assert browser.library.artifact(browser.owner, "fluffy").kind == "negative"
    assert 'aria-checked="true"' in browser.shown["manage_files"]
    browser.do("artifact.negative", id="fluffy", checked="true")
    assert browser.library.artifact(browser.owner, "fluffy").kind == "subject"


def test_files_of_ones_own_and_loras_have_no_such_switch(with_pet: Browser) -> None:
    _finished(with_pet)
    _bring(with_pet, "fluffy", method="lora")
    with_pet.do("tab.open", tab="manage")
    assert "artifact.negative" not in with_pet.shown["manage_files"]


def test_a_negative_embedding_alone_can_be_compared(browser: Browser) -> None:
    _bring(browser, "easynegative", kind="negative")
    browser.do("tab.open", tab="compare")
    assert "compare.draw" in browser.shown["compare_setup"]
    browser.do("compare.draw", prompt="a cat", negative_ids=["easynegative"])
    assert browser.library.orders[-1].negative_ids == ("easynegative",)
    assert browser.library.orders[-1].model_id == "sd15"


def test_ticked_negatives_for_other_models_are_left_out(with_pet: Browser) -> None:
    """They are ticked from the start, and once kept every other model from being drawn with."""
    files = _finished(with_pet)
    _bring(with_pet, "easynegative", kind="negative")
    with_pet.do("compare.draw", prompt="a biscuitdog", negative_ids=["easynegative"], **files)
    assert with_pet.library.orders[-1].negative_ids == ()


def test_two_files_for_different_models_are_told_apart_by_name(browser: Browser) -> None:
    _bring(browser, "fluffy")
    _bring(browser, "painting", method="lora", family="sdxl", model_id="sdxl")
    browser.do("compare.draw", prompt="a fluffy", embedding="fluffy", lora="painting")
    assert (
        "Fluffy was made for Stable Diffusion 1.x, Painting for Stable Diffusion XL."
        in browser.shown["toast"]
    )


def test_deleting_a_pet_opens_the_next_one(with_pet: Browser) -> None:
    first = with_pet.shown["concept"]
    with_pet.do("sample.use", id="clover")
    second = with_pet.shown["concept"]
    with_pet.do("concept.delete", id=second)
    assert with_pet.shown["concept"] == first
    with_pet.do("concept.delete_photos", id=first)
    assert with_pet.library.concept(with_pet.owner, first).photos == ()


def test_a_limit_is_said_and_nothing_else_changes(browser: Browser) -> None:
    for number in range(MAX_PETS):
        browser.do("concept.new")
        browser.do("concept.change", field="name", value="Rex" + "abcdefgh"[number])
    before = dict(browser.shown)
    browser.do("concept.new")
    assert "pn-toast-error" in browser.shown["toast"]
    assert browser.changed == {"toast"}
    assert browser.shown["form"] == before["form"]


@pytest.mark.parametrize(
    ("do", "fields"),
    [
        ("concept.open", {"id": "{concept}"}),
        ("concept.change", {"field": "name", "value": "Mine"}),
        ("concept.delete", {"id": "{concept}"}),
        ("concept.delete_photos", {"id": "{concept}"}),
        ("photo.remove", {"id": "{photo}"}),
        ("photo.square", {"id": "{photo}", "left": 0, "top": 0, "side": 5}),
        ("word.suggest", {}),
        ("word.take", {"word": "stolenword"}),
        ("train.start", {"model": "crayon", "teach": "lora", "preset": "quick", "key": "z"}),
        ("run.pause", {"id": "{run}"}),
        ("run.resume", {"id": "{run}"}),
        ("run.stop", {"id": "{run}"}),
        ("run.remove", {"id": "{run}"}),
        ("artifact.rename", {"id": "{artifact}", "name": "Mine"}),
        ("artifact.usage", {"id": "{artifact}", "expanded": "false"}),
        ("artifact.delete", {"id": "{artifact}"}),
        ("compare.draw", {"prompt": "a biscuitdog", "embedding": "{artifact}"}),
        ("compare.cancel", {"id": "{drawing}"}),
    ],
)
def test_a_stranger_changes_and_sees_nothing(
    with_pet: Browser, do: str, fields: dict[str, object]
) -> None:
    files = _finished(with_pet)
    with_pet.do("compare.draw", prompt="a biscuitdog", **files)
    drawing = with_pet.library.latest_drawing(with_pet.owner)
    concept_id = with_pet.shown["concept"]
    photo_id = with_pet.library.concept(with_pet.owner, concept_id).photos[0].photo_id
    names = {
        "concept": concept_id,
        "photo": photo_id,
        "run": with_pet.library.list_runs(with_pet.owner)[0].run_id,
        "artifact": files["embedding"],
        "drawing": drawing.drawing_id if drawing else "",
    }
    filled = {
        key: value.format(**names) if isinstance(value, str) else value
        for key, value in fields.items()
    }
    before = repr(with_pet.library._mine(with_pet.owner))
    stranger = Browser(with_pet.library, token=STRANGER)
    stranger.shown["concept"] = concept_id
    stranger.do(do, **filled)
    assert repr(with_pet.library._mine(with_pet.owner)) == before
    assert not any("biscuit" in str(stranger.shown[name]).lower() for name in PARTS)


@pytest.mark.parametrize(
    "command",
    ["", "[]", "{}", '{"do": 5}', '{"do": "nothing.known"}', "x" * 70_000, '{"do": "run.stop"'],
)
def test_a_command_that_makes_no_sense_gets_a_sentence(with_pet: Browser, command: str) -> None:
    updates = with_pet.page.act(TOKEN, "", command)
    assert "makes no sense" in str(updates[3])


@pytest.mark.parametrize("token", ["", "short", "Z" * 64, "a" * 63])
def test_a_token_that_is_none_gets_a_sentence(with_pet: Browser, token: str) -> None:
    assert "pn-toast-error" in str(with_pet.page.load(token, "")[3])


def test_the_page_notices_that_a_pet_is_gone(with_pet: Browser) -> None:
    with_pet.library.delete_concept(with_pet.owner, with_pet.shown["concept"])
    with_pet.load(with_pet.shown["concept"])
    assert with_pet.shown["concept"] == ""
    with pytest.raises(NotFound):
        with_pet.library.concept(with_pet.owner, "c9")


@pytest.mark.parametrize("text", ["", "null", "[1]", "{", '{"runs": 3}'])
def test_a_strange_memory_of_the_page_counts_as_nothing_seen(text: str) -> None:
    assert Seen.read(text) in (Seen(), Seen(runs="3"))


def test_a_model_of_ones_own_has_to_be_named(with_pet: Browser) -> None:
    with_pet.do("train.choose", model="custom", teach="lora", preset="quick")
    assert "pn-minutes" not in with_pet.shown["train_presets"]
    with_pet.start(model="custom")
    assert "Write which model" in with_pet.shown["toast"]
    with_pet.start(model="custom", custom="somebody/model", teach="lora")
    assert with_pet.library.list_runs(with_pet.owner)[0].model_id == "somebody/model"


def test_where_only_the_list_may_be_used_no_model_of_ones_own_is_offered(with_pet: Browser) -> None:
    with_pet.library.takes_own_models = False
    with_pet.do("tab.open", tab="train")
    setup = with_pet.shown["train_setup"]
    assert 'value="crayon"' in setup
    assert "custom" not in setup


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


def test_train_again_like_this_fills_the_form_and_reaches_the_library(with_pet: Browser) -> None:
    with_pet.start(teach="embedding")
    (run,) = with_pet.library.list_runs(with_pet.owner)
    with_pet.library.finish(with_pet.owner, run.run_id)
    (artifact,) = with_pet.library.list_artifacts(with_pet.owner)
    pet = with_pet.shown["concept"]
    with_pet.do("sample.use", id="pepper")
    with_pet.do("artifact.recreate", id=artifact.artifact_id)
    assert with_pet.shown["concept"] == pet, "its own pet is opened"
    setup, presets = with_pet.shown["train_setup"], with_pet.shown["train_presets"]
    assert "Like “Biscuit”" in setup
    assert "2 vectors · 321 steps · seed 4242" in setup
    assert 'value="embedding" checked' in setup
    assert 'value="balanced" checked' in presets
    assert f'value="{artifact.artifact_id}"' in setup
    with_pet.start(teach="embedding", preset="balanced", key="k2", like=artifact.artifact_id)
    assert with_pet.library.orders[-1].like_id == artifact.artifact_id
    with_pet.do("train.forget")
    assert "Like “" not in with_pet.shown["train_setup"]


def test_train_again_like_this_needs_a_pet_with_photos(with_pet: Browser) -> None:
    with_pet.start(teach="lora")
    (run,) = with_pet.library.list_runs(with_pet.owner)
    with_pet.library.finish(with_pet.owner, run.run_id)
    (artifact,) = with_pet.library.list_artifacts(with_pet.owner)
    with_pet.do("concept.delete_photos", id=with_pet.shown["concept"])
    with_pet.do("artifact.recreate", id=artifact.artifact_id)
    assert "Open a pet with photos" in with_pet.shown["toast"]


def _liked(browser: Browser) -> str:
    """Train again like a file, with the form as it is drawn then; return the file."""
    artifact_id = _finished(browser)["embedding"]
    browser.do("artifact.recreate", id=artifact_id)
    drawn = re.search(r'data-drawn="([^"]+)"', browser.shown["train_setup"])
    assert drawn
    browser.opened = {
        "model": "crayon", "teach": "embedding", "preset": "balanced", "like": artifact_id,
        "drawn": drawn[1],
    }  # fmt: skip
    return artifact_id


def test_a_training_like_a_file_stays_so_when_links_are_drawn_again_or_a_photo_is_removed(
    with_pet: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact_id = _liked(with_pet)
    before = with_pet.shown["train_setup"]
    with_pet.do("tab.open", tab="train")
    assert with_pet.shown["train_setup"] == before
    pet = with_pet.library.concept(with_pet.owner, with_pet.shown["concept"])
    with_pet.do("photo.remove", id=pet.photos[0].photo_id)
    assert "Like “Biscuit”" in with_pet.shown["train_setup"]
    assert f'value="{artifact_id}"' in with_pet.shown["train_setup"]
    later = time.time() + 31 * 60
    monkeypatch.setattr("textinv_app.ui.page.time.time", lambda: later)
    with_pet.refresh()
    assert "photos" in with_pet.changed
    assert not {"train_setup", "next_step", "compare_setup", "manage_storage"} & with_pet.changed


def test_a_training_like_a_file_takes_as_long_as_its_own_steps(with_pet: Browser) -> None:
    """3000 steps were said to take two minutes, which are the preset's own."""
    artifact_id = _liked(with_pet)
    drawn = with_pet.shown["train_presets"]
    # 321 steps at a second each; the other presets take what they always do.
    for minutes in ("about 1\u00a0min 15\u00a0s", "about 5\u00a0min", "about 13\u00a0min"):
        assert minutes in drawn
    with_pet.do("tab.open", tab="train")
    assert with_pet.shown["train_presets"] == drawn
    with_pet.do("train.choose", **with_pet.opened)
    assert "about 5\u00a0min" in with_pet.shown["train_presets"]
    with_pet.do("artifact.delete", id=artifact_id)
    with_pet.do("tab.open", tab="train")
    assert "about 4\u00a0min" in with_pet.shown["train_presets"]


def test_a_training_like_a_file_is_forgotten_with_the_file_and_with_the_pet(
    with_pet: Browser,
) -> None:
    artifact_id = _liked(with_pet)
    with_pet.do("sample.use", id="pepper")
    assert "Like “" not in with_pet.shown["train_setup"]
    with_pet.do("concept.open", id=str(with_pet.opened["drawn"]).split()[0])
    with_pet.do("artifact.delete", id=artifact_id)
    assert "Like “" not in with_pet.shown["train_setup"]
    assert artifact_id not in with_pet.shown["train_setup"]


def test_minutes_are_for_what_is_chosen_after_leaving_the_tab_too(with_pet: Browser) -> None:
    with_pet.opened = {"model": "crayon", "teach": "embedding", "preset": "careful",
                       "drawn": with_pet.shown["concept"]}  # fmt: skip
    with_pet.do("tab.open", tab="train")
    assert "about 1\u00a0min 15\u00a0s" in with_pet.shown["train_presets"]
    assert 'value="embedding" checked' in with_pet.shown["train_setup"]
    with_pet.do("sample.use", id="pepper")
    assert "about 3\u00a0min" in with_pet.shown["train_presets"]


def test_the_collection_stays_unfolded_when_it_is_drawn_again(
    with_pet: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        _bring(with_pet, f"file{number}")
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


def test_a_file_of_a_model_that_is_not_here_is_trained_like_on_the_usual_one(
    with_pet: Browser,
) -> None:
    _finished(with_pet)
    own = with_pet.library.list_artifacts(with_pet.owner)[0]
    _bring(with_pet, "fluffy", model_id="somebody/gone", concept_id=own.concept_id)
    with_pet.do("artifact.recreate", id="fluffy")
    setup = with_pet.shown["train_setup"]
    assert "It was taught on somebody/gone, which cannot be used here." in setup
    assert 'value="crayon" checked' in setup
    assert 'value="balanced" checked' in with_pet.shown["train_presets"]


def test_a_longer_word_does_not_pass_for_the_word_itself(with_pet: Browser) -> None:
    files = _finished(with_pet)
    with_pet.do("compare.draw", prompt="two biscuitdogs", **files)
    assert "Put the word “biscuitdog”" in with_pet.shown["toast"]
    with_pet.do("compare.draw", prompt="a Biscuitdog, asleep", **files)
    assert with_pet.library.latest_drawing(with_pet.owner) is not None


def test_many_negative_embeddings_can_be_drawn_with_and_only_the_newest_are_ticked(
    browser: Browser,
) -> None:
    for number in range(25):
        _bring(browser, f"bad{number}", kind="negative")
    browser.do("tab.open", tab="compare")
    ticked = re.findall(r'value="(bad[0-9]+)" checked', browser.shown["compare_setup"])
    assert ticked == [f"bad{number}" for number in range(24, 14, -1)]
    every = [f"bad{number}" for number in range(25)]
    browser.do("compare.draw", prompt="a cat", negative_ids=every)
    assert len(browser.library.orders[-1].negative_ids) == 25


def test_of_a_negative_word_taught_twice_the_newest_file_is_ticked(browser: Browser) -> None:
    for name in ("old", "new"):
        _bring(browser, name, kind="negative", placeholder_token="badpics")
    browser.do("tab.open", tab="compare")
    ticked = re.findall(r'value="(\w+)" checked', browser.shown["compare_setup"])
    assert ticked == ["new"]
