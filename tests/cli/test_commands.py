"""The commands on a tiny model, each in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from tests.assets_folder import REAL_ASSETS, has_real_crayon
from tests.cli.conftest import PATIENCE_SECONDS, ask, ask_here, start
from textinv_app.cli import main
from textinv_app.commands import doctor, train
from textinv_app.commands.preparing import TakenPhotos, take_photos
from textinv_app.domain.events import Noticed
from textinv_app.models.machine import MachineFacts
from textinv_app.runs.layout import RunLayout
from textinv_app.runs.lock import read_holder


def _last(records: list[dict[str, Any]]) -> dict[str, Any]:
    assert records[-1]["type"] == "result"
    return records[-1]


def _events(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def _wait_for_step(process: subprocess.Popen[str], step: int) -> dict[str, Any]:
    """Read events until one of this step or a later one has come."""
    for event in _events(process):
        if event["type"] == "step" and event["step"] >= step:
            return event
    raise AssertionError("it ended too early")


def test_train_draw_and_inspect(
    training: list[str],
    model_folder: Path,
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trained = ask(*training)
    assert trained.exit_code == 0, trained.errors
    result = _last(trained.records)
    (artifact,) = (Path(path) for path in result["artifacts"])
    assert artifact.name == "rexdog.safetensors"
    assert artifact.is_file()
    assert result["steps"] == 6
    assert result["seconds"] > 0
    for name in ("validation_loss", "likeness"):
        assert isinstance(result[f"{name}_start"], float)
        assert isinstance(result[f"{name}_end"], float)
    kinds = {record["type"] for record in trained.records}
    assert kinds >= {"phase", "step", "validation", "preview", "verdict", "checkpoint", "finished"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["rexdog-embedding"]

    again = ask_here(capsys, *training)
    assert again.exit_code == 0
    assert _last(again.records)["artifacts"] == [str(artifact)]
    assert len(again.records) == 1
    other = ask_here(capsys, *training, "--seed", "5")
    assert other.exit_code == 2
    assert "another training" in other.errors

    inspected = ask("inspect", str(artifact), "--json")
    assert inspected.exit_code == 0
    (record,) = inspected.records
    assert (record["kind"], record["trigger_word"]) == ("embedding", "rexdog")
    assert record["metadata"]["petname.class_word"] == "dog"

    drawing = [
        *("draw", "--base-model", str(model_folder), "--prompt", "a photo of a {word}"),
        *("--embedding", str(artifact), "--num-images", "2", "--steps", "2", "--seed", "7"),
    ]
    first = ask(*drawing, "--photos", str(photos), "--output", str(tmp_path / "one"), "--json")
    assert first.exit_code == 0, first.errors
    pictures = [record for record in first.records if record["type"] == "picture"]
    assert [picture["seed"] for picture in pictures] == [7, 8]
    assert all(picture["prompt"] == "a photo of a rexdog" for picture in pictures)
    assert all(0 <= picture["likeness"] <= 100 for picture in pictures)
    paths = [Path(path) for path in _last(first.records)["pictures"]]
    for path in paths:
        with Image.open(path) as image:
            assert image.size == (128, 128)
    second = ask(*drawing, "--output", str(tmp_path / "two"))
    assert second.exit_code == 0
    for path in paths:
        assert (tmp_path / "two" / path.name).read_bytes() == path.read_bytes()
        assert str(tmp_path / "two" / path.name) in second.output


def test_both_methods_at_once_and_a_lora_with_a_strength(
    training: list[str],
    model_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trained = ask_here(capsys, *training, "--method", "both", "--max-steps", "4")
    assert trained.exit_code == 0, trained.errors
    result = _last(trained.records)
    assert [run["method"] for run in result["runs"]] == ["embedding", "lora"]
    assert result["steps"] == 8
    embedding, lora = result["artifacts"]
    drawing = ("draw", "--base-model", str(model_folder), "--prompt", "a rexdog", "--steps", "2")
    drawn: dict[str, bytes] = {}
    for name, files in (
        ("base", ()),
        ("none", ("--lora", f"{lora}:0")),
        ("whole", ("--lora", lora)),
        ("both", ("--embedding", embedding, "--lora", f"{lora}:1.5")),
    ):
        answer = ask_here(capsys, *drawing, *files, "--output", str(tmp_path / name), "--json")
        assert answer.exit_code == 0, answer.errors
        drawn[name] = Path(_last(answer.records)["pictures"][0]).read_bytes()
        if name == "whole":
            (picture,) = (r for r in answer.records if r["type"] == "picture")
            assert picture["prompt"] == "a rexdog dog"
    assert len(set(drawn.values())) == 4  # strength 0 still asks for a dog with its word


def test_trainings_begun_together_leave_each_other_their_photos(
    training: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both took them into one folder, and the first to be done deleted it."""
    second = ["catdog" if one == "rexdog" else one for one in training]

    def take_while_another_trains(files: list[Path], folder: Path) -> TakenPhotos:
        taken = take_photos(files, folder)
        other = ask(*second)
        assert other.exit_code == 0, other.errors
        return taken

    monkeypatch.setattr(train, "take_photos", take_while_another_trains)
    assert main([*training, "--max-steps", "2"]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "catdog-embedding",
        "rexdog-embedding",
    ]


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_an_interrupted_training_goes_on_and_ctrl_c_keeps_the_best(
    training: list[str], tmp_path: Path
) -> None:
    longer = [*training, "--max-steps", "5000"]
    first = start(*longer)
    _wait_for_step(first, 2)
    first.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    first.send_signal(signal.SIGTERM)  # who asks twice is answered the same
    _, errors = first.communicate(timeout=PATIENCE_SECONDS)
    assert first.returncode == 1
    assert "same command continues" in errors

    second = start(*longer)
    event = _wait_for_step(second, 4)
    assert event["attempt"] == 2
    second.send_signal(signal.SIGINT)
    output, errors = second.communicate(timeout=PATIENCE_SECONDS)
    assert second.returncode == 0, errors
    result = _last([json.loads(line) for line in output.splitlines()])
    assert Path(result["artifacts"][0]).is_file()
    assert 4 <= result["steps"] < 5000
    assert result["runs"][0]["stopped_because"] == "stopped_by_person"


def test_a_second_drawing_replaces_no_picture_of_the_first(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawing = ("draw", "--base-model", str(model_folder), "--steps", "1", "--json")
    drawn: list[str] = []
    for prompt in ("a dog", "a cat"):
        given = ("--prompt", prompt, "--num-images", "2", "--output", str(tmp_path))
        answer = ask_here(capsys, *drawing, *given)
        assert answer.exit_code == 0, answer.errors
        drawn += [Path(path).name for path in _last(answer.records)["pictures"]]
    assert drawn == ["000-seed-0.png", "001-seed-1.png", "002-seed-0.png", "003-seed-1.png"]


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_ctrl_c_ends_a_training_of_both_and_the_same_command_goes_on(
    training: list[str], tmp_path: Path
) -> None:
    """The embedding was kept, and then the whole training of the LoRA began."""
    both = [*training, "--method", "both"]
    process = start(*both, "--max-steps", "400")
    _wait_for_step(process, 3)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, errors
    assert "the same command goes on" in errors
    result = _last([json.loads(line) for line in output.splitlines()])
    assert [run["method"] for run in result["runs"]] == ["embedding"]
    assert not (tmp_path / "out" / "rexdog-lora" / "events.jsonl").exists()

    again = start(*both, "--max-steps", "400")
    assert _wait_for_step(again, 3)["method"] == "lora"
    again.send_signal(signal.SIGINT)
    output, errors = again.communicate(timeout=PATIENCE_SECONDS)
    result = _last([json.loads(line) for line in output.splitlines()])
    assert [run["method"] for run in result["runs"]] == ["embedding", "lora"], errors


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_an_interrupted_drawing_keeps_what_is_drawn(model_folder: Path, tmp_path: Path) -> None:
    process = start(
        *("draw", "--base-model", str(model_folder), "--prompt", "a dog", "--num-images", "1000"),
        *("--output", str(tmp_path), "--json"),
    )
    assert process.stdout is not None
    assert any('"picture"' in line for line in process.stdout), process.stderr
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert 1 <= len(list(tmp_path.glob("*.png"))) < 1000


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_a_runner_that_is_killed_is_started_again(training: list[str], tmp_path: Path) -> None:
    process = start(*training, "--max-steps", "30")
    _wait_for_step(process, 8)
    holder = read_holder(tmp_path / "out" / "rexdog-embedding" / "runner.lock")
    assert holder is not None
    os.kill(holder.pid, signal.SIGKILL)
    output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, errors
    records = [json.loads(line) for line in output.splitlines()]
    result = _last(records)
    assert result["steps"] == 30
    assert max(record.get("attempt", 0) for record in records) == 2


def test_a_model_that_knows_only_drawings_says_what_it_learns_from(
    training: list[str],
    model_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "drawings-only"
    shutil.copytree(model_folder, folder)
    (folder / "familiar.json").write_text('{"loss": 0.0}', encoding="utf-8")
    told = [str(folder) if one == str(model_folder) else one for one in training]
    answer = ask_here(capsys, *told[: told.index("--json")])
    assert answer.exit_code == 0, answer.errors
    drawings = tmp_path / "out" / "rexdog-embedding" / "redrawn"
    assert f"learns from its own drawings of the photos: {drawings}" in answer.output
    assert len(list(drawings.glob("*.png"))) == 4


@pytest.mark.parametrize(("loss", "in_doubt"), [(0.0, True), (1e9, False)])
def test_likeness_to_photos_that_the_model_does_not_know_is_said_to_be_in_doubt(
    loss: float,
    in_doubt: bool,
    model_folder: Path,
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Crayon's judge, which knows only drawings, was asked about photographs without a word."""
    folder = tmp_path / "drawings-only"
    shutil.copytree(model_folder, folder)
    (folder / "familiar.json").write_text(json.dumps({"loss": loss}), encoding="utf-8")
    answer = ask_here(
        capsys,
        *("draw", "--base-model", str(folder), "--prompt", "a dog", "--steps", "2", "--json"),
        *("--photos", str(photos), "--output", str(tmp_path / "out")),
    )
    assert answer.exit_code == 0, answer.errors
    assert _last(answer.records)["likeness_in_doubt"] is in_doubt
    assert ("says little" in answer.errors) is in_doubt


def test_a_run_that_fails_ends_with_its_sentence(
    training: list[str], model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vae = model_folder / "vae" / "diffusion_pytorch_model.safetensors"
    whole = vae.read_bytes()
    try:
        vae.write_bytes(whole[:1000])
        answer = ask(*training)
    finally:
        vae.write_bytes(whole)
    assert answer.exit_code == 1
    assert answer.errors.splitlines()[-1].endswith(".")
    assert "damaged" in answer.errors
    assert "Traceback" not in answer.errors
    repaired = ask_here(capsys, *training)
    assert repaired.exit_code == 0, repaired.errors


def test_doctor_tells_what_it_finds(tmp_path: Path) -> None:
    answer = ask("doctor", "--json", PETNAME_ASSETS_DIR=str(tmp_path))
    assert answer.exit_code == 1
    found = {record.get("name"): record for record in answer.records}
    assert {"python", "torch", "memory", "device", "data folder", "model crayon"} <= set(found)
    assert _last(answer.records)["broken"] == ["model crayon"]
    assert found["PETNAME_PASSPHRASE"]["value"] == "not set"
    assert found["PETNAME_LOG_LEVEL"]["value"] == "ERROR"
    assert not {"PETNAME_ON_SPACE", "PETNAME_SPACE_HOST"} & set(found)  # nothing reads them
    wrong = ask("doctor", PETNAME_PORT="http", PETNAME_PASSPHRASE="hunter2")
    assert wrong.exit_code == 1
    assert "PETNAME_PORT" in wrong.output
    assert "hunter2" not in wrong.output + wrong.errors


def test_doctor_does_not_call_a_graphics_card_that_torch_cannot_use_fine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = MachineFacts(8 * 10**9, gpu_name="RTX 3070")
    monkeypatch.setattr(doctor, "machine_facts", lambda: facts)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    answer = ask_here(capsys, "doctor", "--json")
    assert answer.exit_code == 1
    assert "device" in _last(answer.records)["broken"]
    (device,) = (one for one in answer.records if one.get("name") == "device")
    assert "RTX 3070" in device["value"]


def test_doctor_finds_a_data_folder_where_serve_would_refuse_to_keep_its_index(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "kind_of", lambda _folder: "nfs4")
    answer = ask_here(capsys, "doctor", "--json")
    assert answer.exit_code == 1
    assert "file system" in _last(answer.records)["broken"]


def test_a_name_of_another_alphabet_is_told_to_a_pipe_that_cannot_write_it(tmp_path: Path) -> None:
    file = tmp_path / "Łapka.safetensors"
    save_file({"emb_params": np.ones((2, 768), np.float32)}, file)
    for arguments in (["inspect"], ["inspect", "--json"]):
        answer = ask(*arguments, str(file), PYTHONIOENCODING="ascii")
        assert answer.exit_code == 0, answer.errors
        assert "\\u0141apka" in answer.output


def test_serve_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    process = start(
        *("serve", "--port", "0", "--data-dir", str(tmp_path / "data")),
        PETNAME_ALLOW_ANY_DATA_DIR="1",
    )
    assert process.stdout is not None
    line = next((line for line in process.stdout if "http" in line), "")
    assert re.search(r"http://127\.0\.0\.1:\d+/", line), process.stderr
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0


def test_serve_tells_a_program_where_the_page_is(tmp_path: Path) -> None:
    """`--json` was taken and did nothing."""
    process = start(
        *("serve", "--port", "0", "--data-dir", str(tmp_path / "data"), "--json"),
        PETNAME_ALLOW_ANY_DATA_DIR="1",
    )
    assert process.stdout is not None
    record = json.loads(process.stdout.readline())
    assert record["type"] == "ready"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", record["url"])
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0


def test_a_notice_of_a_training_is_a_sentence() -> None:
    """The terminal got its code and its blanks."""
    event = Noticed(attempt=1, at="", code="notice.ran_away", details={"step": 40, "back_to": 20})
    sentence = train._sentence(event, RunLayout(Path()))
    assert sentence == "  note: The learning ran away at step 40. It goes on, slower, from step 20."


def test_the_shipped_model_draws(tmp_path: Path) -> None:
    if not has_real_crayon():
        pytest.skip("assets/crayon is not there")
    answer = ask(
        *("draw", "--prompt", "a photo of a white dog", "--steps", "4", "--json"),
        *("--output", str(tmp_path)),
        PETNAME_ASSETS_DIR=str(REAL_ASSETS),
    )
    assert answer.exit_code == 0, answer.errors
    (path,) = _last(answer.records)["pictures"]
    with Image.open(path) as image:
        assert image.size == (128, 128)


def test_class_words_are_suggested_by_the_models_own_encoder(
    model_folder: Path, photos: Path
) -> None:
    asked = ["suggest", "--photos", str(photos), "--base-model", str(model_folder), "--json"]
    answer = ask(*asked)
    assert answer.exit_code == 0, answer.errors
    assert len(_last(answer.records)["class_words"]) == 5


def test_class_words_are_not_looked_for_by_loading_a_model_that_is_not_asked(
    photos: Path, tmp_path: Path
) -> None:
    """Of Stable Diffusion everything was downloaded, and then CLIP alone was used."""
    asked = ["suggest", "--photos", str(photos), "--base-model", "sd15"]
    answer = ask(*asked, HF_HUB_CACHE=str(tmp_path / "empty"))
    assert answer.exit_code == 2
    assert "no image encoder" in answer.errors
