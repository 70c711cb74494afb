"""Tiny models of each family, loaded once, and files for them to wear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny_models import save_tiny_judge, save_tiny_model
from textinv_app.domain.concept import ConceptKind, Family
from textinv_app.domain.drawing import WornArtifact
from textinv_app.domain.specs import BaseModelRef
from textinv_app.formats.embedding import write_embedding
from textinv_app.formats.lora import LoraModule, write_lora
from textinv_app.models.loading import LoadedModel, load

RefOf = Callable[[Family], BaseModelRef]
LoadedOf = Callable[[Family], LoadedModel]
ARCHITECTURES: Mapping[Family, str] = {
    "crayon": "petname-crayon-v1",
    "sd1": "stable-diffusion-v1",
    "sd2": "stable-diffusion-v2-768-v",
    "sdxl": "stable-diffusion-xl-v1-base",
}


@pytest.fixture(scope="session")
def ref_of(tmp_path_factory: pytest.TempPathFactory) -> RefOf:
    """Return a function that gives the tiny model of a family, saved once, with a judge."""
    saved: dict[str, BaseModelRef] = {}

    def ref(family: Family) -> BaseModelRef:
        if family not in saved:
            folder = tmp_path_factory.mktemp("tiny") / family
            saved[family] = save_tiny_model(folder, family)
            if family == "crayon":
                save_tiny_judge(folder)
        return saved[family]

    return ref


@pytest.fixture(scope="session")
def loaded(ref_of: RefOf) -> LoadedOf:
    """Return a function that gives the loaded tiny model of a family, loaded once."""
    models: dict[str, LoadedModel] = {}

    def model(family: Family) -> LoadedModel:
        if family not in models:
            models[family] = load(ref_of(family))
        return models[family]

    return model


def make_embedding(
    folder: Path,
    model: LoadedModel,
    word: str = "rexdog",
    num_vectors: int = 2,
    kind: ConceptKind = "subject",
    seed: int = 0,
    strength: float = 1.0,
    class_word: str = "dog",
) -> WornArtifact:
    """Write an embedding of random vectors for a model and return it as it is worn."""
    generator = np.random.default_rng(seed)
    names = ("text_encoder", "text_encoder_2")
    vectors = {
        name: generator.normal(0, 0.5, (num_vectors, encoder.config.hidden_size)).astype(np.float32)
        for name, encoder in zip(names, model.text_encoders, strict=False)
    }
    metadata = {
        "modelspec.architecture": f"{ARCHITECTURES[model.family]}/textual-inversion",
        "petname.class_word": class_word,
    }
    path = folder / f"{word}.safetensors"
    write_embedding(path, vectors, metadata)
    return WornArtifact(
        path=str(path), method="embedding", placeholder_token=word, kind=kind, strength=strength
    )


def make_lora(
    folder: Path,
    model: LoadedModel,
    strength: float = 1.0,
    seed: int = 0,
    with_text_encoders: bool = False,
) -> WornArtifact:
    """Write a LoRA of random factors for all attention layers of a model's UNet."""
    generator = torch.Generator().manual_seed(seed)
    modules = []
    roots = [("unet", model.unet)]
    if with_text_encoders:
        names = ("text_encoder", "text_encoder_2")
        roots += [
            (name, getattr(encoder, "text_model", encoder))
            for name, encoder in zip(names, model.text_encoders, strict=False)
        ]
    for component, root in roots:
        for path, layer in root.named_modules():
            if path.endswith((".to_q", ".to_k", ".to_v", ".to_out.0", "_proj", ".proj_in")) and (
                isinstance(layer, (torch.nn.Linear, torch.nn.Conv2d)) and ".embeddings" not in path
            ):
                out, into, *kernel = layer.weight.shape
                down = torch.randn((4, into, *kernel), generator=generator) / into**0.5
                up = torch.randn((out, 4, *kernel), generator=generator) / 2
                modules.append(LoraModule(component, path, down.numpy(), up.numpy(), 2.0))  # type: ignore[arg-type]
    path = folder / "rexlora.safetensors"
    metadata = {"modelspec.architecture": f"{ARCHITECTURES[model.family]}/lora"}
    write_lora(path, model.family, modules, metadata)
    return WornArtifact(
        path=str(path),
        method="lora",
        placeholder_token="rexdog",
        kind="subject",
        strength=strength,
    )
