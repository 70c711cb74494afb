"""The library: the one door for the page, as ``api.Library`` describes it."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from textinv_app.domain.concept import ConceptKind, SquareCrop
from textinv_app.domain.recipe import Recipe
from textinv_app.domain.views import (
    ArtifactView,
    ConceptView,
    DrawingView,
    ModelView,
    PublicationView,
    RunView,
    StorageView,
)
from textinv_app.errors import NotFound, StorageFailed
from textinv_app.executors.base import Executor
from textinv_app.executors.local import LocalExecutor
from textinv_app.library.api import (
    ConceptChange,
    DrawingOrder,
    KitView,
    PhotosAdded,
    PresetView,
    PublishFormView,
    PublishOrder,
    ReceivedFile,
    SampleView,
    TrainingOrder,
    UsageText,
)
from textinv_app.library.config import LibraryConfig
from textinv_app.library.links import LinkedFile, LinkedStream
from textinv_app.library.owners import owner_of_token
from textinv_app.library.painting import PAINTER_COMMAND
from textinv_app.library.parts import Parts, build_parts
from textinv_app.library.run_rows import RunRow
from textinv_app.library.storage_errors import is_disk_full, told, with_reserve
from textinv_app.library.supervisor import SupervisorThread

if TYPE_CHECKING:
    from textinv_app.library.api import Library

logger = logging.getLogger(__name__)

SWEEP_EVERY_SECONDS = 3600.0
STORAGE_FRESH_SECONDS = 5.0

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


def _frees_space(
    verb: Callable[Concatenate[Service, _Given], _Answer],
) -> Callable[Concatenate[Service, _Given], _Answer]:
    """Let a method that frees space have the reserve where the disk is too full even for that."""

    @functools.wraps(verb)
    def with_room(service: Service, /, *given: _Given.args, **named: _Given.kwargs) -> _Answer:
        data = service._parts.folder.data
        return with_reserve(data, lambda: verb(service, *given, **named))

    return with_room


class Service:
    """Implements ``api.Library`` on a data folder, which it holds until ``close``.

    ``start`` begins the supervisor's thread; without it ``tick`` may be called by hand. Raises
    ``opening.FolderInUse`` when another Petname has the folder, else ``StorageFailed``.
    """

    def __init__(
        self,
        config: LibraryConfig,
        executor: Executor | None = None,
        painter_command: Sequence[str] = PAINTER_COMMAND,
    ) -> None:
        executor = executor or LocalExecutor(environment=config.model_environment)
        self._parts: Parts = build_parts(config, executor, painter_command)
        self._thread = SupervisorThread(self.tick)
        self._tick_guard = threading.Lock()
        self._next_sweep = time.monotonic() + SWEEP_EVERY_SECONDS
        self._storage: dict[str, tuple[float, StorageView]] = {}
        self.was_rebuilt = self._parts.folder.was_rebuilt
        """Whether the list had to be made again from the files at this start."""

    def start(self) -> None:
        """Begin to look after runs and drawings in a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """Give the data folder back. Living runners go on; the next start finds them."""
        self._thread.close()
        self._parts.painting.close()
        self._parts.warming.close()
        self._parts.folder.close()

    def tick(self) -> None:
        """Look once after runs, drawings and rubbish; never sleeps. Raises ``StorageFailed``."""
        with self._tick_guard:
            try:
                self._parts.supervisor.tick(self._parts.remover)
                self._parts.painting.tick()
                self._parts.publishing.tick()
                self._parts.warming.tick()
                if time.monotonic() >= self._next_sweep:
                    self._next_sweep = time.monotonic() + SWEEP_EVERY_SECONDS
                    self._parts.sweeper.sweep()
            except (OSError, StorageFailed) as error:
                if is_disk_full(error):
                    # Room enough to write down at the next tick what has happened.
                    self._parts.folder.data.give_up_reserve()
                raise

    def tell_address(self, served_at: str) -> None:
        """Note where the page is served, for whoever tries to start a second Petname."""
        self._parts.folder.lock.describe({"served_at": served_at})

    def identify(self, token: str) -> str:
        """Return the owner id of a browser's token; raises ``BadInput`` for a malformed token."""
        return owner_of_token(token)

    @told()
    def resolve_link(self, token: str) -> LinkedFile | LinkedStream:
        """Return the file or kit behind the token of a ``/media/`` link; raises ``NotFound``."""
        return self._parts.media.resolve(token)

    # Concepts
    @told()
    def list_concepts(self, owner: str) -> tuple[ConceptView, ...]:
        """Return the owner's concepts, newest first."""
        self._see(owner)
        concepts = self._parts.tables.concepts.of_owner(owner)
        return tuple(self._parts.concept_views.view(concept) for concept in concepts)

    @told()
    def concept(self, owner: str, concept_id: str) -> ConceptView:
        """Return one concept."""
        self._see(owner)
        return self._parts.concept_views.view(self._parts.concepts.find(owner, concept_id))

    @told()
    def create_concept(self, owner: str, kind: ConceptKind = "subject") -> ConceptView:
        """Create an empty concept; raises ``QuotaReached``."""
        return self._parts.concept_views.view(self._parts.concepts.create(owner, kind))

    @told()
    def update_concept(self, owner: str, concept_id: str, change: ConceptChange) -> ConceptView:
        """Change fields; raises ``WordRefused`` or ``BadInput`` and then changes nothing."""
        concept = self._parts.concepts.update(owner, concept_id, change)
        return self._parts.concept_views.view(concept)

    @told()
    def suggest_word(self, owner: str, concept_id: str) -> str:
        """Suggest a free trigger word from the concept's name and class word."""
        return self._parts.concepts.suggest_word(owner, concept_id)

    @told()
    def check_word(self, owner: str, concept_id: str, word: str) -> None:
        """Raise ``WordRefused`` where a concept could not have a trigger word; changes nothing."""
        self._parts.concepts.check_word(owner, self._parts.concepts.find(owner, concept_id), word)

    @told()
    def add_photos(self, owner: str, concept_id: str, files: Sequence[ReceivedFile]) -> PhotosAdded:
        """Decode and keep photos; one that is refused harms no other. The files are removed."""
        self._parts.warming.expect()
        return self._parts.concepts.add_photos(owner, concept_id, files)

    @_frees_space
    @told()
    def remove_photo(self, owner: str, concept_id: str, photo_id: str) -> ConceptView:
        """Remove one photo, for good."""
        concept = self._parts.concepts.remove_photo(owner, concept_id, photo_id)
        return self._parts.concept_views.view(concept)

    @told()
    def move_square(
        self, owner: str, concept_id: str, photo_id: str, square: SquareCrop
    ) -> ConceptView:
        """Set the square of a photo that the model will see; it is clamped to the photo."""
        concept = self._parts.concepts.move_square(owner, concept_id, photo_id, square)
        return self._parts.concept_views.view(concept)

    @told()
    def list_samples(self) -> tuple[SampleView, ...]:
        """Return the sample pets."""
        return self._parts.samples.views()

    @told()
    def use_sample(self, owner: str, sample_id: str) -> ConceptView:
        """Make a concept of a sample pet, name, word and drawings filled in."""
        self._parts.warming.expect()
        concept = self._parts.concepts.create_from(owner, self._parts.samples.find(sample_id))
        return self._parts.concept_views.view(concept)

    @_frees_space
    @told()
    def delete_photos(self, owner: str, concept_id: str) -> ConceptView:
        """Delete all photos of a concept (training copies too) and keep its results."""
        self._parts.concepts.find(owner, concept_id)
        for run in self._parts.tables.runs.of_concept(concept_id):
            self._parts.publishing.end_with_photos(run.run_id)
        concept = self._parts.concepts.delete_photos(owner, concept_id)
        self._storage.pop(owner, None)
        return self._parts.concept_views.view(concept)

    @_frees_space
    @told()
    def delete_concept(self, owner: str, concept_id: str) -> None:
        """Delete a concept with its photos, runs, results and drawings; stops its training."""
        self._parts.concepts.find(owner, concept_id)
        runs = self._parts.tables.runs.of_concept(concept_id)
        for run in runs:
            self._parts.publishing.end_of(run.run_id)
        self._parts.concepts.delete(owner, concept_id)
        for run in runs:
            self._parts.run_views.forget(run.run_id)
        self._storage.pop(owner, None)
        self._thread.wake()

    # Training
    @told()
    def list_models(self) -> tuple[ModelView, ...]:
        """Return the base models and whether this machine can train them."""
        return self._parts.base_models.views()

    def own_models_allowed(self) -> bool:
        """Tell whether people may name a model of their own beside them."""
        return self._parts.base_models.own_models_allowed

    @told()
    def list_presets(
        self, model_id: str, num_photos: int, like: Recipe | None = None
    ) -> tuple[PresetView, ...]:
        """Return what each preset takes here, for each method; what fits ``like``, as that says."""
        return self._parts.base_models.presets(model_id, num_photos, like)

    @told()
    def start_training(self, owner: str, order: TrainingOrder) -> tuple[RunView, ...]:
        """Queue the runs; see ``training.Training.start`` for what it raises."""
        concept = self._parts.concepts.find(owner, order.concept_id)
        recipe = self._parts.results.recipe(owner, order.like_id) if order.like_id else None
        runs = self._parts.training.start(owner, concept, order, recipe)
        self._thread.wake()
        return self._run_views(runs)

    @told()
    def list_runs(self, owner: str, concept_id: str = "") -> tuple[RunView, ...]:
        """Return the runs that can be shown, newest first; of one concept where given."""
        views = []
        positions = self._parts.tables.runs.queue_positions()
        for run in self._parts.tables.runs.of_owner(owner, concept_id):
            with suppress(NotFound):
                views.append(self._parts.run_views.view(run, positions.get(run.run_id, 0)))
        return tuple(views)

    @told()
    def run(self, owner: str, run_id: str) -> RunView:
        """Return one run."""
        return self._run_views([self._parts.training.find(owner, run_id)])[0]

    @told()
    def pause_run(self, owner: str, run_id: str) -> RunView:
        """Ask a run to checkpoint and leave the machine."""
        return self._pressed(self._parts.buttons.pause(owner, run_id))

    @told()
    def resume_run(self, owner: str, run_id: str) -> RunView:
        """Queue a paused or failed run again; it goes on from its newest valid checkpoint."""
        return self._pressed(self._parts.buttons.resume(owner, run_id))

    @_frees_space
    @told()
    def stop_run(self, owner: str, run_id: str) -> RunView:
        """Ask a run to end now and keep the best so far; a waiting one is cancelled."""
        return self._pressed(self._parts.buttons.stop(owner, run_id))

    @_frees_space
    @told()
    def remove_run(self, owner: str, run_id: str) -> None:
        """Remove a run that was cancelled or failed; raises ``BadInput`` for any other."""
        self._parts.remover.remove_run_without_result(owner, run_id)
        self._parts.run_views.forget(run_id)
        self._storage.pop(owner, None)

    # Results
    @told()
    def list_artifacts(self, owner: str) -> tuple[ArtifactView, ...]:
        """Return finished and imported files, newest first."""
        self._see(owner)
        artifacts = self._parts.tables.artifacts.of_owner(owner)
        return tuple(self._parts.results.view(artifact) for artifact in artifacts)

    @told()
    def artifacts_version(self, owner: str) -> str:
        """Return a text that changes whenever a file comes or goes."""
        return self._parts.tables.artifacts.version(owner)

    @told()
    def artifact(self, owner: str, artifact_id: str) -> ArtifactView:
        """Return one file."""
        return self._parts.results.view(self._parts.results.find(owner, artifact_id))

    @told()
    def rename_artifact(self, owner: str, artifact_id: str, name: str) -> ArtifactView:
        """Change the shown name (the trigger word and file name stay)."""
        return self._parts.results.view(self._parts.results.rename(owner, artifact_id, name))

    @_frees_space
    @told()
    def delete_artifact(self, owner: str, artifact_id: str) -> None:
        """Delete a file with its run's folder, for good."""
        artifact = self._parts.results.find(owner, artifact_id)
        self._parts.publishing.end_of(artifact.run_id or artifact_id)
        self._parts.results.delete(owner, artifact_id)
        if artifact.run_id:
            self._parts.run_views.forget(artifact.run_id)
        self._storage.pop(owner, None)

    @told()
    def import_artifact(self, owner: str, file: ReceivedFile) -> ArtifactView:
        """Take in a file from elsewhere, of any kind in use; raises ``FileRefused``."""
        artifact = self._parts.results.take_in(owner, file)
        self._storage.pop(owner, None)
        return self._parts.results.view(artifact)

    @told()
    def use_as_negative(self, owner: str, artifact_id: str, *, negative: bool) -> ArtifactView:
        """Say whether an embedding from elsewhere belongs into the negative prompt."""
        artifact = self._parts.results.use_as_negative(owner, artifact_id, negative)
        return self._parts.results.view(artifact)

    @told()
    def artifact_path(self, owner: str, artifact_id: str) -> Path:
        """Return where the file lies (for the command line; the page uses ``download_url``)."""
        return self._parts.results.path(self._parts.results.find(owner, artifact_id))

    @told()
    def usage(self, owner: str, artifact_id: str) -> tuple[UsageText, ...]:
        """Return how to use the file in each program."""
        return self._parts.results.usage(owner, artifact_id)

    @told()
    def kits(self, owner: str, language: str) -> Mapping[str, tuple[KitView, ...]]:
        """Return the kits of all files by file id; ``language`` is that of the guides."""
        return self._parts.kits.views(self._parts.tables.artifacts.of_owner(owner), language)

    @told()
    def recipe(self, owner: str, artifact_id: str) -> Recipe:
        """Return how a file was trained; raises ``FileRefused`` where it is damaged."""
        return self._parts.results.recipe(owner, artifact_id)

    # Publications
    @told()
    def publish_form(self, owner: str, artifact_id: str) -> PublishFormView:
        """Return what the dialog for publishing a file begins with."""
        return self._parts.publishing.form(owner, artifact_id)

    @told()
    def start_publishing(self, owner: str, order: PublishOrder) -> PublicationView:
        """Begin to publish a file; raises ``BadInput`` or ``QuotaReached``."""
        return self._parts.publishing.start(owner, order)

    @told()
    def list_publications(self, owner: str) -> tuple[PublicationView, ...]:
        """Return what is being published or has been and was not dismissed, newest first."""
        return self._parts.publishing.views(owner)

    @told()
    def answer_publication(self, owner: str, artifact_id: str, *, update: bool) -> None:
        """Say whether the files of a repository that exists already may be replaced."""
        self._parts.publishing.answer(owner, artifact_id, update=update)

    @told()
    def cancel_publication(self, owner: str, artifact_id: str) -> None:
        """End a publication; what it has begun is taken back."""
        self._parts.publishing.cancel(owner, artifact_id)

    @told()
    def dismiss_publication(self, owner: str, artifact_id: str) -> None:
        """Show a publication that is over no more; what is on the Hub stays there."""
        self._parts.publishing.dismiss(owner, artifact_id)

    # Drawings
    @told()
    def start_drawing(self, owner: str, order: DrawingOrder) -> DrawingView:
        """Queue a comparison; raises ``BadInput`` or ``ModelUnavailable``."""
        drawing = self._parts.drawings.start(owner, order, self._parts.results)
        self._parts.sweeper.trim_drawings(owner)
        self._thread.wake()
        return self._parts.drawings.view(drawing)

    @told()
    def drawing(self, owner: str, drawing_id: str) -> DrawingView:
        """Return a comparison with the pictures drawn so far."""
        return self._parts.drawings.view(self._parts.drawings.find(owner, drawing_id))

    @told()
    def latest_drawing(self, owner: str) -> DrawingView | None:
        """Return the owner's newest comparison that can be shown, or None."""
        for drawing in self._parts.tables.drawings.of_owner(owner):
            with suppress(NotFound):
                return self._parts.drawings.view(drawing)
        return None

    @told()
    def cancel_drawing(self, owner: str, drawing_id: str) -> None:
        """End a comparison; the pictures drawn so far stay."""
        self._parts.drawings.cancel(owner, drawing_id, self._parts.painting)

    @told()
    def storage(self, owner: str) -> StorageView:
        """Return disk space used and left, in bytes; at most five seconds old."""
        now = time.monotonic()
        known = self._storage.get(owner)
        if known is not None and now - known[0] < STORAGE_FRESH_SECONDS:
            return known[1]
        view = self._parts.space.view(owner)
        self._storage[owner] = (now, view)
        return view

    def _see(self, owner: str) -> None:
        """Note that an owner has opened their things: what nobody opens is deleted in time."""
        try:
            self._parts.tables.owners.see(owner)
        except StorageFailed as error:
            # Whoever cannot be noted on a full disk must still see what there is to delete.
            logger.warning("a visit was not noted: %s", error.sentence)

    def _pressed(self, run: RunRow) -> RunView:
        self._thread.wake()
        return self._run_views([run])[0]

    def _run_views(self, runs: Sequence[RunRow]) -> tuple[RunView, ...]:
        positions = self._parts.tables.runs.queue_positions()
        views = self._parts.run_views
        return tuple(views.view(run, positions.get(run.run_id, 0)) for run in runs)


if TYPE_CHECKING:
    # The type checker proves that the protocol is kept.
    _kept: type[Library] = Service
