"""The queue: once for a double click, fair between owners, with limits."""

from __future__ import annotations

import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from library_world import World, scripted_executor, token_of

from textinv_app.domain.status import RunStatus
from textinv_app.errors import BadInput, ModelUnavailable, PetnameError, QuotaReached
from textinv_app.library import removing
from textinv_app.library.api import ConceptChange
from textinv_app.library.config import MEGABYTE
from textinv_app.library.space import SpaceKeeper


def test_the_same_key_queues_once(world: World) -> None:
    concept_id = world.concept().concept.concept_id
    order = world.order(concept_id, methods=("embedding", "lora"), idempotency_key="form-1")
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda _: world.service.start_training(world.owner, order), range(8))
        )
    ids = {tuple(run.run_id for run in answer) for answer in answers}
    assert len(ids) == 1
    assert len(world.service.list_runs(world.owner)) == 2
    assert len(list((world.data_dir / "runs").iterdir())) == 2


def test_a_folder_that_cannot_be_deleted_keeps_nobody_from_being_taught(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted = world.concept("Rex").concept.concept_id
    run_id = world.start(world.concept("Mia").concept.concept_id).run_id
    really = removing.remove_marked

    def remove_marked(folder: Path) -> None:
        if folder.name == deleted:
            raise PermissionError(errno.EACCES, "held open by another program", str(folder))
        really(folder)

    monkeypatch.setattr(removing, "remove_marked", remove_marked)
    world.service.delete_concept(world.owner, deleted)
    world.service.tick()
    assert world.run(run_id).status is RunStatus.RUNNING
    monkeypatch.undo()
    world.service.tick()
    assert not (world.data_dir / "concepts" / deleted).exists()


def test_without_a_key_a_second_start_is_told_that_it_is_being_taught(world: World) -> None:
    concept_id = world.concept().concept.concept_id
    run = world.start(concept_id)
    with pytest.raises(BadInput) as caught:
        world.start(concept_id)
    assert caught.value.code == "training.already"
    world.service.pause_run(world.owner, run.run_id)
    with pytest.raises(BadInput) as caught:
        world.start(concept_id)
    assert caught.value.code == "training.paused_already"
    world.start(concept_id, methods=("lora",))


def test_owners_take_turns(make_world: Callable[..., World]) -> None:
    world = make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.001"))
    annas = [world.start(world.concept(name).concept.concept_id) for name in ("Rex", "Mia", "Tom")]
    world.service.tick()
    bertas = world.concept("Bo", owner=world.stranger)
    bert = world.start(bertas.concept.concept_id, owner=world.stranger)
    # Bert came last but Anna has been served.
    assert bert.queue_position == 1
    assert [world.run(run.run_id).queue_position for run in annas] == [0, 2, 3]
    world.tick_until(lambda: world.run(annas[0].run_id).status is RunStatus.DONE)
    world.tick_until(lambda: world.run(bert.run_id, world.stranger).status is not RunStatus.QUEUED)
    assert world.run(annas[1].run_id).status is RunStatus.QUEUED


def test_two_hundred_starts_of_one_owner_are_cut_off_at_the_limit(
    make_world: Callable[..., World],
) -> None:
    world = make_world(max_active_runs_per_owner=3)
    concepts = [world.concept(name).concept.concept_id for name in ("Rex", "Mia")]
    accepted, refused = 0, set()
    for _ in range(50):
        for concept_id in concepts:
            for method in ("embedding", "lora"):
                try:
                    world.start(concept_id, methods=(method,))
                    accepted += 1
                except PetnameError as error:
                    refused.add(error.code)
    assert accepted == 3
    assert refused == {"training.already", "quota.runs"}
    assert len(list((world.data_dir / "runs").iterdir())) == 3


def test_the_limit_of_everybody_counts_the_runs_of_all(make_world: Callable[..., World]) -> None:
    world = make_world(max_active_runs=1)
    world.start(world.concept().concept.concept_id)
    berts = world.concept("Bo", owner=world.stranger).concept.concept_id
    with pytest.raises(QuotaReached) as caught:
        world.start(berts, owner=world.stranger)
    assert caught.value.code == "quota.queue"
    assert world.service.list_runs(world.stranger) == ()


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"seed": 2**32}, "training.seed"),
        ({"seed": -1}, "training.seed"),
        ({"idempotency_key": "x" * 101}, "training.key"),
    ],
)
def test_orders_that_are_refused(world: World, order: dict[str, Any], code: str) -> None:
    concept_id = world.concept().concept.concept_id
    with pytest.raises(BadInput) as caught:
        world.start(concept_id, **order)
    assert caught.value.code == code
    assert list((world.data_dir / "runs").iterdir()) == []


def test_an_order_for_two_methods_queues_both_or_none(make_world: Callable[..., World]) -> None:
    world = make_world(max_active_runs_per_owner=2)
    world.start(world.concept("Mia").concept.concept_id)
    concept_id = world.concept("Rex").concept.concept_id
    with pytest.raises(QuotaReached):
        world.start(concept_id, methods=("embedding", "lora"))
    assert world.service.list_runs(world.owner, concept_id) == ()


@pytest.mark.parametrize(
    ("num_photos", "code"), [(0, "missing.photos"), (2, "missing.photos"), (3, None)]
)
def test_too_few_photos_are_told(world: World, num_photos: int, code: str | None) -> None:
    concept = world.concept(num_photos=num_photos)
    assert concept.missing == ((code,) if code else ())
    if code:
        with pytest.raises(BadInput) as caught:
            world.start(concept.concept.concept_id)
        assert caught.value.code == code


def test_a_model_that_this_machine_cannot_use_is_refused_before_it_is_queued(world: World) -> None:
    concept_id = world.concept().concept.concept_id
    order = world.order(concept_id)
    for model_id in ("sdxl", "nobody-has-this"):
        with pytest.raises(ModelUnavailable):
            world.service.start_training(
                world.owner, type(order)(**{**order.__dict__, "model_id": model_id})
            )
    assert world.service.list_runs(world.owner) == ()


def test_a_full_disk_is_told_before_anything_is_queued(make_world: Callable[..., World]) -> None:
    world = make_world(min_free_bytes=0)
    concept_id = world.concept().concept.concept_id
    world.config = type(world.config)(**{**world.config.__dict__, "min_free_bytes": 1 << 60})
    world.reopen()
    with pytest.raises(PetnameError) as caught:
        world.start(concept_id)
    assert caught.value.code == "storage.low"
    assert int(caught.value.details["needed_mb"]) > int(caught.value.details["free_mb"])
    assert list((world.data_dir / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"owner_quota_bytes": 20 * MEGABYTE}, "quota.space"),
        ({"min_free_bytes": 20 * MEGABYTE}, "storage.low"),
    ],
)
def test_what_a_training_will_write_has_to_fit_before_it_is_queued(
    make_world: Callable[..., World],
    monkeypatch: pytest.MonkeyPatch,
    limits: dict[str, int],
    code: str,
) -> None:
    """The smallest one needs 20 MB beside the photos."""
    world = make_world(**limits)
    concept_id = world.concept().concept.concept_id
    monkeypatch.setattr(SpaceKeeper, "free_bytes", lambda _: 30 * MEGABYTE)
    with pytest.raises(PetnameError) as caught:
        world.start(concept_id)
    assert caught.value.code == code
    assert list((world.data_dir / "runs").iterdir()) == []


@pytest.mark.parametrize("method", ["lora", "pivotal"])
def test_what_pictures_should_not_be_like_is_refused_to_a_lora(world: World, method: str) -> None:
    concept_id = world.concept().concept.concept_id
    world.service.update_concept(world.owner, concept_id, ConceptChange(kind="negative"))
    with pytest.raises(BadInput) as caught:
        world.start(concept_id, methods=("embedding", method))
    assert caught.value.code == "training.negative_method"
    assert world.service.list_runs(world.owner) == ()


def test_a_token_must_be_long(world: World) -> None:
    for token in ("", "short", "x" * 42, "é" * 43, "x" * 200):
        with pytest.raises(BadInput):
            world.service.identify(token)
    assert world.service.identify(token_of("anna")) == world.owner
    assert len(world.owner) == 64


def test_start_for_another_pet_on_the_same_page_starts_its_training(world: World) -> None:
    """Within four seconds the page said that it was on its way, and nothing had begun."""
    first, second = (world.concept().concept.concept_id for _ in range(2))
    runs = [world.start(one, idempotency_key="form-1") for one in (first, second)]
    assert [run.concept_id for run in runs] == [first, second]
    assert len(world.service.list_runs(world.owner)) == 2


def test_a_key_of_another_order_is_told_as_a_page_out_of_order(world: World) -> None:
    concept_id = world.concept().concept.concept_id
    first = world.start(concept_id, idempotency_key="form-1")
    world.service.stop_run(world.owner, first.run_id)
    both = world.order(concept_id, methods=("embedding", "lora"), idempotency_key="form-1")
    with pytest.raises(BadInput) as caught:
        world.service.start_training(world.owner, both)
    assert caught.value.code == "training.key"
    assert len(world.service.list_runs(world.owner)) == 1
    assert len(list((world.data_dir / "runs").iterdir())) == 1
