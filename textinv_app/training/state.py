"""Everything a training is in the middle of, and its checkpoints.

A checkpoint is one file: a mark, a safetensors block that holds all tensors and a JSON of all
numbers, and the SHA-256 of that block at the end, because neither safetensors nor torch notices a
flipped bit. It is written atomically; the last two are kept. Random numbers need no saving: every
step derives its own from the seed and its number (``sampling.py``).
"""

from __future__ import annotations

import hashlib
import json
import logging
import struct
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import safetensors.torch
import torch
from torch import Tensor

from textinv_app.runs.atomic import TEMPORARY_PREFIX, atomic_write_bytes
from textinv_app.training.plan import Plan

StopReason = Literal["max_steps", "not_improving", "stopped_by_person"]

MARK = b"PETNAME-CHECKPOINT-2\n"
KEPT = 2

logger = logging.getLogger(__name__)

Weights = dict[str, Tensor]
"""What is trained, by name: float32 tensors on the CPU."""


class DamagedCheckpoint(Exception):
    """A checkpoint file is not what was written."""


@dataclass(frozen=True)
class Judgement:
    """What was measured at one step; None where it was not."""

    step: int
    validation_loss: float | None = None
    likeness: float | None = None
    """0 to 100."""
    prompt_following: float | None = None


@dataclass(frozen=True)
class Progress:
    """The numbers of a training: what the loop decides by."""

    step: int = 0
    """Optimizer steps done."""
    rate_factor: float = 1.0
    """1, or a half after the learning ran away."""
    elapsed_seconds: float = 0.0
    """Seconds spent training before this attempt or up to the checkpoint."""
    validations: tuple[tuple[int, float], ...] = ()
    """Step and validation loss."""
    judgements: tuple[Judgement, ...] = ()
    """One for each round of previews."""
    best: Judgement | None = None
    finished_because: StopReason | None = None
    """Why no further step is made; None while there are steps to make."""


@dataclass(frozen=True)
class TrainState:
    """A whole training at one step; value semantics, tensors are never changed in place."""

    progress: Progress
    plan: Plan
    weights: Weights
    best_weights: Weights
    optimizer: dict[str, Tensor] = field(default_factory=dict)
    """The optimizers' moments by flat names (``TrainingOptimizer.state``)."""

    def is_finite(self) -> bool:
        """Tell whether no tensor holds a NaN or an infinity."""
        tensors = [*self.weights.values(), *self.best_weights.values(), *self.optimizer.values()]
        return all(bool(torch.isfinite(tensor).all()) for tensor in tensors)


def encode_state(state: TrainState) -> bytes:
    """Return the bytes of a checkpoint."""
    tensors = {f"weights/{name}": value for name, value in state.weights.items()}
    tensors |= {f"best/{name}": value for name, value in state.best_weights.items()}
    tensors |= {f"optimizer/{name}": value for name, value in state.optimizer.items()}
    numbers = {"progress": asdict(state.progress), "plan": asdict(state.plan)}
    block: bytes = safetensors.torch.save(
        {name: value.detach().cpu().contiguous() for name, value in tensors.items()},
        metadata={"state": json.dumps(numbers)},
    )
    return MARK + block + hashlib.sha256(block).digest()


def decode_state(data: bytes) -> TrainState:
    """Return the state in a checkpoint's bytes; raises ``DamagedCheckpoint``."""
    block, digest = data[len(MARK) : -32], data[-32:]
    if not data.startswith(MARK) or hashlib.sha256(block).digest() != digest:
        raise DamagedCheckpoint("the checksum does not match")
    (header_bytes,) = struct.unpack_from("<Q", block)
    numbers = json.loads(json.loads(block[8 : 8 + header_bytes])["__metadata__"]["state"])
    tensors: dict[str, dict[str, Tensor]] = {"weights": {}, "best": {}, "optimizer": {}}
    for key, value in safetensors.torch.load(block).items():
        group, name = key.split("/", 1)
        # safetensors hands out views of the block, not writable ones.
        tensors[group][name] = value.clone()
    return TrainState(
        progress=_progress(numbers["progress"]),
        plan=Plan(**numbers["plan"]),
        weights=tensors["weights"],
        best_weights=tensors["best"],
        optimizer=tensors["optimizer"],
    )


def _progress(numbers: dict[str, Any]) -> Progress:
    best = numbers.pop("best")
    judgements = numbers.pop("judgements")
    validations = numbers.pop("validations")
    return replace(
        Progress(**numbers),
        best=None if best is None else Judgement(**best),
        judgements=tuple(Judgement(**entry) for entry in judgements),
        validations=tuple((int(step), float(loss)) for step, loss in validations),
    )


def checkpoint_path(folder: Path, step: int) -> Path:
    """Return where the checkpoint of a step lies."""
    return folder / f"step-{step:06d}.ckpt"


def save_checkpoint(folder: Path, data: bytes, step: int) -> Path:
    """Write a checkpoint atomically, remove all but the last two, and return its path.

    Raises ``OSError`` when it cannot be written; the earlier ones are then still there.
    """
    folder.mkdir(exist_ok=True)
    path = checkpoint_path(folder, step)
    atomic_write_bytes(path, data)
    for old in _newest_first(folder)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def load_newest(folder: Path) -> tuple[TrainState | None, list[Path]]:
    """Return the newest whole checkpoint, or None, and the damaged files that were passed over.

    These are removed, like the rubbish that a killed write left behind: being of later steps, they
    would be kept in place of what is saved from now on.
    """
    damaged: list[Path] = []
    state = None
    for rubbish in folder.glob(f"{TEMPORARY_PREFIX}*"):
        rubbish.unlink(missing_ok=True)
    for path in _newest_first(folder):
        try:
            state = decode_state(path.read_bytes())
            break
        except DamagedCheckpoint:
            logger.warning("checkpoint %s is damaged", path.name)
            damaged.append(path)
    for path in damaged:
        path.unlink()
    return state, damaged


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*.ckpt"), reverse=True)
