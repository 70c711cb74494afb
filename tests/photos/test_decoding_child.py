"""A child that dies, hangs or is starved takes one file with it and nothing else."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from drawn_photos import draw_animal
from PIL import Image

from textinv_app.errors import StorageFailed
from textinv_app.photos.decoder import Decoded, Decoder, NotDecoded
from textinv_app.photos.intake import take_in_all
from textinv_app.runs.atomic import TEMPORARY_PREFIX

FAILING_CHILD = (sys.executable, str(Path(__file__).with_name("failing_child.py")))
ROOT = Path(__file__).resolve().parents[2]


def photo_file(folder: Path, name: str, extra: bytes = b"") -> tuple[Path, str]:
    buffer = io.BytesIO()
    draw_animal(seed=len(name)).save(buffer, "JPEG")
    path = folder / name
    path.write_bytes(buffer.getvalue() + extra)
    return path, name


@pytest.mark.parametrize(
    ("marker", "code"),
    [
        (b"KILL-ME", "photo.crashed"),
        (b"BUG", "photo.crashed"),
        (b"CHATTER", "photo.crashed"),
        (b"HANG", "photo.took_too_long"),
    ],
)
def test_one_fatal_file_harms_no_other(marker: bytes, code: str, tmp_path: Path) -> None:
    received = [
        photo_file(tmp_path, "before.jpg"),
        photo_file(tmp_path, "fatal.jpg", marker),
        photo_file(tmp_path, "after.jpg"),
        photo_file(tmp_path, "after too.jpg"),
    ]
    clean = tmp_path / "clean"
    # Long enough for a slow machine to start the child; only the file that hangs waits it out.
    seconds_per_photo = 10 if marker == b"HANG" else 120
    decoder = Decoder(seconds_per_photo, FAILING_CHILD)
    report = take_in_all(received, clean, decoder)
    assert [photo.display_name for photo in report.accepted] == [
        "before.jpg",
        "after.jpg",
        "after too.jpg",
    ]
    assert [(refused.code, refused.details["name"]) for refused in report.refused] == [
        (code, "fatal.jpg")
    ]
    assert len(list(clean.iterdir())) == 3
    assert decoder.process_id is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_a_file_that_runs_wild_is_ended_by_the_kernel(tmp_path: Path) -> None:
    path, _ = photo_file(tmp_path, "spin.jpg", b"SPIN")
    command = [*FAILING_CHILD]
    request = f'{{"source": "{path}", "destination": "{tmp_path / "x"}", "seconds": 1}}\n'
    result = subprocess.run(
        command, input=request.encode(), capture_output=True, timeout=60, cwd=ROOT, env=child_env()
    )
    assert result.returncode == -signal.SIGXCPU


def child_env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_a_file_that_wants_too_much_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    draw_animal(200, 200).resize((7000, 7000), Image.Resampling.NEAREST).convert("RGBA").save(
        path, compress_level=1
    )
    with Decoder(seconds_per_photo=60, command=FAILING_CHILD) as decoder:
        outcome = decoder.decode(path, tmp_path / "x")
        assert outcome == NotDecoded("photo.too_much_memory", {})
        small, _ = photo_file(tmp_path, "small.jpg")
        assert isinstance(decoder.decode(small, tmp_path / "y"), Decoded)


def test_a_child_killed_from_outside_is_replaced(tmp_path: Path) -> None:
    path, _ = photo_file(tmp_path, "a.jpg")
    with Decoder() as decoder:
        assert isinstance(decoder.decode(path, tmp_path / "x"), Decoded)
        first_child = decoder.process_id
        assert first_child is not None
        os.kill(first_child, signal.SIGKILL)
        os.waitid(os.P_PID, first_child, os.WEXITED | os.WNOWAIT)
        assert isinstance(decoder.decode(path, tmp_path / "y"), Decoded)
        assert decoder.process_id != first_child


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_the_child_sees_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_canarycanarycanary")
    path, _ = photo_file(tmp_path, "a.jpg")
    with Decoder() as decoder:
        decoder.decode(path, tmp_path / "x")
        environment = Path(f"/proc/{decoder.process_id}/environ").read_bytes()
    assert b"PYTHONPATH" in environment
    assert b"canary" not in environment
    assert b"HOME=" not in environment


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """It was said to be full."""
    (tmp_path / "clean").write_text("a file, not a folder", encoding="utf-8")
    with pytest.raises(StorageFailed) as caught:
        take_in_all([photo_file(tmp_path, "a.jpg")], tmp_path / "clean")
    assert caught.value.code == "storage.files"


def test_a_child_that_cannot_be_started_is_no_full_disk(tmp_path: Path) -> None:
    no_such_program = Decoder(command=(str(tmp_path / "python"),))
    with pytest.raises(StorageFailed) as caught:
        take_in_all([photo_file(tmp_path, "a.jpg")], tmp_path / "clean", no_such_program)
    assert caught.value.code == "storage.files"


def test_nothing_temporary_stays_and_the_received_files_are_untouched(tmp_path: Path) -> None:
    received = [photo_file(tmp_path, "a.jpg"), photo_file(tmp_path, "b.jpg", b"KILL-ME")]
    before = [path.read_bytes() for path, _ in received]
    take_in_all(received, tmp_path / "clean", Decoder(command=FAILING_CHILD))
    assert [path.read_bytes() for path, _ in received] == before
    assert not list(tmp_path.rglob(f"{TEMPORARY_PREFIX}*"))


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux only")
def test_bombs_cost_the_web_process_no_memory(tmp_path: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
from PIL import Image
from textinv_app.photos.intake import take_in_all
folder = Path(sys.argv[1])
take_in_all([], folder / "clean")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
report = take_in_all([(path, path.name) for path in folder.glob("*.png")], folder / "clean")
print(len(report.refused), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    for index, side in enumerate((13_000, 9_000, 7_500)):
        Image.new("L", (side, side)).save(tmp_path / f"{index}.png", compress_level=9)
    result = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        check=True,
        cwd=ROOT,
        timeout=120,
    )
    num_refused, grown_kilobytes = map(int, result.stdout.split())
    assert num_refused == 3
    assert grown_kilobytes < 30_000
