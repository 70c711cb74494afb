"""A web process without a page: opens the library, starts its thread and waits to be killed.

Usage: ``host_process.py ROOT [STEP_SECONDS]``; prints ``open`` when it has the data folder. Exit
code 3 when another process has it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from library_world import scripted_executor

from textinv_app.library.config import LibraryConfig
from textinv_app.library.opening import FolderInUse
from textinv_app.library.service import Service


def main() -> int:
    root = Path(sys.argv[1])
    step_seconds = sys.argv[2] if len(sys.argv) > 2 else "0.01"
    config = LibraryConfig(root / "data", root / "assets", min_free_bytes=0)
    try:
        service = Service(config, scripted_executor(SCRIPT_STEP_SECONDS=step_seconds))
    except FolderInUse as error:
        print(error.sentence, flush=True)
        return 3
    service.tell_address("http://127.0.0.1:7860/")
    service.start()
    print("open", flush=True)
    while True:
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
