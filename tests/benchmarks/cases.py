"""What is compared: a base model, photos, a method and how they are trained, by name."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from textinv_app.domain.concept import Family, Method

ROOT = Path(__file__).resolve().parents[2]
WORK = Path.home() / ".cache" / "petname-benchmarks"
"""Where generated models and photos are kept between calls."""

FAMILIES: dict[str, Family] = {
    "crayon": "crayon",
    "tiny": "sd1",
    "tiny-sdxl": "sdxl",
    "sd15-random": "sd1",
    "sd21-random": "sd2",
    "sdxl-random": "sdxl",
}
PIXELS = {
    "crayon": 128,
    "tiny": 64,
    "tiny-sdxl": 64,
    "sd15-random": 512,
    "sd21-random": 768,
    "sdxl-random": 1024,
}
_SCRIPTS: dict[tuple[Method, bool], tuple[str, str]] = {
    ("embedding", False): ("textual_inversion", "textual_inversion.py"),
    ("embedding", True): ("textual_inversion", "textual_inversion_sdxl.py"),
    ("lora", False): ("dreambooth", "train_dreambooth_lora.py"),
    ("lora", True): ("dreambooth", "train_dreambooth_lora_sdxl.py"),
}


@dataclass(frozen=True)
class Case:
    """One comparison; the same for both sides."""

    model: str
    method: Method
    script: str
    """Path of the reference script."""
    photos: str
    """Folder of photos."""
    batch: int = 1
    dtype: Literal["fp32", "bf16"] = "fp32"
    device: Literal["cpu", "cuda"] = "cpu"
    steps: int = 12
    pixels: int = 0
    """Side of the training pictures; 0 is the model's own."""
    threads: int = 1
    workers: int = 0
    """Processes of the reference's data loader."""
    checkpointing: bool = False
    """Whether the reference recomputes activations (``--gradient_checkpointing``)."""
    work: str = str(WORK)

    @property
    def family(self) -> Family:
        """Family of the model."""
        return FAMILIES[self.model]

    @property
    def resolution_pixels(self) -> int:
        """Side of the training pictures."""
        return self.pixels or PIXELS[self.model]

    def to_json(self) -> str:
        """Return the case as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Case:
        """Read a line of ``to_json``."""
        return cls(**json.loads(line))

    def environment(self) -> dict[str, str]:
        """Return the environment of a process that works on this case alone."""
        threads = {"OMP_NUM_THREADS": str(self.threads), "OMP_WAIT_POLICY": "PASSIVE"}
        quiet = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": str(ROOT)}
        hidden = {"CUDA_VISIBLE_DEVICES": ""} if self.device == "cpu" else {}
        return os.environ | threads | quiet | hidden


def script_for(reference: Path, family: Family, method: Method) -> Path:
    """Return the script of a family and method: ``reference`` itself, or the one in that folder.

    The folder may be diffusers' ``examples``. Raises ``SystemExit`` where there is none.
    """
    if reference.is_file():
        return reference
    folder, name = _SCRIPTS[method, family == "sdxl"]
    for path in (
        reference / name,
        reference / folder / name,
        reference / "examples" / folder / name,
    ):
        if path.is_file():
            return path
    raise SystemExit(f"There is no {name} in {reference}.")
