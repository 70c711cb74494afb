"""A short real training on a tiny model with the names and the text width of Stable Diffusion 1."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from tests.conformance.exported import HALF_PRECISION, WORD, ExportedEmbedding, ExportedLora
from tests.conformance.layers import NARROW_WIDTHS
from tests.tiny_models import tiny_pipeline
from tests.training.conftest import drawn_photos, tiny_settings
from textinv_app.domain.concept import Method
from textinv_app.domain.prompts import preview_prompts
from textinv_app.domain.specs import BaseModelRef, RunSpec
from textinv_app.formats.lora import LoraModule
from textinv_app.runs.control import ControlWatch
from textinv_app.runs.layout import RunLayout
from textinv_app.training.loop import train
from textinv_app.training.state import Weights, load_newest

CREATED_AT = "2026-01-02T03:04:05+00:00"
NUM_VECTORS = 4
RANK = 4


def save_model(folder: Path) -> BaseModelRef:
    """Save the model: narrow layers under the names of the real one, text 768 numbers wide."""
    pipeline = tiny_pipeline("sd1")
    text = pipeline.text_encoder.config.to_dict() | {"hidden_size": 768, "intermediate_size": 64}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        pipeline.text_encoder = CLIPTextModel(CLIPTextConfig(**text))
        pipeline.unet = UNet2DConditionModel(
            sample_size=8,
            block_out_channels=NARROW_WIDTHS,
            layers_per_block=2,
            cross_attention_dim=768,
            attention_head_dim=4,
        )
    pipeline.save_pretrained(folder)
    return BaseModelRef(model_id="custom", source=str(folder), family="sd1")


def train_embedding(folder: Path, model: BaseModelRef) -> ExportedEmbedding:
    """Train an embedding of four vectors and return it with the vectors of the best step."""
    path, weights = _train(folder, model, "embedding")
    vectors = {name: value.numpy() for name, value in weights.items()}
    return ExportedEmbedding(path, "sd1", vectors)


def train_lora(folder: Path, model: BaseModelRef) -> ExportedLora:
    """Train a LoRA of rank four and return it with the float32 factors of the best step."""
    path, weights = _train(folder, model, "lora")
    paths = sorted({name.rsplit(".", 1)[0] for name in weights})
    modules = tuple(
        LoraModule(
            "unet", name, weights[f"{name}.down"].numpy(), weights[f"{name}.up"].numpy(), RANK
        )
        for name in paths
    )
    return ExportedLora(path, "sd1", modules, tolerance=HALF_PRECISION)


def _train(folder: Path, model: BaseModelRef, method: Method) -> tuple[Path, Weights]:
    layout = RunLayout(folder)
    layout.dataset.mkdir(parents=True)
    for number, photo in enumerate(drawn_photos(4)):
        photo.save(layout.dataset / f"IMG_2041 on the sofa {number}.png")
    spec = RunSpec(
        run_id="run-of-rex",
        concept_id="concept-of-rex",
        concept_name="Rex",
        kind="subject",
        class_word="dog",
        placeholder_token=WORD,
        method=method,
        base_model=model,
        preset="quick",
        settings=tiny_settings(
            max_steps=4,
            num_vectors=NUM_VECTORS,
            rank=RANK,
            preview_every_steps=100,
            preview_inference_steps=1,
            final_inference_steps=1,
            checkpoint_every_steps=100,
        ),
        preview_prompts=preview_prompts("subject"),
        created_at=CREATED_AT,
    )
    layout.spec.write_text(spec.model_dump_json(), encoding="utf-8")
    for _ in train(spec, layout, ControlWatch(layout.control)):
        pass
    state, _ = load_newest(layout.checkpoints)
    if state is None or state.best_weights is None:
        raise AssertionError("the training left no checkpoint")
    return layout.result / f"{WORD}.safetensors", state.best_weights
