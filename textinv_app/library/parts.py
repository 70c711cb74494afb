"""Putting the library together: which part knows which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textinv_app.domain.status import RunStatus
from textinv_app.errors import NotFound
from textinv_app.executors.base import Executor
from textinv_app.library.base_models import BaseModels
from textinv_app.library.concept_views import ConceptViews
from textinv_app.library.concepts import Concepts
from textinv_app.library.config import GIGABYTE, LibraryConfig
from textinv_app.library.drawings import Drawings
from textinv_app.library.following import Followers
from textinv_app.library.kits import Kits
from textinv_app.library.links import LinkSigner, read_or_make_key
from textinv_app.library.media import Media
from textinv_app.library.memory import available_memory_bytes
from textinv_app.library.opening import OpenFolder, open_folder
from textinv_app.library.painting import Painting
from textinv_app.library.past_trainings import PastTrainings
from textinv_app.library.publishing import Publishing, courier_environment
from textinv_app.library.removing import Remover, Sweeper, Tables
from textinv_app.library.results import Results
from textinv_app.library.run_rows import RunRow
from textinv_app.library.run_views import RunViews
from textinv_app.library.samples import Samples
from textinv_app.library.space import SpaceKeeper
from textinv_app.library.supervisor import Supervisor
from textinv_app.library.training import Training
from textinv_app.library.training_buttons import TrainingButtons
from textinv_app.library.warming import Warming
from textinv_app.publishing.dispatch import Dispatch

# A painter and a training of Crayon side by side; below it they take turns.
ROOM_FOR_BOTH_BYTES = 3 * GIGABYTE


@dataclass(frozen=True)
class Parts:
    """The parts of an open library."""

    folder: OpenFolder
    tables: Tables
    remover: Remover
    sweeper: Sweeper
    supervisor: Supervisor
    painting: Painting
    warming: Warming
    media: Media
    kits: Kits
    base_models: BaseModels
    concepts: Concepts
    concept_views: ConceptViews
    samples: Samples
    training: Training
    buttons: TrainingButtons
    run_views: RunViews
    results: Results
    publishing: Publishing
    drawings: Drawings
    space: SpaceKeeper


def build_parts(config: LibraryConfig, executor: Executor, painter_command: Sequence[str]) -> Parts:
    """Open the data folder and put the parts together; raises ``StorageFailed``."""
    folder = open_folder(config, executor)
    data, tables = folder.data, folder.tables
    links = LinkSigner(read_or_make_key(data.secret_key), config.link_lifetime_seconds)
    followers = Followers()
    remover = Remover(tables, data, executor)
    supervisor = Supervisor(tables, data, executor, followers, config.max_attempts_without_progress)
    painting = Painting(tables.drawings, data, painter_command, config.model_environment)
    base_models = BaseModels(
        config.assets_dir, config.custom_models_allowed, config.own_hub_token_usable
    )
    samples = Samples(config.assets_dir, links)
    kits = Kits(data, links)
    concept_views = ConceptViews(links)
    run_views = RunViews(data, followers, links)
    base_models.past_trainings = PastTrainings(tables.artifacts, run_views).on
    sharing = _MemorySharing(tables, painting, run_views)
    painting.may_draw = sharing.may_draw
    drawings = Drawings(config, tables, data, links, base_models)
    drawings.give_way = painting.gives_way
    supervisor.before_launch = sharing.before_launch
    results = Results(config, tables, data, links, remover)
    dispatch = Dispatch(courier_environment(config))
    warming = Warming(config, tables.runs, data, executor)
    warming.has_gpu = base_models.has_gpu
    return Parts(
        folder=folder,
        tables=tables,
        remover=remover,
        sweeper=Sweeper(tables, data, remover, config.keep_days, config.kept_drawings_per_owner),
        supervisor=supervisor,
        painting=painting,
        warming=warming,
        media=Media(links, data, samples, kits),
        kits=kits,
        base_models=base_models,
        concepts=Concepts(config, tables, data, concept_views, remover),
        concept_views=concept_views,
        samples=samples,
        training=Training(config, tables, data, base_models),
        buttons=TrainingButtons(config, tables, data, supervisor),
        run_views=run_views,
        results=results,
        publishing=Publishing(config, tables, data, results, dispatch),
        drawings=drawings,
        space=SpaceKeeper(config, tables, data),
    )


class _MemorySharing:
    """The painter gives way to a training that needs the memory: one large model at a time."""

    def __init__(self, tables: Tables, painting: Painting, run_views: RunViews) -> None:
        self._tables = tables
        self._painting = painting
        self._run_views = run_views

    def before_launch(self, run: RunRow) -> None:
        """End the painter where it and the training do not fit side by side."""
        if self._is_large(run) or not _has_room():
            self._painting.make_room()

    def may_draw(self) -> bool:
        """Tell whether a painter may be started now."""
        running = self._tables.runs.in_status(RunStatus.RUNNING)
        if not running:
            return True
        return _has_room() and not any(self._is_large(run) for run in running)

    def _is_large(self, run: RunRow) -> bool:
        try:
            return self._run_views.spec(run.run_id).base_model.family != "crayon"
        except NotFound:
            # Its runner will not get as far as to load a model.
            return False


def _has_room() -> bool:
    available = available_memory_bytes()
    return available is None or available > ROOM_FOR_BOTH_BYTES
