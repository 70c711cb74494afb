"""The Python program of a diffusers kit: it runs as it is and draws what Petname drew."""

from __future__ import annotations

import json
from collections.abc import Sequence

from textinv_app.formats.converting import LORA_FILE_NAME
from textinv_app.formats.embedding import DIFFUSERS_FILE_NAMES
from textinv_app.kits.order import KitOrder
from textinv_app.kits.scenes import Scene, scenes_of


def script_name(order: KitOrder) -> str:
    """Return the name of the program."""
    return f"draw_{order.stem.replace('-', '_')}.py"


def diffusers_script(order: KitOrder, sentences: Sequence[str]) -> str:
    """Return the program; ``sentences`` are its comments: what it is, the model, how to change it.

    The model may be named behind it: a hub id, a folder or a ``.safetensors`` file.
    """
    scenes = [scene for scene in scenes_of(order) if scene.name != "both" or order.are_one]
    is_xl = order.family == "sdxl"
    pipeline = "StableDiffusionXLPipeline" if is_xl else "StableDiffusionPipeline"
    model = order.own_model or order.base_model.hub_id
    lines = [
        f'"""{_comment(sentences[0])}',
        "",
        '    pip install "diffusers>=0.30" "transformers>=4.44" accelerate peft safetensors torch',
        f"    python {script_name(order)} [MODEL]",
        "",
        _comment(sentences[1]),
        '"""',
        "",
        "import sys",
        "from pathlib import Path",
        "",
        "import torch",
        f"from diffusers import DPMSolverMultistepScheduler, {pipeline}",
        "",
        "HERE = Path(__file__).resolve().parent",
        f"MODEL = sys.argv[1] if len(sys.argv) > 1 else {json.dumps(model)}",
        "",
        'device = "cuda" if torch.cuda.is_available() else "cpu"',
        'dtype = torch.float16 if device == "cuda" else torch.float32',
        'is_file = MODEL.endswith(".safetensors")',
        f"load = {pipeline}.from_single_file if is_file else {pipeline}.from_pretrained",
        "pipe = load(MODEL, torch_dtype=dtype).to(device)",
        "# DPM-Solver++(2M), the sampler Petname draws with.",
        "pipe.scheduler = DPMSolverMultistepScheduler.from_config(",
        '    pipe.scheduler.config, algorithm_type="dpmsolver++", solver_order=2',
        ")",
        "",
        "",
        "def draw(name, prompt, negative_prompt, seed, steps, guidance, size):",
        f'    """{_comment(sentences[2])}"""',
        "    picture = pipe(",
        "        prompt,",
        "        negative_prompt=negative_prompt or None,",
        "        num_inference_steps=steps,",
        "        guidance_scale=guidance,",
        "        width=size,",
        "        height=size,",
        "        # On the CPU, so that a seed means the same on every machine.",
        '        generator=torch.Generator("cpu").manual_seed(seed),',
        "    ).images[0]",
        '    path = Path.cwd() / f"{name}.png"',
        "    picture.save(path)",
        '    print(f"{path}")',
        "",
    ]
    for number, scene in enumerate(scenes):
        lines += ["", *_scene_lines(scene, is_xl)]
        if number + 1 < len(scenes):
            lines += _take_off_lines(is_xl)
    return "\n".join(lines) + "\n"


def _comment(sentence: str) -> str:
    """Return a sentence that cannot end a string it stands in."""
    return sentence.replace("\\", "/").replace('"""', "'")


def _scene_lines(scene: Scene, is_xl: bool) -> list[str]:
    part, drawn = scene.parts[0], scene.drawn
    wear: list[str] = []
    for worn in scene.parts:
        is_lora = worn.method == "lora"
        wear += _lora_lines(worn.stem) if is_lora else _embedding_lines(worn.word, is_xl)
    return [
        *wear,
        "draw(",
        f"    name={json.dumps(f'{part.stem}-{scene.name}')},",
        f"    prompt={json.dumps(drawn.prompt, ensure_ascii=False)},",
        f"    negative_prompt={json.dumps(drawn.negative_prompt, ensure_ascii=False)},",
        f"    seed={drawn.seed},",
        f"    steps={drawn.num_inference_steps},",
        f"    guidance={drawn.guidance_scale:g},",
        f"    size={drawn.resolution_pixels},",
        ")",
    ]


def _embedding_lines(word: str, is_xl: bool) -> list[str]:
    first, second = (f"str(HERE / {json.dumps(name)})" for name in DIFFUSERS_FILE_NAMES)
    token = json.dumps(word)
    if not is_xl:
        return [f"pipe.load_textual_inversion({first}, token={token})"]
    return [
        "pipe.load_textual_inversion(",
        f"    {first}, token={token},",
        "    text_encoder=pipe.text_encoder, tokenizer=pipe.tokenizer,",
        ")",
        "pipe.load_textual_inversion(",
        f"    {second}, token={token},",
        "    text_encoder=pipe.text_encoder_2, tokenizer=pipe.tokenizer_2,",
        ")",
        "# Some models look for the end of the prompt at the highest number: that is the new word.",
        "encoder = pipe.text_encoder_2",
        'encoder = getattr(encoder, "text_model", encoder)',
        "encoder.eos_token_id = pipe.tokenizer_2.eos_token_id",
    ]


def _lora_lines(word: str) -> list[str]:
    # A dot ends the name of an adapter; words of ours have none, those of others may.
    adapter = json.dumps(word.replace(".", "_") or "lora")
    return [
        "pipe.load_lora_weights(",
        f"    str(HERE), weight_name={json.dumps(LORA_FILE_NAME)}, adapter_name={adapter}",
        ")",
    ]


def _take_off_lines(is_xl: bool) -> list[str]:
    """Return what takes the embedding off, so that the next picture shows the LoRA alone."""
    if not is_xl:
        return ["pipe.unload_textual_inversion()"]
    return [
        "pipe.unload_textual_inversion(text_encoder=pipe.text_encoder, tokenizer=pipe.tokenizer)",
        "pipe.unload_textual_inversion(",
        "    text_encoder=pipe.text_encoder_2, tokenizer=pipe.tokenizer_2",
        ")",
    ]
