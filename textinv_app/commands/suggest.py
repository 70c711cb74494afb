"""``suggest``: the class words that the photos are nearest to, as the model sees them."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from textinv_app.commands.choosing import choose_model
from textinv_app.commands.preparing import find_photos, take_photos
from textinv_app.commands.reporting import Reporter
from textinv_app.domain.class_words import CLASS_WORDS
from textinv_app.domain.presets import PresetRequest, settings_for
from textinv_app.domain.specs import BaseModelRef
from textinv_app.errors import BadInput

if TYPE_CHECKING:
    from textinv_app.drawing.likeness import LikenessJudge

NUM_WORDS = 5


def run_suggest(given: argparse.Namespace, reporter: Reporter) -> int:
    """Name the nearest class words, best first; returns the exit code.

    Raises ``BadInput`` for photos that cannot be used, and where no image encoder fits the model.
    """
    ref = choose_model(given.base_model)
    files = find_photos(given.photos)
    # Imported here: what cannot be used is said before anything that takes seconds.
    from textinv_app.photos.prepare import open_stored, square_picture

    judge = _judge(ref)
    if judge is None:
        raise BadInput(
            "suggest.no_encoder",
            "There is no image encoder for this model here, so photos cannot be compared with "
            "words. Choose the class word yourself, for instance dog.",
        )
    request = PresetRequest(family=ref.family, method="lora", num_photos=len(files))
    side = settings_for(request).resolution_pixels
    with tempfile.TemporaryDirectory(prefix="petname-") as temporary:
        taken = take_photos(files, Path(temporary))
        squares = [
            square_picture(open_stored(photo.path), facts.square, side)
            for photo, facts in taken.photos
        ]
    found = judge.nearest_words(squares, CLASS_WORDS)[:NUM_WORDS]
    words = [{"word": word, "similarity": round(cosine, 4)} for word, cosine in found]
    reporter.record({"type": "result", "class_words": words})
    for word, cosine in found:
        reporter.say(f"{word} ({cosine:.2f})")
    return 0


def _judge(ref: BaseModelRef) -> LikenessJudge | None:
    """Return what compares photos with words; the image model is loaded for Crayon's alone.

    Of the others, which are gigabytes and might have to be downloaded, nothing is needed for it.
    """
    from textinv_app.drawing.likeness import clip_judge, likeness_judge
    from textinv_app.models.loading import load

    return likeness_judge(load(ref)) if ref.family == "crayon" else clip_judge()
