"""A base model that is loaded before it is asked for: taken once, and never a stale one."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from tests.tiny_models import save_tiny_model
from textinv_app.domain.specs import BaseModelRef
from textinv_app.models.loading import load, load_ahead


def test_it_is_taken_once_by_whoever_asks_for_the_same(tmp_path: Path) -> None:
    ref = save_tiny_model(tmp_path / "model")
    fresh = load(ref)
    load_ahead(ref)
    first, second = load(ref), load(ref)
    assert first.unet is not second.unet
    for model in (first, second):
        for part in ("unet", "vae"):
            known = getattr(fresh, part).state_dict()
            state = getattr(model, part).state_dict()
            assert all(torch.equal(known[name], value) for name, value in state.items())
    assert not any(parameter.requires_grad for parameter in first.unet.parameters())


def test_another_type_or_model_gets_its_own(tmp_path: Path) -> None:
    ref, other = save_tiny_model(tmp_path / "model"), save_tiny_model(tmp_path / "other", seed=1)
    load_ahead(ref)
    assert load(ref, dtype=torch.bfloat16).unet.dtype == torch.bfloat16
    load_ahead(ref)
    assert load(other).ref == other


def test_files_that_have_changed_since_are_read_again(tmp_path: Path) -> None:
    ref = save_tiny_model(tmp_path / "model")
    load_ahead(ref)
    path = tmp_path / "model" / "unet" / "diffusion_pytorch_model.safetensors"
    weights = {name: value + 1 for name, value in load_file(path).items()}
    save_file(weights, path)
    state = load(ref).unet.state_dict()
    assert all(torch.equal(state[name], value) for name, value in weights.items())


def test_a_model_of_the_hub_is_left_alone() -> None:
    # It would have to be asked for over the network.
    load_ahead(BaseModelRef(model_id="sd15", source="someone/nowhere", family="sd1"))
