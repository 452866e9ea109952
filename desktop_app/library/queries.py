"""Filters and sorts as SQL: conditions with parameters only, two-valued, and an order that indexes can serve.

Pure functions over `tables`; any thread. Called by `games`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, true

from desktop_app.domain.filter_terms import FIELDS, WORD_COLUMNS, And, Filter, Kind, Not, Op, Or, Range, Term, Word
from desktop_app.library.tables import game

if TYPE_CHECKING:
    from collections.abc import Callable

Condition = ColumnElement[bool]

_AFTER_ANY_DIGIT = "~"
"""Sorts behind every character of dates and ECO codes: `2021~` is the end of 2021."""


def condition(filter_: Filter) -> Condition:
    """The SQL condition of a filter: true or false for every game, never null, so that `not` means not."""
    match filter_:
        case Word(text):
            return or_(*(game.c[name].icontains(text, autoescape=True) for name in WORD_COLUMNS))
        case Term():
            return _term(filter_)
        case Not(child):
            return not_(condition(child))
        case And(children):
            return and_(true(), *(condition(child) for child in children))
        case Or(children):
            return or_(false(), *(condition(child) for child in children))


def _term(term: Term) -> Condition:
    info = FIELDS[term.name]
    if info.kind is Kind.MARK:
        wanted = _MARKS[str(term.value)]
        return not_(wanted) if term.op is Op.UNEQUAL else wanted
    compare = _COMPARERS[info.kind]
    conditions = [compare(_column(name), term.op, term.value) for name in info.columns]
    return and_(true(), *conditions) if term.op is Op.UNEQUAL else or_(false(), *conditions)


def _column(name: str) -> ColumnElement[Any]:
    return (game.c.ply_count + 1) // 2 if name == "moves" else game.c[name]


_MARKS: dict[str, Condition] = {
    "partial": game.c.partial.is_not(None),
    "notjudged": game.c.not_judged.is_not(None),
    "analysable": game.c.not_judged.is_(None),
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


def _plain(value: Any) -> Any:
    """Whole numbers as integers, so that indexes of integer columns compare like with like."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _compare_period(column: ColumnElement[Any], op: Op, value: Any) -> Condition:
    """Dates and ECO codes: a value names the period or group it begins ("2021", "B9"); unknown ones never match."""
    known = column > ""
    first, last = (value.low, value.high) if isinstance(value, Range) else (value, value)
    end = f"{last}{_AFTER_ANY_DIGIT}"
    inside = and_(column >= first, column < end)
    compared: dict[Op, Condition] = {
        Op.CONTAINS: inside,
        Op.EQUAL: inside,
        Op.UNEQUAL: not_(inside),
        Op.LESS: column < first,
        Op.AT_MOST: column < end,
        Op.MORE: column >= end,
        Op.AT_LEAST: column >= first,
    }
    return and_(known, compared[op])


_COMPARERS: dict[Kind, Callable[[ColumnElement[Any], Op, Any], Condition]] = {
    Kind.TEXT: _compare_text,
    Kind.RESULT: _compare_word,
    Kind.STATE: _compare_word,
    Kind.NUMBER: _compare_number,
    Kind.DATE: _compare_period,
    Kind.CODE: _compare_period,
}

_NEVER_UNKNOWN = frozenset({"id", "ply_count", "state", "result", "variant", "evaluated"})
_NULLABLE = frozenset(column.name for column in game.c if column.nullable)
_NAMES = frozenset({"white", "black", "event"})


@functools.cache
def sort_key(sort: str) -> ColumnElement[Any]:
    """What a sort compares: names without regard to case, everything else as stored."""
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
