"""``publish`` on the command line: exit codes, JSON, dry runs, and the token nowhere."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from publishing_makers import SECRET_PLACE, Bench, make_result, photo, vectors_of
from safetensors.numpy import load_file, save_file

from tests.hub_stand_in import READ_TOKEN, TOKEN, HubStandIn, Repository
from tests.hub_stand_in import Answer as HubAnswer
from textinv_app.cli import main
from textinv_app.formats.converting import convert_file
from textinv_app.formats.inspecting import inspect

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    """What the command wrote and how it ended."""

    exit_code: int
    output: str
    errors: str

    @property
    def last(self) -> dict[str, Any]:
        """The last JSON line."""
        record: dict[str, Any] = json.loads(self.output.splitlines()[-1])
        return record


def ask(hub: HubStandIn, home: Path, *arguments: str, token: str = TOKEN) -> Answer:
    """Run ``publish`` in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment = {**kept, **hub.environment, "HF_HOME": str(home), "PETNAME_LOG_LEVEL": "DEBUG"}
    if token:
        environment["HF_TOKEN"] = token
    done = subprocess.run(
        [sys.executable, "-m", "textinv_app", "publish", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        cwd=REPOSITORY,
        env=environment,
        timeout=120,
        check=False,
    )
    assert not token or token not in done.stdout + done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)


def test_publish_and_publish_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = bench.hub
    path, _ = make_result(bench.root / "result")
    arguments = (str(path), "--repo", "rexdog", "--json")
    first = ask(hub, bench.root, *arguments)
    assert first.exit_code == 0, first.errors
    assert first.last["url"] == f"{hub.url}/anna/rexdog"
    assert first.last["private"] is True
    assert first.last["photos"] == 0
    repository = hub.repositories["anna/rexdog"]
    assert repository.private
    assert sorted(first.last["files"]) == sorted(set(repository.files) - {".gitattributes"})
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["publish", *arguments]) == 2
    assert len(repository.commits) == 2
    path.with_name("manifest.json").unlink()
    assert main(["publish", *arguments, "--update"]) == 0
    assert len(repository.commits) == 3


def test_public_and_photos_only_where_they_were_asked_for(hub: HubStandIn, tmp_path: Path) -> None:
    path, _ = make_result(tmp_path / "result")
    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in range(2):
        taken = photo(photos / f"IMG_{seed}.png", seed)
        with Image.open(taken) as picture:
            # Large enough for the intake.
            picture.resize((300, 240)).save(taken)
    given = ("--public", "--photos", str(photos))
    answer = ask(hub, tmp_path, str(path), "--repo", "pet-friends/rex", *given)
    assert answer.exit_code == 0, answer.errors
    assert "everybody can see it; 2 photos included" in answer.output
    repository = hub.repositories["pet-friends/rex"]
    assert not repository.private
    assert [name for name in repository.files if name.startswith("concept_images/")] == [
        "concept_images/0.jpeg",
        "concept_images/1.jpeg",
    ]
    assert SECRET_PLACE.encode() not in b"".join(repository.files.values())


def test_a_dry_run_writes_a_folder_and_asks_nobody(hub: HubStandIn, tmp_path: Path) -> None:
    """Without a token, a network or a login."""
    path, _ = make_result(tmp_path / "result", method="lora")
    output = tmp_path / "out"
    answer = ask(
        hub, tmp_path, str(path), "--repo", "rex", "--dry-run", "--output", str(output), "--json",
        token="",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.errors
    assert answer.last["dry_run"] is True
    assert (
        sorted(p.relative_to(output).as_posix() for p in output.rglob("*") if p.is_file())
        == (answer.last["files"])
    )
    assert (output / "rexdog.safetensors").read_bytes() == path.read_bytes()
    assert not hub.calls


def test_a_file_alone_is_enough_for_a_card(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without its manifest: its metadata tell what the card says."""
    path, _ = make_result(bench.root / "result")
    path.with_name("manifest.json").unlink()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert main(["publish", str(path), "--repo", "rex"]) == 0
    card = bench.hub.repositories["anna/rex"].files["README.md"].decode()
    assert "base_model: stable-diffusion-v1-5/stable-diffusion-v1-5" in card
    assert "license: creativeml-openrail-m" in card
    assert "# Rex" in card
    assert "| Steps | 300 |" in card
    assert "None" not in card


def test_a_file_from_elsewhere_is_not_said_to_be_taught_here(tmp_path: Path) -> None:
    """The steps that another program has noted made the card say so."""
    path = tmp_path / "fluffy.safetensors"
    save_file({"emb_params": vectors_of("sd1")["text_encoder"]}, path, {"ss_steps": "100"})
    card = laid_out(path, tmp_path / "out")
    assert "taught with Petname" not in card
    assert "| Steps |" not in card


def test_a_file_from_elsewhere_is_published_in_the_form_every_program_takes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bench.root / "fluffy.safetensors"
    vectors = vectors_of("sd1")["text_encoder"]
    save_file({"<fluffy>": vectors}, path)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert main(["publish", str(path), "--repo", "fluffy"]) == 0
    folder = bench.download("anna/fluffy")
    assert list(load_file(folder / "fluffy.safetensors")) == ["emb_params"]
    assert list(load_file(folder / "learned_embeds.safetensors")) == ["fluffy"]


def laid_out(path: Path, output: Path) -> str:
    """Lay out what would be published of a file and return the card."""
    given = ("--repo", "rex", "--dry-run", "--output", str(output))
    assert main(["publish", str(path), *given]) == 0
    return (output / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("method", ["embedding", "lora"])
@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_a_file_of_ones_own_in_the_spelling_of_diffusers_is_published_in_that_of_all(
    tmp_path: Path, method: str, family: str
) -> None:
    """It went up as it was, under a card that says ComfyUI can load it."""
    path, _ = make_result(tmp_path / "result", method=method, family=family)
    first, *_ = convert_file(path, tmp_path / "spelled", "diffusers")
    card = laid_out(first, tmp_path / "out")
    sent, own = load_file(tmp_path / "out" / "rexdog.safetensors"), load_file(path)
    assert sent.keys() == own.keys()
    assert all(np.array_equal(sent[key], own[key]) for key in own)
    assert not (tmp_path / "out" / "pytorch_lora_weights.safetensors").exists()
    assert "`rexdog.safetensors` into `models/" in card


@pytest.mark.parametrize("method", ["embedding", "lora"])
def test_a_renamed_file_is_published_with_a_card_that_is_true(tmp_path: Path, method: str) -> None:
    """An embedding's word is the name of its file, and the card and the file named another one."""
    path, _ = make_result(tmp_path / "result", method=method)
    renamed = path.rename(path.with_name("holiday.safetensors"))
    card = laid_out(renamed, tmp_path / "out")
    (file,) = (p for p in (tmp_path / "out").glob("*.safetensors") if "learned" not in p.name)
    assert f"`{file.name}` into `models/" in card
    word = "holiday" if method == "embedding" else "rexdog"
    assert f"Write `{word}" in card
    assert file.stem == "holiday"
    assert inspect(file).metadata["modelspec.trigger_phrase"] == word


def test_half_a_pair_is_published_as_half_a_pair(tmp_path: Path) -> None:
    """Its card asked for a class word that the LoRA has never met, and named no other file."""
    told = {"companion": "rexdog", "file_stem": "rexdog-lora"}
    path, _ = make_result(tmp_path / "result", method="lora", facts=told)
    path.with_name("manifest.json").unlink()
    half = path.rename(path.with_name("rexdog-lora.safetensors"))
    spelled, *_ = convert_file(half, tmp_path / "spelled", "diffusers")
    for number, file in enumerate((half, spelled)):
        card = laid_out(file, tmp_path / f"out-{number}")
        assert (tmp_path / f"out-{number}" / half.name).is_file()
        assert "trained together with `rexdog.safetensors` and is little without it" in card
        assert "rexdog dog" not in card


@pytest.mark.parametrize(
    ("arguments", "token", "said"),
    [
        (("--repo", "my pet"), TOKEN, "How about my-pet?"),
        (("--repo", "rex", "--dry-run"), TOKEN, "--output"),
        (("--repo", "rex", "--output", "x"), TOKEN, "--dry-run"),
        (("--repo", "rex"), "", "token"),
        (("--repo", "rex"), "hf_ü and spaces", "token"),
        (("--repo", "rex"), READ_TOKEN, "may not write"),
        (("--repo", "public"), TOKEN, "is public"),
    ],
)
def test_bad_input_is_two(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    token: str,
    said: str,
) -> None:
    bench.hub.repositories["anna/public"] = Repository(private=False)
    path, _ = make_result(bench.root / "result")
    monkeypatch.setenv("HF_TOKEN", token)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["publish", str(path), *arguments]) == 2
    errors = capsys.readouterr().err
    assert said in errors
    assert len(errors.splitlines()) == 1
    assert not token or token not in errors
    assert list(bench.hub.repositories) == ["anna/public"]


def test_a_missing_file_is_two_and_a_silent_hub_is_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = make_result(bench.root / "result")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert main(["publish", str(path.with_name("none.safetensors")), "--repo", "rex"]) == 2
    bench.hub.fail("", HubAnswer(None))
    assert main(["publish", str(path), "--repo", "rex"]) == 1
    assert "could not be reached" in capsys.readouterr().err
