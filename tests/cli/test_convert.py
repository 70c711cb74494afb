"""``convert`` as a process: JSON, exit codes, one sentence for what cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import ask, ask_here
from tests.photo_makers import write_small_embedding
from textinv_app.formats.embedding import read_embedding


def test_convert_writes_the_form_that_is_asked_for(tmp_path: Path) -> None:
    source = write_small_embedding(tmp_path / "biscuitdog.safetensors")
    answer = ask("convert", str(source), str(tmp_path / "out"), "--to", "diffusers", "--json")
    assert answer.exit_code == 0, answer.errors
    (record,) = answer.records
    path = tmp_path / "out" / "learned_embeds.safetensors"
    assert record["program"] == "diffusers"
    assert record["files"] == [{"path": str(path), "size_bytes": path.stat().st_size}]
    expected = read_embedding(source).vectors["text_encoder"]
    assert np.array_equal(read_embedding(path).vectors["text_encoder"], expected)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing.safetensors", "out.safetensors", "--to", "a1111"), "There is no file"),
        (("{text}", "out.safetensors", "--to", "a1111"), "neither an embedding nor a LoRA"),
        (("{file}", "out.pt", "--to", "a1111"), "must end in .safetensors"),
        (("{file}", "{file}", "--to", "kohya"), "is there already"),
        (("{file}", "out.safetensors", "--to", "photoshop"), "Argument --to"),
        (("{file}", "out.safetensors"), "--to"),
    ],
)
def test_what_cannot_be_converted_is_said_in_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    file = write_small_embedding(tmp_path / "biscuitdog.safetensors")
    text = tmp_path / "text.txt"
    text.write_text("no embedding", encoding="utf-8")
    given = [one.format(file=file, text=text) for one in arguments]
    answer = ask_here(capsys, "convert", *given)
    assert answer.exit_code == 2
    assert said in answer.errors
    assert len(answer.errors.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "biscuitdog.safetensors",
        "text.txt",
    ]


def test_training_like_a_file_repeats_its_training(
    training: list[str],
    photos: Path,
    model_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from textinv_app.domain.specs import RunSpec

    rarer = ("--embedding-variant", "directional", "--min-snr-gamma", "5")
    first = ask(*training, "--seed", "11", "--mirror", "--kind", "style", *rarer)
    assert first.exit_code == 0, first.errors
    (artifact,) = first.records[-1]["artifacts"]
    # A folder of this machine is not in the file; all else is.
    again = ask(
        *("train", "--like", artifact, "--photos", str(photos)),
        *("--base-model", str(model_folder), "--output", str(tmp_path / "again"), "--json"),
    )
    assert again.exit_code == 0, again.errors
    specs: list[Any] = [
        RunSpec.model_validate_json((folder / "rexdog-embedding" / "spec.json").read_bytes())
        for folder in (tmp_path / "out", tmp_path / "again")
    ]
    assert specs[0].settings == specs[1].settings
    assert specs[0].model_copy(update={"created_at": ""}) == specs[1].model_copy(
        update={"created_at": ""}
    )
    (other,) = again.records[-1]["artifacts"]
    assert np.array_equal(
        read_embedding(Path(artifact)).vectors["text_encoder"],
        read_embedding(Path(other)).vectors["text_encoder"],
    )
    missing = ask_here(capsys, "train", "--like", "nowhere.safetensors", *training[1:])
    assert missing.exit_code == 2
    assert "cannot be read" in missing.errors


def test_without_a_file_to_be_like_the_word_is_needed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    answer = ask_here(capsys, "train", "--photos", str(tmp_path), "--output", str(tmp_path))
    assert answer.exit_code == 2
    assert "--word is needed" in answer.errors
