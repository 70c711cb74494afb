"""From a signed link to the file it names."""

from __future__ import annotations

import re
from pathlib import Path

from textinv_app.library.folders import DataFolder, is_marked_removed
from textinv_app.library.kits import Kits
from textinv_app.library.links import (
    LinkedFile,
    LinkedStream,
    LinkSigner,
    MediaTarget,
    link_not_found,
)
from textinv_app.library.samples import Samples
from textinv_app.runs.layout import RunLayout

# Pictures that we encoded ourselves; everything else is only offered for download.
CONTENT_TYPES = {
    ".webp": "image/webp",
    ".png": "image/png",
    ".jpg": "image/jpeg",
}
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}")


class Media:
    """Finds the files behind links; the signature has proven that we made them."""

    def __init__(self, links: LinkSigner, data: DataFolder, samples: Samples, kits: Kits) -> None:
        self._links = links
        self._data = data
        self._samples = samples
        self._kits = kits

    def resolve(self, token: str) -> LinkedFile | LinkedStream:
        """Return the file behind a link's token, or the kit it stands for; raises ``NotFound``.

        Also for a link that is still valid, when its file is gone or being removed.
        """
        target = self._links.open(token)
        if not _FILE_NAME.fullmatch(target.file_name):
            raise link_not_found()
        if target.kind == "kit":
            return self._kits.open(target)
        thing, path = self._locate(target)
        if is_marked_removed(thing) or not path.is_file():
            raise link_not_found()
        is_download = target.kind == "download"
        return LinkedFile(
            path=path,
            content_type=CONTENT_TYPES.get(path.suffix, "application/octet-stream"),
            download_name=target.file_name if is_download else "",
        )

    def _locate(self, target: MediaTarget) -> tuple[Path, Path]:
        """Return the folder of the thing and the path of the file."""
        if target.kind == "sample":
            path = self._samples.picture(target.thing_id, target.file_name)
            return path.parent, path
        if target.kind == "photo":
            thing = self._data.concept(target.thing_id)
            return thing, thing / "photos" / target.file_name
        if target.kind == "drawing":
            thing = self._data.drawing(target.thing_id)
            return thing, thing / target.file_name
        run = self._data.run(target.thing_id)
        if target.kind == "preview":
            return run, RunLayout(run).previews / target.file_name
        if target.kind == "redrawn":
            return run, RunLayout(run).redrawn / target.file_name
        if run.is_dir():
            return run, RunLayout(run).result / target.file_name
        imported = self._data.imported(target.thing_id)
        return imported, imported / target.file_name
