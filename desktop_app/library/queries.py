"""Filters and sorts as SQL: conditions with parameters only, two-valued, and an order that indexes can serve.

Pure functions over `tables`; any thread. Called by `games`.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, not_, or_, select, true

from desktop_app.domain.filter_terms import (
    FIELDS,
    WORD_COLUMNS,
    And,
    Filter,
    Kind,
    Looked,
    Not,
    Op,
    Or,
    Range,
    Term,
    Word,
)
from desktop_app.domain.filters import PLACE
from desktop_app.library.backend import in_set, in_texts
from desktop_app.library.filter_meaning import Commented, Listed, Members, Named, Table
from desktop_app.library.name_search import KINDS, NameConditions
from desktop_app.library.tables import NAMES_INDEXED, PLAIN_INDEXED, SUMMARY_INDEXED, game
from desktop_app.library.tables_sets import collection_game, game_comment, game_tag

if TYPE_CHECKING:
    from collections.abc import Callable

Condition = ColumnElement[bool]

_AFTER_ANY_DIGIT = "~"
"""Sorts behind every character of dates and ECO codes: `2021~` is the end of 2021."""


def condition(filter_: Filter, names: NameConditions) -> Condition:
    """The SQL condition of a filter: true or false for every game, never null, so that `not` means not."""
    match filter_:
        case Word(text):
            return or_(*(names.contains(column, text) for column in WORD_COLUMNS))
        case Term():
            return _term(filter_, names)
        case Not(child):
            return not_(condition(child, names))
        case And(children):
            return and_(true(), *(condition(child, names) for child in children))
        case Or(children):
            return or_(false(), *(condition(child, names) for child in children))
        case Looked():
            return _looked(filter_, names)


def _looked(filter_: Looked, names: NameConditions) -> Condition:
    if isinstance(filter_, Named):
        return in_texts(func.lower(game.c[filter_.column]), filter_.names)
    if isinstance(filter_, Listed):
        return in_set(game.c.id, filter_.ids)
    if not isinstance(filter_, Members | Commented):
        raise TypeError(f"unknown condition {filter_!r}")
    ids = member_ids(filter_, names)
    return (
        exists().where(ids.id == game.c.id, *ids.where).correlate(game)
        if names.row_by_row
        else game.c.id.in_(ids.select())
    )


@dataclass(frozen=True, slots=True)
class MemberIds:
    """Ids of games in a table of ours.

    Attributes:
        id: the column that names the game.
        where: which of its rows.
    """

    id: ColumnElement[int]
    where: tuple[Condition, ...]

    def select(self) -> Select[Any]:
        """The ids; one may come twice."""
        return select(self.id).where(*self.where)


def member_ids(filter_: Members | Commented, names: NameConditions) -> MemberIds:
    """Where games with these tags, in these collections, or with these words in a comment are listed."""
    if isinstance(filter_, Commented):
        if not filter_.words:
            return MemberIds(game_comment.c.game_id, ())
        return MemberIds(*names.backend.comment_words(filter_.words, begun=filter_.begun))
    table, key = _MEMBERS[filter_.table]
    return MemberIds(table.c.game_id, () if filter_.ids is None else (key.in_(filter_.ids),))


_MEMBERS = {
    Table.TAG: (game_tag, game_tag.c.tag_id),
    Table.COLLECTION: (collection_game, collection_game.c.collection_id),
}


def _term(term: Term, names: NameConditions) -> Condition:
    info = FIELDS[term.name]
    if info.kind is Kind.MARK:
        wanted = _MARKS[str(term.value)]
        return not_(wanted) if term.op is Op.UNEQUAL else wanted
    conditions = [_compare(info.kind, column, term, names) for column in info.columns]
    return and_(true(), *conditions) if term.op is Op.UNEQUAL else or_(false(), *conditions)


def _compare(kind: Kind, column: str, term: Term, names: NameConditions) -> Condition:
    if column == "moves":
        return _compare_moves(term.op, term.value)
    if kind is Kind.TEXT and term.op is Op.CONTAINS and column in KINDS:
        return names.contains(column, str(term.value))
    return _COMPARERS[kind](game.c[column], term.op, term.value)


_MARKS: dict[str, Condition] = {
    "partial": game.c.partial.is_not(None),
    "notjudged": game.c.not_judged.is_not(None),
    "analysable": game.c.not_judged.is_(None),
    "evaluated": game.c.evaluated > 0,
}


def _compare_text(column: ColumnElement[Any], op: Op, value: Any) -> Condition:
    if op is Op.CONTAINS:
        found: Condition = column.icontains(str(value), autoescape=True)
        return found
    same: Condition = func.lower(column) == func.lower(str(value))
    return same if op is Op.EQUAL else not_(same)


def _compare_word(column: ColumnElement[Any], op: Op, value: Any) -> Condition:
    same: Condition = column == value
    return not_(same) if op is Op.UNEQUAL else same


def _compare_number(column: ColumnElement[Any], op: Op, value: Any) -> Condition:
    known = column.is_not(None)
    if isinstance(value, Range):
        return and_(known, column.between(_plain(value.low), _plain(value.high)))
    operand = _plain(value)
    compared: dict[Op, Condition] = {
        Op.CONTAINS: column == operand,
        Op.EQUAL: column == operand,
        Op.UNEQUAL: column != operand,
        Op.LESS: column < operand,
        Op.AT_MOST: column <= operand,
        Op.MORE: column > operand,
        Op.AT_LEAST: column >= operand,
    }
    return and_(known, compared[op])


def _compare_moves(op: Op, value: Any) -> Condition:
    """Full moves, as bounds of half-moves, which an index knows: n moves are 2n - 1 or 2n plies."""
    plies = game.c.ply_count

    def above(moves: float) -> Condition:
        return plies > 2 * math.floor(moves)

    def from_(moves: float) -> Condition:
        return plies > 2 * (math.ceil(moves) - 1)

    if isinstance(value, Range):
        return and_(from_(float(value.low)), not_(above(float(value.high))))
    number = float(value)
    same = and_(from_(number), not_(above(number))) if number.is_integer() else false()
    compared: dict[Op, Condition] = {
        Op.CONTAINS: same,
        Op.EQUAL: same,
        Op.UNEQUAL: not_(same),
        Op.LESS: not_(from_(number)),
        Op.AT_MOST: not_(above(number)),
        Op.MORE: above(number),
        Op.AT_LEAST: from_(number),
    }
    return compared[op]


def _plain(value: Any) -> Any:
    """Whole numbers as integers, so that indexes of integer columns compare like with like."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _compare_period(column: ColumnElement[Any], op: Op, value: Any) -> Condition:
    """Dates and ECO codes: a value names the period or group it begins ("2021", "B9"); unknown ones never match."""
    first, last = (value.low, value.high) if isinstance(value, Range) else (value, value)
    end = f"{last}{_AFTER_ANY_DIGIT}"
    # A bound from below leaves unknown ones out; one more condition would only hide it from SQLite's planner.
    inside = and_(column >= first, column < end)
    known = column > ""
    compared: dict[Op, Condition] = {
        Op.CONTAINS: inside,
        Op.EQUAL: inside,
        Op.UNEQUAL: and_(known, not_(inside)),
        Op.LESS: and_(known, column < first),
        Op.AT_MOST: and_(known, column < end),
        Op.MORE: column >= end,
        Op.AT_LEAST: column >= first,
    }
    return compared[op]


_COMPARERS: dict[Kind, Callable[[ColumnElement[Any], Op, Any], Condition]] = {
    Kind.TEXT: _compare_text,
    Kind.RESULT: _compare_word,
    Kind.STATE: _compare_word,
    Kind.SPEED: _compare_word,
    Kind.NUMBER: _compare_number,
    Kind.DATE: _compare_period,
    Kind.CODE: _compare_period,
}

_NEVER_UNKNOWN = frozenset({"id", "ply_count", "state", "result", "variant", "evaluated", PLACE})
_NULLABLE = frozenset(column.name for column in game.c if column.nullable)
_NAMES = frozenset(NAMES_INDEXED)


@functools.cache
def sort_key(sort: str) -> ColumnElement[Any]:
    """What a sort compares: names without regard to case, everything else as stored."""
    if sort == PLACE:
        return collection_game.c.place
    return func.lower(game.c[sort]) if sort in _NAMES else game.c[sort]


def sort_parts(sort: str) -> tuple[tuple[Condition, bool], ...]:
    """Conditions that cut the games into those with a known value and those without, in this order.

    Queried one after the other, both parts come out of an index; "unknown last" in one ORDER BY would sort everything.
    The flag says whether the part is to be ordered by the sort key (else by id alone).
    """
    if sort in _NEVER_UNKNOWN:
        return ((true(), True),)
    column = game.c[sort]
    if sort in _NULLABLE:
        return ((column.is_not(None), True), (column.is_(None), False))
    key = sort_key(sort)
    return ((key > "", True), (key == "", False))


def sort_index(sort: str) -> str | None:
    """The index that lists games in the order of this sort, None where there is none or the primary key does it."""
    return f"ix_game_{sort}" if sort in _INDEXED else None


_INDEXED = frozenset({*PLAIN_INDEXED, *NAMES_INDEXED, *SUMMARY_INDEXED, "state", "batch_id"})
