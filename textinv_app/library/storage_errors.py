"""What the operating system says about files, as errors that a person can read."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from textinv_app.errors import StorageFailed
from textinv_app.library.folders import DataFolder, not_found

logger = logging.getLogger(__name__)

_Value = TypeVar("_Value")


@contextmanager
def told() -> Iterator[None]:
    """Turn ``OSError`` into ``StorageFailed``; what is gone meanwhile is ``NotFound``.

    A decorator of the library's methods (``@told()``), or a ``with`` block.
    """
    try:
        yield
    except FileNotFoundError as error:
        logger.warning("a file is gone: %s", error)
        raise not_found() from error
    except OSError as error:
        logger.error("a file could not be read or written: %s", error)
        raise (disk_full() if is_disk_full(error) else files_unusable()) from error


def with_reserve(data: DataFolder, work: Callable[[], _Value]) -> _Value:
    """Do what frees space, or must be done all the same: on a full disk it gets the reserve.

    ``work`` is then done once more, so it must leave nothing half done. Raises what it raises.
    """
    try:
        return work()
    except (OSError, StorageFailed) as error:
        if not is_disk_full(error) or not data.give_up_reserve():
            raise
        logger.warning("the disk is full: the reserve is given up")
    return work()


def is_disk_full(error: Exception) -> bool:
    """Tell whether something failed because there is no space left."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    return isinstance(error, StorageFailed) and error.code == "storage.full"


def disk_full() -> StorageFailed:
    """Return the error of a disk without space."""
    return StorageFailed(
        "storage.full", "The disk is full. Nothing is lost; free some space and try again."
    )


def files_unusable() -> StorageFailed:
    """Return the error of files that are there, as far as is known, but cannot be used now."""
    return StorageFailed(
        "storage.files",
        "A file could not be read or written. Check the disk of this machine, then try again.",
    )
