"""Makes orders of kits: real small files of every family with drawn pictures beside them."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from textinv_app.domain.concept import ConceptKind, Family, Method
from textinv_app.domain.manifest import DrawnFacts, ResultManifest
from textinv_app.formats.embedding import write_embedding
from textinv_app.formats.families import TEXT_WIDTHS
from textinv_app.formats.lora import LoraModule, write_lora
from textinv_app.kits.kit import Kit, make_kit
from textinv_app.kits.order import KitOrder, KitPart
from textinv_app.kits.programs import KitProgram

WORD = "rexdog"
SEED = 1234567
SECRET = "/home/somebody/secret-folder"
BLOCK = "down_blocks.1.attentions.0.transformer_blocks.0"


def vectors_of(family: Family, count: int = 3) -> dict[str, np.ndarray]:
    """Return vectors of a family, the same each time."""
    generator = np.random.default_rng(count)
    names = ("text_encoder", "text_encoder_2")
    return {
        name: generator.normal(0, 0.02, (count, width)).astype(np.float32)
        for name, width in zip(names, TEXT_WIDTHS[family], strict=False)
    }


def modules_of(family: Family, width_out: int = 16, rank: int = 4) -> list[LoraModule]:
    """Return the two layers by which programs tell the family."""
    generator = np.random.default_rng(rank)
    width = sum(TEXT_WIDTHS[family])
    return [
        LoraModule(
            "unet",
            f"{BLOCK}.attn2.{layer}",
            generator.normal(0, 0.1, (rank, width)).astype(np.float16),
            generator.normal(0, 0.1, (width_out, rank)).astype(np.float16),
            float(rank),
        )
        for layer in ("to_k", "to_v")
    ]


def make_part(
    folder: Path,
    family: Family,
    method: Method,
    kind: ConceptKind = "subject",
    **changes: Any,
) -> KitPart:
    """Return a file with two pictures; ``changes`` are of its manifest."""
    place = folder / f"{family}-{method}-{kind}"
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{WORD}.safetensors"
    if method == "embedding":
        write_embedding(path, vectors_of(family), {"modelspec.trigger_phrase": WORD})
    else:
        write_lora(path, family, modules_of(family), {"modelspec.trigger_phrase": WORD})
    for number in range(2):
        blocks = np.random.default_rng(number).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(blocks).resize((128, 128), Image.Resampling.NEAREST)
        picture.save(place / f"picture-{number}.webp")
    values: dict[str, Any] = {
        "file_name": path.name,
        "method": method,
        "family": family,
        "model_id": "custom",
        "model_source": SECRET,
        "placeholder_token": WORD,
        "kind": kind,
        "concept_name": "Rex",
        "class_word": "dog",
        "size_bytes": path.stat().st_size,
        "sha256": "0" * 64,
        "pictures": ("picture-0.webp", "picture-1.webp"),
        "drawn": tuple(drawn_facts(method, kind, SEED + number) for number in range(2)),
        "created_at": "2026-01-02T03:04:05+00:00",
    }
    return KitPart(path, ResultManifest(**(values | changes)))


def drawn_facts(method: Method, kind: ConceptKind, seed: int, steps: int = 20) -> DrawnFacts:
    """Return how training draws with a file of a method and kind."""
    prompt = {"subject": f"a photo of a {WORD}", "style": f"a cat in the style of {WORD}"}.get(
        kind, "a photo of a cat"
    )
    if method == "lora" and kind == "subject":
        prompt += " dog"
    return DrawnFacts(
        prompt=prompt,
        negative_prompt=WORD if kind == "negative" else "",
        seed=seed,
        num_inference_steps=steps,
        guidance_scale=7.0,
        resolution_pixels=512,
    )


def make_order(program: KitProgram, *parts: KitPart, **changes: Any) -> KitOrder:
    """Return an order of a kit in English."""
    return replace(KitOrder(program, "en", "Rex", tuple(parts)), **changes)


def unpacked(kit: Kit) -> dict[str, bytes]:
    """Return the files in a kit's ZIP by name, after checking the ZIP."""
    data = b"".join(kit.chunks())
    assert len(data) == kit.size_bytes
    return unzipped(data)


def unzipped(data: bytes) -> dict[str, bytes]:
    """Return the files in a ZIP by name, after checking it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names == sorted(names)
        return {name: archive.read(name) for name in names}


def files_of(program: KitProgram, *parts: KitPart, **changes: Any) -> dict[str, bytes]:
    """Return the files of the kit that is made of these parts."""
    return unpacked(make_kit(make_order(program, *parts, **changes)))


def notes_of(png: bytes) -> dict[str, str]:
    """Return the text chunks of a PNG."""
    with Image.open(io.BytesIO(png)) as picture:
        picture.load()
        return dict(picture.text)  # type: ignore[attr-defined]


def json_of(files: dict[str, bytes], name: str) -> Any:
    """Return a JSON file of a kit."""
    return json.loads(files[name].decode("utf-8"))
