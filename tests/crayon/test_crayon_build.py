"""The build: every stage end to end on a toy, killed in the middle and taken up again."""

from __future__ import annotations

import functools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file
from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionModelWithProjection

from textinv_app.crayon import build, optimisers, precision, shipped
from textinv_app.crayon.batches import (
    captions,
    contrast,
    paired_rows,
    single_rows,
    stored_latents,
)
from textinv_app.crayon.captions import caption
from textinv_app.crayon.clip_model import ClipOptions, new_text_encoder
from textinv_app.crayon.dataset import (
    open_drawings,
    render_drawings,
    training_scene,
    training_twin,
)
from textinv_app.crayon.drawing import draw
from textinv_app.crayon.likeness import area_under_curve
from textinv_app.crayon.optimisers import Optimisers, orthogonal
from textinv_app.crayon.team import Team, gather_team
from textinv_app.crayon.tokenizer import build_tokenizer
from textinv_app.crayon.train_unet import Denoiser

ROOT = Path(__file__).resolve().parents[2]


def _command(work: Path, stage: str, *more: str) -> list[str]:
    command = [sys.executable, "-m", "textinv_app.crayon.build", "--tiny", "--stage", stage]
    return [*command, "--work", str(work), "--assets", str(work / "assets"), *more]


def _progress(path: Path) -> dict[str, float]:
    progress: dict[str, float] = torch.load(path, weights_only=True)["progress"]
    return progress


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("crayon")
    arguments = ["--tiny", "--work", str(work), "--assets", str(work / "assets")]
    for stage in build.STAGES[:-1]:
        build.main([*arguments, "--stage", stage])
    return work


def test_all_stages_give_a_folder_that_diffusers_loads_and_draws_with(built: Path) -> None:
    folder = built / "assets" / "crayon"
    pipeline = StableDiffusionPipeline.from_pretrained(str(folder), dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    picture = pipeline("a dog", num_inference_steps=2, guidance_scale=3.0).images[0]
    assert picture.size == (128, 128)
    assert pipeline.scheduler.config.prediction_type == "v_prediction"
    encoder = CLIPVisionModelWithProjection.from_pretrained(str(folder / "image_encoder"))
    embedding = encoder(pixel_values=torch.zeros(1, 3, 128, 128)).image_embeds
    projection = load_file(str(folder / "text_projection.safetensors"))["text_projection.weight"]
    assert projection.shape == (embedding.shape[1], pipeline.text_encoder.config.hidden_size)
    familiar = json.loads((folder / "familiar.json").read_text(encoding="utf-8"))
    assert 0.1 < familiar["loss"] < 10
    likeness = json.loads((folder / "likeness.json").read_text(encoding="utf-8"))
    cosines = [point[0] for point in likeness["points"]]
    assert likeness["points"][-1] == [1.0, 100.0]
    assert len(cosines) == 5
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "license: apache-2.0" in card
    assert "| unet | 3 |" in card


def test_exporting_again_replaces_the_folder_and_leaves_nothing_behind(built: Path) -> None:
    folder = built / "assets" / "crayon"
    (folder / "stale.txt").write_text("from before", encoding="utf-8")
    build.main(
        ["--tiny", "--work", str(built), "--assets", str(built / "assets"), "--stage", "export"]
    )
    assert not (folder / "stale.txt").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["crayon"]


def test_a_finished_stage_is_not_trained_again(built: Path) -> None:
    before = _progress(built / "vae.pt")
    build.main(["--tiny", "--work", str(built), "--stage", "vae"])
    assert _progress(built / "vae.pt") == before


def test_a_stage_killed_in_the_middle_goes_on_from_its_checkpoint(built: Path) -> None:
    (built / "vae.pt").unlink()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    steps = ("--max-steps", "100000", "--checkpoint-seconds", "0.2")
    process = subprocess.Popen(_command(built, "vae", *steps), cwd=ROOT, env=environment)
    deadline = time.monotonic() + 200
    while not (built / "vae.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    reached = _progress(built / "vae.pt")["steps"]
    assert 0 < reached < 100000
    build.main(
        ["--tiny", "--work", str(built), "--stage", "vae", "--max-steps", str(int(reached) + 2)]
    )
    assert _progress(built / "vae.pt")["steps"] == reached + 2


def test_a_later_build_goes_on_from_the_exported_model(built: Path, tmp_path: Path) -> None:
    first = built / "assets" / "crayon"
    arguments = ["--tiny", "--work", str(tmp_path), "--assets", str(tmp_path / "assets")]
    for stage in build.STAGES[:-1]:
        build.main([*arguments, "--stage", stage, "--start-from", str(first), "--max-steps", "1"])
    second = tmp_path / "assets" / "crayon"
    for part in ("unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model"):
        before = load_file(str(first / f"{part}.safetensors"))
        after = load_file(str(second / f"{part}.safetensors"))
        for name, weight in before.items():
            # One gentle step moves a weight by far less than a fresh start would.
            assert (after[name].float() - weight.float()).abs().mean() < 0.02
    log = json.loads((second / "training_log.json").read_text(encoding="utf-8"))
    stages = [row["stage"] for row in log]
    assert stages[:5] == ["clip", "vae", "unet", "refit", "decoder"]
    assert stages[5] == "vae, gone on from the shipped weights"
    assert len(stages) == 9


def test_a_later_build_may_leave_the_autoencoder_and_the_towers_as_they_are(
    built: Path, tmp_path: Path
) -> None:
    """UNet and autoencoder were trained for each other: what is not trained on is kept exactly."""
    first = built / "assets" / "crayon"
    arguments = ["--tiny", "--work", str(tmp_path), "--assets", str(tmp_path / "assets")]
    arguments += ["--first-scene", "300", "--start-from", str(first)]
    for stage in ("data", "latents", "unet", "export"):
        build.main([*arguments, "--stage", stage])
    second = tmp_path / "assets" / "crayon"
    for part in ("vae/diffusion_pytorch_model", "image_encoder/model", "text_projection"):
        before = load_file(str(first / f"{part}.safetensors"))
        after = load_file(str(second / f"{part}.safetensors"))
        assert before.keys() == after.keys()
        assert all(torch.equal(before[name], after[name]) for name in before)
    log = json.loads((second / "training_log.json").read_text(encoding="utf-8"))
    assert [row["stage"] for row in log[5:]] == ["unet, gone on from the shipped weights"]


def test_a_later_build_learns_from_scenes_of_its_own_with_their_own_captions(
    tmp_path: Path,
) -> None:
    render_drawings(tmp_path, range(300, 306))
    drawings, twins = open_drawings(tmp_path), open_drawings(tmp_path, "twins")
    assert (drawings.first, len(drawings), twins.first) == (300, 6, 300)
    for row in (0, 5):
        drawn = np.asarray(draw(training_scene(300 + row), 300 + row, 128))
        assert np.array_equal(drawings.pixels[row], drawn)
        drawn = np.asarray(draw(training_twin(300 + row), 300 + row, 128))
        assert np.array_equal(twins.pixels[row], drawn)
    rows = paired_rows(np.random.default_rng(0), 6, 2)
    told = [
        caption(scene_of(300 + int(rows.indices[i])), said(int(rows.seeds[i])))
        for scene_of in (training_scene, training_twin)
        for i in range(2)
    ]
    assert captions(rows, drawings.first, empty_share=0.0) == told


def said(seed: int) -> random.Random:
    """Return the source of a caption's words, after the draw that decides whether it is silent."""
    rng = random.Random(seed)
    rng.random()
    return rng


def test_single_pictures_have_their_own_latents_and_captions() -> None:
    latents = np.arange(2 * 30, dtype=np.float16).reshape(2, 30, 1, 1, 1)
    rows = single_rows(np.random.default_rng(1), 30, 16)
    assert set(rows.sets) == {0, 1}
    assert len(set(rows.indices)) > 8
    told = captions(rows, 90, empty_share=0.0)
    values = stored_latents(latents, rows).flatten()
    for i, (text, value) in enumerate(zip(told, values, strict=True)):
        which, index = divmod(int(value.item()), 30)
        scene = (training_scene, training_twin)[which](90 + index)
        assert text == caption(scene, said(int(rows.seeds[i])))
    quiet = captions(rows, 90, empty_share=1.0)
    assert quiet == [""] * 16


def test_weights_decay_by_their_share_of_the_rate() -> None:
    weight = torch.nn.Parameter(torch.randn(4, 6))
    twin = torch.nn.Parameter(weight.detach().clone())
    first = optimisers.Muon([weight], lr=0.1, momentum=0.9, weight_decay=0.5)
    second = optimisers.Muon([twin], lr=0.1, momentum=0.9)
    before = weight.detach().clone()
    gradient = torch.randn(4, 6)
    for one, parameter in ((first, weight), (second, twin)):
        parameter.grad = gradient.clone()
        one.step()
    assert torch.allclose(twin - weight, before * 0.05, atol=1e-6)


def test_a_build_may_take_the_autoencoder_of_another_model(built: Path, tmp_path: Path) -> None:
    first = built / "assets" / "crayon"
    arguments = ["--tiny", "--work", str(tmp_path), "--assets", str(tmp_path / "assets")]
    # Left by an earlier build: without its last stage the decoder is another one.
    shutil.copy(built / "vae.pt", tmp_path)
    for stage in build.STAGES[:-1]:
        build.main([*arguments, "--stage", stage, "--autoencoder-from", str(first)])
    second = tmp_path / "assets" / "crayon"
    name = "diffusion_pytorch_model.safetensors"
    before, after = (load_file(str(one / "vae" / name)) for one in (first, second))
    assert all(torch.equal(before[key], after[key]) for key in before)
    scaled = [
        json.loads((one / "vae" / "config.json").read_text(encoding="utf-8"))["scaling_factor"]
        for one in (first, second)
    ]
    assert scaled[0] == scaled[1]
    log = json.loads((second / "training_log.json").read_text(encoding="utf-8"))
    assert [row["stage"] for row in log] == ["vae", "decoder", "clip", "unet", "refit"]


def test_other_scenes_are_drawn_anew_and_a_cut_off_drawing_goes_on(tmp_path: Path) -> None:
    render_drawings(tmp_path, range(6))
    progress = tmp_path / "drawings.json"
    told = json.loads(progress.read_text(encoding="utf-8"))
    progress.write_text(json.dumps({**told, "done": 4}), encoding="utf-8")
    np.load(tmp_path / "drawings.npy", mmap_mode="r+")[4:] = 0
    np.load(tmp_path / "drawings.npy", mmap_mode="r+")[3] = 7  # stays, if it is not drawn again
    render_drawings(tmp_path, range(6))
    pixels = open_drawings(tmp_path).pixels
    assert np.array_equal(pixels[5], np.asarray(draw(training_scene(5), 5, 128)))
    assert (pixels[3] == 7).all()
    latents = [tmp_path / name for name in ("drawings.latents.0.npy", "paired_latents.npy")]
    for path in latents:
        path.touch()
    render_drawings(tmp_path, range(6))
    assert all(path.exists() for path in latents)
    render_drawings(tmp_path, range(90, 96))
    assert not any(path.exists() for path in latents), "they would get the new scenes' captions"
    pixels = open_drawings(tmp_path).pixels
    assert np.array_equal(pixels[3], np.asarray(draw(training_scene(93), 93, 128)))


def test_the_decoder_goes_on_alone(built: Path, tmp_path: Path) -> None:
    """Were the encoder moved too, the UNet's latents would mean other pictures."""
    work = tmp_path / "work"
    shutil.copytree(built, work)
    (work / "decoder.pt").unlink()
    arguments = ["--tiny", "--work", str(work), "--assets", str(work / "assets")]
    for stage in ("decoder", "export"):
        build.main([*arguments, "--stage", stage])
    before, after = (
        torch.load(work / name, weights_only=True)["average"]["weights"]
        for name in ("vae.pt", "decoder.pt")
    )
    moved = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"decoder", "post_quant_conv"}
    exported = load_file(str(work / "assets/crayon/vae/diffusion_pytorch_model.safetensors"))
    assert torch.equal(exported["decoder.conv_out.weight"], after["decoder.conv_out.weight"].half())


def test_a_grown_vocabulary_keeps_every_known_words_row(built: Path) -> None:
    folder = built / "assets" / "crayon"
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    vocabulary = tokenizer.get_vocab()
    # The same words, numbered the other way round.
    turned = {token: len(vocabulary) - 1 - index for token, index in vocabulary.items()}

    class Renumbered:
        def get_vocab(self) -> dict[str, int]:
            return turned

    towers = ClipOptions(text_width=32, text_layers=1, shared_width=16)
    text = new_text_encoder(tokenizer, towers)
    shipped.load_text(folder, text, Renumbered())
    rows = text.get_input_embeddings().weight
    known = CLIPTextModel.from_pretrained(folder / "text_encoder").get_input_embeddings().weight
    for token in ("dog</w>", "snow</w>", "<|endoftext|>"):
        assert torch.equal(rows[turned[token]], known[vocabulary[token]])


def test_cells_in_which_twins_differ_count_more() -> None:
    torch.manual_seed(0)
    drawing = torch.randn(1, 8, 16, 16)
    twin = drawing.clone()
    twin[..., 4:6, 4:6] += 1.0
    alike = torch.randn(1, 8, 16, 16)
    counts = contrast(torch.cat([drawing, alike, twin, alike]), 4.0)
    assert torch.allclose(counts.mean((1, 2)), torch.ones(4))
    assert torch.allclose(counts[0, 4:6, 4:6] / counts[0, 0, 0], torch.full((2, 2), 5.0))
    assert torch.equal(counts[0], counts[2])
    assert torch.equal(counts[1], torch.ones(16, 16))


def test_two_members_train_the_unet_together(built: Path) -> None:
    (built / "unet.pt").unlink()
    subprocess.run(_command(built, "unet", "--threads", "2"), cwd=ROOT, check=True)
    progress = _progress(built / "unet.pt")
    assert progress["steps"] == 3
    singles, pairs = 2 * 2, 2 * 2 * 2
    assert progress["pictures"] == 2 * singles + pairs, "twins come in the last two fifths"


def _alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended but was not waited for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


def _children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


reads_processes = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="reads processes as Linux has them"
)


@reads_processes
def test_members_end_when_the_build_that_started_them_is_killed(built: Path) -> None:
    """They trained on once, and wrote checkpoints over those of the next build."""
    finished = (built / "unet.pt").rename(built / "finished.pt")
    steps = ("--threads", "2", "--max-steps", "100000", "--checkpoint-seconds", "0.2")
    process = subprocess.Popen(_command(built, "unet", *steps), cwd=ROOT)
    deadline = time.monotonic() + 200
    while not (built / "unet.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    members = _children_of(process.pid)
    assert len(members) >= 2
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    while any(map(_alive, members)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(_alive, members))
    finished.replace(built / "unet.pt")


@reads_processes
def test_members_end_in_the_background_of_a_shell_too(tmp_path: Path) -> None:
    """Interrupts are ignored there; members that encoded drawings went on for nobody."""
    code = (
        "import functools, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from tests.crayon.team_jobs import rest\n"
        "from textinv_app.crayon.team import gather_team\n"
        "if __name__ == '__main__': gather_team(2, functools.partial(rest, sys.argv[1]))\n"
    )
    script = tmp_path / "team.py"
    script.write_text(code, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, script, tmp_path]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    deadline = time.monotonic() + 100
    while not all((tmp_path / name).exists() for name in "01") and time.monotonic() < deadline:
        time.sleep(0.1)
    members = _children_of(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    while any(map(_alive, members)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(_alive, members))


def test_orthogonal_updates_have_singular_values_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((24, 96), (96, 24)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
        assert 0.5 < values.min() <= values.max() < 1.4


def test_a_long_matrix_is_made_orthogonal_as_by_the_plain_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # In bfloat16, where a processor has it, the plain steps themselves are taken.
    monkeypatch.setattr(optimisers, "compute_type", lambda _device: torch.float32)
    torch.manual_seed(1)
    matrix = torch.randn(24, 200) @ torch.diag(torch.logspace(0, -3, 200))
    wanted = (matrix / (matrix.norm() + 1e-7)).double()
    for _ in range(5):
        gram = wanted @ wanted.T
        wanted = 3.4445 * wanted + (-4.7750 * gram + 2.0315 * gram @ gram) @ wanted
    assert torch.allclose(orthogonal(matrix).double(), wanted, atol=1e-4)
    assert torch.allclose(orthogonal(matrix.T).double(), wanted.T, atol=1e-4)


def test_a_long_matrix_of_low_rank_stays_bounded_in_bfloat16(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(optimisers, "compute_type", lambda _device: torch.bfloat16)
    torch.manual_seed(2)
    for rank in (1, 2, 4):
        matrix = torch.randn(32, rank) @ torch.randn(rank, 288)
        assert torch.linalg.matrix_norm(orthogonal(matrix), 2) < 1.5


def test_plain_attention_predicts_what_the_fused_kernel_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    training = build.tiny(build.Plan(Path(), Path())).unet
    torch.manual_seed(0)
    denoiser = Denoiser(build_tokenizer(), training).eval()
    given = torch.randn(2, 8, 16, 16), torch.tensor([10, 900]), torch.randint(0, 300, (2, 77))
    with torch.no_grad():
        fused = denoiser(*given)
        monkeypatch.setattr(precision, "training_device", lambda: torch.device("cpu"))
        monkeypatch.setattr(precision, "compute_type", lambda _device: torch.bfloat16)
        precision.attend_plainly(denoiser)
        monkeypatch.delattr(torch.nn.functional, "scaled_dot_product_attention")
        plain = denoiser(*given)
    assert torch.allclose(plain, fused, atol=1e-5)


def _shared_squares(folder: str, team: Team) -> None:
    items = [torch.full((2, number), float(number)) for number in range(1, 6)]
    done = []

    def square(item: torch.Tensor) -> torch.Tensor:
        done.append(item.shape[1])
        return item.square()

    results = team.share_work(square, items, torch.Tensor.numel)
    torch.save((results, done), Path(folder) / f"{team.rank}.pt")


def test_members_share_work_and_all_have_its_results(tmp_path: Path) -> None:
    gather_team(2, functools.partial(_shared_squares, str(tmp_path)))
    told = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    for results, _ in told:
        assert [result[0, 0].item() for result in results] == [1, 4, 9, 16, 25]
    first, second = (set(done) for _, done in told)
    assert first
    assert second
    assert not first & second
    assert first | second == {1, 2, 3, 4, 5}


def test_optimisers_bring_a_small_model_to_its_target() -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 4))
    inputs, targets = torch.randn(64, 8), torch.randn(64, 4)
    training = Optimisers(model, muon_lr=0.02, adam_lr=1e-2, adam_names=())
    losses = []
    for _ in range(200):
        loss = (model(inputs) - targets).pow(2).mean()
        loss.backward()
        training.step(1.0)
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_area_under_curve_counts_wins_and_ties() -> None:
    higher = torch.tensor([0.9, 0.5]).numpy()
    lower = torch.tensor([0.1, 0.5]).numpy()
    assert area_under_curve(higher, lower) == pytest.approx(3.5 / 4)
