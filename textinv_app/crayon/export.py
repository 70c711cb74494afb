"""Stage `export`: the trained parts as an ordinary `StableDiffusionPipeline` folder.

The folder is written beside its place and swapped in by renaming, so that a program that opens it
meanwhile finds the old one or the new one, never half of each.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from safetensors.torch import save_file
from transformers import CLIPTokenizer

from textinv_app.crayon.clip_model import IMAGE_MEAN, IMAGE_PIXELS, IMAGE_STD, CrayonClip
from textinv_app.crayon.familiarity import measure_familiar_loss, write_familiar_loss
from textinv_app.crayon.likeness import Calibration
from textinv_app.crayon.model_card import BuildLog, model_card, write_log
from textinv_app.crayon.tokenizer import save_tokenizer
from textinv_app.crayon.train_unet import Denoiser
from textinv_app.crayon.unet_model import new_scheduler

log = logging.getLogger(__name__)

SHARD_SIZE = "9MB"


@dataclasses.dataclass(frozen=True)
class Parts:
    """Everything a Crayon folder is made of."""

    tokenizer: CLIPTokenizer
    vae: AutoencoderKL
    denoiser: Denoiser
    clip: CrayonClip
    calibration: Calibration
    build_log: BuildLog
    familiar_pets: int
    """Held-out pets on which its own kind of pictures is measured."""


def export(parts: Parts, destination: Path) -> None:
    """Write the model folder; an older one at the destination is replaced in one step."""
    temporary = destination.with_name(f".{destination.name}.new")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    _save_pipeline(parts, temporary)
    _save_image_encoder(parts.clip, temporary)
    (temporary / "likeness.json").write_text(
        json.dumps(_likeness(parts.calibration), indent=2) + "\n", encoding="utf-8"
    )
    write_familiar_loss(temporary, measure_familiar_loss(temporary, parts.familiar_pets))
    (temporary / "README.md").write_text(
        model_card(parts.build_log, parts.calibration), encoding="utf-8"
    )
    write_log(temporary, parts.build_log.stages)
    for path in temporary.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    swap_in(temporary, destination)
    log.info("export: %s, %.1f MB", destination, folder_bytes(destination) / 1e6)


def swap_in(new: Path, destination: Path) -> None:
    """Rename the new folder to the destination, and remove what stood there."""
    old = destination.with_name(f".{destination.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if destination.exists():
        destination.rename(old)
    new.rename(destination)
    shutil.rmtree(old, ignore_errors=True)


def folder_bytes(folder: Path) -> int:
    """Return how many bytes the files in a folder hold."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _save_pipeline(parts: Parts, folder: Path) -> None:
    pipeline = StableDiffusionPipeline(
        vae=parts.vae,
        text_encoder=parts.denoiser.text,
        tokenizer=parts.tokenizer,
        unet=parts.denoiser.unet,
        scheduler=new_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(torch.float16)
    pipeline.save_pretrained(str(folder), safe_serialization=True, max_shard_size=SHARD_SIZE)
    pipeline.to(torch.float32)
    _load_in_single_precision(folder / "text_encoder" / "config.json")
    save_tokenizer(parts.tokenizer, folder / "tokenizer")


def _load_in_single_precision(config_path: Path) -> None:
    """Make transformers load a part in float32 unless told otherwise, as diffusers does.

    It takes the file's own type by default; a half-precision text encoder beside a single-precision
    UNet cannot draw.
    """
    config = json.loads(config_path.read_text(encoding="utf-8"))
    config["dtype"] = "float32"
    config_path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _save_image_encoder(clip: CrayonClip, folder: Path) -> None:
    encoder = folder / "image_encoder"
    clip.image.half().save_pretrained(str(encoder), max_shard_size=SHARD_SIZE)
    clip.image.float()
    _load_in_single_precision(encoder / "config.json")
    preprocessing = {
        "image_processor_type": "CLIPImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"shortest_edge": IMAGE_PIXELS},
        "do_center_crop": True,
        "crop_size": {"height": IMAGE_PIXELS, "width": IMAGE_PIXELS},
        "resample": 3,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(IMAGE_MEAN),
        "image_std": list(IMAGE_STD),
    }
    (encoder / "preprocessor_config.json").write_text(
        json.dumps(preprocessing, indent=2) + "\n", encoding="utf-8"
    )
    weight = clip.text_projection.weight.detach().half().contiguous()
    save_file(
        {"text_projection.weight": weight},
        str(folder / "text_projection.safetensors"),
        metadata={"format": "pt"},
    )


def _likeness(calibration: Calibration) -> dict[str, object]:
    return {
        "about": (
            "Likeness 0..100 from the cosine between image embeddings: straight between the points"
            " (cosine, score), which were measured on pets that are not in the training data."
        ),
        "cosine_mean": {
            "same_pet": calibration.same_pet,
            "same_species_and_colour": calibration.same_kind,
            "other_species": calibration.other_species,
        },
        "area_under_curve": {
            "same_pet_over_same_species_and_colour": calibration.auc_same_pet_over_same_kind,
            "same_species_and_colour_over_other": calibration.auc_same_kind_over_other_species,
            "same_pet_over_other_species": calibration.auc_same_pet_over_other_species,
        },
        "points": [list(point) for point in calibration.score_points()],
    }
