"""The upload tab: pets, photos, samples and the form, as commands and parts."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from textinv_app.domain.concept import Concept, SquareCrop
from textinv_app.domain.views import ConceptView
from textinv_app.errors import BadInput, WordRefused
from textinv_app.library.api import ConceptChange, Refusal
from textinv_app.ui import present, present_form, present_upload
from textinv_app.ui.commands import Command
from textinv_app.ui.desk import (
    ALL_PARTS,
    COMPARE_PARTS,
    MANAGE_PARTS,
    TRAIN_PARTS,
    UPLOAD_PARTS,
    Part,
    Reply,
    Verb,
    Visit,
)
from textinv_app.ui.markup import Html

_MAX_SIDE_PIXELS = 100_000
_KINDS = ("subject", "style", "negative")
_CONCEPT_PARTS = frozenset({"switcher", "form", "word_hint", "next_step", *TRAIN_PARTS})


def open_concept(visit: Visit, command: Command) -> Reply:
    """Open another pet."""
    concept_id = command.text("id")
    visit.library.concept(visit.owner, concept_id)
    return Reply(concept_id, UPLOAD_PARTS | TRAIN_PARTS | COMPARE_PARTS)


def new_concept(visit: Visit, _command: Command) -> Reply:
    """Begin another pet; one that is still untouched is opened again instead."""
    for view in visit.concepts:
        if not view.photos and not view.concept.name and not view.concept.placeholder_token:
            return Reply(view.concept.concept_id, UPLOAD_PARTS | TRAIN_PARTS | COMPARE_PARTS)
    view = visit.library.create_concept(visit.owner)
    return Reply(view.concept.concept_id, UPLOAD_PARTS | TRAIN_PARTS | COMPARE_PARTS)


def _change_of(visit: Visit, command: Command) -> ConceptChange:
    name = command.text("field")
    if name == "name":
        return ConceptChange(name=command.text("value", 40))
    if name == "class_word":
        typed = command.text("value", 30).lower()
        return ConceptChange(class_word=_english_class_word(visit, typed))
    if name == "placeholder_token":
        return ConceptChange(placeholder_token=command.text("value", 60).lower())
    if name == "mirror_allowed":
        return ConceptChange(mirror_allowed=command.flag("value"))
    kind = command.text("value")
    if name == "kind" and kind in _KINDS:
        return ConceptChange(kind=kind)  # type: ignore[arg-type]
    raise BadInput("page.bad_command", "The page sent something that makes no sense.")


def _english_class_word(visit: Visit, typed: str) -> str:
    """Translate a class word that people type in their language: models know English words."""
    pairs = visit.words("form.class_translations").split("|")
    translations = dict(_unaccented(pair).strip().split("=") for pair in pairs if pair.strip())
    return translations.get(_unaccented(typed), typed)


def _unaccented(text: str) -> str:
    """Return a text as many people type it: without accents, with a straight apostrophe."""
    letters = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def change_concept(visit: Visit, command: Command) -> Reply:
    """Change one field of the open pet; a suggested word follows its name and class word."""
    return _changed(visit, _change_of(visit, command))


def choose_class_word(visit: Visit, command: Command) -> Reply:
    """Take one of the animals that are offered."""
    return _changed(visit, ConceptChange(class_word=command.text("word", 30)))


def _changed(visit: Visit, change: ConceptChange) -> Reply:
    view = _opened_or_new(visit)
    concept_id = view.concept.concept_id
    suggested = change.placeholder_token is None and _is_suggested(visit, view.concept)
    try:
        view = visit.library.update_concept(visit.owner, concept_id, change)
    except WordRefused as error:
        hint = _refused_word(visit, error, view.concept.placeholder_token)
        return Reply(concept_id, drawn={"word_hint": hint})
    if suggested and view.concept.name:
        word = visit.library.suggest_word(visit.owner, concept_id)
        change_word = ConceptChange(placeholder_token=word)
        visit.library.update_concept(visit.owner, concept_id, change_word)
    return Reply(concept_id, _CONCEPT_PARTS)


def _opened_or_new(visit: Visit) -> ConceptView:
    """Return the open pet, or a new one where none was open.

    Raises ``NotFound`` for one that was deleted in another window: it is not made anew, empty.
    """
    if not visit.concept_id:
        return visit.library.create_concept(visit.owner)
    return visit.library.concept(visit.owner, visit.concept_id)


def _is_suggested(visit: Visit, concept: Concept) -> bool:
    """Tell whether the word is empty or was only suggested, and nothing was taught with it."""
    if not concept.placeholder_token:
        return True
    if visit.library.list_runs(visit.owner, concept.concept_id):
        return False
    word = visit.library.suggest_word(visit.owner, concept.concept_id)
    return word == concept.placeholder_token


def check_typed_word(visit: Visit, command: Command) -> Reply:
    """Say under the word, while it is typed, whether it works."""
    typed = command.text("value", 60).lower()
    if not typed:
        return Reply(visit.concept_id, drawn={"word_hint": Html("")})
    try:
        visit.library.check_word(visit.owner, visit.concept_id, typed)
    except WordRefused as error:
        return Reply(visit.concept_id, drawn={"word_hint": _refused_word(visit, error)})
    return Reply(visit.concept_id, drawn={"word_hint": _good_word(visit, typed)})


def _refused_word(visit: Visit, error: WordRefused, kept: str = "") -> Html:
    """Say why a word does not work, and which one is ``kept`` where the field was left with it."""
    suggestion = str(error.details.get("suggestion", ""))
    text = visit.words.problem(error)
    if kept:
        text = f"{text} {visit.words('form.word_kept', word=kept)}"
    return present_form.word_hint(visit.words, text, False, suggestion)


def _good_word(visit: Visit, word: str) -> Html:
    return present_form.word_hint(visit.words, visit.words("form.word_good", word=word), True)


def take_suggestion(visit: Visit, _command: Command) -> Reply:
    """Take a suggested word for the open pet."""
    word = visit.library.suggest_word(visit.owner, visit.concept_id)
    return _take(visit, word)


def take_word(visit: Visit, command: Command) -> Reply:
    """Take the word that was offered."""
    return _take(visit, command.text("word", 60))


def _take(visit: Visit, word: str) -> Reply:
    change = ConceptChange(placeholder_token=word)
    visit.library.update_concept(visit.owner, visit.concept_id, change)
    return Reply(visit.concept_id, _CONCEPT_PARTS)


_PHOTO_PARTS = frozenset({"switcher", "photos", "next_step", "samples", *TRAIN_PARTS})


def remove_photo(visit: Visit, command: Command) -> Reply:
    """Remove a photo of the open pet."""
    visit.library.remove_photo(visit.owner, visit.concept_id, command.text("id"))
    return Reply(visit.concept_id, _PHOTO_PARTS)


def move_square(visit: Visit, command: Command) -> Reply:
    """Set the square of a photo that the model sees."""
    square = SquareCrop(
        left=command.whole("left", 0, 0, _MAX_SIDE_PIXELS),
        top=command.whole("top", 0, 0, _MAX_SIDE_PIXELS),
        side=command.whole("side", 1, 1, _MAX_SIDE_PIXELS),
    )
    visit.library.move_square(visit.owner, visit.concept_id, command.text("id"), square)
    return Reply(visit.concept_id, frozenset({"switcher", "photos"}))


def _refusal(record: Mapping[str, object]) -> Refusal:
    details = record.get("details")
    plain = {
        str(key): value
        for key, value in (details.items() if isinstance(details, dict) else ())
        if isinstance(value, str | int | float)
    }
    return Refusal(
        display_name=str(record.get("display_name", ""))[:80],
        code=str(record.get("code", ""))[:80],
        sentence=str(record.get("sentence", ""))[:500],
        details=plain,
    )


def photos_arrived(visit: Visit, command: Command) -> Reply:
    """Show what became of an upload: photos taken, and kind words about those that were not.

    Where another pet has been opened meanwhile it stays open.
    """
    concept_id = command.text("concept_id") or visit.concept_id
    added = command.whole("added", 0, 0, 10_000)
    refused = tuple(_refusal(record) for record in command.records("refused"))
    # The page names the first ones only, and counts all.
    num_refused = command.whole("num_refused", 0, 0, 10_000)
    drawn = {"refusals": present_upload.refusals(visit.words, refused, num_refused, added)}
    message = visit.words.count("upload.added", added) if added else ""
    if visit.concept is not None and concept_id != visit.concept_id:
        return Reply(visit.concept_id, frozenset({"switcher"}), drawn, message)
    parts = UPLOAD_PARTS - {"refusals", "word_hint"} | TRAIN_PARTS
    return Reply(concept_id, frozenset(parts), drawn, message)


def upload_failed(visit: Visit, command: Command) -> Reply:
    """Say why a whole upload was not taken."""
    sentence = command.text("sentence") or visit.words("upload.failed")
    details = _refusal({"details": command.fields.get("details")}).details
    text = visit.words.error(command.text("code", 80), sentence, details)
    return Reply(visit.concept_id, message=text, message_kind="error")


def use_sample(visit: Visit, command: Command) -> Reply:
    """Make a pet of a sample."""
    view = visit.library.use_sample(visit.owner, command.text("id"))
    message = visit.words("samples.taken", name=view.concept.name)
    return Reply(view.concept.concept_id, ALL_PARTS, message=message)


def delete_photos(visit: Visit, command: Command) -> Reply:
    """Delete the photos of a pet and keep what it was taught."""
    visit.library.delete_photos(visit.owner, command.text("id"))
    parts = UPLOAD_PARTS | TRAIN_PARTS | MANAGE_PARTS
    return Reply(visit.concept_id, parts, message=visit.words("pets.photos_deleted"))


def delete_concept(visit: Visit, command: Command) -> Reply:
    """Delete a pet with everything that belongs to it."""
    concept_id = command.text("id")
    visit.library.delete_concept(visit.owner, concept_id)
    left = visit.library.list_concepts(visit.owner)
    current = visit.concept_id
    if current == concept_id:
        current = left[0].concept.concept_id if left else ""
    return Reply(current, ALL_PARTS, message=visit.words("pets.deleted"))


VERBS: dict[str, Verb] = {
    "concept.open": open_concept,
    "concept.new": new_concept,
    "concept.change": change_concept,
    "concept.delete_photos": delete_photos,
    "concept.delete": delete_concept,
    "word.check": check_typed_word,
    "word.suggest": take_suggestion,
    "word.take": take_word,
    "class_word.choose": choose_class_word,
    "photo.remove": remove_photo,
    "photo.square": move_square,
    "photos.arrived": photos_arrived,
    "upload.failed": upload_failed,
    "sample.use": use_sample,
}


def _draw_switcher(visit: Visit) -> Html:
    return present.switcher(visit.words, visit.concepts, visit.concept_id)


def _draw_samples(visit: Visit) -> Html:
    if visit.concept is not None and visit.concept.photos:
        return Html("")
    return present_upload.samples(visit.words, visit.library.list_samples())


def _draw_word_hint(visit: Visit) -> Html:
    concept: Concept | None = visit.concept.concept if visit.concept else None
    if concept is None or not concept.placeholder_token:
        return Html("")
    return _good_word(visit, concept.placeholder_token)


PARTS: dict[str, Part] = {
    "switcher": _draw_switcher,
    "samples": _draw_samples,
    "refusals": lambda visit: present_upload.refusals(visit.words, ()),
    "photos": lambda visit: present_upload.photos(visit.words, visit.concept),
    "form": lambda visit: present_form.form(visit.words, visit.concept),
    "word_hint": _draw_word_hint,
    "next_step": lambda visit: present_upload.next_step(visit.words, visit.concept),
}
