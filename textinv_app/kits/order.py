"""What a kit is made of: one file, or the embedding and the LoRA of one concept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from textinv_app.domain.concept import Family, Method
from textinv_app.domain.hub import is_hub_id
from textinv_app.domain.manifest import DrawnFacts, ResultManifest
from textinv_app.kits.programs import BASE_MODELS, BaseModel, KitProgram

Language = Literal["en", "fr"]


@dataclass(frozen=True)
class KitPart:
    """One embedding or LoRA with its manifest; its pictures lie in the same folder."""

    path: Path
    manifest: ResultManifest

    @property
    def method(self) -> Method:
        """``embedding`` or ``lora``."""
        return self.manifest.method

    @property
    def stem(self) -> str:
        """Name of the file without its ending, by which most programs know it."""
        return self.path.stem

    @property
    def word(self) -> str:
        """The trigger word; the name of the file where the manifest names none."""
        return self.manifest.placeholder_token or self.stem

    @property
    def pictures(self) -> tuple[Path, ...]:
        """Pictures drawn with the file, the best first."""
        return tuple(self.path.parent / name for name in self.manifest.pictures)

    @property
    def proof(self) -> tuple[Path, DrawnFacts] | None:
        """The best picture and how to draw it again; None where that was not kept."""
        if not self.manifest.drawn or not self.pictures:
            return None
        return self.pictures[0], self.manifest.drawn[0]


@dataclass(frozen=True)
class KitOrder:
    """A kit to be made."""

    program: KitProgram
    language: Language
    name: str
    """What the person calls the file."""
    parts: tuple[KitPart, ...]
    """One file, or an embedding and a LoRA of the same concept and family, in this order."""
    are_one: bool = False
    """Whether the two were trained together, so that neither is of use alone."""

    @property
    def family(self) -> Family:
        """The family of base models that the parts fit."""
        return self.parts[0].manifest.family

    @property
    def stem(self) -> str:
        """What the files of the kit are named after."""
        return self.parts[0].stem

    @property
    def is_negative(self) -> bool:
        """Whether the word belongs into the negative prompt."""
        return self.parts[0].manifest.kind == "negative"

    def part(self, method: Method) -> KitPart | None:
        """Return the part of a method, or None."""
        return next((part for part in self.parts if part.method == method), None)

    @property
    def class_word(self) -> str:
        """What stands behind the word of the LoRA; empty where nothing does.

        The LoRA of a pair has met its word as the embedding's vectors, without a class word.
        """
        lora = self.part("lora")
        if lora is None or self.are_one or lora.manifest.kind != "subject":
            return ""
        return lora.manifest.class_word

    @property
    def own_model(self) -> str:
        """Hub id of the model it was taught on where that is not the family's usual one."""
        source = self.parts[0].manifest.model_source
        is_usual = source == BASE_MODELS[self.family].hub_id
        # A folder of this machine is not there on anybody else's, and nobody's business.
        return source if is_hub_id(source) and not is_usual else ""

    @property
    def base_model(self) -> BaseModel:
        """The usual base model of the family."""
        return BASE_MODELS[self.family]
