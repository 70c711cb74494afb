"""The handlers of the train tab on a library in memory: choices, buttons, runs as shown."""

from __future__ import annotations

import re
import time

import pytest
from fake_browser import Browser, bring, finished

from textinv_app.domain.status import RunStatus


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
    run_id = with_pet.start_one("lora")
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
    run_id = with_pet.start_one("lora")
    stopping = {"status": RunStatus.RUNNING, "wanted": "stop"}
    with_pet.library._change(with_pet.owner, run_id, **stopping)
    with_pet.tick()
    assert "Cancelling…" in with_pet.shown["train_runs"]
    with_pet.library.advance(with_pet.owner, run_id, 50)
    with_pet.library._change(with_pet.owner, run_id, **stopping)
    with_pet.tick()
    assert "Stopping: keeping the best…" in with_pet.shown["train_runs"]


def test_stop_never_takes_the_place_of_a_pause_that_was_just_pressed(with_pet: Browser) -> None:
    run_id = with_pet.start_one("lora")
    with_pet.library.advance(with_pet.owner, run_id, 50)
    with_pet.library._change(with_pet.owner, run_id, wanted="pause")
    with_pet.tick()
    html = with_pet.shown["train_runs"]
    assert "run.pause" not in html
    assert 0 < html.index('aria-disabled="true"') < html.index('data-do="run.stop"')


def test_a_live_run_shows_progress_curves_previews_verdict_and_words(with_pet: Browser) -> None:
    run_id = with_pet.start_one("embedding")
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
    run_id = with_pet.start_one("embedding")
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
    run_id = with_pet.start_one("embedding")
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
    run_id = with_pet.start_one("embedding")
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
    run_id = with_pet.start_one("embedding")
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
    run_id = with_pet.start_one("embedding")
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


def test_a_style_is_not_told_that_an_earlier_step_is_kept(with_pet: Browser) -> None:
    """Its last step is kept, but “The best so far is kept” stood there while it went on."""
    with_pet.do("concept.change", field="kind", value="style")
    run_id = with_pet.start_one("lora")
    with_pet.library.advance(with_pet.owner, run_id, 250)
    (view,) = with_pet.library.list_runs(with_pet.owner)
    still = tuple(one.model_copy(update={"verdict": "not_improving"}) for one in view.verdicts)
    with_pet.library._change(with_pet.owner, run_id, verdicts=still)
    with_pet.tick()
    assert "It goes on to the last step." in with_pet.shown["train_runs"]
    assert "is kept" not in with_pet.shown["train_runs"]
    with_pet.library._change(with_pet.owner, run_id, status=RunStatus.DONE)
    with_pet.tick()
    assert "a style is best judged by eye" in with_pet.shown["train_runs"]


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
    run_id = with_pet.start_one("embedding")
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
    run_id = with_pet.start_one("embedding")
    with_pet.library.fail(with_pet.owner, run_id, "run.out_of_memory", "x")
    with_pet.tick()
    assert "not enough memory" in with_pet.shown["train_runs"]
    assert 'data-do="run.resume"' in with_pet.shown["train_runs"]


@pytest.mark.parametrize("ending", ["failed", "cancelled"])
def test_a_run_that_came_to_nothing_can_be_put_away(with_pet: Browser, ending: str) -> None:
    run_id = with_pet.start_one("embedding")
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
    finished(with_pet)
    with_pet.tick()
    assert 'data-status="done"' in with_pet.shown["train_runs"]
    assert "run.remove" not in with_pet.shown["train_runs"]


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
    artifact_id = finished(browser)["embedding"]
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


def test_a_file_of_a_model_that_is_not_here_is_trained_like_on_the_usual_one(
    with_pet: Browser,
) -> None:
    finished(with_pet)
    own = with_pet.library.list_artifacts(with_pet.owner)[0]
    bring(with_pet, "fluffy", model_id="somebody/gone", concept_id=own.concept_id)
    with_pet.do("artifact.recreate", id="fluffy")
    setup = with_pet.shown["train_setup"]
    assert "It was taught on somebody/gone, which cannot be used here." in setup
    assert 'value="crayon" checked' in setup
    assert 'value="balanced" checked' in with_pet.shown["train_presets"]
