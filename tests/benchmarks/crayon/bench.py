"""What all parts of the benchmark share: the options, the records, the model and the reader."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from PIL import Image

from tests.benchmarks.attribute_reader import AttributeReader, Reading, open_reader
from tests.benchmarks.coat_colour import Lab, distance
from tests.benchmarks.crayon.records import Records, Share, fingerprint_of
from textinv_app.commands.choosing import choose_file
from textinv_app.commands.draw import prompts_for
from textinv_app.domain.concept import Method
from textinv_app.domain.presets import PresetRequest, settings_for
from textinv_app.domain.prompts import base_prompt
from textinv_app.domain.specs import BaseModelRef, PresetName
from textinv_app.drawing.artist import Artist, DrawingTask
from textinv_app.drawing.likeness import LikenessJudge, likeness_judge
from textinv_app.models.loading import LoadedModel, best_device, drawing_dtype, load

INFERENCE_STEPS = 20


@dataclasses.dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    work: Path
    reader: Path
    assets: Path
    photos: Path
    preset: PresetName
    """By which pets are taught."""
    concept_presets: tuple[PresetName, ...]
    """By which a style and a word for what to avoid are taught, one after the other."""
    methods: tuple[Method, ...]
    max_steps: int | None
    captions: int
    drawings: int
    pets: int
    seeds: int
    style_prompts: int
    negative_prompts: int
    share: Share

    @property
    def crayon(self) -> Path:
        """The folder of the model that is measured."""
        return self.assets / "crayon"

    def pace(self, preset: PresetName) -> str:
        """Return what tells trainings by this preset from others."""
        return f"{preset}{self.max_steps or ''}"


@dataclasses.dataclass(frozen=True)
class Taught:
    """A file that was taught, and its word."""

    path: Path
    method: Method
    word: str
    class_word: str


@dataclasses.dataclass(frozen=True)
class Asked:
    """What is drawn: a prompt that may hold `{word}`, one picture for each seed."""

    prompt: str
    seeds: tuple[int, ...]
    negative_prompt: str = ""


class Bench:
    """Draws with the product's artist, reads, judges, and remembers."""

    def __init__(self, options: Options) -> None:
        """Nothing is loaded before it is needed."""
        self.options = options

    @functools.cached_property
    def reader(self) -> AttributeReader:
        """The attribute reader, trained now where there is none yet."""
        return open_reader(self.options.reader)

    @functools.cached_property
    def stamp(self) -> str:
        """What the measurements hold for: the model's files and the reader."""
        return f"{fingerprint_of(self.options.crayon)}-{self.reader.fingerprint}"

    @functools.cached_property
    def records(self) -> Records:
        """The measurements so far."""
        return Records(self.options.work / "measurements.jsonl", self.stamp, self.options.share)

    @functools.cached_property
    def model(self) -> LoadedModel:
        """Crayon itself."""
        ref = BaseModelRef(model_id="crayon", source=str(self.options.crayon), family="crayon")
        device = best_device()
        return load(ref, drawing_dtype(device), device)

    @functools.cached_property
    def vae(self) -> AutoencoderKL:
        """Crayon's autoencoder on the CPU, in single precision wherever the model is."""
        folder = self.options.crayon / "vae"
        vae: AutoencoderKL = AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32)
        return vae.eval().requires_grad_(False)

    @functools.cached_property
    def artist(self) -> Artist:
        """The product's artist."""
        return Artist(self.model)

    @functools.cached_property
    def judge(self) -> LikenessJudge:
        """The product's judge of likeness."""
        judge = likeness_judge(self.model)
        if judge is None:
            raise SystemExit(f"{self.options.crayon} has no image encoder to judge likeness with")
        return judge

    def draw(self, asked: Asked, taught: Taught | None = None) -> list[Image.Image]:
        """Draw as the `draw` command does: with a taught file, or with nothing worn."""
        request = PresetRequest(family="crayon", method="lora", num_photos=1)
        usual = settings_for(request)
        prompt, negative_prompt = asked.prompt, asked.negative_prompt
        if taught is None:
            self.artist.undress()
        else:
            file = choose_file(taught.path, taught.method)
            prompt, negative_prompt = prompts_for(prompt, negative_prompt, [file])
            self.artist.wear([file.worn])
        return self.artist.draw(
            DrawingTask(
                prompt=prompt,
                negative_prompt=negative_prompt,
                seeds=asked.seeds,
                num_inference_steps=INFERENCE_STEPS,
                guidance_scale=usual.guidance_scale,
                resolution_pixels=usual.resolution_pixels,
            )
        )

    def draw_plain(self, asked: Asked, class_word: str) -> list[Image.Image]:
        """Draw the same with the class word in the word's place."""
        prompt = base_prompt(asked.prompt, "", class_word)
        return self.draw(dataclasses.replace(asked, prompt=prompt))

    def keep_pictures(self, part: str, key: str, pictures: Sequence[Image.Image]) -> None:
        """Keep pictures as one strip, for the sheets."""
        path = self.strip_path(part, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        side = pictures[0].height
        strip = Image.new("RGB", (side * len(pictures), side))
        for index, picture in enumerate(pictures):
            strip.paste(picture.convert("RGB").resize((side, side)), (side * index, 0))
        strip.save(path)

    def strip_path(self, part: str, key: str) -> Path:
        """Return where the pictures of a measurement are kept."""
        return self.options.work / "pictures" / self.stamp / part / f"{key}.png"


def coat_distances(readings: Sequence[Reading], truth: Lab) -> list[float]:
    """Return how far each coat is from the true one, in CIE Lab."""
    return [round(distance(reading.coat.lab, truth), 2) for reading in readings]
