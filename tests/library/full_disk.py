"""Fills a small disk to the last byte and does without a page what a person would then do.

Usage: ``full_disk.py ROOT SCENE``, in a mount namespace of its own, where ``ROOT`` becomes a disk
of 40 MB. Prints ``no disk`` where none can be mounted, else what became of the scene.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from library_world import World

from textinv_app.errors import StorageFailed
from textinv_app.library.folders import mark_removed


def fill(root: Path) -> None:
    """Write until nothing more fits, not even a byte."""
    with contextlib.suppress(OSError), (root / "filling").open("ab", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def delete(world: World, concept_id: str) -> None:
    """Delete on the full disk."""
    world.service.delete_concept(world.owner, concept_id)
    print(world.service.list_concepts(world.owner))


def start(world: World, concept_id: str) -> None:
    """Start on the full disk, with a removal to finish."""
    world.service.close()
    mark_removed(world.data_dir / "concepts" / concept_id)
    fill(world.root)
    world.open()
    print(world.service.list_concepts(world.owner))


def create(world: World, _concept_id: str) -> None:
    """Ask for what needs space: it is refused, and the reserve stays for what frees some."""
    try:
        world.service.create_concept(world.owner)
    except StorageFailed as error:
        print(error.code, (world.data_dir / "reserve.bin").exists())


def main() -> int:
    root, scene = Path(sys.argv[1]), sys.argv[2]
    mounting = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(root)]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        print("no disk")
        return 0
    world = World(root)
    concept_id = world.concept().concept.concept_id
    fill(root)
    {"delete": delete, "start": start, "create": create}[scene](world, concept_id)
    return 0


if __name__ == "__main__":
    sys.exit(main())
