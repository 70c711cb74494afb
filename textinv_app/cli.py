"""The command line: ``python -m textinv_app COMMAND``.

Exit codes: 0 done, 2 what was given cannot be used (one sentence on standard error), 1 anything
else that went wrong; ``serve`` ends with 3 where another Petname has the data folder. With
``--json`` each command writes one JSON object a line.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from textinv_app.commands.reporting import Reporter
from textinv_app.domain.presets import PRESETS
from textinv_app.errors import BadInput, PetnameError

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_BAD_INPUT = 2

Command = Callable[[argparse.Namespace, Reporter], int]
logger = logging.getLogger("petname")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        """Raise ``BadInput``."""
        sentence = f"{message[:1].upper()}{message[1:]} ({self.prog} --help tells more)."
        raise BadInput("command.wrong", sentence)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code of the process."""
    _prepare_process()
    try:
        given = _parser().parse_args(arguments)
        command: Command = given.command
        return command(given, Reporter(given.json))
    except BadInput as error:
        return _give_up(error.sentence, EXIT_BAD_INPUT)
    except PetnameError as error:
        return _give_up(error.sentence, EXIT_FAILED)
    except KeyboardInterrupt:
        return _give_up("Ended by you.", EXIT_FAILED)
    except OSError as error:
        return _give_up(f"A file could not be read or written: {error}.", EXIT_FAILED)
    except Exception as error:
        # The outermost guard: a person gets a sentence, and the log has the rest.
        logger.debug("broken down", exc_info=True)
        sentence = f"Petname met a problem it does not know ({type(error).__name__}: {error})."
        return _give_up(sentence, EXIT_FAILED)


def _prepare_process() -> None:
    level = os.environ.get("PETNAME_LOG_LEVEL", "ERROR").upper()
    known = level if level in {"DEBUG", "INFO", "WARNING", "ERROR"} else "ERROR"
    logging.basicConfig(stream=sys.stderr, level=known, format="%(levelname)s %(message)s")
    for stream in (sys.stdout, sys.stderr):
        # A pipe of Windows takes the letters of one language only; a name of another is no failure.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Read by the libraries when they are imported.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _give_up(sentence: str, exit_code: int) -> int:
    sys.stderr.write(" ".join(sentence.split()) + "\n")
    return exit_code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m textinv_app", description="Teach an image model your pet.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    for name, add, command, text in (
        ("train", _add_train, _train, "teach a word from a folder of photos"),
        ("draw", _add_draw, _draw, "draw pictures, with files or without"),
        ("inspect", _add_inspect, _inspect, "tell what an embedding or LoRA file is"),
        ("convert", _add_convert, _convert, "write a file in the form that a program wants"),
        ("publish", _add_publish, _publish, "publish a file on the Hugging Face Hub"),
        ("suggest", _add_suggest, _suggest, "name class words that fit the photos"),
        ("doctor", _add_nothing, _doctor, "tell what Petname finds on this machine"),
        ("serve", _add_serve, _serve, "serve the page"),
    ):
        command_parser = commands.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}."
        )
        add(command_parser)
        command_parser.add_argument("--json", action="store_true", help="one JSON object a line")
        command_parser.set_defaults(command=command)
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Ctrl+C ends the training and keeps the best so far, pressed twice it ends it at once; "
        "with --method both, the same command later trains what was not begun."
    )
    add = parser.add_argument
    add("--photos", type=Path, required=True, help="folder of photos of one pet")
    # What is left out is None: ``--like`` fills it in, else the usual value does (commands/liking).
    add("--like", type=Path, metavar="FILE", help="train again as this file says it was trained")
    add("--word", help="the new word, for instance rexdog; needed unless --like tells it")
    add("--class-word", help="what it is in one ordinary word, for instance dog; needed likewise")
    add("--name", default="", help="its name, for the files' titles")
    add("--kind", choices=("subject", "style", "negative"), help="usually subject")
    add(
        "--method",
        choices=("embedding", "lora", "both", "pivotal"),
        help="usually embedding; both trains the two apart, pivotal together; negative: embedding",
    )
    add(
        "--embedding-variant",
        choices=("plain", "directional", "cross"),
        help="how an embedding is trained, usually plain",
    )
    add("--optimizer", choices=("adamw", "prodigy"), help="what trains a LoRA, usually adamw")
    add("--min-snr-gamma", type=_positive, metavar="GAMMA", help="weigh easy timesteps less")
    _add_base_model(parser, default=None)
    add("--preset", choices=PRESETS, help="usually balanced")
    add("--max-steps", type=_number(1, 5000), help="overrules the preset's number of steps")
    add("--seed", type=_number(0, 2**32 - 1), help="usually 0")
    add("--mirror", action="store_true", default=None, help="also learn from mirror images")
    add("--output", type=Path, required=True, help="folder for the run and its files")


def _add_draw(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    _add_base_model(parser)
    add("--prompt", required=True, help="what to draw; {word} stands for the files' word")
    add("--negative-prompt", default="", help="what to avoid")
    add("--embedding", action="append", default=[], metavar="FILE", help="may be given again")
    add("--lora", action="append", default=[], metavar="FILE[:STRENGTH]", help="may be given again")
    add("--seed", type=_number(0, 2**32 - 1), default=0, help="of the first picture")
    add("--num-images", type=int, default=1)
    add("--steps", type=int, default=20, help="denoising steps of each picture")
    add("--guidance-scale", type=float, help="how closely to follow the prompt")
    add("--size", type=int, help="side of the pictures in pixels")
    add("--photos", type=Path, help="folder of photos to measure the likeness with")
    add("--output", type=Path, required=True, help="folder for the pictures; those there stay")


def _add_base_model(parser: argparse.ArgumentParser, default: str | None = "crayon") -> None:
    parser.add_argument(
        "--base-model",
        default=default,
        metavar="MODEL",
        help="crayon, sd15, sd21, sdxl, a hub repository, a folder or a .safetensors file",
    )


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE")


def _add_convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", type=Path, metavar="IN", help="an embedding or LoRA, any kind")
    parser.add_argument("output", type=Path, metavar="OUT", help="a .safetensors file or a folder")
    programs = ("comfyui", "a1111", "invokeai", "kohya", "diffusers")
    parser.add_argument("--to", choices=programs, required=True, help="the program that reads it")


def _add_publish(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help="an embedding or a LoRA")
    add("--repo", required=True, metavar="NAME", help="name, or owner/name, of the repository")
    add("--public", action="store_true", help="everybody may see it; usually only you")
    add("--photos", type=Path, metavar="DIR", help="photos to publish too; usually none are")
    add("--update", action="store_true", help="replace the files where the repository exists")
    add("--dry-run", action="store_true", help="write what would be published into --output")
    add("--output", type=Path, metavar="DIR", help="folder for --dry-run")


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on")
    parser.add_argument("--port", type=_number(0, 65535), help="port to listen on")
    parser.add_argument("--data-dir", type=Path, help="folder of everything that is stored")


def _add_suggest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos of one pet")
    _add_base_model(parser)


def _add_nothing(_parser: argparse.ArgumentParser) -> None:
    """Add nothing: the command takes no arguments of its own."""


def _number(lowest: int, highest: int) -> Callable[[str], int]:
    """Return a reader of whole numbers within bounds."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not lowest <= number <= highest:
            raise argparse.ArgumentTypeError(f"{number} is not from {lowest} to {highest}")
        return number

    return read


def _positive(text: str) -> float:
    """Read a number greater than zero."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not greater than 0")
    return number


# Each command's module is imported when it is used: ``inspect`` must not wait for what ``train``
# needs.


def _train(given: argparse.Namespace, reporter: Reporter) -> int:
    from textinv_app.commands.train import run_train

    return run_train(given, reporter)


def _draw(given: argparse.Namespace, reporter: Reporter) -> int:
    from textinv_app.commands.draw import run_draw

    return run_draw(given, reporter)


def _inspect(given: argparse.Namespace, reporter: Reporter) -> int:
    from textinv_app.commands.look import run_inspect

    return run_inspect(given, reporter)


def _convert(given: argparse.Namespace, reporter: Reporter) -> int:
    from textinv_app.commands.convert import run_convert

    return run_convert(given, reporter)


def _publish(given: argparse.Namespace, reporter: Reporter) -> int:
    from textinv_app.commands.publish import run_publish

    return run_publish(given, reporter)


def _suggest(given: argparse.Namespace, reporter: Reporter) -> int:
    from textinv_app.commands.suggest import run_suggest

    return run_suggest(given, reporter)


def _doctor(given: argparse.Namespace, reporter: Reporter) -> int:
    from textinv_app.commands.doctor import run_doctor

    return run_doctor(given, reporter)


def _serve(given: argparse.Namespace, reporter: Reporter) -> int:
    from textinv_app.commands.serve import run_serve

    return run_serve(given, reporter)
