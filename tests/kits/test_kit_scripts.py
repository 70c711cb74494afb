"""The Python program of a kit runs as it is and draws what Petname drew."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit_makers import WORD, files_of, make_part
from PIL import Image

from tests.tiny_models import tiny_tokenizer
from textinv_app.domain.drawing import WornArtifact
from textinv_app.domain.manifest import DrawnFacts
from textinv_app.domain.specs import BaseModelRef
from textinv_app.drawing.artist import Artist, DrawingTask
from textinv_app.formats.families import TEXT_WIDTHS
from textinv_app.models.loading import load

PATIENCE_SECONDS = 240
PIXELS = 64


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny random model with the text width of Stable Diffusion 1.x."""
    folder = tmp_path_factory.mktemp("model") / "tiny"
    _save_model(folder, "sd1")
    return folder


def _save_model(folder: Path, family: str) -> None:
    import torch
    from diffusers import (
        AutoencoderKL,
        DDIMScheduler,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel

    tokenizer, width = tiny_tokenizer(), TEXT_WIDTHS[family][0]  # type: ignore[index]
    torch.manual_seed(0)
    StableDiffusionPipeline(
        vae=AutoencoderKL(
            block_out_channels=(8, 8, 16, 16),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            norm_num_groups=4,
        ),
        text_encoder=CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(tokenizer),
                hidden_size=width,
                intermediate_size=64,
                num_hidden_layers=1,
                num_attention_heads=4,
                bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        ),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(
            sample_size=PIXELS // 8,
            block_out_channels=(16, 16),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            layers_per_block=1,
            norm_num_groups=4,
            cross_attention_dim=width,
            attention_head_dim=4,
        ),
        scheduler=DDIMScheduler(clip_sample=False, set_alpha_to_one=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


def _facts(prompt: str) -> DrawnFacts:
    return DrawnFacts(
        prompt=prompt,
        seed=42,
        num_inference_steps=3,
        guidance_scale=5.0,
        resolution_pixels=PIXELS,
    )


def _unpack(files: dict[str, bytes], folder: Path) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / f"draw_{WORD}.py"


def _drawn_by_petname(model_folder: Path, part: Any) -> Image.Image:
    ref = BaseModelRef(model_id="custom", source=str(model_folder), family="sd1")
    artist = Artist(load(ref))
    artist.wear(
        [
            WornArtifact(
                path=str(part.path), method=part.method, placeholder_token=WORD, kind="subject"
            )
        ]
    )
    drawn = part.manifest.drawn[0]
    task = DrawingTask(
        prompt=drawn.prompt,
        seeds=(drawn.seed,),
        num_inference_steps=drawn.num_inference_steps,
        guidance_scale=drawn.guidance_scale,
        resolution_pixels=drawn.resolution_pixels,
    )
    return artist.draw(task)[0]


def test_the_program_of_a_pair_runs_as_it_is_and_draws_the_self_tests(
    tmp_path: Path, model_folder: Path
) -> None:
    parts = [
        make_part(tmp_path, "sd1", "embedding", drawn=(_facts(f"a photo of a {WORD}"),)),
        make_part(tmp_path, "sd1", "lora", drawn=(_facts(f"a photo of a {WORD} dog"),)),
    ]
    program = _unpack(files_of("diffusers", *parts), tmp_path / "kit")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    ran = subprocess.run(
        [sys.executable, str(program), str(model_folder)],
        cwd=elsewhere,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    drawn = []
    for part in parts:
        with Image.open(elsewhere / f"{WORD}-{part.method}.png") as picture:
            pixels = np.asarray(picture.convert("RGB"), dtype=np.int16)
        expected = np.asarray(_drawn_by_petname(model_folder, part), dtype=np.int16)
        assert np.abs(pixels - expected).max() <= 2, part.method
        drawn.append(pixels)
    assert not np.array_equal(drawn[0], drawn[1])


def test_the_program_of_an_sdxl_pair_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The makers of the formats room, which this room's tests may lean on.
    monkeypatch.syspath_prepend(Path(__file__).resolve().parents[1] / "formats")
    from format_pipelines import tiny_xl_pipeline

    model = tmp_path / "model"
    tiny_xl_pipeline().save_pretrained(model)
    parts = [
        make_part(tmp_path, "sdxl", "embedding", drawn=(_facts(f"a photo of a {WORD}"),)),
        make_part(tmp_path, "sdxl", "lora", drawn=(_facts(f"a photo of a {WORD} dog"),)),
    ]
    program = _unpack(files_of("diffusers", *parts), tmp_path / "kit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [program.name, str(model)])
    code = compile(program.read_text(encoding="utf-8"), str(program), "exec")
    exec(code, {"__file__": str(program), "__name__": "__main__"})
    paths = capsys.readouterr().out.splitlines()
    assert [Path(path).name for path in paths] == [f"{WORD}-embedding.png", f"{WORD}-lora.png"]
    for path in paths:
        with Image.open(io.BytesIO(Path(path).read_bytes())) as picture:
            assert np.asarray(picture).std() > 0
