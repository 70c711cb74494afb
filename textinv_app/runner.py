"""The process around one attempt at one run: ``python -m textinv_app.runner RUN_DIR --attempt N``.

It takes the run's lock, writes what happens to the event log, turns a termination signal into a
pause, and writes ``outcome.json`` last. Whoever started it needs nothing from it but the run
directory; the exit code only says the same in short.

``--wait`` starts one ahead: it imports what trainings need, perhaps loads a base model, and waits
on standard input for the one run that it will make (``runs/handover.py``).
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path

from textinv_app.domain.events import Event, Failed, Finished, Outcome, Paused, PhaseChanged
from textinv_app.domain.specs import RunSpec
from textinv_app.errors import PetnameError
from textinv_app.runs.atomic import TEMPORARY_PREFIX, atomic_write_text
from textinv_app.runs.control import ControlWatch, StopRequested, Superseded
from textinv_app.runs.event_log import EventLog
from textinv_app.runs.handover import become, wait_for_run
from textinv_app.runs.layout import RunLayout
from textinv_app.runs.lock import AlreadyLocked, RunLock
from textinv_app.runs.process import prepare_heavy_process

logger = logging.getLogger("petname.runner")


class ExitCode(IntEnum):
    """How an attempt ended."""

    DONE = 0
    """The result is there, or the run was stopped before there was any."""
    FAILED = 1
    """``outcome.json`` says why."""
    BAD_INPUT = 2
    """There is no run to make here."""
    PAUSED = 3
    """A checkpoint was saved; a later attempt goes on."""
    NOT_OURS = 4
    """Another attempt has this run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one attempt and return its exit code."""
    parser = argparse.ArgumentParser(prog="textinv_app.runner", description="Train one run.")
    parser.add_argument("run_dir", type=Path, nargs="?", help="run directory with spec and photos")
    parser.add_argument("--attempt", type=int, default=1, help="number of this attempt")
    parser.add_argument("--wait", action="store_true", help="wait for a run on standard input")
    parser.add_argument("--like", type=Path, help="spec.json whose base model is loaded ahead")
    given = parser.parse_args(arguments)
    if given.wait == (given.run_dir is not None):
        parser.error("give either a run directory or --wait")
    prepare_heavy_process()
    if given.wait:
        return _wait(given.like)
    return _run(given.run_dir, given.attempt)


def _wait(like: Path | None) -> int:
    """Get ready, wait for a run and make it; leaves when nobody is there to ask any more."""
    # In a thread of its own: a run that comes before that is done takes its lock and listens to
    # signals at once, as one does that is started for it.
    preparing = threading.Thread(target=_prepare, args=(like,), daemon=True)
    preparing.start()
    order = wait_for_run(sys.stdin.buffer)
    if order is None:
        # At once, whatever the thread is at: nothing was begun that would have to be ended.
        os._exit(ExitCode.DONE)
    become(order)
    return _run(order.run_dir, order.attempt, preparing.join)


def _prepare(like: Path | None) -> None:
    """Import what every training needs, and load the base model that ``like`` names."""
    from textinv_app.models.loading import load_ahead
    from textinv_app.training import loop, setup
    from textinv_app.training.stepping import NUMBER_TYPES

    logger.info("ready, with %s imported", loop.__name__)
    if like is None:
        return
    try:
        spec = RunSpec.model_validate_json(like.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        # Its run was removed meanwhile.
        logger.info("no base model is loaded ahead: %s", error)
        return
    plan = setup.choose_plan(spec, None, setup.this_machine())
    load_ahead(spec.base_model, NUMBER_TYPES[plan.weights])


def _run(run_dir: Path, attempt: int, get_ready: Callable[[], None] = lambda: None) -> int:
    """Make an attempt and return its exit code; ``get_ready`` is called before the training."""
    layout = RunLayout(run_dir.resolve())
    try:
        spec = RunSpec.model_validate_json(layout.spec.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        logger.error("no run can be made in %s: %s", layout.root, error)
        return ExitCode.BAD_INPUT
    try:
        with RunLock(layout.lock, {"attempt": str(attempt)}):
            if _is_over(layout, attempt):
                logger.warning("this run is over already")
                return ExitCode.NOT_OURS
            _remove_left_behind(layout)
            return _attempt(spec, layout, attempt, get_ready)
    except AlreadyLocked:
        logger.warning("another process runs this run")
        return ExitCode.NOT_OURS


def _remove_left_behind(layout: RunLayout) -> None:
    """Remove the folders that killed attempts were filling; only for the holder of the lock.

    A temporary file there may be the order that somebody else is writing just now.
    """
    for path in layout.root.glob(f"{TEMPORARY_PREFIX}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


def _is_over(layout: RunLayout, attempt: int) -> bool:
    """Tell whether nothing is to do; a failure of an earlier attempt is taken away."""
    try:
        outcome = Outcome.model_validate_json(layout.outcome.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    if outcome.status != "failed" or outcome.attempt >= attempt:
        return True
    layout.outcome.unlink()
    return False


def _attempt(spec: RunSpec, layout: RunLayout, attempt: int, get_ready: Callable[[], None]) -> int:
    """Train, and write down what happens; the outermost guard of the process."""
    watch = ControlWatch(layout.control, attempt)
    watch.pause_on_termination()
    started = time.monotonic()
    with EventLog(layout.events, attempt) as log:
        try:
            watch.wanted()
            log.append(PhaseChanged(phase="starting"))
            get_ready()
            code = _train(spec, layout, watch, log, attempt)
        except Superseded as error:
            logger.warning("leaving: %s", error)
            code = ExitCode.NOT_OURS
        except StopRequested:
            logger.info("stopped before there was anything to keep")
            _write_outcome(layout, Outcome(status="cancelled", attempt=attempt, step=0))
            code = ExitCode.DONE
        except PetnameError as error:
            logger.exception("the run failed")
            failed = Failed(code=error.code, sentence=error.sentence, details=error.details)
            code = _fail(layout, log, attempt, failed)
        except OSError as error:
            logger.exception("a file could not be read or written")
            code = _fail(layout, log, attempt, _storage_failure(error))
        except Exception as error:
            # The one place that must not let anything pass: a run never ends without a reason.
            logger.exception("the run broke down")
            code = _fail(layout, log, attempt, _breakdown(error))
    logger.info("attempt %d: %s after %.1f s", attempt, code.name, time.monotonic() - started)
    return code


def _train(
    spec: RunSpec, layout: RunLayout, watch: ControlWatch, log: EventLog, attempt: int
) -> ExitCode:
    # Takes seconds to import: the first event and the lock must not wait for it.
    from textinv_app.training.loop import train

    last: Event | None = None
    for event in train(spec, layout, watch):
        last = event
        if isinstance(event, Finished):
            outcome = Outcome(status="done", attempt=attempt, step=event.step, finished=event)
            _write_outcome(layout, outcome)
        log.append(event)
    if isinstance(last, Finished):
        # Nothing goes on from here, and they are larger than everything else of a run.
        shutil.rmtree(layout.checkpoints, ignore_errors=True)
    if isinstance(last, Paused):
        return ExitCode.PAUSED
    return ExitCode.DONE


def _fail(layout: RunLayout, log: EventLog, attempt: int, failed: Failed) -> ExitCode:
    if layout.outcome.exists():
        # What was made is whole and written down; only telling of it failed.
        return ExitCode.DONE
    _write_outcome(layout, Outcome(status="failed", attempt=attempt, step=0, failed=failed))
    log.append(failed)
    return ExitCode.FAILED


def _write_outcome(layout: RunLayout, outcome: Outcome) -> None:
    atomic_write_text(layout.outcome, outcome.model_dump_json(indent=1))


def _storage_failure(error: OSError) -> Failed:
    return Failed(
        code="run.storage",
        sentence="A file could not be read or written. Check that the disk has free space, then "
        "try again; nothing that was saved is lost.",
        details={"reason": str(error.strerror or error)},
    )


def _breakdown(error: Exception) -> Failed:
    return Failed(
        code="run.crashed",
        sentence="The trainer met a problem it does not know. Try again; the log of the run says "
        "more.",
        details={"kind": type(error).__name__},
    )


if __name__ == "__main__":
    sys.exit(main())
