"""The courier's process: publishes one file and leaves how it ended in the publication's folder.

``python -m textinv_app.publishing.courier FOLDER``, with the token on standard input (an empty line
where this computer's own is to be used). It outlives the web host, asks through ``progress.json``
and waits for ``answer.json``. Ctrl+C or SIGTERM ends it in order.
"""

from __future__ import annotations

import logging
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from textinv_app.domain.publication import (
    PublicationOutcome,
    PublicationProgress,
    PublicationRequest,
)
from textinv_app.errors import PetnameError
from textinv_app.publishing.layout import PublicationFolder
from textinv_app.publishing.quiet import quiet_client
from textinv_app.runs.atomic import atomic_write_text
from textinv_app.runs.lock import AlreadyLocked, RunLock

ANSWER_SECONDS = 15 * 60
"""How long a question waits; the token is in memory meanwhile."""
_LOOK_EVERY_SECONDS = 0.2

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish what the folder asks for; 0 when it is done, 1 when it failed."""
    folder = PublicationFolder(Path((arguments or sys.argv[1:])[0]))
    token = sys.stdin.readline().strip()
    # Nothing started later may read it.
    sys.stdin.close()
    _start_logging(token)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with RunLock(folder.lock):
            outcome = _outcome(folder, token)
            shutil.rmtree(folder.files, ignore_errors=True)
            _write(folder.outcome_path, outcome)
    except AlreadyLocked:
        return 1
    return 0 if outcome.status == "done" else 1


class _Discreet(logging.Formatter):
    """Blanks a secret out of every line, whoever wrote it."""

    def __init__(self, secret: str) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secret = secret

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without the secret."""
        text = super().format(record)
        return text.replace(self._secret, "...") if self._secret else text


def _start_logging(token: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Discreet(token))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


def _outcome(folder: PublicationFolder, token: str) -> PublicationOutcome:
    request = folder.request()
    if request is None:
        return _failed("publish.interrupted", _INTERRUPTED)
    try:
        return _publish(folder, request, token)
    except PetnameError as error:
        details = dict(error.details)
        leftover = str(details.pop("leftover", ""))
        outcome = _failed(error.code, error.sentence, details)
        return outcome.model_copy(update={"leftover": bool(leftover), "repository": leftover})
    except KeyboardInterrupt:
        return _failed("publish.cancelled", "You stopped it. Nothing was published.")
    except OSError as error:
        logger.error("a file could not be read or written: %s", error.strerror)
        return _failed("publish.files", "A file could not be read or written on this machine.")
    except Exception as error:
        # The outermost guard of this process.
        logger.exception("broken down: %s", type(error).__name__)
        return _failed("publish.strange", "The Hugging Face Hub did not take the files.")


def _publish(
    folder: PublicationFolder, request: PublicationRequest, typed_token: str
) -> PublicationOutcome:
    quiet_client()
    # The client reads its settings from the environment while it is imported.
    from textinv_app.publishing.tokens import check_token, own_token
    from textinv_app.publishing.uploading import Listener, publish

    def tell(progress: PublicationProgress) -> None:
        _write(folder.progress_path, progress)

    token = own_token() if request.use_own_token else check_token(typed_token)
    listener = Listener(progress=tell, may_update=lambda _repository: _ask(folder))
    shutil.rmtree(folder.files, ignore_errors=True)
    published = publish(request, token, folder.files, listener)
    return PublicationOutcome(
        status="done",
        repository=published.repository,
        url=published.url,
        private=published.private,
        num_photos=len(request.photos),
    )


def _ask(folder: PublicationFolder) -> bool:
    """Wait for the answer to the question that ``progress.json`` asks; no answer is a no."""
    give_up = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < give_up and folder.root.is_dir():
        answer = folder.answer()
        if answer is not None:
            return answer.update
        time.sleep(_LOOK_EVERY_SECONDS)
    return False


_INTERRUPTED = "The upload was interrupted. Nothing was published; please try again."


def _failed(
    code: str, sentence: str, details: dict[str, str | int | float] | None = None
) -> PublicationOutcome:
    return PublicationOutcome(
        status="failed", error_code=code, error_sentence=sentence, error_details=details or {}
    )


def _write(path: Path, value: PublicationOutcome | PublicationProgress) -> None:
    atomic_write_text(path, value.model_dump_json(indent=1))


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """End in order; a second signal must not disturb the clearing up."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
