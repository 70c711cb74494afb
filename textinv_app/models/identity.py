"""Which base model a file was trained on, to the byte: the hash of the model's own numbers."""

from __future__ import annotations

import re
from pathlib import Path

from textinv_app.formats.inspecting import sha256_of_file
from textinv_app.models.hub import variant_on_disk

_SHA256 = re.compile(r"[0-9a-f]{64}")


def base_model_sha256(source: str, folder: Path | None) -> str:
    """Return the SHA-256 of a checkpoint file, or of the UNet's numbers in a diffusers folder.

    ``folder`` is where the model lies, None for the single file ``source``. Empty where the numbers
    are spread over several files. Reads the file once, but for those of the hub's cache, which are
    named by their hash. Raises ``OSError``.
    """
    path = Path(source) if folder is None else _unet_file(folder, folder == Path(source))
    if not path.is_file():
        return ""
    stored_as = path.resolve().name
    return stored_as if _SHA256.fullmatch(stored_as) else sha256_of_file(path)


def _unet_file(folder: Path, is_own_folder: bool) -> Path:
    """Return the file that is loaded: of a model of the hub, half precision where there is one."""
    plain, half = (
        folder / "unet" / f"diffusion_pytorch_model{variant}.safetensors"
        for variant in ("", ".fp16")
    )
    if is_own_folder:
        return half if variant_on_disk(folder, "unet") else plain
    return half if half.is_file() else plain
