"""The web host: opens the library, serves the page, stops in order."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING

from textinv_app.errors import BadInput, StorageFailed
from textinv_app.library.config import LibraryConfig
from textinv_app.settings import PROGRAM_FOLDER, Settings, read_settings
from textinv_app.web.gradio_import import import_gradio
from textinv_app.web.logs import start_logging

if TYPE_CHECKING:
    from textinv_app.library.service import Service

logger = logging.getLogger(__name__)

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_ALREADY_RUNNING = 3
GRACE_SECONDS = 5
"""How long open connections may take when the server is asked to stop."""

# Read by Gradio and the hub library while they are imported.
_QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}


class PortTaken(Exception):
    """The port could not be opened; the text is a sentence for whoever starts Petname."""


def main() -> int:
    """Serve Petname until it is asked to stop; return the exit code of the process."""
    start_logging()
    try:
        settings = read_settings()
    except BadInput as error:
        return _give_up(error.sentence, EXIT_BAD_INPUT)
    return serve(settings)


def announce(page_url: str) -> None:
    """Tell whoever started Petname where the page is."""
    sys.stdout.write(f"Petname is ready: {page_url}\n")
    sys.stdout.flush()


def serve(settings: Settings, tell: Callable[[str], None] = announce) -> int:
    """Serve with these settings; 0 after an orderly stop, else why it could not start.

    2 is a port that cannot be opened, 3 a data folder that another Petname has, 1 anything else.
    ``tell`` is given the page's address once it is there.
    """
    _prepare_process(settings)
    # The library and Gradio take seconds to import: once it is known what is wanted of them, and
    # after the environment that they read is prepared.
    from textinv_app.library.opening import FolderInUse
    from textinv_app.library.service import Service

    try:
        service = Service(library_config(settings))
    except FolderInUse as error:
        return _give_up(error.sentence, EXIT_ALREADY_RUNNING)
    except StorageFailed as error:
        return _give_up(error.sentence, EXIT_FAILED)
    try:
        with _listen(settings) as listener:
            port = listener.getsockname()[1]
            settings = settings.model_copy(update={"port": port})
            service.tell_address(settings.page_url)
            _run_server(service, settings, listener, tell)
    except PortTaken as error:
        return _give_up(str(error), EXIT_BAD_INPUT)
    finally:
        service.close()
    return 0


def library_config(settings: Settings) -> LibraryConfig:
    """Return what the library is told of the settings: the fields that both have."""
    shared = {field.name for field in fields(LibraryConfig)} & set(Settings.model_fields)
    given = {name: getattr(settings, name) for name in sorted(shared)}
    return LibraryConfig(**given, own_hub_token_usable=settings.own_hub_token_usable)


def _prepare_process(settings: Settings) -> None:
    """Set what Gradio reads while it is imported, and work from the program's folder."""
    os.environ.update(_QUIET)
    os.environ["GRADIO_TEMP_DIR"] = str(settings.data_dir / "gradio")
    os.chdir(PROGRAM_FOLDER)


def _run_server(
    service: Service, settings: Settings, listener: socket.socket, tell: Callable[[str], None]
) -> None:
    """Build the page and serve it on ``listener`` until a signal asks to stop.

    The port is open already: an early visitor waits instead of being turned away.
    """
    import uvicorn

    import_gradio()
    from textinv_app.web.app import build_app

    class AnnouncingServer(uvicorn.Server):
        """Says where the page is, once it is there."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            """Start, then tell."""
            await super().startup(sockets)
            if self.started:
                tell(settings.page_url)

    config = uvicorn.Config(
        build_app(service, settings),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        # The proxy of a Space says by which protocol and from where the visitor came.
        forwarded_allow_ips="*" if settings.on_space else "127.0.0.1",
    )
    # uvicorn stops on these signals and then raises them again, to be seen by us.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    service.start()
    try:
        AnnouncingServer(config).run(sockets=[listener])
    except KeyboardInterrupt:
        logger.info("Stopped; trainings go on, at the latest when Petname starts again")


def _listen(settings: Settings) -> socket.socket:
    """Open the port; raises ``PortTaken``."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    address = (settings.host, settings.port)
    try:
        return socket.create_server(
            address, family=family, backlog=128, dualstack_ipv6=settings.listens_to_both_families
        )
    except OSError as error:
        raise PortTaken(
            f"Port {settings.port} of {settings.host} cannot be opened ({error.strerror}); "
            "PETNAME_PORT chooses another."
        ) from error


def _give_up(sentence: str, exit_code: int) -> int:
    """Say why Petname does not start, in one sentence on standard error."""
    sys.stderr.write(sentence + "\n")
    return exit_code
