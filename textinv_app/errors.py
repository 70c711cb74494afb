"""The one error tree of Petname.

::

    PetnameError                  something went wrong that a person should read about
    ├── BadInput                  what was given cannot be used (command line: exit code 2)
    │   ├── PhotoRefused          one photo cannot be used; the others are kept
    │   ├── WordRefused           the trigger word breaks a rule of some program
    │   └── FileRefused           an imported file cannot be used
    ├── NotFound                  no such thing, or not yours (both look the same on purpose)
    ├── QuotaReached              too many, too large or too full
    ├── TrainingFailed            a run ended without a result
    ├── StorageFailed             the disk is full or the data folder cannot be used
    ├── ModelUnavailable          a base model is missing, damaged or does not fit this machine
    └── PublishingFailed          the Hugging Face Hub said no, or could not be reached

Every error has a ``code`` (a stable key of the words catalogues of the page), a sentence in
English and the ``details`` that it was made from, so that the page can say it in another language.
"""

from __future__ import annotations

Detail = str | int | float


class PetnameError(Exception):
    """Base of every error a person may read; ``str(error)`` is a whole English sentence.

    ``code`` names the sentence in the catalogues, ``details`` are its blanks filled in.
    """

    def __init__(self, code: str, sentence: str, **details: Detail) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.details: dict[str, Detail] = details


class BadInput(PetnameError):
    """What the person gave cannot be used; nothing was changed."""


class PhotoRefused(BadInput):
    """One photo cannot be used; the others are kept."""


class WordRefused(BadInput):
    """The trigger word fails in some program; ``details['suggestion']`` may name a better one."""


class FileRefused(BadInput):
    """An imported embedding, LoRA or archive cannot be used."""


class NotFound(PetnameError):
    """There is no such thing, or it belongs to somebody else; the two are not told apart."""


class QuotaReached(PetnameError):
    """A limit on number, size or queue length was reached."""


class TrainingFailed(PetnameError):
    """A run ended without a result; the last good checkpoint is kept."""


class StorageFailed(PetnameError):
    """The data folder is full, damaged or on a file system that cannot be trusted."""


class ModelUnavailable(PetnameError):
    """A base model is missing, damaged, gated or too large for this machine."""


class PublishingFailed(PetnameError):
    """The Hugging Face Hub said no or could not be reached; nothing half done is left there."""
