"""Measures Crayon against what it is to reach, and prints the table.

    python -m tests.benchmarks.crayon                                # everything, some hours
    python -m tests.benchmarks.crayon --part vae,prompts,speed --captions 60
    python -m tests.benchmarks.crayon --part pets --pets 3 --methods embedding --sheets DIR

Every figure stands beside that of the class word alone. Pictures are drawn by the product's artist,
words are taught by `python -m textinv_app train`, attributes are read by
`tests.benchmarks.attribute_reader`. What has been measured lies in `--work` and is not measured
again for the same weights and reader, so a run that was cut off goes on where it was; only the
speed is always measured anew, and wants an idle machine.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from pathlib import Path

import platformdirs

from tests.benchmarks.attribute_reader import ROOT, accuracy_table, default_work, state_accuracy
from tests.benchmarks.crayon import (
    negative_part,
    pets_part,
    prompts_part,
    real_part,
    speed_part,
    style_part,
    vae_part,
)
from tests.benchmarks.crayon.bench import Bench, Options
from tests.benchmarks.crayon.report import Row, heading, table

log = logging.getLogger(__name__)

_DRAWN_PARTS = {
    "vae": vae_part,
    "prompts": prompts_part,
    "pets": pets_part,
    "style": style_part,
    "negative": negative_part,
    "real": real_part,
}
PARTS = ("speed", *_DRAWN_PARTS)


def main() -> None:
    """Measure the parts that are asked for; print the table and write the sheets."""
    given = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    bench = Bench(_options(given))
    measured: list[Row] = []
    for part in given.part:
        log.info("part %s", part)
        if part == "speed":
            measured += speed_part.rows(speed_part.run(bench.options.crayon))
            continue
        module = _DRAWN_PARTS[part]
        lines = module.run(bench)
        measured += module.rows(lines)
        if given.sheets is not None:
            module.sheets(bench, lines, given.sheets)
    text = f"{heading(bench.stamp)}\n\n{table(measured)}"
    if given.reader_accuracy:
        accuracy = state_accuracy(bench.reader, bench.options.reader)
        text += f"\n\nWhat the attribute reader reads rightly:\n\n{accuracy_table(accuracy)}"
    print(text)
    if given.output is not None:
        given.output.write_text(f"{text}\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--part", type=_one_of(PARTS), default=PARTS, help=f"of {','.join(PARTS)}; usually all")
    add("--work", type=Path, default=Path(platformdirs.user_cache_dir("petname")) / "benchmark")
    add("--reader", type=Path, default=default_work(), help="folder of the attribute reader")
    add("--assets", type=Path, default=ROOT / "assets", help="folder that holds crayon/")
    add("--photos", type=Path, default=ROOT.parent / "shared" / "photos")
    add("--sheets", type=Path, help="folder for sheets of pictures")
    add("--output", type=Path, help="file for the table")
    add("--reader-accuracy", action="store_true", help="state it anew, with this autoencoder")
    add("--preset", choices=("quick", "balanced", "careful"), default="quick")
    add("--methods", type=_one_of(("embedding", "lora")), default=("embedding", "lora"))
    add("--max-steps", type=int, help="overrules the preset's, to try the benchmark out")
    add("--drawings", type=int, default=64, help="held-out drawings for the autoencoder")
    add("--captions", type=int, default=200)
    add("--pets", type=int, default=20)
    add("--seeds", type=int, default=8, help="pictures of each pet")
    add("--style-prompts", type=int, default=40)
    add("--negative-prompts", type=int, default=100, help="of each set")
    return parser.parse_args()


def _options(given: argparse.Namespace) -> Options:
    return Options(
        work=given.work.resolve(),
        reader=given.reader.resolve(),
        assets=given.assets.resolve(),
        photos=given.photos.resolve(),
        preset=given.preset,
        methods=given.methods,
        max_steps=given.max_steps,
        captions=given.captions,
        drawings=given.drawings,
        pets=given.pets,
        seeds=given.seeds,
        style_prompts=given.style_prompts,
        negative_prompts=given.negative_prompts,
    )


def _one_of(known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    """Return a reader of names separated by commas, kept in the usual order."""

    def read(text: str) -> tuple[str, ...]:
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(known)}")
        return tuple(name for name in known if name in names)

    return read


if __name__ == "__main__":
    main()
