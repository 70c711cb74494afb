"""What every process that trains or draws does first, before torch is imported."""

from __future__ import annotations

import logging
import os
import sys


def prepare_heavy_process() -> None:
    """Log to standard error, and set what torch and transformers read when they are loaded."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # Read by the OpenMP library when torch loads it: waiting threads give their core away.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
