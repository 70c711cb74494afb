"""The drawn sample pets that come with Petname, for whoever has no photos at hand."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from textinv_app.domain.concept import ConceptKind
from textinv_app.library.api import SampleView
from textinv_app.library.folders import not_found
from textinv_app.library.links import LinkSigner

NUM_SHOWN = 4
_PICTURES = frozenset({".webp", ".png"})
_IDENTIFIER = re.compile(r"[a-z0-9_-]{1,40}")


@dataclass(frozen=True)
class Sample:
    """One sample pet: a folder with its drawings and ``sample.json``."""

    sample_id: str
    name: str
    class_word: str
    word: str
    """The trigger word that suits it."""
    kind: ConceptKind
    mirror_allowed: bool
    """False where its markings are on one side."""
    pictures: tuple[Path, ...]


class Samples:
    """The samples in the assets folder; there may be none."""

    def __init__(self, assets_dir: Path, links: LinkSigner) -> None:
        self._folder = assets_dir / "samples"
        self._links = links

    def list(self) -> tuple[Sample, ...]:
        """Return all samples, by id."""
        if not self._folder.is_dir():
            return ()
        found = [_read(folder) for folder in sorted(self._folder.iterdir()) if folder.is_dir()]
        return tuple(sample for sample in found if sample is not None)

    def find(self, sample_id: str) -> Sample:
        """Return one sample; raises ``NotFound``."""
        for sample in self.list():
            if sample.sample_id == sample_id:
                return sample
        raise not_found()

    def views(self) -> tuple[SampleView, ...]:
        """Return all samples as the page shows them."""
        return tuple(
            SampleView(
                sample_id=sample.sample_id,
                name=sample.name,
                class_word=sample.class_word,
                picture_urls=tuple(
                    self._links.url("sample", sample.sample_id, picture.name)
                    for picture in sample.pictures[:NUM_SHOWN]
                ),
            )
            for sample in self.list()
        )

    def picture(self, sample_id: str, file_name: str) -> Path:
        """Return a drawing of a sample; raises ``NotFound``."""
        for picture in self.find(sample_id).pictures:
            if picture.name == file_name:
                return picture
        raise not_found()


def _read(folder: Path) -> Sample | None:
    if not _IDENTIFIER.fullmatch(folder.name):
        return None
    pictures = tuple(path for path in sorted(folder.iterdir()) if path.suffix in _PICTURES)
    try:
        told = json.loads((folder / "sample.json").read_text(encoding="utf-8"))
        sample = Sample(
            sample_id=folder.name,
            name=str(told["name"]),
            class_word=str(told["class_word"]),
            word=str(told["word"]),
            kind="style" if told.get("kind") == "style" else "subject",
            mirror_allowed=not told["one_sided_markings"],
            pictures=pictures,
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return sample if pictures else None
