"""Models on the Hugging Face Hub: what is in the cache, and fetching what is not.

Of base models only the safetensors files of the parts that are used are fetched, in half precision
where a repository has them; of CLIP, which judges their pictures, what is read of it. Files that
have come whole are kept; one that was broken off starts anew.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textinv_app.domain.concept import Family
from textinv_app.domain.specs import BaseModelRef
from textinv_app.errors import ModelUnavailable

logger = logging.getLogger("petname.models")

CLIP_REPOSITORY = "openai/clip-vit-large-patch14"
CLIP_DOWNLOAD_BYTES = 1_710_000_000
_CLIP_FILES = (
    "config.json",
    "model.safetensors",
    "merges.txt",
    "vocab.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
)
_PARTS: dict[bool, tuple[str, ...]] = {
    False: ("text_encoder", "unet", "vae"),
    True: ("text_encoder", "text_encoder_2", "unet", "vae"),
}
_SMALL = (".json", ".txt", ".model")
_ANSWER_TIMEOUT_SECONDS = 10.0
_LEFT_BEHIND_AFTER_SECONDS = 24 * 3600.0
_NO_ROOM = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
# The client's Xet part wraps what the system says: Linux and macOS, quotas, Windows.
_NO_ROOM_WORDS = ("no space left", "quota exceeded", "not enough space on the disk")
_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS}


def hub_cache_dir() -> Path:
    """Return the folder where the hub's client keeps what it has fetched."""
    given = os.environ.get("HF_HUB_CACHE")
    if given:
        return Path(given)
    home = os.environ.get("HF_HOME")
    if home:
        return Path(home) / "hub"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "huggingface" / "hub"


def is_cached(repository: str, revision: str | None) -> bool:
    """Tell whether the weights of a repository are in the hub's cache."""
    snapshots = _cached_repository(repository) / "snapshots"
    pattern = f"{revision or '*'}/unet/*.safetensors"
    return any(path.exists() for path in snapshots.glob(pattern))


def is_clip_cached() -> bool:
    """Tell whether CLIP, which judges the pictures of every model but Crayon, is in the cache."""
    snapshots = _cached_repository(CLIP_REPOSITORY) / "snapshots"
    return any(path.exists() for path in snapshots.glob("*/model.safetensors"))


def _cached_repository(repository: str) -> Path:
    """Return the folder of a repository in the hub's cache."""
    return hub_cache_dir() / f"models--{repository.replace('/', '--')}"


def _remove_left_behind(repository: str) -> None:
    """Remove the parts of files that killed downloads of a repository have left in the cache.

    The client never takes them up again, and they may be gigabytes. Younger ones may belong to a
    download that another process is at.
    """
    for part in (_cached_repository(repository) / "blobs").glob("*.incomplete"):
        try:
            if time.time() - part.stat().st_mtime > _LEFT_BEHIND_AFTER_SECONDS:
                part.unlink()
        except OSError as error:
            # Gone meanwhile, or not ours: the download does not depend on it.
            logger.info("a part of a broken download stays: %s", error)


def choose_files(names: Sequence[str], family: Family) -> tuple[list[str], str | None]:
    """Return which files of a repository to fetch, and their variant (``fp16`` or None).

    Raises ``ModelUnavailable`` where a part has no safetensors file.
    """
    parts = _PARTS[family == "sdxl"]
    weights = [
        name
        for name in names
        if name.endswith(".safetensors") and name.split("/")[0] in parts and name.count("/") == 1
    ]
    halves = [name for name in weights if _is_half(name)]
    plain = [name for name in weights if _is_plain(name.split("/")[1])]
    for chosen, variant in ((halves, "fp16"), (plain, None)):
        if {name.split("/")[0] for name in chosen} == set(parts):
            small = [
                name
                for name in names
                if name.endswith(_SMALL) and (name.count("/") == 1 or name == "model_index.json")
            ]
            kept = [name for name in small if "safety" not in name and "feature" not in name]
            return [*kept, *chosen], variant
    raise ModelUnavailable(
        "model.no_safetensors",
        "This repository does not hold all parts of the model as .safetensors files. Choose "
        "another model, or convert it first.",
    )


def variant_on_disk(folder: Path, part: str) -> str | None:
    """Return the variant to load of a part of a person's own folder: ``fp16`` or None.

    The plain files count where there are any; many folders hold nothing but ``fp16`` ones.
    """
    names = [path.name for path in (folder / part).glob("*.safetensors")]
    has_plain = any(_is_plain(name) for name in names)
    return "fp16" if not has_plain and any(_is_half(name) for name in names) else None


def _is_half(name: str) -> bool:
    return ".fp16." in name or ".fp16-" in name


def _is_plain(name: str) -> bool:
    """Tell whether a file's name (without folder) is of weights of the usual kind."""
    starts_right = name.startswith(("model.", "model-", "diffusion_pytorch_model"))
    return starts_right and not _is_half(name) and "non_ema" not in name


def fetch(ref: BaseModelRef) -> tuple[Path, str | None]:
    """Bring a hub model onto this disk and return its folder and variant.

    Uses the cache alone where the hub cannot be reached or has trouble of its own. Raises
    ``ModelUnavailable``.
    """
    names = _files_on_hub(ref.source, ref.revision)
    if names is None:
        return _cached_folder(ref)
    chosen, variant = choose_files(names, ref.family)
    return _download(ref.source, ref.revision, chosen), variant


def fetch_clip() -> None:
    """Bring CLIP onto this disk where it is not there yet; raises ``ModelUnavailable``."""
    if is_clip_cached():
        return
    if _files_on_hub(CLIP_REPOSITORY, None) is None:
        raise _offline(CLIP_REPOSITORY)
    _download(CLIP_REPOSITORY, None, _CLIP_FILES)


def _files_on_hub(repository: str, revision: str | None) -> list[str] | None:
    """Return the names of a repository's files; None where the hub has trouble or is not reached.

    Raises ``ModelUnavailable`` where the hub refuses.
    """
    import httpx2
    import huggingface_hub

    try:
        # Unlike a listing of the files, this does not try for half a minute without a network.
        found = huggingface_hub.model_info(
            repository, revision=revision, timeout=_ANSWER_TIMEOUT_SECONDS
        )
    except (OSError, httpx2.HTTPError) as error:
        if _is_refusal(error):
            raise _refused(repository, error) from error
        logger.info("the hub cannot be reached (%s)", error)
        return None
    return [sibling.rfilename for sibling in found.siblings or ()]


def _download(repository: str, revision: str | None, names: Sequence[str]) -> Path:
    """Return the folder in the cache with these files; raises ``ModelUnavailable``."""
    import httpx2
    import huggingface_hub

    _remove_left_behind(repository)
    try:
        folder = huggingface_hub.snapshot_download(
            repository, revision=revision, allow_patterns=list(names)
        )
    except (OSError, httpx2.HTTPError, RuntimeError) as error:
        # The client's Xet part has a bare RuntimeError for a connection that breaks off.
        raise _refused(repository, error) from error
    return Path(folder)


def config_of_hub(repository: str, *, own_login: bool = True) -> tuple[dict[str, Any], str | None]:
    """Return the UNet's configuration of a repository and the commit it is of.

    Without ``own_login`` the hub is asked as nobody, not as this computer. Raises
    ``ModelUnavailable``.
    """
    import httpx2
    import huggingface_hub
    from huggingface_hub.errors import RemoteEntryNotFoundError

    try:
        token = None if own_login else False
        path = Path(huggingface_hub.hf_hub_download(repository, "unet/config.json", token=token))
        config = json.loads(path.read_text(encoding="utf-8"))
    except RemoteEntryNotFoundError as error:
        raise ModelUnavailable(
            "model.no_unet",
            f"{repository} has no folder unet, as a Stable Diffusion model in the layout of "
            "diffusers has. If it offers one .safetensors checkpoint, download that and give its "
            "path; or choose another model.",
            name=repository,
        ) from error
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise _refused(repository, error) from error
    # In the cache the folder of a snapshot is named by its commit.
    commit = path.parents[1].name
    return config, commit if len(commit) == 40 else None


def _cached_folder(ref: BaseModelRef) -> tuple[Path, str | None]:
    """Return folder and variant of a model in the cache; raises ``ModelUnavailable``."""
    import huggingface_hub
    from huggingface_hub.errors import IncompleteSnapshotError

    try:
        folder = Path(
            huggingface_hub.snapshot_download(
                ref.source, revision=ref.revision, local_files_only=True
            )
        )
    except IncompleteSnapshotError as error:
        # The client misses what was never asked for: the files that are not used.
        folder = Path(error.snapshot_path)
    except OSError as error:
        raise _offline(ref.source) from error
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    try:
        _, variant = choose_files(names, ref.family)
    except ModelUnavailable as error:
        raise _offline(ref.source) from error
    return folder, variant


def _is_refusal(error: Exception) -> bool:
    """Tell whether the hub has answered, and no other answer is to be expected."""
    return _status(error) in (401, 403, 404)


def _status(error: Exception) -> int:
    return int(getattr(getattr(error, "response", None), "status_code", 0))


def _offline(repository: str) -> ModelUnavailable:
    return ModelUnavailable(
        "model.offline",
        f"{repository} is not on this machine and could not be downloaded. Connect to the "
        "internet and try again, or choose Crayon, which is built in.",
        name=repository,
    )


def _refused(repository: str, error: Exception) -> ModelUnavailable:
    status = _status(error)
    if status in (401, 403):
        return ModelUnavailable(
            "model.gated",
            f"{repository} does not exist, or its owner gives it only to people who have accepted "
            "its terms. Accept them on its page and set HF_TOKEN, or choose another model.",
            name=repository,
        )
    if status == 404:
        return ModelUnavailable(
            "model.not_found",
            f"There is no model {repository} on the Hugging Face Hub. Check the name.",
            name=repository,
        )
    return _disk_refused(repository, error) or _offline(repository)


def _disk_refused(repository: str, error: Exception) -> ModelUnavailable | None:
    """Return what is wrong with the disk of the cache; None where that is not the reason."""
    code, said = getattr(error, "errno", None), str(error).lower()
    folder = str(hub_cache_dir())
    if code in _NO_ROOM or any(words in said for words in _NO_ROOM_WORDS):
        return ModelUnavailable(
            "model.disk_full",
            f"{repository} could not be downloaded: the disk of {folder} is full. Free some space "
            "there and try again.",
            name=repository,
            folder=folder,
        )
    if code in _NOT_WRITABLE:
        return ModelUnavailable(
            "model.cache_closed",
            f"{repository} could not be downloaded: Petname may not write into {folder}. Allow it "
            "to, or name another folder with HF_HUB_CACHE, and try again.",
            name=repository,
            folder=folder,
        )
    return None
