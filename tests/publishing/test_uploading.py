"""Publishing through the real client: what arrives, what is asked, what is left when it fails."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from publishing_makers import DRAWN_PROMPTS, SECRET_PLACE, Bench

from tests.hub_stand_in import READ_TOKEN, TOKEN, Answer, Call, Repository
from textinv_app.errors import BadInput, PublishingFailed

NAME = "anna/rexdog-embedding"


def card_metadata(text: str) -> dict[str, Any]:
    """Return the YAML block of a model card."""
    head = text.split("---\n")[1]
    metadata = yaml.safe_load(head)
    assert isinstance(metadata, dict)
    return metadata


def test_an_embedding_arrives_whole_and_private(bench: Bench) -> None:
    request = bench.request()
    published = bench.publish(request)
    assert published.url == f"{bench.hub.url}/{NAME}"
    repository = bench.hub.repositories[NAME]
    assert repository.private
    assert published.private
    assert sorted(repository.files) == [
        ".gitattributes",
        "README.md",
        "images/0.png",
        "images/1.png",
        "learned_embeds.safetensors",
        "rexdog.safetensors",
        "token_identifier.txt",
        "type_of_concept.txt",
    ]
    assert repository.files["rexdog.safetensors"] == Path(request.artifact_path).read_bytes()
    assert repository.files["token_identifier.txt"] == b"rexdog"
    assert repository.files["type_of_concept.txt"] == b"object"
    assert repository.commits == ["initial commit", "Publish rexdog.safetensors with Petname"]


def test_the_card_says_what_the_hub_wants_to_know(bench: Bench) -> None:
    bench.publish(bench.request())
    text = bench.hub.repositories[NAME].files["README.md"].decode()
    metadata = card_metadata(text)
    assert metadata["base_model"] == "stable-diffusion-v1-5/stable-diffusion-v1-5"
    assert metadata["instance_prompt"] == "a photo of a rexdog"
    assert metadata["license"] == "creativeml-openrail-m"
    assert metadata["library_name"] == "diffusers"
    assert metadata["pipeline_tag"] == "text-to-image"
    assert {"textual_inversion", "text-to-image", "diffusers", "stable-diffusion"} <= set(
        metadata["tags"]
    )
    assert metadata["widget"] == [
        {"text": prompt, "output": {"url": f"images/{number}.png"}}
        for number, prompt in enumerate(DRAWN_PROMPTS)
    ]
    assert "<Gallery />" in text
    assert f'pipe.load_textual_inversion("{NAME}")' in text


def test_the_card_of_a_negative_word_tells_no_likeness_to_the_bad_pictures(bench: Bench) -> None:
    for kind, told in (("subject", True), ("negative", False)):
        bench.publish(bench.request(kind=kind, repository=kind))
        card = bench.hub.repositories[f"{NAME.split('/')[0]}/{kind}"].files["README.md"].decode()
        assert ("Likeness" in card) == told


def test_the_card_of_a_word_taught_on_ones_own_file_says_so_beside_the_usual_model(
    bench: Bench,
) -> None:
    """It showed that file's pictures over a program that loads Stable Diffusion 1.5."""
    place = "/home/anna/models/private.safetensors"
    bench.publish(bench.request(model_id="custom", model_source=place))
    card = bench.hub.repositories[NAME].files["README.md"].decode()
    assert "taught on a model of its author's own; this one draws other pictures:" in card
    assert "| Base model | a model of its author's own, of Stable Diffusion 1.x |" in card
    assert "private" not in card
    bench.publish(bench.request(repository="usual"))
    assert "author's own" not in bench.hub.repositories["anna/usual"].files["README.md"].decode()


def test_photos_stay_at_home_unless_ticked_and_go_without_their_notes(bench: Bench) -> None:
    bench.publish(bench.request())
    assert not [n for n in bench.hub.repositories[NAME].files if n.startswith("concept_images/")]
    bench.publish(bench.request(photos=2, repository="with-photos"))
    files = bench.hub.repositories["anna/with-photos"].files
    photos = sorted(name for name in files if name.startswith("concept_images/"))
    assert photos == ["concept_images/0.jpeg", "concept_images/1.jpeg"]
    assert not [name for name, data in files.items() if SECRET_PLACE.encode() in data]
    assert not [name for name, data in files.items() if b"IMG_" in data]
    for name in photos:
        path = bench.root / "photo.jpeg"
        path.write_bytes(files[name])
        with Image.open(path) as picture:
            # The square, and nothing of what lies around it.
            assert picture.size == (40, 40)
            assert not picture.getexif()
            assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_nothing_of_this_machine_is_published(bench: Bench) -> None:
    bench.publish(bench.request(family="crayon", photos=1))
    for name, data in bench.hub.repositories[NAME].files.items():
        assert str(bench.root).encode() not in data, name
        assert b"/opt/petname" not in data, name


def test_public_only_where_it_was_asked_for(bench: Bench) -> None:
    bench.publish(bench.request(private=False, repository="pet-friends/rex"))
    assert not bench.hub.repositories["pet-friends/rex"].private


def test_the_progress_comes_in_order_and_names_the_files(bench: Bench) -> None:
    bench.publish(bench.request())
    stages = [one.stage for one in bench.progress]
    assert stages == sorted(stages, key=["checking", "preparing", "uploading", "finishing"].index)
    fractions = [one.fraction for one in bench.progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert "rexdog.safetensors" in {one.file_name for one in bench.progress}
    assert bench.progress[-1].repository == NAME


def test_an_existing_repository_is_asked_about_and_left_alone_on_no(bench: Bench) -> None:
    bench.hub.repositories[NAME] = Repository(private=True, files={"mine.txt": b"mine"})
    with pytest.raises(BadInput) as caught:
        bench.publish(bench.request(), update=False)
    assert caught.value.code == "publish.exists"
    assert bench.hub.repositories[NAME].files == {"mine.txt": b"mine"}
    assert bench.hub.repositories[NAME].commits == ["initial commit"]


def test_an_update_replaces_our_files_and_keeps_the_others(bench: Bench) -> None:
    bench.publish(bench.request(photos=2))
    bench.hub.repositories[NAME].files["mine.txt"] = b"mine"
    bench.publish(bench.request(), update=True)
    files = bench.hub.repositories[NAME].files
    assert files["mine.txt"] == b"mine"
    assert "rexdog.safetensors" in files
    assert not [name for name in files if name.startswith("concept_images/")]


def test_an_empty_repository_is_no_question(bench: Bench) -> None:
    bench.hub.repositories[NAME] = Repository(private=True)
    bench.publish(bench.request())
    assert "README.md" in bench.hub.repositories[NAME].files


@pytest.mark.parametrize("private", [True, False])
def test_an_existing_repository_of_other_visibility_is_never_used(
    bench: Bench, private: bool
) -> None:
    bench.hub.repositories[NAME] = Repository(private=not private)
    with pytest.raises(BadInput) as caught:
        bench.publish(bench.request(private=private, photos=1))
    assert caught.value.code == ("publish.is_public" if private else "publish.is_private")
    assert list(bench.hub.repositories[NAME].files) == [".gitattributes"]


@pytest.mark.parametrize(
    ("token", "repository", "code"),
    [
        ("hf_UnknownUnknownUnknownUnknown12", "rex", "publish.bad_token"),
        (READ_TOKEN, "rex", "publish.forbidden"),
        (TOKEN, "berta/rex", "publish.other_owner"),
    ],
)
def test_tokens_that_may_not_write_make_nothing(
    bench: Bench, token: str, repository: str, code: str
) -> None:
    with pytest.raises(BadInput) as caught:
        bench.publish(bench.request(repository=repository), token=token)
    assert caught.value.code == code
    assert token not in str(caught.value)
    assert not bench.hub.asked("POST")
    assert not bench.hub.repositories


FULL = Answer(
    403,
    {"error": "Private repository storage limit reached, please upgrade your plan."},
    {"X-Error-Message": "Private repository storage limit reached, please upgrade your plan."},
)
FORBIDDEN = Answer(403, {"error": "no"}, {"X-Error-Message": "Forbidden"})


@pytest.mark.parametrize(
    ("pattern", "answer", "code"),
    [
        ("PUT /lfs/", Answer(403, {"error": "expired"}), "publish.forbidden"),
        ("objects/batch", FULL, "publish.quota"),
        ("POST /api/models/.*/commit/", FULL, "publish.quota"),
        ("POST /api/models/.*/commit/", Answer(500, {"error": "oh"}), "publish.strange"),
        ("POST /api/models/.*/commit/", Answer(None), "publish.offline"),
        ("POST /api/validate-yaml", Answer(400, {"errors": [{"message": "bad"}]}), None),
        ("POST /api/repos/create", FORBIDDEN, "publish.forbidden"),
        ("POST /api/repos/create", Answer(409, {"error": "exists"}), "publish.exists"),
        ("POST /api/repos/create", Answer(429, {"error": "slow"}), "publish.too_often"),
        ("GET /api/whoami-v2", Answer(None), "publish.offline"),
    ],
)
def test_a_failure_anywhere_leaves_nothing_behind(
    bench: Bench, pattern: str, answer: Answer, code: str | None
) -> None:
    bench.hub.fail(pattern, answer)
    with pytest.raises((BadInput, PublishingFailed)) as caught:
        bench.publish(bench.request())
    assert caught.value.code == (code or "publish.strange")
    assert bench.hub.repositories == {}
    assert TOKEN not in str(caught.value) + repr(caught.value.details)
    assert "leftover" not in caught.value.details


def test_a_failed_update_leaves_the_old_files(bench: Bench) -> None:
    bench.publish(bench.request())
    before = dict(bench.hub.repositories[NAME].files)
    bench.hub.fail("POST /api/models/.*/commit/", Answer(500, {"error": "oh"}))
    with pytest.raises(PublishingFailed):
        bench.publish(bench.request(kind="style"), update=True)
    assert bench.hub.repositories[NAME].files == before


def test_an_answer_lost_after_the_commit_is_no_failure(bench: Bench) -> None:
    """The commit has arrived and only the way back broke: taking it away would lose it."""
    request = bench.request()

    def commit_then_hang_up(call: Call) -> None:
        if "/commit/" in call.path and not bench.hub.faults:
            bench.hub.repositories[NAME].files["README.md"] = b"arrived"
            bench.hub.fail("POST /api/models/.*/commit/", Answer(None))

    bench.hub.before = commit_then_hang_up
    assert bench.publish(request).url == f"{bench.hub.url}/{NAME}"
    assert bench.hub.repositories[NAME].files["README.md"] == b"arrived"


def test_an_empty_repository_that_has_to_stay_is_told(bench: Bench) -> None:
    bench.hub.fail("POST /api/models/.*/commit/", Answer(500, {"error": "oh"}))
    bench.hub.fail("DELETE /api/repos/delete", Answer(403, {"error": "no"}))
    with pytest.raises(PublishingFailed) as caught:
        bench.publish(bench.request())
    assert caught.value.details["leftover"] == NAME
    # The next try takes it without a question.
    bench.hub.faults.clear()
    bench.publish(bench.request())
    assert "README.md" in bench.hub.repositories[NAME].files


def test_the_storage_never_sees_the_token(bench: Bench) -> None:
    bench.publish(bench.request())
    puts = bench.hub.asked("PUT /lfs/")
    assert len(puts) == 4
    assert {call.token for call in puts} == {""}
    others = {call.token for call in bench.hub.calls if call.method != "PUT"}
    assert others <= {TOKEN, ""}


def test_what_is_downloaded_again_is_what_was_sent(bench: Bench) -> None:
    request = bench.request()
    bench.publish(request)
    folder = bench.download(NAME)
    digest = hashlib.sha256((folder / "rexdog.safetensors").read_bytes()).hexdigest()
    assert digest == request.manifest.sha256
