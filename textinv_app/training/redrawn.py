"""What a run learns from: its photos, or the base model's own drawings of them."""

from __future__ import annotations

from collections.abc import Callable, Generator

from PIL import Image

from textinv_app.domain.events import Event, PhaseChanged, Redrawn
from textinv_app.domain.specs import RunSpec
from textinv_app.drawing.redrawing import familiar_loss, redraw, surprise
from textinv_app.models.loading import LoadedModel
from textinv_app.runs.atomic import publish_directory
from textinv_app.runs.layout import RunLayout
from textinv_app.training.latents import load_photo, photo_paths
from textinv_app.training.wearing import temporary_folder


def photos_to_learn(
    spec: RunSpec,
    layout: RunLayout,
    ready_model: Callable[[], LoadedModel],
    photos: list[Image.Image],
    check: Callable[[], None],
) -> Generator[Event, None, list[Image.Image]]:
    """Return the photos, or what a model that cannot draw photos makes of them.

    The drawings are kept in ``redrawn/``, so that every attempt of a run learns from the same ones
    and likeness is measured against them. A style and what to avoid are learnt from the pictures as
    they are. ``ready_model`` brings the model to where it draws; ``check`` raises to stop or pause.
    Also raises ``ModelUnavailable`` and ``OSError``.
    """
    if layout.redrawn.is_dir():
        yield _told(layout)
        side = spec.settings.resolution_pixels
        return [load_photo(path, side) for path in photo_paths(layout.redrawn)]
    if spec.kind != "subject":
        return photos
    model = ready_model()
    limit = familiar_loss(model)
    if limit is None:
        return photos
    yield PhaseChanged(phase="preparing_photos")
    if surprise(model, photos, spec.class_word) <= limit:
        return photos
    drawings = redraw(model, photos, spec.class_word, spec.settings.seed, lambda _share: check())
    with temporary_folder(layout.root) as folder:
        for number, drawing in enumerate(drawings):
            drawing.save(folder / f"{number:03d}.png")
        publish_directory(folder, layout.redrawn)
    yield _told(layout)
    return drawings


def _told(layout: RunLayout) -> Redrawn:
    paths = [path.relative_to(layout.root).as_posix() for path in photo_paths(layout.redrawn)]
    return Redrawn(paths=tuple(paths))
