"""The manage tab: files, guides, pets and storage, as commands and parts."""

from __future__ import annotations

from textinv_app.ui import present_manage, present_upload, upload_tab
from textinv_app.ui.commands import Command
from textinv_app.ui.desk import COMPARE_PARTS, MANAGE_PARTS, TRAIN_PARTS, Part, Reply, Verb, Visit
from textinv_app.ui.markup import Html

_PAGE_LENGTH = 24
_MAX_FILES = 5000


def usage(visit: Visit, command: Command) -> Reply:
    """Unfold or fold the guides of one file."""
    artifact_id = "" if command.flag("expanded") else command.text("id", 80)
    drawn = _files(visit, _num_shown(visit), artifact_id)
    return Reply(visit.concept_id, drawn={"manage_files": drawn})


def show_more(visit: Visit, _command: Command) -> Reply:
    """Show more of the files."""
    drawn = _files(visit, _num_shown(visit) + _PAGE_LENGTH, _unfolded(visit))
    return Reply(visit.concept_id, drawn={"manage_files": drawn})


def _num_shown(visit: Visit) -> int:
    return visit.page.whole("shown", _PAGE_LENGTH, 1, _MAX_FILES)


def _unfolded(visit: Visit) -> str:
    """Return the file whose guides are unfolded; empty for none, or where it is gone."""
    wanted = visit.page.text("guide", 80)
    return wanted if wanted in {one.artifact_id for one in visit.artifacts} else ""


def _files(visit: Visit, num_shown: int, unfolded_id: str) -> Html:
    guides = {}
    if unfolded_id:
        guides = {unfolded_id: visit.library.usage(visit.owner, unfolded_id)}
    return present_manage.files(
        visit.words, visit.artifacts, guides, num_shown, visit.kits, visit.concept
    )


def rename(visit: Visit, command: Command) -> Reply:
    """Change the name a file is shown by."""
    visit.library.rename_artifact(visit.owner, command.text("id", 80), command.text("name", 60))
    return Reply(visit.concept_id, frozenset({"manage_files", "compare_setup"}))


def delete(visit: Visit, command: Command) -> Reply:
    """Delete a file for good."""
    visit.library.delete_artifact(visit.owner, command.text("id", 80))
    parts = MANAGE_PARTS | COMPARE_PARTS | TRAIN_PARTS
    return Reply(visit.concept_id, parts, message=visit.words("manage.deleted"))


def files_arrived(visit: Visit, command: Command) -> Reply:
    """Show what became of files brought from elsewhere."""
    added = command.whole("added", 0, 0, 10_000)
    arrived = upload_tab.photos_arrived(visit, command)
    message = _moved_in(visit, added) if added else ""
    drawn = {"import_refusals": arrived.drawn["refusals"]}
    return Reply(visit.concept_id, MANAGE_PARTS | COMPARE_PARTS, drawn, message)


def _moved_in(visit: Visit, added: int) -> str:
    """Say what has come, and, of a single file, which models it was made for."""
    newest = next((one for one in visit.artifacts if one.imported), None)
    if added > 1 or newest is None:
        return visit.words("import.added.many", n=added)
    is_negative = newest.kind == "negative" and newest.method == "embedding"
    what = visit.words(f"import.what.{'negative' if is_negative else newest.method}")
    family = visit.words(f"family.{newest.family}")
    return visit.words("import.added.one", name=newest.name, what=what, family=family)


def use_as_negative(visit: Visit, command: Command) -> Reply:
    """Move an embedding from elsewhere between the prompt and the negative prompt."""
    negative = not command.flag("checked")
    changed = visit.library.use_as_negative(visit.owner, command.text("id", 80), negative=negative)
    said = visit.words(f"manage.negative_{'on' if negative else 'off'}", name=changed.name)
    return Reply(visit.concept_id, frozenset({"manage_files", "compare_setup"}), message=said)


def close_refusals(visit: Visit, _command: Command) -> Reply:
    """Put the words about refused files away, on both tabs."""
    return Reply(visit.concept_id, drawn={"refusals": Html(""), "import_refusals": Html("")})


VERBS: dict[str, Verb] = {
    "artifact.usage": usage,
    "artifact.more": show_more,
    "artifact.rename": rename,
    "artifact.delete": delete,
    "artifact.negative": use_as_negative,
    "files.arrived": files_arrived,
    "refused.close": close_refusals,
}


def _draw_storage(visit: Visit) -> Html:
    return present_manage.storage(visit.words, visit.library.storage(visit.owner))


PARTS: dict[str, Part] = {
    "import_refusals": lambda visit: present_upload.refusals(visit.words, ()),
    "manage_files": lambda visit: _files(visit, _num_shown(visit), _unfolded(visit)),
    "manage_pets": lambda visit: present_manage.pets(visit.words, visit.concepts),
    "manage_storage": _draw_storage,
}
