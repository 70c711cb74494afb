"""The reference's steps and ours on equal batches: do they arrive at the same vector?

    python -m tests.benchmarks.training --reference examples --part equal --models tiny --steps 50

Both train one vector of an embedding with plain settings (no weight decay, half a cosine) on one
photo, which is its own mirror image, with one prompt. Noise, timesteps and the place in the VAE's
posterior are ours: while the script computes, the functions it draws them with give what our step
of the same number will draw. After every step the two vectors are compared.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from PIL import Image, ImageOps

from tests.benchmarks.cases import Case
from tests.benchmarks.likeness_time import learnt_by_reference
from tests.benchmarks.models import model_ref
from tests.benchmarks.product import Product, same_work_settings
from tests.benchmarks.reference import Enough, Variables, arguments_for, run_script

PROMPT = "a photo of a {word}"
LEARNING_RATE = 5e-3
_SCRIPT_TEMPLATES = "imagenet_templates_small"


def symmetric_photo(case: Case, folder: Path) -> Case:
    """Return the case with one photo at training size that mirroring does not change."""
    side = case.resolution_pixels
    with Image.open(sorted(Path(case.photos).iterdir())[0]) as opened:
        half = opened.convert("RGB").resize((side, side)).crop((0, 0, side // 2, side))
    photo = Image.new("RGB", (side, side))
    photo.paste(half, (0, 0))
    photo.paste(ImageOps.mirror(half), (side // 2, 0))
    folder.mkdir(parents=True)
    photo.save(folder / "0.png")
    return replace(case, photos=str(folder))


@contextmanager
def our_draw(draw: Any, num_timesteps: int) -> Iterator[None]:
    """Let the script draw what ``draw`` (``training.sampling.StepDraw``) holds while inside."""
    randn_like, randint = torch.randn_like, torch.randint

    def sample(posterior: Any, generator: Any = None) -> Any:
        return posterior.mean + posterior.std * draw.latent_noise.to(posterior.mean)

    def noise_for(latents: Any, *given: Any, **named: Any) -> Any:
        if latents.shape == draw.noise.shape:
            return draw.noise.to(latents)
        return randn_like(latents, *given, **named)

    def timesteps_for(*given: Any, **named: Any) -> Any:
        if given[:2] == (0, num_timesteps):
            return draw.timesteps.clone()
        return randint(*given, **named)

    with (
        mock.patch.object(DiagonalGaussianDistribution, "sample", sample),
        mock.patch.object(torch, "randn_like", noise_for),
        mock.patch.object(torch, "randint", timesteps_for),
    ):
        yield


def largest_difference(case: Case, folder: Path) -> dict[str, float]:
    """Return the largest difference of the vectors over all steps, and how far they moved."""
    case = symmetric_photo(case, folder / "photo")
    settings = same_work_settings(case).model_copy(
        update={"max_steps": case.steps, "warmup_steps": 0, "learning_rate": LEARNING_RATE}
    )
    with mock.patch("textinv_app.training.setup.training_templates", return_value=(PROMPT,)):
        ours = Product.prepare(case, folder / "run", settings)
    trainer = ours.session.trainer
    num_timesteps = trainer._materials.schedule.num_timesteps
    start = trainer.weights()["text_encoder"].clone()
    differences: list[float] = []
    drawing = our_draw(trainer._draw(0), num_timesteps)
    drawing.__enter__()

    def after_step(variables: Variables) -> None:
        nonlocal drawing
        theirs = learnt_by_reference(variables)["text_encoder"].detach().float().cpu()
        drawing.__exit__(None, None, None)
        ours.step()
        mine = trainer.weights()["text_encoder"]
        differences.append(float((theirs - mine).abs().max()))
        if len(differences) >= case.steps:
            raise Enough
        drawing = our_draw(trainer._draw(trainer.step), num_timesteps)
        drawing.__enter__()

    arguments = arguments_for(case, model_ref(case.model, Path(case.work)).source, folder / "out")
    arguments += ["--adam_weight_decay", "0", "--lr_scheduler", "cosine", "--learning_rate"]
    run_script(
        Path(case.script),
        [*arguments, str(LEARNING_RATE / case.batch)],
        after_step,
        names={_SCRIPT_TEMPLATES: [PROMPT.replace("{word}", "{}")]},
    )
    moved = float((trainer.weights()["text_encoder"] - start).abs().max())
    return {"steps": len(differences), "difference": max(differences), "moved": moved}


def main() -> None:
    """Compare and print one line."""
    case = Case.from_json(sys.argv[1])
    answer = os.dup(1)
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory(prefix="petname-benchmark-") as name:
        found = largest_difference(case, Path(name))
    os.write(answer, json.dumps(found).encode("utf-8") + b"\n")


if __name__ == "__main__":
    main()
