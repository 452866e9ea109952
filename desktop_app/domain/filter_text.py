"""A filter written as the expression that reads back as it: for chips, for saved filters, for the field to type in.

Standard library only, any thread. The inverse of `filters.parse_filter`.
"""

from __future__ import annotations

import re

from desktop_app.domain.filter_terms import EVERYTHING, And, Filter, Looked, Not, Or, Range, Term, Value, Word
from desktop_app.domain.filters import parse_filter
from desktop_app.errors import FilterSyntaxError

_PLAIN = re.compile(r'[^\s()"]+')


def format_filter(filter_: Filter) -> str:
    """The expression of a filter: `parse_filter` reads it back as an equal one (without needless nesting).

    Raises ValueError for what no expression says: an `Or` of nothing, and what the library looked up.
    """
    return _written(_plain(filter_))


def filter_parts(filter_: Filter) -> tuple[Filter, ...]:
    """The conditions that must all hold, one chip each; none where every game matches."""
    plain = _plain(filter_)
    if plain == EVERYTHING:
        return ()
    return plain.children if isinstance(plain, And) else (plain,)


def _plain(filter_: Filter) -> Filter:
    """Without conditions that every game meets, and without "all of" or "any of" a single one."""
    match filter_:
        case Word(""):
            return EVERYTHING
        case Not(child):
            return Not(_plain(child))
        case And(children):
            some = tuple(one for one in map(_plain, children) if one != EVERYTHING)
            return some[0] if len(some) == 1 else And(some)
        case Or(children):
            all_ = tuple(map(_plain, children))
            if EVERYTHING in all_:
                return EVERYTHING
            return all_[0] if len(all_) == 1 else Or(all_)
        case _:
            return filter_


def _written(filter_: Filter) -> str:
    match filter_:
        case Word(text):
            return _word(text)
        case Term(name, op, value):
            return f"{name}{op}{_value(value)}"
        case Not(child):
            return f"-{_grouped(child, And, Or)}"
        case And(children):
            return " ".join(_grouped(child, And, Or) for child in children)
        case Or(children) if children:
            return " or ".join(_grouped(child, Or) for child in children)
        case Or() | Looked():
            raise ValueError("no expression says this")


def _grouped(filter_: Filter, *kinds: type[And | Or]) -> str:
    if filter_ == EVERYTHING:
        raise ValueError("no expression says this")
    text = _written(filter_)
    return f"({text})" if isinstance(filter_, kinds) else text


def _word(text: str) -> str:
    """Bare where it is read as that word and nothing else."""
    if _PLAIN.fullmatch(text) and not text.startswith("-"):
        try:
            if parse_filter(text) == Word(text):
                return text
        except FilterSyntaxError:
            pass
    return _quoted(text)


def _value(value: Value) -> str:
    if isinstance(value, Range):
        return f"{_value(value.low)}..{_value(value.high)}"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else _quoted(value)
    return str(int(value)) if float(value).is_integer() else repr(value)


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
