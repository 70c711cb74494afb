"""Photos to train on: sample drawings at 512 pixels, or as large as a phone's 12 megapixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks.cases import ROOT, WORK

NUM_PHOTOS = 5
_PHONE_SIZE = (4032, 3024)
_GRAIN = 6.0
"""Noise of a phone's sensor, in grey levels; without it a drawing is decoded too fast."""


def photo_folder(kind: str, work: Path = WORK) -> Path:
    """Return the folder of ``512px`` or ``12mp`` photos, made if need be; or the path ``kind``."""
    if kind not in {"512px", "12mp"}:
        folder = Path(kind).resolve()
        if not folder.is_dir():
            raise SystemExit(f"There is no folder {folder}.")
        return folder
    folder = work / "photos" / kind
    sources = sorted((ROOT / "assets" / "samples" / "biscuit").glob("*.webp"))[:NUM_PHOTOS]
    folder.mkdir(parents=True, exist_ok=True)
    for number, source in enumerate(sources):
        path = folder / f"{number}{'.png' if kind == '512px' else '.jpg'}"
        if not path.exists():
            _save(source, path, number)
    return folder


def _save(source: Path, path: Path, number: int) -> None:
    with Image.open(source) as opened:
        picture = opened.convert("RGB")
    if path.suffix == ".png":
        picture.resize((512, 512)).save(path)
        return
    pixels = np.asarray(picture.resize(_PHONE_SIZE, Image.Resampling.BICUBIC), np.float32)
    grain = np.random.default_rng(number).normal(0, _GRAIN, pixels.shape)
    noisy = np.clip(pixels + grain, 0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(path, quality=92)
