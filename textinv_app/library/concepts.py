"""Concepts: creating, naming, photos and squares.

``concept.json`` is written first and the index after it, so that the file always holds the newer
state and can be taken over after a crash.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from dataclasses import replace

from textinv_app.domain.concept import Concept, ConceptKind, Photo, SquareCrop, usual_class_word
from textinv_app.domain.words import check_word, suggest_word
from textinv_app.errors import BadInput, PetnameError, QuotaReached, WordRefused
from textinv_app.library.api import ConceptChange, PhotosAdded, ReceivedFile, Refusal
from textinv_app.library.concept_views import ConceptViews
from textinv_app.library.config import LibraryConfig
from textinv_app.library.folders import (
    DataFolder,
    new_folders,
    new_identifier,
    not_found,
    now_text,
    write_owner,
)
from textinv_app.library.names import clean_class_word, clean_name
from textinv_app.library.photo_files import PhotoFiles
from textinv_app.library.removing import Remover, Tables
from textinv_app.library.samples import Sample
from textinv_app.library.space import SpaceKeeper
from textinv_app.library.working_files import drop_photo_copies
from textinv_app.photos.crop import clamp_square
from textinv_app.photos.intake import DecodedPhoto, take_in_all
from textinv_app.photos.names import distinct_name
from textinv_app.runs.atomic import (
    TEMPORARY_PREFIX,
    atomic_write_text,
    publish_directory,
    temporary_beside,
)


class Concepts:
    """The concepts of all owners; every method first finds the concept among the owner's."""

    def __init__(
        self,
        config: LibraryConfig,
        tables: Tables,
        data: DataFolder,
        views: ConceptViews,
        remover: Remover,
    ) -> None:
        self._config = config
        self._tables = tables
        self._data = data
        self._views = views
        self._remover = remover
        self._files = PhotoFiles(data)
        self._space = SpaceKeeper(config, tables, data)
        # One change at a time: each reads a concept and writes it back whole.
        self._guard = threading.RLock()

    def find(self, owner: str, concept_id: str) -> Concept:
        """Return an owner's concept; raises ``NotFound``."""
        concept = self._tables.concepts.find(owner, concept_id)
        if concept is None:
            raise not_found()
        return concept

    def create(
        self, owner: str, kind: ConceptKind, name: str = "", class_word: str = ""
    ) -> Concept:
        """Create a concept without photos; raises ``QuotaReached``."""
        with self._guard:
            if self._tables.concepts.num_of_owner(owner) >= self._config.max_concepts_per_owner:
                raise QuotaReached(
                    "quota.concepts",
                    f"You have {self._config.max_concepts_per_owner} words, which is the most "
                    "there is room for. Delete one to teach another.",
                    limit=self._config.max_concepts_per_owner,
                )
            concept = Concept(
                concept_id=new_identifier(),
                name=name,
                kind=kind,
                class_word=class_word or usual_class_word(kind),
                created_at=now_text(),
            )
            self._tables.owners.note(owner)
            final = self._data.concept(concept.concept_id)
            prepared = temporary_beside(final)
            with new_folders([prepared, final]):
                (prepared / "photos").mkdir(parents=True)
                write_owner(prepared, owner)
                atomic_write_text(prepared / "concept.json", concept.model_dump_json(indent=1))
                publish_directory(prepared, final)
                self._tables.concepts.save(owner, concept)
            return concept

    def update(self, owner: str, concept_id: str, change: ConceptChange) -> Concept:
        """Change fields, all or none; raises ``WordRefused`` or ``BadInput``."""
        with self._guard:
            concept = self.find(owner, concept_id)
            fields: dict[str, object] = {}
            if change.name is not None:
                fields["name"] = clean_name(change.name)
            if change.class_word is not None:
                fields["class_word"] = clean_class_word(change.class_word)
            if change.kind is not None:
                fields["kind"] = change.kind
                if concept.class_word == usual_class_word(concept.kind):
                    fields.setdefault("class_word", usual_class_word(change.kind))
            if change.mirror_allowed is not None:
                fields["mirror_allowed"] = change.mirror_allowed
            if change.placeholder_token is not None:
                word = change.placeholder_token.strip().lower()
                if word:
                    self.check_word(owner, concept, word)
                fields["placeholder_token"] = word
            return self._save(owner, concept.model_copy(update=fields))

    def suggest_word(self, owner: str, concept_id: str) -> str:
        """Return a free trigger word that fits the concept's name and class word."""
        concept = self.find(owner, concept_id)
        others = self._other_words(owner, concept_id)
        return suggest_word(concept.name, concept.class_word, others)

    def check_word(self, owner: str, concept: Concept, word: str) -> None:
        """Raise ``WordRefused`` where an owner's concept could not have a trigger word."""
        check_word(word, self._other_words(owner, concept.concept_id), concept.class_word)

    def add_photos(self, owner: str, concept_id: str, files: Sequence[ReceivedFile]) -> PhotosAdded:
        """Decode and keep photos; the received files are removed, whatever happens."""
        scratch = self._data.incoming / f"{TEMPORARY_PREFIX}{new_identifier()}"
        try:
            self.find(owner, concept_id)
            self._space.refuse_if_full(owner)
            received = [(file.path, file.display_name) for file in files]
            report = take_in_all(received, scratch)
            refused = [_refusal(error) for error in report.refused]
            with self._guard:
                concept = self.find(owner, concept_id)
                room = max(0, self._config.max_photos_per_concept - len(concept.photos))
                refused += [self._too_many(photo) for photo in report.accepted[room:]]
                concept = self._keep(owner, concept, report.accepted[:room])
            num_added = len(report.accepted[:room])
            return PhotosAdded(self._views.view(concept), num_added, tuple(refused))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            for file in files:
                file.path.unlink(missing_ok=True)

    def create_from(self, owner: str, sample: Sample) -> Concept:
        """Create a concept of a sample pet, its name, word and drawings filled in."""
        with self._guard:
            self._space.refuse_if_full(owner)
            concept = self.create(owner, sample.kind, sample.name, sample.class_word)
            word = sample.word
            try:
                self.check_word(owner, concept, word)
            except WordRefused:
                # The same sample for the second time.
                word = self.suggest_word(owner, concept.concept_id)
            filled_in = {"placeholder_token": word, "mirror_allowed": sample.mirror_allowed}
            concept = concept.model_copy(update=filled_in)
            photos = [self._files.keep_own(concept.concept_id, path) for path in sample.pictures]
            return self._with_photos(owner, concept, photos)

    def remove_photo(self, owner: str, concept_id: str, photo_id: str) -> Concept:
        """Remove one photo with all its copies but those a training is using.

        A training that has failed cannot be tried again then: it would need the photo.
        """
        with self._guard:
            concept = self.find(owner, concept_id)
            _photo(concept, photo_id)
            left = tuple(photo for photo in concept.photos if photo.photo_id != photo_id)
            concept = self._with_photos(owner, concept, left)
            self._files.remove(concept_id, photo_id)
            for run in self._tables.runs.of_concept(concept_id):
                self._remover.tidy_run(run)
            return concept

    def move_square(
        self, owner: str, concept_id: str, photo_id: str, square: SquareCrop
    ) -> Concept:
        """Set the square of a photo; it is clamped to the photo."""
        with self._guard:
            concept = self.find(owner, concept_id)
            old = _photo(concept, photo_id)
            crop = clamp_square(square, old.width_pixels, old.height_pixels)
            new = old.model_copy(update={"crop": crop})
            self._files.write_square(concept_id, new)
            photos = tuple(new if photo is old else photo for photo in concept.photos)
            concept = self._with_photos(owner, concept, photos)
            self._files.remove_old_squares(concept_id, new)
            return concept

    def delete_photos(self, owner: str, concept_id: str) -> Concept:
        """Delete all photos, all copies of them, redrawn ones too, and comparisons with them.

        Results stay.

        Raises ``BadInput`` while a training of this concept is not over: it needs them.
        """
        with self._guard:
            # In one transaction: no training can be queued in between.
            with self._tables.store.transaction():
                concept = self.find(owner, concept_id)
                runs = self._tables.runs.of_concept(concept_id)
                if any(not run.status.is_final for run in runs):
                    raise BadInput(
                        "photos.in_use",
                        "The training still needs these photos. Stop it first, then delete them.",
                    )
                concept = self._save(owner, concept.model_copy(update={"photos": ()}))
            self._files.remove_all(concept_id)
            for run in runs:
                drop_photo_copies(self._data.run(run.run_id))
            self._remover.remove_photo_drawings(owner, concept_id)
            return concept

    def delete(self, owner: str, concept_id: str) -> None:
        """Delete a concept with everything that came of it."""
        with self._guard:
            self.find(owner, concept_id)
            self._remover.remove_concept(owner, concept_id)

    def _keep(self, owner: str, concept: Concept, decoded: Sequence[DecodedPhoto]) -> Concept:
        """Keep decoded photos, all or none, each under a name that no other photo has."""
        names = [photo.display_name for photo in concept.photos]
        for photo in decoded:
            names.append(distinct_name(photo.display_name, names))
        try:
            photos = [
                self._files.keep(concept.concept_id, replace(photo, display_name=name))
                for photo, name in zip(decoded, names[len(concept.photos) :], strict=True)
            ]
            return self._with_photos(owner, concept, (*concept.photos, *photos))
        except BaseException:
            for photo in decoded:
                self._files.remove(concept.concept_id, photo.path.stem)
            raise

    def _with_photos(self, owner: str, concept: Concept, photos: Sequence[Photo]) -> Concept:
        """Save a concept with other photos, each judged anew beside the others."""
        judged = self._files.judge_all(concept.concept_id, photos)
        return self._save(owner, concept.model_copy(update={"photos": judged}))

    def _save(self, owner: str, concept: Concept) -> Concept:
        folder = self._data.concept(concept.concept_id)
        atomic_write_text(folder / "concept.json", concept.model_dump_json(indent=1))
        self._tables.concepts.save(owner, concept)
        return concept

    def _other_words(self, owner: str, concept_id: str) -> set[str]:
        concepts = self._tables.concepts.of_owner(owner)
        words = {other.placeholder_token for other in concepts if other.concept_id != concept_id}
        artifacts = self._tables.artifacts.of_owner(owner)
        words |= {
            artifact.manifest.placeholder_token
            for artifact in artifacts
            if artifact.concept_id != concept_id
        }
        return words - {""}

    def _too_many(self, photo: DecodedPhoto) -> Refusal:
        limit = self._config.max_photos_per_concept
        return Refusal(
            display_name=photo.display_name,
            code="quota.photos",
            sentence=f"{photo.display_name} was left out: one word may have {limit} photos.",
            details={"name": photo.display_name, "limit": limit},
        )


def _photo(concept: Concept, photo_id: str) -> Photo:
    for photo in concept.photos:
        if photo.photo_id == photo_id:
            return photo
    raise not_found()


def _refusal(error: PetnameError) -> Refusal:
    return Refusal(
        display_name=str(error.details.get("name", "")),
        code=error.code,
        sentence=error.sentence,
        details=dict(error.details),
    )
