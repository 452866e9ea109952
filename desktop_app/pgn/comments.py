"""Commands inside PGN comments: `[%clk] [%emt] [%eval] [%csl] [%cal] [%kibitz]`, and the human text around them.

Pure text work, any thread. Called by `pgn.tree` (what a game says beside its moves) and `pgn.writer` (what we add).
Every `[%name value]` counts as a command, known or not; what is left is the human's text. Neither part is lost:
`Comment.commands` holds the commands in order, `Comment.text` the words.

Sources: PGN supplement (clk, emt, eval), ChessBase practice (csl, cal), judgement.md 1.9 and the `pgn_comment` vectors
taken from lila's CommentParserTest (H:MM, H:MM.SS and fractions are times too; TCEC writes `tl=H:MM:SS`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from desktop_app.domain.evaluation import Cp, Mate, Over, Score

if TYPE_CHECKING:
    from collections.abc import Iterable

_Value = TypeVar("_Value")

COMMAND_REGEX = re.compile(r"\[%(?P<name>[A-Za-z_][\w-]*)(?P<value>[^\]]*)\]")
"""One embedded command; the value may hold line breaks, never a closing bracket."""

_TIME_REGEX = re.compile(r"(\d+):(\d{1,2})(?:[:.,](\d{1,2})(?:[.,](\d*))?)?$")
_TCEC_CLOCK_REGEX = re.compile(r"(?:^|[\s,])tl=(\d+:\d{2}:\d{2}(?:\.\d+)?)")
_EVAL_REGEX = re.compile(
    r"(?:#(?P<mate>[+-]?\d{1,4})|(?P<pawns>[+-]?(?:\d{0,6}\.\d{1,6}|\d{1,6}\.?)))(?:[,/](?P<depth>\d{1,4}))?$"
)
_SHAPE_REGEX = re.compile(r"([RGYBrgyb])([a-h][1-8])([a-h][1-8])?$")


@dataclass(frozen=True, slots=True)
class Shape:
    """A coloured square, or an arrow where `to_square` is given. `colour` is one of G R Y B."""

    colour: str
    from_square: str
    to_square: str | None = None


@dataclass(frozen=True, slots=True)
class ImportedEval:
    """A score that came with the file: White's side, depth None where the file does not say. Evidence, not our fact."""

    score: Score
    depth: int | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """One `[%name value]` as it stands; `value` is stripped of surrounding blanks."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Comment:
    """What one comment says.

    Attributes:
        text: the human's words, commands taken out, line wraps turned into blanks (an empty line stays).
        commands: every command, in order.
        clock_centis: time left after the move, hundredths of a second.
        emt_centis: time spent on the move, hundredths of a second.
        eval: the first readable `[%eval]`.
        shapes: squares and arrows in order.
    """

    text: str
    commands: tuple[Command, ...] = ()
    clock_centis: int | None = None
    emt_centis: int | None = None
    eval: ImportedEval | None = None
    shapes: tuple[Shape, ...] = ()


def parse_comment(raw: str) -> Comment:
    """Read the inside of one comment (braces not included). Never fails: what cannot be read stays a command."""
    if "[%" not in raw:
        return Comment(text=_unwrap(raw), clock_centis=_tcec_clock(raw))
    commands = tuple(Command(match["name"], match["value"].strip()) for match in COMMAND_REGEX.finditer(raw))
    clock = _first(parse_time(command.value) for command in commands if command.name == "clk")
    return Comment(
        text=human_text(raw),
        commands=commands,
        clock_centis=clock if clock is not None else _tcec_clock(raw),
        emt_centis=_first(parse_time(command.value) for command in commands if command.name == "emt"),
        eval=_first(parse_eval(command.value) for command in commands if command.name == "eval"),
        shapes=tuple(
            shape
            for command in commands
            if command.name in {"csl", "cal"}
            for item in command.value.split(",")
            if (shape := _shape(item.strip())) is not None
        ),
    )


def human_text(raw: str) -> str:
    """The words of a comment without its commands."""
    kept = COMMAND_REGEX.sub("\0", raw)
    # A command between two words leaves one blank, at an end none.
    kept = re.sub(r"[ \t\r\n]*\0[ \t\r\n\0]*", " ", kept)
    return _unwrap(kept)


def parse_time(value: str) -> int | None:
    """`H:MM:SS`, `H:MM`, `H:MM.SS`, with or without a fraction, in hundredths of a second; None if it is no time."""
    match = _TIME_REGEX.match(value.strip())
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups()
    centis = round(float(f"0.{fraction}") * 100) if fraction else 0
    return (int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)) * 100 + centis


def parse_eval(value: str) -> ImportedEval | None:
    """`0.48`, `-1.2,18`, `#3`, `#-3,20`; None if unreadable. `#0` has no sign and is None (the position is over)."""
    match = _EVAL_REGEX.match(value.strip())
    if match is None:
        return None
    depth = int(match["depth"]) if match["depth"] else None
    if match["mate"] is not None:
        mate = int(match["mate"])
        return ImportedEval(Mate(mate), depth) if mate else None
    pawns = match["pawns"]
    if pawns.strip("+-.") == "":
        return None
    return ImportedEval(Cp(round(float(pawns) * 100)), depth)


def format_eval(score: Score, depth: int | None) -> str:
    """`[%eval 0.48,20]` or `[%eval #-3,20]`; an empty string for a won game, which has no score to write.

    White's side, two decimals as python-chess writes them, exact for every integer of centipawns. A drawn end is 0.00.
    """
    match score:
        case Cp(white_cp):
            sign = "-" if white_cp < 0 else ""
            value = f"{sign}{abs(white_cp) // 100}.{abs(white_cp) % 100:02}"
        case Mate(white_mate):
            value = f"#{white_mate}"
        case Over(None):
            return "[%eval 0.00]"
        case Over():
            return ""
    return f"[%eval {value},{depth}]" if depth else f"[%eval {value}]"


def format_clock(centis: int, *, name: str = "clk") -> str:
    """`[%clk H:MM:SS]`, with a fraction only where there is one."""
    seconds, hundredths = divmod(centis, 100)
    fraction = f".{hundredths:02}".rstrip("0") if hundredths else ""
    return f"[%{name} {seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}]"


def _unwrap(text: str) -> str:
    paragraphs = re.split(r"[ \t]*\r?\n[ \t]*(?:\r?\n[ \t]*)+", text.strip())
    return "\n\n".join(re.sub(r"[ \t]*\r?\n[ \t]*", " ", paragraph) for paragraph in paragraphs)


def _tcec_clock(raw: str) -> int | None:
    match = _TCEC_CLOCK_REGEX.search(raw) if "tl=" in raw else None
    return parse_time(match[1]) if match else None


def _shape(item: str) -> Shape | None:
    match = _SHAPE_REGEX.match(item)
    return Shape(match[1].upper(), match[2], match[3]) if match else None


def _first(values: Iterable[_Value | None]) -> _Value | None:
    return next((value for value in values if value is not None), None)
