"""Files from elsewhere: taken in, given a word of their own, moved between the two prompts."""

from __future__ import annotations

import logging
import re
import shutil
import unicodedata
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from textinv_app.domain.concept import ConceptKind, Method
from textinv_app.domain.hub import USUAL_MODELS
from textinv_app.domain.manifest import ResultManifest
from textinv_app.domain.words import check_word
from textinv_app.errors import BadInput, FileRefused, WordRefused
from textinv_app.formats.bundles import bundled_names
from textinv_app.formats.foreign.converting import as_safetensors
from textinv_app.formats.header import read_header
from textinv_app.formats.importing import import_bundled, import_file, mark_negative
from textinv_app.formats.inspecting import Inspection, inspect, without_copy_number
from textinv_app.formats.metadata import class_word_of, companion_of, model_source
from textinv_app.library.api import ReceivedFile
from textinv_app.library.artifact_rows import ArtifactRow
from textinv_app.library.folders import (
    DataFolder,
    new_folders,
    new_identifier,
    now_text,
    write_owner,
)
from textinv_app.library.names import MAX_NAME_CHARACTERS
from textinv_app.library.removing import Tables
from textinv_app.library.space import SpaceKeeper
from textinv_app.runs.atomic import atomic_write_text, publish_directory, temporary_beside

logger = logging.getLogger(__name__)

MAX_BUNDLED = 8
"""Embeddings taken from one LoRA file; those in circulation hold one or two."""
# Rules for new words that a word which is already in use elsewhere need not keep.
_FORGIVEN = frozenset(
    {"word.ending", "word.too_short", "word.start", "word.double_underscore", "word.ordinary"}
)
# The stem of a LoRA stands in no prompt but as a name in brackets, and cannot be mixed up there.
_FORGIVEN_OF_LORAS = _FORGIVEN | {"word.overlaps"}


@dataclass(frozen=True)
class _Prepared:
    """An imported file, whole but not yet in its place."""

    folder: Path
    final: Path
    row: ArtifactRow


class Imports:
    """What the library does with files from elsewhere."""

    def __init__(self, tables: Tables, data: DataFolder, space: SpaceKeeper) -> None:
        self._tables = tables
        self._data = data
        self._space = space

    def take_in(self, owner: str, file: ReceivedFile) -> str:
        """Import a file and return its id; it is removed from where it lies.

        Embeddings that come inside a LoRA become files of their own. Raises ``FileRefused`` and
        ``QuotaReached``.
        """
        try:
            self._space.refuse_if_full(owner, file.path.stat().st_size)
            with as_safetensors(file.path) as readable, ExitStack() as cleanup:
                prepared = self._prepare(owner, readable.path, file.display_name, cleanup)
                self._publish(owner, prepared)
            return prepared[-1].row.artifact_id
        finally:
            file.path.unlink(missing_ok=True)

    def use_as_negative(self, artifact: ArtifactRow, negative: bool) -> None:
        """Say of an imported embedding whether it belongs into the negative prompt.

        The file itself says so afterwards too. Raises ``BadInput`` for any other file.
        """
        manifest = artifact.manifest
        if not artifact.imported or manifest.method != "embedding":
            raise BadInput(
                "artifact.not_switchable",
                "Only an embedding from elsewhere can be moved between the two prompts.",
            )
        folder = self._data.imported(artifact.artifact_id)
        written = mark_negative(folder / manifest.file_name, negative)
        changed = manifest.model_copy(
            update={
                "kind": _kind(written),
                "size_bytes": written.size_bytes,
                "sha256": written.sha256,
            }
        )
        atomic_write_text(folder / "manifest.json", changed.model_dump_json(indent=1))
        self._tables.artifacts.change_manifest(artifact.artifact_id, changed)

    def _prepare(
        self, owner: str, source: Path, display_name: str, cleanup: ExitStack
    ) -> list[_Prepared]:
        """Write the new files into temporary folders, the one that was sent last."""
        name = safe_stem(display_name)
        told = inspect(source, name)
        if told.kind == "embedding":
            stem = _free_stem(told.trigger_word, self._words(owner))
        else:
            stem = _free_stem(told.file_stem(name), self._lora_stems(owner), _FORGIVEN_OF_LORAS)
        folder, final = self._new_folder(cleanup)
        found = import_file(source, folder / f"{stem}.safetensors", name)
        manifest = _manifest(found, stem, _shown_name(display_name, stem))
        main = self._finish(owner, folder, final, manifest)
        if found.kind == "embedding":
            return [main]
        return [*self._prepare_bundled(owner, source, cleanup), main]

    def _prepare_bundled(self, owner: str, source: Path, cleanup: ExitStack) -> list[_Prepared]:
        prepared = []
        taken = self._words(owner)
        for name in bundled_names(read_header(source))[:MAX_BUNDLED]:
            word = _free_stem(safe_stem(name), taken)
            folder, final = self._new_folder(cleanup)
            try:
                found = import_bundled(source, name, folder / f"{word}.safetensors")
            except FileRefused as refused:
                logger.warning("an embedding inside a LoRA was left out: %s", refused.code)
                continue
            taken.add(word)
            manifest = _manifest(found, word, _shown_name(name, word))
            prepared.append(self._finish(owner, folder, final, manifest))
        return prepared

    def _new_folder(self, cleanup: ExitStack) -> tuple[Path, Path]:
        final = self._data.imported(new_identifier())
        folder = temporary_beside(final)
        folder.mkdir()
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder, final

    def _finish(self, owner: str, folder: Path, final: Path, manifest: ResultManifest) -> _Prepared:
        write_owner(folder, owner)
        atomic_write_text(folder / "manifest.json", manifest.model_dump_json(indent=1))
        row = ArtifactRow(
            artifact_id=final.name,
            owner_id=owner,
            concept_id="",
            run_id="",
            name=manifest.concept_name,
            manifest=manifest,
            created_at=manifest.created_at,
        )
        return _Prepared(folder, final, row)

    def _publish(self, owner: str, prepared: list[_Prepared]) -> None:
        finals = [one.final for one in prepared]
        with new_folders(finals), self._tables.store.transaction():
            self._tables.owners.note(owner)
            for one in prepared:
                self._tables.artifacts.add(one.row)
                publish_directory(one.folder, one.final)

    def _words(self, owner: str) -> set[str]:
        """Return the words that no other embedding may have.

        A LoRA may go by the word of an embedding, as the two files of one pet do.
        """
        words = {one.placeholder_token for one in self._manifests(owner, "embedding")}
        words |= {c.placeholder_token for c in self._tables.concepts.of_owner(owner)}
        return words - {""}

    def _lora_stems(self, owner: str) -> set[str]:
        return {Path(one.file_name).stem for one in self._manifests(owner, "lora")}

    def _manifests(self, owner: str, method: Method) -> list[ResultManifest]:
        manifests = [one.manifest for one in self._tables.artifacts.of_owner(owner)]
        return [one for one in manifests if one.method == method]


def safe_stem(display_name: str) -> str:
    """Return a sender's name of a file without its ending, with letters fit for a file name."""
    stem = without_copy_number(display_name.rsplit(".", 1)[0])
    return re.sub(r"[^A-Za-z0-9_-]", "", stem)[:41] or "imported"


def _free_stem(told: str, taken: set[str], forgiven: frozenset[str] = _FORGIVEN) -> str:
    """Return the stem of an imported file, changed where it is not a word or is taken."""
    word = re.sub(r"[^a-z0-9_-]", "", told.lower())[:41]
    try:
        check_word(word, taken, forgiven=forgiven)
    except WordRefused as refused:
        return str(refused.details["suggestion"])
    return word


def _kind(found: Inspection) -> ConceptKind:
    if found.is_negative:
        return "negative"
    # A file that was once made with Petname says what it stands for.
    return "style" if found.metadata.get("petname.kind") == "style" else "subject"


def _manifest(found: Inspection, stem: str, shown_name: str) -> ResultManifest:
    return ResultManifest(
        file_name=f"{stem}.safetensors",
        method=found.kind,
        family=found.family,
        model_id=USUAL_MODELS[found.family],
        model_source=model_source(found.metadata),
        placeholder_token=found.trigger_word,
        kind=_kind(found),
        concept_name=shown_name,
        class_word=class_word_of(found.metadata),
        half_of=companion_of(found.metadata),
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        created_at=now_text(),
    )


def _shown_name(display_name: str, word: str) -> str:
    """Return the sender's file name as a shown name, with only what a name may hold."""
    stem = display_name.rsplit(".", 1)[0].replace("_", " ")
    kept = "".join(
        letter if letter in " -'" or unicodedata.category(letter)[0] in "LMN" else " "
        for letter in unicodedata.normalize("NFKC", stem)
    )
    return " ".join(kept.split())[:MAX_NAME_CHARACTERS].strip() or word
