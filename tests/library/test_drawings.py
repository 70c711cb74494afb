"""Comparisons: columns, the painter's life and death, giving way, cancelling."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from library_world import World, scripted_executor

from textinv_app.domain.status import RunStatus
from textinv_app.domain.views import DrawingView
from textinv_app.errors import BadInput, NotFound, QuotaReached
from textinv_app.library import painting as painting_module
from textinv_app.library.api import ConceptChange, DrawingOrder
from textinv_app.ui import compare_tab
from textinv_app.ui.commands import Command
from textinv_app.ui.desk import Visit
from textinv_app.ui.words import Words


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A library whose trainings are over in no time."""
    return make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.001"))


def teach(world: World, name: str = "Rex", **order: Any) -> dict[str, str]:
    """Teach a concept by the methods given; returns the artifact of each."""
    concept_id = world.concept(name).concept.concept_id
    if "kind" in order:
        change = ConceptChange(kind=order.pop("kind"))
        world.service.update_concept(world.owner, concept_id, change)
    methods = order.pop("methods", ("embedding",))
    given = world.order(concept_id, methods=methods, **order)
    runs = world.service.start_training(world.owner, given)
    return {run.method: world.tick_until_status(run.run_id, RunStatus.DONE).run_id for run in runs}


def draw(world: World, **order: Any) -> DrawingView:
    """Ask for a drawing."""
    given = {"model_id": "crayon", "prompt": "a rexdog in the snow", **order}
    return world.service.start_drawing(world.owner, DrawingOrder(**given))


def request_of(world: World, drawing: DrawingView) -> dict[str, Any]:
    """Return what the painter is asked."""
    path = world.data_dir / "drawings" / drawing.drawing_id / "request.json"
    request: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return request


def tick_until_ended(world: World, drawing: DrawingView) -> DrawingView:
    """Tick until a drawing is over."""

    def ended() -> DrawingView | None:
        seen = world.service.drawing(world.owner, drawing.drawing_id)
        return seen if seen.status in {"done", "failed"} else None

    view: DrawingView = world.tick_until(ended)
    return view


def test_columns_wear_and_say_what_was_chosen(world: World) -> None:
    made = teach(world, methods=("embedding", "lora"))
    drawing = draw(
        world,
        embedding_id=made["embedding"],
        lora_id=made["lora"],
        num_images=2,
        lora_strength=0.5,
        negative_prompt="blurred",
        titles={"base": "Sans le nouveau mot"},
    )
    request = request_of(world, drawing)
    assert request["titles"] == {"base": "Sans le nouveau mot"}
    columns = {column["name"]: column for column in request["columns"]}
    assert list(columns) == ["base", "embedding", "lora", "both"]
    assert columns["base"]["prompt"] == "a dog in the snow"
    assert columns["base"]["worn"] == []
    for name in ("embedding", "lora", "both"):
        assert "rexdog" in columns[name]["prompt"]
    worn = [[piece["method"] for piece in columns[name]["worn"]] for name in columns]
    assert worn == [[], ["embedding"], ["lora"], ["embedding", "lora"]]
    assert columns["lora"]["worn"][0]["strength"] == 0.5
    assert len(request["reference_photos"]) == 3

    done = tick_until_ended(world, drawing)
    assert done.status == "done"
    assert done.fraction == 1.0
    assert len(done.pictures) == 8
    assert done.likeness == {"base": 50.0, "embedding": 50.0, "lora": 50.0, "both": 50.0}
    assert done.grid_url
    assert done.version != drawing.version
    latest = world.service.latest_drawing(world.owner)
    assert latest is not None
    assert latest.drawing_id == drawing.drawing_id


def test_a_file_taught_on_ones_own_model_is_compared_on_that_model(world: World) -> None:
    """The page once asked for a model by the name "custom", and there is none."""
    own = world.root / "own-model"
    (own / "unet").mkdir(parents=True)
    for name in ("model_index.json", "likeness.json"):
        (own / name).write_text("{}", encoding="utf-8")
    (own / "unet" / "config.json").write_text('{"cross_attention_dim": 256}', encoding="utf-8")
    made = teach(world, model_id=str(own))
    visit = Visit(world.service, Words("en"), world.owner, "", Command("page"))
    asked = {"prompt": "a rexdog", "embedding": made["embedding"]}
    compare_tab.draw(visit, Command("compare.draw", asked))
    drawing = world.service.latest_drawing(world.owner)
    assert drawing is not None
    base_model = request_of(world, drawing)["base_model"]
    assert (base_model["model_id"], base_model["source"]) == ("custom", str(own))
    # That folder is on nobody else's machine, and nobody's business.
    guides = world.service.usage(world.owner, made["embedding"])
    assert [guide.program for guide in guides if str(own) in guide.copy_text] == []


def test_likeness_is_told_only_of_columns_that_show_the_pet_of_the_photos(world: World) -> None:
    """Another pet's LoRA was once measured against the first pet's photos."""
    rex = teach(world, methods=("embedding", "lora"))
    mia = teach(world, "Mia", methods=("lora",))
    alone = request_of(world, draw(world, embedding_id=rex["embedding"], lora_id=rex["lora"]))
    assert all(column["measured"] for column in alone["columns"])
    mixed = request_of(world, draw(world, embedding_id=rex["embedding"], lora_id=mia["lora"]))
    assert mixed["reference_photos"] == alone["reference_photos"]
    told = {column["name"]: column["measured"] for column in mixed["columns"]}
    assert told == {"base": True, "embedding": True, "lora": False, "both": False}


def test_a_pet_that_was_made_a_style_afterwards_is_not_measured_against_its_photos(
    world: World,
) -> None:
    made = teach(world)
    concept_id = world.service.artifact(world.owner, made["embedding"]).concept_id
    world.service.update_concept(world.owner, concept_id, ConceptChange(kind="style"))
    request = request_of(world, draw(world, embedding_id=made["embedding"]))
    assert request["reference_photos"] == []


def test_a_file_of_another_family_is_not_worn(world: World) -> None:
    foreign = world.bring_embedding().artifact_id
    with pytest.raises(BadInput) as caught:
        draw(world, embedding_id=foreign)
    assert caught.value.code == "drawing.other_family"


def test_negative_embeddings_go_into_the_negative_prompt(world: World) -> None:
    made = teach(world)
    bad = teach(world, "Ugly", kind="negative")["embedding"]
    word = world.service.artifact(world.owner, bad).placeholder_token
    drawing = draw(
        world, embedding_id=made["embedding"], negative_ids=(bad,), negative_prompt="dark"
    )
    base, embedding = request_of(world, drawing)["columns"]
    assert base["negative_prompt"] == "dark"
    assert base["worn"] == []
    assert embedding["negative_prompt"] == f"dark, {word}"
    assert [piece["kind"] for piece in embedding["worn"]] == ["subject", "negative"]

    alone = request_of(world, draw(world, embedding_id=bad, prompt="a dog"))
    assert [column["name"] for column in alone["columns"]] == ["base", "embedding"]
    assert alone["columns"][1]["negative_prompt"] == word


def test_of_a_negative_word_taught_twice_the_newest_file_alone_is_worn(world: World) -> None:
    """The word stood twice in the negative prompt, and both places meant one of the files."""
    old = teach(world, "Ugly", kind="negative")["embedding"]
    first = world.service.artifact(world.owner, old)
    again = world.start(first.concept_id, seed=8)
    new = world.tick_until_status(again.run_id, RunStatus.DONE).run_id
    drawing = draw(world, prompt="a dog", negative_ids=(new, old))
    column = request_of(world, drawing)["columns"][1]
    assert column["negative_prompt"] == first.placeholder_token
    assert [new in piece["path"] for piece in column["worn"]] == [True]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"prompt": "  "}, "drawing.no_prompt"),
        ({"prompt": "x" * 501}, "drawing.prompt_too_long"),
        ({"negative_prompt": "x" * 501}, "drawing.prompt_too_long"),
        ({"num_images": 0}, "drawing.out_of_range"),
        ({"num_images": 9}, "drawing.out_of_range"),
        ({"num_inference_steps": 10**6}, "drawing.out_of_range"),
        ({"seed": -1}, "drawing.out_of_range"),
        ({"lora_strength": float("nan")}, "drawing.out_of_range"),
    ],
)
def test_orders_that_are_refused(world: World, order: dict[str, Any], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        draw(world, **order)
    assert caught.value.code == code
    assert list((world.data_dir / "drawings").iterdir()) == []


def test_a_painter_that_dies_once_is_started_again(world: World) -> None:
    assert tick_until_ended(world, draw(world, prompt="ONCE")).status == "done"


def test_a_drawing_that_kills_the_painter_twice_is_given_up_and_the_next_is_drawn(
    world: World,
) -> None:
    deadly = draw(world, prompt="KILL")
    harmless = draw(world, prompt="a dog")
    failed = tick_until_ended(world, deadly)
    assert failed.status == "failed"
    assert failed.error_code == "drawing.crashed"
    assert tick_until_ended(world, harmless).status == "done"


def test_a_drawing_that_failed_tells_what_its_sentence_is_made_from(world: World) -> None:
    """It once said that "…" is not on this machine."""
    failed = tick_until_ended(world, draw(world, prompt="MISSING"))
    assert (failed.error_code, failed.error_details) == (
        "model.offline",
        {"name": "somebody/model"},
    )
    outcome = world.data_dir / "drawings" / failed.drawing_id / "outcome.json"
    old = json.loads(outcome.read_text(encoding="utf-8"))
    del old["error_details"]
    outcome.write_text(json.dumps(old), encoding="utf-8")
    seen = world.service.drawing(world.owner, failed.drawing_id)
    assert (seen.status, seen.error_details) == ("failed", {}), "written before there were any"


def test_cancelling_keeps_what_was_drawn_and_frees_the_painter(world: World) -> None:
    endless = draw(world, prompt="WAIT")
    world.tick_until(lambda: world.service.drawing(world.owner, endless.drawing_id).pictures)
    with pytest.raises(NotFound):
        world.service.cancel_drawing(world.stranger, endless.drawing_id)
    world.service.cancel_drawing(world.owner, endless.drawing_id)
    ended = world.service.drawing(world.owner, endless.drawing_id)
    assert ended.status == "done"
    assert len(ended.pictures) == 1
    assert tick_until_ended(world, draw(world, prompt="a dog")).status == "done"


def test_a_drawing_survives_a_restart(world: World) -> None:
    endless = draw(world, prompt="WAIT")
    world.tick_until(lambda: world.service.drawing(world.owner, endless.drawing_id).pictures)
    waiting = draw(world, prompt="a dog")
    world.reopen()
    world.service.cancel_drawing(world.owner, endless.drawing_id)
    assert tick_until_ended(world, waiting).status == "done"


def test_the_painter_gives_way_and_begins_again(world: World) -> None:
    drawing = draw(world, prompt="WAIT")
    world.tick_until(lambda: world.service.drawing(world.owner, drawing.drawing_id).pictures)
    painting = world.service._parts.painting
    first = painting._painter
    assert first is not None
    painting.may_draw = lambda: False
    painting.make_room()
    world.service.tick()
    assert first.poll() is not None
    assert painting._painter is None
    # It said "Drawing…" for as long as the training took.
    seen = world.service.drawing(world.owner, drawing.drawing_id)
    assert (seen.status, seen.waits_for_training) == ("waiting", True)
    painting.may_draw = lambda: True
    world.tick_until(lambda: painting._painter is not None)
    again = world.service.drawing(world.owner, drawing.drawing_id)
    assert (again.status, again.waits_for_training) == ("drawing", False)
    assert again.version != seen.version
    # That was no crash of its own: it does not count as one.
    drawn = world.service._parts.tables.drawings.find(drawing.drawing_id)
    assert drawn is not None
    assert drawn.num_deaths == 0


def test_a_painter_that_the_kernel_does_not_let_go_at_once_is_reaped_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing = draw(world, prompt="WAIT")
    world.tick_until(lambda: world.service.drawing(world.owner, drawing.drawing_id).pictures)
    painter = world.service._parts.painting._painter
    assert painter is not None
    # Nobody is gone so soon.
    monkeypatch.setattr(painting_module, "GOODBYE_SECONDS", -1.0)
    world.service.cancel_drawing(world.owner, drawing.drawing_id)
    monkeypatch.undo()
    assert tick_until_ended(world, draw(world, prompt="a dog")).status == "done"
    world.tick_until(lambda: painter.returncode is not None)
    world.tick_until(lambda: world.service._parts.painting._dying == [])


def test_an_idle_painter_that_has_left_is_started_again(world: World) -> None:
    assert tick_until_ended(world, draw(world, prompt="a dog")).status == "done"
    painter = world.service._parts.painting._painter
    assert painter is not None
    os.kill(painter.pid, signal.SIGKILL)
    painter.wait()
    assert tick_until_ended(world, draw(world, prompt="a cat")).status == "done"


def test_the_limit_of_open_drawings_and_of_kept_ones(make_world: Callable[..., World]) -> None:
    world = make_world(max_open_drawings_per_owner=2, kept_drawings_per_owner=3)
    draw(world)
    draw(world)
    with pytest.raises(QuotaReached):
        draw(world)
    for _ in range(4):
        world.tick_until(lambda: _num_open(world) == 0)
        draw(world)
    world.tick_until(lambda: _num_open(world) == 0)
    assert len(list((world.data_dir / "drawings").iterdir())) == 3


def test_drawings_that_still_wait_are_not_cleared_away(make_world: Callable[..., World]) -> None:
    world = make_world(kept_drawings_per_owner=1, max_open_drawings_per_owner=3)
    asked = {draw(world).drawing_id for _ in range(3)}
    assert {path.name for path in (world.data_dir / "drawings").iterdir()} == asked


def test_a_page_that_stays_open_gets_new_addresses_of_its_pictures(
    make_world: Callable[..., World],
) -> None:
    """It asks again only where the version has changed."""
    world = make_world(link_lifetime_seconds=2)
    drawing = draw(world)
    # Longer than links keep their address.
    time.sleep(1.1)
    assert world.service.drawing(world.owner, drawing.drawing_id).version != drawing.version


def _num_open(world: World) -> int:
    return world.service._parts.tables.drawings.num_open(world.owner)


def test_a_stranger_finds_no_drawing_and_wears_no_file_of_mine(world: World) -> None:
    made = teach(world)
    drawing = draw(world, embedding_id=made["embedding"])
    with pytest.raises(NotFound):
        world.service.drawing(world.stranger, drawing.drawing_id)
    assert world.service.latest_drawing(world.stranger) is None
    order = DrawingOrder(model_id="crayon", prompt="a rexdog", embedding_id=made["embedding"])
    with pytest.raises(NotFound):
        world.service.start_drawing(world.stranger, order)
