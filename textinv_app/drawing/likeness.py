"""How like the photos pictures are, and how well they follow their prompt, by an image encoder.

Crayon brings its own encoder, trained on its own pictures and calibrated by ``likeness.json``. For
hub models CLIP ViT-L/14 is used where it lies in the hub's cache; where it does not, nothing is
measured and the page says so. As in arXiv 2208.12242 likeness is the mean cosine similarity of a
picture to each of the photos.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional
from transformers import CLIPModel, CLIPTokenizer, CLIPVisionModelWithProjection

from textinv_app.models.hub import CLIP_REPOSITORY
from textinv_app.models.loading import LoadedModel, damaged
from textinv_app.models.shapes import LIKENESS_FILE

logger = logging.getLogger("petname.drawing")

_CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
_CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
_CLIP_UNRELATED_COSINE = 0.5
"""About what CLIP ViT-L/14 gives for photos of different things; not measured by us."""
_CLIP_SAME_COSINE = 0.9
"""Stands for "as like as the photos are among themselves" where there is only one photo."""
_BATCH = 16

TextEncoding = Callable[[str], Tensor]
"""Maps a prompt to ``[1, width]``."""


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes the encoder's input."""

    side_pixels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    """Of the three channels, for pixels from 0 to 1."""

    def tensor(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Return ``[pictures, 3, side, side]`` float32; pictures are squares already."""
        size = (self.side_pixels, self.side_pixels)
        arrays = [
            np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BICUBIC), np.float32)
            for picture in pictures
        ]
        pixels = torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2) / 255
        return (pixels - torch.tensor(self.mean)[:, None, None]) / torch.tensor(self.std)[
            :, None, None
        ]


@dataclass(frozen=True)
class Calibration:
    """Cosine similarities to points from 0 to 100: straight lines between known places."""

    cosines: tuple[float, ...]
    """Rising; for ``by_photos`` the first alone is used."""
    scores: tuple[float, ...]
    by_photos: bool = False
    """Whether the photos' likeness among themselves counts as 100 points."""

    def score(self, cosine: float, among_photos: float | None) -> float:
        """Return 0 to 100 points; ``among_photos`` is the photos' mean cosine to each other."""
        if self.by_photos:
            whole = max(among_photos or _CLIP_SAME_COSINE, self.cosines[0] + 0.05)
            share = (cosine - self.cosines[0]) / (whole - self.cosines[0])
            return float(min(max(share, 0.0), 1.0) * 100)
        return float(np.interp(cosine, self.cosines, self.scores))


@dataclass(frozen=True)
class JudgeParts:
    """What a judge is made of."""

    image_encoder: Any
    """Maps pixel values to ``image_embeds`` ``[batch, width]``."""
    preprocessing: Preprocessing
    calibration: Calibration
    encode_text: TextEncoding | None
    device: str


class LikenessJudge:
    """Compares pictures with photos and with prompts."""

    def __init__(self, parts: JudgeParts) -> None:
        self._parts = parts
        self._photos: tuple[Image.Image, ...] = ()
        self._photo_embeddings: Tensor | None = None

    def likeness(
        self, pictures: Sequence[Image.Image], photos: Sequence[Image.Image]
    ) -> list[float]:
        """Return 0 to 100 points for each picture; 100 is as like as another photo would be.

        Raises ``ValueError`` without photos.
        """
        if not photos:
            raise ValueError("likeness needs at least one photo")
        if not pictures:
            return []
        known = self._embed_photos(photos)
        cosines = (self._embed(pictures) @ known.T).mean(dim=1)
        among = _mean_among(known)
        return [self._parts.calibration.score(float(cosine), among) for cosine in cosines]

    def prompt_following(self, pictures: Sequence[Image.Image], prompt: str) -> list[float]:
        """Return 100 times the cosine of each picture with the prompt; empty where unknown."""
        encode_text = self._parts.encode_text
        if encode_text is None or not pictures:
            return []
        with torch.no_grad():
            text = functional.normalize(encode_text(prompt).float().cpu(), dim=-1)
        return [float(cosine) * 100 for cosine in self._embed(pictures) @ text[0]]

    def nearest_words(
        self, photos: Sequence[Image.Image], words: Sequence[str]
    ) -> list[tuple[str, float]]:
        """Return the words with their cosines to the photos, nearest first; empty where unknown.

        Each word is read in a sentence, "a photo of a dog", as the encoder has met it.
        """
        encode_text = self._parts.encode_text
        if encode_text is None or not photos or not words:
            return []
        with torch.no_grad():
            texts = torch.cat([encode_text(f"a photo of a {word}").float().cpu() for word in words])
        cosines = (self._embed_photos(photos) @ functional.normalize(texts, dim=-1).T).mean(dim=0)
        found = zip(words, cosines.tolist(), strict=True)
        return sorted(found, key=lambda pair: -pair[1])

    def _embed_photos(self, photos: Sequence[Image.Image]) -> Tensor:
        """Embed the photos once: they stay the same through a training or a comparison."""
        same = len(photos) == len(self._photos) and all(
            new is old for new, old in zip(photos, self._photos, strict=True)
        )
        if self._photo_embeddings is None or not same:
            self._photo_embeddings = self._embed(photos)
            self._photos = tuple(photos)
        return self._photo_embeddings

    def _embed(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Return unit vectors ``[pictures, width]``, float32 on the CPU."""
        encoder = self._parts.image_encoder
        dtype = next(encoder.parameters()).dtype
        found = []
        for start in range(0, len(pictures), _BATCH):
            pixels = self._parts.preprocessing.tensor(pictures[start : start + _BATCH])
            with torch.no_grad():
                output = encoder(pixel_values=pixels.to(self._parts.device, dtype))
            found.append(output.image_embeds.float().cpu())
        return functional.normalize(torch.cat(found), dim=-1)


def likeness_judge(model: LoadedModel) -> LikenessJudge | None:
    """Return the judge that fits a model; None where no image encoder is at hand.

    Raises ``ModelUnavailable`` where Crayon's encoder is there but damaged.
    """
    folder = model.folder
    if model.family == "crayon":
        if folder is None or not (folder / LIKENESS_FILE).is_file():
            return None
        return LikenessJudge(_crayon_parts(model, folder))
    return clip_judge()


def clip_judge() -> LikenessJudge | None:
    """Return the judge of every model but Crayon; None where CLIP is not in the hub's cache."""
    parts = _clip_parts()
    return None if parts is None else LikenessJudge(parts)


def _crayon_parts(model: LoadedModel, folder: Path) -> JudgeParts:
    try:
        encoder = CLIPVisionModelWithProjection.from_pretrained(
            folder, subfolder="image_encoder", use_safetensors=True, dtype=torch.float32
        )
        settings = json.loads((folder / LIKENESS_FILE).read_text(encoding="utf-8"))
        points = settings["points"]
        calibration = Calibration(
            cosines=tuple(float(cosine) for cosine, _ in points),
            scores=tuple(float(score) for _, score in points),
        )
        preprocessing = Preprocessing(
            side_pixels=int(encoder.config.image_size),
            mean=tuple(map(float, settings.get("mean", (0.5, 0.5, 0.5)))),
            std=tuple(map(float, settings.get("std", (0.5, 0.5, 0.5)))),
        )
        encode_text = _crayon_text(model, folder)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise damaged(model.ref, folder.name, error) from error
    encoder.requires_grad_(False).eval().to(model.device)
    return JudgeParts(encoder, preprocessing, calibration, encode_text, model.device)


def _crayon_text(model: LoadedModel, folder: Path) -> TextEncoding | None:
    """Return the way from a prompt to Crayon's shared space; None without a text projection."""
    path = folder / "text_projection.safetensors"
    if not path.is_file():
        return None
    (projection,) = load_file(path).values()
    encoder, tokenizer = model.text_encoders[0], model.tokenizers[0]
    length = int(encoder.config.max_position_embeddings)

    def encode(prompt: str) -> Tensor:
        ids = tokenizer(
            prompt, padding="max_length", truncation=True, max_length=length, return_tensors="pt"
        )["input_ids"]
        pooled = encoder(ids.to(encoder.device)).pooler_output
        return functional.linear(pooled.float().cpu(), projection.float())

    return encode


def _clip_parts() -> JudgeParts | None:
    """Return CLIP ViT-L/14 from the hub's cache; None where it is not there.

    It stays in main memory: a GPU's is counted on by plans, and this would take 1.7 GB of it.
    """
    options: dict[str, Any] = {"local_files_only": True}
    try:
        clip = CLIPModel.from_pretrained(CLIP_REPOSITORY, use_safetensors=True, **options)
        tokenizer = CLIPTokenizer.from_pretrained(CLIP_REPOSITORY, **options)
    except (OSError, ValueError) as error:
        logger.info("likeness is not measured, no CLIP at hand: %s", str(error)[:200])
        return None
    clip.requires_grad_(False).eval()

    def encode_text(prompt: str) -> Tensor:
        ids = tokenizer(prompt, truncation=True, max_length=77, return_tensors="pt")["input_ids"]
        pooled = clip.text_model(ids).pooler_output
        projected: Tensor = clip.text_projection(pooled)
        return projected

    return JudgeParts(
        image_encoder=_ClipImages(clip),
        preprocessing=Preprocessing(
            int(clip.config.vision_config.image_size), _CLIP_MEAN, _CLIP_STD
        ),
        calibration=Calibration((_CLIP_UNRELATED_COSINE,), (0.0,), by_photos=True),
        encode_text=encode_text,
        device="cpu",
    )


@dataclass(frozen=True)
class _ClipEmbeddings:
    image_embeds: Tensor


class _ClipImages(torch.nn.Module):
    """The image half of a whole CLIP."""

    def __init__(self, clip: Any) -> None:
        super().__init__()
        self.vision_model = clip.vision_model
        self.visual_projection = clip.visual_projection

    def forward(self, pixel_values: Tensor) -> _ClipEmbeddings:
        """Return the projected pooled state of pictures ``[batch, 3, side, side]``."""
        pooled = self.vision_model(pixel_values=pixel_values).pooler_output
        return _ClipEmbeddings(self.visual_projection(pooled))


def _mean_among(embeddings: Tensor) -> float | None:
    """Return the mean cosine between different photos; None for a single one."""
    count = embeddings.shape[0]
    if count < 2:
        return None
    cosines = embeddings @ embeddings.T
    return float((cosines.sum() - cosines.diagonal().sum()) / (count * (count - 1)))
