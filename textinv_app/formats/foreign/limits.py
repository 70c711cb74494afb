"""How much of a foreign file the reading child is willing to look at, and what it may use."""

from __future__ import annotations

MEGABYTE = 1_000_000

MAX_PICKLE_BYTES = 64 * MEGABYTE
"""Largest file of an old kind; what is larger is a whole model."""
MAX_PICTURE_BYTES = 40 * MEGABYTE
MAX_PICTURE_PIXELS = 8_000_000
"""An embedding of 75 vectors for SDXL beside a picture of 1024 pixels takes half of it."""
MAX_JSON_BYTES = 16 * MEGABYTE
"""Largest text in a picture after unpacking; 75 vectors for SDXL take a quarter of it."""
MAX_PROGRAM_BYTES = 8 * MEGABYTE
"""Largest ``data.pkl``, which names the tables of numbers; those of LoRAs have 200 KB."""
MAX_MEMBERS = 6_000
"""Most members of a zip; one for each tensor and a handful besides."""
MAX_TENSORS = 5_000
MAX_NAME_CHARACTERS = 300
MAX_OUTPUT_BYTES = 140 * MEGABYTE
"""Largest file the child may write: bfloat16 becomes twice as wide."""

CHILD_MEMORY_BYTES = 600 * MEGABYTE
"""Address space of the reading child."""
CHILD_SECONDS = 10
"""Processor time, and wall time, that the child may take once it has started."""
PATIENCE_SECONDS = 60
"""After this the parent ends a child that never came to its own clock."""
