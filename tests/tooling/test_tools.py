"""The tools that hold the code together run as tests, so that one command checks everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

COMMANDS = {
    "format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "lint": [sys.executable, "-m", "ruff", "check", "."],
    "types": [sys.executable, "-m", "mypy"],
    "imports": [str(Path(sys.executable).parent / "lint-imports")],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_tool_is_content(name: str) -> None:
    """Formatting, lint, strict types and the arrows between the rooms hold."""
    finished = subprocess.run(
        COMMANDS[name], cwd=REPOSITORY, capture_output=True, text=True, timeout=280, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_importing_the_app_leaves_torch_unloaded() -> None:
    """The web host must stay small: nothing it imports may pull in torch or its friends."""
    code = (
        "import sys, textinv_app.web.app, textinv_app.library.service, textinv_app.ui.build\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'peft', 'accelerate'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr


def test_no_unsafe_loading_in_the_code() -> None:
    """Pickles are never loaded with full powers, and no hub code is ever executed."""
    forbidden = ("weights_only=False", "trust_remote_code", "allow_pickle=True", "pickle.load(")
    offenders = [
        f"{path.relative_to(REPOSITORY)}: {text}"
        for path in (REPOSITORY / "textinv_app").rglob("*.py")
        for text in forbidden
        if text in path.read_text(encoding="utf-8")
    ]
    assert offenders == []
