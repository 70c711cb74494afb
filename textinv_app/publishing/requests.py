"""From a file with its manifest to a request: what goes along and what is said of the base model.

Everything a request names is a path of this machine; none of them is published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textinv_app.domain.hub import is_hub_id
from textinv_app.domain.manifest import ResultManifest
from textinv_app.domain.publication import (
    PublicationRequest,
    PublishedPhoto,
    PublishedPicture,
)
from textinv_app.models.catalog import catalog

# The Hub's ids: https://huggingface.co/docs/hub/repositories-licenses
_LICENCE_IDS = {
    "Apache-2.0": "apache-2.0",
    "CreativeML OpenRAIL-M": "creativeml-openrail-m",
    "CreativeML Open RAIL++-M": "openrail++",
}


@dataclass(frozen=True)
class Wishes:
    """What the person wants of a publication."""

    title: str
    repository: str
    """Checked by ``names.check_repository_name``."""
    private: bool = True
    update_allowed: bool = False
    use_own_token: bool = False


def make_request(
    artifact: Path,
    manifest: ResultManifest,
    wishes: Wishes,
    photos: Sequence[PublishedPhoto],
    assets_dir: Path,
) -> PublicationRequest:
    """Return the request for ``artifact``; its pictures lie in the same folder."""
    entries = {entry.source: entry for entry in catalog(assets_dir)}
    # Crayon lies in another folder on every machine.
    by_id = {entry.model_id: entry for entry in entries.values()}
    entry = entries.get(manifest.model_source)
    entry = by_id["crayon"] if manifest.family == "crayon" else entry
    has_hub_id = is_hub_id(manifest.model_source) and manifest.family != "crayon"
    return PublicationRequest(
        artifact_path=str(artifact.resolve()),
        manifest=manifest,
        title=wishes.title,
        base_model=manifest.model_source if has_hub_id else "",
        licence=_LICENCE_IDS.get(entry.licence, "") if entry else "",
        repository=wishes.repository,
        private=wishes.private,
        update_allowed=wishes.update_allowed,
        use_own_token=wishes.use_own_token,
        pictures=_pictures(artifact.parent, manifest),
        photos=tuple(photos),
    )


def _pictures(folder: Path, manifest: ResultManifest) -> tuple[PublishedPicture, ...]:
    prompts = [one.prompt for one in manifest.drawn]
    prompts += [""] * (len(manifest.pictures) - len(prompts))
    return tuple(
        PublishedPicture(path=str((folder / name).resolve()), prompt=prompt)
        for name, prompt in zip(manifest.pictures, prompts, strict=False)
        if (folder / name).is_file()
    )
