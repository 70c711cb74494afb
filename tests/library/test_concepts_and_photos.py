"""Concepts, names, words, photos and squares, as a person changes them."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from library_world import World, byte_hits, draw_photo

from textinv_app.domain.concept import ConceptKind, Photo, SquareCrop
from textinv_app.errors import (
    BadInput,
    NotFound,
    PetnameError,
    QuotaReached,
    StorageFailed,
    WordRefused,
)
from textinv_app.library.api import ConceptChange, DrawingOrder, ReceivedFile
from textinv_app.library.names import clean_class_word, clean_name
from textinv_app.library.photo_files import PhotoFiles


def test_what_is_missing_is_told_until_nothing_is(world: World) -> None:
    service, owner = world.service, world.owner
    concept_id = service.create_concept(owner).concept.concept_id
    assert service.concept(owner, concept_id).missing == (
        "missing.photos",
        "missing.name",
        "missing.word",
    )
    service.update_concept(
        owner, concept_id, ConceptChange(name="  Réx\u00a0 II ", class_word="Dog")
    )
    changed = service.concept(owner, concept_id)
    assert (changed.concept.name, changed.concept.class_word) == ("Réx II", "dog")
    service.update_concept(owner, concept_id, ConceptChange(placeholder_token="rexdog"))
    added = world.add_photos(concept_id, range(3))
    assert (added.num_added, added.refused) == (3, ())
    assert added.concept.ready


def test_everything_is_there_after_a_restart(world: World) -> None:
    before = world.concept()
    world.reopen()
    after = world.service.concept(world.owner, before.concept.concept_id)
    assert after.concept == before.concept
    assert [photo.photo_url for photo in after.photos] == [p.photo_url for p in before.photos]


@pytest.mark.parametrize("name", ["", "   ", "<b>Rex</b>", "x" * 41, "Rex\n=1+1", "a/../b", "😀"])
def test_names_that_are_refused(world: World, name: str) -> None:
    concept_id = world.concept().concept.concept_id
    with pytest.raises(BadInput):
        world.service.update_concept(world.owner, concept_id, ConceptChange(name=name))
    assert world.service.concept(world.owner, concept_id).concept.name == "Rex"


@pytest.mark.parametrize("name", ["Rex", "Čeněk", "小黑", "O'Malley", "Anne-Marie 2", "ระเบียบ"])
def test_names_of_any_script_are_taken(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize("word", ["x" * 100, "a very large dog"])
def test_what_it_is_may_be_said_in_few_words(word: str) -> None:
    with pytest.raises(BadInput) as caught:
        clean_class_word(word)
    assert caught.value.code == "class_word.too_long"


def test_a_change_that_is_refused_in_part_changes_nothing(world: World) -> None:
    concept_id = world.concept().concept.concept_id
    change = ConceptChange(name="Max", placeholder_token="cat")
    with pytest.raises(WordRefused):
        world.service.update_concept(world.owner, concept_id, change)
    assert world.service.concept(world.owner, concept_id).concept.name == "Rex"


def test_a_word_is_unique_among_ones_own_but_not_among_all(world: World) -> None:
    world.concept("Rex")
    other = world.service.create_concept(world.owner).concept.concept_id
    change = ConceptChange(placeholder_token="rexdog")
    with pytest.raises(WordRefused):
        world.service.update_concept(world.owner, other, change)
    berts = world.concept("Rex", owner=world.stranger)
    assert berts.concept.placeholder_token == "rexdog"


@pytest.mark.parametrize(("kind", "usual"), [("style", "picture"), ("negative", "bad picture")])
def test_a_class_word_nobody_chose_follows_the_kind(
    world: World, kind: ConceptKind, usual: str
) -> None:
    """A style chosen on the page went on from "pet"."""
    concept_id = world.service.create_concept(world.owner).concept.concept_id

    def class_word_after(**changes: Any) -> str:
        change = ConceptChange(**changes)
        return world.service.update_concept(world.owner, concept_id, change).concept.class_word

    assert class_word_after(kind=kind) == usual
    assert class_word_after(kind="subject") == "pet"
    assert class_word_after(class_word="watercolor") == "watercolor"
    assert class_word_after(kind=kind) == "watercolor"


def test_a_typed_word_is_checked_as_a_chosen_one_is(world: World) -> None:
    world.concept("Rex")
    other = world.service.create_concept(world.owner).concept.concept_id
    with pytest.raises(WordRefused):
        world.service.check_word(world.owner, other, "rexdog")
    world.service.check_word(world.owner, other, "lunacat")
    assert world.service.concept(world.owner, other).concept.placeholder_token == ""


def test_one_bad_file_harms_no_other_and_no_upload_stays(world: World) -> None:
    concept_id = world.service.create_concept(world.owner).concept.concept_id
    incoming = world.data_dir / "incoming"
    broken = incoming / "broken"
    broken.write_bytes(b"\xff\xd8\xff\xe0 not much of a photo")
    good = draw_photo(incoming / "good.png", 1)
    added = world.service.add_photos(
        world.owner,
        concept_id,
        [ReceivedFile(broken, "broken.jpg"), ReceivedFile(good, "good.png")],
    )
    assert added.num_added == 1
    (refusal,) = added.refused
    assert refusal.display_name == "broken.jpg"
    assert refusal.code.startswith("photo.")
    assert list(incoming.iterdir()) == []


def test_an_upload_that_fails_in_the_middle_keeps_no_photo(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    concept_id = world.service.create_concept(world.owner).concept.concept_id
    really = PhotoFiles.write_square
    written: list[str] = []

    def fail_at_the_second(files: PhotoFiles, concept_id: str, photo: Photo) -> None:
        written.append(photo.photo_id)
        if len(written) == 2:
            raise OSError(errno.EIO, "Input/output error")
        really(files, concept_id, photo)

    monkeypatch.setattr(PhotoFiles, "write_square", fail_at_the_second)
    with pytest.raises(StorageFailed):
        world.add_photos(concept_id, range(3))
    assert len(written) == 2
    assert list((world.data_dir / "concepts" / concept_id / "photos").iterdir()) == []
    assert world.service.concept(world.owner, concept_id).photos == ()


def test_the_limit_of_photos_is_exact_to_one(make_world: Callable[..., World]) -> None:
    world = make_world(max_photos_per_concept=5)
    concept_id = world.concept(num_photos=3).concept.concept_id
    added = world.add_photos(concept_id, range(10, 14))
    assert added.num_added == 2
    assert [refusal.code for refusal in added.refused] == ["quota.photos", "quota.photos"]
    assert len(added.concept.photos) == 5


def test_a_copy_is_told_and_told_no_more_when_the_other_is_removed(world: World) -> None:
    concept_id = world.concept(num_photos=2).concept.concept_id
    added = world.add_photos(concept_id, [0])
    assert [photo.verdict for photo in added.concept.photos] == ["fine", "fine", "same_as"]
    assert added.concept.photos[2].verdict_other == "photo 0.png"
    first = added.concept.photos[0].photo_id
    left = world.service.remove_photo(world.owner, concept_id, first)
    assert [photo.verdict for photo in left.photos] == ["fine", "fine"]
    assert byte_hits(world.data_dir / "concepts", first.encode()) == []
    assert list((world.data_dir / "concepts" / concept_id / "photos").glob(f"{first}*")) == []


def test_pasted_pictures_of_one_name_are_told_apart(world: World) -> None:
    """Under image.png stood "Same photo as image.png"."""
    concept_id = world.service.create_concept(world.owner).concept.concept_id
    for seeds in ([1], [2, 1]):
        files = [
            ReceivedFile(draw_photo(world.root / f"{seed}.png", seed), "image.png")
            for seed in seeds
        ]
        photos = world.service.add_photos(world.owner, concept_id, files).concept.photos
    assert [(photo.display_name, photo.verdict_other) for photo in photos] == [
        ("image.png", ""),
        ("image (2).png", ""),
        ("image (3).png", "image.png"),
    ]


def test_photos_that_can_no_longer_be_read_are_named_as_shown_and_can_be_removed(
    world: World,
) -> None:
    """They went by their files' names, and with two of them no photo at all could be removed."""
    concept = world.concept(num_photos=4)
    concept_id = concept.concept.concept_id
    folder = world.data_dir / "concepts" / concept_id / "photos"
    for photo in concept.concept.photos[:2]:
        (folder / photo.file_name).write_bytes(b"\xff\xd8 junk")
        (folder / f"{photo.photo_id}.measured.json").unlink()
    first, *others = (photo.photo_id for photo in concept.photos)
    with pytest.raises(StorageFailed, match=r"photo 0\.png"):
        world.service.move_square(
            world.owner, concept_id, first, SquareCrop(left=0, top=0, side=99)
        )
    with pytest.raises(StorageFailed, match=r"photo 0\.png"):
        world.start(concept_id)
    for photo_id in others:
        world.service.remove_photo(world.owner, concept_id, photo_id)
    (left,) = world.service.concept(world.owner, concept_id).photos
    assert (left.photo_id, left.verdict) == (first, "fine")


def test_a_square_is_kept_inside_the_photo_and_its_picture_changes(world: World) -> None:
    concept = world.concept()
    photo = concept.photos[0]
    moved = world.service.move_square(
        world.owner,
        concept.concept.concept_id,
        photo.photo_id,
        SquareCrop(left=5000, top=10, side=100),
    ).photos[0]
    assert (moved.left, moved.top, moved.side) == (220, 10, 100)
    assert moved.square_url != photo.square_url
    squares = (world.data_dir / "concepts").rglob(f"{photo.photo_id}.square-*")
    assert [path.name for path in squares] == [f"{photo.photo_id}.square-220-10-100.webp"]


def test_a_square_made_small_is_judged_anew(world: World) -> None:
    """Of 48 pixels it still was a good photo."""
    concept = world.concept()
    photo = concept.photos[0]

    def verdict_of(side: int) -> str:
        square = SquareCrop(left=0, top=0, side=side)
        concept_id = concept.concept.concept_id
        changed = world.service.move_square(world.owner, concept_id, photo.photo_id, square)
        return changed.photos[0].verdict

    assert [photo.verdict, verdict_of(48), verdict_of(200)] == ["fine", "small", "fine"]


def test_the_square_and_the_mirroring_reach_the_training(world: World) -> None:
    concept = world.concept()
    concept_id = concept.concept.concept_id
    world.service.update_concept(world.owner, concept_id, ConceptChange(mirror_allowed=True))
    run = world.start(concept_id)
    run_dir = world.run_dir(run.run_id)
    dataset = json.loads((run_dir / "dataset" / "dataset.json").read_text(encoding="utf-8"))
    assert dataset["mirror_allowed"]
    assert len(dataset["pictures"]) == 3
    spec = json.loads((run_dir / "spec.json").read_text(encoding="utf-8"))
    assert spec["settings"]["mirror"]
    assert spec["settings"]["seed"] == 7


def test_a_sample_is_ready_at_once_and_can_be_used_twice(world: World) -> None:
    (sample,) = world.service.list_samples()
    assert len(sample.picture_urls) == 4
    first = world.service.use_sample(world.owner, sample.sample_id)
    second = world.service.use_sample(world.owner, sample.sample_id)
    assert first.ready
    assert second.ready
    assert first.concept.placeholder_token == "miobunny"
    assert second.concept.placeholder_token != "miobunny"
    assert first.concept.mirror_allowed
    with pytest.raises(NotFound):
        world.service.use_sample(world.owner, "../../etc")


def test_the_limit_of_concepts(make_world: Callable[..., World]) -> None:
    world = make_world(max_concepts_per_owner=2)
    for _ in range(2):
        world.service.create_concept(world.owner)
    with pytest.raises(QuotaReached):
        world.service.create_concept(world.owner)
    world.service.create_concept(world.stranger)


def test_the_quota_of_space_is_told_with_numbers(make_world: Callable[..., World]) -> None:
    world = make_world(owner_quota_bytes=100_000)
    concept_id = world.service.create_concept(world.owner).concept.concept_id
    world.add_photos(concept_id, range(60))
    with pytest.raises(PetnameError) as caught:
        world.add_photos(concept_id, [99])
    assert caught.value.code == "quota.space"
    assert list((world.data_dir / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    "begin",
    [
        lambda world: world.service.use_sample(world.owner, "mio"),
        lambda world: world.bring_embedding(),
        lambda world: world.service.start_drawing(
            world.owner, DrawingOrder(model_id="crayon", prompt="a dog")
        ),
    ],
    ids=["sample", "import", "drawing"],
)
def test_nothing_new_is_begun_on_a_disk_that_is_nearly_full(
    make_world: Callable[..., World], begin: Callable[[World], object]
) -> None:
    world = make_world(min_free_bytes=1 << 60)
    with pytest.raises(StorageFailed) as caught:
        begin(world)
    assert caught.value.code == "storage.low"
    for kind in ("concepts", "imports", "drawings", "incoming"):
        assert list((world.data_dir / kind).iterdir()) == []


def test_a_stranger_finds_no_concept(world: World, tmp_path: Path) -> None:
    concept = world.concept()
    concept_id, photo_id = concept.concept.concept_id, concept.photos[0].photo_id
    service, stranger = world.service, world.stranger
    received = ReceivedFile(draw_photo(tmp_path / "p.png", 1), "p.png")
    attempts: list[Callable[[], object]] = [
        lambda: service.concept(stranger, concept_id),
        lambda: service.update_concept(stranger, concept_id, ConceptChange(name="Mine")),
        lambda: service.suggest_word(stranger, concept_id),
        lambda: service.check_word(stranger, concept_id, "lunacat"),
        lambda: service.add_photos(stranger, concept_id, [received]),
        lambda: service.remove_photo(stranger, concept_id, photo_id),
        lambda: service.move_square(
            stranger, concept_id, photo_id, SquareCrop(left=0, top=0, side=9)
        ),
        lambda: service.delete_photos(stranger, concept_id),
        lambda: service.delete_concept(stranger, concept_id),
        lambda: service.start_training(stranger, world.order(concept_id)),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()
    assert service.list_concepts(stranger) == ()
    assert service.concept(world.owner, concept_id) == concept
