"""A model that knows only drawings draws photos its own way, to learn from what it knows.

Crayon has never seen a photograph. Taught from one, a word ends at patches of the photo's colours,
because those lower the loss most. Its own drawing of the photo has the pet's colours too, and is an
animal. How it is made: the photo with noise on it, from which the noise is taken away again
(SDEdit, arXiv 2108.01073).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from statistics import median

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from textinv_app.drawing.artist import Artist, DrawingTask, OnStep
from textinv_app.drawing.prompting import encode_prompts
from textinv_app.models.loading import LoadedModel, damaged
from textinv_app.models.photo_latents import encode_photo, scaled_for_unet
from textinv_app.models.shapes import FAMILIAR_FILE

STRENGTH = 0.65
"""Share of the way back to pure noise: less leaves patches, more forgets the pet's colours."""
NUM_INFERENCE_STEPS = 20
GUIDANCE_SCALE = 4.0
LEAST_BRIGHTNESS = 0.45
"""Mean brightness, 0 to 1, to which a darker photo is lightened; else every pet becomes a black
one at night."""
LEAST_GAMMA = 0.45
_TIMESTEPS = (250, 450)
"""Where drawings and photos differ most: the outlines are still there, the surfaces are not."""
_NOISES = 2

Check = Callable[[], object]


def familiar_loss(model: LoadedModel) -> float | None:
    """Return the loss up to which pictures are what a model knows; None where it knows all kinds.

    Raises ``ModelUnavailable`` where the model's file is damaged.
    """
    folder = model.folder
    if folder is None or not (folder / FAMILIAR_FILE).is_file():
        return None
    try:
        return float(json.loads((folder / FAMILIAR_FILE).read_text(encoding="utf-8"))["loss"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(model.ref, folder.name, error) from error


def surprise(model: LoadedModel, pictures: Sequence[Image.Image], class_word: str) -> float:
    """Return how badly a model takes away noise from pictures: the median of their losses.

    Pictures have the model's size. The same pictures give the same number.
    """
    latents = _encoded(model, pictures)
    count = len(latents)
    generator = torch.Generator("cpu").manual_seed(0)
    noise = torch.randn((_NOISES * count, *latents.shape[1:]), generator=generator)
    noise = noise.to(latents)
    clean = latents.repeat(_NOISES, 1, 1, 1)
    timesteps = torch.linspace(*_TIMESTEPS, _NOISES * count, device=latents.device).long()
    known = encode_prompts(model, [_sentence(class_word)], ())
    with torch.no_grad():
        predicted = model.unet(
            model.scheduler.add_noise(clean, noise, timesteps),
            timesteps,
            encoder_hidden_states=known.hidden_states.expand(len(clean), -1, -1),
        ).sample
    if model.prediction_type == "v_prediction":
        noise = model.scheduler.get_velocity(clean, noise, timesteps)
    losses = (predicted - noise).float().pow(2).mean(dim=(1, 2, 3)).view(_NOISES, count).mean(dim=0)
    return float(median(losses.tolist()))


def redraw(
    model: LoadedModel, photos: Sequence[Image.Image], class_word: str, seed: int, on_step: OnStep
) -> list[Image.Image]:
    """Return the model's own drawing of each photo, RGB, the same for the same seed.

    Photos have the model's size. Raises what ``on_step`` raises, and ``ModelUnavailable``.
    """
    task = DrawingTask(
        prompt=_sentence(class_word),
        seeds=tuple((seed + number) % 2**32 for number in range(len(photos))),
        num_inference_steps=NUM_INFERENCE_STEPS,
        guidance_scale=GUIDANCE_SCALE,
        resolution_pixels=photos[0].width,
    )
    return Artist(model).redraw(task, [lightened(photo) for photo in photos], STRENGTH, on_step)


def lightened(photo: Image.Image) -> Image.Image:
    """Return a dark photo lighter, by its gamma; any other as it is."""
    pixels = np.asarray(photo.convert("RGB"), dtype=np.float32) / 255
    brightness = float(pixels.mean())
    if brightness >= LEAST_BRIGHTNESS:
        return photo
    gamma = math.log(LEAST_BRIGHTNESS) / math.log(max(brightness, 0.01))
    return Image.fromarray((pixels ** max(gamma, LEAST_GAMMA) * 255).round().astype(np.uint8))


def _sentence(class_word: str) -> str:
    return f"a photo of a {class_word}"


def _encoded(model: LoadedModel, pictures: Sequence[Image.Image]) -> Tensor:
    """Return latents ``[pictures, channels, height, width]`` scaled for the UNet, on its device."""
    encoded = [encode_photo(model.vae, picture.convert("RGB")) for picture in pictures]
    latents, _ = scaled_for_unet(model.vae, encoded)
    return latents.to(model.unet.device, model.unet.dtype)
