"""The model card that goes with an exported Crayon."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from textinv_app.crayon.likeness import Calibration


@dataclasses.dataclass(frozen=True)
class StageLog:
    """What one stage of training saw."""

    stage: str
    pictures: int
    minutes: float
    steps: int


@dataclasses.dataclass(frozen=True)
class BuildLog:
    """What the whole build saw, and on what."""

    stages: tuple[StageLog, ...]
    drawings: int
    pets: int
    hardware: str
    psnr_drawings_db: float
    parameters: dict[str, int]


LOG_NAME = "training_log.json"


def write_log(folder: Path, stages: tuple[StageLog, ...]) -> None:
    """Write what every stage saw into the model folder, so that a later build can go on with it."""
    rows = [dataclasses.asdict(stage) for stage in stages]
    (folder / LOG_NAME).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def read_log(folder: Path) -> tuple[StageLog, ...]:
    """Return what the stages saw that made an exported model; nothing where it does not say."""
    path = folder / LOG_NAME
    if not path.exists():
        return ()
    return tuple(StageLog(**row) for row in json.loads(path.read_text(encoding="utf-8")))


def model_card(build: BuildLog, calibration: Calibration) -> str:
    """Return the text of the model card."""
    rows = "\n".join(
        f"| {stage.stage} | {stage.steps:,} | {stage.pictures:,} | {stage.minutes:.0f} |"
        for stage in build.stages
    )
    sizes = "\n".join(
        f"| {name} | {count / 1e6:.1f} M |" for name, count in build.parameters.items()
    )
    return _TEXT.format(build=build, c=calibration, rows=rows, sizes=sizes)


_TEXT = """---
license: apache-2.0
library_name: diffusers
pipeline_tag: text-to-image
---

# Crayon

Crayon is Petname's built-in model: a small text-to-image model that draws cartoon animals, 128
pixels square. It is made to be taught a pet on a computer without a graphics card, in minutes.

```python
from diffusers import StableDiffusionPipeline

pipeline = StableDiffusionPipeline.from_pretrained("assets/crayon")
pipeline("a photo of a golden dog with a red scarf in the snow",
         num_inference_steps=20, guidance_scale=4).images[0]
```

## What is in the folder
An ordinary `StableDiffusionPipeline` (`vae`, `text_encoder`, `tokenizer`, `unet`, `scheduler` with
v-prediction), half precision, in files below 10 MB, and beside it what measures the results:

- `image_encoder/`: a `CLIPVisionModelWithProjection` for 128-pixel pictures, with its
  `preprocessor_config.json`. The cosine between two image embeddings says how likely the two
  pictures show the same pet.
- `text_projection.safetensors`: key `text_projection.weight`, shape (shared width, text width). The
  pooled output of `text_encoder` times its transpose lies in the same space as the image
  embeddings; that cosine says how well a picture follows a prompt.
- `likeness.json`: from a cosine to a likeness of 0 to 100, straight between the points given there.
- `familiar.json`: the loss up to which pictures count as drawings of its own kind. Photographs lie
  above it; the app has the model draw them its own way before a word is taught from them.

| part | parameters |
| --- | --- |
{sizes}

## Training data
{build.drawings:,} drawings of {build.pets:,} invented pets in the newest part of its
training (others of the same kind in the parts before, if any): dogs, cats, rabbits, foxes, bears,
hamsters, parrots, pigs, made by a program of this project (`textinv_app/crayon/`) with captions
that are true by construction. No photograph and no drawing by a person was used. The autoencoder
also saw procedural textures, so that it can carry photographs. One identity in sixteen is held out
for measuring and for the sample pets.

Each drawing has a twin that differs from it in one thing: pattern, accessory, style or fault. The
UNet sees each picture by itself first; in the last part of its training it sees drawing and twin
under the same noise, and the cells in which they differ count more, so that the word for what
differs is learnt. Of drawings and twins together one in twenty is in a style that no
caption names, and one in thirteen is spoilt (smeared, doubled, unfinished, colours apart, noisy),
which seven in ten captions say: something for a style and for a negative embedding to learn.

## Training
Hardware: {build.hardware}. Optimiser: Muon for matrices, AdamW for the rest; averaged weights.

| stage | steps | pictures seen | minutes |
| --- | --- | --- | --- |
{rows}

Built again by `python -m textinv_app.crayon.build --work DIR --stage all`; made better from these
weights with `--start-from assets/crayon`.

## Measured
- Autoencoder on held-out drawings: {build.psnr_drawings_db:.1f} dB PSNR.
- Mean cosine of image embeddings, held-out pets: same pet {c.same_pet:.2f}, another of the same
  species and colour {c.same_kind:.2f}, another species {c.other_species:.2f}.
- A pair of the nearer kind scores above a pair of the farther kind (area under the curve): same pet
  over same species and colour {c.auc_same_pet_over_same_kind:.3f}, same species and colour over
  other species {c.auc_same_kind_over_other_species:.3f}, same pet over other species
  {c.auc_same_pet_over_other_species:.3f}.
- How prompts are followed, and what taught pets, styles and negative words come to:
  `python -m tests.benchmarks.crayon`; the table for these weights is in `docs/benchmarks.md`.

## Limits
It draws single cartoon animals in a handful of places, nothing else: no people, no text, no
photographs, no other styles than flat colour, pencil sketch and watercolour. Words outside its
world mean little to it. From drawings like its own it learns a pet's colours and markings. Of
photographs it learns what it makes of them: the app has it draw each photograph its own way first
(from the photograph with noise on it, strength 0.65), and a word then draws a cartoon roughly in
the pet's colours, sometimes with some of the background's. Taught from the photographs themselves,
it would draw patches of their colours instead of an animal. Its files fit Crayon only.

## Licence
Apache-2.0, weights and data alike.
"""
