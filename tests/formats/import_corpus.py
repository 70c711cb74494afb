"""Makes the corpus of files to import: what people really bring, and what attackers would.

``PYTHONPATH=. python tests/formats/import_corpus.py FOLDER`` writes all of them and prints what
Petname makes of each, with the processor time and the memory that its reading child took.
"""

from __future__ import annotations

import base64
import copy
import io
import json
import os
import pickle
import sys
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from format_makers import cross_attention_modules, entry, lora_module, raw_file, save_with_library
from PIL import Image, PngImagePlugin
from safetensors.torch import save_file

from textinv_app.errors import FileRefused
from textinv_app.formats.foreign.converting import ChildReport, ask_child
from textinv_app.formats.foreign.refusals import refusal
from textinv_app.formats.importing import import_file
from textinv_app.formats.inspecting import Inspection
from textinv_app.formats.lora import LoraModule, kohya_name
from textinv_app.formats.sniffing import BEGINNING_BYTES, container_of

MARKER = "marker-of-the-evil-file"
"""Made in the folder of the corpus by a file whose program was run."""


@dataclass(frozen=True)
class Case:
    """One file of the corpus and what is to become of it."""

    file_name: str
    make: Callable[[Path], object]
    code: str = ""
    """Code of the refusal (``|`` where it depends on Python's release); empty where it is taken."""
    kind: str = "embedding"
    family: str = "sd1"
    size: int = 2
    """Vectors of an embedding, layers of a LoRA."""
    word: str = ""
    is_negative: bool = False


def vectors(width: int = 768, count: int = 2) -> np.ndarray:
    """Return vectors that look like those of a word, exact in half precision."""
    generator = np.random.default_rng(width + count)
    return generator.normal(0, 0.02, (count, width)).astype(np.float16).astype(np.float32)


def _tensor(width: int = 768, count: int = 2) -> torch.Tensor:
    return torch.from_numpy(vectors(width, count))


def _numbers(**arrays: np.ndarray) -> Callable[[Path], object]:
    return lambda path: save_with_library(path, arrays)


def _named(arrays: dict[str, np.ndarray], metadata: Any = None) -> Callable[[Path], object]:
    return lambda path: save_with_library(path, arrays, metadata)


def _torch(make: Callable[[], object], legacy: bool = False) -> Callable[[Path], object]:
    return lambda path: torch.save(make(), path, _use_new_zipfile_serialization=not legacy)


def _bytes(make: Callable[[Path], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(make(path))


# What A1111 saves beside the vectors.
def _webui(parameters: object) -> dict[str, object]:
    return {
        "string_to_token": {"*": 265},
        "string_to_param": parameters,
        "name": "inside",
        "step": 500,
        "sd_checkpoint": "cafe1234",
        "sd_checkpoint_name": "model",
    }


def _parameter_dict(old: bool) -> torch.nn.ParameterDict:
    parameters = torch.nn.ParameterDict({"*": torch.nn.Parameter(_tensor())})
    if old:
        # Before torch 1.12 it had no list of its keys.
        del parameters.__dict__["_keys"]
    return parameters


def _json(data: np.ndarray | None = None) -> dict[str, object]:
    table = (vectors() if data is None else data).astype(np.float64).tolist()
    return {"string_to_param": {"*": {"TORCHTENSOR": table}}, "name": "insideword", "step": 12}


def _png_text(text: bytes, packed: bool = False) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        info = PngImagePlugin.PngInfo()
        info.add_text("sd-ti-embedding", base64.b64encode(text).decode(), zip=packed)
        Image.new("RGB", (64, 64), (200, 120, 60)).save(path, "PNG", pnginfo=info)

    return make


def hide_in_pixels(packed: bytes, height: int = 64) -> Image.Image:
    """Return a picture with two blocks of pixels that hold ``packed``, as A1111 paints it."""
    data = np.frombuffer(packed, np.uint8)
    data = np.resize(data, -(-len(data) // (height * 3)) * height * 3).reshape(height, -1, 3)
    state, noise = 0, []
    for _ in range(data.size):
        state = (1_664_525 * state + 1_013_904_223) % 2**32
        noise.append(state % 255 & 0x0F)
    noise_block = np.array(noise, np.uint8).reshape(data.shape)
    # The upper bits are there for looks alone.
    looks = np.random.default_rng(0).integers(1, 15, data.shape, dtype=np.uint8) << 4
    left, right = ((half ^ noise_block) | looks for half in (data & 0x0F, data >> 4))
    photo = np.random.default_rng(1).integers(1, 255, (height, 96, 3), dtype=np.uint8)
    gap = np.zeros((height, 1, 3), np.uint8)
    return Image.fromarray(np.concatenate([left, gap, photo, gap, right], axis=1))


def _pixels(text: bytes, kind: str = "PNG") -> Callable[[Path], object]:
    return lambda path: hide_in_pixels(zlib.compress(text, 9)).save(path, kind, lossless=True)


# LoRAs of one attention layer, its width telling the family.
def _kohya(modules: list[LoraModule], family: Any) -> dict[str, np.ndarray]:
    tensors: dict[str, np.ndarray] = {}
    for module in modules:
        name = kohya_name(module, family)
        tensors[f"{name}.lora_down.weight"] = module.down.astype(np.float16)
        tensors[f"{name}.lora_up.weight"] = module.up.astype(np.float16)
        tensors[f"{name}.alpha"] = np.array(module.alpha, np.float32)
    return tensors


def _spelt(prefix: str, down: str, up: str, modules: list[LoraModule]) -> dict[str, np.ndarray]:
    return {
        f"{prefix}{module.path}.{ending}": array
        for module in modules
        for ending, array in ((down, module.down), (up, module.up))
    }


def _processors() -> dict[str, np.ndarray]:
    attention = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.processor"
    return {
        f"{attention}.{layer}_lora.{way}.weight": np.full(shape, 0.01, np.float32)
        for layer in ("to_q", "to_k", "to_v", "to_out")
        for way, shape in (
            ("down", (4, 768 if layer in ("to_k", "to_v") else 32)),
            ("up", (32, 4)),
        )
    }


def _text_encoder() -> dict[str, np.ndarray]:
    modules = [
        lora_module(f"encoder.layers.{layer}.self_attn.q_proj", (768, 4, 768), "text_encoder")
        for layer in (0, 1)
    ]
    return _spelt("text_encoder.text_model.", "lora_A.weight", "lora_B.weight", modules)


_SD1 = cross_attention_modules(768)
_LAYER = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
_SMALL = np.full((4, 4), 0.01, np.float32)


def _lycoris(*endings: str) -> Callable[[Path], object]:
    return _named({f"{_LAYER}.{ending}": _SMALL for ending in endings})


def _plus(arrays: dict[str, np.ndarray], *names: str) -> dict[str, np.ndarray]:
    return arrays | dict.fromkeys(names, _SMALL)


class _Calls:
    """Calls something when it is unpickled."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.call = call, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


def _evil(path: Path) -> _Calls:
    return _Calls(os.system, f"touch '{path.with_name(MARKER)}'")


def _evil_zip(path: Path) -> None:
    torch.save({"string_to_param": {"*": _tensor()}, "name": _evil(path)}, path)


def _evil_legacy(path: Path) -> None:
    value = {"string_to_param": {"*": _evil(path)}}
    torch.save(value, path, _use_new_zipfile_serialization=False)


def _evil_eval(path: Path) -> bytes:
    return pickle.dumps(_Calls(eval, f"open({str(path.with_name(MARKER))!r}, 'w')"), protocol=4)


def _torch_zip(program: bytes, **options: Any) -> bytes:
    """Return a file like torch's, with any pickle as its table of contents."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as archive:
        archive.writestr("archive/data.pkl", program)
        archive.writestr("archive/version", b"3\n")
    return stream.getvalue()


# OrderedDict reached by a path, to get at what lies behind it.
_BY_PATH = b"\x80\x04\x8c\x0bcollections\x8c\x1eOrderedDict.__init__.__class__\x93."
_DEEP_LISTS = b"\x80\x02" + b"]" * 200_000 + b"a" * 199_999 + b"."
# The hash of a tuple goes down into it without counting how deep: this ends the process.
_DEEP_KEY = b"\x80\x02}K\x01" + b"\x85" * 400_000 + b"K\x01s."
_MEMO_BOMB = b"\x80\x02]r\xff\xff\xff\x7f."
_LENGTH_LIE = b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x3f."


def _overlapping_zip(_path: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}, protocol=2))
        for number in range(50):
            again = copy.copy(archive.filelist[0])
            again.filename = again.orig_filename = f"archive/data/{number}"
            archive.filelist.append(again)
    return stream.getvalue()


def _misnamed_zip(_path: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}, protocol=2))
        archive.writestr(f"../../{MARKER}", b"outside")
        archive.writestr("/etc/passwd", b"outside")
    return stream.getvalue()


def _packed_zip(_path: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}, protocol=2))
        archive.writestr("archive/data/0", bytes(30_000_000))
    return stream.getvalue()


def _crowded_zip(_path: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(6_100):
            archive.writestr(f"archive/data/{number}", b"")
    return stream.getvalue()


def _plain_zip(_path: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("photos/rex.jpg", b"\xff\xd8\xff")
    return stream.getvalue()


def _damaged(make: Callable[[Path], object], change: Callable[[bytes], bytes]) -> Any:
    def make_damaged(path: Path) -> None:
        make(path)
        path.write_bytes(change(path.read_bytes()))

    return make_damaged


def _flip_a_number(data: bytes) -> bytes:
    at = data.index(_tensor().numpy().tobytes()[:64])
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _billion(_path: Path) -> torch.Tensor:
    return torch.zeros(1).expand(1_000_000_000)


def _sparse(path: Path) -> None:
    path.write_bytes(b"\x80\x02")
    with path.open("r+b") as file:
        file.truncate(65_000_000)


def _huge_header(path: Path) -> None:
    path.write_bytes((2_000_000).to_bytes(8, "little") + b"{" + b" " * 2_000_000)


def _overlapping_tensors(path: Path) -> None:
    header = {"a": entry([1, 768], 0, 3_072), "b": entry([1, 768], 4, 3_076)}
    raw_file(path, header, bytes(3_076))


def _doubled_name(path: Path) -> None:
    one = json.dumps(entry([1, 768], 0, 3_072))
    raw_file(path, f'{{"emb_params":{one},"emb_params":{one}}}'.encode(), bytes(3_072))


def _claiming_png(path: Path) -> None:
    """Write a small picture that claims 900 megapixels."""
    Image.new("1", (8, 8)).save(path, "PNG")
    data = path.read_bytes()
    header = b"IHDR" + (30_000).to_bytes(4, "big") * 2 + data[24:29]
    path.write_bytes(data[:12] + header + zlib.crc32(header).to_bytes(4, "big") + data[33:])


def _whole_model(name: str = "model.diffusion_model.input_blocks.0.0.weight") -> dict[str, Any]:
    names = (name, "first_stage_model.encoder.conv_in.weight", "cond_stage_model.positions")
    return dict.fromkeys(names, np.ones((4, 4), np.float32))


def _nan() -> np.ndarray:
    array = vectors()
    array[1, 5] = np.nan
    return array


_XTI = {f"{part}{number:02}": vectors(768, 1) for part, number in (("IN", 1), ("MID", 0))}

TAKEN = (
    Case("plain.safetensors", _numbers(emb_params=vectors())),
    Case("half.safetensors", _numbers(emb_params=vectors().astype(np.float16))),
    Case(
        "one-dimension.safetensors",
        lambda path: save_file({"whatever": _tensor(1024, 1)[0].bfloat16()}, path),
        family="sd2",
        size=1,
    ),
    Case(
        "learned_embeds.safetensors", _named({"<toto>": vectors()}, {"format": "pt"}), word="toto"
    ),
    Case("onetrainer.safetensors", _numbers(emp_params=vectors(), emp_params_out=vectors())),
    Case("flattened.safetensors", _named({"string_to_param.*": vectors(), "step": _SMALL})),
    Case(
        "sdxl.safetensors",
        _numbers(clip_l=vectors(), clip_g=vectors(1280)),
        family="sdxl",
    ),
    Case(
        "sdxl-extra.safetensors",
        _numbers(clip_l=vectors(), clip_g=vectors(1280), clip_l_out=vectors(), clip_g_out=_SMALL),
        family="sdxl",
    ),
    Case("EasyNegative.safetensors", _numbers(emb_params=vectors()), is_negative=True),
    Case("bad-hands-5.pt", _torch(lambda: _webui({"*": _tensor()})), is_negative=True),
    Case("parameter.pt", _torch(lambda: _webui({"*": torch.nn.Parameter(_tensor())}))),
    Case("dict-new.pt", _torch(lambda: _webui(_parameter_dict(old=False)))),
    Case("dict-old.pt", _torch(lambda: _webui(_parameter_dict(old=True)))),
    Case("legacy.pt", _torch(lambda: _webui({"*": _tensor()}), legacy=True)),
    Case("legacy-dict.pt", _torch(lambda: _webui(_parameter_dict(old=True)), legacy=True)),
    Case("sliced.pt", _torch(lambda: _webui({"*": _tensor(768, 9)[3:5]}))),
    Case("turned.pt", _torch(lambda: {"<turned>": _tensor(2, 768).T})),
    Case("brain.pt", _torch(lambda: {"clip_l": _tensor().bfloat16(), "clip_g": _tensor(1280)}),
         family="sdxl"),
    Case("learned_embeds.bin", _torch(lambda: {"<cat-toy>": _tensor()[0]}), size=1, word="cat-toy"),
    Case("bare.pt", _torch(lambda: _tensor(1024)), family="sd2"),
    Case("pickle-inside.safetensors", _torch(lambda: _webui({"*": _tensor()}))),
    Case("numbers-inside.pt", _numbers(emb_params=vectors())),
    Case("text.png", _png_text(json.dumps(_json()).encode()), word="insideword"),
    Case("packed-text.png", _png_text(json.dumps(_json()).encode(), True), word="insideword"),
    Case("pixels.png", _pixels(json.dumps(_json()).encode()), word="insideword"),
    Case("pixels.webp", _pixels(json.dumps(_json()).encode(), "WEBP"), word="insideword"),
    Case("kohya.safetensors", _named(_kohya(_SD1, "sd1")), kind="lora", size=4),
    Case(
        "kohya-sdxl.safetensors",
        _named(_kohya(cross_attention_modules(2048), "sdxl")),
        kind="lora",
        family="sdxl",
        size=4,
    ),
    Case("diffusers-new.safetensors",
         _named(_spelt("unet.", "lora_A.weight", "lora_B.weight", _SD1)), kind="lora", size=4),
    Case("diffusers-old.safetensors",
         _named(_spelt("unet.", "lora.down.weight", "lora.up.weight", _SD1)), kind="lora", size=4),
    Case("processors.safetensors", _named(_processors()), kind="lora", size=4),
    Case("text-encoder.safetensors", _named(_text_encoder()), kind="lora", size=2),
    Case("raw-peft.safetensors",
         _named(_spelt("base_model.model.", "lora_A.weight", "lora_B.weight", _SD1)),
         kind="lora", size=4),
    Case("default.safetensors",
         _named(_spelt("unet.", "lora_A.default.weight", "lora_B.default.weight", _SD1)),
         kind="lora", size=4),
    Case("bundle.safetensors", _named(_kohya(_SD1, "sd1") | {"bundle_emb.rex.clip_l": vectors()}),
         kind="lora", size=4),
    Case("pytorch_lora_weights.bin",
         _torch(lambda: OrderedDict((name, torch.from_numpy(array)) for name, array in
                                    _spelt("unet.", "lora.down.weight", "lora.up.weight",
                                           _SD1).items())), kind="lora", size=4),
)  # fmt: skip

REFUSED = (
    # Of other kinds
    Case("xti.safetensors", _named(_XTI), "embedding.xti"),
    Case("xti.pt", _torch(lambda: {name: torch.from_numpy(one) for name, one in _XTI.items()}),
         "embedding.xti"),
    Case("flux.safetensors", _numbers(clip_l=vectors(), t5xxl=vectors(4096)),
         "embedding.other_model"),
    Case("half-of-sdxl.safetensors", _numbers(clip_g=vectors(1280)), "embedding.half_of_sdxl"),
    Case("two-words.pt", _torch(lambda: _webui({"*": _tensor(), "+": _tensor()})),
         "embedding.several_words"),
    Case("two-words.bin", _torch(lambda: {"<a>": _tensor(), "<b>": _tensor()}),
         "embedding.several_words"),
    Case("loha.safetensors", _lycoris("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"),
         "lora.other_training"),
    Case("lokr.safetensors", _lycoris("lokr_w1", "lokr_w2_a", "lokr_w2_b"), "lora.other_training"),
    Case("dora.safetensors", _named(_plus(_kohya(_SD1, "sd1"), f"{_LAYER}.dora_scale")),
         "lora.other_training"),
    Case("locon.safetensors", _named(_plus(_kohya(_SD1, "sd1"), f"{_LAYER}.lora_mid.weight")),
         "lora.other_training"),
    Case("oft.safetensors", _lycoris("oft_blocks"), "lora.other_training"),
    Case("ia3.safetensors", _lycoris("on_input", "weight"), "lora.other_training"),
    Case("flux-lora.safetensors",
         _named({"transformer.single_blocks.0.attn.to_q.lora_A.weight": _SMALL}),
         "lora.other_model"),
    Case("checkpoint.safetensors", _named(_whole_model()), "file.whole_model"),
    Case("checkpoint.ckpt",
         _torch(lambda: {"state_dict": {n: torch.from_numpy(a) for n, a in _whole_model().items()},
                         "global_step": 5}), "file.whole_model"),
    Case("controlnet.safetensors", _named(_whole_model("control_model.input_hint_block.0.weight")),
         "file.other_kind"),
    Case("ip-adapter.bin", _torch(lambda: {"image_proj.proj.weight": _tensor(4),
                                           "ip_adapter.1.to_k_ip.weight": _tensor(4)}),
         "file.other_kind"),
    Case("vae.pt", _torch(lambda: {"state_dict": {"encoder.conv_in.weight": _tensor(4),
                                                  "decoder.conv_in.weight": _tensor(4)}}),
         "file.other_kind"),
    Case("hypernetwork.pt", _torch(lambda: {320: [{"a": _tensor()}], 768: [{"a": _tensor()}]}),
         "file.other_kind"),
    Case("scripted.pt", lambda path: torch.jit.script(torch.nn.Linear(2, 2)).save(str(path)),
         "file.pickle_program"),
    Case("numpy.pt", _torch(lambda: {"emb_params": vectors()}), "file.pickle_program"),
    Case("optimizer.pt", _torch(lambda: {"lr": 0.1, "step": torch.tensor(3)}), "file.unknown_kind"),
    # Of the right kind, but spoilt
    Case("nan.safetensors", _numbers(emb_params=_nan()), "file.not_finite"),
    Case("nan.pt", _torch(lambda: _webui({"*": torch.from_numpy(_nan())})), "file.not_finite"),
    Case("zero.pt", _torch(lambda: _webui({"*": torch.zeros(2, 768)})), "file.all_zero"),
    Case("3-d.safetensors", _numbers(emb_params=vectors()[None]), "embedding.wrong_shape"),
    Case("3-d.pt", _torch(lambda: _webui({"*": _tensor()[None]})), "embedding.wrong_shape"),
    Case("80-vectors.safetensors", _numbers(emb_params=vectors(768, 80)), "embedding.too_long"),
    Case("80-vectors.pt", _torch(lambda: _webui({"*": _tensor(768, 80)})), "embedding.too_long"),
    Case("uneven.safetensors", _numbers(clip_l=vectors(), clip_g=vectors(1280, 3)),
         "embedding.uneven"),
    Case("width.safetensors", _numbers(emb_params=vectors(333)), "embedding.unknown_width"),
    Case("truncated.safetensors", _damaged(_numbers(emb_params=vectors()), lambda data: data[:-9]),
         "file.damaged"),
    Case("truncated.pt", _damaged(_torch(lambda: _webui({"*": _tensor()})), lambda d: d[:-500]),
         "file.damaged"),
    Case("truncated-legacy.pt",
         _damaged(_torch(lambda: _webui({"*": _tensor()}), legacy=True), lambda d: d[:-500]),
         "file.damaged"),
    Case("flipped.pt", _damaged(_torch(lambda: _webui({"*": _tensor()})), _flip_a_number),
         "file.damaged"),
    Case("resized.png", lambda path: hide_in_pixels(zlib.compress(json.dumps(_json()).encode()))
         .resize((100, 50)).save(path), "file.picture"),
    Case("broken-text.png", _png_text(b'{"string_to_param": {"*"'), "file.damaged"),
    Case("ragged.png", _png_text(b'{"string_to_param":{"*":{"TORCHTENSOR":[[1,2],[3]]}}}'),
         "file.damaged"),
    # Not what the name says
    Case("empty.safetensors", _bytes(lambda _path: b""), "file.empty"),
    Case("text.safetensors", _bytes(lambda _path: b"My cat is called Rex.\n" * 40),
         "file.not_safetensors"),
    Case("page.safetensors", _bytes(lambda _path: b"\n<!DOCTYPE html><html><body>404</body>"),
         "file.page"),
    Case("answer.safetensors", _bytes(lambda _path: b'{"error":"Unauthorized"}'), "file.page"),
    Case("pointer.safetensors", _bytes(lambda _path: b"version https://git-lfs.github.com/spec/v1"),
         "file.page"),
    Case("photos.zip", _bytes(_plain_zip), "file.archive"),
    Case("photo.png", lambda path: Image.new("RGB", (64, 64), (200, 100, 50)).save(path),
         "file.picture"),
    Case("photo.jpg", lambda path: Image.new("RGB", (64, 64)).save(path, "JPEG"),
         "file.other_picture"),
    # Hostile
    Case("evil.pt", _evil_zip, "file.pickle_program"),
    Case("evil-legacy.pt", _evil_legacy, "file.pickle_program"),
    Case("evil.safetensors", _bytes(_evil_eval), "file.pickle_program"),
    Case("by-path.pt", _bytes(lambda _path: _torch_zip(_BY_PATH)), "file.pickle_program"),
    Case("deep-lists.pt", _bytes(lambda _path: _torch_zip(_DEEP_LISTS)), "file.unknown_kind"),
    Case("deep-key.pt", _bytes(lambda _path: _torch_zip(_DEEP_KEY)),
         "file.reader_crashed|file.unknown_kind"),
    Case("memo-bomb.pt", _bytes(lambda _path: _torch_zip(_MEMO_BOMB)), "file.too_much_memory"),
    Case("length-lie.pt", _bytes(lambda _path: _torch_zip(_LENGTH_LIE)),
         "file.damaged|file.too_much_memory"),
    Case("billion.pt", lambda path: torch.save({"<x>": _billion(path)}, path), "file.damaged"),
    Case("packed.pt", _bytes(_packed_zip), "file.packed_pickle"),
    Case("overlapping.pt", _bytes(_overlapping_zip), "file.unsafe_archive"),
    Case("misnamed.pt", _bytes(_misnamed_zip), "file.unsafe_archive"),
    Case("crowded.pt", _bytes(_crowded_zip), "file.too_many_tensors"),
    Case("large.pt", _sparse, "file.old_too_large"),
    Case("text-bomb.png", _png_text(bytes(26_000_000), True), "file.damaged"),
    Case("pixel-bomb.png", _pixels(bytes(20_000_000)), "file.damaged"),
    Case("deep.png", _png_text(b"[" * 1_000_000), "file.damaged"),
    Case("many-dicts.png", _png_text(b"[" + b"{}," * 2_000_000 + b"{}]", True),
         "file.unknown_kind"),
    Case("large.png", lambda path: Image.new("1", (4_000, 3_000)).save(path), "file.picture"),
    Case("claiming.png", _claiming_png, "file.picture"),
    Case("huge-header.safetensors", _huge_header, "file.header_too_large"),
    Case("overlapping.safetensors", _overlapping_tensors, "file.damaged"),
    Case("doubled.safetensors", _doubled_name, "file.damaged"),
)  # fmt: skip

CASES = TAKEN + REFUSED


@dataclass(frozen=True)
class Verdict:
    """What Petname made of a file: what it wrote or why it refused, and what the child took."""

    found: Inspection | None
    refused: FileRefused | None
    child: ChildReport | None


def judge(path: Path, destination: Path) -> Verdict:
    """Import a file as ``import_file`` does, with its one child watched."""
    child = None
    try:
        with path.open("rb") as file:
            container = container_of(file.read(BEGINNING_BYTES), path.stat().st_size)
        readable = path
        if container != "safetensors":
            readable = destination.with_name("read")
            child = ask_child(path, readable, container)
            if child.code:
                return Verdict(None, refusal(child.code, **child.details), child)
        return Verdict(import_file(readable, destination, path.stem), None, child)
    except FileRefused as refused:
        return Verdict(None, refused, child)


def main() -> None:
    """Write every file and print a table of what becomes of it."""
    folder = Path(sys.argv[1])
    (folder / "out").mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(CASES):
        path = folder / case.file_name
        case.make(path)
        verdict = judge(path, folder / "out" / f"word-{number}.safetensors")
        told = f"{verdict.refused.code}: {verdict.refused}" if verdict.refused else ""
        told = verdict.found.sentence() if verdict.found else told
        cost = " " * 14
        if verdict.child is not None:
            memory = verdict.child.peak_memory_bytes / 1e6
            cost = f"{verdict.child.seconds:4.1f} s {memory:4.0f} MB"
        print(f"{case.file_name:28} {cost}  {told}")
    print(f"{len(CASES)} files; marker file there: {(folder / MARKER).exists()}")


if __name__ == "__main__":
    main()
