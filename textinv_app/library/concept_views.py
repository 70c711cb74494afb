"""Concepts as the page shows them, and what is still missing before one can be taught."""

from __future__ import annotations

from textinv_app.domain.concept import Concept, Photo
from textinv_app.domain.views import ConceptView, PhotoView
from textinv_app.library.links import LinkSigner
from textinv_app.library.photo_files import square_name

MIN_PHOTOS = 3
"""Fewer teach nothing; the page recommends 5 to 10."""


class ConceptViews:
    """Makes views of concepts with fresh links."""

    def __init__(self, links: LinkSigner) -> None:
        self._links = links

    def view(self, concept: Concept) -> ConceptView:
        """Return the view of a concept, for its owner."""
        missing = missing_for_training(concept)
        return ConceptView(
            concept=concept,
            photos=tuple(self._photo(concept, photo) for photo in concept.photos),
            ready=not missing,
            missing=missing,
        )

    def _photo(self, concept: Concept, photo: Photo) -> PhotoView:
        square = square_name(photo.photo_id, photo.crop)
        return PhotoView(
            photo_id=photo.photo_id,
            display_name=photo.display_name,
            width_pixels=photo.width_pixels,
            height_pixels=photo.height_pixels,
            left=photo.crop.left,
            top=photo.crop.top,
            side=photo.crop.side,
            photo_url=self._links.url("photo", concept.concept_id, photo.file_name),
            square_url=self._links.url("photo", concept.concept_id, square),
            verdict=photo.verdict,
            verdict_other=photo.verdict_other,
            notes=photo.notes,
        )


def missing_for_training(concept: Concept) -> tuple[str, ...]:
    """Return the codes of what a concept still needs before it can be taught."""
    lacks = {
        "missing.photos": len(concept.photos) < MIN_PHOTOS,
        "missing.name": not concept.name,
        "missing.word": not concept.placeholder_token,
    }
    return tuple(code for code, is_missing in lacks.items() if is_missing)
