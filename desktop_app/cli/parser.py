"""Reads what was typed after `kibitz`, with argparse parsers whose errors are one line; imports nothing of the core."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from desktop_app.cli.commands import COMMANDS
from desktop_app.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError instead of printing a page and exiting."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", action=f"See `{self.prog} --help`.")


@dataclass(frozen=True, slots=True)
class Invocation:
    """What was asked for: a command with its arguments, or None for the window."""

    command: str | None
    arguments: argparse.Namespace


def parse(argv: Sequence[str], version: str) -> Invocation:
    """Read the command line. Raises UsageError; prints and raises SystemExit(0) for --help and --version."""
    leading, rest = _split_leading_options(argv)
    if rest and rest[0] in COMMANDS:
        name = rest[0]
        return Invocation(name, command_parser(name).parse_args([*leading, *rest[1:]]))
    invocation = Invocation(None, window_parser(version).parse_args(list(argv)))
    _refuse_mistyped_command(invocation.arguments.paths)
    return invocation


def _refuse_mistyped_command(words: Sequence[str]) -> None:
    """Open no window for `kibitz improt games.pgn`: a bare word that no file has is a mistake in a command's name."""
    if not words or not words[0].replace("-", "").isalpha() or Path(words[0]).exists():
        return
    near = get_close_matches(words[0], COMMANDS, n=1)
    asked = f"Did you mean `kibitz {near[0]}`? " if near else ""
    raise UsageError(f"There is no command and no file {words[0]!r}.", action=f"{asked}See `kibitz --help`.")


def _split_leading_options(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split `--library X import …` into the options before the first word, and the rest."""
    index = 0
    while index < len(argv) and argv[index].startswith("-") and argv[index] not in {"-", "--"}:
        index += 2 if argv[index] == "--library" else 1
    return list(argv[:index]), list(argv[index:])


def _add_library(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--library",
        metavar="PATH-or-URL",
        help="the library to use (default: KIBITZ_LIBRARY, else the one in your data folder)",
    )


def command_parser(name: str) -> argparse.ArgumentParser:
    """The parser of one command."""
    spec = COMMANDS[name]
    parser = _Parser(prog=f"kibitz {name}", description=f"{spec.summary[:1].upper()}{spec.summary[1:]}.")
    spec.add_arguments(parser)
    _add_library(parser)
    return parser


def window_parser(version: str) -> argparse.ArgumentParser:
    """The parser for opening the window, whose help lists the commands too."""
    width = max(map(len, COMMANDS))
    lines = "\n".join(f"  {name:{width}}  {spec.summary}" for name, spec in COMMANDS.items())
    parser = _Parser(
        prog="kibitz",
        usage="kibitz [PATH ...] [--library PATH-or-URL]\n       kibitz COMMAND [ARGUMENTS]",
        description="Drop your games, and Stockfish reviews every one of them while you click through.",
        epilog=f"commands (kibitz COMMAND --help says more):\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", metavar="PATH", nargs="*", help="games to import: files, folders, compressed files")
    parser.add_argument("--version", action="version", version=f"kibitz {version}")
    _add_library(parser)
    return parser
