"""What the Hub's client raises, as sentences that say what to do next.

The client's own messages are not shown: they hold addresses, request ids and at worst headers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from textinv_app.errors import BadInput, PetnameError, PublishingFailed

logger = logging.getLogger(__name__)


@contextmanager
def told(repository: str = "") -> Iterator[None]:
    """Turn what the Hub's client raises into ``BadInput`` or ``PublishingFailed``.

    ``repository`` is the ``owner/name`` that is talked about.
    """
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise PublishingFailed(
            "publish.offline_mode",
            "Petname has been told to stay off the internet (HF_HUB_OFFLINE is set). Start it "
            "without that to publish.",
        ) from error
    except HfHubHTTPError as error:
        raise _answered(error, repository) from error
    except (httpx2.HTTPError, ConnectionError, TimeoutError) as error:
        raise offline() from error
    except (ValueError, RuntimeError) as error:
        # The client's wrapper around an upload that went wrong, or an answer that makes no sense.
        cause = error.__cause__
        if isinstance(cause, HfHubHTTPError):
            raise _answered(cause, repository) from error
        if isinstance(cause, httpx2.HTTPError | OSError):
            raise offline() from error
        logger.error("the client of the Hub gave up: %s", type(error).__name__)
        raise _quota() if "storage" in str(error).lower() else _strange() from error


def offline() -> PublishingFailed:
    """Return the error for a Hub that cannot be reached."""
    return PublishingFailed(
        "publish.offline",
        "The Hugging Face Hub could not be reached. Check the internet connection and try again.",
    )


def bad_token() -> BadInput:
    """Return the error for a token that the Hub does not know."""
    return BadInput(
        "publish.bad_token",
        "The Hugging Face Hub does not know this token. Make a new one on its settings page, copy "
        "it whole and try again.",
    )


def exists(repository: str) -> BadInput:
    """Return the error for a name that is taken."""
    return BadInput(
        "publish.exists",
        f"You have a repository {repository} already. Choose another name, or let its files be "
        "replaced.",
        repository=repository,
    )


def _answered(error: HfHubHTTPError, repository: str) -> PetnameError:
    """Return the sentence for an answer of the Hub that is none of success."""
    status = error.response.status_code
    said = f"{error.server_message or ''} {error}".lower()
    logger.warning("the Hub answered %d", status)
    if "storage" in said and status in {402, 403, 413}:
        return _quota()
    if status == 401:
        return bad_token()
    if status == 403:
        return forbidden(repository)
    if status == 409:
        return exists(repository)
    if status == 429:
        return PublishingFailed(
            "publish.too_often",
            "The Hugging Face Hub wants you to wait a while before you publish again.",
        )
    if status == 404:
        return PublishingFailed(
            "publish.gone",
            f"The repository {repository} is not there any more. Please try again.",
            repository=repository,
        )
    return _strange()


def forbidden(repository: str) -> BadInput:
    """Return the error for a token without the right to write there."""
    return BadInput(
        "publish.forbidden",
        f"This token may not write to {repository}. Make one with the right to write on the "
        "settings page of the Hugging Face Hub.",
        repository=repository,
    )


def _quota() -> PublishingFailed:
    return PublishingFailed(
        "publish.quota",
        "Your space on the Hugging Face Hub is used up. Make room there, or publish publicly, "
        "where there is more of it.",
    )


def _strange() -> PublishingFailed:
    return PublishingFailed(
        "publish.strange",
        "The Hugging Face Hub did not take the files. Try again later.",
    )
