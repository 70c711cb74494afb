"""What a file is: embedding or LoRA, for which models, how large, made with what word."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from textinv_app.domain.concept import Family, Method
from textinv_app.errors import FileRefused
from textinv_app.formats.embedding import embedding_shape, looks_like_embedding, name_inside
from textinv_app.formats.families import FAMILY_TITLES
from textinv_app.formats.foreign.converting import as_safetensors
from textinv_app.formats.header import Header, read_header, read_tensors
from textinv_app.formats.lora_keys import looks_like_lora
from textinv_app.formats.lora_reading import LoraShape, lora_shape
from textinv_app.formats.metadata import companion_of
from textinv_app.formats.sniffing import Container

_HASH_CHUNK_BYTES = 1 << 20
_NAMELESS = re.compile(
    r"(learned_?embeds?|embeddings?|pytorch_lora_weights|adapter_model|model|weights|download"
    r"|unnamed|imported|file)([-_ (.]*(steps?)?[-_ ]*\d*\)?)?",
    re.IGNORECASE,
)
"""Names of files that programs give and that say nothing about the word."""
_NEGATIVE_NAMES = re.compile(
    r"negative|(^|[-_ ])neg(ative)?([-_ ]|xl|v?\d|$)|bad[-_ ]?(hand|prompt|artist|image|pic|dream"
    r"|quality|anatomy|fingers?|feet|face|body)|unaesthetic|unspeakable|boring_e621|verybad",
    re.IGNORECASE,
)
"""Parts of the names of negative embeddings in circulation; their files rarely say so."""


@dataclass(frozen=True)
class Inspection:
    """What can be told about an embedding or LoRA file without using it."""

    kind: Method
    family: Family
    num_vectors: int
    """Vectors of the word; 0 for a LoRA."""
    widths: tuple[int, ...]
    """Width of a vector for each text encoder; for a LoRA, of what the cross attention reads."""
    rank: int
    """The largest rank of a LoRA; 0 for an embedding."""
    alpha: float | None
    """Alpha of the first layer of a LoRA (its rank where the file names none), else None."""
    module_count: int
    """Layers a LoRA changes; 0 for an embedding."""
    trigger_word: str
    """Of an embedding the name of the file without its ending, unless that says nothing; of a LoRA
    what the metadata name, else that name."""
    is_negative: bool
    """Whether it is a negative embedding by its metadata, or has the name of a well-known one."""
    metadata: Mapping[str, str]
    size_bytes: int
    sha256: str
    """Of the whole file."""
    container: Container = "safetensors"
    """What the numbers are kept in; a ``pickle`` is only ever opened in a confined child."""

    def file_stem(self, name: str) -> str:
        """Return what the file, which was called ``name``, is to be called: its word.

        The LoRA of a pair keeps a name of its own, for the word is that of the embedding.
        """
        if self.kind == "embedding" or not companion_of(self.metadata):
            return self.trigger_word
        told = self.metadata.get("ss_output_name", "") if says_nothing(name) else name
        return told or self.trigger_word

    @property
    def family_title(self) -> str:
        """The family in words, for instance ``Stable Diffusion 1.x``."""
        return FAMILY_TITLES[self.family]

    def sentence(self) -> str:
        """Say in one sentence what the file is and which models it fits."""
        if self.kind == "lora":
            size = f"a LoRA of rank {self.rank} that changes {self.module_count} layers"
        else:
            vectors = "1 vector" if self.num_vectors == 1 else f"{self.num_vectors} vectors"
            negative = "a negative embedding" if self.is_negative else "an embedding"
            size = f"{negative} of {vectors}"
        return f"This is {size}, made for {self.family_title}."

    def refuse_if_not_for(self, family: Family) -> None:
        """Raise ``FileRefused``, in words, when the file does not fit models of ``family``."""
        if self.family != family:
            raise FileRefused(
                "file.other_family",
                f"This file was made for {self.family_title}; the chosen model is "
                f"{FAMILY_TITLES[family]}. Choose a model it fits.",
                made_for=self.family_title,
                chosen=FAMILY_TITLES[family],
            )


def inspect_any(path: Path) -> Inspection:
    """Tell what a file of any kind is: safetensors, an old ``.pt`` or ``.bin``, or a picture.

    What is no safetensors file is read in a confined child; size and hash are those of the file
    itself. Raises ``FileRefused`` and ``OSError`` as ``inspect`` does.
    """
    with as_safetensors(path) as readable:
        found = inspect(readable.path, path.stem)
    if readable.container == "safetensors":
        return found
    return replace(
        found,
        container=readable.container,
        size_bytes=path.stat().st_size,
        sha256=sha256_of_file(path),
    )


def inspect(path: Path, name: str = "") -> Inspection:
    """Tell what the safetensors embedding or LoRA at ``path`` is, by its content.

    ``name`` is what the file was called before, without its ending, where that is not the name it
    has now. Reads the header, of a LoRA also one alpha, and the file once for its hash; says
    nothing about the numbers. Raises ``FileRefused`` with a plain sentence for anything else, and
    ``OSError``.
    """
    header = read_header(path)
    names, name = header.tensors, name or path.stem
    if looks_like_lora(names) or not looks_like_embedding(header):
        return _inspect_lora(path, header, lora_shape(header), name)
    shape = embedding_shape(header)
    inside = name_inside(header)
    return Inspection(
        kind="embedding",
        family=shape.family,
        num_vectors=shape.num_vectors,
        widths=shape.widths,
        rank=0,
        alpha=None,
        module_count=0,
        trigger_word=_embedding_word(header, name, inside),
        is_negative=_is_negative(header, f"{name} {inside}"),
        metadata=header.metadata,
        size_bytes=header.size_bytes,
        sha256=sha256_of_file(path),
    )


def _inspect_lora(path: Path, header: Header, shape: LoraShape, name: str) -> Inspection:
    first = shape.layers[0]
    alpha = float(first.rank) if first.given_alpha is None else first.given_alpha
    if "alpha" in first.tensors:
        key = first.tensors["alpha"].name
        stored = read_tensors(path, header, wanted=lambda other: other == key)
        alpha = float(stored[key].reshape(()))
    width = shape.cross_attention_width
    return Inspection(
        kind="lora",
        family=shape.family,
        num_vectors=0,
        widths=() if width is None else (width,),
        rank=shape.rank,
        alpha=alpha,
        module_count=len(shape.layers),
        trigger_word=_told_word(header) or name,
        is_negative=False,
        metadata=header.metadata,
        size_bytes=header.size_bytes,
        sha256=sha256_of_file(path),
    )


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal, reading 1 MiB at a time."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _embedding_word(header: Header, name: str, inside: str) -> str:
    """Return the word of an embedding: the name of its file, by which other programs know it.

    The word inside counts where that name says nothing, and where it is told twice, as in files of
    ours in the spelling of diffusers and in pictures.
    """
    told, name = _told_word(header), without_copy_number(name)
    if says_nothing(name) or (told and told == inside):
        return told or inside or name
    return name


def _told_word(header: Header) -> str:
    """Return the trigger word that the metadata names; empty where they name none."""
    for key in ("modelspec.trigger_phrase", "ss_output_name"):
        word = " ".join(header.metadata.get(key, "").split())
        if word and len(word) <= 100 and word.isprintable():
            return word
    return ""


def _is_negative(header: Header, names: str) -> bool:
    said = header.metadata.get("modelspec.is_negative_embedding", "").lower()
    if said in {"true", "false"}:
        return said == "true"
    return sounds_negative(names)


def without_copy_number(name: str) -> str:
    """Return a name without the number that browsers put behind it, as in ``rexdog (1)``."""
    return re.sub(r" ?\(\d+\)$", "", name) or name


def says_nothing(name: str) -> bool:
    """Tell whether a name is one that programs give, such as ``pytorch_lora_weights``."""
    return bool(_NAMELESS.fullmatch(name))


def sounds_negative(name: str) -> bool:
    """Tell whether a name is like those of negative embeddings, such as ``EasyNegative``."""
    return bool(_NEGATIVE_NAMES.search(name))
