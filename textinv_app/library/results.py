"""Finished and imported files: their views, names, removal, and taking in one from elsewhere."""

from __future__ import annotations

import re
import shutil
import unicodedata
from pathlib import Path

from textinv_app.domain.concept import Family
from textinv_app.domain.manifest import ResultManifest
from textinv_app.domain.views import ArtifactView
from textinv_app.domain.words import check_word
from textinv_app.errors import WordRefused
from textinv_app.formats.importing import import_file
from textinv_app.formats.inspecting import Inspection, inspect
from textinv_app.formats.usage import UsedFile, usage_guides
from textinv_app.library.api import ReceivedFile, UsageText
from textinv_app.library.artifact_rows import ArtifactRow
from textinv_app.library.config import LibraryConfig
from textinv_app.library.folders import (
    DataFolder,
    new_identifier,
    not_found,
    now_text,
    write_owner,
    write_shown_name,
)
from textinv_app.library.links import LinkSigner
from textinv_app.library.names import MAX_NAME_CHARACTERS, clean_name
from textinv_app.library.removing import Remover, Tables
from textinv_app.library.space import SpaceKeeper
from textinv_app.runs.atomic import atomic_write_text, publish_directory, temporary_beside
from textinv_app.runs.layout import RunLayout

MODEL_OF_FAMILY: dict[Family, str] = {
    "crayon": "crayon",
    "sd1": "sd15",
    "sd2": "sd21",
    "sdxl": "sdxl",
}
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
# Rules for new words that a word which is already in use elsewhere need not keep.
_FORGIVEN = frozenset(
    {"word.ending", "word.too_short", "word.start", "word.double_underscore", "word.ordinary"}
)


class Results:
    """The files of all owners; every method first finds the file among the owner's."""

    def __init__(
        self,
        config: LibraryConfig,
        tables: Tables,
        data: DataFolder,
        links: LinkSigner,
        remover: Remover,
    ) -> None:
        self._tables = tables
        self._data = data
        self._links = links
        self._remover = remover
        self._space = SpaceKeeper(config, tables, data)

    def find(self, owner: str, artifact_id: str) -> ArtifactRow:
        """Return an owner's file; raises ``NotFound``."""
        artifact = self._tables.artifacts.find(owner, artifact_id)
        if artifact is None:
            raise not_found()
        return artifact

    def path(self, artifact: ArtifactRow) -> Path:
        """Return where the file lies."""
        return self._folder(artifact) / artifact.manifest.file_name

    def view(self, artifact: ArtifactRow) -> ArtifactView:
        """Return the view of a file, for its owner."""
        manifest = artifact.manifest
        return ArtifactView(
            artifact_id=artifact.artifact_id,
            concept_id=artifact.concept_id,
            run_id=artifact.run_id,
            name=artifact.name,
            placeholder_token=manifest.placeholder_token,
            kind=manifest.kind,
            method=manifest.method,
            family=manifest.family,
            model_id=manifest.model_id,
            file_name=manifest.file_name,
            size_bytes=manifest.size_bytes,
            created_at=artifact.created_at,
            training_seconds=manifest.seconds,
            steps=manifest.steps,
            likeness=manifest.likeness_end,
            download_url=self._links.url("download", artifact.artifact_id, manifest.file_name),
            thumbnail_urls=tuple(
                self._links.url("result", artifact.artifact_id, picture)
                for picture in manifest.pictures
            ),
            imported=artifact.imported,
        )

    def rename(self, owner: str, artifact_id: str, name: str) -> ArtifactRow:
        """Change the shown name; raises ``BadInput``."""
        artifact = self.find(owner, artifact_id)
        cleaned = clean_name(name)
        folder = self._data.imported(artifact_id)
        if not artifact.imported:
            folder = self._data.run(artifact.run_id)
        write_shown_name(folder, cleaned)
        self._tables.artifacts.rename(artifact_id, cleaned)
        return self.find(owner, artifact_id)

    def delete(self, owner: str, artifact_id: str) -> None:
        """Delete a file with the folder of its run, for good."""
        artifact = self.find(owner, artifact_id)
        if artifact.imported:
            self._remover.remove_import(owner, artifact_id)
        else:
            self._remover.remove_run(owner, artifact.run_id)

    def take_in(self, owner: str, file: ReceivedFile) -> ArtifactRow:
        """Import a file; it is removed from where it lies. Raises ``FileRefused``."""
        artifact_id = new_identifier()
        final = self._data.imported(artifact_id)
        prepared = temporary_beside(final)
        named = file.path.with_name(f"{file.path.name}-{_safe_stem(file.display_name)}.safetensors")
        try:
            self._space.refuse_if_full(owner, file.path.stat().st_size)
            file.path.replace(named)
            prepared.mkdir()
            found = inspect(named)
            word = self._free_word(owner, found, _safe_stem(file.display_name))
            found = import_file(named, prepared / f"{word}.safetensors")
            manifest = _manifest_of_import(found, word, file.display_name)
            write_owner(prepared, owner)
            atomic_write_text(prepared / "manifest.json", manifest.model_dump_json(indent=1))
            with self._tables.store.transaction():
                self._tables.owners.note(owner)
                self._tables.artifacts.add(
                    ArtifactRow(
                        artifact_id=artifact_id,
                        owner_id=owner,
                        concept_id="",
                        run_id="",
                        name=manifest.concept_name,
                        manifest=manifest,
                        created_at=manifest.created_at,
                    )
                )
                publish_directory(prepared, final)
            return self.find(owner, artifact_id)
        finally:
            shutil.rmtree(prepared, ignore_errors=True)
            file.path.unlink(missing_ok=True)
            named.unlink(missing_ok=True)

    def usage(self, owner: str, artifact_id: str) -> tuple[UsageText, ...]:
        """Return how to use a file in each program."""
        manifest = self.find(owner, artifact_id).manifest
        used = UsedFile(
            placeholder_token=manifest.placeholder_token,
            method=manifest.method,
            family=manifest.family,
            kind=manifest.kind,
            # A folder of this machine is not there on anybody else's, and nobody's business.
            base_model=manifest.model_source if _HUB_ID.fullmatch(manifest.model_source) else "",
        )
        return tuple(
            UsageText(
                program=guide.program,
                title=guide.title,
                step_codes=guide.step_codes,
                copy_text=guide.copyable,
                details={
                    "file": manifest.file_name,
                    "folder": guide.folder,
                    "word": manifest.placeholder_token,
                },
            )
            for guide in usage_guides(used)
        )

    def _folder(self, artifact: ArtifactRow) -> Path:
        if artifact.imported:
            return self._data.imported(artifact.artifact_id)
        return RunLayout(self._data.run(artifact.run_id)).result

    def _free_word(self, owner: str, found: Inspection, stem: str) -> str:
        """Return the word of an imported file, changed where it is not a word or is taken."""
        told = found.trigger_word if found.metadata else stem
        word = re.sub(r"[^a-z0-9_-]", "", told.lower())[:41]
        taken = {a.manifest.placeholder_token for a in self._tables.artifacts.of_owner(owner)}
        taken |= {c.placeholder_token for c in self._tables.concepts.of_owner(owner)}
        try:
            check_word(word, taken - {""})
        except WordRefused as refused:
            if refused.code not in _FORGIVEN:
                return str(refused.details["suggestion"])
        return word


def _manifest_of_import(found: Inspection, word: str, display_name: str) -> ResultManifest:
    return ResultManifest(
        file_name=f"{word}.safetensors",
        method=found.kind,
        family=found.family,
        model_id=MODEL_OF_FAMILY[found.family],
        placeholder_token=word,
        kind="negative" if found.is_negative else "subject",
        concept_name=_name_of_import(display_name, word),
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        created_at=now_text(),
    )


def _name_of_import(display_name: str, word: str) -> str:
    """Return the sender's file name as a shown name, with only what a name may hold."""
    stem = display_name.rsplit(".", 1)[0].replace("_", " ")
    kept = "".join(
        letter if letter in " -'" or unicodedata.category(letter)[0] in "LMN" else " "
        for letter in unicodedata.normalize("NFKC", stem)
    )
    return " ".join(kept.split())[:MAX_NAME_CHARACTERS].strip() or word


def _safe_stem(display_name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "", display_name.rsplit(".", 1)[0])[:41] or "imported"
