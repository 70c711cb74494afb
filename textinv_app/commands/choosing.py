"""From what was typed to models and files, with sentences for what cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textinv_app.domain.concept import ConceptKind, Method
from textinv_app.domain.drawing import WornArtifact
from textinv_app.domain.specs import BaseModelRef
from textinv_app.errors import BadInput, ModelUnavailable
from textinv_app.formats.inspecting import Inspection, inspect
from textinv_app.formats.metadata import class_word_of
from textinv_app.models.catalog import resolve
from textinv_app.settings import read_settings

_KINDS: dict[str, ConceptKind] = {"style": "style", "negative": "negative"}


@dataclass(frozen=True)
class GivenFile:
    """A file named on the command line and what is in it."""

    worn: WornArtifact
    class_word: str
    inspection: Inspection


def assets_dir() -> Path:
    """Return the folder of the built-in model; raises ``BadInput`` for a wrong setting."""
    # These commands store nothing in the data folder, so it does not matter where it lies.
    return read_settings(allow_any_data_dir=True).assets_dir


def choose_model(name: str) -> BaseModelRef:
    """Return the base model a person means; raises ``BadInput`` where there is none such."""
    try:
        return resolve(name, assets_dir())
    except ModelUnavailable as error:
        raise BadInput(error.code, error.sentence, **error.details) from error


def choose_file(path: Path, method: Method, strength: float = 1.0) -> GivenFile:
    """Look into a file; raises ``BadInput`` where it is missing or of another kind."""
    try:
        found = inspect(path)
    except OSError as error:
        sentence = f"The file {path} cannot be read ({error.strerror})."
        raise BadInput("file.missing", sentence) from error
    if found.kind != method:
        names = {"lora": "a LoRA", "embedding": "an embedding"}
        raise BadInput(
            "file.other_kind", f"{path.name} is {names[found.kind]}, not {names[method]}."
        )
    kind = _KINDS.get(found.metadata.get("petname.kind", ""), "subject")
    return GivenFile(
        worn=WornArtifact(
            path=str(path.resolve()),
            method=method,
            placeholder_token=found.trigger_word,
            kind="negative" if found.is_negative else kind,
            strength=strength,
        ),
        class_word=class_word_of(found.metadata),
        inspection=found,
    )


def split_strength(text: str) -> tuple[Path, float]:
    """Read ``FILE`` or ``FILE:STRENGTH``; raises ``BadInput`` for a strength out of range."""
    before, colon, after = text.rpartition(":")
    try:
        strength = float(after) if colon else 1.0
    except ValueError:
        return Path(text), 1.0  # a colon of the path itself, as in C:\loras
    if not 0 <= strength <= 2:
        raise BadInput("file.strength", f"The strength {after} must be between 0 and 2.")
    return Path(before if colon else text), strength


def output_folder(text: Path) -> Path:
    """Make the output folder and return it; raises ``BadInput`` where that cannot be."""
    try:
        text.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            "output.unusable", f"The output folder {text} cannot be made ({error.strerror})."
        ) from error
    return text.resolve()
