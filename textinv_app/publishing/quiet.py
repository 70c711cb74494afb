"""The Hub's client without bars, without telemetry and without help of its own."""

from __future__ import annotations

import logging
import os

QUIET_SETTINGS = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    # Every call names its token: one that is lying about is never used by accident.
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    # Would write every request, headers and all, into the log.
    "HF_DEBUG": "",
}
"""Variables that the client reads while it is imported."""


def quiet_client() -> None:
    """Set what the client reads while it is imported, and keep its talk out of the log.

    Its lines hold addresses that are good for an upload by whoever reads them.
    """
    os.environ.update(QUIET_SETTINGS)
    for talkative in ("huggingface_hub", "httpx", "httpx2", "httpcore", "httpcore2", "hf_xet"):
        logging.getLogger(talkative).setLevel(logging.CRITICAL)
