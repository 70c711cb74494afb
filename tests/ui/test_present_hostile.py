"""Whatever names, prompts, file names and links hold, the page stays the page."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from fake_library import FakeLibrary

from textinv_app.domain.concept import Concept
from textinv_app.domain.views import DrawingView, RunView
from textinv_app.library.api import DrawingOrder, Refusal, SampleView, TrainingOrder
from textinv_app.ui import (
    present,
    present_compare,
    present_drawing,
    present_form,
    present_manage,
    present_runs,
    present_train,
    present_upload,
)
from textinv_app.ui.markup import Html
from textinv_app.ui.present_compare import CompareView
from textinv_app.ui.words import LANGUAGES, Words

TOKEN = "a" * 64
PAYLOADS = (
    '"><img src=x onerror=alert(1)><script>alert(1)</script>',
    "'><svg onload=alert(1)><form action=//evil.example>",
    "</textarea></select></title><iframe srcdoc=x>`${alert(1)}`{{constructor}}",
    'javascript:alert(1)//"onmouseover="alert(1)',
)
_KEPT = {
    "status",
    "method",
    "kind",
    "family",
    "preset",
    "verdict",
    "wanted",
    "phase",
    "columns",
    "column",
    "program",
    "teach",
    "type",
}


class _Watcher(HTMLParser):
    """Notes every element and attribute that a payload could have made."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "form", "iframe", "style", "object", "embed", "base", "link", "meta"}:
            self.bad.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {"srcdoc", "action", "formaction"}:
                self.bad.append(f"{tag} {name}")
            if name in {"src", "href"} and value and not value.startswith(("/", "data:image/")):
                self.bad.append(f"{tag} {name}={value}")


def poison(value: typing.Any, payload: str, name: str = "") -> typing.Any:
    """Put the payload into every text of a value, but for those with a fixed set of values."""
    if isinstance(value, str) and not isinstance(value, Html):
        return value if name in _KEPT or hasattr(value, "value") else payload
    if isinstance(value, tuple):
        return tuple(poison(one, payload, name) for one in value)
    if isinstance(value, Concept) or hasattr(value, "model_copy"):
        fields = {
            key: poison(getattr(value, key), payload, key) for key in type(value).model_fields
        }
        return value.model_copy(update=fields)
    if dataclasses.is_dataclass(value):
        names = [one.name for one in dataclasses.fields(value)]
        return dataclasses.replace(
            value, **{key: poison(getattr(value, key), payload, key) for key in names}
        )
    return value


def _everything(words: Words, payload: str) -> Iterator[Html]:
    library = FakeLibrary()
    owner = library.identify(TOKEN)
    concept_id = library.use_sample(owner, "biscuit").concept.concept_id
    order = TrainingOrder(concept_id, ("embedding", "lora"), "crayon", "quick", "k")
    first, second = library.start_training(owner, order)
    library.advance(owner, first.run_id, 100)
    library.finish(owner, first.run_id)
    library.fail(owner, second.run_id, "run.crashed", "x")
    artifact = library.list_artifacts(owner)[0]
    drawing = library.start_drawing(
        owner, DrawingOrder("crayon", "x", embedding_id=artifact.artifact_id, num_images=2)
    )
    drawn = typing.cast(DrawingView, poison(library.draw(owner, drawing.drawing_id, 4), payload))
    failed = dataclasses.replace(drawn, status="failed")
    view = poison(library.concept(owner, concept_id), payload)
    unready = dataclasses.replace(view, ready=False)
    runs = [typing.cast(RunView, poison(one, payload)) for one in library.list_runs(owner)]
    evil_artifact = poison(artifact, payload)
    models = poison(library.list_models(), payload)
    usage = poison(library.usage(owner, artifact.artifact_id), payload)
    yield present.header(words)
    yield present.navigation(words)
    yield present.switcher(words, [view], payload)
    yield present.toast(payload, "error", 1)
    yield present_upload.samples(words, [SampleView(payload, payload, payload, (payload,))])
    yield present_upload.photos(words, view)
    yield present_upload.refusals(words, [Refusal(payload, payload, payload, {"name": payload})])
    yield present_upload.refusals(words, [Refusal(payload, "photo.text", "", {"name": payload})])
    yield present_upload.next_step(words, view)
    yield present_upload.next_step(words, unready)
    yield present_form.form(words, view)
    yield present_form.word_hint(words, payload, False, payload)
    choice = present_train.default_choice(models)
    yield present_train.setup(words, view, present_train.OnOffer(models), choice)
    yield present_train.presets(words, view, library.list_presets("crayon", 5), choice)
    yield present_runs.runs(words, runs)
    yield present_compare.setup(words, CompareView(view, (evil_artifact,), drawn))
    yield present_drawing.results(words, drawn, {payload: evil_artifact})
    yield present_drawing.results(words, failed, {})
    yield present_manage.files(words, [evil_artifact], {payload: usage})
    yield present_manage.pets(words, [view])
    yield present_manage.storage(words, library.storage(owner))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_makes_no_element_attribute_or_foreign_link(
    language: str, payload: str
) -> None:
    watcher = _Watcher()
    seen = 0
    for html in _everything(Words(language), payload):
        watcher.feed(html)
        seen += payload not in html
    watcher.close()
    assert watcher.bad == []
    assert seen >= 20


def test_what_a_person_wrote_is_still_readable() -> None:
    library = FakeLibrary()
    owner = library.identify(TOKEN)
    view = library.create_concept(owner)
    concept = view.concept.model_copy(update={"name": "Rex & Söhne's <best>"})
    html = present.switcher(Words("en"), [dataclasses.replace(view, concept=concept)], "")
    assert "Rex &amp; Söhne&#x27;s &lt;best&gt;" in html
