"""The artist: draws pictures with a base model that wears embeddings and LoRAs.

The model is changed only while a picture is being drawn; at any other time it is the base model,
bit for bit. So training and drawing may share one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    DPMSolverMultistepScheduler,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
)
from PIL import Image
from torch import Tensor

from textinv_app.domain.concept import SMALL_FAMILIES
from textinv_app.domain.drawing import WornArtifact
from textinv_app.drawing.adapting import LayerChange, prepare_changes, wearing_changes
from textinv_app.drawing.prompting import Conditioning, WornWord, encode_prompts, mean_embedding
from textinv_app.errors import FileRefused, ModelUnavailable
from textinv_app.formats.embedding import EmbeddingFile, read_embedding
from textinv_app.formats.families import FAMILY_TITLES, TEXT_WIDTHS
from textinv_app.formats.lora_reading import read_lora
from textinv_app.models.loading import LoadedModel, is_out_of_memory
from textinv_app.models.packed_convolutions import pack_convolutions
from textinv_app.models.side_by_side import computing_side_by_side

logger = logging.getLogger("petname.drawing")

OnStep = Callable[[float], object]
"""Called after every denoising step with the share of the task done; may raise to break off."""

_PIXELS_AT_A_TIME = {"cpu": 8 * 256 * 256, "cuda": 2 * 1024 * 1024}


@dataclass(frozen=True)
class DrawingTask:
    """What to draw: one picture for each seed."""

    prompt: str
    negative_prompt: str = ""
    seeds: tuple[int, ...] = (0,)
    num_inference_steps: int = 20
    guidance_scale: float = 4.0
    resolution_pixels: int = 128


class Artist:
    """Draws with one base model and what it wears."""

    def __init__(self, model: LoadedModel) -> None:
        self._model = model
        self._pipeline = _make_pipeline(model)
        self._is_small = model.device == "cpu" and model.family in SMALL_FAMILIES
        if self._is_small:
            pack_convolutions(model.unet)
        self._words: tuple[WornWord, ...] = ()
        self._changes: tuple[LayerChange, ...] = ()

    @property
    def model(self) -> LoadedModel:
        """The base model."""
        return self._model

    def wear(self, artifacts: Sequence[WornArtifact]) -> None:
        """Put on embeddings and LoRAs in the place of what was worn before.

        Raises ``FileRefused`` when a file cannot be used with this model; then nothing is worn.
        """
        self.undress()
        words: list[WornWord] = []
        changes: list[LayerChange] = []
        for artifact in artifacts:
            if artifact.method == "embedding":
                words.append(self._word(artifact))
            else:
                file = read_lora(Path(artifact.path))
                changes += prepare_changes(self._model, file, artifact.strength)
        self._words, self._changes = tuple(words), tuple(changes)

    def undress(self) -> None:
        """Take everything off."""
        self._words, self._changes = (), ()

    def draw(
        self, task: DrawingTask, on_step: OnStep = lambda _fraction: None
    ) -> list[Image.Image]:
        """Draw one RGB picture for each seed.

        A seed gives the same picture whatever other seeds are drawn with it, but for rounding.
        Raises what ``on_step`` raises, and ``ModelUnavailable`` where memory runs out.
        """
        return self.draw_together([task], on_step)[0]

    def draw_together(
        self, tasks: Sequence[DrawingTask], on_step: OnStep = lambda _fraction: None
    ) -> list[list[Image.Image]]:
        """Draw several prompts at once, which is sooner than one after the other.

        All tasks agree in size, steps and guidance scale, else ``ValueError``; for the rest as
        ``draw``, a list of pictures for each task.
        """
        if len({_manner(task) for task in tasks}) > 1:
            raise ValueError("pictures that are drawn together have one size, steps and guidance")
        order = [(place, seed) for place, task in enumerate(tasks) for seed in task.seeds]
        pictures: list[Image.Image] = []
        at_a_time = self._pictures_at_a_time(tasks[0].resolution_pixels)
        with self._ready(), wearing_changes(self._changes), torch.no_grad():
            encoded = [self._encode(task) for task in tasks]
            while len(pictures) < len(order):
                some = order[len(pictures) : len(pictures) + at_a_time]
                done, share = len(pictures) / len(order), len(some) / len(order)
                wanted, unwanted = (
                    _gathered([encoded[place][which] for place, _ in some]) for which in (0, 1)
                )
                try:
                    pictures += self._draw_some(
                        tasks[0],
                        [seed for _, seed in some],
                        (wanted, unwanted),
                        _scaled(on_step, done, share),
                    )
                except RuntimeError as error:
                    if not is_out_of_memory(error):
                        raise
                    at_a_time = self._smaller(len(some), error)
        drawn = iter(pictures)
        return [[next(drawn) for _ in task.seeds] for task in tasks]

    def redraw(
        self,
        task: DrawingTask,
        photos: Sequence[Image.Image],
        strength: float,
        on_step: OnStep = lambda _fraction: None,
    ) -> list[Image.Image]:
        """Draw RGB photos of the task's size anew, each with a seed of its own.

        ``strength`` is the share of the way to pure noise from which each is drawn, above 0 up to 1
        (SDEdit, arXiv 2108.01073). Not for SDXL. Raises what ``on_step`` raises.
        """
        pipeline = StableDiffusionImg2ImgPipeline(
            **self._pipeline.components, requires_safety_checker=False
        )
        pipeline.set_progress_bar_config(disable=True)
        num_steps = max(1, int(task.num_inference_steps * strength))
        at_a_time = self._pictures_at_a_time(task.resolution_pixels)
        pictures: list[Image.Image] = []
        with self._ready(), wearing_changes(self._changes), torch.no_grad():
            wanted, unwanted = self._encode(task)
            while len(pictures) < len(photos):
                rows = slice(len(pictures), len(pictures) + at_a_time)
                some = list(photos[rows])
                done, share = len(pictures) / len(photos), len(some) / len(photos)
                after_step = _after_step(_scaled(on_step, done, share), num_steps)
                output = pipeline(
                    image=some,
                    strength=strength,
                    prompt_embeds=wanted.hidden_states.expand(len(some), -1, -1),
                    negative_prompt_embeds=unwanted.hidden_states.expand(len(some), -1, -1),
                    num_inference_steps=task.num_inference_steps,
                    guidance_scale=task.guidance_scale,
                    generator=[_noise_of(seed) for seed in task.seeds[rows]],
                    callback_on_step_end=after_step,
                )
                pictures += output.images
        return pictures

    def _word(self, artifact: WornArtifact) -> WornWord:
        widths = tuple(int(encoder.config.hidden_size) for encoder in self._model.text_encoders)
        family = self._model.family
        file = read_embedding(Path(artifact.path), {**TEXT_WIDTHS, family: widths})
        if file.widths != widths:
            raise FileRefused(
                "file.other_family",
                f"This file was made for {FAMILY_TITLES[file.family]}; the chosen model is "
                f"{FAMILY_TITLES[family]}. Choose a model it fits.",
                made_for=FAMILY_TITLES[file.family],
                chosen=FAMILY_TITLES[family],
            )
        rows = tuple(
            self._strengthened(index, torch.tensor(vectors, dtype=torch.float32), artifact, file)
            for index, (_, vectors) in enumerate(sorted(file.vectors.items()))
        )
        return WornWord(artifact.placeholder_token, rows)

    def _strengthened(
        self, index: int, vectors: Tensor, artifact: WornArtifact, file: EmbeddingFile
    ) -> Tensor:
        """Scale the distance of vectors from the class word, or from zero where none is known."""
        if artifact.strength == 1.0:
            return vectors
        class_word = file.metadata.get("petname.class_word", "")
        centre = mean_embedding(self._model, index, class_word) if class_word else None
        if centre is None:
            return vectors * artifact.strength
        return centre + artifact.strength * (vectors - centre)

    def _encode(self, task: DrawingTask) -> tuple[Conditioning, Conditioning]:
        prompts = [task.prompt, task.negative_prompt]
        both = encode_prompts(self._model, prompts, self._words)
        wanted = Conditioning(
            both.hidden_states[:1], None if both.pooled is None else both.pooled[:1]
        )
        unwanted = Conditioning(
            both.hidden_states[1:], None if both.pooled is None else both.pooled[1:]
        )
        if both.pooled is not None and not task.negative_prompt:
            # SDXL was trained with zeros for "nothing" (force_zeros_for_empty_prompt).
            unwanted = Conditioning(
                torch.zeros_like(wanted.hidden_states), torch.zeros_like(both.pooled[:1])
            )
        return wanted, unwanted

    def _draw_some(
        self,
        task: DrawingTask,
        seeds: Sequence[int],
        conditioning: tuple[Conditioning, Conditioning],
        on_step: OnStep,
    ) -> list[Image.Image]:
        wanted, unwanted = conditioning
        given: dict[str, Any] = {
            "prompt_embeds": wanted.hidden_states,
            "negative_prompt_embeds": unwanted.hidden_states,
        }
        if wanted.pooled is not None:
            given["pooled_prompt_embeds"] = wanted.pooled
            given["negative_pooled_prompt_embeds"] = unwanted.pooled
        vae, number_type = self._model.vae, self._model.vae.dtype
        try:
            output = self._pipeline(
                **given,
                height=task.resolution_pixels,
                width=task.resolution_pixels,
                num_inference_steps=task.num_inference_steps,
                guidance_scale=task.guidance_scale,
                generator=[_noise_of(seed) for seed in seeds],
                callback_on_step_end=_after_step(on_step, task.num_inference_steps),
            )
        finally:
            # The pipeline widens SDXL's VAE to decode, and leaves it so where memory runs out.
            if any(part.dtype != number_type for part in vae.parameters()):
                vae.to(dtype=number_type)
        pictures: list[Image.Image] = output.images
        return pictures

    def _pictures_at_a_time(self, side_pixels: int) -> int:
        budget = _PIXELS_AT_A_TIME.get(self._model.device, _PIXELS_AT_A_TIME["cpu"])
        return max(1, budget // (side_pixels * side_pixels))

    def _smaller(self, num_pictures: int, error: RuntimeError) -> int:
        if num_pictures == 1:
            raise ModelUnavailable(
                "model.out_of_memory",
                "The machine has not enough memory to draw with this image model. Close other "
                "programs, or choose a smaller model.",
            ) from error
        if self._model.device != "cpu":
            torch.cuda.empty_cache()
        logger.warning("out of memory with %d pictures at a time; trying half", num_pictures)
        return num_pictures // 2

    @contextmanager
    def _ready(self) -> Iterator[None]:
        """Bring the VAE where the UNet is, which a training keeps elsewhere between previews.

        A small UNet on a CPU draws its pictures side by side meanwhile.
        """
        model = self._model
        home = model.vae.device
        model.vae.to(model.unet.device)
        try:
            with computing_side_by_side(model.unet) if self._is_small else nullcontext():
                yield
        finally:
            model.vae.to(home)


def _make_pipeline(model: LoadedModel) -> Any:
    """Return the diffusers pipeline around a model's parts, with a fast deterministic sampler.

    DPM-Solver++(2M) (arXiv 2211.01095) with the model's own noise schedule and prediction type.
    """
    scheduler = DPMSolverMultistepScheduler.from_config(
        model.scheduler.config, algorithm_type="dpmsolver++", solver_order=2
    )
    parts = {"vae": model.vae, "unet": model.unet, "scheduler": scheduler}
    if model.family == "sdxl":
        pipeline = StableDiffusionXLPipeline(
            text_encoder=model.text_encoders[0],
            text_encoder_2=model.text_encoders[1],
            tokenizer=model.tokenizers[0],
            tokenizer_2=model.tokenizers[1],
            add_watermarker=False,
            **parts,
        )
    else:
        pipeline = StableDiffusionPipeline(
            text_encoder=model.text_encoders[0],
            tokenizer=model.tokenizers[0],
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
            **parts,
        )
    pipeline.set_progress_bar_config(disable=True)
    model.vae.enable_slicing()
    return pipeline


def _manner(task: DrawingTask) -> tuple[int, int, float]:
    return task.resolution_pixels, task.num_inference_steps, task.guidance_scale


def _gathered(entries: Sequence[Conditioning]) -> Conditioning:
    pooled = [entry.pooled for entry in entries if entry.pooled is not None]
    states = torch.cat([entry.hidden_states for entry in entries])
    return Conditioning(states, torch.cat(pooled) if pooled else None)


def _noise_of(seed: int) -> torch.Generator:
    """Return a generator on the CPU, so that a seed means the same noise on every machine."""
    return torch.Generator("cpu").manual_seed(seed)


def _after_step(on_step: OnStep, num_steps: int) -> Callable[..., Any]:
    """Return what a pipeline of diffusers calls after each of its steps."""

    def after_step(_pipeline: Any, step: int, _time: Any, tensors: Any) -> Any:
        on_step(min(1.0, (step + 1) / num_steps))
        return tensors

    return after_step


def _scaled(on_step: OnStep, done: float, share: float) -> OnStep:
    return lambda fraction: on_step(done + share * fraction)
