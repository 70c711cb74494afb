"""Rounds of previews: fixed prompts and seeds, drawn with the very file a person would download."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from textinv_app.domain.specs import RunSpec
from textinv_app.drawing.artist import Artist
from textinv_app.drawing.likeness import LikenessJudge
from textinv_app.models.photo_latents import use_tiles
from textinv_app.runs.layout import RunLayout
from textinv_app.training.methods import Method
from textinv_app.training.pictures import save_picture
from textinv_app.training.state import Weights
from textinv_app.training.wearing import (
    Sheet,
    draw_sheets,
    file_facts,
    temporary_folder,
    worn_files,
    worn_prompt,
    write_files,
)

NUM_JUDGED_SEEDS = 3
"""Pictures of the plain prompt in a round; the first is shown, all are judged."""


@dataclass(frozen=True)
class PreviewPicture:
    """One picture of a round that is shown."""

    prompt_index: int
    prompt: str
    path: Path
    likeness: float | None


@dataclass(frozen=True)
class PreviewRound:
    """What came out of one round; None where there is no judge."""

    pictures: tuple[PreviewPicture, ...]
    likeness: float | None
    prompt_following: float | None


class Previewer:
    """Draws and judges rounds of previews for one run."""

    def __init__(
        self,
        model: Any,
        spec: RunSpec,
        layout: RunLayout,
        judge: LikenessJudge | None,
        photos: list[Image.Image],
    ) -> None:
        self._artist = Artist(model)
        self._model = model
        self._spec = spec
        self._layout = layout
        self._judge = judge
        self._photos = photos

    def use_tiles(self, wanted: bool) -> None:
        """Decode pictures in tiles from now on, which needs less memory."""
        if wanted:
            use_tiles(self._model.vae, self._spec.settings.resolution_pixels)

    @property
    def artist(self) -> Artist:
        """The artist that shares the model in training."""
        return self._artist

    @property
    def model_folder(self) -> Path | None:
        """Where the base model lies; None for a single checkpoint file."""
        folder: Path | None = self._model.folder
        return folder

    def draw_round(
        self, method: Method, weights: Weights, step: int, check: Callable[[], None]
    ) -> PreviewRound:
        """Write ``weights`` as a file, draw with it, judge, and save the pictures that are shown.

        ``check`` may raise to break off; then nothing is saved. Raises ``OSError``.
        """
        spec, num_steps = self._spec, self._spec.settings.preview_inference_steps
        prompts = [worn_prompt(spec, template) for template in spec.preview_prompts]
        sheets = [
            Sheet(pair, preview_seeds(spec, NUM_JUDGED_SEEDS if index == 0 else 1), num_steps)
            for index, pair in enumerate(prompts)
        ]
        with temporary_folder(self._layout.root) as folder, method.set_aside():
            facts = file_facts(
                spec, step, len(self._photos), self._model.scheduler.config.prediction_type
            )
            worn = worn_files(spec, write_files(method, spec, folder, weights, facts))
            drawn = draw_sheets(self._artist, spec, worn, sheets, check)
        likenesses = [self.likeness(pictures) for pictures in drawn]
        shown = tuple(
            PreviewPicture(
                prompt_index=index,
                prompt=prompts[index].prompt,
                path=self._save(pictures[0], step, index),
                likeness=None if scores is None else scores[0],
            )
            for index, (pictures, scores) in enumerate(zip(drawn, likenesses, strict=True))
        )
        every = [score for scores in likenesses if scores for score in scores]
        return PreviewRound(
            pictures=shown,
            likeness=sum(every) / len(every) if every else None,
            prompt_following=self._prompt_following(drawn),
        )

    def likeness(self, pictures: list[Image.Image]) -> list[float] | None:
        """Return the likeness of each picture to the photos, 0 to 100; None without a judge."""
        if self._judge is None:
            return None
        return [round(float(score), 2) for score in self._judge.likeness(pictures, self._photos)]

    def _prompt_following(self, drawn: list[list[Image.Image]]) -> float | None:
        """Judge the hard prompt, with the class word in the place of the new one."""
        if self._judge is None:
            return None
        template = self._spec.preview_prompts[len(drawn) - 1]
        wanted = template.replace("{word}", self._spec.class_word)
        scores = self._judge.prompt_following(drawn[-1], wanted)
        return None if not scores else round(float(sum(scores) / len(scores)), 4)

    def _save(self, picture: Image.Image, step: int, index: int) -> Path:
        path = self._layout.previews / f"step-{step:06d}-{index}.webp"
        self._layout.previews.mkdir(exist_ok=True)
        save_picture(picture, path)
        return path


def preview_seeds(spec: RunSpec, count: int) -> list[int]:
    """Return the seeds of a run's previews, the same in every round."""
    return [(spec.settings.seed + number) % 2**32 for number in range(count)]
