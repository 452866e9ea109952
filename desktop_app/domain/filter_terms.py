"""What a filter is made of: fields, operators and the tree of terms. Plain values, any thread.

Written by `domain.filters` (which reads the expression players type) and by code; `library.queries` turns it into SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TypeAlias


class Op(StrEnum):
    """How a field is compared. CONTAINS is `:`; what it means depends on the field's kind."""

    CONTAINS = ":"
    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


class Kind(Enum):
    """What a field holds, which decides the operators and values it takes."""

    TEXT = "text"
    CODE = "ECO code"
    NUMBER = "number"
    DATE = "date"
    RESULT = "result"
    STATE = "state"
    MARK = "mark"
    SPEED = "speed"
    COLOUR = "colour"
    SET = "name of a set"
    COMMENT = "words of a comment"
    POSITION = "position"


class Side(Enum):
    """Whose value a field looks at, in games of mine."""

    MINE = "mine"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of the expression.

    Attributes:
        kind: what it holds.
        columns: the columns of `GameRow` it reads, any of them may match; none where the library has to look it up.
        side: of columns for White and Black, the one of my colour or of my opponent's; such a field matches games of
            mine alone.
    """

    kind: Kind
    columns: tuple[str, ...]
    side: Side | None = None


def _both(kind: Kind, name: str) -> dict[str, FieldInfo]:
    """The field for either side, one for each, one for mine and one for my opponent's."""
    return {
        name: FieldInfo(kind, (f"white_{name}", f"black_{name}")),
        f"white_{name}": FieldInfo(kind, (f"white_{name}",)),
        f"black_{name}": FieldInfo(kind, (f"black_{name}",)),
        f"my_{name}": FieldInfo(kind, (f"white_{name}", f"black_{name}"), Side.MINE),
        f"opponent_{name}": FieldInfo(kind, (f"white_{name}", f"black_{name}"), Side.THEIRS),
    }


FIELDS: dict[str, FieldInfo] = {
    "player": FieldInfo(Kind.TEXT, ("white", "black")),
    "white": FieldInfo(Kind.TEXT, ("white",)),
    "black": FieldInfo(Kind.TEXT, ("black",)),
    "opponent": FieldInfo(Kind.TEXT, ("white", "black"), Side.THEIRS),
    "won": FieldInfo(Kind.TEXT, ()),
    "lost": FieldInfo(Kind.TEXT, ()),
    "drew": FieldInfo(Kind.TEXT, ()),
    "my_colour": FieldInfo(Kind.COLOUR, ()),
    "tag": FieldInfo(Kind.SET, ()),
    "collection": FieldInfo(Kind.SET, ()),
    "comment": FieldInfo(Kind.COMMENT, ()),
    "position": FieldInfo(Kind.POSITION, ()),
    "event": FieldInfo(Kind.TEXT, ("event",)),
    "site": FieldInfo(Kind.TEXT, ("site",)),
    "round": FieldInfo(Kind.TEXT, ("round",)),
    "opening": FieldInfo(Kind.TEXT, ("opening",)),
    "variant": FieldInfo(Kind.TEXT, ("variant",)),
    "termination": FieldInfo(Kind.TEXT, ("termination",)),
    "time": FieldInfo(Kind.TEXT, ("time_control",)),
    "speed": FieldInfo(Kind.SPEED, ("speed",)),
    "eco": FieldInfo(Kind.CODE, ("eco",)),
    "result": FieldInfo(Kind.RESULT, ("result",)),
    "state": FieldInfo(Kind.STATE, ("state",)),
    "is": FieldInfo(Kind.MARK, ()),
    "date": FieldInfo(Kind.DATE, ("date",)),
    "id": FieldInfo(Kind.NUMBER, ("id",)),
    "batch": FieldInfo(Kind.NUMBER, ("batch_id",)),
    "moves": FieldInfo(Kind.NUMBER, ("moves",)),
    "plies": FieldInfo(Kind.NUMBER, ("ply_count",)),
    **_both(Kind.NUMBER, "elo"),
    **_both(Kind.NUMBER, "accuracy"),
    **_both(Kind.NUMBER, "acpl"),
    **_both(Kind.NUMBER, "inaccuracies"),
    **_both(Kind.NUMBER, "mistakes"),
    **_both(Kind.NUMBER, "blunders"),
}
"""Every field of the expression. `moves` is the number of full moves, (ply_count + 1) // 2."""

ALIASES = {
    "players": "player",
    "rating": "elo",
    "tc": "time",
    "class": "speed",
    "ply": "plies",
    "blunder": "blunders",
    "mistake": "mistakes",
    "my_color": "my_colour",
    "comments": "comment",
    "fen": "position",
    "tags": "tag",
    "in": "collection",
    "drawn": "drew",
    "import": "batch",
}

RESULTS = {
    "1-0": "1-0", "0-1": "0-1", "1/2-1/2": "1/2-1/2", "*": "*", "½-½": "1/2-1/2", "1/2": "1/2-1/2",
    "white": "1-0", "black": "0-1", "draw": "1/2-1/2", "unknown": "*",
}  # fmt: skip
MARKS = ("mine", "won", "lost", "drawn", "tagged", "commented", "evaluated", "partial", "notjudged", "analysable")
"""`is:mine` I played it; `is:won`, `is:lost`, `is:drawn` my result; `is:tagged` has a tag; `is:commented` has words of
somebody in it; `is:evaluated` positions of it were evaluated; `is:partial` reading stopped early; `is:notjudged` never
analysed; `is:analysable` can be analysed."""

COLOURS = ("white", "black")
ME = "me"
"""Stands for my names in `won:me`, `lost:me` and `drew:me`."""

WORD_COLUMNS = ("white", "black", "event", "opening")
"""Where a bare word is looked for."""


@dataclass(frozen=True, slots=True)
class Range:
    """`low..high`, both included."""

    low: float | str
    high: float | str


Value: TypeAlias = str | float | Range


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word: matches where any of `WORD_COLUMNS` contains it."""

    text: str


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison; `name` is a key of `FIELDS`. An unknown value of the game never matches."""

    name: str
    op: Op
    value: Value


@dataclass(frozen=True, slots=True)
class Not:
    """Games that `child` does not match."""

    child: Filter


@dataclass(frozen=True, slots=True)
class And:
    """Games that all of `children` match; without children: every game."""

    children: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Games that any of `children` matches."""

    children: tuple[Filter, ...]


class Looked:
    """What the library puts in the place of a term that it had to look up; never made by reading an expression."""

    __slots__ = ()


Filter: TypeAlias = Word | Term | Not | And | Or | Looked

EVERYTHING: Filter = And(())


def all_of(*filters: Filter) -> Filter:
    """Games that match every one of `filters`."""
    return And(tuple(one for one in filters if one != EVERYTHING))
