"""Names of repositories on the Hugging Face Hub: what may be one, and a suggestion where not.

The rules are those of the Hub's client (``huggingface_hub.utils.validate_repo_id``), and the Hub's
own of names that end like a file.
"""

from __future__ import annotations

import re
import unicodedata

from textinv_app.domain.concept import TrainingMethod
from textinv_app.errors import BadInput

MAX_NAME_CHARACTERS = 96
_ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/")
_PART = re.compile(r"(?![-.])[A-Za-z0-9._-]{1,96}(?<![-.])")
_ENDINGS = (".git", ".ipynb")


def check_repository_name(text: str) -> str:
    """Return ``name`` or ``owner/name`` as the Hub takes it; an address pasted whole is cut down.

    Raises ``BadInput`` with a ``suggestion`` that would be accepted.
    """
    name = _ADDRESS.sub("", text.strip(), count=1).strip("/ ")
    if not name:
        raise BadInput("publish.no_name", "The repository needs a name.")
    if not _is_good(name):
        owner, slash, rest = name.rpartition("/")
        suggestion = _cleaned(rest)
        if slash and "/" not in owner and _is_good(owner):
            suggestion = f"{owner}/{suggestion}"
        raise BadInput(
            "publish.bad_name",
            "The name of a repository is made of letters without accents, digits, hyphens, "
            f"underscores and full stops. How about {suggestion}?",
            suggestion=suggestion,
        )
    return name


def suggest_repository_name(word: str, method: TrainingMethod) -> str:
    """Return a name for the repository of a file: its word and, of a single file, what it is."""
    name = _cleaned(word)[: MAX_NAME_CHARACTERS - 12].rstrip("-.") or "petname"
    return name if method == "pivotal" else f"{name}-{method}"


def _is_good(name: str) -> bool:
    parts = name.split("/")
    return len(parts) <= 2 and all(
        _PART.fullmatch(part) and not part.endswith(_ENDINGS) and not re.search(r"--|\.\.", part)
        for part in parts
    )


def _cleaned(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    for ending in _ENDINGS:
        plain = plain.removesuffix(ending)
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", plain)
    plain = re.sub(r"-{2,}", "-", re.sub(r"\.{2,}", ".", plain))
    return plain[:MAX_NAME_CHARACTERS].strip("-.") or "petname"
