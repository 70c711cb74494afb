"""Kits and converted files: which there are for each file, and making one behind its link.

A link names the program, the language and, for a pair, the other file, so that nothing but the
folders is needed to make the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from textinv_app.domain.manifest import ResultManifest
from textinv_app.errors import BadInput
from textinv_app.formats.converting import converted
from textinv_app.formats.encoding import ReadyFile
from textinv_app.formats.inspecting import inspect
from textinv_app.kits.archive import zip_chunks, zip_size_bytes
from textinv_app.kits.kit import make_kit
from textinv_app.kits.order import KitOrder, KitPart, Language
from textinv_app.kits.programs import PROGRAMS, TITLES, KitProgram, programs_for
from textinv_app.library.api import KitView
from textinv_app.library.artifact_rows import ArtifactRow
from textinv_app.library.folders import DataFolder, is_marked_removed
from textinv_app.library.links import LinkedStream, LinkSigner, MediaTarget, link_not_found
from textinv_app.library.results_on_disk import read_manifest, shown_name
from textinv_app.runs.layout import RunLayout

_FILE_ONLY = "file"
"""In the place of a language: the converted file alone, without a kit."""


@dataclass(frozen=True)
class _Wanted:
    """What a link of kind ``kit`` asks for."""

    program: KitProgram
    language: str
    partner_id: str

    @classmethod
    def read(cls, text: str) -> _Wanted:
        """Read the link's own text; raises ``NotFound``."""
        program, _, rest = text.partition(".")
        language, _, partner_id = rest.partition(".")
        if program not in PROGRAMS or language not in (*get_args(Language), _FILE_ONLY):
            raise link_not_found()
        return cls(program, language, partner_id)


class Kits:
    """Makes links to kits for their owner, and kits from links."""

    def __init__(self, data: DataFolder, links: LinkSigner) -> None:
        self._data = data
        self._links = links

    def views(self, artifacts: list[ArtifactRow], language: str) -> dict[str, tuple[KitView, ...]]:
        """Return the kits of an owner's files, by file; ``language`` is that of the guides."""
        spoken = language if language in get_args(Language) else "en"
        return {
            artifact.artifact_id: self._views(artifact, _partner(artifact, artifacts), spoken)
            for artifact in artifacts
        }

    def open(self, target: MediaTarget) -> LinkedStream:
        """Return what a link of kind ``kit`` stands for.

        Raises ``NotFound`` where it names no kit or its files are gone; ``FileRefused`` where they
        are damaged, and ``OSError``.
        """
        wanted = _Wanted.read(target.file_name)
        if wanted.language == _FILE_ONLY:
            return self._converted(target.thing_id, wanted.program)
        parts, name = self._parts(target.thing_id)
        if wanted.partner_id and len(parts) == 1:
            parts += self._parts(wanted.partner_id)[0]
            parts.sort(key=lambda part: part.method)
            are_one = False
        else:
            are_one = len(parts) == 2
        order = KitOrder(
            program=wanted.program,
            language=cast("Language", wanted.language),
            name=name,
            parts=tuple(parts),
            are_one=are_one,
        )
        try:
            kit = make_kit(order)
        except BadInput as error:
            raise link_not_found() from error
        return LinkedStream(kit.name, kit.size_bytes, kit.chunks)

    def _views(
        self, artifact: ArtifactRow, partner: ArtifactRow | None, language: str
    ) -> tuple[KitView, ...]:
        manifest = artifact.manifest
        partner_id = "" if partner is None else partner.artifact_id
        holds_both = partner is not None or bool(artifact.companion_id)
        kits = [
            KitView(
                program=program,
                title=TITLES[program],
                url=self._url(artifact, f"{program}.{language}.{partner_id}".rstrip(".")),
                holds_both=holds_both,
            )
            for program in programs_for(manifest.family)
        ]
        only = KitView(
            program="diffusers",
            title=TITLES["diffusers"],
            url=self._url(artifact, f"diffusers.{_FILE_ONLY}"),
            holds_both=False,
            is_file_alone=True,
        )
        return (*kits, only)

    def _url(self, artifact: ArtifactRow, what: str) -> str:
        # The two files of a pivotal training lie in the folder of their run and go together.
        return self._links.url("kit", artifact.run_id or artifact.artifact_id, what)

    def _parts(self, artifact_id: str) -> tuple[list[KitPart], str]:
        """Return the files of one artifact, the embedding first, and its shown name."""
        folder, shown_in = self._folder(artifact_id)
        manifest = read_manifest(folder)
        if manifest is None or is_marked_removed(shown_in):
            raise link_not_found()
        parts = [KitPart(folder / manifest.file_name, manifest)]
        if manifest.companion is not None:
            companion = manifest.companion
            parts.append(KitPart(folder / companion.file_name, companion))
        parts.sort(key=lambda part: part.method)
        return parts, shown_name(shown_in, manifest)

    def _folder(self, artifact_id: str) -> tuple[Path, Path]:
        """Return the folder of a file and the one its shown name stands in."""
        run = self._data.run(artifact_id)
        if run.is_dir():
            return RunLayout(run).result, run
        imported = self._data.imported(artifact_id)
        return imported, imported

    def _converted(self, artifact_id: str, program: KitProgram) -> LinkedStream:
        parts, _ = self._parts(artifact_id)
        files: list[ReadyFile] = []
        for part in parts:
            files += converted(part.path, inspect(part.path), program)
        stem = parts[0].stem
        if len(files) == 1:
            name = f"{stem}-{program}.safetensors"
            return LinkedStream(name, files[0].size_bytes, files[0].chunks)
        return LinkedStream(
            f"{stem}-{program}-files.zip", zip_size_bytes(files), lambda: zip_chunks(files)
        )


def _partner(artifact: ArtifactRow, artifacts: list[ArtifactRow]) -> ArtifactRow | None:
    """Return the newest file of the other method that was taught the same, on the same model."""
    if not artifact.concept_id or artifact.companion_id:
        return None
    return next(
        (
            other
            for other in artifacts
            if other.concept_id == artifact.concept_id
            and other.manifest.method != artifact.manifest.method
            and not other.companion_id
            and _taught(other.manifest) == _taught(artifact.manifest)
        ),
        None,
    )


def _taught(manifest: ResultManifest) -> Mapping[str, str]:
    return {
        "word": manifest.placeholder_token,
        "kind": manifest.kind,
        "family": manifest.family,
        "model": manifest.model_source,
    }
