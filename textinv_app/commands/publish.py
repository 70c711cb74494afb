"""``publish``: a file to the Hugging Face Hub, or into a folder to look at first."""

from __future__ import annotations

import argparse
import base64
import binascii
import getpass
import re
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from textinv_app.commands.choosing import assets_dir, output_folder
from textinv_app.commands.preparing import find_photos, take_photos
from textinv_app.commands.reporting import Reporter
from textinv_app.domain.concept import ConceptKind
from textinv_app.domain.manifest import ResultManifest
from textinv_app.domain.publication import (
    PublicationProgress,
    PublicationRequest,
    PublishedPhoto,
    PublishedPicture,
)
from textinv_app.errors import BadInput, PetnameError
from textinv_app.formats.converting import is_canonical, joined_halves
from textinv_app.formats.importing import import_file
from textinv_app.formats.inspecting import Inspection, inspect
from textinv_app.formats.metadata import class_word_of, companion_of, model_source
from textinv_app.models.catalog import catalog
from textinv_app.publishing.names import check_repository_name
from textinv_app.publishing.quiet import quiet_client
from textinv_app.publishing.requests import Wishes, make_request

_KINDS: dict[str, ConceptKind] = {"style": "style", "negative": "negative"}
_THUMBNAIL = "data:image/jpeg;base64,"


def run_publish(given: argparse.Namespace, reporter: Reporter) -> int:
    """Publish a file, or lay out what would be; returns the exit code.

    Raises ``BadInput`` before anything is sent, ``PublishingFailed``, ``OSError``.
    """
    if given.dry_run and given.output is None:
        raise BadInput("command.wrong", "--dry-run needs --output, a folder to write into.")
    if given.output is not None and not given.dry_run:
        raise BadInput("command.wrong", "--output belongs to --dry-run.")
    name = check_repository_name(given.repo)
    with tempfile.TemporaryDirectory(prefix="petname-publish-") as folder:
        request = _request(given, name, Path(folder), reporter)
        if given.dry_run:
            return _lay_out(request, given.output, reporter)
        return _send(request, Path(folder) / "files", reporter)


def _request(
    given: argparse.Namespace, name: str, folder: Path, reporter: Reporter
) -> PublicationRequest:
    path, manifest, found = _look_into(given.file, folder)
    path = path.with_name(manifest.file_name)
    photos: tuple[PublishedPhoto, ...] = ()
    if given.photos is not None:
        photos = _squares(given.photos, folder, reporter)
    wishes = Wishes(
        title=found.metadata.get("modelspec.title", "") or manifest.placeholder_token or path.stem,
        repository=name,
        private=not given.public,
        update_allowed=given.update,
        use_own_token=True,
    )
    request = make_request(path, manifest, wishes, photos, assets_dir())
    if not request.pictures:
        request = request.model_copy(update={"pictures": _thumbnail(found, folder)})
    return request


def _look_into(file: Path, folder: Path) -> tuple[Path, ResultManifest, Inspection]:
    """Return the canonical file, what is known of it and what is in it; raises ``BadInput``.

    A file that Petname has not made, or that goes by another name or spelling by now, is written
    anew into ``folder``, in the form that every program takes.
    """
    try:
        file = joined_halves(file, folder)
        found = inspect(file)
    except OSError as error:
        sentence = f"The file {file} cannot be read ({error.strerror})."
        raise BadInput("file.missing", sentence) from error
    if "petname.base_model" not in found.metadata or not is_canonical(file, found):
        stem = re.sub(r"[^A-Za-z0-9_-]", "", found.file_stem(file.stem)) or "imported"
        canonical = folder / f"{stem}.safetensors"
        found = import_file(file, canonical)
        file = canonical
    return file, _manifest(file, found), found


def _manifest(file: Path, found: Inspection) -> ResultManifest:
    """Return the manifest that lies beside a file and is of it, else what the file itself tells."""
    beside = file.parent / "manifest.json"
    try:
        manifest = ResultManifest.model_validate_json(beside.read_bytes())
        files = [manifest] if manifest.companion is None else [manifest, manifest.companion]
        are_there = all(beside.with_name(one.file_name).is_file() for one in files)
        if are_there and found.sha256 in {one.sha256 for one in files}:
            # The two files of a pair go together, whichever of them was named.
            return manifest
    except (FileNotFoundError, ValueError):
        pass
    named = found.metadata.get("petname.base_model", "")
    known = {entry.model_id for entry in catalog(assets_dir())}
    # Of a file from elsewhere they are not ours to tell: the card says who has taught it.
    steps = found.metadata.get("ss_steps", "") if named else ""
    kind = _KINDS.get(found.metadata.get("petname.kind", ""), "subject")
    return ResultManifest(
        file_name=file.name,
        method=found.kind,
        family=found.family,
        model_id=named if named in known else "",
        model_source=model_source(found.metadata),
        placeholder_token=found.trigger_word,
        kind="negative" if found.is_negative else kind,
        class_word=class_word_of(found.metadata),
        half_of=companion_of(found.metadata),
        steps=int(steps) if steps.isdecimal() else None,
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _squares(photos: Path, folder: Path, reporter: Reporter) -> tuple[PublishedPhoto, ...]:
    """Take in the photos and choose their squares, as for a training; raises ``BadInput``."""
    taken = take_photos(find_photos(photos), folder)
    for remark in taken.remarks:
        reporter.warn(remark)
    return tuple(
        PublishedPhoto(path=str(photo.path), square=facts.square) for photo, facts in taken.photos
    )


def _thumbnail(found: Inspection, folder: Path) -> tuple[PublishedPicture, ...]:
    """Return the small picture that a file carries in its metadata, where it does."""
    text = found.metadata.get("modelspec.thumbnail", "")
    if not text.startswith(_THUMBNAIL):
        return ()
    try:
        data = base64.b64decode(text.removeprefix(_THUMBNAIL), validate=True)
    except binascii.Error:
        return ()
    path = folder / "thumbnail.jpg"
    path.write_bytes(data)
    return (PublishedPicture(path=str(path)),)


def _lay_out(request: PublicationRequest, output: Path, reporter: Reporter) -> int:
    """Write what would be published into a folder."""
    from textinv_app.publishing.contents import write_repository

    folder = output_folder(output)
    if any(folder.iterdir()):
        raise BadInput("output.not_empty", f"The folder {folder} is not empty.")
    name = request.repository
    names = write_repository(request, name if "/" in name else f"YOUR-NAME/{name}", folder)
    reporter.record(
        {"type": "result", "dry_run": True, "folder": str(folder), **_told(request, names)}
    )
    reporter.say(f"This would be published as {name} ({_seen_by(request)}):")
    for one in names:
        reporter.say(f"  {folder / one}")
    return 0


def _send(request: PublicationRequest, folder: Path, reporter: Reporter) -> int:
    # The client reads its settings from the environment while it is imported.
    quiet_client()
    from textinv_app.publishing.uploading import Listener, publish

    token = _token()
    names: list[str] = []

    def tell(progress: PublicationProgress) -> None:
        if progress.file_name:
            names.append(progress.file_name)
        reporter.record({"type": "progress", **progress.model_dump()})
        reporter.advance(progress.fraction, 1, progress.stage, progress.file_name)

    listener = Listener(progress=tell, may_update=_may_update)
    try:
        published = publish(request, token, folder, listener)
    except PetnameError as error:
        left = error.details.get("leftover")
        if left:
            reporter.warn(f"An empty repository {left} may be left there; the next try uses it.")
        raise
    finally:
        reporter.end_bar()
    reporter.record(
        {
            "type": "result",
            "dry_run": False,
            "url": published.url,
            **_told(request, names),
            "repository": published.repository,
        }
    )
    reporter.say(f"Published: {published.url} ({_seen_by(request)})")
    return 0


def _told(request: PublicationRequest, names: Sequence[str]) -> dict[str, object]:
    return {
        "repository": request.repository,
        "private": request.private,
        "photos": len(request.photos),
        "files": sorted(names),
    }


def _seen_by(request: PublicationRequest) -> str:
    who = "only you or your organisation can see it" if request.private else "everybody can see it"
    photos = len(request.photos)
    return f"{who}; {photos} photos included" if photos else f"{who}; no photos"


def _token() -> str:
    """Return the token of this computer, else one that is typed; raises ``BadInput``."""
    from textinv_app.publishing.tokens import check_token, no_token, own_token

    try:
        return own_token()
    except BadInput as error:
        if error.code != "publish.no_token" or not sys.stdin.isatty():
            raise
    typed = getpass.getpass("Token of the Hugging Face Hub (it is not kept): ")
    if not typed.strip():
        raise no_token()
    return check_token(typed)


def _may_update(repository: str) -> bool:
    """Ask whether the files of a repository may be replaced; without a terminal it is a no."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(f"You have a repository {repository} already. Replace its files? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
