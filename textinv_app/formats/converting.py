"""One file in the form that a program wants it.

ComfyUI, AUTOMATIC1111, InvokeAI and kohya's scripts all want the canonical form. diffusers wants
embeddings under their word, one file for each text encoder, and LoRAs under peft's names; both
ways are exact to the bit.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

import numpy as np

from textinv_app.errors import BadInput, FileRefused
from textinv_app.formats.embedding import (
    DIFFUSERS_FILE_NAMES,
    EmbeddingFile,
    name_inside,
    read_embedding,
    write_embedding,
)
from textinv_app.formats.embedding import is_canonical as is_canonical_embedding
from textinv_app.formats.encoding import ReadyFile, ready_copy, ready_tensors
from textinv_app.formats.families import ENCODERS, TEXT_WIDTHS, family_of_metadata
from textinv_app.formats.header import FloatArray, Header, read_header, read_tensors
from textinv_app.formats.importing import import_file
from textinv_app.formats.inspecting import Inspection, inspect_any
from textinv_app.formats.lora import LoraFile, LoraModule
from textinv_app.formats.lora_reading import read_lora
from textinv_app.runs.atomic import atomic_write_chunks

ConvertTarget = Literal["comfyui", "a1111", "invokeai", "kohya", "diffusers"]
TARGETS: tuple[ConvertTarget, ...] = get_args(ConvertTarget)

LORA_FILE_NAME = "pytorch_lora_weights.safetensors"
"""What diffusers looks for in a folder or repository."""


def convert_file(source: Path, destination: Path, target: ConvertTarget) -> tuple[Path, ...]:
    """Write any file that Petname reads in the form ``target`` wants, and return what was written.

    ``destination`` is a folder, or the name of a ``.safetensors`` file; an SDXL embedding for
    diffusers takes a second file with ``_2`` at its name. For all but diffusers the name of the
    file is the word of an embedding. Nothing is overwritten. Raises ``FileRefused`` or
    ``BadInput``, and then writes nothing; and ``OSError``.
    """
    with TemporaryDirectory(prefix="petname-") as name:
        folder = Path(name)
        whole = joined_halves(source, folder)
        # diffusers names its files itself; the word stays what it was.
        keeps_word = target == "diffusers" or _is_folder(destination)
        stem = _stem_of(whole, source.stem) if keeps_word else destination.stem
        canonical = folder / f"{stem}.safetensors"
        found = import_file(whole, canonical, source.stem)
        files = converted(canonical, found, target)
        paths = _places(destination, files)
        for path in paths:
            if path.exists():
                raise BadInput(
                    "convert.exists", f"{path} is there already. Choose another name, or remove it."
                )
        for path, file in zip(paths, files, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write_chunks(path, file.chunks())
    return paths


def converted(canonical: Path, found: Inspection, target: ConvertTarget) -> tuple[ReadyFile, ...]:
    """Return the files that ``target`` wants for a canonical one; raises ``OSError``.

    A LoRA for diffusers is held in memory.
    """
    if target != "diffusers":
        return (ready_copy(canonical.name, canonical),)
    if found.kind == "embedding":
        return diffusers_embedding(read_embedding(canonical), found.trigger_word)
    return (diffusers_lora(read_lora(canonical, dtype=np.float16)),)


def is_canonical(path: Path, found: Inspection) -> bool:
    """Tell whether a file is in the form of all but diffusers: its tensors, its name and its word.

    Raises ``FileRefused`` and ``OSError``.
    """
    header = read_header(path)
    if found.kind == "lora":
        return all(name.startswith("lora_") for name in header.tensors)
    word = found.trigger_word
    told = header.metadata.get("modelspec.trigger_phrase", word)
    return is_canonical_embedding(header) and path.stem == word == told


def diffusers_embedding(file: EmbeddingFile, token: str) -> tuple[ReadyFile, ...]:
    """Return an embedding as ``load_textual_inversion`` reads it: ``{token: [n, width]}``.

    One file for each text encoder; float32.
    """
    metadata = {**file.metadata, "format": "pt"}
    return tuple(
        ready_tensors(name, {token: file.vectors[encoder]}, metadata)
        for name, encoder in zip(DIFFUSERS_FILE_NAMES, ENCODERS[file.family], strict=False)
    )


def diffusers_lora(file: LoraFile) -> ReadyFile:
    """Return a LoRA as ``load_lora_weights`` reads it: peft's names, and alpha in the metadata.

    Without ``lora_adapter_metadata`` diffusers takes every alpha for the rank.
    """
    tensors: dict[str, FloatArray] = {}
    for module in file.modules:
        name = _peft_name(module)
        tensors[f"{name}.lora_A.weight"] = module.down
        tensors[f"{name}.lora_B.weight"] = module.up
    metadata = {
        **file.metadata,
        "format": "pt",
        "lora_adapter_metadata": json.dumps(_adapters(file.modules), sort_keys=True),
    }
    return ready_tensors(LORA_FILE_NAME, tensors, metadata)


def _peft_name(module: LoraModule) -> str:
    path = module.path
    if module.component != "unet" and path.startswith("encoder."):
        # The spelling of files; releases of transformers without the wrapper strip it.
        path = f"text_model.{path}"
    return f"{module.component}.{path}"


def _adapters(modules: Sequence[LoraModule]) -> Mapping[str, object]:
    """Return peft's configuration of each part, its keys behind the part's name."""
    settings: dict[str, object] = {}
    for component in sorted({module.component for module in modules}):
        own = [module for module in modules if module.component == component]
        rank = Counter(module.rank for module in own).most_common(1)[0][0]
        alpha = Counter(module.alpha for module in own).most_common(1)[0][0]
        settings |= {
            f"{component}.r": rank,
            f"{component}.lora_alpha": _plain(alpha),
            f"{component}.rank_pattern": {m.path: m.rank for m in own if m.rank != rank},
            f"{component}.alpha_pattern": {
                m.path: _plain(m.alpha) for m in own if m.alpha != alpha
            },
            f"{component}.target_modules": sorted(module.path for module in own),
        }
    return settings


def _plain(alpha: float) -> int | float:
    return int(alpha) if alpha == int(alpha) else alpha


def joined_halves(source: Path, folder: Path) -> Path:
    """Return ``source``, or the two halves of an SDXL embedding of diffusers' as one in ``folder``.

    Raises ``FileRefused`` where the halves do not fit together, and ``OSError``.
    """
    second = source.with_name(f"{source.stem}_2{source.suffix}")
    if source.suffix != ".safetensors" or not second.is_file():
        return source
    headers = [read_header(path) for path in (source, second)]
    if not _are_halves(headers):
        return source
    halves = [
        np.atleast_2d(array)
        for path, header in zip((source, second), headers, strict=True)
        for array in read_tensors(path, header).values()
    ]
    path = folder / "joined" / source.name
    path.parent.mkdir()
    # The word was the key of each half.
    metadata = {**headers[0].metadata, "petname.inner_name": name_inside(headers[0])}
    try:
        write_embedding(path, dict(zip(ENCODERS["sdxl"], halves, strict=True)), metadata)
    except ValueError as error:
        raise FileRefused(
            "embedding.uneven",
            "The two halves of this SDXL embedding have different lengths: the file is broken.",
        ) from error
    return path


def _are_halves(headers: Sequence[Header]) -> bool:
    """Tell whether two files are one SDXL embedding: they say so, or hold one word in its widths.

    The script of diffusers notes nothing but the word.
    """
    if any(len(one.tensors) != 1 for one in headers):
        return False
    words = {word for one in headers for word in one.tensors}
    widths = tuple(entry.shape[-1:] for one in headers for entry in one.tensors.values())
    return all(family_of_metadata(one.metadata) == "sdxl" for one in headers) or (
        len(words) == 1 and widths == tuple((width,) for width in TEXT_WIDTHS["sdxl"])
    )


def _stem_of(source: Path, name: str) -> str:
    """Return what a file is to be called, fit for the name of a file; raises ``FileRefused``."""
    stem = inspect_any(source).file_stem(name) or name
    kept = "".join(letter for letter in stem if letter.isalnum() or letter in "_-")
    return kept[:41] or "imported"


def _is_folder(destination: Path) -> bool:
    return destination.is_dir() or not destination.suffix


def _places(destination: Path, files: Sequence[ReadyFile]) -> tuple[Path, ...]:
    if _is_folder(destination):
        return tuple(destination / file.name for file in files)
    if destination.suffix != ".safetensors":
        raise BadInput(
            "convert.ending", f"{destination.name} must end in .safetensors, or name a folder."
        )
    if len(files) == 1:
        return (destination,)
    return (destination, destination.with_name(f"{destination.stem}_2.safetensors"))
