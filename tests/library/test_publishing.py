"""Publishing from the library: couriers of their own, whose token, and what outlives a restart."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from library_world import World, byte_hits, draw_photo, scripted_executor, token_of

from tests.hub_stand_in import TOKEN, Answer, Call, HubStandIn, Repository, person
from textinv_app.domain.status import RunStatus
from textinv_app.domain.views import PublicationView
from textinv_app.errors import BadInput, NotFound, QuotaReached
from textinv_app.formats.embedding import write_embedding
from textinv_app.library.api import PublishOrder, ReceivedFile
from textinv_app.runs.lock import read_holder

SERVER_TOKEN = "hf_ServerServerServerServerServer12"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubStandIn]:
    """The Hub's stand-in, which couriers find, and a server that is logged in to it."""
    with HubStandIn() as stand_in:
        stand_in.people[SERVER_TOKEN] = person("server-owner", "write")
        for name, value in stand_in.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hub-home"))
        monkeypatch.setenv("HF_TOKEN", SERVER_TOKEN)
        yield stand_in


@pytest.fixture
def world(make_world: Callable[..., World], hub: HubStandIn) -> World:
    """A library whose trainings are over in no time."""
    return make_world(executor=scripted_executor(SCRIPT_STEP_SECONDS="0.001"))


def embedding(path: Path) -> None:
    """Write a real embedding."""
    vectors = np.random.default_rng(1).normal(0, 0.02, (2, 768)).astype(np.float32)
    write_embedding(path, {"text_encoder": vectors}, {})


def imported(world: World, owner: str = "") -> str:
    """Import an embedding and return its id."""
    path = world.data_dir / "incoming" / "upload"
    embedding(path)
    file = ReceivedFile(path, "fluffy.safetensors")
    return world.service.import_artifact(owner or world.owner, file).artifact_id


def trained(world: World) -> str:
    """Teach a concept and return the id of its file, a real one."""
    run = world.start(world.concept().concept.concept_id)
    world.tick_until_status(run.run_id, RunStatus.DONE)
    path = world.service.artifact_path(world.owner, run.run_id)
    embedding(path)
    draw_photo(path.with_name("picture-0.webp"), 1)
    return run.run_id


def order(artifact_id: str, **changes: Any) -> PublishOrder:
    """Return an order with a typed token."""
    return PublishOrder(
        **{"artifact_id": artifact_id, "repository": "rex", "token": TOKEN, **changes}
    )


def view(world: World, artifact_id: str, owner: str = "") -> PublicationView:
    """Return a publication as the page sees it."""
    views = world.service.list_publications(owner or world.owner)
    return next(one for one in views if one.artifact_id == artifact_id)


def until(world: World, artifact_id: str, *statuses: str) -> PublicationView:
    """Tick until a publication is in one of the states."""
    world.tick_until(lambda: view(world, artifact_id).status in statuses)
    return view(world, artifact_id)


def hold(hub: HubStandIn, part: str) -> Any:
    """Make the Hub wait at requests to a path until the returned event is set."""
    go_on = threading.Event()

    def wait(call: Call) -> None:
        if part in call.path:
            go_on.wait(30)

    hub.before = wait
    return go_on


def test_a_file_is_published_and_its_token_is_nowhere(
    world: World, hub: HubStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    artifact_id = trained(world)
    form = world.service.publish_form(world.owner, artifact_id)
    assert form.num_photos == 3
    begun = world.service.start_publishing(world.owner, order(artifact_id))
    assert begun.status == "working"
    done = until(world, artifact_id, "done", "failed")
    assert (done.status, done.url) == ("done", f"{hub.url}/anna/rex"), done.error_sentence
    assert done.private
    assert hub.repositories["anna/rex"].private
    assert "images/0.png" in hub.repositories["anna/rex"].files
    assert not [one for one in hub.repositories["anna/rex"].files if "concept_images" in one]
    assert byte_hits(world.data_dir, TOKEN.encode()) == []
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(order(artifact_id))
    # What was put together for it takes no more room here.
    assert not (world.run_dir(artifact_id) / "publication" / "files").exists()


def test_photos_go_along_only_when_ticked_and_while_there_are_any(
    world: World, hub: HubStandIn
) -> None:
    artifact_id = trained(world)
    world.service.start_publishing(world.owner, order(artifact_id, with_photos=True))
    done = until(world, artifact_id, "done", "failed")
    assert done.num_photos == 3, done.error_sentence
    names = sorted(one for one in hub.repositories["anna/rex"].files if "concept_images/" in one)
    assert names == [f"concept_images/{number}.jpeg" for number in range(3)]
    concept_id = world.service.artifact(world.owner, artifact_id).concept_id
    world.service.delete_photos(world.owner, concept_id)
    assert world.service.publish_form(world.owner, artifact_id).num_photos == 0
    world.service.start_publishing(
        world.owner, order(artifact_id, repository="2", with_photos=True)
    )
    assert until(world, artifact_id, "done").num_photos == 0


def test_deleting_the_photos_ends_their_publication(world: World, hub: HubStandIn) -> None:
    artifact_id = trained(world)
    go_on = hold(hub, "/batch")
    world.service.start_publishing(world.owner, order(artifact_id, with_photos=True))
    world.tick_until(lambda: hub.asked("/batch"))
    concept_id = world.service.artifact(world.owner, artifact_id).concept_id
    world.service.delete_photos(world.owner, concept_id)
    go_on.set()
    assert until(world, artifact_id, "failed").error_code == "publish.cancelled"
    assert hub.repositories == {}


def test_strangers_cannot_use_the_login_of_the_server(world: World, hub: HubStandIn) -> None:
    """On a Space the server is logged in as somebody; its visitors are somebody else."""
    artifact_id = imported(world)
    assert not world.service.publish_form(world.owner, artifact_id).has_own_token
    with pytest.raises(BadInput) as caught:
        world.service.start_publishing(world.owner, order(artifact_id, token=""))
    assert caught.value.code == "publish.no_token"
    go_on = hold(hub, "/whoami-v2")
    world.service.start_publishing(world.owner, order(artifact_id))
    world.tick_until(lambda: hub.asked("/whoami-v2"))
    holder = read_holder(world.data_dir / "imports" / artifact_id / "publication" / "courier.lock")
    assert holder is not None
    if sys.platform == "linux":
        for name in ("environ", "cmdline"):
            seen = Path(f"/proc/{holder.pid}/{name}").read_bytes()
            assert SERVER_TOKEN.encode() not in seen, name
            assert TOKEN.encode() not in seen, name
    go_on.set()
    until(world, artifact_id, "done")
    assert {call.token for call in hub.calls} <= {TOKEN, ""}


def test_at_home_the_login_of_the_computer_serves(
    make_world: Callable[..., World], hub: HubStandIn
) -> None:
    world = make_world(own_hub_token_usable=True)
    artifact_id = imported(world)
    assert world.service.publish_form(world.owner, artifact_id).has_own_token
    world.service.start_publishing(world.owner, order(artifact_id, token=""))
    assert until(world, artifact_id, "done").repository == "server-owner/rex"
    # One that is typed all the same goes first.
    world.service.start_publishing(world.owner, order(artifact_id))
    assert until(world, artifact_id, "done").repository == "anna/rex"


def test_the_two_files_of_a_pair_are_one_publication(world: World, hub: HubStandIn) -> None:
    artifact_id = trained(world)
    artifacts = world.service._parts.tables.artifacts
    row = artifacts.find(world.owner, artifact_id)
    assert row is not None
    embedding(world.service.artifact_path(world.owner, artifact_id).with_name("second.safetensors"))
    companion = row.manifest.model_copy(update={"file_name": "second.safetensors"})
    artifacts.remove(artifact_id)
    artifacts.add(replace(row, manifest=row.manifest.model_copy(update={"companion": companion})))
    second = next(
        one.artifact_id
        for one in world.service.list_artifacts(world.owner)
        if one.artifact_id != artifact_id
    )
    assert world.service.publish_form(world.owner, second).artifact_id == artifact_id
    begun = world.service.start_publishing(world.owner, order(second))
    assert begun.artifact_id == artifact_id
    with pytest.raises(BadInput):
        world.service.start_publishing(world.owner, order(artifact_id))
    until(world, artifact_id, "done")
    assert "second.safetensors" in hub.repositories["anna/rex"].files


@pytest.mark.parametrize("token", ["", "hf_ü", "hf_short\nline", "x" * 5000])
def test_a_token_that_can_be_none_is_refused_without_being_repeated(
    world: World, hub: HubStandIn, token: str
) -> None:
    with pytest.raises(BadInput) as caught:
        world.service.start_publishing(world.owner, order(imported(world), token=token))
    assert caught.value.code in {"publish.no_token", "publish.bad_token"}
    assert not token or token not in str(caught.value)
    assert not hub.calls


def test_strangers_see_and_change_nothing(world: World, hub: HubStandIn) -> None:
    artifact_id = imported(world)
    go_on = hold(hub, "/whoami-v2")
    world.service.start_publishing(world.owner, order(artifact_id))
    service, stranger = world.service, world.stranger
    assert service.list_publications(stranger) == ()
    for attempt in (
        lambda: service.publish_form(stranger, artifact_id),
        lambda: service.start_publishing(stranger, order(artifact_id)),
        lambda: service.answer_publication(stranger, artifact_id, update=True),
        lambda: service.cancel_publication(stranger, artifact_id),
        lambda: service.dismiss_publication(stranger, artifact_id),
    ):
        with pytest.raises(NotFound):
            attempt()
    go_on.set()
    until(world, artifact_id, "done")


@pytest.mark.parametrize("update", [True, False])
def test_an_existing_repository_is_asked_about(world: World, hub: HubStandIn, update: bool) -> None:
    hub.repositories["anna/rex"] = Repository(private=True, files={"mine.txt": b"mine"})
    artifact_id = imported(world)
    world.service.start_publishing(world.owner, order(artifact_id))
    asked = until(world, artifact_id, "asking")
    assert asked.repository == "anna/rex"
    world.service.answer_publication(world.owner, artifact_id, update=update)
    assert view(world, artifact_id).status != "asking"
    ended = until(world, artifact_id, "done", "failed")
    assert ended.status == ("done" if update else "failed")
    assert ended.error_code == ("" if update else "publish.exists")
    assert ("README.md" in hub.repositories["anna/rex"].files) is update
    assert "mine.txt" in hub.repositories["anna/rex"].files


def test_it_outlives_the_web_process_and_is_found_again(world: World, hub: HubStandIn) -> None:
    artifact_id = imported(world)
    go_on = hold(hub, "/commit/")
    world.service.start_publishing(world.owner, order(artifact_id))
    world.tick_until(lambda: hub.asked("/commit/"))
    world.crash()
    assert view(world, artifact_id).status == "working"
    go_on.set()
    assert until(world, artifact_id, "done").url
    world.reopen()
    assert view(world, artifact_id).status == "done"


def test_after_a_restart_it_says_that_it_did_not_finish(world: World, hub: HubStandIn) -> None:
    artifact_id = imported(world)
    hold(hub, "/batch")
    world.service.start_publishing(world.owner, order(artifact_id))
    world.tick_until(lambda: hub.asked("/batch"))
    lock = world.data_dir / "imports" / artifact_id / "publication" / "courier.lock"
    holder = read_holder(lock)
    assert holder is not None
    os.kill(holder.pid, signal.SIGKILL)
    world.crash()
    ended = until(world, artifact_id, "failed")
    assert (ended.status, ended.error_code) == ("failed", "publish.interrupted")
    # The repository was made already and is empty: that has to be said.
    assert ended.leftover
    assert ended.repository == "anna/rex"
    assert byte_hits(world.data_dir, TOKEN.encode()) == []


def test_stopping_takes_back_what_was_begun(world: World, hub: HubStandIn) -> None:
    artifact_id = imported(world)
    go_on = hold(hub, "/batch")
    world.service.start_publishing(world.owner, order(artifact_id))
    world.tick_until(lambda: hub.asked("/batch"))
    assert list(hub.repositories) == ["anna/rex"]
    world.service.cancel_publication(world.owner, artifact_id)
    assert view(world, artifact_id).stage == "ending"
    go_on.set()
    ended = until(world, artifact_id, "failed")
    assert ended.error_code == "publish.cancelled"
    assert not ended.leftover
    assert hub.repositories == {}


def test_deleting_the_file_ends_its_publication(world: World, hub: HubStandIn) -> None:
    artifact_id = imported(world)
    go_on = hold(hub, "/batch")
    world.service.start_publishing(world.owner, order(artifact_id))
    world.tick_until(lambda: hub.asked("/batch"))
    world.service.delete_artifact(world.owner, artifact_id)
    assert world.service.list_publications(world.owner) == ()
    go_on.set()
    world.tick_until(lambda: not hub.repositories)
    world.tick_until(lambda: not (world.data_dir / "imports" / artifact_id).exists())


def test_a_failure_is_told_until_it_is_dismissed(world: World, hub: HubStandIn) -> None:
    artifact_id = imported(world)
    hub.fail("/commit/", Answer(500, {"error": "oh"}))
    world.service.start_publishing(world.owner, order(artifact_id))
    assert until(world, artifact_id, "failed").error_code == "publish.strange"
    world.reopen()
    assert view(world, artifact_id).error_code == "publish.strange"
    world.service.dismiss_publication(world.owner, artifact_id)
    assert world.service.list_publications(world.owner) == ()
    world.reopen()
    assert world.service.list_publications(world.owner) == ()


def test_not_twice_at_once_and_not_too_many(world: World, hub: HubStandIn) -> None:
    first, second, third = (imported(world) for _ in range(3))
    go_on = hold(hub, "/whoami-v2")
    world.service.start_publishing(world.owner, order(first))
    with pytest.raises(BadInput) as caught:
        world.service.start_publishing(world.owner, order(first))
    assert caught.value.code == "publish.under_way"
    world.service.start_publishing(world.owner, order(second, repository="two"))
    with pytest.raises(QuotaReached):
        world.service.start_publishing(world.owner, order(third, repository="three"))
    go_on.set()
    for artifact_id in (first, second):
        until(world, artifact_id, "done")


def test_strangers_together_publish_only_so_many_files_at_once(
    world: World, hub: HubStandIn
) -> None:
    go_on = hold(hub, "/whoami-v2")
    begun = []
    for number in range(4):
        owner = world.owner if number < 2 else world.stranger
        begun.append((owner, imported(world, owner)))
        world.service.start_publishing(owner, order(begun[-1][1], repository=f"rex-{number}"))
    third = world.service.identify(token_of("clara"))
    late = imported(world, third)
    with pytest.raises(QuotaReached) as caught:
        world.service.start_publishing(third, order(late, repository="late"))
    assert caught.value.code == "publish.busy"
    go_on.set()
    for owner, artifact_id in begun:
        world.tick_until(lambda o=owner, a=artifact_id: view(world, a, o).status == "done")
    world.service.start_publishing(third, order(late, repository="late"))
    world.tick_until(lambda: view(world, late, third).status == "done")


def test_without_a_network_it_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    artifact_id = imported(world)
    world.service.start_publishing(world.owner, order(artifact_id))
    assert until(world, artifact_id, "failed").error_code == "publish.offline_mode"
