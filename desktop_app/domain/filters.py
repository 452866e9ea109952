"""Which games, in which order: the query, and the filter expression players type, read into `filter_terms`.

Standard library only, any thread. The grammar is docs/filters.md, for users and for `--filter`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from desktop_app.domain.filter_terms import (
    ALIASES,
    COLOURS,
    EVERYTHING,
    FIELDS,
    MARKS,
    RESULTS,
    And,
    Filter,
    Kind,
    Not,
    Op,
    Or,
    Range,
    Term,
    Value,
    Word,
    all_of,
)
from desktop_app.domain.game import GameState
from desktop_app.domain.names import words_of
from desktop_app.domain.position_hash import board_of
from desktop_app.domain.rows import GameRow
from desktop_app.domain.speed import Speed
from desktop_app.errors import FilterSyntaxError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.domain.sets import CollectionId

__all__ = [
    "EVERYTHING",
    "PLACE",
    "SORTS",
    "And",
    "Filter",
    "GameQuery",
    "Not",
    "Op",
    "Or",
    "Range",
    "Term",
    "Word",
    "all_of",
    "parse_filter",
]

SORTS = frozenset(field.name for field in fields(GameRow))
"""Names a query can be sorted by: every column of `GameRow`."""

PLACE = "place"
"""One more, for a collection chosen by hand: the order it was put in."""


@dataclass(frozen=True, slots=True)
class GameQuery:
    """Which games, and in which order.

    Attributes:
        filter: what they must match.
        sort: a name of `SORTS`. Games that lack the value come last in either direction; ties go by id.
        descending: largest first.
        ids: only these games, None for no such limit.
        collection: only games of this collection, which was chosen by hand; it can then be sorted by `PLACE` too.
    """

    filter: Filter = EVERYTHING
    sort: str = "id"
    descending: bool = False
    ids: Sequence[GameId] | None = None
    collection: CollectionId | None = None

    def __post_init__(self) -> None:
        if self.sort not in SORTS and (self.sort != PLACE or self.collection is None):
            raise ValueError(f"cannot sort by {self.sort!r}")


def parse_filter(expression: str) -> Filter:
    """Read a filter expression (docs/filters.md). An empty one matches every game.

    Raises FilterSyntaxError with the column (from 0) and what would be right.
    """
    return _Parser(expression).parse()


_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<open>\()
      | (?P<close>\))
      | (?P<minus>-(?=[^\s)]))
      | (?P<name>[A-Za-z_]+)(?P<op>!=|<=|>=|[:=<>])
      | (?P<text>"(?:[^"]|"")*"?|[^\s()"]+)""",
    re.VERBOSE,
)
_VALUE = re.compile(r'"(?:[^"]|"")*"?|[^\s()"]+')


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    column: int
    text: str
    op: Op | None = None
    value: str = ""
    value_column: int = 0


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = list(_tokens(expression))
        self._next = 0
        self._depth = 0

    def parse(self) -> Filter:
        if not self._tokens:
            return EVERYTHING
        found = self._any_of()
        if (token := self._peek()) is not None:
            raise FilterSyntaxError("This closing parenthesis has no opening one.", column=token.column)
        return found

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _is_word(self, *words: str) -> bool:
        token = self._peek()
        return token is not None and token.kind == "text" and token.text.lower() in words

    def _any_of(self) -> Filter:
        children = [self._all_of()]
        while self._is_word("or"):
            self._next += 1
            children.append(self._all_of())
        return children[0] if len(children) == 1 else Or(tuple(children))

    def _all_of(self) -> Filter:
        children = [self._unary()]
        while True:
            if self._is_word("and"):
                self._next += 1
            elif (token := self._peek()) is None or token.kind == "close" or self._is_word("or"):
                return children[0] if len(children) == 1 else And(tuple(children))
            children.append(self._unary())

    def _unary(self) -> Filter:
        token = self._peek()
        if token is None or token.kind == "close" or self._is_word("or", "and"):
            where = len(self._expression) if token is None else token.column
            raise FilterSyntaxError("Something to look for is missing here.", column=where)
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise FilterSyntaxError(f"More than {_MAX_DEPTH} parentheses inside each other.", column=token.column)
        try:
            return self._after(token)
        finally:
            self._depth -= 1

    def _after(self, token: _Token) -> Filter:
        negated = token.kind == "minus" or self._is_word("not")
        self._next += 1
        if negated:
            return Not(self._unary())
        if token.kind == "open":
            inner = self._any_of()
            if self._peek() is None:
                raise FilterSyntaxError("This parenthesis is not closed.", column=token.column)
            self._next += 1
            return inner
        if token.op is not None:
            return _term(token, token.op)
        if token.kind == "text" and token.text in RESULTS and token.text[0] in _DIGITS:
            return Term("result", Op.EQUAL, RESULTS[token.text])
        return Word(token.text)


_MAX_DEPTH = 50
_DIGITS = "01"


def _tokens(expression: str) -> list[_Token]:
    found, place = [], 0
    while place < len(expression):
        match = _TOKEN.match(expression, place)
        if match is None:
            raise FilterSyntaxError("This cannot be read.", column=place)
        kind = match.lastgroup or ""
        end = match.end()
        if match["name"]:
            value, end = _value(expression, end)
            found.append(_Token("term", place, match["name"], Op(match["op"]), value, match.end()))
        elif match["text"]:
            text = match["text"]
            if text.startswith('"'):
                found.append(_Token("quoted", place, _unquoted(text, place)))
            else:
                found.append(_Token("text", place, text))
        elif kind != "space":
            found.append(_Token(kind, place, match[0]))
        place = end
    return [token for token in found if token.kind != "quoted" or token.text]


def _value(expression: str, place: int) -> tuple[str, int]:
    match = _VALUE.match(expression, place)
    if match is None:
        before = expression[:place].rsplit(maxsplit=1)[-1]
        raise FilterSyntaxError(f"A value is missing after {before}.", column=place, action="Example: white:carlsen")
    if match[0].startswith('"'):
        return _unquoted(match[0], place), match.end()
    return match[0], match.end()


def _unquoted(text: str, place: int) -> str:
    """What stands between quotation marks; a doubled one inside is one of the text's own."""
    if text.count('"') % 2:
        raise FilterSyntaxError("This quotation mark is not closed.", column=place)
    return text[1:-1].replace('""', '"')


def _term(token: _Token, op: Op) -> Term:
    name = token.text.lower()
    name = ALIASES.get(name, name)
    info = FIELDS.get(name)
    if info is None:
        near = difflib.get_close_matches(name, [*FIELDS, *ALIASES], n=1)
        hint = f"Did you mean {near[0]}?" if near else "Put it between quotation marks to look for the text itself."
        raise FilterSyntaxError(f"There is no field {token.text!r}.", column=token.column, action=hint)
    if info.kind not in _ORDERED and op in {Op.LESS, Op.AT_MOST, Op.MORE, Op.AT_LEAST}:
        raise FilterSyntaxError(
            f"{name} has no order, so {op} cannot be used with it.", column=token.column, action=f"Use {name}: instead."
        )
    return Term(name, op, _READERS[info.kind](token, op))


_ORDERED = frozenset({Kind.NUMBER, Kind.DATE, Kind.CODE})


def _bad_value(token: _Token, expected: str) -> FilterSyntaxError:
    return FilterSyntaxError(
        f"{token.value!r} does not fit {token.text.lower()}.", column=token.value_column, action=f"Give {expected}."
    )


def _split_range(token: _Token, op: Op) -> tuple[str, str] | None:
    low, dots, high = token.value.partition("..")
    if not dots:
        return None
    if op not in {Op.CONTAINS, Op.EQUAL} or not low or not high:
        raise _bad_value(token, f"a range as {token.text.lower()}:LOW..HIGH")
    return low, high


def _read_number(token: _Token, op: Op) -> Value:
    def number(text: str) -> float:
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            raise _bad_value(token, "a number, such as 2000, or a range, such as 2000..2400") from None
        if not abs(value) < _LARGEST:
            raise _bad_value(token, "a smaller number")
        return value

    ends = _split_range(token, op)
    return Range(number(ends[0]), number(ends[1])) if ends else number(token.value)


_LARGEST = 2.0**53
_DATE = re.compile(r"(\d{4})(?:\.(\d{1,2})(?:\.(\d{1,2}))?)?")


def _read_date(token: _Token, op: Op) -> Value:
    def date(text: str) -> str:
        match = _DATE.fullmatch(text.replace("-", ".").replace("/", "."))
        if match is None:
            raise _bad_value(token, "a year, a month or a day, such as 2021, 2021.10 or 2021.10.05")
        return ".".join(part.zfill(2) for part in match.groups() if part)

    ends = _split_range(token, op)
    return Range(date(ends[0]), date(ends[1])) if ends else date(token.value)


def _read_code(token: _Token, op: Op) -> Value:
    def code(text: str) -> str:
        if not re.fullmatch(r"[A-Ea-e]\d{0,2}", text):
            raise _bad_value(token, "an ECO code or its beginning, such as B, B9 or B90, or a range, such as B20..B99")
        return text.upper()

    ends = _split_range(token, op)
    return Range(code(ends[0]), code(ends[1])) if ends else code(token.value)


def _read_result(token: _Token, _: Op) -> Value:
    result = RESULTS.get(token.value.lower())
    if result is None:
        raise _bad_value(token, "1-0, 0-1, 1/2-1/2, *, white, black, draw or unknown")
    return result


def _read_state(token: _Token, _: Op) -> Value:
    text = token.value.lower().replace("-", "_").replace("unanalyzed", "unanalysed").replace("analyzed", "analysed")
    if text not in {state.value for state in GameState}:
        raise _bad_value(token, f"one of {', '.join(GameState)}")
    return text


def _read_mark(token: _Token, _: Op) -> Value:
    if token.value.lower() not in MARKS:
        raise _bad_value(token, f"one of {', '.join(MARKS)}")
    return token.value.lower()


def _read_speed(token: _Token, _: Op) -> Value:
    if token.value.lower() not in set(Speed):
        raise _bad_value(token, f"one of {', '.join(Speed)}")
    return token.value.lower()


def _read_colour(token: _Token, _: Op) -> Value:
    if token.value.lower() not in COLOURS:
        raise _bad_value(token, " or ".join(COLOURS))
    return token.value.lower()


def _read_comment(token: _Token, _: Op) -> Value:
    if not words_of(token.value):
        raise _bad_value(token, 'a word or several between quotation marks, such as "bishop pair"')
    return token.value


def _read_position(token: _Token, _: Op) -> Value:
    try:
        board_of(token.value)
    except ValueError:
        raise _bad_value(token, f'a FEN between quotation marks, such as "{_EXAMPLE}"') from None
    return token.value


_EXAMPLE = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq -"

_READERS = {
    Kind.TEXT: lambda token, _: token.value,
    Kind.CODE: _read_code,
    Kind.NUMBER: _read_number,
    Kind.DATE: _read_date,
    Kind.RESULT: _read_result,
    Kind.STATE: _read_state,
    Kind.MARK: _read_mark,
    Kind.SPEED: _read_speed,
    Kind.COLOUR: _read_colour,
    Kind.SET: lambda token, _: token.value,
    Kind.COMMENT: _read_comment,
    Kind.POSITION: _read_position,
}
