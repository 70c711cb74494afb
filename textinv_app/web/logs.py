"""What the server writes about itself: short lines on standard error, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from typing import TextIO

MAX_LINE_CHARACTERS = 8000
_SECRETS = (
    re.compile(r"hf_(?:oauth_[\w.-]{8,}|[A-Za-z0-9]{16,})"),
    re.compile(r"api_org_[A-Za-z0-9]{16,}"),
    re.compile(r"(?<=/media/)[\w.~-]{16,}"),
    re.compile(r"(?<=session_hash=)\w+"),
)


def clean_line(line: str) -> str:
    """Return a log line with tokens and links blanked out, cut to ``MAX_LINE_CHARACTERS``."""
    for pattern in _SECRETS:
        line = pattern.sub("...", line)
    if len(line) > MAX_LINE_CHARACTERS:
        return line[:MAX_LINE_CHARACTERS] + f" ... ({len(line)} characters)"
    return line


class CleanStream:
    """A text stream through ``clean_line``: Gradio prints tracebacks with all that was sent."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the cleaned text; says that all of it was written."""
        self._stream.write(clean_line(text))
        return len(text)

    def flush(self) -> None:
        """Pass on what is buffered."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Tell whether a person is reading."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the file descriptor, for child processes."""
        return self._stream.fileno()


def start_logging(level: int = logging.INFO) -> None:
    """Send the log of the whole process to standard error; clean whatever is printed."""
    sys.stdout = CleanStream(sys.stdout)
    sys.stderr = CleanStream(sys.stderr)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    clients = ("httpx", "httpx2", "httpcore", "httpcore2")
    for talkative in (*clients, "asyncio", "PIL", "uvicorn.access", "uvicorn.error"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
