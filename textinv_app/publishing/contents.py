"""What a repository holds: the file, its spelling for diffusers, the card, pictures, maybe photos.

::

    README.md                        the model card
    <word>.safetensors               the file that every program takes, to the byte
    learned_embeds.safetensors       the embedding as diffusers spells it (SDXL: and ..._2)
    token_identifier.txt             its word
    type_of_concept.txt              object, style or negative
    images/0.png ...                 pictures that were drawn with it
    concept_images/0.jpeg ...        photos, only where the person has asked for it

Of a photo only the square goes along that the model sees. Pictures and photos are written anew from
their pixels: nothing that a camera or a program has noted in them comes along.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image

from textinv_app.domain.manifest import ResultManifest
from textinv_app.domain.publication import PublicationRequest
from textinv_app.formats.converting import diffusers_embedding
from textinv_app.formats.embedding import read_embedding
from textinv_app.photos.prepare import open_stored, square_picture
from textinv_app.publishing.card import GalleryPicture, model_card

CARD = "README.md"
PICTURES = "images"
PHOTOS = "concept_images"
OWN_FOLDERS = (f"{PICTURES}/", f"{PHOTOS}/")
"""Folders of a repository that an update clears of what is no longer there."""

MAX_PHOTO_PIXELS = 1024
"""Side of a published photo at most: no model here sees more."""
_PHOTO_QUALITY = 92


def write_repository(request: PublicationRequest, repository: str, folder: Path) -> tuple[str, ...]:
    """Write everything that goes to ``repository`` into ``folder``; return the names, sorted.

    Raises ``FileRefused`` for a file that is none, ``StorageFailed`` for a photo that cannot be
    read any more, and ``OSError``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in request.files:
        source = Path(request.artifact_path).with_name(file.file_name)
        shutil.copyfile(source, folder / file.file_name)
        if file.method == "embedding":
            _write_embedding(folder / file.file_name, file)
    gallery = []
    for number, picture in enumerate(request.pictures):
        name = f"{PICTURES}/{number}.png"
        with Image.open(picture.path, formats=("PNG", "WEBP", "JPEG")) as opened:
            _write_pixels(opened.convert("RGB"), folder / name)
        gallery.append(GalleryPicture(name, picture.prompt))
    for number, photo in enumerate(request.photos):
        side = min(photo.square.side, MAX_PHOTO_PIXELS)
        square = square_picture(open_stored(Path(photo.path)), photo.square, side)
        _write_pixels(square, folder / PHOTOS / f"{number}.jpeg")
    card = model_card(request, repository, gallery)
    (folder / CARD).write_text(card, encoding="utf-8", newline="\n")
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return tuple(sorted(name.as_posix() for name in names))


def type_of_concept(manifest: ResultManifest) -> str:
    """Return what the word stands for, in the words of the collections of such files."""
    return {"subject": "object", "style": "style", "negative": "negative"}[manifest.kind]


def _write_embedding(path: Path, manifest: ResultManifest) -> None:
    """Write beside an embedding what diffusers and collections of such files look for."""
    for file in diffusers_embedding(read_embedding(path), manifest.placeholder_token):
        path.with_name(file.name).write_bytes(file.read())
    token = path.with_name("token_identifier.txt")
    token.write_text(manifest.placeholder_token, encoding="utf-8", newline="\n")
    concept = path.with_name("type_of_concept.txt")
    concept.write_text(type_of_concept(manifest), encoding="utf-8", newline="\n")


def _write_pixels(picture: Image.Image, target: Path) -> None:
    """Write a picture anew from its pixels alone."""
    target.parent.mkdir(exist_ok=True)
    bare = Image.frombytes("RGB", picture.size, picture.tobytes())
    if target.suffix == ".png":
        bare.save(target, "PNG")
    else:
        bare.save(target, "JPEG", quality=_PHOTO_QUALITY, subsampling=0)
