"""The compare tab: what to draw and the pictures drawn, as commands and parts."""

from __future__ import annotations

from typing import get_args

from textinv_app.domain.drawing import ColumnName
from textinv_app.domain.hub import USUAL_MODELS
from textinv_app.domain.prompts import find_word
from textinv_app.domain.views import ArtifactView
from textinv_app.errors import BadInput
from textinv_app.formats.families import FAMILY_TITLES
from textinv_app.library.api import DrawingOrder
from textinv_app.ui import present_compare, present_drawing
from textinv_app.ui.commands import Command
from textinv_app.ui.desk import Part, Reply, Verb, Visit
from textinv_app.ui.markup import Html
from textinv_app.ui.present_compare import CompareView

_MAX_PROMPT_CHARACTERS = 500
_MAX_NEGATIVES = 200
_RESULTS = frozenset({"compare_results"})


def _model_of(worn: list[ArtifactView]) -> str:
    """Return the base model that all worn files fit; raises ``BadInput`` where there is none."""
    if not worn:
        raise BadInput("page.nothing_worn", "Choose an embedding or a LoRA to compare with.")
    first, last = worn[0], worn[-1]
    if first.family != last.family:
        blanks = {
            "first": first.name,
            "first_model": FAMILY_TITLES[first.family],
            "second": last.name,
            "second_model": FAMILY_TITLES[last.family],
        }
        raise BadInput(
            "page.different_models",
            "{first} was made for {first_model}, {second} for {second_model}. Choose two files for "
            "the same image model.".format_map(blanks),
            **blanks,
        )
    return worn[0].base_model or USUAL_MODELS[worn[0].family]


def _words_of(worn: list[ArtifactView]) -> list[str]:
    return [one.placeholder_token for one in worn if one.placeholder_token]


def draw(visit: Visit, command: Command) -> Reply:
    """Queue a comparison."""
    chosen = {key: command.text(key, 80) for key in ("embedding", "lora")}
    worn = [visit.library.artifact(visit.owner, one) for one in chosen.values() if one]
    negative_ids = command.texts("negative_ids", _MAX_NEGATIVES)
    ticked = [visit.library.artifact(visit.owner, one) for one in negative_ids]
    model_id = _model_of(worn or ticked[:1])
    family = (worn or ticked)[0].family
    prompt = command.text("prompt", _MAX_PROMPT_CHARACTERS)
    needed = _words_of(worn)
    if needed and not any(find_word(word).search(prompt) for word in needed):
        raise BadInput(
            "page.prompt_without_word",
            f"Put the word “{needed[0]}” into the sentence: it brings what was taught.",
            word=needed[0],
        )
    order = DrawingOrder(
        model_id=model_id,
        prompt=prompt,
        negative_prompt=command.text("negative_prompt", _MAX_PROMPT_CHARACTERS),
        embedding_id=chosen["embedding"],
        lora_id=chosen["lora"],
        # They are ticked to begin with; those for other models have nothing to say here.
        negative_ids=tuple(one.artifact_id for one in ticked if one.family == family),
        embedding_strength=command.number("embedding_strength", 1.0, 0.0, 2.0),
        lora_strength=command.number("lora_strength", 1.0, 0.0, 2.0),
        seed=command.whole("seed", 0, 0, 2**32 - 1),
        num_images=command.whole("num_images", 1, 1, 4),
        num_inference_steps=command.whole("steps", 20, 5, 50),
        titles={name: visit.words(f"column.{name}") for name in get_args(ColumnName)},
    )
    visit.library.start_drawing(visit.owner, order)
    return Reply(visit.concept_id, _RESULTS)


def cancel(visit: Visit, command: Command) -> Reply:
    """End a comparison and keep the pictures drawn so far."""
    visit.library.cancel_drawing(visit.owner, command.text("id"))
    return Reply(visit.concept_id, _RESULTS)


VERBS: dict[str, Verb] = {"compare.draw": draw, "compare.cancel": cancel}


def _draw_setup(visit: Visit) -> Html:
    drawing = visit.library.latest_drawing(visit.owner)
    return present_compare.setup(visit.words, CompareView(visit.concept, visit.artifacts, drawing))


def _draw_results(visit: Visit) -> Html:
    drawing = visit.library.latest_drawing(visit.owner)
    by_id = {one.artifact_id: one for one in visit.artifacts}
    return present_drawing.results(visit.words, drawing, by_id)


PARTS: dict[str, Part] = {"compare_setup": _draw_setup, "compare_results": _draw_results}
