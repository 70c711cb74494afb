"""The README tells the truth: its Space header, its settings and its commands fit the program."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from importlib import metadata

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tests.server import REPOSITORY
from textinv_app import cli
from textinv_app.settings import FOUND, Settings

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
REQUIREMENTS = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
HEADER = dict(line.split(": ", 1) for line in README.split("---\n")[1].splitlines() if ": " in line)
NOT_FOR_PEOPLE = FOUND | {"allow_any_data_dir"}


def test_the_space_header_fits_the_requirements() -> None:
    """The Space installs the Gradio that everything was tried with, and starts the right file."""
    pinned = re.search(r"^gradio==(\S+)$", REQUIREMENTS, re.M)
    assert pinned
    assert HEADER["sdk"] == "gradio"
    assert HEADER["sdk_version"] == pinned.group(1)
    assert (REPOSITORY / HEADER["app_file"]).is_file()
    assert HEADER["license"] == "apache-2.0"
    assert len(HEADER["short_description"]) <= 60


def test_every_python_it_names_is_one_that_all_packages_can_be_installed_on() -> None:
    """It named Python 3.10, for which diffusers is no longer made."""
    said = re.search(r"Python (3\.\d+) to (3\.\d+)", README)
    assert said
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={said.group(1)}"
    names = re.findall(r"^([\w-]+)[=<>]", REQUIREMENTS, re.M)
    assert "diffusers" in names
    # An older Python gets older packages, which are not here to be asked.
    here = Version(f"{sys.version_info.major}.{sys.version_info.minor}")
    newer = [version for version in said.groups() if Version(version) >= here]
    for name in names:
        wanted = SpecifierSet(metadata.metadata(name)["Requires-Python"] or "")
        for version in newer:
            assert f"{version}.99" in wanted, f"{name} wants Python {wanted}"


def test_every_setting_is_explained_and_no_other() -> None:
    """The table names each variable once."""
    named = set(re.findall(r"`(PETNAME_[A-Z_]+)`", README))
    existing = {
        f"PETNAME_{field.upper()}" for field in Settings.model_fields if field not in NOT_FOR_PEOPLE
    }
    assert named == existing


def test_every_command_it_shows_is_one_and_none_is_left_out() -> None:
    """Each is read by the real parser: a name or an option that is none fails."""
    shown = re.findall(r"^python -m textinv_app (.+)$", README, re.M)
    for line in shown:
        cli._parser().parse_args(shlex.split(line))
    listed = re.findall(r"^    (\w+) {2,}\w", cli._parser().format_help(), re.M)
    assert {line.split()[0] for line in shown} == set(listed)


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    """What the README says passes the tests is what is run."""
    run = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    assert "-r requirements.txt -r tests/requirements.txt" in README
    assert "-r requirements.txt -r tests/requirements.txt" in run
    assert "python -m pytest -n 2 --dist loadfile\n" in README
    assert "python -m pytest -n 2 --dist loadfile\n" in run


def test_pictures_and_pages_it_points_to_exist() -> None:
    """No dead links to files of the project."""
    targets = re.findall(r"\]\((?!http|#)([^)]+)\)", README)
    missing = [target for target in targets if not (REPOSITORY / target).exists()]
    assert missing == []
