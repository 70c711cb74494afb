"""Random moves of people, runners and crashes against the whole service, with a fake executor.

The executor is a real small class whose runners do what the machine tells them, so that thousands
of moves need no process. What must hold after every move stands in the invariants.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)
from library_world import World, draw_photo

from textinv_app.domain.events import Failed, Outcome, PhaseChanged
from textinv_app.domain.manifest import ResultManifest
from textinv_app.domain.status import RunStatus, may_move
from textinv_app.errors import BadInput, NotFound, QuotaReached
from textinv_app.library.api import ConceptChange
from textinv_app.runs.atomic import atomic_write_text
from textinv_app.runs.control import read_control
from textinv_app.runs.event_log import EventLog
from textinv_app.runs.layout import RunLayout


@dataclass
class FakeExecutor:
    """Runners that live in a set: they outlive the service, as real ones do."""

    num_slots: int = 1
    living: dict[Path, int] = field(default_factory=dict)
    most_at_once: int = 0
    clock: float = 0.0
    is_warm: bool = False

    def warm_up(self, like: Path | None = None) -> None:
        """No runner is started ahead here."""

    def cool_down(self) -> None:
        """None waits."""

    def launch(self, run_dir: Path, attempt: int) -> None:
        assert run_dir not in self.living, "two runners on one run"
        assert not RunLayout(run_dir).outcome.exists(), "launched though it is over"
        self.living[run_dir] = attempt
        self.most_at_once = max(self.most_at_once, len(self.living))

    def is_alive(self, run_dir: Path) -> bool:
        return run_dir in self.living

    def terminate(self, run_dir: Path) -> None:
        """A runner that is asked saves and leaves at the machine's next move."""

    def kill(self, run_dir: Path) -> None:
        self.living.pop(run_dir, None)

    # What runners do by themselves
    def obey(self, run_dir: Path) -> None:
        """Do what the control file says: go on to the end, save and leave, or stop."""
        layout, attempt = RunLayout(run_dir), self.living[run_dir]
        control = read_control(layout.control)
        assert control.attempt == attempt, "the runner was told of another attempt"
        if control.wanted == "pause":
            self.save(run_dir)
        elif control.wanted == "stop" and not list(layout.checkpoints.glob("step-*")):
            self._end(layout, Outcome(status="cancelled", attempt=attempt, step=0))
        else:
            self._publish(layout)
            self._end(layout, Outcome(status="done", attempt=attempt, step=9))
        self.living.pop(run_dir)

    def save(self, run_dir: Path) -> None:
        layout = RunLayout(run_dir)
        layout.checkpoints.mkdir(exist_ok=True)
        num = len(list(layout.checkpoints.glob("step-*")))
        (layout.checkpoints / f"step-{num + 1:06d}.ckpt").touch()

    def fail(self, run_dir: Path) -> None:
        attempt = self.living.pop(run_dir)
        failed = Failed(code="run.crashed", sentence="It broke.")
        self._end(
            RunLayout(run_dir), Outcome(status="failed", attempt=attempt, step=0, failed=failed)
        )

    def _end(self, layout: RunLayout, outcome: Outcome) -> None:
        atomic_write_text(layout.outcome, outcome.model_dump_json())

    def _publish(self, layout: RunLayout) -> None:
        layout.result.mkdir(exist_ok=True)
        (layout.result / "word.safetensors").write_bytes(b"x")
        manifest = ResultManifest(
            file_name="word.safetensors",
            method="embedding",
            family="crayon",
            model_id="crayon",
            placeholder_token="word",
            size_bytes=1,
            sha256="",
            created_at="2026-01-01",
        )
        atomic_write_text(layout.result / "manifest.json", manifest.model_dump_json())


class LibraryMachine(RuleBasedStateMachine):
    """People, runners and crashes."""

    concepts = Bundle("concepts")
    runs = Bundle("runs")

    def __init__(self) -> None:
        super().__init__()
        # In memory where that can be had: what a power cut loses is not what is tried here.
        in_memory = Path("/dev/shm")
        folder = in_memory if in_memory.is_dir() else None
        self.root = Path(tempfile.mkdtemp(prefix="petname-machine-", dir=folder))
        self.executor = FakeExecutor()
        self.world = World(self.root, executor=self.executor, max_active_runs_per_owner=3)
        self.owners = (self.world.owner, self.world.stranger)
        self.owner_of: dict[str, str] = {}
        self.seen: dict[str, RunStatus] = {}
        self.stopped: set[str] = set()
        self.pictures = [draw_photo(self.root / f"{n}.png", n, (64, 64)) for n in range(3)]

    def teardown(self) -> None:
        self.executor.living.clear()
        self.world.service.close()
        shutil.rmtree(self.root)

    @initialize(target=concepts)
    def first_concept(self) -> str:
        return self._concept(0, "Rex")

    @initialize(target=runs, method=st.sampled_from(["embedding", "lora"]))
    def first_run(self, method: str) -> str:
        concept = self._concept(1, "Ida")
        run = self.world.start(concept, self.owner_of[concept], methods=(method,))
        self.owner_of[run.run_id] = self.owner_of[concept]
        return run.run_id

    @rule(target=concepts, who=st.integers(0, 1), name=st.sampled_from(["Mia", "Bo", "Tom"]))
    def make_concept(self, who: int, name: str) -> str:
        return self._concept(who, name)

    def _concept(self, who: int, name: str) -> str:
        service, owner = self.world.service, self.owners[who]
        concept_id = service.create_concept(owner).concept.concept_id
        parts = service._parts.concepts
        concept = parts.find(owner, concept_id)
        photos = [parts._files.keep_own(concept_id, picture) for picture in self.pictures]
        parts._with_photos(owner, concept, photos)
        word = service.suggest_word(owner, concept_id)
        change = ConceptChange(name=name, placeholder_token=word)
        service.update_concept(owner, concept_id, change)
        self.owner_of[concept_id] = owner
        return concept_id

    @rule(target=runs, concept=concepts, method=st.sampled_from(["embedding", "lora"]))
    def start(self, concept: str, method: str) -> object:
        try:
            run = self.world.start(concept, self.owner_of[concept], methods=(method,))
        except (BadInput, QuotaReached, KeyError):
            return multiple()
        self.owner_of[run.run_id] = self.owner_of[concept]
        return run.run_id

    @rule(run=runs, button=st.sampled_from(["pause", "resume", "stop"]))
    def press(self, run: str, button: str) -> None:
        owner = self.owner_of[run]
        pressed = getattr(self.world.service, f"{button}_run")
        try:
            pressed(owner, run)
        except (BadInput, QuotaReached, NotFound):
            return
        if button == "stop":
            self.stopped.add(run)
        if button == "resume":
            self.stopped.discard(run)

    @rule(run=runs)
    def stranger_presses(self, run: str) -> None:
        other = next(owner for owner in self.owners if owner != self.owner_of[run])
        for name in ("pause_run", "resume_run", "stop_run", "run"):
            try:
                getattr(self.world.service, name)(other, run)
            except NotFound:
                continue
            raise AssertionError("a stranger got through")

    @rule()
    def look(self) -> None:
        self.world.service.tick()

    @rule()
    def runner_obeys(self) -> None:
        for run_dir in list(self.executor.living):
            self.executor.obey(run_dir)

    @rule(run=runs)
    def all_goes_well_for_a_while(self, run: str) -> None:
        for _ in range(2):
            self.world.service.tick()
            self.runner_saves()
            self.runner_obeys()
        self.world.service.tick()
        assert run in self.owner_of

    @rule()
    def runner_saves(self) -> None:
        for run_dir in self.executor.living:
            self.executor.save(run_dir)

    @rule()
    def runner_dies(self) -> None:
        self.executor.living.clear()

    @rule()
    def runner_fails(self) -> None:
        for run_dir in list(self.executor.living):
            self.executor.fail(run_dir)

    @rule(index_lost=st.booleans())
    def web_process_dies(self, index_lost: bool) -> None:
        before = self._statuses()
        said = {
            run_id for run_id in before if RunLayout(self.world.run_dir(run_id)).outcome.exists()
        }
        self.world.service._parts.folder.lock.release()
        self.world.service._parts.tables.store.close()
        if index_lost:
            self.world.service._parts.folder.data.database.unlink()
            # Moves that only the index knew may be undone: a pause of what waited, for instance.
            self.seen.clear()
        self.world.open()
        after = self._statuses()
        assert after.keys() == before.keys()
        for run_id, status in before.items():
            if status.is_final:
                assert after[run_id] is status, "what was over is not"
            elif run_id not in said:
                assert not after[run_id].is_final, "what was not over is"

    def _statuses(self) -> dict[str, RunStatus]:
        rows = self.world.service._parts.tables.store.rows("SELECT run_id, status FROM runs")
        return {row["run_id"]: RunStatus(row["status"]) for row in rows}

    @rule(concept=concepts, really=st.integers(0, 3))
    def delete(self, concept: str, really: int) -> None:
        owner = self.owner_of.get(concept)
        if owner is None or really:
            return
        del self.owner_of[concept]
        self.world.service.delete_concept(owner, concept)
        event("deleted")

    @rule(moment=st.integers(1, 3))
    def time_passes(self, moment: int) -> None:
        self.executor.clock += 10.0 * moment
        supervisor = self.world.service._parts.supervisor
        supervisor.clock = lambda: self.executor.clock
        supervisor._followers._clock = lambda: self.executor.clock

    @invariant()
    def what_must_hold(self) -> None:
        store = self.world.service._parts.tables.store
        rows = store.rows("SELECT run_id, owner_id, concept_id, method, status, wanted FROM runs")
        running = [row for row in rows if row["status"] == "running"]
        assert len(running) <= self.executor.num_slots
        assert self.executor.most_at_once <= self.executor.num_slots
        unfinished = [
            (row["concept_id"], row["method"])
            for row in rows
            if row["status"] in {"queued", "running", "paused"}
        ]
        assert len(unfinished) == len(set(unfinished))
        for row in rows:
            after = RunStatus(row["status"])
            before = self.seen.get(row["run_id"], after)
            assert before is after or _reachable(before, after), (before, after)
            self.seen[row["run_id"]] = after
            event(f"a run was {after.value}")
            assert self.owner_of.get(row["run_id"], row["owner_id"]) == row["owner_id"]
            if row["run_id"] in self.stopped and not after.is_final:
                assert row["wanted"] == "stop"
            assert self.world.run_dir(row["run_id"]).is_dir()
        self._files_and_rows_agree({row["run_id"] for row in rows})

    def _files_and_rows_agree(self, run_ids: set[str]) -> None:
        folders = {folder.name for folder in (self.world.data_dir / "runs").iterdir()}
        assert folders == run_ids
        service = self.world.service
        for owner in self.owners:
            done = {r.run_id for r in service.list_runs(owner) if r.status is RunStatus.DONE}
            assert {a.artifact_id for a in service.list_artifacts(owner)} == done
            concepts = {view.concept.concept_id for view in service.list_concepts(owner)}
            mine = {key for key, whose in self.owner_of.items() if whose == owner}
            assert concepts <= mine


def _reachable(before: RunStatus, after: RunStatus) -> bool:
    """Tell whether some moves of the graph lead from one state to the other."""
    seen, edge = {before}, {before}
    while edge:
        edge = {to for state in edge for to in RunStatus if may_move(state, to)} - seen
        seen |= edge
    return after in seen


TestLibraryMachine = LibraryMachine.TestCase
TestLibraryMachine.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_a_stop_is_kept_patience_with_from_where_the_runner_can_hear_it(tmp_path: Path) -> None:
    """Stop on a paused run: loading took longer than the patience, and it was killed at once."""
    executor = FakeExecutor()
    world = World(tmp_path, executor=executor)
    supervisor = world.service._parts.supervisor
    supervisor.clock = supervisor._followers._clock = lambda: executor.clock
    run_id = world.start(world.concept().concept.concept_id).run_id
    run_dir = world.run_dir(run_id)
    world.service.tick()
    world.service.pause_run(world.owner, run_id)
    executor.obey(run_dir)
    world.tick_until_status(run_id, RunStatus.PAUSED)
    world.service.stop_run(world.owner, run_id)
    world.service.tick()
    with EventLog(RunLayout(run_dir).events, attempt=2) as events:
        for phase, seconds in (("loading_model", 100), ("training", 10), (None, 10)):
            assert executor.living.get(run_dir) == 2, "it is the runner that was told to stop"
            if phase is not None:
                events.append(PhaseChanged(phase=phase))
            world.service.tick()
            executor.clock += seconds
            world.service.tick()
    assert executor.living.get(run_dir) != 2, "it did not listen"
    world.service.close()
