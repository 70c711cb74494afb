"""Queues a run for the same concept and method from many threads: ``DATABASE RUN_PREFIX OWNER``."""

from __future__ import annotations

import sqlite3
import sys
import threading
from pathlib import Path

from textinv_app.library.concept_rows import OwnerRows
from textinv_app.library.run_rows import NewRun, RunRows
from textinv_app.library.store import Store

NUM_THREADS = 50


def main() -> int:
    path, prefix, owner = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    stores = [Store(path) for _ in range(NUM_THREADS)]
    stores[0].migrate()
    OwnerRows(stores[0]).note(owner)
    barrier = threading.Barrier(NUM_THREADS)
    won: list[str] = []

    def start(index: int) -> None:
        run = NewRun(f"{prefix}{index}", owner, "concept", "embedding", "now", f"{prefix}-{index}")
        barrier.wait()
        try:
            RunRows(stores[index]).add(run)
            won.append(run.run_id)
        except sqlite3.IntegrityError:
            return

    threads = [threading.Thread(target=start, args=(index,)) for index in range(NUM_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(won))
    return 0


if __name__ == "__main__":
    sys.exit(main())
