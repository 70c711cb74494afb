"""Models into memory, and what is said where that cannot be done."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file

from tests.hub_stand_in import Answer, HubStandIn, Repository
from tests.models.stability_layout import full_topology_pipeline, save_checkpoint
from tests.tiny_models import save_tiny_model, tiny_pipeline
from textinv_app.domain.concept import Family
from textinv_app.domain.hub import HUB_IDS
from textinv_app.domain.specs import BaseModelRef
from textinv_app.errors import ModelUnavailable
from textinv_app.models.catalog import resolve
from textinv_app.models.hub import hub_cache_dir
from textinv_app.models.identity import base_model_sha256
from textinv_app.models.loading import is_out_of_memory, load, text_model
from textinv_app.models.predictions import scheduler_changes


@pytest.mark.parametrize(
    ("family", "num_encoders", "prediction_type"),
    [
        ("crayon", 1, "v_prediction"),
        ("sd1", 1, "epsilon"),
        ("sd2", 1, "v_prediction"),
        ("sdxl", 2, "epsilon"),
    ],
)
def test_every_family_is_loaded_whole_and_frozen(
    family: Family, num_encoders: int, prediction_type: str, tmp_path: Path
) -> None:
    ref = save_tiny_model(tmp_path / family, family)
    model = load(ref, dtype=torch.bfloat16)
    assert len(model.tokenizers) == len(model.text_encoders) == num_encoders
    assert (model.family, model.prediction_type) == (family, prediction_type)
    for part in (model.unet, model.vae, *model.text_encoders):
        assert not part.training
        assert not any(parameter.requires_grad for parameter in part.parameters())
        assert next(part.parameters()).dtype == torch.bfloat16
    for tokenizer, encoder in zip(model.tokenizers, model.text_encoders, strict=True):
        assert text_model(encoder).eos_token_id == tokenizer.eos_token_id


def test_a_damaged_folder_is_said_in_words(tmp_path: Path) -> None:
    ref = save_tiny_model(tmp_path / "model")
    weights = tmp_path / "model" / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(ModelUnavailable) as refused:
        load(ref)
    assert refused.value.code == "model.damaged"
    shutil.rmtree(tmp_path / "model")
    with pytest.raises(ModelUnavailable) as refused:
        load(ref)
    assert refused.value.code == "model.moved"


def test_a_folder_without_its_dictionary_is_damaged(tmp_path: Path) -> None:
    """It was loaded with a dictionary of two entries, in which every word is the same."""
    ref = save_tiny_model(tmp_path / "model")
    shutil.rmtree(tmp_path / "model" / "tokenizer")
    with pytest.raises(ModelUnavailable) as refused:
        load(ref)
    assert refused.value.code == "model.damaged"


def test_crayon_with_damaged_files_is_not_to_be_fetched_but_installed_again(
    tmp_path: Path,
) -> None:
    """It is built in: there is nowhere to fetch it from."""
    ref = save_tiny_model(tmp_path / "crayon", "crayon").model_copy(update={"model_id": "crayon"})
    weights = tmp_path / "crayon" / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(ModelUnavailable, match="Install Petname again") as refused:
        load(ref)
    assert refused.value.code == "model.crayon_damaged"


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_a_folder_of_half_precision_files_alone_is_loaded(family: Family, tmp_path: Path) -> None:
    """It was called damaged."""
    pipeline = tiny_pipeline(family)
    pipeline.save_pretrained(tmp_path, variant="fp16")
    ref = BaseModelRef(model_id="custom", source=str(tmp_path), family=family)
    model = load(ref)
    assert torch.equal(model.unet.conv_in.weight, pipeline.unet.conv_in.weight)
    assert base_model_sha256(ref.source, model.folder)
    # Beside them the plain files of a part count, as they always did.
    tiny_pipeline(family, seed=1).unet.save_pretrained(tmp_path / "unet")
    assert not torch.equal(load(ref).unet.conv_in.weight, model.unet.conv_in.weight)


@pytest.mark.parametrize(
    "said",
    [
        "CUDA error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "MPS backend out of memory (MPS allocated: 5.66 GB, other allocations: 384.00 KB)",
        "[enforce fail at alloc_cpu.cpp:116] data. DefaultCPUAllocator: not enough memory: you "
        "tried to allocate 1024 bytes.",
    ],
)
def test_memory_that_ran_out_is_known_by_its_words(said: str) -> None:
    assert is_out_of_memory(RuntimeError(said))


def test_memory_that_ran_out_is_known_behind_what_a_library_says_of_it() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)
    wrapped = OSError("Unable to load weights from checkpoint file")
    assert not is_out_of_memory(wrapped)
    wrapped.__context__ = caught.value
    assert is_out_of_memory(wrapped)


def test_a_model_that_does_not_fit_into_main_memory_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = save_tiny_model(tmp_path / "model")
    monkeypatch.setattr(
        "textinv_app.models.loading._from_diffusers", lambda *_: torch.empty(1 << 60)
    )
    with pytest.raises(ModelUnavailable) as refused:
        load(ref)
    assert refused.value.code == "model.out_of_memory"


def test_pickled_weights_are_never_opened(tmp_path: Path) -> None:
    ref = save_tiny_model(tmp_path / "model")
    folder = tmp_path / "model" / "unet"
    (folder / "diffusion_pytorch_model.safetensors").unlink()
    torch.save({"anything": torch.zeros(1)}, folder / "diffusion_pytorch_model.bin")
    with pytest.raises(ModelUnavailable) as refused:
        load(ref)
    assert refused.value.code == "model.damaged"


def test_a_hub_model_is_loaded_from_the_cache_without_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    ref = BaseModelRef(model_id="custom", source="petname/tiny", family="sd1", revision=commit)
    with pytest.raises(ModelUnavailable) as refused:
        load(ref)
    assert refused.value.code == "model.offline"
    snapshot = tmp_path / "models--petname--tiny" / "snapshots" / commit
    save_tiny_model(snapshot, "sd1")
    model = load(ref)
    assert model.folder == snapshot


FETCH = """
import sys
from textinv_app.domain.specs import BaseModelRef
from textinv_app.errors import ModelUnavailable
from textinv_app.models.hub import fetch
try:
    folder, _ = fetch(BaseModelRef(model_id="custom", source="anna/tiny", family="sd1"))
    print(folder)
except ModelUnavailable as error:
    print(error.code)
"""


def fetched(hub: HubStandIn, cache: Path, before: str = "", **changes: str) -> str:
    """Return where a process of its own found the model ``anna/tiny``, or the code of why not.

    ``before`` is what it runs first.
    """
    settings = hub.environment | {"HF_HUB_CACHE": str(cache)} | changes
    finished = subprocess.run(
        [sys.executable, "-c", before + FETCH],
        env=os.environ | settings,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


@pytest.fixture
def tiny_hub(tmp_path: Path) -> Iterator[HubStandIn]:
    """Give a hub that has the model ``anna/tiny``, and beside it what is never fetched."""
    save_tiny_model(tmp_path / "original", "sd1")
    files = {
        path.relative_to(tmp_path / "original").as_posix(): path.read_bytes()
        for path in (tmp_path / "original").rglob("*")
        if path.is_file()
    }
    hub = HubStandIn()
    hub.repositories["anna/tiny"] = Repository(
        private=False, files=files | {"README.md": b"unused", "unet/old.bin": b"unused"}
    )
    with hub:
        yield hub


def test_a_fetched_model_is_found_again_where_the_hub_refuses_the_connection(
    tiny_hub: HubStandIn, tmp_path: Path
) -> None:
    folder = fetched(tiny_hub, tmp_path / "cache")
    assert Path(folder, "unet", "diffusion_pytorch_model.safetensors").is_file()
    assert not Path(folder, "README.md").exists()
    with socket.socket() as silent:
        # Bound, so that nobody else listens there, and nobody listens.
        silent.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert fetched(tiny_hub, tmp_path / "cache", HF_ENDPOINT=closed) == folder
        assert fetched(tiny_hub, tmp_path / "cache", HF_HUB_OFFLINE="1") == folder
        assert fetched(tiny_hub, tmp_path / "empty", HF_ENDPOINT=closed) == "model.offline"
        Path(folder, "unet", "diffusion_pytorch_model.safetensors").unlink()
        assert fetched(tiny_hub, tmp_path / "cache", HF_ENDPOINT=closed) == "model.offline"


def test_a_fetched_model_is_found_again_where_the_hub_has_trouble_of_its_own(
    tiny_hub: HubStandIn, tmp_path: Path
) -> None:
    folder = fetched(tiny_hub, tmp_path / "cache")
    tiny_hub.fail("GET|HEAD", Answer(500, {"error": "Internal Error"}))
    assert fetched(tiny_hub, tmp_path / "cache") == folder
    tiny_hub.faults.clear()
    tiny_hub.fail("GET|HEAD", Answer(404, {"error": "Repository not found"}))
    assert fetched(tiny_hub, tmp_path / "cache") == "model.not_found"


BROKEN_OFF = """
import errno
import huggingface_hub
def break_off(*_, **__):
    raise {error}
huggingface_hub.snapshot_download = break_off
"""
XET = "Task error: File reconstruction error: "


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (f"RuntimeError('{XET}error sending request')", "model.offline"),
        (f"RuntimeError('{XET}No space left on device (os error 28)')", "model.disk_full"),
        ("OSError(errno.ENOSPC, 'No space left on device')", "model.disk_full"),
        ("OSError(errno.EACCES, 'Permission denied')", "model.cache_closed"),
        ("OSError(errno.EROFS, 'Read-only file system')", "model.cache_closed"),
    ],
    ids=["connection", "disk in Xet", "disk", "not ours", "read only"],
)
def test_a_download_that_breaks_off_is_said_in_words(
    error: str, code: str, tiny_hub: HubStandIn, tmp_path: Path
) -> None:
    """Xet's errors ended in a crash; for a full disk it was said to connect to the internet."""
    before = BROKEN_OFF.format(error=error)
    assert fetched(tiny_hub, tmp_path / "cache", before) == code


def test_what_killed_downloads_have_left_behind_is_removed(
    tiny_hub: HubStandIn, tmp_path: Path
) -> None:
    blobs = tmp_path / "cache" / "models--anna--tiny" / "blobs"
    others = tmp_path / "cache" / "models--anna--other" / "blobs"
    two_days_ago = time.time() - 2 * 24 * 3600
    for folder in (blobs, others):
        folder.mkdir(parents=True)
        for name in ("old.1f2e3d4c.incomplete", "whole"):
            (folder / name).touch()
            os.utime(folder / name, (two_days_ago, two_days_ago))
    # Another process may be at it.
    (blobs / "new.1f2e3d4c.incomplete").touch()
    fetched(tiny_hub, tmp_path / "cache")
    left = {path.name for path in blobs.iterdir()}
    assert "old.1f2e3d4c.incomplete" not in left
    assert {"new.1f2e3d4c.incomplete", "whole"} < left
    assert len(list(others.iterdir())) == 2


def test_a_repository_without_a_unet_is_not_said_to_be_missing(tmp_path: Path) -> None:
    """It was said that there is no such model, and to check the name."""
    hub = HubStandIn()
    hub.repositories["anna/one-file"] = Repository(private=False, files={"one.safetensors": b"1"})
    code = (
        "import sys\n"
        "from textinv_app.errors import ModelUnavailable\n"
        "from textinv_app.models.hub import config_of_hub\n"
        "for name in sys.argv[1:]:\n"
        "    try: config_of_hub(name)\n"
        "    except ModelUnavailable as error: print(error.code)"
    )
    with hub:
        finished = subprocess.run(
            [sys.executable, "-c", code, "anna/one-file", "anna/none"],
            env=os.environ | hub.environment | {"HF_HUB_CACHE": str(tmp_path)},
            capture_output=True,
            text=True,
        )
    assert finished.stdout.split() == ["model.no_unet", "model.not_found"], finished.stderr


def test_the_cache_is_where_the_hub_client_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    for name in ("HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    default = Path("~/.cache/huggingface/hub").expanduser()
    assert hub_cache_dir() == default
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert hub_cache_dir() == Path("/x/huggingface/hub")
    monkeypatch.setenv("HF_HOME", "/h")
    assert hub_cache_dir() == Path("/h/hub")
    monkeypatch.setenv("HF_HUB_CACHE", "/c")
    assert hub_cache_dir() == Path("/c")
    assert Path(constants.HF_HUB_CACHE).name in {"hub", "c"}


def test_a_single_file_without_its_configurations_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    key = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    save_file({key: torch.zeros(8, 768)}, tmp_path / "one.safetensors")
    source = str(tmp_path / "one.safetensors")
    with pytest.raises(ModelUnavailable) as refused:
        load(BaseModelRef(model_id="custom", source=source, family="sd1"))
    assert refused.value.code in {"model.no_configuration", "model.damaged"}
    assert refused.value.sentence.endswith(".")


def cached_pipeline(
    family: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> StableDiffusionPipeline:
    """Return a model whose configurations are in the hub's cache; there is no network."""
    pipeline = full_topology_pipeline(family)
    repository = tmp_path / "cache" / f"models--{HUB_IDS[family].replace('/', '--')}"
    commit = "0123456789abcdef0123456789abcdef01234567"
    pipeline.save_pretrained(repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit, encoding="utf-8")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    return pipeline


@pytest.mark.parametrize("family", ["sd1", "sd2"])
def test_a_single_file_is_loaded_with_configurations_from_the_cache(
    family: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file holds Stability's names; the loaded weights are those of the pipeline it is of.

    Those of Stable Diffusion 2 were once looked for in a repository that was withdrawn.
    """
    pipeline = cached_pipeline(family, tmp_path, monkeypatch)
    if family == "sd2":
        # By the spread of this layer a file tells that it predicts velocities.
        bias = pipeline.unet.up_blocks[3].attentions[2].transformer_blocks[0].norm1.bias
        bias.data = 0.2 * torch.randn_like(bias)
    save_checkpoint(pipeline, tmp_path / "one.safetensors")
    ref = resolve(str(tmp_path / "one.safetensors"), tmp_path)
    assert ref.family == family
    model = load(ref)
    assert model.prediction_type == pipeline.scheduler.config.prediction_type
    pairs = (
        (model.unet, pipeline.unet),
        (model.vae, pipeline.vae),
        (model.text_encoders[0], pipeline.text_encoder),
    )
    for loaded, original in pairs:
        expected = original.state_dict()
        found = loaded.state_dict()
        assert set(found) == set(expected)
        assert all(torch.equal(found[key], expected[key]) for key in expected)


@pytest.mark.parametrize(
    ("marks", "prediction_type", "ends_in_noise"),
    [
        ((), "epsilon", False),
        (("v_pred",), "v_prediction", False),
        (("v_pred", "ztsnr"), "v_prediction", True),
    ],
)
def test_a_single_file_that_says_what_it_predicts_is_believed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    marks: tuple[str, ...],
    prediction_type: str,
    ends_in_noise: bool,
) -> None:
    pipeline = cached_pipeline("sd1", tmp_path, monkeypatch)
    save_checkpoint(pipeline, tmp_path / "one.safetensors", marks)
    model = load(resolve(str(tmp_path / "one.safetensors"), tmp_path))
    assert model.prediction_type == prediction_type
    assert (float(model.scheduler.alphas_cumprod[-1]) == 0) == ends_in_noise
    assert (model.scheduler.config.timestep_spacing == "trailing") == ends_in_noise


@pytest.mark.parametrize(("spread", "wanted"), [(0.05, "epsilon"), (0.2, "v_prediction")])
def test_what_a_file_of_stable_diffusion_2_predicts_is_told_by_a_layer(
    tmp_path: Path, spread: float, wanted: str
) -> None:
    key = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias"
    bias = spread * torch.tensor([1.0, -1.0] * 160, dtype=torch.float16)
    save_file({key: bias}, tmp_path / "one.safetensors")
    assert scheduler_changes(tmp_path / "one.safetensors", "sd2") == {"prediction_type": wanted}
    assert scheduler_changes(tmp_path / "one.safetensors", "sd1") == {}
