"""Finished and imported files: their views, names, removal, and taking in one from elsewhere."""

from __future__ import annotations

from pathlib import Path

from textinv_app.domain.hub import is_hub_id
from textinv_app.domain.recipe import Recipe
from textinv_app.domain.views import ArtifactView
from textinv_app.formats.recipes import read_recipe
from textinv_app.formats.usage import UsedFile, usage_guides
from textinv_app.library.api import ReceivedFile, UsageText
from textinv_app.library.artifact_rows import ArtifactRow
from textinv_app.library.config import LibraryConfig
from textinv_app.library.folders import (
    DataFolder,
    not_found,
    write_shown_name,
)
from textinv_app.library.imports import Imports
from textinv_app.library.links import LinkSigner
from textinv_app.library.names import clean_name
from textinv_app.library.removing import Remover, Tables
from textinv_app.library.space import SpaceKeeper
from textinv_app.runs.layout import RunLayout


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
        self._imports = Imports(tables, data, SpaceKeeper(config, tables, data))

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
        # Both files of a pair lie in the folder of their run.
        folder_id = artifact.run_id or artifact.artifact_id
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
            download_url=self._links.url("download", folder_id, manifest.file_name),
            thumbnail_urls=tuple(
                self._links.url("result", folder_id, picture) for picture in manifest.pictures
            ),
            imported=artifact.imported,
            companion_id=artifact.companion_id,
            half_of=manifest.half_of,
            base_model=manifest.base_model,
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
        if artifact.companion_id:
            self._tables.artifacts.rename(artifact.companion_id, cleaned)
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
        return self.find(owner, self._imports.take_in(owner, file))

    def use_as_negative(self, owner: str, artifact_id: str, negative: bool) -> ArtifactRow:
        """Say whether an imported embedding belongs into the negative prompt.

        Raises ``BadInput`` for any other file.
        """
        self._imports.use_as_negative(self.find(owner, artifact_id), negative)
        return self.find(owner, artifact_id)

    def usage(self, owner: str, artifact_id: str) -> tuple[UsageText, ...]:
        """Return how to use a file in each program."""
        artifact = self.find(owner, artifact_id)
        manifest = artifact.manifest
        companion = manifest.half_of
        if artifact.companion_id:
            companion = Path(self.find(owner, artifact.companion_id).manifest.file_name).stem
        used = UsedFile(
            placeholder_token=manifest.placeholder_token,
            method=manifest.method,
            family=manifest.family,
            kind=manifest.kind,
            # The LoRA of a pair has met its word as the embedding's vectors alone.
            class_word="" if companion else manifest.class_word,
            companion=companion,
            stem=manifest.file_name.removesuffix(".safetensors"),
            # A folder of this machine is not there on anybody else's, and nobody's business.
            base_model=manifest.model_source if is_hub_id(manifest.model_source) else "",
        )
        return tuple(
            UsageText(
                program=guide.program,
                title=guide.title,
                step_codes=guide.step_codes,
                copy_text=guide.copyable,
                details=dict(guide.details),
            )
            for guide in usage_guides(used)
        )

    def recipe(self, owner: str, artifact_id: str) -> Recipe:
        """Return how a file was trained, with the base model by the name it is known by here.

        Raises ``NotFound``, ``FileRefused`` and ``OSError``.
        """
        artifact = self.find(owner, artifact_id)
        recipe = read_recipe(self.path(artifact))
        known_as = recipe.base_model or artifact.manifest.base_model
        return recipe.model_copy(update={"base_model": known_as})

    def _folder(self, artifact: ArtifactRow) -> Path:
        if artifact.imported:
            return self._data.imported(artifact.artifact_id)
        return RunLayout(self._data.run(artifact.run_id)).result
