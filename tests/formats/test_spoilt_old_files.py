"""Old files and pictures spoilt at random: read or refused, but never anything else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from import_corpus import TAKEN

REPOSITORY = Path(__file__).resolve().parents[2]
SPOILT_COPIES = 250

_PROGRAM = f"""
import random, sys
from textinv_app.errors import FileRefused
from textinv_app.formats.foreign import confinement, limits
from textinv_app.formats.foreign.child import choose_reader
from textinv_app.formats.foreign.gathering import gather

kind, path = sys.argv[1:]
limits.CHILD_SECONDS = 120
data = open(path, "rb").read()
read, _ = choose_reader(kind)
confinement.confine(None)
chance = random.Random(7)
verdicts = {{"taken": 0, "refused": 0}}
for _ in range({SPOILT_COPIES}):
    spoilt = bytearray(data)
    for _ in range(chance.randint(1, 5)):
        # Most of a file is numbers; what is before and behind them says how to read it.
        near = chance.choice((len(data), 300, 1200))
        at = chance.randrange(min(near, len(data)))
        at = chance.choice((at, len(data) - 1 - at))
        spoilt[at] = chance.choice((chance.randrange(256), spoilt[at] ^ 1, 0, 255))
    if chance.random() < 0.1:
        del spoilt[chance.randrange(len(spoilt)):]
    try:
        gather(read(bytes(spoilt)))
        verdicts["taken"] += 1
    except (FileRefused, MemoryError):
        verdicts["refused"] += 1
print(verdicts["taken"] + verdicts["refused"], verdicts["refused"] > 0)
"""


@pytest.mark.parametrize(
    ("kind", "file_name"),
    [
        ("pickle", "dict-old.pt"),
        ("pickle", "legacy-dict.pt"),
        ("picture", "packed-text.png"),
        ("picture", "pixels.webp"),
    ],
)
def test_a_spoilt_file_is_read_or_refused(tmp_path: Path, kind: str, file_name: str) -> None:
    next(case for case in TAKEN if case.file_name == file_name).make(tmp_path / file_name)
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM, kind, str(tmp_path / file_name)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(REPOSITORY), "OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    assert ended.stdout == f"{SPOILT_COPIES} True\n", ended.stderr[-2000:]
