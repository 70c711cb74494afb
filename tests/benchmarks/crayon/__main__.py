"""Measures Crayon against what it is to reach, and prints the table.

    python -m tests.benchmarks.crayon                                # everything, some hours
    python -m tests.benchmarks.crayon --processes 2                  # the same on two cores, sooner
    python -m tests.benchmarks.crayon --part vae,prompts,speed --captions 60
    python -m tests.benchmarks.crayon --part pets --pets 3 --methods embedding --sheets DIR

Every figure stands beside that of the class word alone. Pictures are drawn by the product's artist,
words are taught by `python -m textinv_app train`, attributes are read by
`tests.benchmarks.attribute_reader`. What has been measured lies in `--work` and is not measured
again for the same weights and reader, so a run that was cut off goes on where it was; only the
speed is always measured anew, and wants an idle machine. With `--processes` the words are taught
and the pictures drawn side by side, on a part of the cores each; one teaching takes longer so.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
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
from tests.benchmarks.crayon.records import Share
from tests.benchmarks.crayon.report import Row, heading, table
from textinv_app.domain.presets import PRESETS

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
    if given.share.of > 1:
        for part in given.part:
            if part in _DRAWN_PARTS:
                _DRAWN_PARTS[part].run(bench)
        return
    if given.processes > 1:
        _measure_side_by_side(bench, given.processes)
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


def _measure_side_by_side(bench: Bench, processes: int) -> None:
    """Put all measurements on file, each process its share, then let the records be read."""
    log.info("attribute reader %s", bench.reader.fingerprint)
    threads = max(1, (os.cpu_count() or 1) // processes)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "tests.benchmarks.crayon", *sys.argv[1:]]
    members = [
        subprocess.Popen([*command, "--share", f"{number + 1}/{processes}"], env=environment)
        for number in range(processes)
    ]
    if any([member.wait() for member in members]):
        raise SystemExit("one of the processes failed; called again, this goes on where they were")


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
    add("--preset", choices=PRESETS, default="quick", help="by which pets are taught")
    add(
        "--concept-presets",
        type=_one_of(PRESETS),
        default=("quick", "balanced"),
        help="by which a style and a word for what to avoid are taught",
    )
    add("--methods", type=_one_of(("embedding", "lora")), default=("embedding", "lora"))
    add("--max-steps", type=int, help="overrules the preset's, to try the benchmark out")
    add("--drawings", type=int, default=64, help="held-out drawings for the autoencoder")
    add("--captions", type=int, default=200)
    add("--pets", type=int, default=20)
    add("--seeds", type=int, default=8, help="pictures of each pet")
    add("--style-prompts", type=int, default=40)
    add("--negative-prompts", type=int, default=100, help="of each set")
    add("--processes", type=int, default=1, help="how many measure side by side")
    add("--share", type=_share, default=Share(), metavar="1/2", help="only this share, no table")
    return parser.parse_args()


def _share(text: str) -> Share:
    number, _, of = text.partition("/")
    return Share(int(number) - 1, int(of))


def _options(given: argparse.Namespace) -> Options:
    return Options(
        work=given.work.resolve(),
        reader=given.reader.resolve(),
        assets=given.assets.resolve(),
        photos=given.photos.resolve(),
        preset=given.preset,
        concept_presets=given.concept_presets,
        methods=given.methods,
        max_steps=given.max_steps,
        captions=given.captions,
        drawings=given.drawings,
        pets=given.pets,
        seeds=given.seeds,
        style_prompts=given.style_prompts,
        negative_prompts=given.negative_prompts,
        share=given.share,
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
