"""``inspect`` reads every kind of file that can be brought in, and runs nothing in it."""

from __future__ import annotations

import base64
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from textinv_app.cli import main


def test_an_embedding_in_a_picture_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = np.random.default_rng(1).normal(0, 0.02, (4, 1024)).tolist()
    content = {"string_to_param": {"*": {"TORCHTENSOR": table}}, "name": "fluffycat"}
    info = PngImagePlugin.PngInfo()
    info.add_text("sd-ti-embedding", base64.b64encode(json.dumps(content).encode()).decode())
    path = tmp_path / "card.png"
    Image.new("RGB", (64, 64), (200, 120, 60)).save(path, pnginfo=info)
    assert main(["inspect", str(path), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["container"], record["trigger_word"]) == ("picture", "fluffycat")
    assert (record["family"], record["num_vectors"]) == ("sd2", 4)
    assert record["size_bytes"] == path.stat().st_size
    assert main(["inspect", str(path)]) == 0
    assert "inside a picture" in capsys.readouterr().out


class _Evil:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self.marker}'",)


def test_a_program_in_an_old_file_is_named_and_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rex.pt"
    path.write_bytes(pickle.dumps(_Evil(tmp_path / "marker"), protocol=2))
    assert main(["inspect", str(path)]) == 2
    said = capsys.readouterr().err
    assert "could run a program" in said
    assert ".system" in said
    assert not (tmp_path / "marker").exists()
