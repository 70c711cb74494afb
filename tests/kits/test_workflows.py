"""ComfyUI workflows: whole graphs, the word spelled right, both forms say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from kit_makers import SEED, WORD, files_of, json_of, make_part, notes_of

from textinv_app.domain.concept import Method

SLOTS = {
    "CheckpointLoaderSimple": ([], ["MODEL", "CLIP", "VAE"], 1),
    "LoraLoader": (["MODEL", "CLIP"], ["MODEL", "CLIP"], 3),
    "CLIPTextEncode": (["CLIP"], ["CONDITIONING"], 1),
    "EmptyLatentImage": ([], ["LATENT"], 3),
    "KSampler": (["MODEL", "CONDITIONING", "CONDITIONING", "LATENT"], ["LATENT"], 7),
    "VAEDecode": (["LATENT", "VAE"], ["IMAGE"], 0),
    "SaveImage": (["IMAGE"], [], 1),
    "Note": ([], [], 1),
}
"""Inputs, outputs and number of widgets of ComfyUI's own nodes."""
PAGE = f"user/default/workflows/{WORD}-{{}}.json"
API = f"{WORD}-extras/api/{WORD}-{{}}.json"


def check_graph(graph: dict[str, Any]) -> None:
    """Check that a workflow of the page is whole: ids, links and slots agree."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    assert len(nodes) == len(graph["nodes"])
    assert graph["last_node_id"] == max(nodes)
    assert graph["last_link_id"] == len(graph["links"])
    assert graph["version"] == 0.4
    for number, source, out, target, slot, kind in graph["links"]:
        output, taken = nodes[source]["outputs"][out], nodes[target]["inputs"][slot]
        assert output["type"] == taken["type"] == kind
        assert number in output["links"]
        assert taken["link"] == number
    known = {link[0] for link in graph["links"]}
    for node in nodes.values():
        inputs, outputs, widgets = SLOTS[node["type"]]
        assert [one["type"] for one in node["inputs"]] == inputs
        assert [one["type"] for one in node["outputs"]] == outputs
        assert len(node["widgets_values"]) == widgets
        assert {number for one in node["outputs"] for number in one["links"]} <= known


def texts_of(graph: dict[str, Any]) -> list[str]:
    """Return wanted and unwanted prompt of a workflow of the page."""
    return [n["widgets_values"][0] for n in graph["nodes"] if n["type"] == "CLIPTextEncode"]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """Return the kit of a pair for Stable Diffusion 1.x."""
    return files_of("comfyui", *(make_part(tmp_path, "sd1", m) for m in get_args(Method)))


@pytest.mark.parametrize("name", ["embedding", "lora", "both"])
def test_every_workflow_is_whole_in_both_forms(files: dict[str, bytes], name: str) -> None:
    graph, api = json_of(files, PAGE.format(name)), json_of(files, API.format(name))
    check_graph(graph)
    for node in api.values():
        for value in node["inputs"].values():
            if isinstance(value, list):
                source, output = value
                assert output < len(SLOTS[api[source]["class_type"]][1])
    drawn = {str(n["id"]): n["type"] for n in graph["nodes"] if n["type"] != "Note"}
    assert drawn == {key: node["class_type"] for key, node in api.items()}
    prompts = [n["inputs"]["text"] for n in api.values() if n["class_type"] == "CLIPTextEncode"]
    assert prompts == texts_of(graph)
    assert "control_after_generate" not in str(api)


def test_the_word_is_spelled_as_comfyui_reads_it(files: dict[str, bytes]) -> None:
    assert texts_of(json_of(files, PAGE.format("embedding")))[0] == f"a photo of a embedding:{WORD}"
    assert texts_of(json_of(files, PAGE.format("lora")))[0] == f"a photo of a {WORD} dog"
    both = json_of(files, PAGE.format("both"))
    assert texts_of(both)[0] == f"a photo of a embedding:{WORD} dog"
    loader = next(node for node in both["nodes"] if node["type"] == "LoraLoader")
    assert loader["widgets_values"] == [f"{WORD}.safetensors", 1.0, 1.0]


def test_a_negative_embedding_stands_in_the_negative_prompt(tmp_path: Path) -> None:
    files = files_of("comfyui", make_part(tmp_path, "sdxl", "embedding", "negative"))
    graph = json_of(files, PAGE.format("embedding"))
    check_graph(graph)
    assert texts_of(graph) == ["a photo of a cat", f"embedding:{WORD}"]


def test_the_base_model_is_named_and_can_be_fetched(tmp_path: Path) -> None:
    for family, name in (("sd1", "v1-5"), ("sd2", "v2-1_768"), ("sdxl", "sd_xl_base_1.0")):
        files = files_of("comfyui", make_part(tmp_path, family, "lora"))  # type: ignore[arg-type]
        graph = json_of(files, PAGE.format("lora"))
        loader = next(n for n in graph["nodes"] if n["type"] == "CheckpointLoaderSimple")
        (model,) = loader["properties"]["models"]
        assert loader["widgets_values"] == [model["name"]]
        assert model["name"].startswith(name)
        assert model["url"].endswith("/" + model["name"])
        assert model["directory"] == "checkpoints"


def test_dropping_the_self_test_picture_opens_its_workflow(files: dict[str, bytes]) -> None:
    notes = notes_of(files[f"{WORD}-extras/self-test-embedding.png"])
    assert json.loads(notes["workflow"]) == json_of(files, PAGE.format("embedding"))
    assert json.loads(notes["prompt"]) == json_of(files, API.format("embedding"))
    sampler = next(n for n in json.loads(notes["prompt"]).values() if n["class_type"] == "KSampler")
    assert sampler["inputs"]["seed"] == SEED
