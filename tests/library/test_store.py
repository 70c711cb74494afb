"""The SQLite file: settings, transactions, migrations cut short."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from library_world import REPOSITORY, World
from safetensors.numpy import save_file

from textinv_app.domain.status import RunStatus
from textinv_app.errors import BadInput, StorageFailed
from textinv_app.library import store as store_module
from textinv_app.library.api import DrawingOrder, ReceivedFile
from textinv_app.library.concept_rows import OwnerRows
from textinv_app.library.drawing_rows import DrawingRows
from textinv_app.library.run_rows import NewRun, RunRows
from textinv_app.library.store import IndexDamaged, Store, migration_steps

THINGS = ("concepts", "runs", "imports", "drawings")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = Store(tmp_path / "petname.db")
    opened.migrate()
    return opened


def test_it_is_set_so_that_a_power_cut_loses_nothing(store: Store) -> None:
    asked = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
    seen = {name: store.rows(f"PRAGMA {name}")[0][0] for name in asked}
    assert seen == {
        "journal_mode": "truncate",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 10_000,
    }


def test_a_transaction_that_fails_changes_nothing(store: Store) -> None:
    owners = OwnerRows(store)

    def fail_inside() -> None:
        with store.transaction():
            owners.note("anna")
            with store.transaction():
                owners.note("bert")
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        fail_inside()
    assert store.rows("SELECT owner_id FROM owners") == []
    owners.note("anna")
    assert len(store.rows("SELECT owner_id FROM owners")) == 1


def test_many_threads_write_without_losing_anything(store: Store) -> None:
    owners = OwnerRows(store)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda index: owners.note(f"owner{index}"), range(100)))
    assert store.rows("SELECT COUNT(*) FROM owners")[0][0] == 100


def test_claims_of_many_threads_never_meet(tmp_path: Path) -> None:
    path = tmp_path / "petname.db"
    first = Store(path)
    first.migrate()
    OwnerRows(first).note("owner")
    runs = RunRows(first)
    for index in range(40):
        runs.add(NewRun(f"run{index}", "owner", f"concept{index}", "embedding", "now"))

    def claim_all(_: int) -> list[str]:
        own = Store(path)
        claimed = []
        while (run := RunRows(own).claim_next()) is not None:
            claimed.append(run.run_id)
        own.close()
        return claimed

    with ThreadPoolExecutor(4) as threads:
        claimed = [run_id for part in threads.map(claim_all, range(4)) for run_id in part]
    assert len(claimed) == len(set(claimed)) == 40


def test_a_stop_that_only_has_to_save_goes_ahead_of_what_came_first(store: Store) -> None:
    OwnerRows(store).note("anna")
    runs = RunRows(store)
    runs.add(NewRun("first", "anna", "rex", "embedding", "now"))
    runs.add(NewRun("stopped", "anna", "mia", "embedding", "now", wanted="stop"))
    claimed = runs.claim_next()
    assert claimed is not None
    assert claimed.run_id == "stopped"


def test_a_pause_that_was_pressed_before_a_stop_does_not_undo_it(store: Store) -> None:
    OwnerRows(store).note("anna")
    runs = RunRows(store)
    runs.add(NewRun("rex", "anna", "rex", "embedding", "now"))
    seen = runs.find("rex")
    assert seen is not None
    assert runs.change(seen, wanted="stop")
    assert not runs.move(seen, RunStatus.PAUSED, wanted="pause")
    now = runs.find("rex")
    assert now is not None
    assert (now.status, now.wanted) == (RunStatus.QUEUED, "stop")


def test_owners_take_turns_at_the_painter(store: Store) -> None:
    drawings = DrawingRows(store)
    for owner in ("anna", "bert"):
        OwnerRows(store).note(owner)
    drawings.add("anna", "annas first", "a dog")
    drawings.end("annas first", "done")
    drawings.add("anna", "annas second", "a dog")
    drawings.add("bert", "berts first", "a dog")
    following = drawings.next_open()
    assert following is not None
    assert following.drawing_id == "berts first"


def test_a_step_that_another_process_has_made_meanwhile_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "petname.db"

    def be_faster(version: int) -> None:
        if version == 0:
            Store(path).migrate()

    slower = Store(path)
    slower.migrate(be_faster)
    assert slower.version() == len(migration_steps())


SLOW_MIGRATION = """
import os, signal, sys
from pathlib import Path
from textinv_app.library import store as module
steps = module.migration_steps()
module.migration_steps = lambda: [*steps, sys.argv[2]]
store = module.Store(Path(sys.argv[1]))
run = store._connection.execute
calls = 0
real_statements = module._statements
def statements(script):
    for number, statement in enumerate(real_statements(script)):
        if script == sys.argv[2] and number == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        yield statement
module._statements = statements
store.migrate()
"""
STEP = (
    "ALTER TABLE owners ADD COLUMN colour TEXT;\n"
    "UPDATE owners SET colour = 'red';\n"
    "CREATE TABLE extras (name TEXT);\n"
)


@pytest.mark.parametrize("killed_before", [0, 1, 2])
def test_a_migration_that_is_killed_leaves_the_old_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_before: int
) -> None:
    path = tmp_path / "petname.db"
    old = Store(path)
    old.migrate()
    OwnerRows(old).note("anna")
    old.close()
    child = subprocess.run(
        [sys.executable, "-c", SLOW_MIGRATION, str(path), STEP, str(killed_before)],
        cwd=REPOSITORY,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob("*-before-step-*.db"))) == 1

    again = Store(path)
    assert again.version() == len(migration_steps())
    steps = [*migration_steps(), STEP]
    monkeypatch.setattr(store_module, "migration_steps", lambda: steps)
    again.migrate()
    assert again.version() == len(steps)
    assert again.rows("SELECT colour FROM owners")[0][0] == "red"
    # The backup would keep what is deleted from now on.
    assert list(tmp_path.glob("*-before-step-*.db")) == []


@pytest.mark.parametrize("table", ["concepts", "runs", "artifacts", "drawings"])
def test_what_could_not_be_written_down_leaves_no_folder(
    world: World, tmp_path: Path, table: str
) -> None:
    concept_id = world.concept().concept.concept_id
    path = tmp_path / "elsewhere.safetensors"
    save_file({"emb_params": np.ones((2, 768), np.float32)}, path)
    orders: dict[str, Callable[[], object]] = {
        "concepts": lambda: world.service.create_concept(world.owner),
        "runs": lambda: world.start(concept_id, methods=("embedding", "lora")),
        "artifacts": lambda: world.service.import_artifact(
            world.owner, ReceivedFile(path, path.name)
        ),
        "drawings": lambda: world.service.start_drawing(
            world.owner, DrawingOrder(model_id="crayon", prompt="a dog")
        ),
    }
    index = world.service._parts.tables.store
    # A row that breaks its promise to another table only when all is to be kept.
    index.write("CREATE TABLE debts (owner TEXT REFERENCES owners DEFERRABLE INITIALLY DEFERRED)")
    index.write(
        f"CREATE TRIGGER fail AFTER INSERT ON {table} "
        "BEGIN INSERT INTO debts VALUES ('nobody'); END"
    )
    before = {path.name for kind in THINGS for path in (world.data_dir / kind).iterdir()}
    with pytest.raises((sqlite3.IntegrityError, BadInput)):
        orders[table]()
    after = {path.name for kind in THINGS for path in (world.data_dir / kind).iterdir()}
    assert after == before


def test_a_newer_file_is_refused(store: Store) -> None:
    store.rows(f"PRAGMA user_version = {len(migration_steps()) + 1}")
    with pytest.raises(StorageFailed) as caught:
        store.migrate()
    assert caught.value.code == "storage.newer"


@pytest.mark.skipif(os.name == "nt", reason="limits of file size are a thing of Unix")
def test_a_full_disk_is_told_and_nothing_is_damaged(tmp_path: Path) -> None:
    program = """
import resource, signal, sys
from pathlib import Path
from textinv_app.errors import StorageFailed
from textinv_app.library.concept_rows import OwnerRows
from textinv_app.library.store import Store
store = Store(Path(sys.argv[1]))
store.migrate()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = Path(sys.argv[1]).stat().st_size + 20_000
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
num = 0
try:
    while True:
        OwnerRows(store).note("x" * 500 + str(num))
        num += 1
except StorageFailed as error:
    print(num, error.code)
"""
    path = tmp_path / "petname.db"
    child = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        cwd=REPOSITORY,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    num, code = child.stdout.split()
    assert code.startswith("storage.")
    store = Store(path)
    assert store.is_sound()
    assert store.rows("SELECT COUNT(*) FROM owners")[0][0] == int(num)


def test_a_deleted_row_leaves_no_bytes(store: Store, tmp_path: Path) -> None:
    owners = OwnerRows(store)
    owners.note("canary-of-anna")
    assert b"canary-of-anna" in (tmp_path / "petname.db").read_bytes()
    owners.remove_without_things()
    assert b"canary-of-anna" not in (tmp_path / "petname.db").read_bytes()


def test_damage_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "petname.db"
    opened = Store(path)
    opened.migrate()
    assert opened.is_sound()
    opened.close()
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(IndexDamaged):
        Store(path)


def test_what_cannot_be_opened_is_not_taken_for_damaged(tmp_path: Path) -> None:
    (tmp_path / "petname.db").mkdir()
    with pytest.raises(StorageFailed) as caught:
        Store(tmp_path / "petname.db")
    assert not isinstance(caught.value, IndexDamaged)
    assert caught.value.code == "storage.files"
