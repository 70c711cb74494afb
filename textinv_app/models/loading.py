"""Base models into memory: from a hub repository, a diffusers folder or one checkpoint file."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from safetensors import SafetensorError
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer
from transformers.utils import logging as transformers_logging

from textinv_app.domain.concept import Family
from textinv_app.domain.hub import HUB_IDS
from textinv_app.domain.specs import BaseModelRef
from textinv_app.errors import FileRefused, ModelUnavailable
from textinv_app.models.hub import fetch, variant_on_disk
from textinv_app.models.predictions import scheduler_changes

_RESOLUTION_PIXELS: dict[Family, int] = {"crayon": 128, "sd1": 512, "sd2": 768, "sdxl": 1024}

# What the libraries raise about files that are missing, damaged or of another shape.
_DAMAGES = (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError)
# As CUDA and MPS say it, the allocator on Windows, that on Linux, the system; cuBLAS and cuDNN.
_OUT_OF_MEMORY = re.compile(
    "out of memory|not enough memory|can't allocate memory|cannot allocate memory|"
    "alloc(ation)?_failed",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class LoadedModel:
    """A base model in memory; its parts are changed in place by whoever trains or draws."""

    ref: BaseModelRef
    tokenizers: tuple[Any, ...]
    """One for each text encoder."""
    text_encoders: tuple[Any, ...]
    """``CLIPTextModel``; for SDXL a ``CLIPTextModelWithProjection`` behind it."""
    unet: Any
    vae: Any
    scheduler: Any
    """Says how noise was added in training (``alphas_cumprod``, ``prediction_type``)."""
    dtype: torch.dtype
    device: str
    folder: Path | None = None
    """Where the files lie; None for a single checkpoint file."""

    @property
    def family(self) -> Family:
        """Family of the model."""
        return self.ref.family

    @property
    def prediction_type(self) -> str:
        """What the UNet predicts: ``epsilon`` or ``v_prediction``."""
        return str(self.scheduler.config.prediction_type)

    @property
    def resolution_pixels(self) -> int:
        """Side of the pictures that its family is trained and drawn at.

        Some models of Stable Diffusion 2.x were made for 512 pixels; they are not told apart.
        """
        return _RESOLUTION_PIXELS[self.family]


def best_device() -> str:
    """Return ``cuda`` where there is a usable GPU, else ``cpu``."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def drawing_dtype(device: str) -> torch.dtype:
    """Return the number type to draw with: half precision on a GPU only."""
    return torch.float32 if device == "cpu" else torch.float16


def is_out_of_memory(error: BaseException | None) -> bool:
    """Tell whether memory ran out, by an error or what it was raised from.

    Only a GPU's allocator has an error class of its own, and the libraries wrap what they catch.
    """
    while error is not None:
        if isinstance(error, torch.OutOfMemoryError | MemoryError):
            return True
        if isinstance(error, RuntimeError | OSError) and _OUT_OF_MEMORY.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def text_model(text_encoder: Any) -> Any:
    """Return the transformer inside a text encoder; since transformers 5.6 it may be itself."""
    return getattr(text_encoder, "text_model", text_encoder)


@dataclass(frozen=True)
class _Ahead:
    """A model that was loaded before anybody asked for it."""

    ref: BaseModelRef
    dtype: torch.dtype
    device: str
    files: tuple[tuple[str, int, int], ...]
    model: LoadedModel


_ahead: list[_Ahead] = []
"""At most one; a process that waits for a run has it loaded by the time the run comes."""


def load_ahead(ref: BaseModelRef, dtype: torch.dtype = torch.float32, device: str = "cpu") -> None:
    """Load a base model of this disk for the next ``load``; raises as that does.

    The next ``load`` takes it if it asks for the same and the files are still the same; otherwise
    it is dropped. Does nothing for a model of the hub, which might have to be fetched.
    """
    files = _files_of(ref)
    if files:
        _ahead[:] = [_Ahead(ref, dtype, device, files, load(ref, dtype, device))]


def _take_ahead(ref: BaseModelRef, dtype: torch.dtype, device: str) -> LoadedModel | None:
    """Return the model that was loaded ahead where it is the one; gone afterwards in any case."""
    if not _ahead:
        return None
    known = _ahead.pop()
    asked = (ref, dtype, device, _files_of(ref))
    return known.model if (known.ref, known.dtype, known.device, known.files) == asked else None


def _files_of(ref: BaseModelRef) -> tuple[tuple[str, int, int], ...]:
    """Return name, bytes and time of change (ns) of a local model's files; empty for the hub's."""
    source = Path(ref.source)
    paths = sorted(source.rglob("*")) if source.is_dir() else [source]
    found = [(path, path.stat()) for path in paths if path.is_file()]
    return tuple((str(path), status.st_size, status.st_mtime_ns) for path, status in found)


def load(ref: BaseModelRef, dtype: torch.dtype = torch.float32, device: str = "cpu") -> LoadedModel:
    """Load a base model, ready to draw; no safety checker, no pickled files.

    Raises ``ModelUnavailable`` with a sentence that says what to do, and ``RuntimeError`` where the
    device itself fails.
    """
    ready = _take_ahead(ref, dtype, device)
    if ready is not None:
        return ready
    transformers_logging.disable_progress_bar()
    try:
        model = _load_parts(ref, dtype, device)
        for module in (model.unet, model.vae, *model.text_encoders):
            module.requires_grad_(False).eval()
            module.to(device)
    except (*_DAMAGES, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise ModelUnavailable(
            "model.out_of_memory",
            "The image model does not fit into the memory of this machine. Close other programs, "
            "or choose a smaller model.",
        ) from error
    for tokenizer, text_encoder in zip(model.tokenizers, model.text_encoders, strict=True):
        # Old configurations say 2, which makes transformers pool at the highest id: with a new
        # word in the prompt that would be the word instead of the end.
        text_model(text_encoder).eos_token_id = tokenizer.eos_token_id
    return model


def _load_parts(ref: BaseModelRef, dtype: torch.dtype, device: str) -> LoadedModel:
    source = Path(ref.source)
    if source.is_dir():
        variant_of = functools.partial(variant_on_disk, source)
        return _load_folder(ref, source, variant_of, dtype, device)
    if source.is_file():
        return _load_checkpoint(ref, source, dtype, device)
    if source.is_absolute() or ref.model_id == "crayon":
        # Ours comes with Petname; one's own has been moved or is on a disk that is not there now.
        raise ModelUnavailable(
            "model.missing" if ref.model_id == "crayon" else "model.moved",
            f"The image model is no longer where it was ({source}). Put it back, or choose "
            "another model.",
            name=source.name,
        )
    folder, variant = fetch(ref)
    return _load_folder(ref, folder, lambda _part: variant, dtype, device)


def _load_folder(
    ref: BaseModelRef,
    folder: Path,
    variant_of: Callable[[str], str | None],
    dtype: torch.dtype,
    device: str,
) -> LoadedModel:
    """Load a diffusers folder; ``variant_of`` names the variant of a part's files."""

    def options(part: str) -> dict[str, Any]:
        return {"dtype": dtype, "use_safetensors": True, "variant": variant_of(part)}

    names = ("", "_2") if ref.family == "sdxl" else ("",)
    encoder_parts = [f"text_encoder{name}" for name in names]
    encoders = (CLIPTextModel, CLIPTextModelWithProjection)
    try:
        return LoadedModel(
            ref=ref,
            tokenizers=tuple(_tokenizer(folder / f"tokenizer{name}") for name in names),
            text_encoders=tuple(
                encoder.from_pretrained(folder, subfolder=part, **options(part))
                for part, encoder in zip(encoder_parts, encoders, strict=False)
            ),
            unet=_from_diffusers(UNet2DConditionModel, folder, "unet", options("unet")),
            vae=_from_diffusers(AutoencoderKL, folder, "vae", options("vae")),
            scheduler=DDIMScheduler.from_pretrained(folder, subfolder="scheduler"),
            dtype=dtype,
            device=device,
            folder=folder,
        )
    except _DAMAGES as error:
        if is_out_of_memory(error):
            raise
        raise damaged(ref, folder.name, error) from error


def _tokenizer(folder: Path) -> CLIPTokenizer:
    """Load a tokenizer; raises ``OSError`` where its dictionary is not there.

    The library makes one of two entries then, and every word means the same.
    """
    if not any((folder / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        raise FileNotFoundError(f"{folder} holds no dictionary")
    return CLIPTokenizer.from_pretrained(folder)


def _from_diffusers(kind: Any, folder: Path, part: str, options: dict[str, Any]) -> Any:
    renamed = {("torch_dtype" if key == "dtype" else key): value for key, value in options.items()}
    return kind.from_pretrained(folder, subfolder=part, **renamed)


def _load_checkpoint(ref: BaseModelRef, path: Path, dtype: torch.dtype, device: str) -> LoadedModel:
    """Load a single file; its tokenizer and configurations come from the hub or its cache."""
    kind = StableDiffusionXLPipeline if ref.family == "sdxl" else StableDiffusionPipeline
    given = {} if ref.family == "sdxl" else {"safety_checker": None}
    # For Stable Diffusion 2 diffusers would ask for a repository that was withdrawn.
    config = HUB_IDS.get(ref.family)
    try:
        pipeline = kind.from_single_file(str(path), config=config, torch_dtype=dtype, **given)
        changes = scheduler_changes(path, ref.family)
    except (*_DAMAGES, FileRefused, httpx2.HTTPError) as error:
        if is_out_of_memory(error):
            raise
        if isinstance(error, OSError | httpx2.HTTPError):
            raise _no_configuration(path.name) from error
        raise damaged(ref, path.name, error) from error
    pairs = [(pipeline.tokenizer, pipeline.text_encoder)]
    if ref.family == "sdxl":
        pairs.append((pipeline.tokenizer_2, pipeline.text_encoder_2))
    return LoadedModel(
        ref=ref,
        tokenizers=tuple(tokenizer for tokenizer, _ in pairs),
        text_encoders=tuple(text_encoder for _, text_encoder in pairs),
        unet=pipeline.unet,
        vae=pipeline.vae,
        scheduler=DDIMScheduler.from_config(pipeline.scheduler.config, **changes),
        dtype=dtype,
        device=device,
    )


def _no_configuration(name: str) -> ModelUnavailable:
    return ModelUnavailable(
        "model.no_configuration",
        f"To open the single file {name}, Petname needs the small configuration files of "
        "its kind of model, which it fetches from the Hugging Face Hub once. Connect to the "
        "internet and try again, or use the model as a diffusers folder.",
        name=name,
    )


def damaged(ref: BaseModelRef, name: str, error: Exception) -> ModelUnavailable:
    """Return the error of a model with damaged files; the built-in one cannot be fetched again."""
    if ref.model_id == "crayon":
        return ModelUnavailable(
            "model.crayon_damaged",
            "Crayon's files are damaged. Install Petname again.",
            reason=str(error)[:300],
        )
    return ModelUnavailable(
        "model.damaged",
        f"The image model {name} cannot be read: a file is missing or damaged. Fetch it again.",
        name=name,
        reason=str(error)[:300],
    )
