"""The supervisor: gives waiting runs a runner, notices what became of it, enforces a stop.

``tick`` looks once at everything and never sleeps; a thread calls it twice a second. All it knows
is in the index and the run directories, so a new one takes over where an old one died.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from textinv_app.domain.events import Failed
from textinv_app.domain.status import RunStatus
from textinv_app.executors.base import Executor
from textinv_app.library.folders import DataFolder
from textinv_app.library.following import Followers, RunProgress
from textinv_app.library.removing import Remover, Tables
from textinv_app.library.results_on_disk import (
    artifact_of_run,
    read_manifest,
    read_outcome,
    write_outcome,
)
from textinv_app.library.run_rows import RunRow
from textinv_app.library.storage_errors import is_disk_full, with_reserve
from textinv_app.library.watching import Decision, Sight, decide
from textinv_app.library.working_files import drop_working_files
from textinv_app.runs.control import Control, read_control, write_control
from textinv_app.runs.layout import RunLayout

logger = logging.getLogger(__name__)

_SENTENCES = {
    "training.gave_up": (
        "The training was interrupted several times at the same place and was given up. "
        "Press “Try again” to continue, or choose a smaller model."
    ),
    "run.storage": (
        "A file could not be read or written. Check that the disk has free space, then press “Try "
        "again”; nothing that was saved is lost."
    ),
    "training.result_missing": (
        "The training ended, but its file is missing or damaged. Press “Try again”."
    ),
}


class Supervisor:
    """Moves runs along; ``tick`` must be called by one thread at a time."""

    def __init__(
        self,
        tables: Tables,
        data: DataFolder,
        executor: Executor,
        followers: Followers,
        max_idle_attempts: int = 3,
    ) -> None:
        self._tables = tables
        self._data = data
        self._executor = executor
        self._followers = followers
        self._max_idle_attempts = max_idle_attempts
        self._control_guard = threading.Lock()
        self._asked_at: dict[tuple[str, int, str], float] = {}
        """By run, attempt and phase: each phase has its own time to heed what is asked for."""
        self.clock: Callable[[], float] = time.monotonic
        """Monotonic seconds; followers must use the same clock."""
        self.before_launch: Callable[[RunRow], None] = lambda _run: None
        """Called before a runner is started, for instance to free memory for it."""

    def tick(self, remover: Remover) -> None:
        """Look once at all living and waiting runs; raises ``StorageFailed``."""
        remover.finish_pending()
        running = self._tables.runs.in_status(RunStatus.RUNNING)
        for run in running:
            try:
                self._watch(run)
            except (OSError, ValueError) as error:
                if is_disk_full(error):
                    raise  # So that the next look has the reserve.
                logger.error("run %s could not be looked after: %s", run.run_id, error)
        self._forget_times({run.run_id for run in running})
        while self._has_free_slot(remover):
            claimed = self._tables.runs.claim_next()
            if claimed is None:
                return
            self._launch(claimed)

    def sync_control(self, run_id: str) -> None:
        """Write what the index says is wanted into the run directory; raises ``OSError``.

        Whoever changes the index calls this afterwards. The row is read again under a lock, so that
        two callers cannot leave the older wish in the file.
        """
        with self._control_guard:
            run = self._tables.runs.find(run_id)
            if run is None:
                return
            path = RunLayout(self._data.run(run_id)).control
            control = Control(wanted=run.wanted, attempt=run.attempt)
            if _control_in(path) != control:
                write_control(path, control)

    def _has_free_slot(self, remover: Remover) -> bool:
        num_running = len(self._tables.runs.in_status(RunStatus.RUNNING))
        return num_running + remover.num_dying < self._executor.num_slots

    def _launch(self, run: RunRow) -> None:
        """Start a runner for a claimed run; where none can be started the run has failed."""
        run_dir = self._data.run(run.run_id)
        try:
            with_reserve(self._data, lambda: self._start_runner(run, run_dir))
        except OSError as error:
            logger.error("run %s could not be started: %s", run.run_id, error)
            # Without its folder it is forgotten at the next look.
            if run_dir.is_dir() and not self._executor.is_alive(run_dir):
                self._give_up(run, "run.storage")

    def _start_runner(self, run: RunRow, run_dir: Path) -> None:
        outcome_path = RunLayout(run_dir).outcome
        outcome = read_outcome(outcome_path)
        if outcome is not None and outcome.status != "failed":
            return
        outcome_path.unlink(missing_ok=True)
        self.sync_control(run.run_id)
        self.before_launch(run)
        # It may live already: a full disk lets a process start and refuses the note of it.
        if not self._executor.is_alive(run_dir):
            self._executor.launch(run_dir, run.attempt)
        self._followers.heard(run_dir)

    def _watch(self, run: RunRow) -> None:
        run_dir = self._data.run(run.run_id)
        if not run_dir.is_dir():
            # Nothing could ever end it, and it would keep the machine from all others.
            logger.error("run %s has lost its folder and is forgotten", run.run_id)
            self._tables.runs.remove(run.run_id)
            return
        # Heals a crash between the index and the file.
        self.sync_control(run.run_id)
        sight = self._look(run)
        decision = decide(sight, self._max_idle_attempts)
        if decision.action == "terminate":
            self._executor.terminate(run_dir)
        elif decision.action == "kill":
            logger.warning("ending the runner of run %s", run.run_id)
            self._executor.kill(run_dir)
        elif decision.action == "move":
            self._move(sight, decision)

    def _look(self, run: RunRow) -> Sight:
        run_dir = self._data.run(run.run_id)
        layout = RunLayout(run_dir)
        # Alive first: a runner that ends between the two looks has left its outcome by the second.
        alive = self._executor.is_alive(run_dir)
        outcome = read_outcome(layout.outcome)
        progress = self._followers.progress(run_dir)
        now = self.clock()
        asked = run.wanted == "stop" or outcome is not None
        phase = _phase_of(progress, run.attempt)
        heard = (run.run_id, run.attempt, phase)
        asked_at = self._asked_at.setdefault(heard, now) if asked else now
        return Sight(
            run=run,
            alive=alive,
            outcome=outcome,
            saved_step=newest_checkpoint_step(layout.checkpoints),
            phase=phase,
            seconds_per_step=progress.step.seconds_per_step if progress.step else 0.0,
            silent_seconds=now - progress.silent_since,
            asked_seconds=now - asked_at,
        )

    def _move(self, sight: Sight, decision: Decision) -> None:
        run, after = sight.run, decision.after
        if after is RunStatus.DONE:
            self._finish_done(run)
        elif after is RunStatus.FAILED and sight.outcome is not None and sight.outcome.failed:
            self._fail(run, sight.outcome.failed)
        elif after is RunStatus.FAILED:
            self._give_up(run, decision.error_code or "training.result_missing")
        elif after is not None:
            with self._tables.store.transaction():
                moved = self._tables.runs.move(
                    run, after, idle_attempts=decision.idle_attempts, saved_step=sight.saved_step
                )
                if moved and after is RunStatus.CANCELLED and sight.outcome is None:
                    write_outcome(run, self._data.run(run.run_id))
        if after is RunStatus.CANCELLED:
            drop_working_files(self._data.run(run.run_id))
        logger.info("run %s is now %s", run.run_id, after.value if after else "")

    def _finish_done(self, run: RunRow) -> None:
        """Register the result and end the run, in one transaction."""
        run_dir = self._data.run(run.run_id)
        manifest = read_manifest(RunLayout(run_dir).result)
        if manifest is None:
            self._give_up(run, "training.result_missing")
            return
        with self._tables.store.transaction():
            if self._tables.runs.move(run, RunStatus.DONE, artifact_id=run.run_id):
                self._tables.artifacts.add(artifact_of_run(run, run_dir, manifest))
        drop_working_files(self._data.run(run.run_id))

    def _give_up(self, run: RunRow, code: str) -> None:
        """Fail a run whose runner has not said so itself, and note that in its folder."""
        failed = Failed(code=code, sentence=_SENTENCES[code])
        with self._tables.store.transaction():
            if self._fail(run, failed):
                write_outcome(run, self._data.run(run.run_id), failed)

    def _fail(self, run: RunRow, failed: Failed) -> bool:
        return self._tables.runs.move(
            run,
            RunStatus.FAILED,
            error_code=failed.code,
            error_sentence=failed.sentence,
            error_details=dict(failed.details),
        )

    def _forget_times(self, run_ids: set[str]) -> None:
        self._asked_at = {key: at for key, at in self._asked_at.items() if key[0] in run_ids}


class SupervisorThread:
    """Calls ``tick`` again and again until it is closed."""

    def __init__(self, tick: Callable[[], None], interval_seconds: float = 0.5) -> None:
        self._tick = tick
        self._interval_seconds = interval_seconds
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look now rather than at the next interval."""
        self._wake.set()

    def close(self) -> None:
        """End after the tick that is going on; the runners live on."""
        self._ended.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _loop(self) -> None:
        while not self._ended.is_set():
            try:
                self._tick()
            except Exception:
                # The outermost guard of the thread: for instance a full disk, which the next tick
                # may find better. Without the thread nothing would ever go on.
                logger.exception("the supervisor could not do its work")
            self._wake.wait(self._interval_seconds)
            self._wake.clear()


def _phase_of(progress: RunProgress, attempt: int) -> str:
    """Return the phase of this attempt; what an earlier one said last counts no more."""
    phase = progress.phase
    return phase.phase if phase is not None and phase.attempt >= attempt else "starting"


def newest_checkpoint_step(folder: Path) -> int:
    """Return the step in the name of the newest checkpoint; 0 where there is none."""
    steps = [path.stem.removeprefix("step-") for path in folder.glob("step-*")]
    return max((int(step) for step in steps if step.isdigit()), default=0)


def _control_in(path: Path) -> Control | None:
    try:
        return read_control(path) if path.exists() else None
    except ValueError:
        return None
