"""``draw``: pictures with a base model and files, in this process."""

from __future__ import annotations

import argparse
import dataclasses
import io
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textinv_app.commands.choosing import (
    GivenFile,
    choose_file,
    choose_model,
    output_folder,
    split_strength,
)
from textinv_app.commands.preparing import find_photos, take_photos
from textinv_app.commands.reporting import Reporter
from textinv_app.domain.presets import PresetRequest, settings_for
from textinv_app.domain.prompts import add_word, lora_prompt, put_word
from textinv_app.domain.specs import BaseModelRef, TrainingSettings
from textinv_app.errors import BadInput
from textinv_app.runs.atomic import atomic_write_bytes

if TYPE_CHECKING:
    from PIL import Image

    from textinv_app.drawing.artist import Artist, DrawingTask
    from textinv_app.drawing.likeness import LikenessJudge
    from textinv_app.models.loading import LoadedModel

MAX_IMAGES = 1000
IMAGES_AT_A_TIME = 16
"""Drawn before the next are begun; then they are on disk."""
_IN_DOUBT = (
    "This base model knows only drawings, and these photos are not like them: the likeness to them "
    "says little. Give the folder “redrawn” of a training as --photos to measure against what was "
    "learnt from."
)


def run_draw(given: argparse.Namespace, reporter: Reporter) -> int:
    """Draw what is asked for and report; returns the exit code.

    Raises ``BadInput`` before anything is loaded, ``ModelUnavailable``, ``FileRefused``.
    """
    _refuse_bad_numbers(given)
    ref = choose_model(given.base_model)
    files = [choose_file(Path(text), "embedding") for text in given.embedding]
    files += [choose_file(path, "lora", size) for path, size in map(split_strength, given.lora)]
    for file in files:
        file.inspection.refuse_if_not_for(ref.family)
    usual = settings_for(PresetRequest(family=ref.family, method="lora", num_photos=1))
    output = output_folder(given.output)
    photos = [] if given.photos is None else _squares(given.photos, usual, reporter)
    task = _task(given, files, usual)
    started = time.monotonic()
    artist, judge = _open_studio(ref)
    artist.wear([file.worn for file in files])
    in_doubt = bool(photos) and _is_in_doubt(judge, artist.model, photos, files, reporter)
    first = _next_number(output)
    paths, scores = [], []
    for record, picture in _draw(artist, judge if photos else None, photos, task, reporter):
        path = output / f"{first + record['index']:03d}-seed-{record['seed']}.png"
        _write_png(picture, path)
        paths.append(str(path))
        reporter.record({"type": "picture", "path": str(path), **record})
        score = "" if record["likeness"] is None else f" likeness {record['likeness']:.0f}"
        reporter.say(f"{path}{score}")
        scores += [] if record["likeness"] is None else [record["likeness"]]
    reporter.record(
        {
            "type": "result",
            "pictures": paths,
            "likeness": sum(scores) / len(scores) if scores else None,
            "likeness_in_doubt": in_doubt,
            "seconds": round(time.monotonic() - started, 3),
        }
    )
    return 0


def prompts_for(prompt: str, negative_prompt: str, files: list[GivenFile]) -> tuple[str, str]:
    """Return the prompts as the files want them.

    Negative embeddings are put into the negative prompt, and a LoRA's word gets its class word
    behind it, as in training; what stands there already is not doubled.
    """
    for file in files:
        word, is_lora = file.worn.placeholder_token, file.worn.method == "lora"
        if file.worn.kind == "negative" and not is_lora:
            negative_prompt = add_word(negative_prompt, word)
            continue
        prompt = put_word(prompt, word)
        if is_lora and word:
            prompt = lora_prompt(prompt, word, file.class_word, file.worn.kind)
    return prompt, negative_prompt


def _refuse_bad_numbers(given: argparse.Namespace) -> None:
    if not 1 <= given.num_images <= MAX_IMAGES:
        raise BadInput("draw.num_images", f"--num-images must be from 1 to {MAX_IMAGES}.")
    if not 1 <= given.steps <= 200:
        raise BadInput("draw.steps", "--steps must be from 1 to 200.")
    if given.size is not None and (given.size % 8 or not 64 <= given.size <= 2048):
        raise BadInput("draw.size", "--size must be a multiple of 8 from 64 to 2048.")
    if not given.prompt.strip():
        raise BadInput("draw.no_prompt", "--prompt says what to draw; it must not be empty.")


def _squares(folder: Path, usual: TrainingSettings, reporter: Reporter) -> list[Image.Image]:
    """Return the squares of the photos that likeness is measured against."""
    from textinv_app.photos.prepare import open_stored, square_picture

    with tempfile.TemporaryDirectory(prefix="petname-") as temporary:
        taken = take_photos(find_photos(folder), Path(temporary))
        for remark in taken.remarks:
            reporter.warn(remark)
        return [
            square_picture(open_stored(photo.path), facts.square, usual.resolution_pixels)
            for photo, facts in taken.photos
        ]


def _open_studio(ref: BaseModelRef) -> tuple[Artist, LikenessJudge | None]:
    from textinv_app.drawing.artist import Artist
    from textinv_app.drawing.likeness import likeness_judge
    from textinv_app.models.loading import best_device, drawing_dtype, load

    device = best_device()
    model = load(ref, drawing_dtype(device), device)
    return Artist(model), likeness_judge(model)


def _is_in_doubt(
    judge: LikenessJudge | None,
    model: LoadedModel,
    photos: list[Image.Image],
    files: list[GivenFile],
    reporter: Reporter,
) -> bool:
    """Warn where likeness is not measured or says little; return whether it says little.

    Raises ``ModelUnavailable`` where the model's file about what it knows is damaged.
    """
    from textinv_app.drawing.redrawing import familiar_loss, surprise

    if judge is None:
        reporter.warn("Nothing here can measure a likeness with this base model; none is told.")
        return False
    limit = familiar_loss(model)
    class_word = next((file.class_word for file in files if file.class_word), "pet")
    if limit is None or surprise(model, photos, class_word) <= limit:
        return False
    reporter.warn(_IN_DOUBT)
    return True


def _task(
    given: argparse.Namespace, files: list[GivenFile], usual: TrainingSettings
) -> DrawingTask:
    from textinv_app.drawing.artist import DrawingTask

    prompt, negative_prompt = prompts_for(given.prompt, given.negative_prompt, files)
    guidance = usual.guidance_scale if given.guidance_scale is None else given.guidance_scale
    return DrawingTask(
        prompt=prompt,
        negative_prompt=negative_prompt,
        seeds=tuple((given.seed + index) % 2**32 for index in range(given.num_images)),
        num_inference_steps=given.steps,
        guidance_scale=guidance,
        resolution_pixels=given.size or usual.resolution_pixels,
    )


def _draw(
    artist: Artist,
    judge: LikenessJudge | None,
    photos: list[Image.Image],
    task: DrawingTask,
    reporter: Reporter,
) -> Iterator[tuple[dict[str, Any], Image.Image]]:
    """Yield each picture with what is reported about it, some at a time.

    What is drawn can be written before the rest is: whoever ends the command keeps it.
    """
    count = len(task.seeds)
    for first in range(0, count, IMAGES_AT_A_TIME):
        some = dataclasses.replace(task, seeds=task.seeds[first : first + IMAGES_AT_A_TIME])
        pictures = artist.draw(some, _telling(reporter, first / count, len(some.seeds) / count))
        reporter.end_bar()
        scores = [None] * len(pictures) if judge is None else judge.likeness(pictures, photos)
        for place, (seed, score) in enumerate(zip(some.seeds, scores, strict=True)):
            record = {
                "index": first + place,
                "seed": seed,
                "prompt": task.prompt,
                "negative_prompt": task.negative_prompt,
                "likeness": score,
            }
            yield record, pictures[place]


def _telling(reporter: Reporter, done: float, share: float) -> Callable[[float], None]:
    """Return what tells how far the drawing is, of which a share is done before and one now."""

    def tell(fraction: float) -> None:
        reached = done + share * fraction
        reporter.record({"type": "progress", "fraction": round(reached, 4)})
        reporter.advance(round(reached * 100), 100, "drawing")

    return tell


def _next_number(output: Path) -> int:
    """Return the number behind those of the pictures that lie there: none is ever replaced."""
    found = (re.fullmatch(r"(\d+)-seed-\d+\.png", path.name) for path in output.iterdir())
    return max((int(match[1]) + 1 for match in found if match), default=0)


def _write_png(picture: Image.Image, path: Path) -> None:
    encoded = io.BytesIO()
    picture.save(encoded, "PNG")
    atomic_write_bytes(path, encoded.getvalue())
