"""Who is who: a browser keeps a random token, the server only its hash.

The token is a secret of 256 bits, so a plain hash is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import re

from textinv_app.errors import BadInput

# 43 characters of base64 are 256 bits.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,128}")


def owner_of_token(token: str) -> str:
    """Return the owner id of a browser's token; raises ``BadInput`` for a malformed token."""
    if not _TOKEN.fullmatch(token):
        raise BadInput("owner.token", "This page has lost track of who you are. Please reload it.")
    return hashlib.sha256(token.encode("ascii")).hexdigest()
