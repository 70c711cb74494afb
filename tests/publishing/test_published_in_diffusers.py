"""What was published, downloaded again and loaded by diffusers the way the card says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft.tuners.lora import LoraLayer
from publishing_makers import Bench, lora_modules, vectors_of

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "formats"))
from format_pipelines import tiny_pipeline, tiny_xl_pipeline


def _rows(encoder: Any, tokenizer: Any) -> np.ndarray:
    ids = tokenizer.convert_tokens_to_ids(["rexdog", "rexdog_1"])
    rows: np.ndarray = encoder.get_input_embeddings().weight.detach()[ids].numpy()
    return rows


@pytest.mark.parametrize(("family", "width"), [("crayon", 256), ("sd1", 768), ("sd2", 1024)])
def test_the_repository_alone_gives_diffusers_the_word(
    bench: Bench, family: str, width: int
) -> None:
    bench.publish(bench.request(family=family))
    folder = bench.download("anna/rexdog-embedding")
    pipeline = tiny_pipeline(width)
    pipeline.load_textual_inversion(str(folder))
    rows = _rows(pipeline.text_encoder, pipeline.tokenizer)
    assert np.array_equal(rows, vectors_of(family)["text_encoder"])


def test_both_halves_of_an_sdxl_embedding_come_from_the_repository(bench: Bench) -> None:
    bench.publish(bench.request(family="sdxl"))
    folder = bench.download("anna/rexdog-embedding")
    pipeline = tiny_xl_pipeline()
    for number, file_name in (("", "learned_embeds"), ("_2", "learned_embeds_2")):
        encoder = getattr(pipeline, f"text_encoder{number}")
        tokenizer = getattr(pipeline, f"tokenizer{number}")
        pipeline.load_textual_inversion(
            str(folder),
            weight_name=f"{file_name}.safetensors",
            text_encoder=encoder,
            tokenizer=tokenizer,
        )
        expected = vectors_of("sdxl")[f"text_encoder{number}"]
        assert np.array_equal(_rows(encoder, tokenizer), expected)


@pytest.mark.parametrize("named", [True, False])
def test_a_lora_is_found_in_the_repository_with_and_without_its_name(
    bench: Bench, named: bool
) -> None:
    bench.publish(bench.request(method="lora", repository="rexdog-lora"))
    folder = bench.download("anna/rexdog-lora")
    assert [path.name for path in folder.glob("*.safetensors")] == ["rexdog.safetensors"]
    assert not (folder / "token_identifier.txt").exists()
    pipeline = tiny_pipeline(768)
    options = {"weight_name": "rexdog.safetensors"} if named else {}
    pipeline.load_lora_weights(str(folder), **options)
    layers = [one for one in pipeline.unet.modules() if isinstance(one, LoraLayer)]
    assert len(layers) == 2
    loaded = {tuple(one.weight.shape): one.weight for layer in layers for one in _downs(layer)}
    for module in lora_modules(768):
        assert torch.equal(loaded[module.down.shape], torch.from_numpy(module.down))


def test_the_two_files_of_a_pair_are_published_together(bench: Bench) -> None:
    bench.publish(bench.request(pair=True, repository="rexdog"))
    folder = bench.download("anna/rexdog")
    names = sorted(path.name for path in folder.glob("*.safetensors"))
    pair = ["rexdog-lora.safetensors", "rexdog.safetensors"]
    assert names == ["learned_embeds.safetensors", *pair]
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "trained together" in card
    assert "instance_prompt: a photo of a rexdog\n" in card
    pipeline = tiny_pipeline(768)
    program = card.split("```python\n")[1].split("```")[0].replace('"anna/rexdog"', "folder")
    loading = [line for line in program.splitlines() if line.startswith("pipe.load_")]
    exec("\n".join(loading), {"pipe": pipeline, "folder": str(folder)})
    rows = _rows(pipeline.text_encoder, pipeline.tokenizer)
    assert np.array_equal(rows, vectors_of("sd1")["text_encoder"])
    assert sum(isinstance(one, LoraLayer) for one in pipeline.unet.modules()) == 2


def _downs(layer: Any) -> list[Any]:
    return list(layer.lora_A.values())


@pytest.mark.parametrize("method", ["embedding", "lora"])
def test_the_program_on_the_card_is_a_program(bench: Bench, method: str) -> None:
    for family in ("crayon", "sd1", "sd2", "sdxl"):
        for kind in ("subject", "style", "negative"):
            name = f"{family}-{kind}-{method}"
            bench.publish(bench.request(method=method, family=family, kind=kind, repository=name))
            card = bench.hub.repositories[f"anna/{name}"].files["README.md"].decode()
            program = card.split("```python\n")[1].split("```")[0]
            compile(program, name, "exec")
            assert f'"anna/{name}"' in program
