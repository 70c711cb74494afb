"""The guide of a kit: one page of HTML with everything in it, that opens without a network."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from textinv_app.kits.order import KitOrder, KitPart
from textinv_app.kits.pictures import jpeg_of
from textinv_app.kits.programs import TITLES
from textinv_app.kits.proofs import extras_folder, proof_rows, proofs_of, taught_on
from textinv_app.kits.scenes import Scene, ideas, scenes_of, spelled, word_in
from textinv_app.kits.words import KitWords

_HERE = Path(__file__).resolve().parent
_FONTS = _HERE.parents[1] / "assets" / "fonts"
_FONT_FACES = (
    ("Fraunces Soft", "fraunces-latin-soft-normal.woff2", "100 900"),
    ("Nunito Variable", "nunito-latin-wght-normal.woff2", "200 1000"),
)
_MAX_PICTURES = 4
_LARGE_PIXELS, _SMALL_PIXELS = 640, 240
_PAW = Markup(
    '<svg class="paw" viewBox="0 0 24 24" aria-hidden="true">'
    '<ellipse cx="6.2" cy="11" rx="2" ry="2.7"/><ellipse cx="10" cy="6.4" rx="2" ry="2.8"/>'
    '<ellipse cx="14.4" cy="6.4" rx="2" ry="2.8"/><ellipse cx="18.1" cy="11" rx="2" ry="2.7"/>'
    '<path d="M12.2 11.6c2.3 0 5.1 3.3 5.1 5.7 0 1.7-1.2 2.5-2.7 2.5-.9 0-1.6-.4-2.4-.4s-1.5.4-2.4'
    '.4c-1.5 0-2.7-.8-2.7-2.5 0-2.4 2.8-5.7 5.1-5.7z"/></svg>'
)


@dataclass(frozen=True)
class Copyable:
    """A text to copy, and what stands above it."""

    text: str
    label: str = ""
    is_link: bool = False


@dataclass(frozen=True)
class Card:
    """A picture with a name, as programs show models."""

    name: str
    picture: str
    """A ``data:`` link; empty where there is none."""


@dataclass(frozen=True)
class Tab:
    """A tab of a drawn screen."""

    name: str
    chosen: bool = False


@dataclass(frozen=True)
class TreeRow:
    """One line of a drawn folder tree."""

    name: str
    depth: int
    kind: str
    """``folder``, ``model``, ``picture`` or ``text``."""
    remark: str = ""


@dataclass(frozen=True)
class Step:
    """One step of the guide."""

    title: str
    texts: tuple[Markup, ...]
    tree: tuple[TreeRow, ...] = ()
    graph: Markup | None = None
    cards: tuple[Card, ...] = ()
    rows: tuple[Card, ...] = ()
    typed: str = ""
    """What stands in the prompt box beside the cards."""
    tabs: tuple[Tab, ...] = ()
    copies: tuple[Copyable, ...] = ()


@dataclass(frozen=True)
class Chapters:
    """What the guide of one program says."""

    steps: tuple[Step, ...]
    notes: tuple[Markup, ...]


@dataclass
class Teller:
    """Says things for one kit: words, pictures and prompts, ready to be put into steps."""

    order: KitOrder
    words: KitWords
    file_names: tuple[str, ...]
    """Names of all files of the kit."""
    _pictures: dict[tuple[Path, int], str] = field(default_factory=dict)

    @property
    def has_proof(self) -> bool:
        """Whether the kit holds a self-test."""
        return bool(proofs_of(self.order))

    @property
    def own_model(self) -> str:
        """The model it was taught on, as a sentence names it; empty where it is the usual one."""
        name = taught_on(self.order, self.words)
        return f"`{name}`" if self.order.own_model else name

    def rich(self, key: str, **blanks: object) -> Markup:
        """Return a sentence with its ticks and stars as markup."""
        return rich(self.words(key, **blanks))

    def picture(self, path: Path, side_pixels: int = _SMALL_PIXELS) -> str:
        """Return a picture as a ``data:`` link; raises ``OSError``."""
        known = self._pictures.get((path, side_pixels))
        if known is None:
            known = _data_url("image/jpeg", jpeg_of(path, side_pixels))
            self._pictures[path, side_pixels] = known
        return known

    def cards(self) -> tuple[Card, ...]:
        """Return a card for each file."""
        return tuple(Card(part.stem, self._cover(part)) for part in self.order.parts)

    def rows(self) -> tuple[Card, ...]:
        """Return a row with the file name of each part."""
        return tuple(
            Card(f"{part.method}/{part.stem}.safetensors", self._cover(part))
            for part in self.order.parts
        )

    def tree(self) -> tuple[TreeRow, ...]:
        """Return the files of the kit as a folder tree; of the extras only the folder."""
        extras = f"{extras_folder(self.order)}/"
        names = [name for name in self.file_names if not name.startswith(extras)]
        rows = [*_tree(sorted(names, key=lambda name: ("/" not in name, name)), self.words)]
        if len(names) < len(self.file_names):
            remark = self.words("tree.extras" if self.has_proof else "tree.more")
            rows.append(TreeRow(extras, 0, "folder", remark))
        return tuple(rows)

    def model_step(self, folder: str, extra: str = "") -> Step:
        """Return the step that asks for the base model."""
        order, base = self.order, self.order.base_model
        texts = [
            self.rich(
                "base.text" if folder else "base.text_alone",
                fits=self.words(f"fits.{order.family}"),
                model=base.title,
                checkpoint=base.checkpoint,
                folder=folder,
            )
        ]
        if self.own_model:
            texts.append(self.rich("base.own", own=self.own_model, model=base.title))
        if extra:
            texts.append(self.rich(extra))
        link = Copyable(base.url, self.words("base.link"), is_link=True)
        return Step(self.words("base.title"), tuple(texts), copies=(link,))

    def sentences(self) -> tuple[Copyable, ...]:
        """Return prompts to copy: for each scene its own and, for the first, some more to try."""
        copies: list[Copyable] = []
        scenes = scenes_of(self.order)
        for scene in scenes:
            label = self.words(f"prompt.{scene.name}")
            copies += self._prompts(scene, label)
        for scene in ideas(scenes[0]):
            if not self.order.is_negative:
                copies += self._prompts(scene, "")
        return tuple(copies)

    def notes(self) -> list[Markup]:
        """Return what holds in every program."""
        found = []
        lora, class_word = self.order.part("lora"), self.order.class_word
        if lora is not None and class_word:
            words = f"{lora.word} {class_word}"
            found.append(self.rich("notes.class", class_word=class_word, words=words))
        if len(self.order.parts) == 2:
            found.append(self.rich("notes.one" if self.order.are_one else "notes.both"))
        for part in self.order.parts:
            if part.manifest.half_of:
                found.append(self.rich("notes.half", other=f"{part.manifest.half_of}.safetensors"))
        return found

    def _prompts(self, scene: Scene, label: str) -> list[Copyable]:
        prompt, negative_prompt = spelled(scene, self.order.program)
        copies = [Copyable(prompt, label)]
        if negative_prompt:
            copies.append(Copyable(negative_prompt, self.words("prompt.negative")))
        return copies

    def _cover(self, part: KitPart) -> str:
        return self.picture(part.pictures[0]) if part.pictures else ""


def rich(text: str) -> Markup:
    """Return plain text as markup: `ticks` become code, **stars** bold, all else is escaped."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", marked))


def guide_name(order: KitOrder, words: KitWords) -> str:
    """Return the name of the guide inside the kit."""
    return words("guide.file", stem=order.stem)


def guide_page(teller: Teller, chapters: Chapters) -> str:
    """Return the guide as HTML; raises ``OSError`` where a picture cannot be read."""
    order, words = teller.order, teller.words
    program = TITLES[order.program]
    kind = order.parts[0].manifest.kind
    tests = [_test(teller, scene) for scene in proofs_of(order)]
    note = teller.rich("test.same" if order.program == "diffusers" else "test.alike")
    if teller.own_model:
        note += " " + teller.rich("test.own", own=teller.own_model)
    return _template().render(
        language=words.language,
        words=words,
        title=words("guide.title", name=order.name, program=program),
        name=order.name,
        program=words("guide.title", name="", program=program).strip(),
        lead=teller.rich(
            f"guide.lead.{kind}", program=_short(program), word=order.parts[0].word, name=order.name
        ),
        facts=_facts(teller),
        pictures=_album(teller),
        paw=_PAW,
        fonts=Markup(_font_faces()),
        style=Markup((_HERE / "guide.css").read_text(encoding="utf-8")),
        crayon=_crayon(teller) if order.family == "crayon" else None,
        steps=chapters.steps,
        tests=tests,
        test_title=words("test.title" if tests else "test.title_none"),
        test_lead=words("test.text", what=words(f"test.what.{kind}")),
        test_note=note,
        wrong=_wrong(teller),
        notes=chapters.notes,
    )


def _facts(teller: Teller) -> list[tuple[str, Markup]]:
    order, words = teller.order, teller.words
    spelling = word_in(order.program, order.parts[0])
    word = rich(f"`{spelling}`")
    if order.is_negative:
        word += " " + escape(words("facts.negative"))
    files = Markup("<br>").join(
        words(f"facts.{part.method}", size=words.size(part.path.stat().st_size))
        for part in order.parts
    )
    facts = [
        (words("facts.word"), word),
        (words("facts.files"), files),
        (words("facts.fits"), escape(_capital(words(f"fits.{order.family}")))),
    ]
    if teller.own_model:
        facts.append((words("facts.taught_on"), escape(taught_on(order, words))))
    return facts


def _short(title: str) -> str:
    """Return the first name of a program's title, to stand in a sentence."""
    return re.split(r"[,(]", title)[0].strip()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _album(teller: Teller) -> list[str]:
    """Return up to four pictures, of both parts where there are two, the first one large."""
    parts = teller.order.parts
    most = max(len(part.pictures) for part in parts)
    turns = [part.pictures[n] for n in range(most) for part in parts if n < len(part.pictures)]
    chosen = turns[:_MAX_PICTURES]
    return [
        teller.picture(path, _LARGE_PIXELS if at == 0 else _SMALL_PIXELS)
        for at, path in enumerate(chosen)
    ]


def _test(teller: Teller, scene: Scene) -> dict[str, object]:
    path = scene.parts[0].pictures[0]
    rows = proof_rows(teller.order, scene, teller.words)
    label = teller.words(f"prompt.{scene.name}") if len(teller.order.parts) > 1 else ""
    return {
        "picture": teller.picture(path, _LARGE_PIXELS),
        "label": label,
        "rows": list(rows.items()),
    }


def _wrong(teller: Teller) -> list[Markup]:
    spelling = word_in(teller.order.program, teller.order.parts[0])
    # A LoRA's word is plain text to every program, in capitals or not.
    key = f"test.wrong_word.{teller.order.parts[0].method}"
    wrong = [teller.rich("test.wrong_model"), teller.rich(key, spelled=spelling)]
    if teller.order.program != "diffusers":
        wrong.append(teller.rich("test.wrong_place"))
    return wrong


def _crayon(teller: Teller) -> Markup:
    return teller.rich("crayon.text") + " " + teller.rich("crayon.where")


def _tree(names: Iterable[str], words: KitWords) -> Iterable[TreeRow]:
    """Yield each folder once, before what is in it."""
    shown = ""
    for name in names:
        folder, _, own = name.rpartition("/")
        if folder and folder != shown:
            shown = folder
            yield TreeRow(f"{folder}/", 0, "folder")
        kind, remark = _kind_of(folder, own)
        yield TreeRow(own, 1 if folder else 0, kind, words(remark))


def _kind_of(folder: str, name: str) -> tuple[str, str]:
    """Return what a file is, for its sign, and the key of what is said about it."""
    ending = name.rpartition(".")[2]
    if ending == "safetensors":
        return "model", "tree.model"
    if ending == "png":
        return "picture", "tree.preview"
    if ending == "json":
        return "text", "tree.workflow" if "workflows" in folder else "tree.notes"
    return "text", {"html": "tree.guide", "py": "tree.program", "txt": "tree.prompts"}[ending]


def _data_url(content_type: str, data: bytes) -> str:
    return f"data:{content_type};base64,{base64.b64encode(data).decode('ascii')}"


@cache
def _font_faces() -> str:
    """Return the fonts as part of the style sheet; nothing where they are not installed."""
    faces = []
    for family, name, weights in _FONT_FACES:
        path = _FONTS / name
        if path.is_file():
            source = _data_url("font/woff2", path.read_bytes())
            faces.append(
                f'@font-face{{font-family:"{family}";src:url({source}) format("woff2");'
                f"font-weight:{weights};font-display:swap}}"
            )
    return "\n".join(faces)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("guide.html.jinja")
