"""``serve``: the page."""

from __future__ import annotations

import argparse
from typing import Any

from textinv_app.commands.reporting import Reporter
from textinv_app.settings import read_settings


def run_serve(given: argparse.Namespace, reporter: Reporter) -> int:
    """Serve the page until it is asked to stop; raises ``BadInput`` for a wrong setting.

    The exit code is 3 where another Petname has the data folder.
    """
    options = {"host": given.host, "port": given.port, "data_dir": given.data_dir}
    chosen: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    settings = read_settings(**chosen)
    # Web server and page: no other command needs them.
    from textinv_app.web.host import announce, serve
    from textinv_app.web.logs import start_logging

    def tell(page_url: str) -> None:
        reporter.record({"type": "ready", "url": page_url})

    start_logging()
    return serve(settings, tell if reporter.as_json else announce)
