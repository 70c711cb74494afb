"""The attribute reader: says what a picture of Crayon shows. For measuring only.

    python -m tests.benchmarks.attribute_reader            # trains it, about 45 minutes of one core
    python -m tests.benchmarks.attribute_reader --check    # states the accuracy of the kept one

A small convolutional net trained on the world's own drawings, where every attribute is known:
species, fur colour as a word, pattern, accessory and its colour, background, style, and whether the
drawing is spoilt. It also marks where the animal's main coat is, so that the coat's colour can be
measured there in CIE Lab (`tests.benchmarks.coat_colour`): words for colours overlap at their
borders, numbers do not. The application never uses it. Its weights are not part of the project;
they lie in a cache folder and are trained anew when the world has changed.

Its accuracy is stated on drawings of held-out pets, attributes drawn evenly, as they are and as the
shipped autoencoder gives them back.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import itertools
import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import torch
from diffusers import AutoencoderKL
from PIL import Image
from safetensors.torch import load_file, save_file

from tests.benchmarks.coat_colour import Coat, measure_coat
from tests.benchmarks.reader_data import (
    Lessons,
    as_tensor,
    draw_lessons,
    reconstructed,
    soften_lessons,
    world_fingerprint,
)
from tests.benchmarks.reader_net import HEADS, NetOptions, ReaderNet
from tests.benchmarks.reader_training import TrainingOptions, accuracies, train_reader
from textinv_app.crayon.dataset import SIZE_PIXELS

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
CRAYON = ROOT / "assets" / "crayon"
NUM_HELD_OUT = 800
NUM_RECONSTRUCTED_HELD_OUT = 300
_SPOILT_FROM = 0.5


@dataclasses.dataclass(frozen=True)
class Reading:
    """What was read off one picture."""

    values: dict[str, str]
    """The likeliest value of each head."""
    spoilt: bool
    coat: Coat

    def agrees(self, asked: dict[str, str]) -> dict[str, bool]:
        """Return for each attribute that was asked for whether the picture shows it."""
        return {name: self.values[name] == value for name, value in asked.items()}


class AttributeReader:
    """Reads pictures; made by `open_reader`."""

    def __init__(self, net: ReaderNet, fingerprint: str) -> None:
        self._net = net
        self.fingerprint = fingerprint
        """Changes with every training."""

    @torch.no_grad()
    def read(self, pictures: Sequence[Image.Image]) -> list[Reading]:
        """Return what each picture shows."""
        readings: list[Reading] = []
        size = (SIZE_PIXELS, SIZE_PIXELS)
        for start in range(0, len(pictures), 32):
            some = [
                one.convert("RGB").resize(size, Image.Resampling.LANCZOS)
                for one in pictures[start : start + 32]
            ]
            logits, coats = self._net(as_tensor(np.stack([np.asarray(one) for one in some])))
            found = {name: values.softmax(1).numpy() for name, values in logits.items()}
            for row, picture in enumerate(some):
                sound = found["fault"][row][HEADS["fault"].index("")]
                readings.append(
                    Reading(
                        {name: HEADS[name][int(found[name][row].argmax())] for name in HEADS},
                        bool(1 - sound > _SPOILT_FROM),
                        measure_coat(picture, coats[row].sigmoid().numpy()),
                    )
                )
        return readings

    def accuracies(self, lessons: Lessons) -> dict[str, float]:
        """Return how much of the lessons it reads rightly (`reader_training.accuracies`)."""
        return accuracies(self._net, lessons)


def default_work() -> Path:
    """Return the cache folder of the reader."""
    return Path(platformdirs.user_cache_dir("petname")) / "attribute-reader"


def open_reader(work: Path, options: TrainingOptions | None = None) -> AttributeReader:
    """Return the reader kept in the work folder; trains it where there is none for this world."""
    record_path = work / "reader.json"
    if record_path.exists():
        record = json.loads(record_path.read_text(encoding="utf-8"))
        if record["world"] == world_fingerprint():
            net = ReaderNet(NetOptions(tuple(record["widths"])))
            net.load_state_dict(load_file(work / "reader.safetensors"))
            return AttributeReader(net.eval(), record["fingerprint"])
        log.info("the world draws differently now; the reader is trained anew")
    return make_reader(work, options or TrainingOptions())


def make_reader(work: Path, options: TrainingOptions) -> AttributeReader:
    """Train a reader and keep it in the work folder with what it took and how well it reads."""
    work.mkdir(parents=True, exist_ok=True)
    moments = [time.monotonic()]
    lessons = draw_lessons(work, options.drawings)
    moments.append(time.monotonic())
    num_softened = min(options.reconstructed, len(lessons))
    softened = soften_lessons(work, lessons, _shipped_vae(), num_softened)
    moments.append(time.monotonic())
    net_options = NetOptions()
    net = train_reader(lessons, softened, options, net_options)
    moments.append(time.monotonic())
    path = work / "reader.safetensors"
    save_file({name: value.contiguous() for name, value in net.state_dict().items()}, path)
    reader = AttributeReader(net, hashlib.sha256(path.read_bytes()).hexdigest()[:6])
    record: dict[str, Any] = {
        "world": world_fingerprint(),
        "fingerprint": reader.fingerprint,
        "widths": net_options.widths,
        "options": dataclasses.asdict(options),
        "threads": torch.get_num_threads(),
        "seconds": {
            name: round(end - start)
            for name, (start, end) in zip(
                ("drawing", "reconstructing", "training"), itertools.pairwise(moments), strict=True
            )
        },
        "accuracy": state_accuracy(reader, work),
    }
    (work / "reader.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return reader


def state_accuracy(
    reader: AttributeReader, work: Path, count: int = NUM_HELD_OUT
) -> dict[str, dict[str, float]]:
    """Return the accuracy on held-out drawings and on them as the autoencoder gives them back."""
    held_out = draw_lessons(work, count, held_out=True)
    part = range(min(NUM_RECONSTRUCTED_HELD_OUT, count))
    return {
        "drawings": reader.accuracies(held_out),
        "reconstructed": reader.accuracies(
            reconstructed(held_out, _shipped_vae(), part, noise=False)
        ),
    }


def accuracy_table(accuracy: dict[str, dict[str, float]]) -> str:
    """Return the accuracy as a Markdown table."""
    columns = list(accuracy)
    lines = [f"| attribute | {' | '.join(columns)} |", "| --- |" + " --- |" * len(columns)]
    for name in accuracy[columns[0]]:
        values = " | ".join(f"{100 * accuracy[column][name]:.1f} %" for column in columns)
        lines.append(f"| {name.replace('_', ' ')} | {values} |")
    return "\n".join(lines)


def _shipped_vae() -> AutoencoderKL:
    vae: AutoencoderKL = AutoencoderKL.from_pretrained(CRAYON / "vae", torch_dtype=torch.float32)
    return vae.eval().requires_grad_(False)


def main() -> None:
    """Train the reader, or check the kept one, and print its accuracy."""
    usual = TrainingOptions()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=default_work())
    parser.add_argument("--check", action="store_true", help="only state the kept one's accuracy")
    parser.add_argument("--drawings", type=int, default=usual.drawings)
    parser.add_argument("--reconstructed", type=int, default=usual.reconstructed)
    parser.add_argument("--small-steps", type=int, default=usual.small_steps)
    parser.add_argument("--whole-steps", type=int, default=usual.whole_steps)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    options = dataclasses.replace(
        usual,
        drawings=given.drawings,
        reconstructed=given.reconstructed,
        small_steps=given.small_steps,
        whole_steps=given.whole_steps,
    )
    if given.check:
        print(accuracy_table(state_accuracy(open_reader(given.work, options), given.work)))
        return
    make_reader(given.work, options)
    record = json.loads((given.work / "reader.json").read_text(encoding="utf-8"))
    print(json.dumps({key: record[key] for key in ("seconds", "threads", "options")}))
    print(accuracy_table(record["accuracy"]))


if __name__ == "__main__":
    main()
