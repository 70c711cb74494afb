"""Tokens of the Hugging Face Hub: whether this computer has one, and whether a typed one can be.

A token is never written anywhere, and no sentence repeats it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from huggingface_hub import constants, get_token

from textinv_app.errors import BadInput
from textinv_app.publishing.faults import bad_token

# Visible characters only: the client would repeat a header that is none in its error.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{8,4096}")


def own_token_present() -> bool:
    """Tell whether this computer seems to be logged in to the Hub; asks nobody."""
    named = any(os.environ.get(name) for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"))
    return named or Path(constants.HF_TOKEN_PATH).is_file()


def own_token() -> str:
    """Return the token of this computer; raises ``BadInput`` where it has none."""
    token = get_token()
    if not token:
        raise no_token()
    return check_token(token)


def check_token(token: str) -> str:
    """Return a token without the space around it; raises ``BadInput`` where it can be none."""
    stripped = token.strip()
    if not stripped:
        raise no_token()
    if not _TOKEN.fullmatch(stripped):
        raise bad_token()
    return stripped


def no_token() -> BadInput:
    """Return the error for a publication without any token."""
    return BadInput(
        "publish.no_token",
        "A token of the Hugging Face Hub is needed. Make one with the right to write at "
        "huggingface.co/settings/tokens.",
    )
