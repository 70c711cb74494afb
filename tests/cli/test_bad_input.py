"""What cannot be used ends with exit code 2 and one sentence, before anything is stored."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ask

_TRAIN = ("train", "--class-word", "dog", "--output", "OUT")
_DRAW = ("draw", "--output", "OUT")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "COMMAND"),
        (("paint",), "paint"),
        (("train",), "--photos"),
        ((*_TRAIN, "--photos", "NOWHERE", "--word", "rexdog"), "no folder"),
        ((*_TRAIN, "--photos", "EMPTY", "--word", "rexdog"), "no photos"),
        ((*_TRAIN, "--photos", "TEXTS", "--word", "rexdog", "--base-model", "MODEL"), "none"),
        ((*_TRAIN, "--photos", "PHOTOS", "--word", "Rex!"), "small letters"),
        ((*_TRAIN, "--photos", "PHOTOS", "--word", "dog"), "models know already"),
        ((*_TRAIN, "--photos", "PHOTOS", "--word", "rexdog", "--base-model", "nope"), "nope"),
        ((*_TRAIN, "--photos", "PHOTOS", "--word", "rexdog", "--preset", "fast"), "preset"),
        ((*_TRAIN, "--photos", "PHOTOS", "--word", "rexdog", "--max-steps", "0"), "max-steps"),
        (
            (
                *(*_TRAIN, "--photos", "PHOTOS", "--word", "badpics"),
                *("--kind", "negative", "--method", "both"),
            ),
            "embedding",
        ),
        ((*_DRAW,), "--prompt"),
        ((*_DRAW, "--prompt", "a dog", "--base-model", "EMPTY"), "no image model"),
        ((*_DRAW, "--prompt", "a dog", "--base-model", "MODEL", "--seed", "-1"), "seed"),
        ((*_DRAW, "--prompt", "a dog", "--base-model", "MODEL", "--embedding", "x.pt"), "x.pt"),
        ((*_DRAW, "--prompt", "a dog", "--base-model", "MODEL", "--lora", "x:9"), "strength"),
        ((*_DRAW, "--prompt", "a dog", "--base-model", "MODEL", "--num-images", "0"), "num-images"),
        ((*_DRAW, "--prompt", " ", "--base-model", "MODEL"), "prompt"),
        (("inspect", "NOWHERE"), "cannot be read"),
        (("inspect", "TEXTS/notes.txt"), "safetensors"),
        (("serve", "--port", "http"), "port"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    photos: Path,
    model_folder: Path,
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "notes.txt").write_text("no photo", encoding="utf-8")
    places = {
        "OUT": tmp_path / "out",
        "NOWHERE": tmp_path / "nowhere",
        "EMPTY": tmp_path / "empty",
        "TEXTS": tmp_path / "texts",
        "TEXTS/notes.txt": tmp_path / "texts" / "notes.txt",
        "PHOTOS": photos,
        "MODEL": model_folder,
    }
    answer = ask(*(str(places.get(argument, argument)) for argument in arguments))
    assert answer.exit_code == 2, answer.errors
    assert answer.output == ""
    (sentence,) = answer.errors.splitlines()
    assert said.lower() in sentence.lower()
    assert sentence.endswith((".", "?"))
    left = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert left == []


def test_light_commands_do_not_load_torch(tmp_path: Path) -> None:
    program = (
        "import sys; from textinv_app.cli import main; "
        f"code = main(['inspect', {str(tmp_path / 'nowhere')!r}]); "
        "sys.exit(10 if 'torch' in sys.modules else code)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 2
