"""The import corpus: the right verdict for every file, within the limits, and no program is run."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from import_corpus import (
    CASES,
    MARKER,
    REFUSED,
    TAKEN,
    Case,
    hide_in_pixels,
    judge,
    vectors,
)
from PIL import Image

from textinv_app.errors import FileRefused
from textinv_app.formats.embedding import read_embedding
from textinv_app.formats.foreign import limits
from textinv_app.formats.importing import import_file
from textinv_app.formats.inspecting import inspect_any


def _ids(cases: tuple[Case, ...]) -> list[str]:
    return [case.file_name for case in cases]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with room for what is written."""
    (tmp_path / "out").mkdir()
    return tmp_path


@pytest.mark.parametrize("case", TAKEN, ids=_ids(TAKEN))
def test_a_file_that_people_have_is_taken(folder: Path, case: Case) -> None:
    case.make(folder / case.file_name)
    verdict = judge(folder / case.file_name, folder / "out" / "rexdog.safetensors")
    assert verdict.refused is None
    found = verdict.found
    assert found is not None
    size = found.num_vectors if found.kind == "embedding" else found.module_count
    assert (found.kind, found.family, size) == (case.kind, case.family, case.size)
    assert found.is_negative == case.is_negative
    if found.kind == "embedding":
        read = read_embedding(folder / "out" / "rexdog.safetensors").vectors
        for array in read.values():
            # Half precision holds the vectors of the corpus exactly, bfloat16 nearly.
            expected = vectors(array.shape[1], max(case.size, 2))[: case.size]
            if "sliced" in case.file_name:
                expected = vectors(768, 9)[3:5]
            elif case.size == 1:
                count = 2 if case.file_name.endswith(".bin") else 1
                expected = vectors(array.shape[1], count)[:1]
            elif "turned" in case.file_name:
                expected = vectors(2, 768).T
            assert np.allclose(array, expected, rtol=1e-2, atol=1e-6)
    _check_child(verdict.child, folder)


@pytest.mark.parametrize("case", REFUSED, ids=_ids(REFUSED))
def test_a_file_that_cannot_be_used_is_refused_by_its_name(folder: Path, case: Case) -> None:
    case.make(folder / case.file_name)
    verdict = judge(folder / case.file_name, folder / "out" / "rexdog.safetensors")
    assert verdict.refused is not None
    assert verdict.refused.code in case.code.split("|")
    assert str(verdict.refused).endswith(".")
    assert "…" not in str(verdict.refused)
    assert not (folder / "out" / "rexdog.safetensors").exists()
    _check_child(verdict.child, folder)


def _check_child(child: object, folder: Path) -> None:
    """Nothing was run, nothing written elsewhere, and the child stayed within its limits."""
    assert not list(folder.parent.rglob(MARKER))
    peak = getattr(child, "peak_memory_bytes", 0)
    assert peak <= limits.CHILD_MEMORY_BYTES == 600_000_000
    seconds = getattr(child, "seconds", 0.0)
    # The child's own clock begins after it has started.
    assert seconds <= limits.CHILD_SECONDS + 5


def test_the_corpus_is_large_and_names_no_file_twice() -> None:
    assert len(CASES) >= 60
    assert len(set(_ids(CASES))) == len(CASES)


@pytest.mark.parametrize(
    "case", [case for case in TAKEN if case.word], ids=lambda case: case.file_name
)
def test_the_word_comes_from_inside_where_the_name_says_nothing(folder: Path, case: Case) -> None:
    """diffusers calls every file learned_embeds; pictures bring their word along."""
    case.make(folder / case.file_name)
    assert inspect_any(folder / case.file_name).trigger_word == case.word


def test_importing_goes_through_the_child_by_itself(folder: Path) -> None:
    case = next(case for case in TAKEN if case.file_name == "dict-old.pt")
    case.make(folder / case.file_name)
    assert inspect_any(folder / case.file_name).container == "pickle"
    found = import_file(folder / case.file_name, folder / "out" / "rexdog.safetensors")
    assert (found.container, found.trigger_word) == ("safetensors", "rexdog")
    assert found.metadata["ss_steps"] == "500"
    assert "rexdog" in found.metadata["modelspec.usage_hint"]
    assert "inside" not in str(found.metadata)


def test_a_damaged_child_answer_is_a_refusal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that was taken over could say anything: it is believed in nothing."""
    from textinv_app.formats.foreign import converting

    monkeypatch.setattr(converting, "_CHILD", "tests.formats.lying_child")
    (folder / "x.pt").write_bytes(b"\x80\x02.")
    with pytest.raises(FileRefused) as caught:
        inspect_any(folder / "x.pt")
    assert caught.value.code == "file.reader_crashed"


def test_the_first_numbers_of_the_generator_are_those_of_the_format() -> None:
    """Checked against a slow reading of the rule, so that pictures of others can be read."""
    from textinv_app.formats.foreign.pictures import _noise

    state, expected = 0, []
    for _ in range(300):
        state = (1_664_525 * state + 1_013_904_223) % 2**32
        expected.append(state % 255 & 0x0F)
    assert _noise(300).tolist() == expected
    assert expected[:4] == [253 & 15, 242 & 15, 127 & 15, 44 & 15]


def test_a_picture_with_a_black_border_is_read_all_the_same(folder: Path) -> None:
    import json
    import zlib

    table = {"string_to_param": {"*": {"TORCHTENSOR": vectors().tolist()}}}
    picture = hide_in_pixels(zlib.compress(json.dumps(table).encode()))
    framed = Image.new("RGB", (picture.width + 20, picture.height + 20))
    framed.paste(picture, (10, 10))
    framed.save(folder / "framed.png")
    assert inspect_any(folder / "framed.png").num_vectors == 2


def test_no_other_place_opens_a_pickle() -> None:
    """torch's loader and pickle's own are wide open; numpy's can be made so."""
    import re

    package = Path(import_module("textinv_app").__file__ or "").parent
    forbidden = re.compile(
        r"pickle\.loads?\(|weights_only=False|allow_pickle=True|(?<!safetensors\.)torch\.load\("
    )
    for path in package.rglob("*.py"):
        if path.parent.name == "crayon":
            continue  # reads nothing but what it has written itself
        text = path.read_text(encoding="utf-8")
        assert not forbidden.search(text), path
        assert "import pickle" not in text or path.name == "pickled.py", path
