"""Work for a team in tests; apart, so that its members import little."""

from __future__ import annotations

import time
from pathlib import Path

from textinv_app.crayon.team import Team


def rest(folder: str, team: Team) -> None:
    """Leave a file that says so, and do something long that looks at nothing."""
    (Path(folder) / f"{team.rank}").touch()
    time.sleep(300)
