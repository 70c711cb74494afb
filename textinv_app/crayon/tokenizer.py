"""Crayon's tokenizer: CLIP's byte-level kind, with one token for every word of the world.

The vocabulary holds the 256 bytes, plain and at the end of a word, so any text tokenizes; merges
learnt on the world's own words make each of those one token.
"""

from __future__ import annotations

import collections
import itertools
import json
import random
import re
from pathlib import Path

from transformers import CLIPTokenizer

from textinv_app.crayon.captions import EXTRA_WORDS, caption
from textinv_app.crayon.dataset import training_scene
from textinv_app.crayon.palette import EYE_COLOURS, FUR_COLOURS
from textinv_app.crayon.world import ACCESSORIES, PATTERNS, POSES, SPECIES
from textinv_app.domain.prompts import preview_prompts, training_templates

MAX_TOKENS = 77
START, END = "<|startoftext|>", "<|endoftext|>"
_SCENES_READ = 6000


def world_words() -> tuple[str, ...]:
    """Return every word that gets a token of its own, sorted."""
    rng = random.Random(0)
    texts = [caption(training_scene(index), rng) for index in range(_SCENES_READ)]
    for kind in ("subject", "style", "negative"):
        texts += [*training_templates(kind), *preview_prompts(kind)]
    texts += [*EXTRA_WORDS, *SPECIES, *FUR_COLOURS, *EYE_COLOURS, *PATTERNS, *ACCESSORIES, *POSES]
    words = {word for text in texts for word in re.findall(r"[a-z]+", text.lower())}
    return tuple(sorted(word for word in words if len(word) > 1))


def learn_merges(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return byte-pair merges, in order, after which each word is one symbol (Sennrich 2016)."""
    spelt = [[*word[:-1], f"{word[-1]}</w>"] for word in words]
    merges: list[tuple[str, str]] = []
    while True:
        pairs = collections.Counter(
            pair for symbols in spelt for pair in itertools.pairwise(symbols)
        )
        if not pairs:
            return merges
        # Ties are broken by spelling, so that the same words always give the same tokenizer.
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        spelt = [_merged(symbols, best) for symbols in spelt]


def build_tokenizer() -> CLIPTokenizer:
    """Return the tokenizer of the world."""
    merges = learn_merges(world_words())
    symbols = list(_byte_characters())
    symbols += [f"{character}</w>" for character in symbols]
    symbols += ["".join(pair) for pair in merges]
    symbols += [START, END]
    vocabulary = {symbol: index for index, symbol in enumerate(dict.fromkeys(symbols))}
    return CLIPTokenizer(
        vocab=vocabulary,
        merges=merges,
        unk_token=END,
        bos_token=START,
        eos_token=END,
        pad_token=END,
        model_max_length=MAX_TOKENS,
    )


def save_tokenizer(tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Write the tokenizer as a folder that `CLIPTokenizer.from_pretrained` loads.

    `vocab.json` and `merges.txt` are written too, for programs that read only those.
    """
    tokenizer.save_pretrained(str(folder))
    vocabulary = dict(sorted(tokenizer.get_vocab().items(), key=lambda item: item[1]))
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = [" ".join(pair) for pair in learn_merges(world_words())]
    text = "#version: 0.2\n" + "\n".join(lines) + "\n"
    (folder / "merges.txt").write_text(text, encoding="utf-8")


def _merged(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    result: list[str] = []
    index = 0
    while index < len(symbols):
        if tuple(symbols[index : index + 2]) == pair:
            result.append(symbols[index] + symbols[index + 1])
            index += 2
        else:
            result.append(symbols[index])
            index += 1
    return result


def _byte_characters() -> tuple[str, ...]:
    """Return the printable stand-ins of the 256 bytes that GPT-2's and CLIP's tokenizers use."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    characters = [chr(code) for code in printable]
    extra = 256 - len(printable)
    return tuple(characters + [chr(256 + index) for index in range(extra)])
