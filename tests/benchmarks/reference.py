"""A reference script of diffusers, unmodified, run step by step inside this process.

The script is imported from its file and its ``main`` runs. It calls ``Accelerator.log`` at the end
of every step: that is wrapped, so that after each of its steps something else can be done, and what
it trains can be read from its own variables.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.benchmarks import torchvision_stub
from tests.benchmarks.cases import Case

WORD = "<pet>"
INSTANCE_WORD = "sks"
CLASS_WORD = "dog"
_NEVER = str(10**9)

Variables = Mapping[str, Any]
"""The variables of the script's ``main``."""


class Enough(Exception):
    """Raised by whoever watches the script to end it."""


def arguments_for(
    case: Case, model: str, output: Path, class_word: str = CLASS_WORD, accumulation: int = 1
) -> list[str]:
    """Return the script's command line: its README's settings, and what the case says.

    For an embedding these are the rate 5e-4 scaled by the batch, for a LoRA 1e-4 and rank 4.
    """
    common = {
        "pretrained_model_name_or_path": model,
        "output_dir": str(output),
        "resolution": str(case.resolution_pixels),
        "train_batch_size": str(case.batch),
        "gradient_accumulation_steps": str(accumulation),
        "max_train_steps": str(case.steps),
        "lr_scheduler": "constant",
        "lr_warmup_steps": "0",
        "mixed_precision": "no" if case.dtype == "fp32" else case.dtype,
        "checkpointing_steps": _NEVER,
        "dataloader_num_workers": str(case.workers),
        "seed": "0",
    }
    if case.method == "embedding":
        given = common | {
            "train_data_dir": case.photos,
            "learnable_property": "object",
            "placeholder_token": WORD,
            "initializer_token": class_word,
            "learning_rate": "5.0e-04",
            "save_steps": _NEVER,
        }
        flags = ["--scale_lr"]
    else:
        given = common | {
            "instance_data_dir": case.photos,
            "instance_prompt": instance_prompt(class_word),
            "learning_rate": "1e-4",
        }
        flags = []
    if case.checkpointing:
        flags.append("--gradient_checkpointing")
    return [part for name, value in given.items() for part in (f"--{name}", value)] + flags


def instance_prompt(class_word: str) -> str:
    """Return the prompt that the README trains a LoRA with."""
    return f"a photo of {INSTANCE_WORD} {class_word}"


def run_script(
    path: Path,
    arguments: Sequence[str],
    on_step: Callable[[Variables], None],
    on_start: Callable[[], None] = lambda: None,
    names: Mapping[str, Any] | None = None,
) -> None:
    """Run the script; ``on_step`` is called after each of its steps and may raise ``Enough``.

    ``on_start`` is called just before the first one. ``names`` are set in the imported module, for
    instance its list of prompts.
    """
    module = _import(path)
    for name, value in (names or {}).items():
        setattr(module, name, value)
    sys.argv = [str(path), *arguments]
    with _watched(on_step, on_start):
        try:
            if inspect.signature(module.main).parameters:
                # Its classes read the name that its last lines would set.
                module.args = module.parse_args()  # type: ignore[attr-defined]
                module.main(module.args)
            else:
                module.main()
        except Enough:
            return


def _import(path: Path) -> ModuleType:
    # After the libraries, which would take the stub for the real thing.
    import diffusers  # noqa: F401
    import transformers  # noqa: F401

    torchvision_stub.install()
    spec = importlib.util.spec_from_file_location("reference_script", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def _watched(on_step: Callable[[Variables], None], on_start: Callable[[], None]) -> Iterator[None]:
    from accelerate import Accelerator

    log, init_trackers = Accelerator.log, Accelerator.init_trackers

    def watched_log(accelerator: Any, *given: Any, **named: Any) -> None:
        log(accelerator, *given, **named)
        on_step(inspect.currentframe().f_back.f_locals)  # type: ignore[union-attr]

    def watched_start(accelerator: Any, *given: Any, **named: Any) -> None:
        init_trackers(accelerator, *given, **named)
        on_start()

    Accelerator.log, Accelerator.init_trackers = watched_log, watched_start
    try:
        yield
    finally:
        Accelerator.log, Accelerator.init_trackers = log, init_trackers
