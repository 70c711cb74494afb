"""How well the autoencoder carries drawings of held-out pets and real photographs."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

import numpy as np
from PIL import Image

from tests.benchmarks.crayon.bench import Bench
from tests.benchmarks.crayon.records import Line
from tests.benchmarks.crayon.report import Row
from tests.benchmarks.crayon.sheets import Layout, SheetRow, write_sheet
from tests.benchmarks.reader_data import reconstruct
from textinv_app.crayon.dataset import SIZE_PIXELS, held_out_scene
from textinv_app.crayon.drawing import draw
from textinv_app.photos.crop import suggest_square
from textinv_app.photos.prepare import square_picture

PART = "vae"
_ON_SHEET = 8
WANTED_DB = {"drawings": 28.0, "photos": 22.0}


def run(bench: Bench) -> list[Line]:
    """Measure drawings, and photos where there are any."""
    count = bench.options.drawings
    sources = {
        f"drawings-{count}": [
            draw(held_out_scene(index, 0), index, SIZE_PIXELS) for index in range(count)
        ]
    }
    paths = pet_photos(bench.options.photos)
    if paths:
        sources["photos"] = [open_square(path) for path in paths]
    lines = []
    for key, pictures in sources.items():
        lines.append(bench.records.get(PART, key, lambda k=key, p=pictures: _measure(bench, k, p)))
    if not paths:
        lines.append({"key": "photos", "missing": f"no photos in {bench.options.photos}/pets"})
    return lines


def _measure(bench: Bench, key: str, pictures: list[Image.Image]) -> Line:
    given = reconstruct(bench.vae, pictures)
    pairs = zip(pictures, given, strict=True)
    bench.keep_pictures(PART, key, pictures[:_ON_SHEET])
    bench.keep_pictures(PART, f"{key}-given", given[:_ON_SHEET])
    return {"psnr_db": [round(psnr_db(first, second), 2) for first, second in pairs]}


def rows(lines: list[Line]) -> list[Row]:
    """Return the mean of each kind of picture."""
    found = []
    for line in lines:
        kind = line["key"].split("-")[0]
        wanted = WANTED_DB[kind]
        what = f"VAE on {'held-out drawings' if kind == 'drawings' else 'real photos'}"
        if "missing" in line:
            found.append(Row(what, f"{wanted:.0f} dB", f"skipped: {line['missing']}"))
            continue
        values = line["psnr_db"]
        told = f"{fmean(values):.1f} dB ({len(values)} pictures, the worst {min(values):.1f} dB)"
        found.append(Row(what, f"{wanted:.0f} dB", told, "", fmean(values) >= wanted))
    return found


def sheets(bench: Bench, lines: list[Line], folder: Path) -> None:
    """Write originals above what the autoencoder gives back."""
    shown = []
    for line in lines:
        for key, label in ((line["key"], "original"), (f"{line['key']}-given", "given back")):
            shown.append(SheetRow(label, bench.strip_path(PART, key)))
    write_sheet(shown, folder / "vae.webp", Layout(_ON_SHEET))


def psnr_db(first: Image.Image, second: Image.Image) -> float:
    """Return the peak signal-to-noise ratio of two pictures, in decibels."""
    one, two = (np.asarray(picture, dtype=np.float64) for picture in (first, second))
    return float(-10 * np.log10(max(((one - two) ** 2).mean(), 1e-9) / 255**2))


def pet_photos(photos: Path) -> list[Path]:
    """Return the photos of all real pets, in order."""
    return sorted((photos / "pets").glob("*/*.jpg"))


def open_square(path: Path) -> Image.Image:
    """Return a photo as the model sees it: its square, at Crayon's size."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    return square_picture(picture, suggest_square(np.asarray(picture)), SIZE_PIXELS)
